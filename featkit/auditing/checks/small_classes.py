"""Classes with too few recordings or groups for the planned split.

The planned split is the published one, or the folds of a training: by group, or by recording
without groups. A class needs a group in each fold that is made. Each training part of a published
split needs every class that its test part has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from featkit._utils.formatting import counted, plural
from featkit._utils.typing import Array
from featkit.auditing.check import Check
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.issue import Issue, Place
from featkit.models.outer_folds import N_FOLDS
from featkit.models.problem import group_texts, group_unit, name_list
from featkit.models.splits import PART_SYNONYMS, TEST, TRAIN, VALIDATION, groups_per_class
from featkit.table.missing_values import without_missing_words

FEW_RECORDINGS = 10
"""Below this, the 95 % interval of a recall of 0.5 is wider than 0.2 to 0.8 (binomial)."""

FEW_GROUPS = N_FOLDS
"""Below this, a class has no group in some of the default folds."""

MAX_PLACES = 100
"""Recordings that an issue lists."""


def _run(dataset: AuditedDataset) -> Iterator[Issue]:
    labels = without_missing_words(dataset.texts(dataset.label))[0]
    rows = np.flatnonzero(labels != "")
    if not len(rows):
        return
    y, names = labels[rows], dataset.row_names[rows]
    units, unit = names, "recording"
    if dataset.group is not None:
        units = group_texts(dataset.table, dataset.group)[rows]
        unit = group_unit(dataset.group)
    counts = groups_per_class(y, units)
    if dataset.split is not None:
        issues = _published_parts(dataset.texts(dataset.split)[rows], y, names)
    elif dataset.fold is not None:
        issues = _published_folds(dataset.texts(dataset.fold)[rows], y, names)
    else:
        issues = _made_folds(dataset, counts, unit, y, names)
    yield from issues
    severe = {name for one in issues if one.severity == "high" for name in one.evidence["classes"]}
    recordings = groups_per_class(y, names)
    few = [
        name
        for name in counts
        if name not in severe and (recordings[name] < FEW_RECORDINGS or counts[name] < FEW_GROUPS)
    ]
    if few:
        sizes = {name: counted(recordings[name], "recording") for name in few}
        if unit != "recording":
            sizes = {name: f"{sizes[name]} of {counted(counts[name], unit)}" for name in few}
        listed = name_list([f"{name!r} ({size})" for name, size in sizes.items()])
        yield _issue(
            "few recordings",
            "low",
            f"the scores of {counted(len(few), 'class', 'classes')} are uncertain, since"
            f" {'it has' if len(few) == 1 else 'they have'} few recordings: {listed}",
            _add_recordings(unit),
            few,
            y,
            names,
            {
                "unit": unit,
                "class_recordings": [recordings[name] for name in few],
                "groups": [counts[name] for name in few],
            },
        )


def _made_folds(
    dataset: AuditedDataset, counts: dict[str, int], unit: str, y: Array, names: Array
) -> list[Issue]:
    """Classes that folds by group would not divide, so that a training refuses them."""
    folds = int(dataset.training_arguments.get("folds") or N_FOLDS)
    short = {name: n for name, n in counts.items() if n < folds}
    if not short:
        return []
    missing = {name: folds - n for name, n in short.items()}
    total = sum(missing.values())
    return [
        _issue(
            "too few groups" if unit != "recording" else "too few recordings",
            "high",
            f"{_classes(short)} fewer {plural(unit)} than the {folds} folds of a training, which"
            f" refuses such classes: {_listed(short, unit)}; {counted(total, unit)}"
            f" {'is' if total == 1 else 'are'} missing",
            f"{_add_recordings(unit)}, choose fewer folds, or leave the class out",
            short,
            y,
            names,
            {
                "unit": unit,
                "folds": folds,
                "groups": list(short.values()),
                "missing": list(missing.values()),
            },
        )
    ]


def _published_parts(parts: Array, y: Array, names: Array) -> list[Issue]:
    """Classes that the training part, or the test part, of a published split lacks."""
    issues = []
    words = [word.strip().lower() for word in parts.tolist()]
    parts = np.array([PART_SYNONYMS.get(word, word) for word in words])
    training = set(y[np.isin(parts, [TRAIN, VALIDATION])].tolist())
    test = set(y[parts == TEST].tolist())
    unseen, untested = sorted(test - training), sorted(training - test)
    if unseen:
        one = _issue(
            "class without training recordings",
            "high",
            f"{_classes(unseen)} no training recordings in the published split, so that a training"
            f" refuses the split: {name_list([*map(repr, unseen)])}",
            "leave the class out, or split in another way",
            unseen,
            y,
            names,
        )
        issues.append(one)
    if untested:
        one = _issue(
            "class without test recordings",
            "medium",
            f"{_classes(untested)} no test recordings in the published split, so that no score"
            f" covers {'it' if len(untested) == 1 else 'them'}:"
            f" {name_list([*map(repr, untested)])}",
            "leave the class out, or split in another way",
            untested,
            y,
            names,
        )
        issues.append(one)
    return issues


def _published_folds(folds: Array, y: Array, names: Array) -> list[Issue]:
    """Classes that occur in one published fold only, or not in all."""
    issues = []
    counts = groups_per_class(y, folds)
    total = len(set(folds.tolist()))
    single = [name for name, n in counts.items() if n == 1]
    if single:
        one = _issue(
            "class in one fold",
            "high",
            f"{_classes(single)} recordings in one published fold only, so that no model can learn"
            f" the class when this fold is tested: {name_list([*map(repr, single)])}",
            "leave the class out, or split in another way",
            single,
            y,
            names,
        )
        issues.append(one)
    some = {name: n for name, n in counts.items() if 1 < n < total}
    if some:
        one = _issue(
            "class missing from folds",
            "low",
            f"{_classes(some)} no recordings in some of the {total} published folds:"
            f" {name_list([f'{name!r} (in {n})' for name, n in some.items()])}",
            "compare scores over all folds, not fold by fold",
            some,
            y,
            names,
            {"folds": total, "present": list(some.values())},
        )
        issues.append(one)
    return issues


def _classes(names: Sequence[str] | dict[str, int]) -> str:
    return f"{counted(len(names), 'class has', 'classes have')}"


def _listed(counts: dict[str, int], unit: str) -> str:
    return name_list([f"{name!r} ({counted(count, unit)})" for name, count in counts.items()])


def _add_recordings(unit: str) -> str:
    return "add recordings" if unit == "recording" else f"add recordings of other {plural(unit)}"


def _issue(
    kind: str,
    severity: str,
    message: str,
    remedy: str,
    classes: Sequence[str] | dict[str, int],
    y: Array,
    names: Array,
    evidence: dict[str, object] | None = None,
) -> Issue:
    paths = dict.fromkeys(names[np.isin(y, list(classes))].tolist())
    return Issue(
        check="small_classes",
        kind=kind,
        severity=severity,
        message=message,
        remedy=remedy,
        places=tuple(Place(path) for path in list(paths)[:MAX_PLACES]),
        evidence={"classes": list(classes), "recordings": len(paths), **(evidence or {})},
    )


CHECK = Check(
    name="small_classes",
    title="Classes that are too small",
    description="Classes with too few recordings or groups for the split of a training.",
    order=71,
    run=_run,
    needs=("label",),
)
