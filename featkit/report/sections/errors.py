"""Where the model goes wrong: the third section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from featkit._utils.counting import counted
from featkit.report.words import fixed, of_hundred, percent, quoted

STEPS = 9
"""Shades of a cell."""

LONGEST_HEADS, LONGEST_HEAD = 60, 12
"""Letters of all names of classes, and of one, up to which these head the confusion matrix."""

MOST_NAMED = 6
"""Confusions put into words."""


@dataclass(frozen=True)
class Cell:
    """A cell of the confusion matrix."""

    count: str
    share: str
    shade: str
    said: str


@dataclass(frozen=True)
class ClassErrors:
    """How a class was recognised."""

    name: str
    support: int
    predicted: int
    difference: str
    precision: str
    recall: str
    f1: str


@dataclass(frozen=True)
class Errs:
    """What the section shows."""

    lead: str
    classes: Sequence[str]
    heads: Sequence[str]
    cells: Sequence[Sequence[Cell]]
    totals: Sequence[int]
    confusions: Sequence[str]
    per_class: Sequence[ClassErrors]
    lean: str


def errs(scores: Mapping[str, Any]) -> Errs:
    """The section, of scores as training gives them."""
    classes = [str(name) for name in scores["classes"]]
    counts = np.asarray(scores["confusion"], dtype=int)
    wrong = int(counts.sum() - np.trace(counts))
    return Errs(
        lead=_lead(wrong, int(counts.sum())),
        classes=classes,
        heads=_heads(classes),
        cells=_cells(classes, counts),
        totals=counts.sum(axis=1).tolist(),
        confusions=_confusions(classes, counts),
        per_class=[_class(of) for of in scores["per_class"]],
        lean=_lean(scores["per_class"]),
    )


def _heads(classes: Sequence[str]) -> list[str]:
    """What the columns of the matrix are headed: the classes, or their marks if these are long."""
    lengths = [len(name) for name in classes]
    if sum(lengths) <= LONGEST_HEADS and max(lengths, default=0) <= LONGEST_HEAD:
        return list(classes)
    return [f"#{k}" for k in range(1, len(classes) + 1)]


def _lead(wrong: int, total: int) -> str:
    if not wrong:
        return f"None of {counted(total, 'row')} was given a wrong class."
    were = "was" if wrong == 1 else "were"
    return f"{wrong:,} of {counted(total, 'row')} {were} given a wrong class."


def _cells(classes: Sequence[str], counts: Any) -> list[list[Cell]]:
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return [
        [
            Cell(
                count=str(counts[i, j]) if counts[i, j] else "·",
                share=of_hundred(shares[i, j]) if counts[i, j] else "·",
                shade=_shade(float(shares[i, j]), right=i == j),
                said=_in_words(counts[i, j], counts[i].sum(), true, said),
            )
            for j, said in enumerate(classes)
        ]
        for i, true in enumerate(classes)
    ]


def _in_words(found: int, total: int, true: str, said: str) -> str:
    return f"{found} of {total} {quoted(true)} predicted as {quoted(said)}" if found else ""


def _shade(share: float, *, right: bool) -> str:
    """A class of the style sheet; by the root of the share, so that few errors are seen, too."""
    step = int(np.ceil(np.sqrt(share) * STEPS))
    return f"{'h' if right else 'e'}{step}" if step else "h0"


def _confusions(classes: Sequence[str], counts: Any) -> list[str]:
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_NAMED]
    said = []
    for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True):
        if wrong[i, j]:
            total = counts[i].sum()
            said.append(
                f"{wrong[i, j]} of {total} {quoted(classes[i])} were taken for {quoted(classes[j])}"
                f" ({percent(wrong[i, j] / total)})."
            )
    if more := int(np.sum(wrong > 0)) - len(said):
        said.append(f"The matrix shows {counted(more, 'rarer confusion')}.")
    return said


def _class(of: Mapping[str, Any]) -> ClassErrors:
    more = of["predicted"] - of["support"]
    return ClassErrors(
        name=str(of["class"]),
        support=of["support"],
        predicted=of["predicted"],
        difference=f"+{more}" if more > 0 else f"−{-more}" if more else "0",
        precision=fixed(of["precision"]),
        recall=fixed(of["recall"]),
        f1=fixed(of["f1"]),
    )


def _lean(per_class: Sequence[Mapping[str, Any]]) -> str:
    """Which class is predicted too often, and which too rarely."""
    by = sorted(per_class, key=lambda of: of["predicted"] - of["support"])
    least, most = by[0], by[-1]
    if most["predicted"] == most["support"] and least["predicted"] == least["support"]:
        return "Every class was predicted as often as it is there."
    said = []
    if most["predicted"] > most["support"]:
        said.append(
            f"Predicted most beyond its support is {quoted(most['class'])}:"
            f" {counted(most['predicted'], 'time')}, with {counted(most['support'], 'row')} of it."
        )
    if least["predicted"] < least["support"]:
        said.append(
            f"Predicted most short of it is {quoted(least['class'])}:"
            f" {counted(least['predicted'], 'time')}, with {counted(least['support'], 'row')}."
        )
    return " ".join(said)
