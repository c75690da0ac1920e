"""Recordings read block by block: decoded, mixed and resampled in bounded memory."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from featkit._utils.typing import Array
from featkit.audio.decoding.conversion import concatenated, to_float32
from featkit.audio.decoding.reader import BLOCK, Reader
from featkit.audio.excerpt import Excerpt
from featkit.audio.quality import Quality, QualityMeter
from featkit.audio.segmentation import SampleBuffer, fix_length
from featkit.audio.source import SourceInfo, check_finite, mono, no_samples, source_range
from featkit.dsp.disk_array import Clip, DiskArray, TemporaryDiskArray
from featkit.errors import AudioError

LONGEST_HELD = 2**23
"""Largest number of samples of a recording in memory: six minutes at 22,050 Hz, the length up to
which power spectra are kept for a second pass (`featkit.features.spectra.stack.KEPT_BYTES`)."""

NATIVE_HELD = 4 * LONGEST_HELD
"""Largest number of samples, of all channels and before resampling, in memory: six minutes of
stereo at 44,100 Hz."""


class Stream:
    """A file that is read once, in blocks; the use of memory does not depend on its length.

    Parameters
    ----------
    reader : Reader
        The open file.
    name : str
        Name of the file in error messages.
    sr : float, optional
        Sample rate of the blocks in Hz; the file's own by default.
    excerpt : Excerpt
        The part to read. If it has segments, quality is measured per segment.

    Attributes
    ----------
    sr : float
        Sample rate of the blocks in Hz.
    n_samples : int
        Number of samples in the blocks so far.
    """

    def __init__(self, reader: Reader, name: str, sr: float | None, excerpt: Excerpt) -> None:
        self.sr = reader.rate if sr is None else sr
        self.n_samples = 0
        self._reader, self._name, self._excerpt = reader, name, excerpt
        self._buffer = SampleBuffer() if excerpt.segment is not None else None
        self._meter = QualityMeter(reader.rate, reader.channels, reader.full_scale)

    @property
    def source(self) -> SourceInfo:
        """Format and completeness of the file, as far as it was read."""
        return SourceInfo.from_reader(self._reader)

    def blocks(self) -> Iterator[Array]:
        """Read the blocks, once; together they are the samples that `load` returns.

        Yields
        ------
        array of float32, shape ``(samples,)``

        Raises
        ------
        AudioError
            If the file cannot be decoded, or a sample is not finite.
        """
        for block in resample_blocks(self._mono_blocks(), self._reader.rate, self.sr):
            self.n_samples += len(block)
            yield block

    @contextlib.contextmanager
    def samples(self) -> Iterator[Clip]:
        """Read all samples, to be sliced as often as needed.

        Uncompressed samples at the right rate are read from the file itself. Others are written to
        a temporary file, four bytes each, or kept in memory if there are few. The stream is read to
        its end first, so that a defect of the file raises an error here.

        Yields
        ------
        array or DiskArray of float32, shape ``(samples,)``
            The samples that `load` returns, with padding if the excerpt requests it.

        Raises
        ------
        AudioError
            As in `load`.
        WriteError
            If the folder for temporary files is full.
        """
        excerpt = self._excerpt
        if self._reader.uncompressed and self.sr == self._reader.rate and not excerpt.pad:
            first = excerpt.first_frame(self.sr)
            count = sum(map(len, self.blocks()))
            yield _in_memory_if_short(UncompressedSamples(self._reader, first, count))
            return
        with TemporaryDiskArray() as samples:
            for block in self.blocks():
                samples.append(block)
            if excerpt.pad and excerpt.duration is not None:
                samples.fix_length(round(excerpt.duration * self.sr))
            yield _in_memory_if_short(samples)

    def quality(self, start: int = 0, end: int | None = None) -> Quality:
        """Return the quality of the whole after its last block, or of one segment.

        Samples before `start` are discarded, so segments must be requested in order. Truncation is
        certain only after the last block, from `source`.

        Parameters
        ----------
        start, end : int
            First sample of the segment, and the one after its last; ignored without segments.

        Returns
        -------
        Quality
        """
        if self._buffer is None:
            return self._meter.quality(truncated=self.source.truncated)
        first, last = source_range(start, end, self._reader.rate / self.sr, self._buffer.end)
        samples = self._buffer.range(first, last)
        self._buffer.discard(first)
        return self.source.quality(samples)

    def _mono_blocks(self) -> Iterator[Array]:
        observe = self._meter.add if self._buffer is None else self._buffer.append
        return mono_blocks(self._reader, self._name, self._excerpt, observe)


def _in_memory_if_short(samples: DiskArray) -> Clip:
    return samples if len(samples) > LONGEST_HELD else samples[:]


class UncompressedSamples(DiskArray):
    """Samples of an uncompressed file, read from the file when they are sliced.

    Parameters
    ----------
    reader : Reader
    first, count : int
        First frame, and number of frames.
    """

    def __init__(self, reader: Reader, first: int, count: int) -> None:
        self._reader, self._first, self._count = reader, first, count

    def __len__(self) -> int:
        return self._count

    def read(self, start: int, stop: int) -> Array:
        """Read samples; see `DiskArray.read`.

        Parameters
        ----------
        start, stop : int
            First sample, and the one after the last.

        Returns
        -------
        array of float32, shape ``(stop - start,)``
        """
        return mono(to_float32(self._reader.read(self._first + start, self._first + stop)))


def decode_blocks(reader: Reader, name: str, excerpt: Excerpt, size: int) -> Iterator[Array]:
    """Decode a file block by block, and check the samples.

    Parameters
    ----------
    reader : Reader
        The open file.
    name : str
        Name of the file in error messages.
    excerpt : Excerpt
        The part to read.
    size : int
        Largest number of frames in a block.

    Yields
    ------
    array of int16 or float32, shape ``(frames,)`` or ``(frames, channels)``

    Raises
    ------
    AudioError
        If the file cannot be decoded, has no samples in the excerpt, or a sample is not finite.
    """
    empty = True
    for samples in reader.blocks(excerpt, size):
        check_finite(samples, name, first=reader.decoded_frames - len(samples))
        yield samples if samples.dtype == np.int16 else to_float32(samples)
        empty = False
    if empty:
        raise AudioError(name, "samples", no_samples(excerpt))


def mono_blocks(
    reader: Reader, name: str, excerpt: Excerpt, observe: Callable[[Array], None] | None = None
) -> Iterator[Array]:
    """Decode a file block by block, and mix its channels while a block is in the cache.

    Parameters
    ----------
    reader, name, excerpt
        As for `decode_blocks`.
    observe : callable, optional
        Called with each block before it is mixed.

    Yields
    ------
    array of float32, shape ``(samples,)``
    """
    for samples in decode_blocks(reader, name, excerpt, BLOCK):
        if observe is not None:
            observe(samples)
        yield mono(to_float32(samples))


def joined(blocks: Iterable[Array], expected: int) -> Array:
    """Join blocks as they come.

    Parameters
    ----------
    blocks : iterable of array of float32, shape ``(samples,)``
        At least one.
    expected : int
        Probable number of samples; 0 if unknown.

    Returns
    -------
    array of float32, shape ``(samples,)``
    """
    y, end = np.empty(expected, np.float32), 0
    more: list[Array] = []
    for block in blocks:
        if more or end + len(block) > expected:
            more.append(block)
        else:
            y[end : end + len(block)] = block
            end += len(block)
    if not more:
        return y[:end]
    return concatenated([y[:end], *more] if end else more)


def resample_blocks(blocks: Iterable[Array], orig_sr: float, target_sr: float) -> Iterator[Array]:
    """Resample mono samples that arrive in blocks, with soxr's HQ filter.

    Parameters
    ----------
    blocks : iterable of array of float32, shape ``(samples,)``
    orig_sr, target_sr : float
        Sample rates in Hz.

    Yields
    ------
    array of float32, shape ``(samples,)``
        Together ``ceil(samples * target_sr / orig_sr)`` samples, as librosa returns.
    """
    if orig_sr == target_sr:
        yield from blocks
        return
    import soxr

    resampler = soxr.ResampleStream(orig_sr, target_sr, 1, dtype="float32", quality="HQ")
    n_input = n_output = 0
    for block in blocks:
        n_input += len(block)
        resampled = resampler.resample_chunk(block)
        n_output += len(resampled)
        if len(resampled):
            yield resampled
    missing = resampled_length(n_input, orig_sr, target_sr) - n_output
    rest = resampler.resample_chunk(np.empty(0, np.float32), last=True)
    if missing > 0:
        yield fix_length(rest, missing)


def resampled_length(n_samples: int, orig_sr: float, target_sr: float) -> int:
    """Return the number of samples after resampling.

    Parameters
    ----------
    n_samples : int
        Number of samples before.
    orig_sr, target_sr : float
        Sample rates in Hz.

    Returns
    -------
    int
    """
    if orig_sr == target_sr:
        return n_samples
    return math.ceil(n_samples * (float(target_sr) / orig_sr))
