"""Divisions in which every part has every class, where groups hold several classes.

Dealing out groups one by one can leave a class out of a part, though another division would not.
Such a division is looked for by moving single groups: always one that brings a missing class, and
rather one that takes no other away; what stays missing for long weighs more from step to step
(Morris, "The breakout method for escaping from local minima", AAAI 1993). Of few groups, all
divisions are tried after that.
"""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array

STEPS = 6000
"""Groups that are moved at most."""

FEW = 300
"""Groups of which all divisions are tried."""

TRIED = 300_000
"""Pairs of part and class that are looked at, at most, when all divisions are tried."""


def cover(part_of: Array, counts: Array, wanted: Array) -> Array:
    """The part of each group, so that every part has every class, if such a division is found.

    Parameters
    ----------
    part_of : array of int, shape ``(groups,)``
        A first division. If every part has every class, it is the answer.
    counts : array, shape ``(groups, classes)``
        Rows of each class in each group.
    wanted : array, shape ``(parts, classes)``
        Rows of each class that each part should have.

    Returns
    -------
    array of int, shape ``(groups,)``
        The first division, if none is found: but if a class is in one part only there, and in
        several of another division, that one, for otherwise nothing could be learnt of the class.
    """
    has = counts > 0
    if _present(part_of, has, len(wanted)).all():
        return part_of
    moved, complete = _by_moving(part_of, counts, wanted)
    if not complete:
        tried = _by_trying(part_of, has, len(wanted)) if len(has) <= FEW else None
        if tried is None:
            spread = [
                _present(each, has, len(wanted)).sum(axis=0).min() for each in (part_of, moved)
            ]
            return moved if spread[0] < 2 <= spread[1] else part_of
        moved = tried
    return _balanced(moved, counts, wanted)


def _present(part_of: Array, has: Array, parts: int) -> Array:
    """How many groups of each class each part has, ``(parts, classes)``."""
    present = np.zeros((parts, has.shape[1]), dtype=np.intp)
    np.add.at(present, part_of, has.astype(np.intp))
    return present


def _by_moving(first: Array, counts: Array, wanted: Array) -> tuple[Array, bool]:
    """The division with the fewest classes missing that was met, and whether none is missing."""
    has, part_of = counts > 0, first.copy()
    present, held = _present(part_of, has, len(wanted)), np.zeros(wanted.shape)
    np.add.at(held, part_of, counts)
    weight, moved_at = np.ones(wanted.shape), np.full(len(first), -STEPS)
    best, fewest = first, int((present == 0).sum())
    for step in range(STEPS):
        missing = present == 0
        part, name = np.unravel_index(np.argmax(weight * missing), missing.shape)
        groups = np.flatnonzero(has[:, name])
        from_ = part_of[groups]
        gain = has[groups] @ (weight[part] * missing[part])
        loss = (has[groups] * weight[from_] * (present[from_] == 1)).sum(axis=1)
        more, less = held[part] + counts[groups], held[from_] - counts[groups]
        off = (more - wanted[part]) ** 2 / wanted[part] + (less - wanted[from_]) ** 2 / wanted[
            from_
        ]
        waits = step - moved_at[groups] <= min(3, len(groups) - 1)
        chosen = np.lexsort((off.sum(axis=1), loss - gain, waits))[0]
        group, source = groups[chosen], from_[chosen]
        part_of[group], moved_at[group] = part, step
        for place, sign in ((source, -1), (part, 1)):
            present[place] += sign * has[group]
            held[place] += sign * counts[group]
        missing = present == 0
        weight += missing
        if (left := int(missing.sum())) < fewest:
            best, fewest = part_of.copy(), left
        if not fewest:
            break
    return best, not fewest


def _by_trying(first: Array, has: Array, parts: int) -> Array | None:
    """A division in which every part has every class; None if there is none, or it takes long.

    Of the pairs of part and class that are missing, the one with the fewest groups that could be
    moved there is filled first. Sets of groups are the bits of numbers.
    """
    members = [sum(1 << int(g) for g in np.flatnonzero(column)) for column in has.T]
    placed: dict[int, int] = {}
    left = TRIED

    def fill(free: int, allowed: list[int], pairs: list[tuple[int, int]]) -> bool:
        nonlocal left
        left -= len(pairs)
        if not pairs:
            return True
        if left < 0 or _short(free, pairs, members):
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

    everyone = (1 << len(first)) - 1
    pairs = [(p, c) for p in range(parts) for c in range(len(members))]
    if not fill(everyone, [everyone] * parts, pairs):
        return None
    found = first.copy()
    for group, part in placed.items():
        found[group.bit_length() - 1] = part
    return found


def _short(free: int, pairs: list[tuple[int, int]], members: list[int]) -> bool:
    """Whether a class has fewer groups left than parts that miss it."""
    missing: dict[int, int] = {}
    for _, name in pairs:
        missing[name] = missing.get(name, 0) + 1
    return any((free & members[name]).bit_count() < count for name, count in missing.items())


def _balanced(part_of: Array, counts: Array, wanted: Array) -> Array:
    """The division with single groups moved as long as parts come nearer to what they should have.

    Nothing is moved that is the only group of one of its classes in its part.
    """
    has, part_of = counts > 0, part_of.copy()
    held = np.zeros(wanted.shape)
    np.add.at(held, part_of, counts)
    groups = np.arange(len(part_of))
    squares = counts**2 @ (1 / wanted).T
    for _ in range(STEPS):
        pull = counts @ (2 * (held - wanted) / wanted).T
        change = squares + pull + (squares - pull)[groups, part_of][:, None]
        alone = (has & (_present(part_of, has, len(wanted))[part_of] == 1)).any(axis=1)
        change[alone] = np.inf
        change[groups, part_of] = np.inf
        group, part = np.unravel_index(np.argmin(change), change.shape)
        if not change[group, part] < -1e-9:
            break
        held[part_of[group]] -= counts[group]
        held[part] += counts[group]
        part_of[group] = part
    return part_of
