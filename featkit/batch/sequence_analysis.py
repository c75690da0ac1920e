"""The analysis of sequences: frame-level descriptors of each clip."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from featkit._utils.data_sizes import data_size
from featkit._utils.typing import Array
from featkit.audio.excerpt import Excerpt
from featkit.batch._row_layouts import SequenceLayout, object_array
from featkit.batch._rows import Rows
from featkit.batch.targets import SequenceFolder
from featkit.dsp.disk_array import Clip
from featkit.errors import ParameterError
from featkit.features.sequences.analysis import (
    ClipSequences,
    analyse_sequences,
    padded,
    padding_values,
)
from featkit.features.sequences.sequence_set import SequenceSet
from featkit.features.sets.entries import Entry
from featkit.table.feature_table import FeatureTable
from featkit.table.sequences.folder import check_sequence_target
from featkit.table.sequences.sequences import SequenceArray, Sequences

BLOCK_BYTES = 2**25
"""Bytes of the sequences of a table (32 MB), but at least one row."""


MAX_CLIP_BYTES = 900_000_000
"""Most bytes of the sequences of a clip: SQLite stores up to 1 GB of a recording."""


@dataclass(frozen=True)
class SequenceAnalysis:
    """Sequences of a sequence set; see `featkit.batch.analysis.Analysis`.

    Attributes
    ----------
    sequence_set : SequenceSet
        The sequence set.
    frames : mapping of str to int
        Frames of the kinds whose number the set does not state; those that are missing get as many
        as the longest recording has.
    """

    sequence_set: SequenceSet
    frames: Mapping[str, int] = field(default_factory=dict)

    @property
    def sample_rate(self) -> float | None:
        """Sample rate in Hz; None keeps the rate of each recording."""
        return self.sequence_set.sample_rate

    @property
    def n_fft(self) -> int:
        """Samples of a frame."""
        return self.sequence_set.spectra.n_fft

    def rate_warning(self, sr: float) -> str:
        """Return no warning: a sequence set has no least rate.

        Parameters
        ----------
        sr : float
            Sample rate of a recording in Hz; not used.

        Returns
        -------
        str
        """
        return ""

    @property
    def n_columns(self) -> int:
        """Number of channels of all kinds."""
        return sum(self.sequence_set.n_channels.values())

    @property
    def layout(self) -> SequenceLayout:
        """How values are stored."""
        return SequenceLayout(tuple(self.sequence_set.n_channels.values()), self.sequence_set.dtype)

    @property
    def entries(self) -> Sequence[Entry]:
        """The families that are computed."""
        return self.sequence_set.entries

    @property
    def settings(self) -> dict[str, Any]:
        """The definition of the set."""
        chosen = self.sequence_set
        definition = {"name": chosen.name, **chosen.deciding, "dtype": chosen.dtype}
        return {"sequence_set": definition, "fingerprint": chosen.fingerprint}

    @property
    def provenance(self) -> dict[str, Any]:
        """The definition of the set, and the shape and channels of each kind."""
        channels = self.sequence_set.channels
        return {
            "sequence_set": self.sequence_set.as_dict(),
            "sequences": {
                name: {"frames": frames, "channels": [asdict(column) for column in channels[name]]}
                for name, frames in self._all_frames.items()
            },
        }

    @property
    def rows_at_once(self) -> int:
        """Rows of a table."""
        channels, itemsize = (
            self.sequence_set.n_channels,
            np.dtype(self.sequence_set.dtype).itemsize,
        )
        size = sum(channels[name] * frames for name, frames in self._all_frames.items())
        return max(1, BLOCK_BYTES // max(1, size * itemsize))

    @property
    def _all_frames(self) -> dict[str, int]:
        """Frames of each kind, once they are settled."""
        stated = self.sequence_set.n_frames
        return {name: stated[name] or self.frames[name] for name in self.sequence_set.kinds}

    def needed(self, excerpt: Excerpt) -> Excerpt:
        """Return the part of a whole recording that must be read.

        Parameters
        ----------
        excerpt : Excerpt
            The part that the user wants.

        Returns
        -------
        Excerpt
            No longer than the set analyses, unless the recording is cut into segments.
        """
        seconds = self.sequence_set.excerpt_seconds
        if seconds is None or excerpt.segment is not None or excerpt.duration is not None:
            return excerpt
        return replace(excerpt, duration=seconds)

    def target(self, output: str | os.PathLike[str]) -> SequenceFolder:
        """Return the target that writes a folder of sequences.

        Parameters
        ----------
        output : path
            The folder.

        Returns
        -------
        SequenceFolder

        Raises
        ------
        ParameterError
            If the folder cannot be written.
        """
        check_sequence_target(output)
        return SequenceFolder(output)

    def values(self, loaded: Iterable[tuple[Clip, float]]) -> Iterator[Array]:
        """Compute the sequences of clips; see `featkit.batch.analysis.Analysis`.

        Parameters
        ----------
        loaded : iterable of (clip, float)
            Samples and their rate in Hz.

        Yields
        ------
        array of ClipSequences, shape ``(clips,)``
            In the stored type.

        Raises
        ------
        ParameterError
            If a value is beyond the range of float16, or a clip is too long.
        """
        for clips in analyse_sequences(loaded, self.sequence_set):
            yield object_array([self._stored(clip) for clip in clips])

    def _stored(self, clip: ClipSequences) -> ClipSequences:
        values = []
        for name, own in zip(self.sequence_set.kinds, clip.values, strict=True):
            with np.errstate(over="ignore"):
                stored = np.ascontiguousarray(own, dtype=self.sequence_set.dtype)
            if not np.isfinite(stored).all():
                raise ParameterError(
                    f"a value of {name} is {np.abs(own).max():.3g}, which is beyond the range of"
                    f" {self.sequence_set.dtype}: use float32"
                )
            values.append(stored)
        size = sum(stored.nbytes for stored in values)
        if size > MAX_CLIP_BYTES:
            raise ParameterError(
                f"its sequences have {data_size(size)}, and {data_size(MAX_CLIP_BYTES)} can be"
                " stored: use fewer seconds, segments, or fewer kinds"
            )
        return ClipSequences(tuple(values), clip.lengths)

    def settled(self, rows: Iterable[Rows]) -> SequenceAnalysis:
        """Return the analysis with the frames of the longest recording, where none are stated.

        Parameters
        ----------
        rows : iterable of Rows
            The rows of all recordings.

        Returns
        -------
        SequenceAnalysis
        """
        names = [*self.sequence_set.kinds]
        stated = self.sequence_set.n_frames
        if all(stated[name] or name in self.frames for name in names):
            return self
        longest = dict.fromkeys(names, 1)
        for part in rows:
            for row in part.values:
                for name, own in zip(names, row.values, strict=True):
                    longest[name] = max(longest[name], own.shape[1])
        return replace(self, frames={**longest, **self.frames})

    def filled(self, table: FeatureTable, values: Array) -> FeatureTable:
        """Return a table with sequences, in memory.

        Parameters
        ----------
        table : FeatureTable
            Keys and quality columns.
        values : array of ClipSequences, shape ``(rows,)``

        Returns
        -------
        FeatureTable
        """
        padding = padding_values(self.sequence_set)
        kinds = {}
        for k, (name, frames) in enumerate(self._all_frames.items()):
            shape = (len(values), self.sequence_set.n_channels[name], frames)
            array = np.empty(shape, dtype=self.sequence_set.dtype)
            for row, clip in enumerate(values):
                array[row] = padded(clip.values[k], frames, padding[name])
            lengths = [min(clip.lengths[k], frames) for clip in values]
            kinds[name] = SequenceArray.of(array, np.array(lengths, dtype=np.int64))
        sequences = Sequences(kinds, table.provenance)
        return replace(table, values=np.empty((len(values), 0)), sequences=sequences)
