"""Pairwise comparison of models on the same recordings: McNemar's exact test and an interval."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from featkit._utils.typing import Array
from featkit.evaluation._intervals import drawn_sums, share_interval
from featkit.evaluation.result import ModelComparison
from featkit.models.model_differences import mcnemar_p_value


def compare_models(
    dataset: str, names: Sequence[str], y: Array, answers: Sequence[Array], groups: Array
) -> list[ModelComparison]:
    """Compare each pair of models by recording.

    Parameters
    ----------
    dataset : str
        Name of the dataset.
    names : sequence of str
        Names of the models.
    y : array of str, shape ``(recordings,)``
        True class of each recording.
    answers : sequence of array of str, shape ``(recordings,)``
        Classes that each model predicts, in the order of `names`; "" for a recording that a model
        does not predict.
    groups : array of str, shape ``(recordings,)``
        Group of each recording: the bootstrap draws whole groups.

    Returns
    -------
    list of ModelComparison
        The first model with the second, with the third, …, then the second with the third. A pair
        that predicts no recording in common is left out.

    Notes
    -----
    Only recordings that exactly one of the two models predicts correctly say which is better. If
    both are equally accurate, their number is binomial with probability 1/2: McNemar's exact test.
    It treats recordings as independent. The interval does not: it draws groups, the same ones for
    both models.
    """
    comparisons = []
    for (first, answer), (second, other) in combinations(zip(names, answers, strict=True), 2):
        both = (answer != "") & (other != "")
        if both.any():
            right, other_right = answer[both] == y[both], other[both] == y[both]
            comparisons.append(_compare(dataset, first, second, right, other_right, groups[both]))
    return comparisons


def _compare(
    dataset: str, first: str, second: str, right: Array, other_right: Array, groups: Array
) -> ModelComparison:
    """Compare two models by whether each is right."""
    only_first, only_second = right & ~other_right, other_right & ~right
    drawn = drawn_sums(np.stack([np.ones(len(right)), only_first, only_second], axis=1), groups)
    counts = int(only_first.sum()), int(only_second.sum())
    difference = share_interval(
        (counts[1] - counts[0]) / len(right),
        (drawn[:, 2] - drawn[:, 1]) / drawn[:, 0],
        len(np.unique(groups)),
        least=-1,
    )
    return ModelComparison(
        dataset=dataset,
        first=first,
        second=second,
        recordings=len(right),
        first_accuracy=float(right.mean()),
        second_accuracy=float(other_right.mean()),
        difference=difference,
        only_first=counts[0],
        only_second=counts[1],
        p_value=mcnemar_p_value(*counts),
    )
