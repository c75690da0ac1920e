"""Figures of a sequence: its values, the Grad-CAM map over them, and integrated gradients beside.

A figure is one SVG with the values as a picture, so that all axes are aligned at any size. Levels
are shades of grey, and the map is orange of growing strength, which differs from grey for readers
with any colour vision; a line surrounds the parts above half of its maximum. The profiles at the
right and below are sums of contributions: blue for the class, orange against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from featkit._utils.bidi import settled
from featkit._utils.typing import Array
from featkit.explanation.gradients.network_explanation import NetworkExplanation
from featkit.explanation.gradients.summaries import in_channels, middle_half
from featkit.report import _svg
from featkit.report._sequence_axes import channel_ticks, time_ticks
from featkit.report._sounds import N_FRAMES, TOP_DB, data_address, png
from featkit.report.formatting import significant

SIZE = (330, 214)
"""Width and height of a figure."""

BOX = (38, 8, 250, 128)
"""Left, top, right and bottom of the picture."""

SIDE = (256, 324)
"""Left and right end of the profile over channels."""

BELOW = (134, 166)
"""Top and bottom of the profile over time."""

TINT = (1.0, 0.5, 0.0)
"""Colour of the map."""

STRENGTH = 0.8
"""Share of the colour where the map is strongest."""

MAX_BARS = 64
"""Largest number of bars of a profile. Those of single mel bands and frames are noisy."""

MIN_DISTANCE = 13
"""Smallest distance of two names on the vertical axis."""


@dataclass(frozen=True)
class SequencePicture:
    """The figure of one kind of sequence of a row, and sentences on it."""

    figure: Markup
    caption: str


def sequence_picture(
    explanation: NetworkExplanation, row: int, kind: str, name: str
) -> SequencePicture:
    """The figure of a kind of sequence of a row; `name` is that of the row."""
    values = explanation.sequences.kinds[kind].rows(np.array([row])).read()[0]
    has_map = explanation.maps is not None and kind == explanation.map_kind
    cam = explanation.maps[row] if has_map and explanation.maps is not None else None
    contributions = explanation.contributions[kind][row]
    edges, seconds = explanation.edges(kind), explanation.seconds(kind, row)
    picture = data_address("image/png", png_of(values, cam, is_level=edges is not None))
    left, top, right, bottom = BOX
    image = _svg.element(
        "image",
        href=picture,
        x=left,
        y=top,
        width=right - left,
        height=bottom - top,
        preserveAspectRatio="none",
    )
    lines = [] if cam is None else _outline(cam)
    caption = _caption(contributions, cam, edges, seconds)
    title = f"{kind} of {name}, explained for {explanation.explained[row]}"
    figure = _svg.element(
        "svg",
        _svg.element("title", Markup.escape(settled(title))),
        _svg.element("desc", Markup.escape(settled(caption))),
        image,
        *lines,
        *_channel_axis(len(values), edges),
        *_time_axis(values.shape[1], seconds),
        *_side_profile(contributions, is_level=edges is not None),
        *_lower_profile(contributions),
        class_="plot sequence",
        viewBox=f"0 0 {SIZE[0]} {SIZE[1]}",
        role="img",
        aria_label=settled(f"{title}. {caption}"),
    )
    return SequencePicture(figure, caption)


def png_of(values: Array, cam: Array | None, *, is_level: bool) -> bytes:
    """Values as shades of grey, the highest channel at the top, below the colour of a map."""
    grey = _narrowed(_shades(values, is_level=is_level))[::-1]
    return _png(grey if cam is None else _coloured(grey, _narrowed(relative(cam))[::-1]))


def _coloured(grey: Array, share: Array) -> Array:
    """Shades of grey that take the colour of the map to its share of the maximum."""
    part = STRENGTH * share[..., None]
    # Quiet parts are coloured, too: a network may use them.
    colour = np.asarray(TINT) * (0.55 + 0.45 * grey[..., None])
    pixels: Array = (1 - part) * grey[..., None] + part * colour
    return pixels


def _png(pixels: Array) -> bytes:
    from PIL.Image import fromarray

    return png(fromarray(np.rint(255 * pixels).astype(np.uint8)))


def legend() -> str:
    """The address of a picture of the colours of a map from 0 to its maximum."""
    pixels = _coloured(np.full((1, 64), 0.5), np.linspace(0, 1, 64)[None])
    return data_address("image/png", _png(pixels))


def relative(cam: Array) -> Array:
    """A map divided by its maximum; 0 if it has no positive value."""
    highest = float(cam.max(initial=0))
    share: Array = np.maximum(cam, 0) / (highest or 1.0)
    return share


def _shades(values: Array, *, is_level: bool) -> Array:
    """Values from 0 to 1: levels down to `TOP_DB` below the highest, others from their extremes."""
    low, high = float(values.min()), float(values.max())
    if is_level:
        low = max(low, high - TOP_DB)
    shades: Array = np.clip((values - low) / (high - low or 1.0), 0, 1)
    return 0.08 + 0.84 * shades


def _narrowed(values: Array) -> Array:
    """Means over equal parts of the frames, if there are more than the picture shows."""
    frames = values.shape[-1]
    if frames <= N_FRAMES:
        return values
    starts = np.linspace(0, frames, N_FRAMES + 1).astype(int)
    means: Array = np.add.reduceat(values, starts[:-1], axis=-1) / np.diff(starts)
    return means


def _outline(cam: Array) -> list[Markup]:
    """Lines around the parts of a map above half of its maximum."""
    from contourpy import contour_generator

    height, width = cam.shape
    if not cam.max(initial=0) > 0 or height < 2 or width < 2:
        return []
    left, top, right, bottom = BOX
    # Values are those of the middle of a cell; one more at each end reaches the edge.
    padded = np.pad(relative(cam), 1, mode="edge")
    x = np.clip((np.arange(width + 2) - 0.5) / width, 0, 1) * (right - left) + left
    y = bottom - np.clip((np.arange(height + 2) - 0.5) / height, 0, 1) * (bottom - top)
    lines = contour_generator(x=x, y=y, z=padded).lines(0.5)
    path = "".join(
        "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in np.asarray(line).tolist()) for line in lines
    )
    if not path:
        return []
    return [
        _svg.element("path", class_=f"marked outline {kind}", d=path) for kind in ("under", "over")
    ]


def _channel_axis(channels: int, edges: Array | None) -> list[Markup]:
    """Names of frequencies, or numbers of channels, at the left."""
    left, top, _, bottom = BOX
    name, ticks = channel_ticks(channels, edges)
    marks = [_svg.vertical_name(name, 11, (top + bottom) // 2)]
    last = np.inf
    for share, text in ticks:
        y = bottom - share * (bottom - top)
        if last - y >= MIN_DISTANCE:
            marks.append(_svg.element("path", class_="frame", d=f"M{left - 3} {y:.1f}H{left}"))
            marks.append(_svg.label(left - 5, min(y + 4, bottom), text, "end"))
            last = y
    return marks


def _time_axis(frames: int, seconds: float | None) -> list[Markup]:
    """Times, or numbers of frames, below."""
    left, _, right, _ = BOX
    end = frames if seconds is None else seconds
    name = "frame" if seconds is None else "time in s"
    y = BELOW[1]
    marks = [_svg.label((left + right) / 2, y + 30, name, "middle")]
    for value in time_ticks(end):
        x = left + value / end * (right - left)
        marks.append(_svg.element("path", class_="frame", d=f"M{x:.1f} {y}V{y + 3}"))
        marks.append(_svg.label(x, y + 15, f"{value:g}", "middle"))
    return marks


def _side_profile(contributions: Array, *, is_level: bool) -> list[Markup]:
    """Sums over the frames of each channel, to the right if they are for the class."""
    sums = contributions.sum(axis=1, dtype=np.float64)
    sums = _added(sums, MAX_BARS) if is_level else sums  # other channels are no neighbours
    _, top, _, bottom = BOX
    low, high = SIDE
    middle, scale = (low + high) / 2, (high - low) / 2
    y = bottom - _edges(sums) * (bottom - top)
    paths = [
        (kind, _svg.steps(y, middle + part * scale, middle, swap=True))
        for kind, part in _signs(sums)
    ]
    return [
        *(_svg.element("path", class_=kind, d=path) for kind, path in paths),
        _svg.element("path", class_="rule zero", d=f"M{middle:.1f} {top}V{bottom}"),
        _svg.label(low, bottom + 15, "against"),
        _svg.label(high, bottom + 15, "for", "end"),
    ]


def _lower_profile(contributions: Array) -> list[Markup]:
    """Sums over the channels of each frame, upwards if they are for the class."""
    left, _, right, _ = BOX
    top, bottom = BELOW
    middle, scale = (top + bottom) / 2, (bottom - top) / 2
    sums = _added(contributions.sum(axis=0, dtype=np.float64), MAX_BARS)
    x = left + _edges(sums) * (right - left)
    return [
        *(
            _svg.element("path", class_=kind, d=_svg.steps(x, middle - part * scale, middle))
            for kind, part in _signs(sums)
        ),
        _svg.element("path", class_="rule zero", d=f"M{left} {middle:.1f}H{right}"),
    ]


def _added(values: Array, most: int) -> Array:
    """Sums over neighbours, equally many but for rounding, so that at most `most` are left."""
    starts = np.unique(np.linspace(0, len(values), min(len(values), most) + 1).astype(int))
    return np.asarray(np.add.reduceat(values, starts[:-1]))


def _edges(values: Array) -> Array:
    return np.linspace(0, 1, len(values) + 1)


def _signs(sums: Array) -> list[tuple[str, Array]]:
    """Positive and negative parts, relative to the largest sum."""
    limit = float(np.abs(sums).max(initial=0)) or 1.0
    return [("for", np.maximum(sums, 0) / limit), ("against", np.minimum(sums, 0) / limit)]


def _caption(
    contributions: Array, cam: Array | None, edges: Array | None, seconds: float | None
) -> str:
    """Where the middle halves of map and contributions lie."""
    sizes = np.abs(contributions)
    parts = []
    if cam is not None:
        parts.append(
            f"The middle half of the Grad-CAM map is {_where(cam, edges, seconds)}."
            if cam.max(initial=0) > 0
            else "The Grad-CAM map is 0: no part supports the class."
        )
    if sizes.max(initial=0) > 0:
        where = _where(sizes, edges, seconds)
        parts.append(f"The middle half of the absolute contributions is {where}.")
    return " ".join(parts)


def _where(values: Array, edges: Array | None, seconds: float | None) -> str:
    """The middle half of values along both axes."""
    channels, frames = middle_half(values)
    ends = in_channels(channels, edges, len(values))
    place = f"channels {_range(ends, '', 0)}" if edges is None else _range(ends, "Hz")
    end, unit = (values.shape[1], "frames") if seconds is None else (seconds, "s")
    return f"at {place} and {_range((frames * end).tolist(), unit)}"


def _range(ends: Sequence[float], unit: str, digits: int = 2) -> str:
    texts = [f"{end:.0f}" if not digits else significant(end, digits) for end in ends]
    return f"{' to '.join(texts)} {unit}".rstrip()
