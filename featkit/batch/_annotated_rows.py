"""Rows of the annotations of a recording, and of the background between them.

Times are rounded to the nearest frame of the file, so that an interval consists of the frames
``round(start * rate)`` to ``round(end * rate)``, without the last, before any resampling. The row
of an interval is that of a file of these frames, to the bit.

An interval fails alone if it is not within its recording, ends before it starts, or is shorter than
a frame of the spectra (`n_fft` samples at the sample rate of the feature set). An end beyond the
end of the recording is accepted up to one frame of the file, or half a unit of the last decimal of
the end, of which there is at least one: an end of 12.3 s may exceed the recording by 0.05 s.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.audio import streams
from featkit.audio.decoding.reader import Reader
from featkit.audio.excerpt import LONGEST, Excerpt
from featkit.audio.interval_reading import Interval, cut, read_intervals
from featkit.audio.quality import Quality
from featkit.batch._rows import BACKGROUND, IntervalFailure, Rows
from featkit.batch.analysis import Analysis
from featkit.datasets.annotations import Annotation
from featkit.datasets.files import Recording
from featkit.dsp.disk_array import Clip
from featkit.errors import AudioError
from featkit.schema import MEASURED_QUALITY

STAGE = "interval"
"""Stage of the failure of an annotation that does not fit its recording."""


class Span(NamedTuple):
    """An interval to analyse.

    Attributes
    ----------
    annotation : int
        Place of its annotation in the recording; `BACKGROUND` for background.
    start, end : float
        Seconds from the beginning of the recording; an infinite end is that of the recording.
    interval : Interval
        The same in frames.
    """

    annotation: int
    start: float
    end: float
    interval: Interval


class FrameLength(NamedTuple):
    """Length of a frame of the spectra, which an interval must have.

    Attributes
    ----------
    n_fft : int
        Samples of a frame.
    sr : float
        Their sample rate in Hz.
    rate : float
        Sample rate of the file in Hz.
    """

    n_fft: int
    sr: float
    rate: float

    def exceeds(self, n_frames: int) -> bool:
        """Whether a frame is longer than some frames of the file after resampling."""
        return math.ceil(n_frames * (self.sr / self.rate)) < self.n_fft

    def __str__(self) -> str:
        return f"{self.n_fft} samples at {self.sr:g} Hz, {1000 * self.n_fft / self.sr:.3g} ms"


class IntervalAnalysis:
    """Cuts the annotations and the background of a recording from the decoded file.

    Parameters
    ----------
    recording : Recording
        With annotations.
    reader : Reader
        Its open file.
    analysis : Analysis
        The values to compute.
    excerpt : Excerpt
        The segments of each interval.

    Attributes
    ----------
    sr : float
        Sample rate of the clips in Hz.
    """

    def __init__(
        self, recording: Recording, reader: Reader, analysis: Analysis, excerpt: Excerpt
    ) -> None:
        self.sr = analysis.sample_rate or reader.rate
        self._annotations = recording.annotations or ()
        self._name, self._reader = recording.file, reader
        self._frame = FrameLength(analysis.n_fft, self.sr, reader.rate)
        self._excerpt = excerpt
        self._failures: dict[int, IntervalFailure] = {}
        self._misplaced = False  # whether an annotation is reversed or outside the recording
        self._spans = [*self._annotated_spans(), *self._background_spans(recording)]
        # Of each clip so far: place of its span, first sample and the one after its last, quality.
        self._parts: list[tuple[int, int, int, Quality]] = []

    @property
    def fits_in_memory(self) -> bool:
        """Whether the clips of all intervals are few enough to be held together."""
        end = self._reader.stated_frames or math.inf
        n_frames = (
            (end if span.interval.last is None else span.interval.last) - span.interval.first
            for span in self._spans
        )
        return sum(n_frames) * self.sr / self._reader.rate <= streams.LONGEST_HELD

    def clips(self) -> Iterator[tuple[Clip, float]]:
        """Decode the file once, and yield the clips with their sample rate.

        A clip on disk must be analysed before the next one is requested.

        Raises
        ------
        AudioError
            If the file cannot be decoded; a problem of one annotation is a failure of its own.
        """
        excerpts = [self._excerpt_of(span) for span in self._spans]
        intervals = [span.interval for span in self._spans]
        pending = {*range(len(self._spans))}
        for place, n_frames, sound in read_intervals(
            self._reader, self._name, self.sr, intervals, excerpts
        ):
            pending.remove(place)
            if self._frame.exceeds(n_frames):
                self._fail(self._spans[place], self._too_short(n_frames))
                continue
            try:
                for start, end, clip, quality in cut(sound, self._name, excerpts[place]):
                    self._parts.append((place, start, end, quality))
                    yield clip, self.sr
            except AudioError as error:
                if error.stage != "segment":
                    raise
                self._fail(self._spans[place], error.cause, error.stage)
        for place in pending:
            self._misplaced |= self._spans[place].annotation != BACKGROUND
            self._fail(self._spans[place], self._outside(self._spans[place]))

    @property
    def order(self) -> Array:
        """Places of the clips in the order of the rows: annotations, then background by time.

        If annotations are misplaced and none is left, they may be of another recording: then there
        is no background.
        """
        order = np.argsort([place for place, *_ in self._parts], kind="stable")
        names = [self._spans[place].annotation for place, *_ in self._parts]
        if self._misplaced and set(names) == {BACKGROUND}:
            return order[:0]
        return order

    def rows(self, values: Array) -> Rows:
        """Return the rows of all clips, in the order of the annotations.

        Parameters
        ----------
        values : array, shape ``(clips, ...)``
            The values of the clips, in the order of `clips`.
        """
        order = self.order
        parts = [self._parts[k] for k in order]
        # Whether the file is truncated is known only at its end.
        truncated = self._reader.truncated
        quality = [q._replace(truncated=truncated) for *_, q in parts]
        times = np.array([self._seconds(*part) for *part, _ in parts], dtype=np.float64)
        start, end = times.reshape(-1, 2).T
        return Rows(
            start=start,
            end=end,
            quality=np.array(quality, dtype=np.float64).reshape(-1, len(MEASURED_QUALITY)),
            values=values[order],
            annotations=np.array([self._spans[k].annotation for k, *_ in parts], dtype=np.intp),
            failures=tuple(self._failures[k] for k in sorted(self._failures)),
        )

    def _annotated_spans(self) -> Iterator[Span]:
        for k, annotation in enumerate(self._annotations):
            interval = as_interval(annotation.start, annotation.end, self._reader.rate)
            if isinstance(interval, str):
                problem, self._misplaced = interval, True
            elif interval.last is not None and self._frame.exceeds(interval.last - interval.first):
                problem = self._too_short(interval.last - interval.first)
            else:
                yield Span(k, annotation.start, annotation.end, interval)
                continue
            self._failures[k] = IntervalFailure(k, STAGE, problem)

    def _background_spans(self, recording: Recording) -> Iterator[Span]:
        if recording.background is None:
            return
        for start, end in gaps([*self._annotations, *recording.excluded]):
            interval = as_interval(start, end, self._reader.rate)
            if isinstance(interval, Interval) and interval.last != interval.first:
                yield Span(BACKGROUND, start, end, interval._replace(slack=interval.last or 0))

    def _excerpt_of(self, span: Span) -> Excerpt:
        """The segments of an interval; background has no shorter last segment."""
        if span.annotation == BACKGROUND and self._excerpt.segment is not None:
            return dataclasses.replace(self._excerpt, segment_tail="drop")
        return self._excerpt

    def _seconds(self, place: int, start: int, end: int) -> tuple[float, float]:
        """Start and end of a part of an interval, after the whole file is decoded."""
        span = self._spans[place]
        if self._excerpt.segment is not None:
            return span.start + start / self.sr, span.start + end / self.sr
        return span.start, min(span.end, self._reader.decoded_frames / self._reader.rate)

    def _fail(self, span: Span, problem: str, stage: str = STAGE) -> None:
        if span.annotation != BACKGROUND:
            self._failures[span.annotation] = IntervalFailure(span.annotation, stage, problem)

    def _too_short(self, n_frames: int) -> str:
        seconds = n_frames / self._reader.rate
        return f"the interval of {seconds:.3g} s is shorter than a frame ({self._frame})"

    def _outside(self, span: Span) -> str:
        seconds = self._reader.decoded_frames / self._reader.rate
        is_after = span.interval.first >= self._reader.decoded_frames
        verb, time = ("starts", span.start) if is_after else ("ends", span.end)
        return (
            f"the interval {verb} at {time:g} s, beyond the end of the recording at {seconds:g} s:"
            " an annotation of another recording?"
        )


def as_interval(start: float, end: float, rate: float) -> Interval | str:
    """Convert times to frames.

    Parameters
    ----------
    start, end : float
        Seconds; an infinite end is that of the recording.
    rate : float
        Sample rate of the file in Hz.

    Returns
    -------
    Interval or str
        A str describes the problem of times that are no interval in any recording.
    """
    if not math.isfinite(start) or math.isnan(end):
        return f"the start and the end must be numbers of seconds, got {start:g} and {end:g}"
    if start < 0:
        return f"the interval starts at {start:g} s, before the beginning of the recording"
    if end < start:
        return f"the interval is reversed: it starts at {start:g} s, and ends at {end:g} s"
    if end == start:
        return f"the interval is empty: it starts and ends at {start:g} s"
    if start > LONGEST:
        return f"the interval starts at {start:g} s, beyond the end of any recording"
    first, last = (round(min(time, LONGEST) * rate) for time in (start, end))
    if end == math.inf:
        return Interval(first, None)
    return Interval(first, last, slack=max(1, math.ceil(_rounding(end) * rate - 1e-6)))


def _rounding(seconds: float) -> float:
    """Half a unit of the last decimal of a time, of which there is at least one."""
    exponent = Decimal(repr(float(seconds))).as_tuple().exponent
    return 0.5 * 10.0 ** min(-1, int(exponent))


def gaps(annotations: Sequence[Annotation]) -> Iterator[tuple[float, float]]:
    """Find the time between annotations, which may overlap.

    Parameters
    ----------
    annotations : sequence of Annotation
        In any order; those that are no intervals are ignored.

    Yields
    ------
    start, end : float
        Seconds; the end of the last one is infinite.
    """
    position = 0.0
    for start, end in sorted(
        (item.start, item.end) for item in annotations if item.start < item.end
    ):
        if start > position:
            yield position, start
        position = max(position, end)
    if position < math.inf:
        yield position, math.inf
