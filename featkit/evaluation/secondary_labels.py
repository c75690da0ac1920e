"""Scores of recordings with several labels: by the primary one, and if either counts."""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array
from featkit.evaluation._intervals import drawn_sums, share_interval
from featkit.evaluation.result import SecondaryLabelScores


def secondary_label_scores(
    y: Array, secondary: Array, answer: Array, groups: Array
) -> SecondaryLabelScores:
    """Count the predictions that agree with the primary or the secondary label.

    Parameters
    ----------
    y : array of str, shape ``(rows,)``
        Primary label of each row.
    secondary : array of str, shape ``(rows,)``
        Secondary label; "" for none. One that equals the primary label counts as none.
    answer : array of str, shape ``(rows,)``
        Predicted classes.
    groups : array of str, shape ``(rows,)``
        The group of each row: the bootstrap draws whole groups.

    Returns
    -------
    SecondaryLabelScores

    Notes
    -----
    With n rows, of which h are predicted as their primary label and r as their secondary label, the
    accuracy by the primary label is h / n, the accuracy if either counts (h + r) / n, the gain
    r / n, and the rescue rate r / (n - h).
    """
    rows = len(y)
    has_secondary = (secondary != "") & (secondary != y)
    right = answer == y
    rescued = has_secondary & (answer == secondary)
    columns = np.stack([np.ones(rows), right, right | rescued, rescued], axis=1)
    drawn = drawn_sums(columns, groups)
    shares = drawn[:, 1:] / drawn[:, :1]
    n_groups = len(np.unique(groups))
    primary, either, gain = (
        share_interval(float(column.mean()), shares[:, k], n_groups)
        for k, column in enumerate((right, right | rescued, rescued))
    )
    errors, n_rescued = int(np.sum(~right)), int(np.sum(rescued))
    open_errors = int(np.sum(~right & has_secondary))
    return SecondaryLabelScores(
        rows=rows,
        with_secondary=int(has_secondary.sum()),
        share=float(has_secondary.mean()),
        primary_accuracy=primary,
        either_accuracy=either,
        gain=gain,
        errors=errors,
        rescued=n_rescued,
        rescue_rate=n_rescued / errors if errors else None,
        rescue_rate_with_secondary=n_rescued / open_errors if open_errors else None,
    )
