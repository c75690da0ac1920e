"""PyAV, which is FFmpeg in a package: the sound in what libsndfile does not know.

The samples are those that FFmpeg's decoders give, one after the other: what an encoder put before
the sound is left out where the file says how much (MP4, Matroska; bare AAC does not), what fills up
the last packet may remain, and gaps between time stamps are not filled. Of several sound tracks
the first is read.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from itertools import chain, groupby
from pathlib import Path
from typing import Any, BinaryIO, cast

import av

from featkit._utils.typing import Array
from featkit.audio.decoding._tags import behind_tags
from featkit.audio.decoding._window import Window, read_at, size_of
from featkit.audio.decoding.converting import Layout, converted, joined
from featkit.audio.decoding.sizes import ends_early, goes_on, is_whole, only_tags

DEMUXERS = (
    *("aac", "ac3", "amr", "ape", "asf", "avi", "dts", "eac3", "flv", "matroska", "mov", "mpeg"),
    *("mpegvideo", "ogg", "tta", "webm", "wv", "mp4", "m4a", "3gp", "3g2", "mj2"),
    *("wav", "w64", "aiff", "caf"),  # with a codec that libsndfile has not
)
"""FFmpeg's readers that may be used: no playlists, which would open other files and addresses."""

STATED = {b"FLV\x01": "flv", b"\x00\x00\x01\xba": "mpeg"}
"""Readers that are named by a file's first bytes instead of listed: versions 13 and 14 of PyAV
crash where these are opened with a list."""

SLACK = 0.1
"""Seconds by which a length in a header may be wrong: rounding, and what encoders add."""

FULL_SCALES = {"u8": 127 / 128}


class PyAV:
    """A file that PyAV decodes; see `featkit.audio.decoding.reader.Reader`.

    Raises
    ------
    ValueError
        With the cause, if it does not.
    """

    name = "PyAV"
    uncompressed = False

    def __init__(self, path: Path, kept: contextlib.ExitStack) -> None:
        # Given a name, FFmpeg would take "http:…" for an address.
        self._source = stream = _behind_tags(kept.enter_context(_File(path)))
        early = ends_early(stream, size_of(stream))
        stated = STATED.get(read_at(stream, 0, 4))
        stream.seek(0)
        options = {} if stated else {"format_whitelist": ",".join(DEMUXERS)}
        try:
            container: Any = kept.enter_context(
                av.open(
                    stream,
                    format=stated,
                    options=options,
                    metadata_errors="ignore",
                )
            )
            if not container.streams.audio:
                raise ValueError("there is no sound in it")
            self._container, self._stream = container, container.streams.audio[0]
            if self._stream.codec_context is None:
                raise ValueError("not sound that FFmpeg can decode (it has no decoder for it)")
            self._stream.thread_count = 1
            self._codec = self._stream.codec_context.name
            self.cut = early
            self._time = 0.0
            frames = self._frames()
            first = next(frames, None)
        except av.FFmpegError as error:
            reason = "cut: it ends before its own structure says" if early else _reason(error)
            raise ValueError(f"not sound that FFmpeg can decode ({reason})") from None
        if first is None:
            raise ValueError("not sound that FFmpeg can decode (no samples)")
        # What the header says may be half of the rate: the other half is in the stream (HE-AAC).
        self.rate = float(first.sample_rate)
        self.channels = first.layout.nb_channels
        self.full_scale = FULL_SCALES.get(first.format.packed.name, 32767 / 32768)
        self._seconds = self._stated()
        self.promised = None if self._seconds is None else round(self._seconds * self.rate)
        self.slack = round(SLACK * self.rate)
        self._arrays = self._alike(chain([first], frames))

    def blocks(self, start: int, size: int) -> Iterator[Array]:
        at, kept, parts = 0, 0, []
        for array in self._arrays:
            part = array[max(0, start - at) :]
            at += len(array)
            while len(part):
                parts.append(part[: size - kept])
                kept += len(parts[-1])
                part = part[len(parts[-1]) :]
                if kept == size:
                    yield joined(parts)
                    kept, parts = 0, []
        if self.promised is not None and self._reached():
            self.promised = min(self.promised, at)
        if parts:
            yield joined(parts)

    def part(self, start: int, stop: int) -> Array:
        raise NotImplementedError("not without decoding all that is before it")

    def _frames(self) -> Iterator[Any]:
        """Decoded frames, up to the first damaged packet if any come before it."""
        begun, read, whole = False, 0, True
        try:
            for packet in self._container.demux(self._stream):
                if packet.is_corrupt:
                    raise av.InvalidDataError(0, "damaged packet")
                for frame in packet.decode():
                    begun = True
                    since = self._time if frame.time is None else frame.time
                    self._time = since + frame.samples / frame.sample_rate
                    yield frame
                if packet.size:
                    read = max(read, (packet.pos or 0) + packet.size)
                    whole = is_whole(self._codec, packet)
        except av.FFmpegError:
            if not begun:
                raise
            self.cut = self.cut or not only_tags(self._source, read, size_of(self._source))
            return
        more = goes_on(self._source, read, size_of(self._source))
        self.cut = self.cut or more or not whole

    def _alike(self, frames: Iterator[Any]) -> Iterator[Array]:
        """Frames as arrays of the rate and the channels of the first."""
        for layout, alike in groupby(frames, _layout):
            yield from converted(map(_array, alike), layout, Layout(self.rate, self.channels))

    def _reached(self) -> bool:
        """Whether time stamps come up to the end: they may begin late, and have gaps."""
        return self._seconds is not None and self._time > self._seconds - SLACK

    def _stated(self) -> float | None:
        """Seconds that the header states: of MP4 for the track, else for the file if it has one."""
        container, stream = self._container, self._stream
        if container.format.name.startswith("mov") and stream.duration:
            return float(stream.duration * stream.time_base)
        timed = container.format.name.startswith(("matroska", "asf")) and container.duration
        if timed and len(container.streams) == 1:
            return float(container.duration / av.time_base)
        return None


def _behind_tags(file: _File) -> BinaryIO:
    """A file without the tags at its beginning, which not every version of FFmpeg skips."""
    end = size_of(file)
    begin = behind_tags(file, 0, end)
    return cast(BinaryIO, Window(file, [(begin, end)])) if begin else cast(BinaryIO, file)


class _File(io.FileIO):
    """A file in which going to no place is no exception, which PyAV would print."""

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        try:
            return super().seek(offset, whence)
        except OSError:
            return -1


def _layout(frame: Any) -> Layout:
    return Layout(float(frame.sample_rate), frame.layout.nb_channels)


def _array(frame: Any) -> Array:
    """A frame as an array, ``(samples,)`` or ``(samples, channels)``."""
    array: Array = frame.to_ndarray()
    channels = frame.layout.nb_channels
    rows = array.T if frame.format.is_planar else array.reshape(-1, channels)
    return rows[:, 0] if channels == 1 else rows


def _reason(error: av.FFmpegError) -> str:
    text = str(error.strerror or "")
    return "damaged" if not text or text.startswith("Error number") else text
