"""What a model file says beside its pipeline, and what of it is refused when it is read.

Whoever reads a card later, such as the report, relies on it: every text is a text, every number a
number, and the training can be made again in a time that its own rows bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from featkit.errors import ModelError
from featkit.models.classifier import Classifier
from featkit.models.estimator import estimator, names
from featkit.models.scores import METRICS
from featkit.models.settings import Settings
from featkit.models.training_sample import read_reference

CARRIED = tuple(field.name for field in fields(Classifier) if field.name != "pipeline")

MOST_SAID = 200
"""Letters of what another's error says, or a file: some of them may be the file's."""

NUMBER = (int, float)
PERHAPS = (int, float, type(None))


class Each:
    """A table of values of one shape, whatever their names."""

    def __init__(self, shape: Any) -> None:
        self.shape = shape


METRIC = {"value": NUMBER, "std": PERHAPS, "low": NUMBER, "high": NUMBER, "folds": Each(NUMBER)}
ALL_METRICS = dict.fromkeys(METRICS, METRIC)
VALUES = dict.fromkeys(METRICS, NUMBER)

CLASS = {
    "class": str,
    "precision": PERHAPS,
    "recall": PERHAPS,
    "f1": PERHAPS,
    "support": int,
    "predicted": int,
}

BY_ROW = {
    "candidate": str,
    "honest": VALUES,
    "scores": VALUES,
    "difference": {"accuracy": NUMBER, "low": NUMBER, "high": NUMBER},
}

LIKELY_GROUP = {
    "group": str,
    "column": str,
    "groups": int,
    "rows": int,
    "unit": str,
    "why": str,
}

BY_GROUP = {
    "group": str,
    "unit": str,
    "groups": int,
    "protocol": str,
    "candidate": str,
    "own": VALUES,
    "scores": VALUES,
    "difference": {"accuracy": NUMBER, "low": NUMBER, "high": NUMBER},
    "commonest": NUMBER,
}

CALIBRATION = {
    "brier": NUMBER,
    "expected_error": NUMBER,
    "reliability": [
        {"from": NUMBER, "to": NUMBER, "rows": int, "confidence": NUMBER, "accuracy": NUMBER}
    ],
    "classes": [
        {
            "class": str,
            "probability": NUMBER,
            "share": NUMBER,
            "expected_error": NUMBER,
            "brier": NUMBER,
        }
    ],
    "classwise_error": NUMBER,
}

SCORES = {
    "protocol": str,
    "unit": str,
    "rows": int,
    "groups": int,
    "columns": int,
    "judged": int,
    "classes": [str],
    "model": str,
    "models": Each(ALL_METRICS),
    "per_class": [CLASS],
    "confusion": [[int]],
    "calibration": CALIBRATION,
    "chosen": Each(str),
    "warnings": [str],
}
"""See `featkit.models.result.Result`; of what may be None, `PERHAPS_SCORED`."""

PERHAPS_SCORED = {
    "recordings": ALL_METRICS,
    "by_row": BY_ROW,
    "likely_groups": [LIKELY_GROUP],
    "by_group": BY_GROUP,
}

TRAINING = {
    "candidate": str,
    "kept": {"name": str, "parameters": Each((str, *NUMBER))},
    "unit": str,
    "protocol": str,
    "rows": int,
    "digest": str,
    "versions": Each(str),
}
"""See `featkit.models.result.origin`; `Settings` and `read_reference` look at the rest."""


def check_card(card: Any) -> None:
    """Refuse a card that is none.

    Raises
    ------
    ModelError
        That says what is wrong with it.
    """
    if not isinstance(card, dict) or set(card) != set(CARRIED):
        raise ModelError("its description lacks something, or has more than it should")
    for name in ("classes", "columns"):
        if not fits(card[name], [str]):
            raise ModelError(f"its {name} are not a list of names")
        if not card[name] or len(set(card[name])) < len(card[name]):
            raise ModelError(f"its {name} are none, or have a name twice")
    if card["classes"] != sorted(card["classes"]) or len(card["classes"]) < 2:
        raise ModelError("its classes are fewer than two, or not in order")
    for name in ("provenance", "training", "scores"):
        if not isinstance(card[name], dict):
            raise ModelError(f"its {name} are not a table of values")
    if card["name"] not in names():
        raise ModelError(
            f"it is of an estimator that this version does not know: {card['name']!r:.{MOST_SAID}}"
        )
    _check_provenance(card["provenance"])
    _check_training(card)
    _check_scores(card["scores"], card["classes"])


def fits(value: Any, shape: Any) -> bool:
    """Whether plain data have a shape.

    That is a type or several, a list with the shape of its members, a table with the shapes of what
    stands in it under some names, or `Each`. No truth value is a number.
    """
    if isinstance(shape, Each):
        return isinstance(value, dict) and all(fits(each, shape.shape) for each in value.values())
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(
            name in value and fits(value[name], of) for name, of in shape.items()
        )
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(each, shape[0]) for each in value)
    return isinstance(value, shape) and not isinstance(value, bool)


def _check_provenance(provenance: Mapping[str, Any]) -> None:
    if not fits(provenance.get("columns", []), [{"name": str, "unit": str}]):
        raise ModelError("its columns have names or units that are not texts")
    if "feature_set" in provenance:
        described = provenance["feature_set"]
        if not isinstance(described, dict) or not {"name", "version"} <= set(described):
            raise ModelError("its feature set has no name or no version")
        if not isinstance(provenance.get("fingerprint"), str):
            raise ModelError("its feature set has no fingerprint")


def _check_training(card: Mapping[str, Any]) -> None:
    training = card["training"]
    settings = Settings.of(training)
    held = read_reference(training, len(card["classes"]), len(card["columns"]))
    if not fits(training, TRAINING):
        raise ModelError("it does not say how it came about: train it again")
    if settings.folds is not None and settings.folds > len(held.rows):
        raise ModelError("it was trained by more folds than it had rows")
    kept, grid = training["kept"], estimator(card["name"]).grid
    if kept["name"] != card["name"] or any(
        value not in grid.get(name, ()) for name, value in kept["parameters"].items()
    ):
        raise ModelError("it is of another candidate than its estimator has: train it again")


def _check_scores(scores: Mapping[str, Any], classes: list[str]) -> None:
    if not scores:  # it was not trained by `featkit.train`
        return
    told = [name for name in PERHAPS_SCORED if scores.get(name) is not None]
    shape = {**SCORES, **{name: PERHAPS_SCORED[name] for name in told}}
    if not fits(scores, shape) or scores["model"] not in scores["models"]:
        raise ModelError("its scores are not those of a training")
    calibrated = scores["calibration"]["classes"]
    counts = {len(classes), len(scores["confusion"]), *map(len, scores["confusion"])}
    of = ([each["class"] for each in at] for at in (scores["per_class"], calibrated))
    if scores["classes"] != classes or any(each != classes for each in of) or len(counts) > 1:
        raise ModelError("its scores are of other classes than its own")
