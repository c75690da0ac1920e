"""Divisions of groups into parts so that every part has every class.

Assigning groups one by one can leave a class out of a part, although another division would not. A
local search moves single groups: each move brings a missing class into a part, and preferably takes
no other away. A class that stays missing gains weight with every step (breakout method). If that
fails and there are few groups, all divisions are tried.

References
----------
Morris, "The breakout method for escaping from local minima", AAAI 1993.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from featkit._utils.typing import Array

MAX_MOVES = 6000
"""Maximum number of moves."""

MAX_GROUPS = 300
"""Maximum number of groups for which all divisions are tried."""

MAX_PAIRS = 300_000
"""Maximum number of pairs of part and class to visit while all divisions are tried."""


def cover_classes(part_of: Array, counts: Array, target: Array) -> Array:
    """Return a division in which every part has every class, or the first one if none is found.

    Parameters
    ----------
    part_of : array of int, shape ``(groups,)``
        A first division, which is returned unchanged if every part has every class.
    counts : array, shape ``(groups, classes)``
        Rows of each class in each group.
    target : array, shape ``(parts, classes)``
        Rows of each class that each part should have.

    Returns
    -------
    array of int, shape ``(groups,)``
    """
    has_class = counts > 0
    if _group_counts(part_of, has_class, len(target)).all():
        return part_of
    complete = _local_search(part_of, counts, target)
    if complete is None and len(has_class) <= MAX_GROUPS:
        complete = _exhaustive_search(part_of, has_class, len(target))
    return part_of if complete is None else _balanced(complete, counts, target)


def _group_counts(part_of: Array, has_class: Array, n_parts: int) -> Array:
    """Number of groups of each class in each part, ``(parts, classes)``."""
    n_groups = np.zeros((n_parts, has_class.shape[1]), dtype=np.intp)
    np.add.at(n_groups, part_of, has_class.astype(np.intp))
    return n_groups


def _local_search(first: Array, counts: Array, target: Array) -> Array | None:
    """Move single groups until every part has every class; None after `MAX_MOVES`."""
    has_class, part_of = counts > 0, first.copy()
    n_groups, n_rows = _group_counts(part_of, has_class, len(target)), np.zeros(target.shape)
    np.add.at(n_rows, part_of, counts)
    weight, moved_at = np.ones(target.shape), np.full(len(first), -MAX_MOVES)
    for step in range(MAX_MOVES):
        missing = n_groups == 0
        part, name = np.unravel_index(np.argmax(weight * missing), missing.shape)
        groups = np.flatnonzero(has_class[:, name])
        source = part_of[groups]
        gain = has_class[groups] @ (weight[part] * missing[part])
        loss = (has_class[groups] * weight[source] * (n_groups[source] == 1)).sum(axis=1)
        more, less = n_rows[part] + counts[groups], n_rows[source] - counts[groups]
        off = (more - target[part]) ** 2 / target[part]
        off += (less - target[source]) ** 2 / target[source]
        just_moved = step - moved_at[groups] <= min(3, len(groups) - 1)
        best = np.lexsort((off.sum(axis=1), loss - gain, just_moved))[0]
        group = groups[best]
        part_of[group], moved_at[group] = part, step
        for place, sign in ((source[best], -1), (part, 1)):
            n_groups[place] += sign * has_class[group]
            n_rows[place] += sign * counts[group]
        missing = n_groups == 0
        weight += missing
        if not missing.any():
            return part_of
    return None


def _exhaustive_search(first: Array, has_class: Array, n_parts: int) -> Array | None:
    """Try all divisions; None if none has every class in every part, or it takes too long.

    The pair of part and class with the fewest groups to choose from is filled first. Sets of groups
    are the bits of integers.
    """
    members = [sum(1 << int(g) for g in np.flatnonzero(column)) for column in has_class.T]
    placed: dict[int, int] = {}
    budget = MAX_PAIRS

    def fill(free: int, allowed: list[int], pairs: list[tuple[int, int]]) -> bool:
        nonlocal budget
        budget -= len(pairs)
        if not pairs:
            return True
        if budget < 0 or _too_few_groups(free, pairs, members):
            return False
        part, name = min(
            pairs, key=lambda pair: (free & allowed[pair[0]] & members[pair[1]]).bit_count()
        )
        choice = free & allowed[part] & members[name]
        allowed = [*allowed]
        while choice:
            group = choice & -choice
            rest = [(p, c) for p, c in pairs if p != part or not members[c] & group]
            placed[group] = part
            if fill(free & ~group, allowed, rest):
                return True
            del placed[group]
            choice &= ~group
            allowed[part] &= ~group
        return False

    all_groups = (1 << len(first)) - 1
    pairs = [(p, c) for p in range(n_parts) for c in range(len(members))]
    if not fill(all_groups, [all_groups] * n_parts, pairs):
        return None
    part_of = first.copy()
    for group, part in placed.items():
        part_of[group.bit_length() - 1] = part
    return part_of


def _too_few_groups(free: int, pairs: list[tuple[int, int]], members: list[int]) -> bool:
    """Whether a class has fewer free groups than parts that miss it."""
    missing = Counter(name for _, name in pairs)
    return any((free & members[name]).bit_count() < count for name, count in missing.items())


def _balanced(part_of: Array, counts: Array, target: Array) -> Array:
    """Move single groups as long as that brings the parts nearer to their targets.

    A group that is the only one of a class in its part is not moved.
    """
    has_class, part_of = counts > 0, part_of.copy()
    n_rows = np.zeros(target.shape)
    np.add.at(n_rows, part_of, counts)
    groups = np.arange(len(part_of))
    squares = counts**2 @ (1 / target).T
    for _ in range(MAX_MOVES):
        pull = counts @ (2 * (n_rows - target) / target).T
        change = squares + pull + (squares - pull)[groups, part_of][:, None]
        n_groups = _group_counts(part_of, has_class, len(target))
        only_one = (has_class & (n_groups[part_of] == 1)).any(axis=1)
        change[only_one] = np.inf
        change[groups, part_of] = np.inf
        group, part = np.unravel_index(np.argmin(change), change.shape)
        if not change[group, part] < -1e-9:
            break
        n_rows[part_of[group]] -= counts[group]
        n_rows[part] += counts[group]
        part_of[group] = part
    return part_of
