"""Models and explanations for tests of reports and figures, made without training."""

import re

import numpy as np

from featkit.explanation.explanation import Explanation
from featkit.models.curves import evaluate_curves
from featkit.models.estimator import Candidate
from featkit.models.model import Model
from featkit.models.reliability import calibration
from featkit.models.score_types import (
    METRICS,
    AccuracyDifference,
    Evaluation,
    MetricValues,
    RowSplit,
)
from featkit.models.scores import class_scores, confusion_matrix, model_scores
from featkit.models.settings import Settings
from featkit.models.training_metadata import TrainingMetadata
from featkit.models.training_sample import TrainingSample
from featkit.table.feature_table import FeatureTable

HOSTILE_CLASSES = ["__proto__", "<script>alert(1)</script>", '" onload="alert(2)', "plain"]
HOSTILE_PATHS = [
    'a "quoted"\nand broken.wav',
    "<img src=x onerror=alert(3)>.wav",
    "../../etc/passwd",
]
HOSTILE_COLUMN = "</script><script>alert(4)</script>"


def columns(number):
    """Descriptions of columns."""
    kinds = [("mfcc", "dB"), ("spectral_centroid", "Hz"), ("tempo", "BPM")]
    return [
        {
            "name": f"{family}_{k}_mean",
            "family": family,
            "descriptor": family,
            "index": str(k),
            "statistic": "mean",
            "unit": unit,
            "definition": f"{family} number {k}",
            "reference": "nobody 2020",
        }
        for k in range(number)
        for family, unit in [kinds[k % 3]]
    ]


def made(rows=40, number=6, classes=("a", "b", "c"), paths=None, extra=(), seed=0):
    """A model, an explanation of its test rows, and their table."""
    rng = np.random.default_rng(seed)
    schema = columns(number) + [{"name": name, "unit": ""} for name in extra]
    names, classes = [column["name"] for column in schema], sorted(classes)
    y = np.array([classes[k % len(classes)] for k in range(rows)])
    X = rng.normal(size=(rows, len(names))) * 1000
    X[0, 0] = np.nan
    values = (
        rng.normal(size=(rows, len(names), len(classes))) / (1 + np.arange(len(names)))[:, None]
    )
    values[:, :, :] += (y[:, None, None] == np.array(classes)) * 0.5
    base = np.zeros((rows, len(classes)))
    output = base + values.sum(axis=1)
    P = np.exp(output - output.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    path = np.array([(paths or [f"{k:04d}.wav"])[k % len(paths or [0])] for k in range(rows)])
    if not paths:
        path = np.array([f"{k:04d}.wav" for k in range(rows)])
    keys = {"path": path, "start": np.zeros(rows), "end": np.full(rows, 2.0)}
    folds = np.array([str(k % 5 + 1) for k in range(rows)])
    explanation = Explanation(
        values=values,
        base=base,
        output=output,
        scale="log odds",
        X=X,
        columns=names,
        classes=classes,
        probabilities=P,
        y=y,
        keys=keys,
        folds=folds,
        method="made up",
        rows_there=rows,
        schema={column["name"]: column for column in schema},
    )
    model = Model(
        pipeline=None,
        name="xgboost",
        classes=classes,
        columns=names,
        provenance={"columns": schema, "versions": {"featkit": "0"}},
        training_metadata=TrainingMetadata(
            settings=Settings(label="label", model="xgboost", group="it's"),
            candidate="xgboost",
            kept=Candidate("xgboost"),
            chosen={},
            unit="recording",
            protocol="5 folds by recording",
            rows=rows,
            digest="",
            sample=TrainingSample(X, np.zeros((2, len(classes), len(names))), [], [], []),
            versions={"xgboost": "3"},
        ),
        evaluation=evaluation(y, P, classes, folds),
    )
    flags = {"clipped": ["no"] * (rows - 1) + ["yes"], "label": y.tolist()}
    return model, explanation, FeatureTable({**keys, **flags}, names, X)


def evaluation(y, P, classes, folds):
    """Scores of some probabilities."""
    answer = np.asarray(classes)[np.argmax(P, axis=1)]
    scores = model_scores(y, P, classes, np.arange(len(y)), folds)
    values = {name: scores[name].value for name in METRICS}
    return Evaluation(
        protocol="5 folds by recording",
        unit="recording",
        rows=len(y),
        scored_rows=len(y),
        groups=len(y),
        columns=6,
        classes=classes,
        model="xgboost",
        models={"xgboost": scores, "baseline": scores},
        per_class=class_scores(y, answer, classes),
        confusion=confusion_matrix(y, answer, classes),
        calibration=calibration(y, P, classes),
        recordings=scores,
        chosen={"1": "xgboost"},
        by_row=RowSplit(
            candidate="xgboost",
            grouped=MetricValues(**{name: value - 0.1 for name, value in values.items()}),
            row_wise=MetricValues(**values),
            difference=AccuracyDifference(value=0.1, low=0.05, high=0.15),
        ),
        warnings=["<b>doubtful</b>"],
        curves=evaluate_curves(y, P, classes, np.arange(len(y))),
    )


def hostile(rows=40):
    """The same, with names that are harmful unless they are shown as text."""
    return made(rows=rows, classes=HOSTILE_CLASSES, paths=HOSTILE_PATHS, extra=[HOSTILE_COLUMN])


def plain_text(html):
    """The visible text of a page."""
    text = re.sub(r"<(script|style).*?</\1>", " ", html, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<wbr>|</?span[^>]*>", "", text).replace("\u00a0", " "))
