"""What figures have in common: axes, matrices, lists of names, colours and places of points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.bidi import marked
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.explanation.explanation import Explanation
from featkit.explanation.ranking import ranked

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import ListedColormap

AMOUNTS = ("Blues", 0.0, 0.95)
"""Colours of cells: name of the map, and the part of it that is used."""

AS_IS: dict[str, Any] = {"parse_math": False, "usetex": False}
"""Of all text that holds a name."""

PLURAL = {
    "column": "columns",
    "descriptor": "descriptors",
    "family": "families",
    "row": "rows",
    "statistic": "statistics",
}

LONGEST = 36
"""Letters of a name that are shown."""

LONGEST_TITLE = 44
"""Letters of a name and what is said of it that stand on one line."""

CELL, LETTER = 0.48, 0.085
"""Inches of a cell of a matrix, and of a letter beside it."""


def check(explanation: Explanation, top: int = 1) -> None:
    """Refuse what cannot be drawn."""
    if not explanation.values.size:
        raise ParameterError("the explanation is empty: there is nothing to draw")
    if top < 1:
        raise ParameterError(f"top must be at least 1, got {top}")


def new_axes(ax: Axes | None, width: float, height: float) -> Axes:
    """What is given, or the only axes of a new figure, in inches."""
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    new: Axes = Figure(figsize=(width, height), layout="constrained").subplots()
    return new


def wide_enough(names: Iterable[str]) -> float:
    """Inches of a figure that has these names beside it, and room for numbers below."""
    return max(6.4, 4.4 + LETTER * max(len(shown_name(name)) for name in names))


def matrix(
    ax: Axes | None,
    cells: Array,
    texts: Sequence[str],
    rows: Sequence[str],
    columns: Sequence[str],
) -> Axes:
    """Cells, the darker the more, with their texts row by row; names as they are to be shown."""
    down, across = cells.shape
    beside, below = (LETTER * max(map(len, names)) for names in (rows, columns))
    ax = new_axes(ax, max(CELL * across, 3.2) + beside + 0.6, CELL * down + 0.7 * below + 1.1)
    shades = colours(*AMOUNTS)
    most = float(cells.max()) or 1.0
    edges = (np.arange(across + 1) - 0.5, np.arange(down + 1) - 0.5)
    ax.pcolormesh(*edges, cells, cmap=shades, vmin=0, vmax=most, edgecolors="white", linewidth=0.5)
    for text, (y, x) in zip(texts, np.ndindex(down, across), strict=True):
        dark = luminance(np.array(shades(cells[y, x] / most))) < 0.18
        colour = "white" if dark else "black"
        ax.text(x, y, text, color=colour, ha="center", va="center", fontsize="small")
    ax.set_ylim(down - 0.5, -0.5)
    ax.set_yticks(range(down), rows, **AS_IS)
    turned: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(across), columns, **turned, **AS_IS)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def listed(ax: Axes, names: Sequence[str]) -> None:
    """Names from the top of the vertical axis down."""
    ax.set_yticks(range(len(names)), [shown_name(name) for name in names], **AS_IS)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    opened(ax)


def opened(ax: Axes) -> None:
    """Two axes, and no frame around them."""
    ax.spines[["top", "right"]].set_visible(False)


def titled(ax: Axes, name: str, detail: str) -> None:
    """Say what it is of, and what more there is to say: on a line of its own if it is long."""
    parts = [part for part in (shown_name(name), detail) if part]
    first = sum(len(part.partition("\n")[0]) for part in parts)
    between = ": " if first <= LONGEST_TITLE else ":\n"
    ax.set_title(between.join(parts), fontsize="medium", **AS_IS)


def shown_name(name: str) -> str:
    """A name without what is no letter, on one line, and not too long."""
    text = "".join(letter if letter.isprintable() else "�" for letter in str(name))
    half = LONGEST // 2
    return marked(text if len(text) <= LONGEST else f"{text[: half - 1]}…{text[-half:]}")


def amount(explanation: Explanation, of_class: object) -> str:
    """What a size of contributions is in; of two classes one counts."""
    over = len(explanation.classes)
    summed = f",\nsummed over {over} classes" if of_class is None and over > 2 else ""
    return f"mean |contribution|, in {explanation.scale}{summed}"


def some_of(shown: int, there: int, thing: str) -> str:
    """How many are shown, and of how many."""
    things = thing if there == 1 else PLURAL[thing]
    return f"{shown:,} of {there:,} {things}" if shown < there else f"{there:,} {things}"


def percent_of(share: float) -> str:
    """What is not nothing or not all does not look as if it were."""
    if 0 < share < 0.05:
        return "<0.1"
    if 99.95 < share < 100:
        return ">99.9"
    return f"{share:.1f}".removesuffix(".0") if share else ""


def dot_size(rows: int) -> float:
    """Area of a point, in square points: less where there are many."""
    return float(np.clip(4000 / rows, 4, 16))


def shares_below(X: Array) -> Array:
    """Of each value, how large it is within its column, from 0 to 1; NaN where there is none."""
    found = ranked(X)
    count = np.sum(~np.isnan(found), axis=0)
    scaled: Array = np.where(count > 1, (found - 1) / np.maximum(count - 1, 1), found / 2)
    return scaled


def side_by_side(said: Array, rng: np.random.Generator) -> Array:
    """How far points of like contribution are moved off the line of their column."""
    width = max(np.ptp(said), np.finfo(np.float64).tiny) / 80
    moved = np.zeros(said.shape)
    for k, column in enumerate(np.round((said - said.min()) / width).astype(int).T):
        order, most = rng.permutation(len(column)), np.bincount(column).max()
        for place in np.unique(column):
            same = order[column[order] == place]
            step = min(0.13, 0.8 / np.sqrt(most * len(same)))
            moved[same, k] = step * (np.arange(len(same)) - (len(same) - 1) / 2)
    return moved


def colours(name: str, lowest: float, highest: float) -> ListedColormap:
    """Part of a map of Matplotlib's."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps[name](np.linspace(lowest, highest, 128)))


def luminance(rgba: Array) -> float:
    """Relative luminance as WCAG 2 defines it; text is white on what has less than 0.18."""
    linear = np.where(rgba <= 0.04045, rgba / 12.92, ((rgba + 0.055) / 1.055) ** 2.4)
    return float(linear[:3] @ [0.2126, 0.7152, 0.0722])
