"""The inputs of a prediction by kind: a table, paths, or recordings in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from featkit.errors import ParameterError
from featkit.table.arrow import is_frame
from featkit.table.feature_table import FeatureTable
from featkit.table.table_files import is_table

if TYPE_CHECKING:
    Path = str | os.PathLike[str]

WHICH = (
    "a model predicts from a FeatureTable, a DataFrame, a path, a pair (y, sr) of samples and"
    " sample rate, a binary file object with a sound file, or a list of paths, pairs or files"
)


class PredictedInputs(NamedTuple):
    """The inputs of a prediction; one of the fields is used.

    Attributes
    ----------
    table : FeatureTable, DataFrame, path or None
        A table, or its file.
    paths : list of path
        Sound files and folders.
    recordings : list of (str, object)
        Names of recordings in memory, which differ from one another; and pairs ``(y, sr)`` or
        binary file objects.
    """

    table: Any = None
    paths: Sequence[Path] = ()
    recordings: Sequence[tuple[str, Any]] = ()


def predicted_inputs(inputs: Any) -> PredictedInputs:
    """Sort out the inputs of a prediction.

    Parameters
    ----------
    inputs : object
        As for `featkit.Model.predict`.

    Returns
    -------
    PredictedInputs

    Raises
    ------
    ParameterError
        If they are of another kind, or of several kinds.
    """
    if isinstance(inputs, FeatureTable) or is_frame(inputs):
        return PredictedInputs(inputs)
    is_one = isinstance(inputs, str | os.PathLike) or _is_recording(inputs)
    several = isinstance(inputs, Iterable) and not is_one
    if hasattr(inputs, "__array__"):
        raise ParameterError(f"{WHICH}; got an array without its sample rate: give (y, sr)")
    items = list(inputs) if several else [inputs]
    in_memory = [*map(_is_recording, items)]
    if items and all(in_memory):
        return PredictedInputs(recordings=_named(items))
    for item, is_recording in zip(items, in_memory, strict=True):
        if is_recording:
            raise ParameterError("give paths, or recordings in memory, but not both")
        if not isinstance(item, str | os.PathLike):
            raise ParameterError(f"{WHICH}; got a {type(item).__name__}")
    if not any(map(is_table, items)):
        return PredictedInputs(paths=items)
    if len(items) > 1:
        raise ParameterError("give one table alone, or sound files")
    return PredictedInputs(items[0])


def _is_recording(item: Any) -> bool:
    """Whether it is a pair of samples and rate, or a file object."""
    if isinstance(item, tuple) and len(item) == 2:
        return not isinstance(item[0], str | os.PathLike | tuple) and not hasattr(item[0], "read")
    return hasattr(item, "read") and not isinstance(item, os.PathLike)


def _named(items: Sequence[Any]) -> list[tuple[str, Any]]:
    """Names of recordings in memory: of a file object its own, otherwise the place in the list."""
    names: list[str] = []
    for k, item in enumerate(items):
        own = getattr(item, "name", None)
        kind = "file" if hasattr(item, "read") else "clip"
        name = own if isinstance(own, str) and own else f"{kind} {k}"
        names.append(f"{name} [{k}]" if name in names else name)
    return [*zip(names, items, strict=True)]
