"""Summaries of explanations of networks: which bands matter, and where the evidence of a row lies.

The middle half of a map, or of absolute contributions, along an axis is the range between the
points below which a quarter and three quarters of their sum lie.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from featkit._utils.parameters import check_parameter
from featkit._utils.typing import Array
from featkit.explanation.gradients.network_explanation import NetworkExplanation

if TYPE_CHECKING:
    import pandas as pd

MIDDLE = (0.25, 0.75)
"""Shares of the sum below the ends of the middle half."""


def channel_importance(
    explanation: NetworkExplanation,
    kind: str | None = None,
    *,
    of_class: str | float | None = None,
    width: int = 1,
) -> pd.DataFrame:
    """Compute the importance of the channels of a kind, such as mel bands, over all rows.

    Contributions of a channel are added over its frames first, so that opposite ones cancel. Those
    of single channels are noisy, since networks pool over neighbours: wider ones are clearer.

    Parameters
    ----------
    explanation : NetworkExplanation
        The rows.
    kind : str, optional
        Name of the kind; by default, the one that maps are over, or the first.
    of_class : str or number, optional
        Only rows whose explained class this is; by default, all rows.
    width : int
        Number of neighbouring channels that are added up, at least 1; the last may be fewer.

    Returns
    -------
    pandas.DataFrame
        One row for each `width` channels, from the first on: ``channel``, the first of them,
        counted from 1; ``low_hz`` and ``high_hz``, if channels are mel bands;
        ``mean_abs_contribution`` and ``mean_contribution``, in units of the logit; and
        ``map_share``, their mean share in the Grad-CAM maps, if these are over this kind. NaN
        without rows.

    Raises
    ------
    ParameterError
        If there is no such kind or class, or `width` is below 1.
    """
    import pandas as pd

    kind = explanation.kind(kind)
    rows = np.ones(len(explanation), dtype=bool)
    if of_class is not None:
        rows = explanation.explained == explanation.classes[explanation.place_of_class(of_class)]
    sums = explanation.contributions[kind].sum(axis=2, dtype=np.float64)[rows]
    first = np.arange(0, sums.shape[1], check_parameter("width", width, int, at_least=1))
    sums = np.add.reduceat(sums, first, axis=1)
    columns: dict[str, Array] = {"channel": first + 1}
    edges = explanation.edges(kind)
    if edges is not None:
        columns |= {"low_hz": edges[first], "high_hz": np.append(edges[first[1:]], edges[-1])}
    columns["mean_abs_contribution"] = _mean(np.abs(sums))
    columns["mean_contribution"] = _mean(sums)
    if explanation.maps is not None and kind == explanation.map_kind:
        shares = channel_shares(explanation.maps[rows])
        columns["map_share"] = _mean(np.add.reduceat(shares, first, axis=1))
    return pd.DataFrame(columns)


def channel_shares(values: Array) -> Array:
    """Compute the share of each channel in the sum of values that are not negative.

    Parameters
    ----------
    values : array, shape ``(rows, channels, frames)``
        Such as Grad-CAM maps.

    Returns
    -------
    array of float64, shape ``(rows, channels)``
        The shares of a row add up to 1; they are 0 if all of its values are.
    """
    sums = values.sum(axis=2, dtype=np.float64)
    total = sums.sum(axis=1, keepdims=True)
    shares: Array = np.divide(sums, total, out=np.zeros_like(sums), where=total > 0)
    return shares


def middle_half(values: Array) -> tuple[Array, Array]:
    """Find the middle half of values that are not negative, along both axes.

    Parameters
    ----------
    values : array, shape ``(channels, frames)``
        Such as the Grad-CAM map of a row; with a sum above 0.

    Returns
    -------
    channels, frames : array of float64, shape ``(2,)``
        First and last place on each axis, from 0 to 1.
    """
    return _quantiles(channel_shares(values[None])[0]), _quantiles(
        channel_shares(values.T[None])[0]
    )


def _quantiles(shares: Array) -> Array:
    total = np.concatenate([[0.0], np.cumsum(shares)])
    places = np.linspace(0, 1, len(total))
    return np.asarray(np.interp(np.asarray(MIDDLE) * total[-1], total, places))


def row_summary(explanation: NetworkExplanation, kind: str | None = None) -> pd.DataFrame:
    """Summarise each row: its logit, and where its evidence lies.

    Parameters
    ----------
    explanation : NetworkExplanation
        The rows.
    kind : str, optional
        Name of the kind; by default, the one that maps are over, or the first.

    Returns
    -------
    pandas.DataFrame
        The keys of each row; ``explained``, the class; ``logit``, ``base`` and ``residual``, as in
        `NetworkExplanation`; and the middle half of the absolute contributions: ``low_hz`` and
        ``high_hz``, or ``low_channel`` and ``high_channel`` for channels that are no mel bands, and
        ``from_s`` and ``to_s``, or ``from_frame`` and ``to_frame`` if times are unknown. With
        Grad-CAM maps over this kind, the same of the map, with names that begin with ``map_``.

    Raises
    ------
    ParameterError
        If there is no such kind.
    """
    import pandas as pd

    kind = explanation.kind(kind)
    table = pd.DataFrame(dict(explanation.keys), index=range(len(explanation)))
    table["explained"] = explanation.explained
    table["logit"], table["base"] = explanation.output, explanation.base
    table["residual"] = explanation.residual
    parts = {"": np.abs(explanation.contributions[kind])}
    if explanation.maps is not None and kind == explanation.map_kind:
        parts["map_"] = explanation.maps
    for prefix, values in parts.items():
        ranges = pd.DataFrame(
            [_ranges(explanation, kind, row, own) for row, own in enumerate(values)]
        )
        table = pd.concat([table, ranges.add_prefix(prefix)], axis=1)
    return table


def _ranges(
    explanation: NetworkExplanation, kind: str, row: int, values: Array
) -> dict[str, float]:
    channels, frames = middle_half(values)
    if not values.any():
        channels, frames = np.full(2, np.nan), np.full(2, np.nan)
    edges, seconds = explanation.edges(kind), explanation.seconds(kind, row)
    first, last = ("low_channel", "high_channel") if edges is None else ("low_hz", "high_hz")
    low, high = in_channels(channels, edges, len(values))
    start, end = ("from_frame", "to_frame") if seconds is None else ("from_s", "to_s")
    begin, stop = frames * (values.shape[1] if seconds is None else seconds)
    return {first: low, last: high, start: float(begin), end: float(stop)}


def in_channels(places: Array, edges: Array | None, n_channels: int) -> tuple[float, float]:
    """Convert two places on the axis of channels.

    Parameters
    ----------
    places : array of float, shape ``(2,)``
        From 0 to 1.
    edges : array of float64, shape ``(channels + 1,)``, or None
        Bounds of mel bands in Hz; None for other channels.
    n_channels : int
        Number of channels.

    Returns
    -------
    low, high : float
        In Hz, or numbers of channels from 0.5 to their number plus 0.5.
    """
    if edges is None:
        edges = np.arange(n_channels + 1) + 0.5
    low, high = np.interp(places, np.linspace(0, 1, len(edges)), edges)
    return float(low), float(high)


def _mean(values: Array) -> Array:
    """Mean over rows; NaN without any."""
    if not len(values):
        return np.full(values.shape[1], np.nan)
    return np.asarray(values.mean(axis=0))
