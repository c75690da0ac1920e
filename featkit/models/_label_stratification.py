"""Division of groups whose rows have several labels into parts with equal shares of every label.

The label with the fewest remaining groups comes first. Each of its groups, the largest first, goes
to the part that lacks most rows of the label; among equal parts, to the one that lacks most rows of
all labels. This is iterative stratification [1]_ of groups in place of rows.

References
----------
.. [1] K. Sechidis, G. Tsoumakas, I. Vlahavas, "On the stratification of multi-label data", ECML
   PKDD 2011.
"""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array
from featkit.models._group_coverage import cover_classes


def assign_labelled_groups(Y: Array, group_of: Array, shares: Array, *, seed: int) -> Array:
    """Assign groups to parts.

    Parameters
    ----------
    Y : array of bool, shape ``(rows, labels)``
        Which labels each row has.
    group_of : array of int, shape ``(rows,)``
        Number of the group of each row.
    shares : array of float64, shape ``(parts,)``
        Share of each part; their sum is 1.
    seed : int
        Seed of the order among groups of one size.

    Returns
    -------
    array of int, shape ``(groups,)``
        Number of the part of each group. A label with as many groups as there are parts is in every
        part, if such a division is found.
    """
    counts = _counts(Y, group_of)
    target = shares[:, None] * counts.sum(axis=0)
    missing = target.copy()
    rank = np.random.default_rng(seed).permutation(len(counts))
    part_of = np.full(len(counts), -1, dtype=np.intp)
    while (free := part_of < 0).any():
        label = _rarest(counts[free] > 0)
        members = np.flatnonzero(free & (counts[:, label] > 0))
        for group in members[np.lexsort((rank[members], -counts[members].sum(axis=1)))]:
            lack = np.round(missing / np.maximum(target, 1e-12), 9)
            part = np.lexsort((-missing.sum(axis=1), -lack[:, label]))[0]
            part_of[group] = part
            missing[part] -= counts[group]
    covered = (counts > 0).sum(axis=0) >= len(shares)
    return cover_classes(part_of, counts[:, covered], target[:, covered])


def _counts(Y: Array, group_of: Array) -> Array:
    """Rows of each label in each group, and all its rows in a last column.

    For a label that most rows have, the rows without it are counted: parts with equal shares of
    these have equal shares of those with it, too.
    """
    Y = np.asarray(Y, dtype=bool)
    rarer = np.where(Y.mean(axis=0) > 0.5, ~Y, Y)
    counts = np.zeros((int(group_of.max()) + 1, Y.shape[1] + 1))
    np.add.at(counts, group_of, np.column_stack([rarer, np.ones(len(Y), dtype=bool)]))
    return counts


def _rarest(has_label: Array) -> int:
    """The label with the fewest groups, but at least one."""
    groups = has_label.sum(axis=0)
    return int(np.argmin(np.where(groups > 0, groups, len(has_label) + 1)))
