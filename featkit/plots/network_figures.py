"""Figures of networks on Matplotlib `Axes`: evidence in spectrograms, bands, learning curves.

Spectrograms are pictures within a figure; everything else is vector graphics. See
`featkit.plots.figures`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.parameters import check_parameter, unknown
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.explanation.gradients.network_explanation import NetworkExplanation
from featkit.explanation.gradients.summaries import channel_importance
from featkit.plots._drawing import new_axes, remove_frame, set_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HERTZ = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)
"""Frequencies that an axis may name."""

LEAST_SHARE = 0.04
"""Least distance of two frequencies, as a share of the axis."""

RANGE_DB = 70.0
"""Levels this much below the highest are black."""

MAP_COLOUR, FOR_COLOUR, AGAINST_COLOUR = "#ff8000", "#0072b2", "#c75400"

MEASURES = ("loss", "accuracy")


def evidence(
    explanation: NetworkExplanation, row: int, *, kind: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the sequence of a row in grey, with its Grad-CAM map in orange.

    A line surrounds the parts of the map above half of its maximum. Sequences without a map are
    drawn with their contributions instead, blue for the class and orange against it.

    Parameters
    ----------
    explanation : NetworkExplanation
        Evidence of a network for some rows.
    row : int
        Index of the row, from 0.
    kind : str, optional
        Kind of sequence; by default, the one that maps are over, or the first.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; by default, those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with the spectrogram: channels are equally high, so that mel bands are.

    Raises
    ------
    ParameterError
        If there is no such row or kind.
    """
    if not 0 <= row < len(explanation):
        raise ParameterError(f"row must be from 0 to {len(explanation) - 1}, got {row}")
    kind = explanation.kind(kind)
    values = explanation.sequences.kinds[kind].rows(np.array([row])).read()[0]
    edges, seconds = explanation.edges(kind), explanation.seconds(kind, row)
    channels, frames = values.shape
    ax = new_axes(ax, 6.4, 3.6)
    box: dict[str, Any] = {
        "extent": (0, frames if seconds is None else seconds, 0, channels),
        "aspect": "auto",
    }
    lowest = values.max() - RANGE_DB if edges is not None else None
    ax.imshow(values, origin="lower", cmap="gray", vmin=lowest, **box)
    if explanation.maps is not None and kind == explanation.map_kind:
        _draw_map(ax, explanation.maps[row], box)
    else:
        _draw_contributions(ax, explanation.contributions[kind][row], box)
    _name_channels(ax, channels, edges)
    ax.set_xlabel("frame" if seconds is None else "time in s")
    set_title(ax, str(explanation.explained[row]), kind)
    return ax


def _draw_map(ax: Axes, cam: Array, box: Mapping[str, Any]) -> None:
    from matplotlib.colors import to_rgb

    share = cam / (cam.max() or 1)
    coloured = np.empty((*cam.shape, 4))
    coloured[..., :3], coloured[..., 3] = to_rgb(MAP_COLOUR), 0.75 * share
    ax.imshow(coloured, origin="lower", **box)
    if cam.any() and min(cam.shape) > 1:
        ax.contour(share, [0.5], extent=box["extent"], colors="white", linewidths=1)


def _draw_contributions(ax: Axes, contributions: Array, box: Mapping[str, Any]) -> None:
    from matplotlib.colors import to_rgb

    share = contributions / (np.abs(contributions).max() or 1)
    coloured = np.empty((*share.shape, 4))
    coloured[..., :3] = np.where(
        share[..., None] > 0, to_rgb(FOR_COLOUR), np.asarray(to_rgb(AGAINST_COLOUR))
    )
    coloured[..., 3] = np.abs(share)
    ax.imshow(coloured, origin="lower", **box)


def _name_channels(ax: Axes, channels: int, edges: Array | None) -> None:
    """Frequencies of mel bands, or numbers of channels, on the vertical axis."""
    if edges is None:
        ax.set_ylabel("channel")
        return
    ticks: list[tuple[float, int]] = []
    for hertz in HERTZ:
        share = float(np.interp(hertz, edges, np.linspace(0, 1, len(edges))))
        inside = edges[0] < hertz < edges[-1]
        if inside and (not ticks or share - ticks[-1][0] >= LEAST_SHARE):
            ticks.append((share, hertz))
    ax.set_yticks([share * channels for share, _ in ticks], [f"{hertz:g}" for _, hertz in ticks])
    ax.set_ylabel("frequency in Hz")


def bands(
    explanation: NetworkExplanation,
    *,
    kind: str | None = None,
    of_class: str | float | None = None,
    width: int = 1,
    ax: Axes | None = None,
) -> Axes:
    """Draw the importance of mel bands, or other channels, by integrated gradients.

    Parameters
    ----------
    explanation : NetworkExplanation
        Evidence of a network for some rows.
    kind : str, optional
        Kind of sequence; by default, the one that maps are over, or the first.
    of_class : str or number, optional
        Class whose mean contributions are drawn, blue for it and orange against it, over the rows
        that are explained for it. By default, mean absolute contributions over all rows.
    width : int
        Number of neighbouring channels that are added up.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; by default, those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes with one bar for each `width` channels. Bands are on a logarithmic axis in Hz.

    Raises
    ------
    ParameterError
        If there is no such kind or class, or `width` is below 1.
    """
    kind = explanation.kind(kind)
    table = channel_importance(explanation, kind, of_class=of_class, width=width)
    column = "mean_abs_contribution" if of_class is None else "mean_contribution"
    values = table[column].to_numpy()
    ax = new_axes(ax, 6.4, 3.2)
    if "low_hz" in table:
        left, right = table["low_hz"].to_numpy(), table["high_hz"].to_numpy()
        ax.set_xscale("log")
        ax.set_xlabel("frequency in Hz")
    else:
        left = table["channel"].to_numpy() - 0.5
        right = left + width
        ax.set_xlabel("channel")
    colours = np.where(values >= 0, FOR_COLOUR, AGAINST_COLOUR)
    ax.bar(left, values, right - left, align="edge", color=colours)
    ax.set_ylabel("mean |contribution|" if of_class is None else "mean contribution")
    name = "all classes" if of_class is None else str(of_class)
    set_title(ax, name, kind)
    remove_frame(ax)
    return ax


def learning_curves(
    scores: Mapping[str, Any],
    *,
    measure: str = "loss",
    model: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the learning curves of a network: a line for each outer fold.

    Parameters
    ----------
    scores : mapping
        ``model.scores`` or ``result.scores``, of which ``learning_curves`` and ``model`` are used.
    measure : {"loss", "accuracy"}
        Values that are drawn.
    model : str, optional
        Name of the network; by default the kept model.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; by default, those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The axes: training rows are dashed and orange, validation rows blue, and dots mark the
        epochs whose weights are kept.

    Raises
    ------
    ParameterError
        If `measure` is unknown, or there are no learning curves of the model.
    """
    check_parameter("measure", measure, str, choices=MEASURES)
    name = scores["model"] if model is None else model
    curves = [curve for curve in scores.get("learning_curves") or () if curve["model"] == name]
    if not curves:
        names = {curve["model"] for curve in scores.get("learning_curves") or ()}
        raise ParameterError(unknown("network with learning curves", name, sorted(names)))
    ax = new_axes(ax, 6.4, 3.6)
    for k, curve in enumerate(curves):
        for part, colour, style in (
            ("training", AGAINST_COLOUR, "--"),
            ("validation", FOR_COLOUR, "-"),
        ):
            values = np.array(curve[f"{part}_{measure}"], dtype=np.float64)  # NaN for None
            label = f"{part} rows" if not k else None
            epochs = np.arange(1, len(values) + 1)
            ax.plot(epochs, values, linestyle=style, color=colour, linewidth=1.2, label=label)
            kept = curve["kept_epoch"]
            if part == "validation":
                ax.plot(kept, values[kept - 1], "o", color="black", markersize=3)
    ax.set_xlabel("epoch")
    ax.set_ylabel(measure)
    ax.set_ylim(bottom=0)
    ax.legend(frameon=False)
    set_title(ax, name, f"{len(curves)} folds")
    remove_frame(ax)
    return ax
