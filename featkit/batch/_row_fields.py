"""Fields and frequency bands of rows, and failures of annotations, as the recordings give them now.

They are not stored: after a change of labels, no recording is analysed again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from featkit.batch._rows import BACKGROUND, Rows
from featkit.datasets.annotated_recordings import background_fields, row_fields
from featkit.datasets.files import Recording
from featkit.errors import AudioError
from featkit.schema import Failure


def fields_of_rows(recording: Recording, rows: Rows) -> Iterator[Mapping[str, str]]:
    """Yield the fields of each row of a recording."""
    if recording.annotations is None or rows.annotations is None:
        yield from [recording.fields] * len(rows)
        return
    for place in rows.annotations.tolist():
        if place == BACKGROUND:
            yield background_fields(recording)
        else:
            yield row_fields(recording, recording.annotations[place])


def has_bands(recordings: Sequence[Recording]) -> bool:
    """Whether any annotation has a frequency band."""
    return any(
        not (math.isnan(annotation.low_hz) and math.isnan(annotation.high_hz))
        for recording in recordings
        for annotation in recording.annotations or ()
    )


def row_bands(recording: Recording, rows: Rows) -> Iterator[tuple[float, float]]:
    """Yield the frequency band of each row of a recording in Hz; NaN where there is none."""
    if recording.annotations is None or rows.annotations is None:
        yield from [(math.nan, math.nan)] * len(rows)
        return
    for place in rows.annotations.tolist():
        annotation = None if place == BACKGROUND else recording.annotations[place]
        yield (annotation.low_hz, annotation.high_hz) if annotation else (math.nan, math.nan)


def interval_failures(recording: Recording, rows: Rows) -> Iterator[Failure]:
    """Yield a failure for each annotation without rows; its message begins with file and line."""
    annotations = recording.annotations or ()
    for place, stage, message in rows.failures:
        location = annotations[place].location
        message = f"{location}: {message}" if location else message
        yield Failure(recording.path, stage, AudioError.__name__, message)
