"""Shades of the cells of heat maps, as CSS classes of the style sheet."""

from __future__ import annotations

import numpy as np

N_SHADES = 9
"""Shades of a colour, from ``h1`` or ``e1`` to ``h9`` or ``e9``; ``h0`` has no colour."""


def shade(share: float, *, correct: bool) -> str:
    """The CSS class of a cell. The square root of the share makes rare errors visible."""
    step = int(np.ceil(np.sqrt(share) * N_SHADES))
    return f"{'h' if correct else 'e'}{step}" if step else "h0"
