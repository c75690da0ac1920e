"""Tables to learn from, for tests."""

import numpy as np
import pandas as pd

from featkit.models.estimators import random_forest


def few_trees(monkeypatch, count=30):
    """Forests of fewer trees, in this process, for tests that ask nothing of their number."""
    monkeypatch.setattr(random_forest, "TREES", count)


def tones(rows=60, classes=("high", "low", "mid"), seed=0, spread=1.0):
    """Recordings of classes that one of four columns tells apart."""
    rng = np.random.default_rng(seed)
    number = np.arange(rows) % len(classes)
    data = pd.DataFrame(rng.normal(size=(rows, 4)), columns=["pitch", "a", "b", "c"])
    data["pitch"] += 3 / spread * number
    data.insert(0, "path", [f"{k:03d}.wav" for k in range(rows)])
    data.insert(1, "label", np.array(classes, dtype=object)[number])
    return data


def copies(recordings=40, segments=10, seed=0):
    """Segments that are near copies of each other, of recordings that tell nothing of the class."""
    rng = np.random.default_rng(seed)
    song = np.repeat(np.arange(recordings), segments)
    X = rng.normal(size=(recordings, 20))[song] + rng.normal(scale=0.01, size=(len(song), 20))
    data = pd.DataFrame(X, columns=[f"x{k}" for k in range(20)])
    data.insert(0, "path", [f"song{k:03d}.wav" for k in song])
    data.insert(1, "start", np.tile(np.arange(segments) * 3.0, recordings))
    data.insert(2, "end", data["start"] + 3.0)
    data.insert(3, "label", np.where(song % 2, "rock", "jazz"))
    return data
