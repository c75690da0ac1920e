"""The file of the result of a training, ``.fkr``: scores, predictions, efforts and the model.

See `featkit.storage.archive` for the format. The model is a whole model file, which is checked like
any other. Scores are checked against their types, and belong to the model.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from featkit._utils.typing import Array
from featkit.errors import ModelError
from featkit.models.fit_summary import Effort
from featkit.models.model import Model
from featkit.models.model_file import model_bytes, model_of
from featkit.models.result import Result
from featkit.models.serialization import from_dict, to_dict
from featkit.models.task import TASKS
from featkit.storage.archive import (
    UNUSABLE,
    Archive,
    named_errors,
    read_archive,
    store,
    stored,
    write_archive,
)

if TYPE_CHECKING:
    import pandas as pd

MAGIC = b"featkit result 1\n"
"""Kind and version of the file."""

MODEL = "model.fk"

DTYPES = {"object", "str", "bool", "int64", "float64"}
"""Types of the columns of predictions."""


def write_result(result: Result, path: str | os.PathLike[str]) -> None:
    """Write the result of a training atomically.

    Parameters
    ----------
    result : Result
        The result.
    path : path
        The file.

    Raises
    ------
    ModelError
        If the model is larger than a model file can be.
    WriteError
        If the file cannot be written.
    """
    arrays: dict[str, Array] = {}
    document = {
        "scores": to_dict(result.evaluation),
        "effort": {name: list(effort) for name, effort in result.effort.items()},
        "predictions": [
            _column(str(name), result.predictions[name], f"predictions/{k}", arrays)
            for k, name in enumerate(result.predictions.columns)
        ],
    }
    parts = {MODEL: model_bytes(result.model)}
    write_archive(path, MAGIC, Archive(document, arrays, parts))


def _column(name: str, column: pd.Series[Any], key: str, arrays: dict[str, Array]) -> Any:
    dtype = str(column.dtype)
    cells = column.to_numpy() if column.dtype.kind in "bif" else column.to_numpy(dtype=object)
    return {"name": name, "dtype": dtype, "cells": store(cells, key, arrays)}


def read_result(path: str | os.PathLike[str]) -> Result:
    """Read the result of a training; nothing in the file is executed.

    Parameters
    ----------
    path : path
        A file that `write_result` wrote.

    Returns
    -------
    Result
        Its model takes tables; `featkit.load_result` adds sound.

    Raises
    ------
    ModelError
        If it is not such a file, or is truncated, altered or malicious.
    """
    try:
        archive = read_archive(path, MAGIC, "result")
        if MODEL not in archive.parts:
            raise ModelError("not a usable result: it has no model")
        model = model_of(archive.parts[MODEL])
        try:
            return _result(archive, model)
        except UNUSABLE as error:
            raise ModelError(f"not a usable result: {error!s:.200}") from None
    except ModelError as error:
        raise named_errors(path, error) from None


def _result(archive: Archive, model: Model) -> Result:
    document = archive.document
    evaluation: Any = from_dict(
        TASKS[model.task].evaluation_type, document["scores"], name="scores"
    )
    evaluation.check()
    if list(evaluation.classes) != list(model.classes):
        raise ValueError("its scores belong to other classes")
    return Result(
        evaluation, model, _predictions(document["predictions"], archive), _efforts(document)
    )


def _efforts(document: Mapping[str, Any]) -> dict[str, Effort]:
    return {
        str(name): Effort(*(float(number) for number in numbers))
        for name, numbers in document["effort"].items()
    }


def _predictions(columns: Any, archive: Archive) -> pd.DataFrame:
    import pandas as pd

    series = {}
    for column in columns:
        if column["dtype"] not in DTYPES:
            raise ValueError(f"its predictions have a column of type {column['dtype']!r:.40}")
        cells = stored(column["cells"], archive)
        if cells is None or cells.ndim != 1:
            raise ValueError("a column of its predictions is not a list")
        series[str(column["name"])] = pd.Series(cells, dtype=column["dtype"])
    if len({len(own) for own in series.values()}) != 1:
        raise ValueError("the columns of its predictions have different lengths")
    return pd.DataFrame(series)
