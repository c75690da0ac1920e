"""Names of the shared quantities, by their source: settings, a few frames or whole clips.

A family requests a quantity by its name; these sets define when it is available.
"""

from __future__ import annotations

from featkit._utils.lazy import cached_property
from featkit.features.spectra.block import Block
from featkit.features.spectra.dependencies import GATHERED
from featkit.features.spectra.stack import Stack


def _quantities(owner: type[Block] | type[Stack]) -> frozenset[str]:
    return frozenset(k for k, value in vars(owner).items() if isinstance(value, cached_property))


SETTINGS = frozenset({"sr", "n_fft", "hop_length", "frequencies"})
"""Quantities that do not depend on the samples."""

SECOND_PASS = _quantities(Block) & GATHERED.keys()
"""Quantities of a few frames that need whole clips first."""

FIRST_PASS = _quantities(Block) - SECOND_PASS
"""Quantities of a few frames that need no others."""

WHOLE_CLIPS = _quantities(Stack) | {"clips", "segments"}
"""Quantities of whole clips."""
