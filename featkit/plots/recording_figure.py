"""The figure of one recording: contributions for and against its prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.palette import INK, MARK, MUTED, OTHER
from featkit.errors import ParameterError
from featkit.explanation.contrast import contrast
from featkit.explanation.explanation import Explanation
from featkit.explanation.ranking import contributions
from featkit.plots._drawing import (
    PLAIN_TEXT,
    check_drawable,
    display_name,
    figure_width,
    new_axes,
    remove_frame,
    set_title,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OTHERS = "other columns"
"""Name of the bar of all columns that are not shown."""


def recording(
    explanation: Explanation,
    row: int = 0,
    *,
    of_class: str | float | None = None,
    against: str | float | None = None,
    top: int = 10,
    ax: Axes | None = None,
) -> Axes:
    """Draw the contributions to the prediction of one row as steps from base value to output.

    Each bar begins where the last one ended: to the right for a class, to the left against it. The
    name of a column has its value in the row, and its quartiles in the training rows of the class;
    ▲ and ▼ mark values more than 1.5 interquartile ranges beyond them.

    Parameters
    ----------
    explanation : Explanation
        SHAP values of some rows.
    row : int
        Index of the row, from 0.
    of_class : str or number, optional
        Class whose contributions are drawn; by default, the predicted one.
    against : str or number, optional
        Another class: the bars are then the differences of the contributions to the two classes,
        and the quartiles are those of the other class.
    top : int
        Maximum number of columns, at least 1; all others are one bar.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; by default, those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with one bar for each column, the largest at the top.

    Raises
    ------
    ParameterError
        If there is no such row or class, or `top` is below 1.

    Examples
    --------
    >>> import featkit
    >>> from featkit import plots
    >>> model = featkit.load_model("genre.fk")                       # doctest: +SKIP
    >>> explanation = featkit.explain(model, "features.parquet")     # doctest: +SKIP
    >>> plots.recording(explanation, 3).figure.savefig("row3.svg")   # doctest: +SKIP
    """
    check_drawable(explanation, top)
    if not 0 <= row < len(explanation):
        raise ParameterError(f"row must be from 0 to {len(explanation) - 1}, got {row}")
    own = explanation.predicted[row] if of_class is None else of_class
    k = explanation.place_of_class(own)
    values, base = explanation.values[row, :, k], explanation.base[row, k]
    table, low, high = contributions(explanation, row, own, top=top), "usual_low", "usual_high"
    if against is not None:
        table = contrast(explanation, row, own, against, top=top)
        low, high = "against_low", "against_high"
        j = explanation.place_of_class(against)
        values, base = values - explanation.values[row, :, j], base - explanation.base[row, j]
    steps = [*table["shap"].tolist()]
    names = [_name(line, low, high) for line in table.to_dict("records")]
    if len(table) < len(values):
        steps.append(float(values.sum() - table["shap"].sum()))
        names.append(OTHERS)
    ax = new_axes(ax, figure_width(table["feature"]) + 1.6, 0.42 * len(names) + 1.5)
    _draw_steps(ax, float(base), np.array(steps))
    ax.set_yticks(range(len(names)), names, fontsize="small", **PLAIN_TEXT)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(_axis_label(explanation, k, against), **PLAIN_TEXT)
    set_title(ax, _row_name(explanation, row), _title(explanation, row))
    remove_frame(ax)
    return ax


def _draw_steps(ax: Axes, base: float, steps: Any) -> None:
    """Bars from the base value to the output, joined by thin lines."""
    ends = base + np.cumsum(steps)
    starts = np.concatenate([[base], ends[:-1]])
    places = np.arange(len(steps))
    colours = [MARK if step >= 0 else OTHER for step in steps.tolist()]
    ax.barh(places, steps, left=starts, height=0.62, color=colours)
    ax.vlines(ends[:-1], places[:-1] + 0.31, places[1:] - 0.31, color=MUTED, linewidth=0.8)
    ax.axvline(base, color=MUTED, linewidth=0.8, linestyle=(0, (5, 4)), zorder=0)
    ax.axvline(float(ends[-1]), color=INK, linewidth=0.8, zorder=0)
    reach = max(float(np.ptp(np.concatenate([[base], ends]))), 1e-12)
    for place, (step, start, end) in enumerate(zip(steps, starts, ends, strict=True)):
        text, right = f"{step:+.3g}".replace("-", "−"), max(start, end)
        ax.text(right + 0.015 * reach, place, text, va="center", fontsize="x-small")
    ax.margins(x=0.1)
    ax.locator_params(axis="x", nbins=6)


def _name(line: Any, low: str, high: str) -> str:
    """Name, value, mark of an unusual value, and usual range of a column."""
    unit = "" if line["unit"] in ("", "1") else f" {line['unit']}"
    value = f"{line['value']:.4g}{unit}" if np.isfinite(line["value"]) else "undefined"
    mark = {"high": " ▲", "low": " ▼", "": ""}[line["unusual"]]
    usual = f" ({line[low]:.3g} to {line[high]:.3g})" if np.isfinite(line[low]) else ""
    return f"{display_name(line['feature'])}\n{display_name(value)}{mark}{usual}"


def _axis_label(explanation: Explanation, k: int, against: str | float | None) -> str:
    name = display_name(explanation.classes[k])
    if against is None:
        return f"output for {name}, in {explanation.scale}"
    other = display_name(explanation.classes[explanation.place_of_class(against)])
    return f"{name} rather than {other}, in {explanation.scale}"


def _row_name(explanation: Explanation, row: int) -> str:
    keys = explanation.keys
    return str(keys["path"][row]) if "path" in keys else f"row {row}"


def _title(explanation: Explanation, row: int) -> str:
    """Predicted and true class."""
    if explanation.predicts_number:
        return f"predicted {float(explanation.probabilities[row, 0]):.4g}"
    text = f"predicted {display_name(str(explanation.answer[row]))}"
    true = "" if explanation.y is None else str(explanation.y[row])
    wrong = true and true != str(explanation.answer[row])
    return f"{text}, true {display_name(true)}" if wrong else text
