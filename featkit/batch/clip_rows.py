"""Rows of recordings in memory, as a batch computes them of files with the same samples.

Nothing is stored, and no process is started. An encoded file in memory is written to a temporary
file, since decoders read files; memory does not grow with its length.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import IO, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.audio.excerpt import Excerpt
from featkit.audio.interval_reading import cut, cut_in_memory
from featkit.audio.loading import Loaded, Measured, Stream, loaded, opening
from featkit.audio.rates import check_target_sr
from featkit.audio.source import from_array
from featkit.batch.analysis import Analysis
from featkit.dsp.disk_array import Clip
from featkit.errors import AudioError
from featkit.schema import ANNOTATED, Failure
from featkit.storage.scratch import scratch_folder
from featkit.table.feature_table import FeatureTable

PIECE = 2**20
"""Bytes of an encoded file that are copied at a time."""


class ClipRows:
    """Analysis of clips in memory; several threads may use it.

    Parameters
    ----------
    analysis : Analysis
        The values to compute.
    excerpt : Excerpt
        The part of each clip, and its segments.
    provenance : mapping
        Provenance of the tables.
    """

    def __init__(self, analysis: Analysis, excerpt: Excerpt, provenance: Mapping[str, Any]) -> None:
        check_target_sr(analysis.sample_rate)
        self._analysis = analysis
        self._excerpt = analysis.needed(excerpt)
        origin = {name: value for name, value in provenance.items() if name != ANNOTATED}
        self._empty = FeatureTable({}, [], np.empty((0, 0)), origin)

    def rate_warning(self, sr: float) -> str:
        """Return a warning for clips of a low sample rate.

        Parameters
        ----------
        sr : float
            Sample rate in Hz.

        Returns
        -------
        str
            "" if the rate is high enough.
        """
        return self._analysis.rate_warning(sr)

    def segments(self, name: str, y: Any, sr: float) -> list[tuple[Clip, float]]:
        """Mix and resample a clip, and cut it as the training data were cut.

        Parameters
        ----------
        name : str
            Name of the clip in error messages.
        y : array, shape ``(samples,)`` or ``(channels, samples)``
            Samples.
        sr : float
            Sample rate in Hz.

        Returns
        -------
        list of (array of float32, float)
            Samples of each segment, ``(samples,)``, and their rate.

        Raises
        ------
        AudioError
            If it has no samples, samples that are not finite, or too few for a segment; or the
            sample rate is out of range.
        """
        samples, info = from_array((y, sr), name, self._excerpt)
        sound = loaded(samples, info, self._analysis.sample_rate, self._excerpt)
        segments = cut_in_memory(sound, name, self._excerpt)
        return [(sound.y if part is None else part, sound.sr) for *_, part in segments]

    def table(self, segments: Sequence[tuple[Clip, float]]) -> FeatureTable:
        """Compute the rows of segments, stack by stack.

        Parameters
        ----------
        segments : sequence of (array of float32, float)
            Samples and their rate in Hz, of any clips.

        Returns
        -------
        FeatureTable
            A row for each segment, without keys. It depends on this segment alone, to the bit.
        """
        values = np.concatenate([self._analysis.layout.empty, *self._analysis.values(segments)])
        return self._analysis.filled(self._empty, values)

    def recordings(self, sources: Sequence[tuple[str, Any]]) -> tuple[FeatureTable, list[Failure]]:
        """Compute the table of recordings in memory.

        Parameters
        ----------
        sources : sequence of (str, object)
            Name of each recording, for the column ``path``; and a pair of samples and sample rate
            in Hz, or a binary file object that holds an encoded sound file.

        Returns
        -------
        table : FeatureTable
            A row for each segment, with the keys ``path``, ``start`` and ``end``.
        failures : list of Failure
            Recordings that could not be read.
        """
        paths: list[str] = []
        times, values, failures = [np.empty((0, 2))], [self._analysis.layout.empty], []
        for name, source in sources:
            try:
                own_times, own_values = self._rows(name, source)
            except Exception as error:
                failures.append(_failure(name, error))
                continue
            paths += [name] * len(own_times)
            times.append(own_times)
            values.append(own_values)
        start, end = np.concatenate(times).T
        keys = {"path": paths, "start": start, "end": end}
        table = replace(self._empty, keys=keys)
        return self._analysis.filled(table, np.concatenate(values)), failures

    def _rows(self, name: str, source: Any) -> tuple[Array, Array]:
        """Start and end of each segment in seconds, and its values."""
        ends: list[tuple[int, int]] = []
        with self._opened(name, source) as sound:

            def clips() -> Iterator[tuple[Clip, float]]:
                for start, end, clip, _ in cut(sound, name, self._excerpt):
                    ends.append((start, end))
                    yield clip, sound.sr

            parts = [*self._analysis.values(clips())]
        seconds = self._excerpt.offset + np.array(ends, dtype=np.float64) / sound.sr
        return seconds, np.concatenate(parts)

    @contextlib.contextmanager
    def _opened(self, name: str, source: Any) -> Iterator[Loaded | Measured | Stream]:
        sr, excerpt = self._analysis.sample_rate, self._excerpt
        if not hasattr(source, "read"):
            samples, info = from_array(source, name, excerpt)
            yield loaded(samples, info, sr, excerpt)
            return
        suffix = PurePath(name).suffix  # decoders of some formats need it
        with scratch_folder() as folder:
            file = folder / f"sound{suffix if suffix[1:].isalnum() else ''}"
            with file.open("wb") as copy:
                _copy(name, source, copy)
            with opening(file, sr=sr, excerpt=excerpt) as sound:
                yield sound


def _copy(name: str, source: Any, copy: IO[bytes]) -> None:
    try:
        shutil.copyfileobj(source, copy, PIECE)
    except TypeError:
        raise AudioError(name, "open", "the file object must give bytes, not text") from None
    except (OSError, ValueError) as error:  # a ValueError if it is closed
        raise AudioError(name, "open", str(error)) from None


def _failure(name: str, error: Exception) -> Failure:
    if isinstance(error, AudioError):
        return Failure(name, error.stage, AudioError.__name__, error.cause)
    return Failure(name, "features", type(error).__name__, str(error))
