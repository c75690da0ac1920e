"""Tables with a numeric target, for tests."""

from functools import cache

import numpy as np
import pandas as pd

import featkit
from featkit.models.estimator import pipeline
from featkit.models.model import Model
from featkit.models.regressor import REGRESSORS

FEW_TREES = {"random_forest": {"n_estimators": 10}, "xgboost": {"n_estimators": 10}}


def voices(rows=60, groups=12, seed=0):
    """Three features, some of them missing, a target that depends on two of them, and groups."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 3))
    valence = 100 + 2 * X[:, 0] - X[:, 1] ** 2 + rng.normal(0, 0.3, rows)
    X[::9, 2] = np.nan
    data = pd.DataFrame(X, columns=["pitch", "level", "tilt"])
    data["valence"] = valence
    data["path"] = [f"{k:03d}.wav" for k in range(rows)]
    data["speaker"] = [f"s{k % groups:02d}" for k in range(rows)]
    return data


def features(data):
    return data[["pitch", "level", "tilt"]].to_numpy()


def fitted(name, **parameters):
    """A pipeline that is fitted on all rows of `voices`."""
    made = pipeline(name, estimators=REGRESSORS, **FEW_TREES.get(name, {}) | parameters)
    return made.fit(features(voices()), voices()["valence"].to_numpy())


@cache
def trained(name="ridge", **options):
    """The result of a training with a named model, by speaker."""
    options = {"group": "speaker", "folds": 3, "parameters": FEW_TREES.get(name)} | options
    return featkit.train(voices(), target="valence", model=name, **options)


def with_pipeline(model, made):
    return Model(
        made,
        model.name,
        model.classes,
        model.columns,
        model.provenance,
        model.training_metadata,
        model.evaluation,
        task=model.task,
    )
