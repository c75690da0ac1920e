"""Figures of ROC and precision-recall curves on Matplotlib `Axes`; see `featkit.plots.figures`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from featkit._utils.parameters import unknown
from featkit.errors import ParameterError
from featkit.plots._drawing import (
    colour_map,
    display_name,
    new_axes,
    remove_frame,
    set_title,
    shown_count,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_CURVES = 8
"""Greatest number of curves in one figure."""

CURVE_COLOURS = ("viridis", 0.0, 0.85)
LINE_STYLES = ("-", "--", "-.", ":")
CHANCE: dict[str, Any] = {"color": "#999999", "linewidth": 0.8, "linestyle": (0, (5, 4))}


def roc(
    scores: Mapping[str, Any],
    *,
    of_class: str | Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw ROC curves: recall against false positive rate. The dashed line is chance.

    Parameters
    ----------
    scores : mapping
        ``model.scores`` or ``result.scores``, of which ``curves`` and ``model`` are used.
    of_class : str or sequence of str, optional
        The classes to draw; by default all, or the 8 with the smallest areas.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; by default, those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with one line for each class, whose label has its area.

    Raises
    ------
    ParameterError
        If `scores` has no curves, or a class has none.
    """
    curves = _curves(scores, of_class, "roc_auc")
    ax = new_axes(ax, 6.4, 4.2)
    ax.plot([0, 1], [0, 1], **CHANCE)
    for curve, style in zip(curves, _styles(len(curves)), strict=True):
        false = [0.0, *(count / curve["negatives"] for count in curve["false_positives"])]
        recall = [0.0, *_recall(curve)]
        ax.plot(false, recall, label=_label(curve, "roc_auc"), **style)
    ax.set_xlabel("false positive rate")
    return _finished(ax, scores, curves, "recall (true positive rate)", "ROC AUC")


def precision_recall(
    scores: Mapping[str, Any],
    *,
    of_class: str | Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw precision-recall curves in steps, whose areas are the average precision.

    Parameters
    ----------
    scores : mapping
        ``model.scores`` or ``result.scores``, of which ``curves`` and ``model`` are used.
    of_class : str or sequence of str, optional
        The classes to draw; by default all, or the 8 with the smallest areas.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; by default, those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with one line for each class, whose label has its area. For one class, the dashed
        line is its share of the rows: the precision by chance.

    Raises
    ------
    ParameterError
        If `scores` has no curves, or a class has none.
    """
    curves = _curves(scores, of_class, "average_precision")
    ax = new_axes(ax, 6.4, 4.2)
    if len(curves) == 1:
        (curve,) = curves
        share = curve["positives"] / (curve["positives"] + curve["negatives"])
        ax.axhline(share, **CHANCE)
    for curve, style in zip(curves, _styles(len(curves)), strict=True):
        counts = zip(curve["true_positives"], curve["false_positives"], strict=True)
        precision = [true / (true + false) for true, false in counts]
        recall = [0.0, *_recall(curve)]
        label = _label(curve, "average_precision")
        ax.plot(recall, [precision[0], *precision], drawstyle="steps-pre", label=label, **style)
    ax.set_xlabel("recall")
    return _finished(ax, scores, curves, "precision", "average precision")


def _curves(
    scores: Mapping[str, Any], of_class: str | Sequence[str] | None, area: str
) -> list[Mapping[str, Any]]:
    """The curves of the named classes; of many classes, those with the smallest areas."""
    if not scores.get("curves"):
        raise ParameterError("the scores have no curves: train the model again")
    by_name = {curve["class"]: curve for curve in scores["curves"]["classes"]}
    if of_class is None:
        return sorted(by_name.values(), key=lambda curve: float(curve[area]["value"]))[:MAX_CURVES]
    names = [of_class] if isinstance(of_class, str) else list(of_class)
    if missing := [name for name in names if name not in by_name]:
        raise ParameterError(unknown("class", missing[0], by_name))
    return [by_name[name] for name in names]


def _recall(curve: Mapping[str, Any]) -> list[float]:
    return [count / curve["positives"] for count in curve["true_positives"]]


def _label(curve: Mapping[str, Any], area: str) -> str:
    # Matplotlib leaves labels out of a legend that begin with an underscore.
    return f"\u200b{display_name(curve['class'])} ({curve[area]['value']:.3f})"


def _styles(number: int) -> list[dict[str, Any]]:
    """Colours from dark to light, and kinds of lines, that differ in greyscale, too."""
    shades = colour_map(*CURVE_COLOURS)
    return [
        {
            "color": shades(k / max(number - 1, 1)),
            "linestyle": LINE_STYLES[k % len(LINE_STYLES)],
            "linewidth": 1.4,
        }
        for k in range(number)
    ]


def _finished(
    ax: Axes, scores: Mapping[str, Any], curves: Sequence[Any], y_label: str, area: str
) -> Axes:
    """Limits, names and legend, which is right of the axes."""
    ax.set_xlim(-0.01, 1.01)
    ax.set_ylim(-0.01, 1.02)
    ax.set_ylabel(y_label)
    legend = ax.legend(
        title=f"class ({area})",
        loc="upper left",
        bbox_to_anchor=(1, 1),
        fontsize="small",
        title_fontsize="small",
        frameon=False,
    )
    for text in legend.get_texts():
        text.set(parse_math=False, usetex=False)
    total = len(scores["curves"]["classes"])
    detail = "" if total == 1 else shown_count(len(curves), total, "class")
    set_title(ax, str(scores.get("model", "")), detail)
    remove_frame(ax)
    return ax
