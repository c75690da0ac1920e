"""Figures of scores on Matplotlib `Axes`: calibration, and leaderboard of models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.palette import INK, MARK, MUTED, OTHER
from featkit._utils.parameters import unknown
from featkit.errors import ParameterError
from featkit.plots._drawing import (
    LETTER_WIDTH,
    display_name,
    new_axes,
    remove_frame,
    set_row_names,
    set_title,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

METRICS = ("accuracy", "mean_average_precision", "mae")
"""The score of each task that a leaderboard draws by default."""

BASELINE = "baseline"
"""Name of the baseline among the models."""

LEAST_DOT, GREATEST_DOT = 12.0, 140.0
"""Area of a dot of few rows, and of the most rows, in square points."""

MARGIN = 0.08
"""Free part of the axis beside the least and the greatest value."""


def calibration(scores: Mapping[str, Any], *, ax: Axes | None = None) -> Axes:
    """Draw accuracy against confidence, one dot for each bin of predictions.

    On the dashed line, confidence equals accuracy. Below it the model is overconfident. The area of
    a dot grows with the number of rows of its bin.

    Parameters
    ----------
    scores : mapping
        ``model.scores`` or ``result.scores`` of a classification.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; by default, those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, both from 0 to 1.

    Raises
    ------
    ParameterError
        If `scores` has no reliability diagram.

    Examples
    --------
    >>> bins = [{"confidence": 0.6, "accuracy": 0.5, "rows": 20}]
    >>> scores = {"model": "svm", "calibration": {"reliability": bins, "expected_error": 0.1}}
    >>> calibration(scores).get_xlabel()
    'confidence'
    """
    own = scores.get("calibration") or {}
    bins = own.get("reliability") if isinstance(own, Mapping) else None
    if not bins:
        raise ParameterError(
            "the scores have no reliability diagram: they must be those of a classification"
        )
    confidence, accuracy, rows = (
        np.array([b[key] for b in bins], dtype=np.float64)
        for key in ("confidence", "accuracy", "rows")
    )
    ax = new_axes(ax, 4.2, 4.2)
    ax.plot([0, 1], [0, 1], color=OTHER, linewidth=1, linestyle=(0, (5, 4)), zorder=0)
    ax.plot(confidence, accuracy, color=MARK, linewidth=1.2)
    area = LEAST_DOT + (GREATEST_DOT - LEAST_DOT) * rows / rows.max()
    ax.scatter(confidence, accuracy, s=area, c=MARK, linewidths=0, zorder=3)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    ax.set_xlabel("confidence")
    ax.set_ylabel("accuracy")
    error = own.get("expected_error")
    detail = counted(int(rows.sum()), "row")
    if error is not None:
        detail += f", expected calibration error {100 * error:.1f} %"
    set_title(ax, str(scores.get("model", "")), detail)
    remove_frame(ax)
    return ax


def leaderboard(
    scores: Mapping[str, Any], *, metric: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw a score of each model with its 95 % interval, and the baseline as a line.

    The kept model is at the top, in blue. The axis covers the intervals only, so that they can be
    read. A baseline that is far away is a number in the title.

    Parameters
    ----------
    scores : mapping
        ``model.scores`` or ``result.scores``.
    metric : str, optional
        Score to draw, such as ``"macro_f1"``; by default the accuracy, the mean average precision
        of several labels, or the mean absolute error of a regression.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; by default, those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with a dot for each model but the baseline.

    Raises
    ------
    ParameterError
        If `scores` has no models, or they have no such score.

    Examples
    --------
    >>> accuracy = {"value": 0.9, "low": 0.86, "high": 0.93}
    >>> leaderboard({"model": "svm", "models": {"svm": {"accuracy": accuracy}}}).get_xlabel()
    'accuracy, 95 % interval'
    """
    models = scores.get("models")
    if not models:
        raise ParameterError("the scores hold no models: pass model.scores or result.scores")
    metric = _metric(models, metric)
    values = {name: _interval(own.get(metric)) for name, own in models.items()}
    kept = str(scores.get("model", ""))
    shown = [name for name in values if name != BASELINE and np.isfinite(values[name][0])]
    shown.sort(key=lambda name: name != kept)
    places = np.arange(len(shown))
    ax = new_axes(ax, 5.0 + LETTER_WIDTH * max(map(len, shown), default=0), 0.4 * len(shown) + 1.4)
    for place, name in zip(places, shown, strict=True):
        value, low, high = values[name]
        colour = MARK if name == kept else MUTED
        if np.isfinite([low, high]).all():
            ax.hlines(place, low, high, color=colour, linewidth=3, alpha=0.55)
        ax.scatter([value], [place], s=36, c=INK if name == kept else MUTED, zorder=3)
    base = values.get(BASELINE, (np.nan, np.nan, np.nan))[0]
    if np.isfinite(base):
        ax.axvline(base, color=OTHER, linewidth=1.2, linestyle=(0, (5, 4)), zorder=0)
    low, high = _zoom([x for name in shown for x in values[name]], base)
    ax.set_xlim(low, high)
    ax.locator_params(axis="x", nbins=6)
    ax.set_xlabel(f"{metric.replace('_', ' ')}, 95 % interval")
    set_row_names(ax, [display_name(name) for name in shown])
    set_title(ax, kept, _baseline_text(base, low, high))
    return ax


def _baseline_text(base: float, low: float, high: float) -> str:
    """The value of the baseline, and where it is in the figure."""
    if not np.isfinite(base):
        return ""
    if low <= base <= high:
        return f"baseline {base:.3g}, dashed"
    return f"baseline {base:.3g}, {'left' if base < low else 'right'} of the axis"


def _metric(models: Mapping[str, Mapping[str, Any]], metric: str | None) -> str:
    names = list(dict.fromkeys(name for own in models.values() for name in own))
    if metric is None:
        metric = next((name for name in METRICS if name in names), "")
    if metric not in names:
        raise ParameterError(unknown("metric", metric, names))
    return metric


def _interval(score: Any) -> tuple[float, float, float]:
    """Value and ends of the interval of a score, NaN if missing."""
    if isinstance(score, Mapping):
        return tuple(_number(score.get(key)) for key in ("value", "low", "high"))  # type: ignore[return-value]
    return _number(score), np.nan, np.nan


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else np.nan


def _zoom(values: list[float], base: float) -> tuple[float, float]:
    """Ends of an axis that covers the values, and the baseline if it is near to them."""
    finite = [value for value in values if np.isfinite(value)] or [0.0, 1.0]
    low, high = min(finite), max(finite)
    reach = high - low or 0.1
    if low - reach <= base <= high + reach:
        low, high = min(low, base), max(high, base)
    return low - MARGIN * reach, high + MARGIN * reach
