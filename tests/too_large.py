"""Tables that do not fit in the memory of a test."""

import numpy as np
import pandas as pd

LIMIT = 1_000_000
"""Bytes of memory for features, of which the tables of `sorted_tones` need more than an eighth."""


def sorted_tones(rows=1050, per_recording=3, classes=("high", "low", "mid"), gaps=0.02, seed=0):
    """Return rows of recordings, sorted by class, which several columns separate in part."""
    rng = np.random.default_rng(seed)
    recording = np.arange(rows) // per_recording
    code = recording * len(classes) // (rows // per_recording)
    X = rng.normal(size=(rows, 16)) + 0.4 * code[:, None]
    X[:, :2][rng.random((rows, 2)) < gaps] = np.nan
    data = pd.DataFrame(X, columns=[f"f{k}" for k in range(16)])
    data.insert(0, "path", [f"{k * 7919 % 10007:05d}.wav" for k in recording])
    data.insert(1, "label", np.array(classes, dtype=object)[code])
    return data


def score(result, metric="accuracy"):
    """Return a score of the named model of a training."""
    return result.scores["models"][result.evaluation.model][metric]["value"]


def stored(result, path):
    """Return the bytes of the model file of a training."""
    result.model.save(path)
    return path.read_bytes()
