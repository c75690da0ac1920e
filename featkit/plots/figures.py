"""Figures for papers: what decided, and where a model errs, as Matplotlib `Axes`.

They are drawn on the `ax` that is given, or on a new figure of fitting size, which is
``ax.figure``: ``ax.figure.savefig("importance.pdf")``. Everything is lines, faces and text, nothing
is an image. More is darker, so that colours mean the same in grey and to the colour-blind.

There is no global state: pyplot is not imported, and fonts and styles are Matplotlib's as they are
set. Names are shown as they are, never as formulas; control characters in them as �, and of long
ones the middle as …. For letters that stay text in SVG and in PDF, save the figure within
``matplotlib.rc_context({"svg.fonttype": "none", "pdf.fonttype": 42})``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.counting import counted
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.explanation.explanation import Explanation
from featkit.explanation.ranking import grid, importance_by_fold
from featkit.explanation.ranking import importance as ranking
from featkit.plots._drawing import (
    AS_IS,
    amount,
    check,
    colours,
    dot_size,
    listed,
    matrix,
    new_axes,
    opened,
    percent_of,
    shares_below,
    shown_name,
    side_by_side,
    some_of,
    titled,
    wide_enough,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VALUES = ("viridis_r", 0.1, 1.0)
"""Colours of points: no lighter than can be seen on white."""

FEWEST_HIGH = 3
"""Columns for which a beeswarm is high enough for the name of its colours."""

BAR, OWN, OTHER = "#56b4e9", "#00336b", "#7f7f7f"
FOLDS: dict[str, Any] = {"s": 7, "color": OWN, "linewidths": 0, "zorder": 3}
LINE: dict[str, Any] = {"color": "#999999", "linewidth": 0.8, "zorder": 0}


def importance(
    explanation: Explanation,
    *,
    by: str = "column",
    of_class: str | float | None = None,
    top: int = 15,
    ax: Axes | None = None,
) -> Axes:
    """Bars of mean |contribution|, the greatest at the top, with 95 % intervals.

    Where several folds explained, each of their means is a dot: the interval is that of the mean
    over all.

    Parameters
    ----------
    explanation : Explanation
        The contributions.
    by : {"column", "descriptor", "family", "statistic"}
        What they are put together by.
    of_class : str or number, optional
        For one class; left out, summed over all. Names that are numbers may be given as numbers.
    top : int
        How many bars at most, from 1.
    ax : matplotlib.axes.Axes, optional
        Where to draw; left out, on a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        With the bars.

    Raises
    ------
    ParameterError
        If there is no such class or no such way to put together, no row, or `top` is below 1.
    """
    check(explanation, top)
    name = "all classes" if of_class is None else _class_name(explanation, of_class)
    table = ranking(explanation, by=by, of_class=of_class)
    shown = table.head(top)
    places = np.arange(len(shown))
    ax = new_axes(ax, wide_enough(shown["feature"]), 0.27 * len(shown) + 1.3)
    ax.barh(places, shown["mean_abs_shap"], height=0.7, color=BAR)
    ax.hlines(places, shown["low"], shown["high"], color="black", linewidth=1.2)
    by_fold = importance_by_fold(explanation, by=by, of_class=of_class)[shown["feature"]]
    if len(by_fold) > 1:
        means = by_fold.to_numpy().T
        ax.scatter(means, np.repeat(places, means.shape[1]), **FOLDS)
    ax.set_xlim(left=0)
    ax.locator_params(axis="x", nbins=5)
    dots = "; dots: folds" if len(by_fold) > 1 else ""
    ax.set_xlabel(f"{amount(explanation, of_class)}; 95 % intervals{dots}")
    listed(ax, shown["feature"].tolist())
    titled(ax, name, some_of(len(shown), len(table), by))
    return ax


def beeswarm(
    explanation: Explanation,
    *,
    of_class: str | float,
    top: int = 12,
    ax: Axes | None = None,
    seed: int = 0,
) -> Axes:
    """A point for each row and column: how much it spoke for the class, and how large it was.

    Points are dark where the value is among the greatest of its column (by rank), and crosses where
    it is undefined. Points that would lie on each other are put side by side.

    Parameters
    ----------
    explanation : Explanation
        The contributions.
    of_class : str or number
        The class that columns speak for or against.
    top : int
        How many columns at most, from 1: those that matter most to the class, the first at the top.
    ax : matplotlib.axes.Axes, optional
        Where to draw; left out, on a new figure.
    seed : int
        Of the order in which points are put side by side.

    Returns
    -------
    matplotlib.axes.Axes
        With the points.

    Raises
    ------
    ParameterError
        If there is no such class, no row, or `top` is below 1.
    """
    check(explanation, top)
    of_class = _class_name(explanation, of_class)
    names = ranking(explanation, of_class=of_class)["feature"].head(top).tolist()
    columns = [explanation.columns.index(name) for name in names]
    said = explanation.values[:, columns, explanation.classes.index(of_class)]
    rank = shares_below(explanation.X[:, columns])
    heights = np.arange(len(names)) + side_by_side(said, np.random.default_rng(seed))
    there = ~np.isnan(rank)

    ax = new_axes(ax, wide_enough(names), 0.4 * max(len(names), FEWEST_HIGH) + 1.3)
    ax.axvline(0, **LINE)
    size = dot_size(len(said))
    points = ax.scatter(
        said[there],
        heights[there],
        s=size,
        c=rank[there],
        cmap=colours(*VALUES),
        vmin=0,
        vmax=1,
        linewidths=0,
    )
    if not there.all():
        undefined = (said[~there], heights[~there])
        ax.scatter(*undefined, s=size, c=OTHER, marker="x", linewidths=0.8, label="undefined")
        ax.legend(loc="upper left", bbox_to_anchor=(1, 0.07), fontsize="small", frameon=False)
    key = ax.figure.colorbar(points, cax=ax.inset_axes((1.03, 0.1, 0.02, 0.8)), ticks=[0, 1])
    if key.solids is not None:  # else an image, with gaps between its shades
        key.solids.set(rasterized=False, edgecolor="face")
    key.outline.set_visible(False)
    key.ax.set_yticks([0, 1], ["low", "high"])
    key.ax.tick_params(length=0)
    key.set_label("value of the\ncolumn, by rank")
    ax.locator_params(axis="x", nbins=5)
    ax.set_xlabel(
        f"contribution, in {explanation.scale}\n(above 0: for the class; below: against it)"
    )
    listed(ax, names)
    titled(ax, of_class, some_of(len(names), len(explanation.columns), "column"))
    return ax


def confusion(scores: Mapping[str, Any], *, shares: bool = True, ax: Axes | None = None) -> Axes:
    """What was said of the rows of each class; empty cells are 0.

    Parameters
    ----------
    scores : mapping
        ``model.scores`` or ``result.scores``: its ``classes`` and ``confusion``.
    shares : bool
        Cells are percent of the rows of the true class, whose number is beside it; else numbers of
        rows.
    ax : matplotlib.axes.Axes, optional
        Where to draw; left out, on a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        With a cell for each pair of classes, row by row.

    Raises
    ------
    ParameterError
        If there is no confusion matrix in `scores`.

    Examples
    --------
    >>> ax = confusion({"classes": ["cat", "dog"], "confusion": [[8, 0], [1, 3]]})
    >>> [text.get_text() for text in ax.texts]
    ['100', '', '25', '75']
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['cat (8)', 'dog (4)']
    """
    counts = np.asarray(scores.get("confusion", ()))
    if counts.ndim != 2:
        raise ParameterError("scores without a confusion matrix: was the model scored on any row?")
    classes, rows = scores["classes"], counts.sum(axis=1)
    cells = 100 * counts / np.maximum(rows, 1)[:, None] if shares else counts
    texts = [percent_of(cell) if shares else str(cell or "") for cell in cells.flat]
    names = [shown_name(name) for name in classes]
    true = [f"{name} ({k})" if shares else name for name, k in zip(names, rows, strict=True)]
    ax = matrix(ax, cells, texts, true, names)
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class (rows)" if shares else "true class")
    right = f"{counts.trace():,} of {counted(int(counts.sum()), 'row')} right"
    what = "% of the true class" if shares else "rows"
    titled(ax, str(scores.get("model", "")), f"{right}\ncells in {what}")
    return ax


def dependence(
    explanation: Explanation, column: str, *, of_class: str | float, ax: Axes | None = None
) -> Axes:
    """How the contribution of a column to a class depends on its value: a point for each row.

    Rows of the class are filled points, those of others rings, and those of unknown class crosses.
    Rows in which the column is undefined are left out, and counted.

    Parameters
    ----------
    explanation : Explanation
        The contributions.
    column : str
        Which column.
    of_class : str or number
        The class that it speaks for or against.
    ax : matplotlib.axes.Axes, optional
        Where to draw; left out, on a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        With the points: rows of other classes first, then those of the class.

    Raises
    ------
    ParameterError
        If there is no such column or class, or no row.
    """
    check(explanation)
    of_class = _class_name(explanation, of_class)
    k = explanation.place_of_column(column)
    column = explanation.columns[k]
    x, said = explanation.X[:, k], explanation.values[:, k, explanation.classes.index(of_class)]
    there = np.isfinite(x)

    ax = new_axes(ax, 4.8, 3.6)
    ax.axhline(0, **LINE)
    size = 2 * dot_size(len(x))
    for label, rows, look in _kinds(explanation, of_class):
        ax.scatter(x[there & rows], said[there & rows], s=size, label=label, **look)
    if explanation.y is not None:
        ax.legend(fontsize="small", title="rows", title_fontsize="small")
    unit = explanation.unit(column)
    ax.set_xlabel(
        shown_name(column) + (f" [{shown_name(unit)}]" if unit not in ("", "1") else ""), **AS_IS
    )
    ax.set_ylabel(f"contribution, in {explanation.scale}")
    ax.locator_params(axis="x", nbins=6)
    missing = int((~there).sum())
    titled(ax, of_class, f"undefined in {some_of(missing, len(x), 'row')}" if missing else "")
    opened(ax)
    return ax


def _class_name(explanation: Explanation, of_class: str | float) -> str:
    """The name of a class, which may be given as a number."""
    return explanation.classes[explanation.place_of_class(of_class)]


def _kinds(explanation: Explanation, of_class: str) -> list[tuple[str, Array, dict[str, Any]]]:
    """Rows that look alike: what they are called, which they are, and how they look."""
    ring = {"facecolors": "none", "edgecolors": OTHER, "linewidths": 0.8}
    full = {"c": OWN, "linewidths": 0}
    y = explanation.y
    if y is None:
        return [("", np.full(len(explanation), True), full)]
    kinds = [
        ("of other classes", (y != of_class) & (y != ""), ring),
        ("of this class", y == of_class, full),
    ]
    unknown_class = {"c": OTHER, "marker": "x", "linewidths": 0.8}
    return [*kinds, ("of unknown class", y == "", unknown_class)] if (y == "").any() else kinds


def family_heatmap(explanation: Explanation, *, ax: Axes | None = None) -> Axes:
    """Mean |contribution| of each family by each statistic; empty cells are 0.

    Parameters
    ----------
    explanation : Explanation
        The contributions.
    ax : matplotlib.axes.Axes, optional
        Where to draw; left out, on a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        With a cell for each family and statistic, row by row.

    Raises
    ------
    ParameterError
        If there is no row.
    """
    check(explanation)
    table = grid(explanation)
    cells = table.to_numpy()
    digits = int(max(0, 2 - np.floor(np.log10(cells.max() or 1))))
    texts = [f"{cell:.{digits}f}" if cell else "" for cell in cells.flat]
    families, statistics = ([shown_name(name) for name in names] for names in table.axes)
    ax = matrix(ax, cells, texts, families, statistics)
    ax.set_xlabel("statistic")
    ax.set_ylabel("family")
    titled(ax, "", amount(explanation, None))
    return ax
