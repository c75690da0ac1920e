"""Figures for papers: importances, contributions and confusions on Matplotlib `Axes`.

Each function draws on the given `ax`, or on a new figure of suitable size, ``ax.figure``:
``ax.figure.savefig("importance.pdf")``. Figures consist of vector graphics only. Darker colours
mean higher values, so that they can be read in greyscale and by colour-blind readers.

pyplot is not imported, and no global state is changed: the current ``rcParams`` set fonts and
styles. Names are never interpreted as formulas. Control characters are shown as �, and long names
are shortened in the middle. To keep text as text in SVG and PDF files, save the figure within
``matplotlib.rc_context({"svg.fonttype": "none", "pdf.fonttype": 42})``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.palette import INK, MARK, MUTED
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.explanation.explanation import Explanation
from featkit.explanation.ranking import grid, rank
from featkit.plots._drawing import (
    PLAIN_TEXT,
    cell_percent,
    check_drawable,
    colour_map,
    display_name,
    dot_size,
    draw_matrix,
    figure_width,
    importance_label,
    new_axes,
    remove_frame,
    set_row_names,
    set_title,
    shown_count,
    swarm_offsets,
    value_ranks,
)
from featkit.table.label_cells import split_labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINT_COLOURS = ("viridis_r", 0.1, 1.0)
"""Colour map of points, without its lightest part, which is invisible on white."""

IGNORED = "The model does not use this column:\nits contribution to every row is 0."
"""Text in the axes of a column without contributions."""

MIN_BEESWARM_ROWS = 3
"""Rows of a beeswarm that are as high as the label of its colour bar."""

FOLD_DOTS: dict[str, Any] = {"s": 7, "color": INK, "linewidths": 0, "zorder": 3}
ZERO_LINE: dict[str, Any] = {"color": "#999999", "linewidth": 0.8, "zorder": 0}


def importance(
    explanation: Explanation,
    *,
    by: str = "column",
    of_class: str | float | None = None,
    top: int = 15,
    ax: Axes | None = None,
) -> Axes:
    """Draw bars of mean absolute SHAP values with 95 % intervals, the highest at the top.

    If several folds explained the rows, each dot is the mean in one fold.

    Parameters
    ----------
    explanation : Explanation
        SHAP values of some rows.
    by : {"column", "descriptor", "family", "statistic"}
        Rank columns, or groups of columns with the same descriptor, family or statistic.
    of_class : str or number, optional
        Class whose SHAP values count; by default, they are summed over classes. Names that are
        numbers may be given as numbers.
    top : int
        Maximum number of bars, at least 1.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; by default, those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the bars.

    Raises
    ------
    ParameterError
        If `of_class` or `by` is unknown, the explanation has no rows, or `top` is below 1.
    """
    check_drawable(explanation, top)
    overall = of_class is None and not explanation.predicts_number
    every = "all classes" if explanation.decision is None else "all labels"
    name = every if overall else _class_name(explanation, of_class)
    ranking = rank(explanation, by=by, of_class=of_class)
    shown = ranking.table.head(top)
    heights = np.arange(len(shown))
    ax = new_axes(ax, figure_width(shown["feature"]), 0.27 * len(shown) + 1.3)
    ax.barh(heights, shown["mean_abs_shap"], height=0.7, color=MARK, alpha=0.78)
    ax.hlines(heights, shown["low"], shown["high"], color="black", linewidth=1.2)
    fold_means = ranking.by_fold[shown["feature"]].to_numpy().T
    several_folds = fold_means.shape[1] > 1
    if several_folds:
        ax.scatter(fold_means, np.repeat(heights, fold_means.shape[1]), **FOLD_DOTS)
    ax.set_xlim(left=0)
    ax.locator_params(axis="x", nbins=5)
    dots = "; dots: folds" if several_folds else ""
    ax.set_xlabel(f"{importance_label(explanation, of_class)}; 95 % intervals{dots}")
    set_row_names(ax, shown["feature"].tolist())
    set_title(ax, name, shown_count(len(shown), len(ranking.table), by))
    return ax


def beeswarm(
    explanation: Explanation,
    *,
    of_class: str | float | None = None,
    top: int = 12,
    ax: Axes | None = None,
    seed: int = 0,
) -> Axes:
    """Draw the SHAP value of each row for the most important columns of a class.

    Points are darker for higher values of the column (by rank), and crosses where the column is
    undefined. Points with similar SHAP values are drawn above each other.

    Parameters
    ----------
    explanation : Explanation
        SHAP values of some rows.
    of_class : str or number, optional
        Class whose SHAP values are drawn; needed unless the model predicts a number.
    top : int
        Maximum number of columns, at least 1. The most important is at the top.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; by default, those of a new figure.
    seed : int
        Seed of the random order of points with similar SHAP values.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the points.

    Raises
    ------
    ParameterError
        If `of_class` is unknown, the explanation has no rows, or `top` is below 1.
    """
    check_drawable(explanation, top)
    of_class = _class_name(explanation, of_class)
    names = rank(explanation, of_class=of_class).table["feature"].head(top).tolist()
    columns = [explanation.columns.index(name) for name in names]
    values = explanation.values[:, columns, explanation.classes.index(of_class)]
    ranks = value_ranks(explanation.inputs[:, columns])
    heights = np.arange(len(names)) + swarm_offsets(values, np.random.default_rng(seed))
    defined = ~np.isnan(ranks)

    ax = new_axes(ax, figure_width(names), 0.4 * max(len(names), MIN_BEESWARM_ROWS) + 1.3)
    ax.axvline(0, **ZERO_LINE)
    size = dot_size(len(values))
    points = ax.scatter(
        values[defined],
        heights[defined],
        s=size,
        c=ranks[defined],
        cmap=colour_map(*POINT_COLOURS),
        vmin=0,
        vmax=1,
        linewidths=0,
    )
    if not defined.all():
        undefined = (values[~defined], heights[~defined])
        ax.scatter(*undefined, s=size, c=MUTED, marker="x", linewidths=0.8, label="undefined")
        ax.legend(loc="upper left", bbox_to_anchor=(1, 0.07), fontsize="small", frameon=False)
    bar = ax.figure.colorbar(points, cax=ax.inset_axes((1.03, 0.1, 0.02, 0.8)), ticks=[0, 1])
    if bar.solids is not None:  # draw faces instead of an image with gaps
        bar.solids.set(rasterized=False, edgecolor="face")
    bar.outline.set_visible(False)
    bar.ax.set_yticks([0, 1], ["low", "high"])
    bar.ax.tick_params(length=0)
    bar.set_label("value of the\ncolumn, by rank")
    ax.locator_params(axis="x", nbins=5)
    ax.set_xlabel(
        f"contribution, in {explanation.scale}\n(above 0: for the class; below: against it)"
    )
    set_row_names(ax, names)
    set_title(ax, of_class, shown_count(len(names), len(explanation.columns), "column"))
    return ax


def confusion(scores: Mapping[str, Any], *, shares: bool = True, ax: Axes | None = None) -> Axes:
    """Draw a confusion matrix. Empty cells are 0.

    Parameters
    ----------
    scores : mapping
        ``model.scores`` or ``result.scores``, of which ``classes``, ``confusion`` and ``model`` are
        used.
    shares : bool
        Show percentages of the rows of the true class; if False, numbers of rows.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; by default, those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with one cell for each pair of classes, row by row.

    Raises
    ------
    ParameterError
        If `scores` has no confusion matrix.

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
        raise ParameterError("the scores have no confusion matrix: score the model on some rows")
    classes, support = scores["classes"], counts.sum(axis=1)
    cells = 100 * counts / np.maximum(support, 1)[:, None] if shares else counts
    texts = [cell_percent(cell) if shares else str(cell or "") for cell in cells.flat]
    names = [display_name(name) for name in classes]
    rows = [f"{name} ({k})" if shares else name for name, k in zip(names, support, strict=True)]
    ax = draw_matrix(ax, cells, texts, rows, names)
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class (rows)" if shares else "true class")
    correct = f"{counts.trace():,} of {counted(int(counts.sum()), 'row')} correct"
    unit = "% of the true class" if shares else "rows"
    set_title(ax, str(scores.get("model", "")), f"{correct}\ncells in {unit}")
    return ax


def dependence(
    explanation: Explanation,
    column: str,
    *,
    of_class: str | float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the SHAP value of a column against its value, one point for each row.

    Rows of the class are filled points, rows of other classes are rings, and rows of unknown class
    are crosses. Rows in which the column is undefined are not drawn but counted in the title. If
    the model does not use the column, a text in the axes says so.

    Parameters
    ----------
    explanation : Explanation
        SHAP values of some rows.
    column : str
        Name of the column.
    of_class : str or number, optional
        Class whose SHAP values are drawn; needed unless the model predicts a number.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; by default, those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the points: rows of other classes first, then those of the class.

    Raises
    ------
    ParameterError
        If `column` or `of_class` is unknown, or the explanation has no rows.
    """
    check_drawable(explanation)
    of_class = _class_name(explanation, of_class)
    k = explanation.place_of_column(column)
    column = explanation.columns[k]
    x, values = (
        explanation.inputs[:, k],
        explanation.values[:, k, explanation.place_of_class(of_class)],
    )
    defined = np.isfinite(x)

    ax = new_axes(ax, 4.8, 3.6)
    ax.axhline(0, **ZERO_LINE)
    size = 2 * dot_size(len(x))
    for label, rows, style in _point_groups(explanation, of_class):
        ax.scatter(x[defined & rows], values[defined & rows], s=size, label=label, **style)
    if explanation.y is not None and not explanation.predicts_number:
        ax.legend(fontsize="small", title="rows", title_fontsize="small")
    if not explanation.values[:, k].any():
        ax.text(0.5, 0.75, IGNORED, transform=ax.transAxes, ha="center", va="center")
    unit = explanation.input_unit(column)
    unit_label = f" [{display_name(unit)}]" if unit not in ("", "1") else ""
    ax.set_xlabel(display_name(column) + unit_label, **PLAIN_TEXT)
    ax.set_ylabel(f"contribution, in {explanation.scale}")
    ax.locator_params(axis="x", nbins=6)
    undefined = int((~defined).sum())
    detail = f"undefined in {shown_count(undefined, len(x), 'row')}" if undefined else ""
    set_title(ax, of_class, detail)
    remove_frame(ax)
    return ax


def _class_name(explanation: Explanation, of_class: str | float | None) -> str:
    """Name of the class, or of the predicted number."""
    if of_class is None and explanation.predicts_number:
        return explanation.classes[0]
    return explanation.classes[explanation.place_of_class(of_class)]


def _point_groups(
    explanation: Explanation, of_class: str
) -> list[tuple[str, Array, dict[str, Any]]]:
    """Label, mask of rows and style of each kind of point."""
    ring = {"facecolors": "none", "edgecolors": MUTED, "linewidths": 0.8}
    filled = {"c": MARK, "linewidths": 0}
    y = explanation.y
    if y is None or explanation.predicts_number:
        return [("", np.full(len(explanation), True), filled)]
    without, having, undefined = "of other classes", "of this class", "of unknown class"
    members = y == of_class
    if explanation.decision is not None:
        without, having, undefined = "without the label", "with the label", "of unknown labels"
        separator = explanation.decision.separator
        members = np.array([of_class in split_labels(cell, separator) for cell in y.tolist()])
    groups = [(without, ~members & (y != ""), ring), (having, members, filled)]
    cross = {"c": MUTED, "marker": "x", "linewidths": 0.8}
    return [*groups, (undefined, y == "", cross)] if (y == "").any() else groups


def family_heatmap(explanation: Explanation, *, ax: Axes | None = None) -> Axes:
    """Draw the mean absolute SHAP value of each family by each statistic. Empty cells are 0.

    Parameters
    ----------
    explanation : Explanation
        SHAP values of some rows.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; by default, those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with one cell for each family and statistic, row by row.

    Raises
    ------
    ParameterError
        If the explanation has no rows.
    """
    check_drawable(explanation)
    table = grid(explanation)
    cells = table.to_numpy()
    digits = int(max(0, 2 - np.floor(np.log10(cells.max() or 1))))
    texts = [f"{cell:.{digits}f}" if cell else "" for cell in cells.flat]
    families, statistics = ([display_name(name) for name in names] for names in table.axes)
    ax = draw_matrix(ax, cells, texts, families, statistics)
    ax.set_xlabel("statistic")
    ax.set_ylabel("family")
    set_title(ax, "", importance_label(explanation, None))
    return ax
