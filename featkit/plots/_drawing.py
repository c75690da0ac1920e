"""Drawing functions that several figures share: axes, matrices, labels and colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.bidi import marked
from featkit._utils.formatting import plural
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.explanation.column_clusters import ranked
from featkit.explanation.explanation import Explanation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import ListedColormap

CELL_COLOURS = ("Blues", 0.0, 0.95)
"""Name of the colour map of cells, and the part of it that is used, from 0 to 1."""

PLAIN_TEXT: dict[str, Any] = {"parse_math": False, "usetex": False}
"""Text properties for names, which may contain ``$`` and ``\\``."""

MAX_NAME = 36
"""Maximum number of characters of a name; longer names are shortened in the middle."""

MAX_TITLE = 44
"""Maximum number of characters of a title on one line."""

CELL_SIZE, LETTER_WIDTH = 0.48, 0.085
"""Size of a matrix cell, and average width of a letter, in inches."""


def check_drawable(explanation: Explanation, top: int = 1) -> None:
    """Raise `ParameterError` if the explanation has no values, or `top` is below 1."""
    if not explanation.values.size:
        raise ParameterError("the explanation is empty: there is nothing to draw")
    if top < 1:
        raise ParameterError(f"top must be at least 1, got {top}")


def new_axes(ax: Axes | None, width: float, height: float) -> Axes:
    """The given axes, or the axes of a new figure of this size in inches."""
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    new: Axes = Figure(figsize=(width, height), layout="constrained").subplots()
    return new


def figure_width(names: Iterable[str]) -> float:
    """Width in inches of a figure with these names left of its axes."""
    return max(6.4, 4.4 + LETTER_WIDTH * max(len(display_name(name)) for name in names))


def draw_matrix(
    ax: Axes | None,
    cells: Array,
    texts: Sequence[str],
    rows: Sequence[str],
    columns: Sequence[str],
) -> Axes:
    """A matrix of cells, darker for higher values, with one text for each cell, row by row."""
    height, width = cells.shape
    row_inches, column_inches = (LETTER_WIDTH * max(map(len, names)) for names in (rows, columns))
    ax = new_axes(
        ax,
        max(CELL_SIZE * width, 3.2) + row_inches + 0.6,
        CELL_SIZE * height + 0.7 * column_inches + 1.1,
    )
    shades = colour_map(*CELL_COLOURS)
    highest = float(cells.max()) or 1.0
    edges = (np.arange(width + 1) - 0.5, np.arange(height + 1) - 0.5)
    ax.pcolormesh(
        *edges, cells, cmap=shades, vmin=0, vmax=highest, edgecolors="white", linewidth=0.5
    )
    for text, (y, x) in zip(texts, np.ndindex(height, width), strict=True):
        dark = luminance(np.array(shades(cells[y, x] / highest))) < 0.18
        colour = "white" if dark else "black"
        ax.text(x, y, text, color=colour, ha="center", va="center", fontsize="small")
    ax.set_ylim(height - 0.5, -0.5)
    ax.set_yticks(range(height), rows, **PLAIN_TEXT)
    slanted: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(width), columns, **slanted, **PLAIN_TEXT)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def set_row_names(ax: Axes, names: Sequence[str]) -> None:
    """Label the vertical axis with names, from top to bottom."""
    ax.set_yticks(range(len(names)), [display_name(name) for name in names], **PLAIN_TEXT)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    remove_frame(ax)


def remove_frame(ax: Axes) -> None:
    """Keep the two axes only."""
    ax.spines[["top", "right"]].set_visible(False)


def set_title(ax: Axes, name: str, detail: str) -> None:
    """Set the title to a name and a detail, on two lines if they are long."""
    parts = [part for part in (display_name(name), detail) if part]
    length = sum(len(part.partition("\n")[0]) for part in parts)
    separator = ": " if length <= MAX_TITLE else ":\n"
    ax.set_title(separator.join(parts), fontsize="medium", **PLAIN_TEXT)


def display_name(name: str) -> str:
    """A name on one line, with � for control characters, shortened in the middle if long."""
    text = "".join(letter if letter.isprintable() else "�" for letter in str(name))
    half = MAX_NAME // 2
    return marked(text if len(text) <= MAX_NAME else f"{text[: half - 1]}…{text[-half:]}")


def importance_label(explanation: Explanation, of_class: object) -> str:
    """Axis label of mean absolute SHAP value, with its scale."""
    classes = len(explanation.classes)
    summed = f",\nsummed over {classes} classes" if of_class is None and classes > 2 else ""
    return f"mean |contribution|, in {explanation.scale}{summed}"


def shown_count(shown: int, total: int, noun: str) -> str:
    """Number of things that are shown, out of all: ``"3 of 5 columns"``."""
    things = noun if total == 1 else plural(noun)
    return f"{shown:,} of {total:,} {things}" if shown < total else f"{total:,} {things}"


def cell_percent(percent: float) -> str:
    """A percentage for a cell: empty for 0, and never rounded to 0 or 100."""
    if 0 < percent < 0.05:
        return "<0.1"
    if 99.95 < percent < 100:
        return ">99.9"
    return f"{percent:.1f}".removesuffix(".0") if percent else ""


def dot_size(rows: int) -> float:
    """Area of a point in square points, smaller for more points."""
    return float(np.clip(4000 / rows, 4, 16))


def value_ranks(X: Array) -> Array:
    """Rank of each value within its column, scaled to 0 to 1; NaN where undefined."""
    ranks = ranked(X)
    count = np.sum(~np.isnan(ranks), axis=0)
    scaled: Array = np.where(count > 1, (ranks - 1) / np.maximum(count - 1, 1), ranks / 2)
    return scaled


def swarm_offsets(values: Array, rng: np.random.Generator) -> Array:
    """Vertical offsets that separate points with similar values, for each column."""
    bin_width = max(np.ptp(values), np.finfo(np.float64).tiny) / 80
    offsets = np.zeros(values.shape)
    for k, bins in enumerate(np.round((values - values.min()) / bin_width).astype(int).T):
        order, fullest = rng.permutation(len(bins)), np.bincount(bins).max()
        for b in np.unique(bins):
            same = order[bins[order] == b]
            step = min(0.13, 0.8 / np.sqrt(fullest * len(same)))
            offsets[same, k] = step * (np.arange(len(same)) - (len(same) - 1) / 2)
    return offsets


def colour_map(name: str, lowest: float, highest: float) -> ListedColormap:
    """A part of a colour map of Matplotlib."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps[name](np.linspace(lowest, highest, 128)))


def luminance(rgba: Array) -> float:
    """Relative luminance of a colour, 0 to 1. White text is readable below 0.18.

    References
    ----------
    W3C, "Web Content Accessibility Guidelines (WCAG) 2.2", definition of relative luminance.
    """
    linear = np.where(rgba <= 0.04045, rgba / 12.92, ((rgba + 0.055) / 1.055) ** 2.4)
    return float(linear[:3] @ [0.2126, 0.7152, 0.0722])
