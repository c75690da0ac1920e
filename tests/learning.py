"""Tables to train on, for tests."""

import dataclasses

import numpy as np
import pandas as pd

import featkit
from featkit.models.estimators import random_forest
from featkit.models.problem import make_problem
from featkit.models.settings import Settings
from featkit.models.task import TASKS
from featkit.table.feature_table import FeatureTable

SMALL_FORESTS = {
    "random_forest": {"n_estimators": 10},
    "ensemble": {"members": [("random_forest", {"n_estimators": 10}, 0.5), ("svm", {}, 0.5)]},
}
"""Parameters of estimators with few trees, also in other processes."""


def few_trees(monkeypatch, count=30):
    """Grow forests of fewer trees in this process, where their number does not matter."""
    monkeypatch.setattr(random_forest, "TREES", count)


def few_estimators(monkeypatch, *names, task="classification"):
    """Let ``auto`` compare these estimators only."""
    few = {name: TASKS[task].estimators[name] for name in names}
    monkeypatch.setitem(TASKS._loaded, task, dataclasses.replace(TASKS[task], estimators=few))


def problem_of(data, **settings):
    """Return the classification problem of a DataFrame with a column ``label``."""
    settings = Settings(**settings)
    return make_problem(FeatureTable.of(data, keys=settings.key_columns), settings)


def accuracy(result, model):
    """Return the accuracy of one of the models of a training."""
    return result.scores["models"][model]["accuracy"]["value"]


def noise(rows=90, columns="abc", seed=0):
    """Return normally distributed features without classes."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(rows, len(columns))), columns=list(columns))


def tones(rows=60, classes=("high", "low", "mid"), seed=0, spread=1.0):
    """Return recordings whose classes one of four columns separates."""
    number = np.arange(rows) % len(classes)
    data = noise(rows, ["pitch", "a", "b", "c"], seed)
    data["pitch"] += 3 / spread * number
    data.insert(0, "path", [f"{k:03d}.wav" for k in range(rows)])
    data.insert(1, "label", np.array(classes, dtype=object)[number])
    return data


def copies(recordings=40, segments=10, seed=0):
    """Return segments that are near copies of recordings, whose features are independent of class.

    Only a row-wise split predicts their classes.
    """
    rng = np.random.default_rng(seed)
    song = np.repeat(np.arange(recordings), segments)
    X = rng.normal(size=(recordings, 20))[song] + rng.normal(scale=0.01, size=(len(song), 20))
    data = pd.DataFrame(X, columns=[f"x{k}" for k in range(20)])
    data.insert(0, "path", [f"song{k:03d}.wav" for k in song])
    data.insert(1, "start", np.tile(np.arange(segments) * 3.0, recordings))
    data.insert(2, "end", data["start"] + 3.0)
    data.insert(3, "label", np.where(song % 2, "rock", "jazz"))
    return data


def people(count=40, takes=4, seed=0, spread=0.3):
    """Return takes of people, the person and the number of each take.

    The takes of one person resemble each other; each person is either well or sick.
    """
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(count), takes)
    voices = rng.normal(size=(count, 6))[person] + spread * rng.normal(size=(len(person), 6))
    data = pd.DataFrame(voices, columns=[f"v{k}" for k in range(6)])
    data["label"] = np.where(rng.permutation(count)[person] % 2, "sick", "well")
    return data, person, np.tile(np.arange(1, takes + 1), count)


def file_names(person, take):
    """Return names of recordings whose stem is the person."""
    return [f"phon_S{p:02d}_{t}" for p, t in zip(person, take, strict=True)]


def trained(data, model, **settings):
    """Train on a table, and return the result and the table."""
    table = FeatureTable.of(data, keys=[settings["group"]] if "group" in settings else [])
    return featkit.train(table, model=model, **settings), table


def speakers(count=5, takes=24, seed=0):
    """Return recordings of speakers, whose offsets and scales hide the differences of classes."""
    rng = np.random.default_rng(seed)
    speaker = np.repeat(np.arange(count), takes)
    label = np.tile(np.arange(takes) % 2, count)
    X = rng.normal(size=(len(speaker), 4))
    X[:, 0] += 3 * label
    X = X * rng.uniform(0.5, 2, size=(count, 4))[speaker]
    X += rng.normal(scale=10, size=(count, 4))[speaker]
    data = pd.DataFrame(X, columns=["pitch", "a", "b", "c"])
    paths = [f"s{s}/s{s}_{k:03d}.wav" for k, s in enumerate(speaker)]
    data.insert(0, "path", paths)
    data.insert(1, "label", np.where(label, "loud", "calm"))
    data.insert(2, "speaker", [f"s{s}" for s in speaker])
    return data
