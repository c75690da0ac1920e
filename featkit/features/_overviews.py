"""Overviews of feature sets and sequence sets."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from featkit._utils.formatting import counted, sample_rate
from featkit._utils.overview import Bar, Chart, Overview, listed

if TYPE_CHECKING:
    from featkit.features.sequences.sequence_set import SequenceSet
    from featkit.features.sets.feature_set import FeatureSet


def feature_set_overview(feature_set: FeatureSet) -> Overview:
    """The overview of a feature set."""
    families = Counter(column.family for column in feature_set.columns)
    bars = [Bar(name, n, f"{n:,}") for name, n in families.items()]
    return Overview(
        f"FeatureSet {feature_set.name!r} {feature_set.version}:"
        f" {counted(len(feature_set.columns), 'column')} of {counted(len(families), 'family')},"
        f" {_rate(feature_set.sample_rate)}",
        [
            feature_set.title,
            f"families: {listed([f'{name} {n:,}' for name, n in families.items()])}",
            f"reference: {feature_set.reference}" if feature_set.reference else "",
        ],
        [Chart("columns by family", bars)],
        following=".columns, .as_dict(), featkit.extract(files, features=...)",
    )


def sequence_set_overview(sequence_set: SequenceSet) -> Overview:
    """The overview of a sequence set."""
    length = "" if sequence_set.seconds is None else f", {sequence_set.seconds:g} s"
    return Overview(
        f"SequenceSet {sequence_set.name!r} {sequence_set.version}:"
        f" {counted(len(sequence_set.kinds), 'kind')} of sequence,"
        f" {_rate(sequence_set.sample_rate)}{length}",
        [sequence_set.title, f"kinds: {listed([*sequence_set.kinds])}"],
        following=".kinds, featkit.sequences(files, output, features=...)",
    )


def _rate(rate: float | None) -> str:
    return "at the rate of each recording" if rate is None else f"at {sample_rate(rate)}"
