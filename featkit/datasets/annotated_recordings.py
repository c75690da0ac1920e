"""Recordings with annotations: rows of a manifest by file, their fields, and the background.

The fields of a row are those of the recording, and those of the annotation, which take precedence.
A field that has one value in each recording describes recordings, such as their speaker or site;
it also holds for the time between the annotations.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from featkit._utils.parameters import unknown
from featkit.datasets.annotations import Annotation
from featkit.datasets.files import Recording
from featkit.errors import ParameterError

LABEL = "label"
"""The field that holds the label of the background."""

MAX_SHOWN_VALUES = 12


def with_recording_fields(recordings: Sequence[Recording]) -> list[Recording]:
    """Give recordings the fields that have one value in all annotations of each recording.

    Parameters
    ----------
    recordings : sequence of Recording
        The recordings; those without annotations stay as they are.

    Returns
    -------
    list of Recording
        Annotations keep their other fields, and their label.
    """
    annotated = [recording.annotations for recording in recordings if recording.annotations]
    names = dict.fromkeys(name for items in annotated for item in items for name in item.fields)
    shared = [
        name
        for name in names
        if name != LABEL and all(_has_one_value(items, name) for items in annotated)
    ]
    return [_with_shared_fields(recording, shared) for recording in recordings]


def _has_one_value(annotations: Sequence[Annotation], name: str) -> bool:
    return len({annotation.fields.get(name, "") for annotation in annotations}) == 1


def _with_shared_fields(recording: Recording, names: Collection[str]) -> Recording:
    if not recording.annotations:
        return recording
    first, *_ = recording.annotations
    fields = {name: first.fields[name] for name in names if name in first.fields}
    annotations = tuple(
        replace(item, fields={k: v for k, v in item.fields.items() if k not in fields})
        for item in recording.annotations
    )
    return replace(recording, fields={**recording.fields, **fields}, annotations=annotations)


def with_same_fields(recordings: Sequence[Recording]) -> list[Recording]:
    """Give all recordings the same fields, those of all recordings and annotations.

    Parameters
    ----------
    recordings : sequence of Recording

    Returns
    -------
    list of Recording
        "" for missing values.
    """
    names: dict[str, None] = {}
    for recording in recordings:
        names |= dict.fromkeys(recording.fields)
        for annotation in recording.annotations or ():
            names |= dict.fromkeys(annotation.fields)
    return [
        recording
        if list(recording.fields) == [*names]
        else replace(recording, fields={name: recording.fields.get(name, "") for name in names})
        for recording in recordings
    ]


def with_background(recordings: Sequence[Recording], label: Any) -> list[Recording]:
    """Add the time between the annotations of each recording, as a class of its own.

    Parameters
    ----------
    recordings : sequence of Recording
        With the same fields.
    label : str
        The label of the background.

    Returns
    -------
    list of Recording
        With the field ``label``; recordings without annotations have no background.

    Raises
    ------
    ParameterError
        If the label is empty, or no recording has annotations.
    """
    if not isinstance(label, str) or not label.strip():
        raise ParameterError(f"background must be a label, such as 'background', got {label!r}")
    if all(recording.annotations is None for recording in recordings):
        raise ParameterError(
            "background requires annotations: without intervals, no time is between them; give"
            " annotation files, or a manifest with columns start and end"
        )
    return [
        replace(
            recording,
            fields={LABEL: "", **recording.fields},
            background=None if recording.annotations is None else label,
        )
        for recording in recordings
    ]


def select_rows(
    recordings: Sequence[Recording], where: Mapping[str, str | Sequence[str]] | None
) -> list[Recording]:
    """Keep the recordings, or the annotations, whose fields have accepted values.

    Parameters
    ----------
    recordings : sequence of Recording
        With the same fields.
    where : mapping of str to str or sequence of str, optional
        Fields with their allowed values.

    Returns
    -------
    list of Recording
        A recording is dropped with its last annotation. Dropped annotations of the others are
        `excluded`.

    Raises
    ------
    ParameterError
        If a field or a value does not exist, or nothing is left.
    """
    allowed_values: dict[str, list[str]] = {}
    for name, given in (where or {}).items():
        if name not in recordings[0].fields:
            raise ParameterError(f"where: {unknown('column', name, recordings[0].fields)}")
        allowed = [given] if isinstance(given, str) else [str(value) for value in given]
        values = sorted({value for recording in recordings for value in _values(recording, name)})
        for value in allowed:
            if value not in values:
                shown = [*values[:MAX_SHOWN_VALUES], *["…"] * (len(values) > MAX_SHOWN_VALUES)]
                raise ParameterError(f"where: {unknown(f'{name} =', value, shown)}")
        allowed_values[name] = allowed
    if not allowed_values:
        return list(recordings)
    kept = [part for recording in recordings if (part := _selected(recording, allowed_values))]
    if not kept:
        raise ParameterError(f"where: no recording matches all of {dict(where or {})}")
    return kept


def row_fields(recording: Recording, annotation: Annotation | None) -> Mapping[str, str]:
    """Return the fields of a row.

    Parameters
    ----------
    recording : Recording
    annotation : Annotation, optional
        The annotation of the row; None for a whole recording.

    Returns
    -------
    mapping of str to str
    """
    return recording.fields if annotation is None else {**recording.fields, **annotation.fields}


def background_fields(recording: Recording) -> Mapping[str, str]:
    """Return the fields of a row of background.

    Parameters
    ----------
    recording : Recording
        With a background.

    Returns
    -------
    mapping of str to str
        The fields of the recording, and the label of its background.
    """
    return {**recording.fields, LABEL: recording.background or ""}


def _values(recording: Recording, name: str) -> Iterable[str]:
    """The values of a field in all rows of a recording."""
    if recording.annotations is None:
        return [recording.fields[name]]
    return [row_fields(recording, item)[name] for item in recording.annotations]


def _selected(recording: Recording, allowed: Mapping[str, Collection[str]]) -> Recording | None:
    """The rows of a recording with allowed values; None if there are none."""

    def is_allowed(fields: Mapping[str, str]) -> bool:
        return all(fields[name] in values for name, values in allowed.items())

    if not recording.annotations:
        return recording if is_allowed(recording.fields) else None
    kept: list[Annotation] = []
    excluded = list(recording.excluded)
    for annotation in recording.annotations:
        rows = kept if is_allowed(row_fields(recording, annotation)) else excluded
        rows.append(annotation)
    if not kept:
        return None
    return replace(recording, annotations=tuple(kept), excluded=tuple(excluded))
