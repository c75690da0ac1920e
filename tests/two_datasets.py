"""Two datasets whose differences are known, for tests."""

import numpy as np
import pandas as pd

from featkit.evaluation.dataset_rows import DatasetRows
from featkit.table.feature_table import FeatureTable

NAMES = np.array(["ash", "birch", "cedar", "fir", "oak"])


def dataset(
    name,
    *,
    seed,
    groups=40,
    segments=1,
    columns=3,
    shares=(0.5, 0.5),
    between=0.5,
    effect=1.5,
    mixed=False,
    quality=None,
):
    """Return rows of normally distributed features, whose mean depends on the class.

    A share ``between`` of the variance is common to the segments of a group. Each group has one
    class, or segments of all classes if ``mixed``.
    """
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), segments)
    first = np.arange(len(shares))
    drawn = rng.choice(len(shares), len(group) if mixed else groups, p=shares)
    label = np.concatenate([first, drawn[len(first) :]])
    label = label if mixed else label[group]
    X = np.sqrt(between) * rng.normal(size=(groups, columns))[group]
    X += np.sqrt(1 - between) * rng.normal(size=(len(group), columns))
    X += effect * label[:, None]
    paths = np.array([f"{name}{k:04d}.wav" for k in group])
    return rows(name, X, NAMES[label], paths, quality=quality)


def rows(name, X, y, groups, *, quality=None):
    """Return the rows of a dataset with columns ``x0``, ``x1`` and so on."""
    X = np.asarray(X, dtype=np.float64)
    columns = [f"x{k}" for k in range(X.shape[1])]
    data = pd.DataFrame(X, columns=columns)
    data.insert(0, "path", groups)
    for key, values in (quality or {}).items():
        data[f"quality_{key}"] = values
    table = FeatureTable.of(data)
    return DatasetRows(
        name=name,
        table=table,
        columns=columns,
        X=X,
        y=np.asarray(y),
        recordings=np.asarray(groups),
        groups=np.asarray(groups),
    )
