"""Probable mislabels, by confident learning on out-of-fold probabilities.

Models predict the label of each recording without having learned from its group. At most as many
recordings are reported as the confident joint estimates to be mislabelled: of those that both ways
of `featkit.auditing.labels.confident_learning.find_mislabelled` choose, those whose label is wrong
with some probability (`featkit.auditing.labels.noisy_calibration`). Classes that overlap have many
recordings that models take for another class; only an excess of certain mistakes is evidence of
wrong labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from featkit._utils.formatting import counted, percent
from featkit._utils.typing import Array
from featkit.auditing.check import Check
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.issue import Issue, Place
from featkit.auditing.labels.confident_learning import (
    BOTH,
    best_other,
    confident_joint,
    find_mislabelled,
    label_quality,
)
from featkit.auditing.labels.label_predictions import LabelPredictions

MAX_LISTED = 100
"""Mislabels with an issue of their own; the others are one issue."""

MIN_WRONG = 0.2
"""Least probability that the label is wrong, of an issue."""

CLEARLY_WRONG, CLEAR_PROBABILITY = 0.5, 0.8
"""Least probability that the label is wrong, and that of the suggested class, of a clear mislabel.
"""

SMALL_PROBABILITY = 0.01
"""Probabilities below are not written as numbers."""

N_CONFUSIONS = 3
"""Confusions of labels that a message names."""

REMEDY = "listen to it: the label may be wrong, or the recording unusual for its class"


def _run(dataset: AuditedDataset) -> Iterator[Issue]:
    if dataset.label_error:
        yield _not_checked(dataset.label_error)
        return
    predictions = dataset.label_predictions
    labels, P = predictions.labels, predictions.P
    quality = label_quality(labels, P)
    wrong = np.flatnonzero(find_mislabelled(labels, P, BOTH) & (predictions.wrong >= MIN_WRONG))
    wrong = wrong[np.argsort(quality[wrong], kind="stable")]
    if not len(wrong):
        return
    suggested = best_other(labels, P)
    yield _confusion(predictions, wrong, suggested)
    for row in wrong[:MAX_LISTED].tolist():
        yield _mislabel(predictions, row, int(suggested[row]), float(quality[row]))
    if len(rest := wrong[MAX_LISTED:]):
        yield Issue(
            check="label_errors",
            kind="further mislabels",
            severity="low",
            message=f"{counted(len(rest), 'further recording')} may be mislabelled, less clearly",
            remedy="correct the labels listed first, then repeat the audit",
            places=tuple(predictions.places[row] for row in rest),
            evidence={"recordings": len(rest)},
            certainty=0.0,
        )


def _not_checked(error: str) -> Issue:
    return Issue(
        check="label_errors",
        kind="not checked",
        severity="low",
        message=f"the labels could not be checked: {error}",
        remedy="correct the labels, groups or split",
        evidence={"error": error},
    )


def _mislabel(predictions: LabelPredictions, row: int, other: int, quality: float) -> Issue:
    place, classes, P = predictions.places[row], predictions.classes, predictions.P[row]
    given, suggested = classes[predictions.labels[row]], classes[other]
    wrong = float(predictions.wrong[row])
    is_clear = wrong >= CLEARLY_WRONG and P[other] >= CLEAR_PROBABILITY
    order = np.argsort(-P, kind="stable")[:5]
    return Issue(
        check="label_errors",
        kind="probable mislabel",
        severity="medium" if is_clear else "low",
        message=(
            f"{_name(place)} is labelled {given!r}, but models trained on others predict"
            f" {suggested!r}: probability {_probability(P[other])}, against"
            f" {_probability(quality)} for its label"
        ),
        remedy=REMEDY,
        places=(place,),
        evidence={
            "label": given,
            "suggested": suggested,
            "label_probability": quality,
            "suggested_probability": float(P[other]),
            "probability_wrong": wrong,
            "classes": [classes[k] for k in order],
            "probabilities": [round(float(P[k]), 4) for k in order],
        },
        certainty=wrong,
    )


def _probability(value: float) -> str:
    return f"{value:.2f}" if value >= SMALL_PROBABILITY else f"below {SMALL_PROBABILITY:g}"


def _name(place: Place) -> str:
    if place.start is None or place.end is None:
        return place.path
    return f"{place.path}, {place.start:g} to {place.end:g} s,"


def _confusion(predictions: LabelPredictions, wrong: Array, suggested: Array) -> Issue:
    labels, P, classes = predictions.labels, predictions.P, predictions.classes
    joint = confident_joint(labels, P)
    noise = 1 - joint.trace() / joint.sum()
    pairs = Counter(zip(labels[wrong].tolist(), suggested[wrong].tolist(), strict=True))
    listed = ", ".join(
        f"{count:,} labelled {classes[given]!r} {'looks' if count == 1 else 'look'} like"
        f" {classes[other]!r}"
        for (given, other), count in pairs.most_common(N_CONFUSIONS)
    )
    accuracy = float(np.mean(P.argmax(axis=1) == labels))
    return Issue(
        check="label_errors",
        kind="confusion of labels",
        severity="low",
        message=(
            f"{counted(len(wrong), 'label')} of {len(labels):,} may be wrong: {listed}; the models"
            f" predict {percent(accuracy)} of all labels"
        ),
        remedy=(
            "listen to the recordings listed as probable mislabels, those with the highest"
            " certainty first; if their labels are right, the features confuse these classes"
        ),
        evidence={
            "share": float(noise),
            "recordings": len(wrong),
            "classes": classes,
            "joint": joint.tolist(),
            "accuracy": accuracy,
            "models": predictions.description,
            "left_out": ", ".join(predictions.left_out),
        },
    )


CHECK = Check(
    name="label_errors",
    title="Probable mislabels",
    description=(
        "Recordings whose label differs from what models of the other groups clearly predict"
        " (confident learning)."
    ),
    order=30,
    run=_run,
    needs=("features", "label"),
)
