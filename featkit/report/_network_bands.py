"""Bands of frequency, or other channels, of sequences that a network reads, by importance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from featkit._utils.typing import Array
from featkit.explanation.gradients.network_explanation import NetworkExplanation
from featkit.explanation.gradients.summaries import channel_importance
from featkit.report import _svg

if TYPE_CHECKING:
    import pandas as pd

N_BANDS = 10
"""Bands in the table of the most important ones."""

MAX_BANDS = 32
"""Largest number of bands of the charts; neighbouring mel bands are added up."""


@dataclass(frozen=True)
class Band:
    """A band, or another channel, in a ranking.

    Attributes
    ----------
    name : str
        Its frequencies, or its number.
    mean : float
        Mean absolute contribution.
    share : float
        Share of the sum over all bands.
    bar : Markup
        The mean as a bar.
    """

    name: str
    mean: float
    share: float
    bar: Markup


def leading_bands(explanation: NetworkExplanation) -> tuple[str, list[Band]]:
    """The kind of sequence that a page shows, and its bands, the most important first."""
    kind = explanation.kind()
    table = channel_importance(explanation, kind, width=width_of(explanation, kind))
    return kind, ranked_bands(table["mean_abs_contribution"].to_numpy(), names_of(table))


def width_of(explanation: NetworkExplanation, kind: str) -> int:
    """Number of mel bands that are added up; other channels are no neighbours."""
    edges = explanation.edges(kind)
    return 1 if edges is None else -(-(len(edges) - 1) // MAX_BANDS)


def edges_of(table: pd.DataFrame) -> Array | None:
    """Bounds of the bands in Hz; None for other channels."""
    if "low_hz" not in table:
        return None
    return np.append(table["low_hz"].to_numpy(), table["high_hz"].iloc[-1])


def names_of(table: pd.DataFrame) -> list[str]:
    """Frequencies of bands, or numbers of other channels."""
    edges = edges_of(table)
    if edges is None:
        return [f"channel {channel}" for channel in table["channel"]]
    return [f"{low:,.0f} to {high:,.0f} Hz" for low, high in pairwise(edges.tolist())]


def ranked_bands(means: Array, names: Sequence[str]) -> list[Band]:
    """The most important bands, with their shares."""
    total, limit = float(means.sum()) or 1.0, float(means.max(initial=0))
    order = np.argsort(-means, kind="stable")[:N_BANDS]
    return [
        Band(
            names[k],
            float(means[k]),
            float(means[k]) / total,
            _svg.bar(float(means[k]), limit),
        )
        for k in order.tolist()
    ]
