"""Tables of recordings with labels that are right, wrong or without meaning, for tests."""

import numpy as np
import pandas as pd

from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.labels import label_predictions
from featkit.table.feature_table import FeatureTable


def labelled(rows=120, classes=("cat", "dog", "owl"), columns=8, distance=4.0, seed=0):
    """Return a DataFrame of recordings whose features are about `distance` apart by class."""
    rng = np.random.default_rng(seed)
    label = np.array(classes)[np.arange(rows) % len(classes)]
    centres = {name: rng.normal(size=columns) for name in classes}
    X = rng.normal(size=(rows, columns))
    X += [distance * centres[name] / np.linalg.norm(centres[name]) for name in label]
    data = pd.DataFrame(X, columns=[f"mfcc_{k}_mean" for k in range(1, columns + 1)])
    data.insert(0, "path", [f"{k:03}.wav" for k in range(rows)])
    data["label"] = label
    return data


def audited(data, *, keys=(), **columns):
    """Return the audited dataset of a DataFrame."""
    names = [name for name in columns.values() if isinstance(name, str)]
    table = FeatureTable.of(data, keys=[*names, *keys])
    return AuditedDataset("data", table, **{"label": "label", **columns})


def paths(issue):
    """Return the recordings of an issue."""
    return [place.path for place in issue.places]


def predict_labels_fast(monkeypatch, folds=4):
    """Let labels be predicted by one estimator that is fast, in few folds."""
    monkeypatch.setattr(label_predictions, "SMALL", ("logistic",))
    monkeypatch.setattr(label_predictions, "SMALL_FOLDS", folds)
