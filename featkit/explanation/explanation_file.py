"""The file of an explanation, ``.fke``; see `featkit.storage.archive` for the format."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ModelError
from featkit.explanation.explanation import Explanation, MemberExplanation
from featkit.models.label_decision import LabelDecision
from featkit.models.serialization import from_dict, to_dict
from featkit.models.task import REGRESSION, TASKS
from featkit.storage.archive import (
    UNUSABLE,
    Archive,
    named_errors,
    read_archive,
    store,
    stored,
    write_archive,
)

MAGIC = b"featkit explanation 1\n"
"""Kind and version of the file."""

ARRAYS = (
    *("values", "base", "output", "X", "error", "usual", "normalized"),
    *("probabilities", "y", "folds", "learnt", "lines", "costs"),
)
"""Attributes that are arrays, or None."""

TEXTS = ("scale", "meaning", "method", "task")

LISTS = ("columns", "classes", "notes")
"""Attributes that are lists of texts."""

MAX_DEPTH = 3
"""Levels of members of ensembles; a member has none itself."""


def write_explanation(explanation: Explanation, path: str | os.PathLike[str]) -> None:
    """Write an explanation atomically.

    Parameters
    ----------
    explanation : Explanation
        The explanation.
    path : path
        The file.

    Raises
    ------
    WriteError
        If the file cannot be written.
    """
    arrays: dict[str, Array] = {}
    write_archive(path, MAGIC, Archive(_document(explanation, "", arrays), arrays))


def _document(explanation: Explanation, prefix: str, arrays: dict[str, Array]) -> dict[str, Any]:
    stored_arrays = {
        name: store(getattr(explanation, name), f"{prefix}{name}", arrays) for name in ARRAYS
    }
    keys = [
        {"name": name, "cells": store(column, f"{prefix}keys/{k}", arrays)}
        for k, (name, column) in enumerate(explanation.keys.items())
    ]
    members = [
        {
            "name": member.name,
            "weight": float(member.weight),
            "explanation": _document(member.explanation, f"{prefix}members/{k}/", arrays),
        }
        for k, member in enumerate(explanation.members)
    ]
    return {
        **stored_arrays,
        **{name: getattr(explanation, name) for name in TEXTS},
        **{name: list(getattr(explanation, name)) for name in LISTS},
        "keys": keys,
        "members": members,
        "rows_there": int(explanation.rows_there),
        "schema": {name: dict(column) for name, column in explanation.schema.items()},
        "decision": None if explanation.decision is None else to_dict(explanation.decision),
    }


def load_explanation(path: str | os.PathLike[str]) -> Explanation:
    """Read an explanation; nothing in the file is executed.

    Parameters
    ----------
    path : path
        A file that `Explanation.save` wrote.

    Returns
    -------
    Explanation

    Raises
    ------
    ModelError
        If it is not such a file, or is truncated, altered or malicious.
    """
    try:
        archive = read_archive(path, MAGIC, "explanation")
        try:
            return _explanation(archive.document, archive)
        except UNUSABLE as error:
            raise ModelError(f"not a usable explanation: {error!s:.200}") from None
    except ModelError as error:
        raise named_errors(path, error) from None


def _explanation(document: Mapping[str, Any], archive: Archive, depth: int = 0) -> Explanation:
    if depth >= MAX_DEPTH:
        raise ValueError("its members have members")
    for name in TEXTS:
        _check_text(name, document[name])
    for name in LISTS:
        _check_texts(name, document[name])
    if document["task"] not in TASKS:
        raise ValueError(f"this version of featkit has no task {document['task']!r:.40}")
    if type(document["rows_there"]) is not int:
        raise ValueError("the number of its rows is not a number")
    decision = document["decision"]
    explanation = Explanation(
        **{name: stored(document[name], archive) for name in ARRAYS},
        **{name: document[name] for name in (*TEXTS, *LISTS)},
        keys={own["name"]: stored(own["cells"], archive) for own in document["keys"]},
        members=[
            MemberExplanation(
                _check_text("name of a member", own["name"]),
                float(own["weight"]),
                _explanation(own["explanation"], archive, depth + 1),
            )
            for own in document["members"]
        ],
        rows_there=document["rows_there"],
        schema=_schema(document["schema"]),
        decision=None if decision is None else from_dict(LabelDecision, decision, name="decision"),
    )
    _check_shapes(explanation)
    return explanation


def _check_text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} is not a text")
    return value


def _check_texts(name: str, values: Any) -> None:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{name} is not a list of texts")


def _schema(data: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(data, dict) or not all(isinstance(column, dict) for column in data.values()):
        raise ValueError("the descriptions of its columns are no dictionaries")
    return data


def _check_shapes(explanation: Explanation) -> None:
    """Refuse arrays that do not fit together, and numbers in place of texts."""
    rows, columns = len(explanation.probabilities), len(explanation.columns)
    classes = len(explanation.classes)
    whole, outputs, inputs = (rows, columns, classes), (rows, classes), (rows, columns)
    shapes = {"values": whole, "error": whole, "base": outputs, "output": outputs}
    shapes |= {"probabilities": outputs, "X": inputs, "normalized": inputs}
    shapes |= {"usual": (2, classes, columns), "costs": (classes, classes)}
    shapes |= dict.fromkeys(("y", "folds", "learnt", "lines"), (rows,))
    optional = {"error", "normalized", "usual", "costs", "y", "learnt", "lines"}
    is_text = {"folds"} if explanation.task == REGRESSION else {"folds", "y"}
    for name, shape in shapes.items():
        array = getattr(explanation, name)
        if array is None and name in optional:
            continue
        if np.shape(array) != shape or (array.dtype.kind in "OU") != (name in is_text):
            raise ValueError(f"{name} does not fit the rows, columns and classes")
    for name, column in explanation.keys.items():
        if not isinstance(name, str) or np.shape(column) != (rows,):
            raise ValueError("its keys do not fit the rows")
    if explanation.decision is not None:
        explanation.decision.check(classes)
