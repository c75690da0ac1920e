"""Power-normalised cepstral coefficients (PNCC).

Features for the recognition of speech in noise and reverberation. The power of 25.6 ms every 10 ms,
after pre-emphasis, in 40 gammatone bands from 200 Hz to 8 kHz is reduced where it is stationary and
where it decays, divided by the mean power so far, raised to the power of 1/15, and transformed by
an orthonormal DCT-II. ``pncc_1`` is the mean over bands. No coefficient depends on the level. See
`featkit.dsp.power_normalisation` for the processing over time, and `featkit.dsp.gammatone` for the
filters, which have equal areas here. The mean over a clip is not subtracted. With another number of
bands than 40, a coefficient's name contains it: ``3of64``.

References
----------
Kim, C. and Stern, R. M. "Power-normalized cepstral coefficients (PNCC) for robust speech
recognition", IEEE/ACM Transactions on Audio, Speech, and Language Processing 24(7), 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.filters import check_fmin
from featkit.dsp.power_normalisation import FMIN, power_normalised_cepstra
from featkit.errors import ParameterError
from featkit.features._components import greatest_number, numbered, total_from_names
from featkit.features.family import Descriptor, Family, OwnFrames, ReferenceCase
from featkit.features.spectra.parameters import SpectraParameters


class PnccParameters(Parameters):
    """Numbers of coefficients and bands."""

    n_pncc: int = parameter(
        13, "number of coefficients, including the mean", at_least=1, at_most=512
    )
    n_bands: int = parameter(40, "number of gammatone bands", at_least=1, at_most=512)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_pncc > self.n_bands:
            raise ParameterError(
                f"n_pncc must be at most n_bands ({self.n_bands}), got {self.n_pncc}"
            )


def _descriptors(p: PnccParameters) -> list[Descriptor]:
    coefficient = Descriptor(
        name="pncc",
        unit="1",
        definition="power-normalised cepstral coefficient: orthonormal DCT-II of the power, to the"
        f" power 1/15, in {p.n_bands} gammatone bands after suppression of noise and reverberation",
        reference="Kim and Stern 2016",
        undefined="in clips of silence (power below 1e-30), and in those shorter than 25.6 ms",
        indices=numbered(range(1, p.n_pncc + 1), p.n_bands, default=PnccParameters.n_bands),
    )
    return [coefficient]


def _compute(p: PnccParameters, *, clips: Sequence[Clip], sr: float) -> OwnFrames:
    """Coefficients of each frame: ``(n_pncc, frames)``."""
    return OwnFrames(*power_normalised_cepstra(clips, sr, p.n_bands, p.n_pncc))


def _check(p: PnccParameters, spectra: SpectraParameters, sr: float | None) -> None:
    """Check that half the sample rate is above the lowest band."""
    if sr is not None:
        check_fmin(FMIN, sr)


def _from_indices(indices: Sequence[str]) -> dict[str, Any]:
    n_bands = total_from_names(indices, default=PnccParameters.n_bands)
    n_pncc = max(min(PnccParameters.n_pncc, n_bands), greatest_number(indices))
    return {"n_pncc": n_pncc, "n_bands": n_bands}


def _flat(sr: float) -> Array:
    """Partials of 100 Hz of equal amplitude, with phases that spread them over the period."""
    count = int(sr / 200)
    phases = np.pi * np.square(np.arange(1, count + 1)) / count
    partials = zip(range(1, count + 1), phases, strict=True)
    t = 2 * np.pi * 100 * signals.time(sr, 1.0)
    y = sum(np.cos(k * t + phase) for k, phase in partials)
    return np.asarray(0.005 * y, dtype=np.float32)


FAMILY = Family(
    name="pncc",
    parameters=PnccParameters,
    descriptors=_descriptors,
    compute=_compute,
    check=_check,
    from_indices=_from_indices,
    own_frames=True,
    reference_cases=(
        ReferenceCase(
            # The DCT of the pre-emphasis in each band, over its mean, to the power 1/15.
            name="a stationary sound with a flat spectrum keeps the shape of the pre-emphasis",
            signal=_flat,
            expected={"pncc_1": 5.8393, "pncc_2": -0.7387, "pncc_3": -0.0220, "pncc_4": -0.0800},
            tolerance=0.02,
        ),
    ),
)
