"""Tags of the recordings of a dataset as columns, one text for each row."""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array
from featkit.auditing.dataset import AuditedDataset

MEASURE = "tags"
"""Measure that reads the tags."""


def tag_columns(dataset: AuditedDataset) -> dict[str, Array]:
    """Return the tags of the recordings.

    Parameters
    ----------
    dataset : AuditedDataset
        With the measure ``tags``.

    Returns
    -------
    dict of str to array of str, shape ``(rows,)``
        By name of the tag; "" where a recording does not have it. Tags that no recording has are
        left out.
    """
    of_paths: dict[str, dict[str, str]] = {}
    for path, values in dataset.measure(MEASURE).items():
        for name, text in zip(values["name"].tolist(), values["text"].tolist(), strict=True):
            of_paths.setdefault(name, {})[path] = text
    rows = dataset.row_names.tolist()
    return {
        name: np.array([texts.get(path, "") for path in rows], dtype=object)
        for name, texts in sorted(of_paths.items())
    }
