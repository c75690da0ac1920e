"""Figures of predicted numbers on Matplotlib `Axes`; see `featkit.plots.figures`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.palette import MARK
from featkit.errors import ParameterError
from featkit.plots._drawing import PLAIN_TEXT, display_name, dot_size, new_axes, set_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE = "#999999"


def predictions(scores: Mapping[str, Any], *, ax: Axes | None = None) -> Axes:
    """Draw predicted against true numbers, one point for each test row, and the line of equality.

    Parameters
    ----------
    scores : mapping
        ``model.scores`` or ``result.scores`` of a regression. At most 1,000 rows are stored in it.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; by default, those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the points. Both have the same range.

    Raises
    ------
    ParameterError
        If `scores` are not those of a regression.

    Examples
    --------
    >>> scores = {"true_values": [1, 2, 4], "predicted_values": [1, 3, 3], "target": "valence"}
    >>> predictions(scores).get_xlabel()
    'valence'
    """
    x, y = (np.asarray(scores.get(key, ())) for key in ("true_values", "predicted_values"))
    if not len(x) or len(x) != len(y):
        raise ParameterError("the scores are not those of a regression: they hold no predictions")
    ends = [float(min(x.min(), y.min())), float(max(x.max(), y.max()))]
    ax = new_axes(ax, 4.2, 4.2)
    ax.plot(ends, ends, color=LINE, linewidth=0.8, linestyle="--", zorder=0)
    ax.scatter(x, y, s=2 * dot_size(len(x)), c=MARK, linewidths=0, alpha=0.6)
    target = display_name(str(scores.get("target", "")))
    ax.set_xlabel(target, **PLAIN_TEXT)
    ax.set_ylabel(f"predicted {target}", **PLAIN_TEXT)
    set_title(ax, str(scores.get("model", "")), counted(len(x), "row"))
    return ax
