"""Models and explanations to report on, made without training."""

import numpy as np

from featkit.explanation.explanation import Explanation
from featkit.models.classifier import Classifier
from featkit.models.scores import calibration, confusion_matrix, per_class, scores
from featkit.table.feature_table import FeatureTable

HOSTILE_CLASSES = ["__proto__", "<script>alert(1)</script>", '" onload="alert(2)', "plain"]
HOSTILE_PATHS = [
    'a "quoted"\nand broken.wav',
    "<img src=x onerror=alert(3)>.wav",
    "../../etc/passwd",
]
HOSTILE_COLUMN = "</script><script>alert(4)</script>"


def columns(number):
    """Names of columns with something known of most."""
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
    """A model, an explanation of rows that it has not seen, and their table."""
    rng = np.random.default_rng(seed)
    schema = columns(number) + [{"name": name, "unit": ""} for name in extra]
    names, classes = [of["name"] for of in schema], sorted(classes)
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
        schema={of["name"]: of for of in schema},
    )
    model = Classifier(
        pipeline=None,
        name="xgboost",
        classes=classes,
        columns=names,
        provenance={"columns": schema, "versions": {"featkit": "0"}},
        training={
            "settings": {"label": "label", "model": "xgboost", "seed": 0, "group": "it's"},
            "candidate": "xgboost",
            "rows": rows,
            "versions": {"xgboost": "3"},
        },
        scores=_scores(y, P, classes, folds),
    )
    flags = {"clipped": ["no"] * (rows - 1) + ["yes"], "label": y.tolist()}
    return model, explanation, FeatureTable({**keys, **flags}, names, X)


def _scores(y, P, classes, folds):
    said = np.asarray(classes)[np.argmax(P, axis=1)]
    of = scores(y, P, classes, np.arange(len(y)), folds)
    return {
        "protocol": "5 folds by recording",
        "unit": "recording",
        "rows": len(y),
        "judged": len(y),
        "groups": len(y),
        "columns": 6,
        "classes": classes,
        "model": "xgboost",
        "models": {"xgboost": of, "baseline": of},
        "per_class": per_class(y, said, classes),
        "confusion": confusion_matrix(y, said, classes),
        "calibration": calibration(y, P, classes),
        "recordings": of,
        "chosen": {"1": "xgboost"},
        "by_row": {
            "candidate": "xgboost",
            "scores": {name: of[name]["value"] for name in of},
            "honest": {name: of[name]["value"] - 0.1 for name in of},
            "difference": {"accuracy": 0.1, "low": 0.05, "high": 0.15},
        },
        "warnings": ["<b>doubtful</b>"],
    }


def hostile(rows=40):
    """The same, with names that would do harm if they were anything but text."""
    return made(rows=rows, classes=HOSTILE_CLASSES, paths=HOSTILE_PATHS, extra=[HOSTILE_COLUMN])
