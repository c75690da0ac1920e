"""Samples as they come: decoded block by block, mixed and resampled, whatever their number."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

import numpy as np

from featkit._utils.typing import Array
from featkit.audio.decoding.converting import scaled
from featkit.audio.decoding.reader import BLOCK, Reader
from featkit.audio.native import Native, check_finite, mono, native_part, none_after, quality_of
from featkit.audio.quality import Meter, Quality
from featkit.audio.rates import samples_in
from featkit.audio.rolling import Rolling, fix_length
from featkit.dsp.disk_array import Clip, OnDisk, Spool
from featkit.errors import AudioError

LONGEST_HELD = 2**23
"""Most samples of a recording that are held in memory: six minutes at the usual rate, which is as
long as the power spectra are kept for a second walk (`featkit.features.spectra.KEPT_BYTES`)."""

NATIVE_HELD = 4 * LONGEST_HELD
"""Most samples of a recording that are held as its file has them: as long, of stereo at twice the
usual rate."""


class Stream:
    """A file that is read once, in blocks; memory is bounded whatever its length.

    Attributes
    ----------
    sr : float
        Rate in Hz of the blocks.
    given : int
        Samples that have come in blocks.
    """

    def __init__(
        self,
        reader: Reader,
        name: str,
        sr: float | None,
        offset: float,
        duration: float | None,
        *,
        rolling: bool,
    ) -> None:
        self.sr = reader.rate if sr is None else sr
        self.given = 0
        self._reader, self._name, self._excerpt = reader, name, (offset, duration)
        self._rolling = Rolling() if rolling else None
        self._meter = Meter(reader.rate, reader.channels, reader.full_scale)

    @property
    def native(self) -> Native:
        """What it is in its file, as far as it was read."""
        return Native.of(self._reader)

    def blocks(self) -> Iterator[Array]:
        """Blocks of float32, shape ``(samples,)``: one after the other what `load` gives."""
        for block in resampled(self._mixed(), self._reader.rate, self.sr):
            self.given += len(block)
            yield block

    @contextlib.contextmanager
    def samples(self, *, pad: bool = False) -> Iterator[Clip]:
        """All samples, to be sliced as often as is wanted; what `load` gives.

        What is uncompressed in the file, and of the right rate, is read where it lies. Other
        samples are put aside in a temporary file, four bytes each, or held if they turn out to be
        few. The stream is read to its end first, so that what is wrong with it is an error here.

        Parameters
        ----------
        pad : bool
            Whether they are filled up with zeros as `load` does.

        Raises
        ------
        AudioError
            As in `load`.
        WriteError
            If the folder for temporary files is full.
        """
        offset, duration = self._excerpt
        if self._reader.uncompressed and self.sr == self._reader.rate and not pad:
            first = samples_in(offset, self.sr)
            yield _held(InPlace(self._reader, first, sum(map(len, self.blocks()))))
            return
        with Spool() as spool:
            for block in self.blocks():
                spool.append(block)
            if pad and duration is not None:
                spool.fit(round(duration * self.sr))
            yield _held(spool)

    def quality(self, start: int = 0, end: int | None = None) -> Quality:
        """The quality of the whole, after its last block; if rolling, of samples `start` to `end`.

        What lies before `start` is forgotten: ask for parts in order. Whether the file is truncated
        is certain after the last block alone, from `native`.
        """
        if self._rolling is None:
            return self._meter.quality(truncated=self.native.truncated)
        first, last = native_part(start, end, self._reader.rate / self.sr, self._rolling.end)
        samples = self._rolling.part(first, last)
        self._rolling.forget(first)
        return quality_of(samples, self.native)

    def _mixed(self) -> Iterator[Array]:
        observe = self._meter.add if self._rolling is None else self._rolling.add
        for samples in decoded(self._reader, self._name, *self._excerpt, BLOCK):
            observe(samples)
            yield mono(scaled(samples))


def _held(clip: OnDisk) -> Clip:
    """Samples that turned out to be few, in memory."""
    return clip if len(clip) > LONGEST_HELD else clip[:]


class InPlace(OnDisk):
    """Samples of an uncompressed file, read where they lie."""

    def __init__(self, reader: Reader, first: int, count: int) -> None:
        self._reader, self._first, self._count = reader, first, count

    def __len__(self) -> int:
        return self._count

    def read(self, start: int, stop: int) -> Array:
        return mono(scaled(self._reader.part(self._first + start, self._first + stop)))


def decoded(
    reader: Reader, name: str, offset: float, duration: float | None, size: int
) -> Iterator[Array]:
    """Blocks of what a file holds, as int16 or float32, checked."""
    none = True
    for samples in reader.blocks(offset, duration, size):
        check_finite(samples, name, first=reader.decoded - len(samples))
        yield samples if samples.dtype == np.int16 else scaled(samples)
        none = False
    if none:
        raise AudioError(name, "samples", none_after(offset))


def resampled(blocks: Iterable[Array], native: float, rate: float) -> Iterator[Array]:
    """Blocks of another rate: ``ceil(samples * rate / native)`` samples together."""
    if native == rate:
        yield from blocks
        return
    import soxr

    resampler = soxr.ResampleStream(native, rate, 1, dtype="float32", quality="HQ")
    taken = given = 0
    for block in blocks:
        taken += len(block)
        resampled = resampler.resample_chunk(block)
        given += len(resampled)
        if len(resampled):
            yield resampled
    left = int(np.ceil(taken * (float(rate) / native))) - given
    rest = resampler.resample_chunk(np.empty(0, np.float32), last=True)
    if left > 0:
        yield fix_length(rest, left)
