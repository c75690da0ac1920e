"""Charts of networks: contributions by band, and learning curves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from featkit._utils.typing import Array
from featkit.models.leaderboard_types import LearningCurve
from featkit.report import _svg
from featkit.report._sequence_axes import channel_ticks
from featkit.report.formatting import fixed, signed

MIN_TICK_DISTANCE = 30
"""Smallest distance of two names on the horizontal axis."""

END = 12
"""Distance to the right end within which a name ends at its tick."""

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

FIRST, LAST = "training", "validation"
"""Classes of the lines, in the style sheet."""


def band_chart(values: Array, edges: Array | None, *, title: str, description: str) -> Markup:
    """Steps over the channels of a kind, from 0 up or down."""
    left, top, right, bottom = _svg.AXES_BOX
    low, high = float(np.nanmin(values, initial=0)), float(np.nanmax(values, initial=0))
    scale = (bottom - top) / (high - low or 1.0)
    zero = bottom + low * scale
    x = np.linspace(left, right, len(values) + 1)
    parts = [("for", np.maximum(values, 0)), ("against", np.minimum(values, 0))]
    name, ticks = channel_ticks(len(values), edges)
    power = _power(max(high, -low))
    ends = [signed(end / 10.0**power, 2) if end else "0" for end in (low, high)]
    y_name = "contribution" + (f" × 10{str(power).translate(SUPERSCRIPT)}" if power else "")
    return _svg.plot(
        *(
            _svg.element("path", class_=kind, d=_svg.steps(x, zero - part * scale, zero))
            for kind, part in parts
            if part.any()
        ),
        _svg.element("path", class_="rule zero", d=f"M{left} {zero:.1f}H{right}"),
        *_ticks(ticks),
        *_svg.axes(("", ""), (ends[0], ends[1].lstrip("+")), name, y_name),
        title=title,
        description=description,
        kind="bands",
    )


def _power(limit: float) -> int:
    """Power of ten that numbers on an axis are divided by, so that they are short."""
    exponent = int(np.floor(np.log10(limit))) if limit > 0 else 0
    return exponent if exponent < -1 or exponent > 2 else 0


def _ticks(ticks: Sequence[tuple[float, str]]) -> list[Markup]:
    left, _, right, bottom = _svg.AXES_BOX
    marks, last = [], -np.inf
    for share, text in ticks:
        x = left + share * (right - left)
        if x - last >= MIN_TICK_DISTANCE:
            marks.append(_svg.element("path", class_="frame", d=f"M{x:.1f} {bottom}v3"))
            at_end = right - x < END
            marks.append(_svg.label(x, bottom + 15, text, "end" if at_end else "middle"))
            last = x
    return marks


def learning_chart(
    curves: Sequence[LearningCurve], measure: str, *, title: str, description: str
) -> Markup:
    """A line for each fold: dashed for training rows, solid for validation rows.

    `measure` is ``"loss"`` or ``"accuracy"``. Dots are at the epochs whose weights are kept.
    """
    left, top, right, bottom = _svg.AXES_BOX
    lines = [
        (part, curve, _numbers(getattr(curve, f"{part}_{measure}")))
        for part in (FIRST, LAST)
        for curve in curves
    ]
    epochs = max(len(values) for _, _, values in lines)
    highest = max(float(np.nanmax(values, initial=0)) for _, _, values in lines) or 1.0
    limit = 1.0 if measure == "accuracy" else highest

    def places(values: Array) -> tuple[Array, Array]:
        x = left + np.arange(len(values)) / max(epochs - 1, 1) * (right - left)
        return x, bottom - values / limit * (bottom - top)

    marks, kept = [], []
    for part, curve, values in lines:
        x, y = places(values)
        if path := _path(x, y):
            marks.append(_svg.element("path", class_=f"line {part}", d=path))
        k = curve.kept_epoch - 1
        if part == LAST and np.isfinite(values[k]):
            kept.append((x[k], y[k]))
    if kept:
        across, down = zip(*kept, strict=True)
        marks.append(_svg.dots(across, down, "big"))
    top_name = fixed(limit, 0 if limit == 1 else 2)
    return _svg.plot(
        *marks,
        *_svg.axes(("1", str(epochs)), ("0", top_name), "epoch", measure),
        title=title,
        description=description,
        kind="learning",
    )


def _numbers(values: Sequence[float | None]) -> Array:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _path(x: Array, y: Array) -> str:
    """A line through the points that exist."""
    exists = np.isfinite(y)
    pairs = zip(x[exists].tolist(), y[exists].tolist(), strict=True)
    text = "L".join(f"{across:.1f} {down:.1f}" for across, down in pairs)
    return f"M{text}" if text else ""
