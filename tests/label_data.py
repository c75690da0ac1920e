"""Tables with a column of several labels, for tests."""

import numpy as np
import pandas as pd

LABELS = ["drums", "guitar", "live"]


def tagged(rows=90, segments=1, seed=0, separator=";"):
    """Return recordings with any of three labels, each of which raises a column of its own."""
    rng = np.random.default_rng(seed)
    recording = np.repeat(np.arange(rows // segments), segments)
    present = rng.random((rows // segments, 3)) < [0.5, 0.4, 0.3]
    present[np.flatnonzero(~present.any(axis=1)), 0] = True
    present = present[recording]
    X = rng.normal(size=(rows, 5))
    X[:, :3] += 2 * present
    data = pd.DataFrame(X, columns=["a", "b", "c", "d", "e"])
    data.insert(0, "path", [f"{k:03d}.wav" for k in recording])
    sets = [separator.join(np.array(LABELS)[own]) for own in present]
    data.insert(1, "tags", np.array(sets, dtype=object))
    if segments > 1:
        data.insert(1, "start", np.tile(np.arange(segments) * 3.0, rows // segments))
        data.insert(2, "end", data["start"] + 3.0)
    return data


def matrix(cells, labels=LABELS, separator=";"):
    """Return which labels each cell holds."""
    return np.array([[name in cell.split(separator) for name in labels] for cell in cells])
