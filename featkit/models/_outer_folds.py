"""Who teaches, who judges: the outer splits that score, and the inner ones that choose.

What chooses a model or its parameters lies wholly inside what teaches, so that nothing is chosen on
what scores it (Cawley and Talbot, J. Machine Learning Research 11, 2010).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ParameterError, TableError
from featkit.models.problem import Problem, check_complete, texts
from featkit.models.splits import (
    OTHER_NAMES,
    TEST,
    TRAIN,
    VALIDATION,
    GroupFolds,
    GroupHoldout,
    by_fold,
    by_part,
    deal,
    groups_of_classes,
    in_order,
    least_groups,
)
from featkit.table.missing_words import without_missing

FOLDS = 5
INNER_FOLDS = 3

Split = tuple[Array, Array]


@dataclass(frozen=True, eq=False)
class Round:
    """One outer split: rows that teach, rows that judge, and the splits that choose.

    The round that makes the final model has nobody to judge it.
    """

    name: str
    train: Array
    test: Array
    inner: list[Split]


@dataclass(frozen=True, eq=False)
class Plan:
    """The rounds that are scored, and the one that makes the final model of all it may see.

    A published one may keep together what the table does not tell.
    """

    rounds: list[Round]
    final: Round
    protocol: str
    published: bool


def make_plan(
    problem: Problem,
    *,
    fold: str | None = None,
    folds: int | None = None,
    split: str | None = None,
    shares: Sequence[float] | None = None,
    tuned: bool = True,
    seed: int = 0,
) -> Plan:
    """Divide a problem: by one of four ways, or, left out, into `FOLDS` folds.

    Parameters
    ----------
    problem : Problem
        What is divided.
    fold : str, optional
        A column of published folds.
    folds : int, optional
        Number of folds to make, of whole groups.
    split : str, optional
        A column of ``train``, ``test`` and, if there is one, ``validation``.
    shares : sequence of float, optional
        Of train, validation and test.
    tuned : bool
        Whether something is chosen, and inner splits are needed.
    seed : int
        Of the splits that are made.

    Raises
    ------
    ParameterError
        If two ways are asked for, or a class has too few groups for one.
    TableError
        If a group is on both sides of a published split.
    """
    ways = {"fold": fold, "folds": folds, "split": split, "shares (--ratio)": shares}
    asked = [name for name, value in ways.items() if value is not None]
    if len(asked) > 1:
        raise ParameterError(f"choose one way to split: got {' and '.join(asked)}")
    if fold is not None:
        plan = _by_fold_column(problem, fold, tuned=tuned, seed=seed)
    elif split is not None:
        parts = _published_parts(problem, split)
        rounds, final = _by_parts(problem, parts, tuned=tuned, seed=seed)
        plan = Plan(rounds, final, f"column {split!r}", published=True)
    elif shares is not None:
        parts = GroupHoldout(shares, seed=seed).parts(problem.y, problem.groups)
        rounds, final = _by_parts(problem, parts, tuned=tuned, seed=seed)
        ratio = "/".join(f"{share:g}" for share in shares)
        plan = Plan(rounds, final, f"{ratio} by {problem.unit}", published=False)
    else:
        made = FOLDS if folds is None else folds
        plan = _by_made_folds(problem, made, tuned=tuned, seed=seed)
    _check_taught(problem, plan)
    return plan


def _check_taught(problem: Problem, plan: Plan) -> None:
    """Refuse a round that judges what nothing has taught."""
    for of in plan.rounds:
        taught = set(problem.y[of.train].tolist())
        if untaught := sorted(set(problem.y[of.test].tolist()) - taught):
            raise ParameterError(
                f"class {untaught[0]!r} is in {of.name!r} of {plan.protocol} only: nothing could"
                " teach it there; remove the rows of the class, or split otherwise"
            )
        if len(taught) < 2:
            raise ParameterError(f"{of.name!r} of {plan.protocol} leaves one class to learn from")


def plan_by_row(problem: Problem, plan: Plan, *, seed: int = 0) -> list[Round]:
    """The rounds of a split that divides groups, as large as the plan's: for comparison only.

    No rounds where rows are all there is to divide, rows are divided already, or a class has too
    few.
    """
    rows = np.arange(len(problem))
    alone = len(set(problem.groups.tolist())) == len(problem)
    fewest = least_groups(problem.y, rows)
    if (alone and not plan.published) or problem.divided or fewest < 2:
        return []
    if len(plan.rounds) == 1:
        taught, judged = len(plan.rounds[0].train), len(plan.rounds[0].test)
        splits = GroupHoldout((taught, judged), seed=seed).split(None, problem.y, rows)
    else:
        splits = GroupFolds(min(len(plan.rounds), fewest), seed=seed).split(None, problem.y, rows)
    return [Round(str(k + 1), train, test, []) for k, (train, test) in enumerate(splits)]


def _by_fold_column(problem: Problem, fold: str, *, tuned: bool, seed: int) -> Plan:
    names = _column(problem, fold)
    order = in_order(names)
    if len(order) < 2:
        raise ParameterError(f"column {fold!r} has one fold, {order[0]!r}: at least two are needed")

    def inner(rows: Array) -> list[Split]:
        if not tuned:
            return []
        if len(set(names[rows].tolist())) < 2:
            return _inner(problem, rows, seed)
        splits = [(rows[train], rows[test]) for train, test in by_fold(_merged(names[rows]))]
        return _teachable(problem, splits)

    rounds = [
        Round(name, train, test, inner(train))
        for name, (train, test) in zip(order, by_fold(names), strict=True)
    ]
    everything = np.arange(len(problem))
    final = Round("all", everything, everything[:0], inner(everything))
    return Plan(rounds, final, f"{len(order)} folds of column {fold!r}", published=True)


def _merged(names: Array) -> Array:
    """Published folds put together to `FOLDS` of about equal size, if there are more.

    One by one, the fits that choose would grow with the square of the folds.
    """
    if len(set(names.tolist())) <= FOLDS:
        return names
    return deal(np.zeros(len(names)), names, np.full(FOLDS, 1 / FOLDS), seed=0).astype(np.str_)


def _by_made_folds(problem: Problem, folds: int, *, tuned: bool, seed: int) -> Plan:
    splits = GroupFolds(folds, seed=seed).split(None, problem.y, problem.groups)
    rounds = [
        Round(str(k + 1), train, test, _inner(problem, train, seed) if tuned else [])
        for k, (train, test) in enumerate(splits)
    ]
    everything = np.arange(len(problem))
    inner = _inner(problem, everything, seed) if tuned else []
    final = Round("all", everything, everything[:0], inner)
    return Plan(rounds, final, f"{folds} folds by {problem.unit}", published=False)


def _by_parts(
    problem: Problem, parts: Array, *, tuned: bool, seed: int
) -> tuple[list[Round], Round]:
    ((train, test),) = by_part(parts)
    validation = parts[train] == VALIDATION
    if not tuned:
        inner: list[Split] = []
    elif validation.any():
        inner = _teachable(problem, [(train[~validation], train[validation])])
    else:
        inner = _inner(problem, train, seed)
    final = Round("train", train, test[:0], inner)
    return [Round("test", train, test, inner)], final


def _inner(problem: Problem, rows: Array, seed: int) -> list[Split]:
    """Splits among some rows only, by as many folds as the rarest class has groups for."""
    y, groups = problem.y[rows], problem.groups[rows]
    folds = min(INNER_FOLDS, least_groups(y, groups))
    if folds < 2:
        counts = groups_of_classes(y, groups)
        rarest = min(counts, key=lambda name: counts[name])
        raise ParameterError(
            f"class {rarest!r} has too few groups ({problem.unit}) to choose a model by, within the"
            " folds: name a model, such as svm, or remove the rows of the class"
        )
    splits = GroupFolds(folds, seed=seed).split(None, y, groups)
    return _teachable(problem, [(rows[train], rows[test]) for train, test in splits])


def _teachable(problem: Problem, splits: Sequence[Split]) -> list[Split]:
    """The splits by which candidates can be compared: on classes that are taught in them."""
    found = []
    for train, test in splits:
        taught = np.unique(problem.y[train])
        judged = test[np.isin(problem.y[test], taught)]
        if len(taught) > 1 and len(judged):
            found.append((train, judged))
    if not found:
        raise ParameterError(
            "within the folds there are not two classes to choose a model by: name a model, such as"
            " svm, or split in another way"
        )
    return found


def _published_parts(problem: Problem, split: str) -> Array:
    """Train, validation or test for each row."""
    given = [name.strip().lower() for name in _column(problem, split).tolist()]
    parts = np.array([OTHER_NAMES.get(name, name) for name in given])
    if other := sorted(set(parts.tolist()) - {TRAIN, VALIDATION, TEST}):
        raise ParameterError(
            f"column {split!r} must say train, validation or test, and says {other[0]!r}, too;"
            " a column of folds is named as fold"
        )
    for part in (TRAIN, TEST):
        if part not in parts:
            raise ParameterError(f"column {split!r} says {part!r} of no row")
    return parts


def _column(problem: Problem, name: str) -> Array:
    """A column of a published split, which must divide no group, unless rows are divided anyway."""
    values, missing = without_missing(texts(problem.table, name))
    check_complete(problem.table, name, values, "every row must be in a part", missing)
    if not problem.divided:
        _check_whole(name, values, "recording", problem.recordings)
        _check_whole(name, values, problem.unit, problem.groups)
    return values


def _check_whole(name: str, values: Array, unit: str, groups: Array) -> None:
    """Refuse a published split that divides a group."""
    part_of: dict[str, str] = {}
    for group, value in zip(groups.tolist(), values.tolist(), strict=True):
        if part_of.setdefault(group, value) != value:
            raise TableError(
                f"column {name!r} divides the {unit} {group!r}: it is in {part_of[group]!r} and in"
                f" {value!r}, and would be on both sides of the split; to have it so, split by row"
            )
