"""Datasets to audit, for tests: tables of features without sound."""

import numpy as np

from featkit.auditing.check import CHECKS
from featkit.auditing.dataset import AuditedDataset
from featkit.table.feature_table import FeatureTable


def voices(groups=20, takes=6, classes=("dog", "cat"), *, seed=0, columns=8, apart=2.0, **more):
    """Recordings of speakers who differ more than the classes do; each has one class.

    `more` holds further keys and attributes of the dataset.
    """
    rng = np.random.default_rng(seed)
    speaker = np.repeat(np.arange(groups), takes)
    y = np.array(classes)[speaker % len(classes)]
    X = apart * rng.standard_normal((groups, columns))[speaker]
    X += rng.standard_normal((len(speaker), columns))
    order = rng.permutation(len(speaker))
    keys = {
        "path": np.array([f"{k:04d}.wav" for k in rng.permutation(len(speaker))], dtype=object),
        "label": y[order].astype(object),
    }
    return dataset(keys, X[order], **more), np.array([f"s{k:02d}" for k in speaker[order]])


def dataset(keys, X, *, quality=None, label="label", **attributes):
    """An audited dataset of keys and features."""
    names = [f"f{k}" for k in range(X.shape[1])]
    table = FeatureTable(keys, names, X, quality=quality or {})
    return AuditedDataset("dataset", table, label=label, **attributes)


def with_tags(data, **columns):
    """The tags of the recordings of a dataset, as the measure ``tags`` gives them."""
    measured = {}
    for row, path in enumerate(data.row_names.tolist()):
        own = {name: str(texts[row]) for name, texts in columns.items() if texts[row]}
        tags = {"name": np.array([*own], dtype=str), "text": np.array([*own.values()], dtype=str)}
        measured[path] = {"tags": tags}
    return measured


def issues_of(check, data):
    """The issues of one check."""
    return list(CHECKS[check].run(data))


def one_issue(check, data):
    """The only issue of a check."""
    (issue,) = issues_of(check, data)
    return issue
