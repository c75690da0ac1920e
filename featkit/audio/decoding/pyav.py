"""Decoding with PyAV (FFmpeg as a package) of formats that libsndfile does not know.

The samples are those of FFmpeg's decoders, one after the other. The encoder's delay is removed
where the file states it (MP4, Matroska; bare AAC does not). Padding of the last packet may remain,
and gaps between time stamps are not filled. Of several audio tracks, the first is decoded.
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
from featkit.audio.decoding import truncation
from featkit.audio.decoding._spliced_file import SplicedFile, read_at, size_of
from featkit.audio.decoding._tags import end_of_leading_tags
from featkit.audio.decoding.conversion import Layout, concatenated, convert_blocks, skip_frames

DEMUXERS = (
    *("aac", "ac3", "amr", "ape", "asf", "avi", "dts", "eac3", "flv", "matroska", "mov", "mpeg"),
    *("mpegvideo", "ogg", "tta", "webm", "wv", "mp4", "m4a", "3gp", "3g2", "mj2"),
    *("wav", "w64", "aiff", "caf"),  # with codecs that libsndfile does not know
)
"""FFmpeg demuxers that are allowed: none for playlists, which would open other files and URLs."""

FORCED_DEMUXERS = {b"FLV\x01": "flv", b"\x00\x00\x01\xba": "mpeg"}
"""Demuxers that are chosen by the first bytes of a file: versions 13 and 14 of PyAV crash if FFmpeg
chooses these from a list."""

CONTAINERS = {"mov,mp4,m4a,3gp,3g2,mj2": "MP4", "matroska,webm": "Matroska", "wv": "WavPack"}
"""Names of containers whose demuxer has several names or a short one."""

TOLERANCE = 0.1
"""Seconds by which a stated duration may be wrong, by rounding and by padding of encoders."""

FULL_SCALES = {"u8": 127 / 128}


class PyAVDecoder:
    """A file that PyAV decodes; see `featkit.audio.decoding.reader.Decoder`.

    Parameters
    ----------
    path : Path
        The file.
    resources : ExitStack
        Closes the file.

    Raises
    ------
    ValueError
        If PyAV cannot decode the file, with the cause.
    """

    name = "PyAV"
    uncompressed = False

    def __init__(self, path: Path, resources: contextlib.ExitStack) -> None:
        # Given a name, FFmpeg would treat "http:…" as a URL.
        self._file = file = _without_leading_tags(resources.enter_context(_File(path)))
        self.truncated = early = truncation.ends_early(file, size_of(file))
        self._time = 0.0
        try:
            self._open(file, resources)
            frames = self._frames()
            first = next(frames, None)
        except av.FFmpegError as error:
            reason = "truncated: shorter than its headers state" if early else _reason(error)
            raise ValueError(f"FFmpeg cannot decode this file ({reason})") from None
        if first is None:
            raise ValueError("FFmpeg cannot decode this file (no samples)")
        # The header of HE-AAC states half of the rate; decoded frames state the full rate.
        self.rate = float(first.sample_rate)
        self.channels = first.layout.nb_channels
        self.full_scale = FULL_SCALES.get(first.format.packed.name, 32767 / 32768)
        self._stated_seconds = seconds = self._duration()
        self.stated_frames = None if seconds is None else round(seconds * self.rate)
        self.tolerance = round(TOLERANCE * self.rate)
        self._arrays = self._converted(chain([first], frames))

    def _open(self, file: BinaryIO, resources: contextlib.ExitStack) -> None:
        forced = FORCED_DEMUXERS.get(read_at(file, 0, 4))
        file.seek(0)
        options = {} if forced else {"format_whitelist": ",".join(DEMUXERS)}
        container: Any = resources.enter_context(
            av.open(file, format=forced, options=options, metadata_errors="ignore")
        )
        if not container.streams.audio:
            raise ValueError("no audio track")
        self._container, self._stream = container, container.streams.audio[0]
        if self._stream.codec_context is None:
            raise ValueError("FFmpeg cannot decode this file (no decoder for its codec)")
        self._stream.thread_count = 1
        self._codec = self._stream.codec_context.name
        self.format = _format_name(container.format.name, self._codec)

    @property
    def metadata(self) -> dict[str, str]:
        """Tags of the file and of its audio track, as FFmpeg names them."""
        return {**self._stream.metadata, **self._container.metadata}

    def blocks(self, start: int, size: int) -> Iterator[Array]:
        """Decode to the end of the file; see `Decoder.blocks`.

        Parameters
        ----------
        start : int
            First frame.
        size : int
            Number of frames in a block, except the last.

        Yields
        ------
        array, shape ``(frames,)`` or ``(frames, channels)``
        """
        pending, parts = 0, []
        for array in skip_frames(self._counted(), start):
            part = array
            while len(part):
                parts.append(part[: size - pending])
                pending += len(parts[-1])
                part = part[len(parts[-1]) :]
                if pending == size:
                    yield concatenated(parts)
                    pending, parts = 0, []
        if parts:
            yield concatenated(parts)

    def read(self, start: int, stop: int) -> Array:
        """Not supported: a compressed file is decoded from its beginning.

        Parameters
        ----------
        start, stop : int

        Returns
        -------
        array

        Raises
        ------
        NotImplementedError
        """
        raise NotImplementedError("compressed files are decoded from their beginning")

    def _counted(self) -> Iterator[Array]:
        """All arrays; after the last, `stated_frames` is corrected if the end was reached."""
        count = 0
        for array in self._arrays:
            count += len(array)
            yield array
        if self.stated_frames is not None and self._reached_end():
            self.stated_frames = min(self.stated_frames, count)

    def _frames(self) -> Iterator[Any]:
        """Decoded frames, up to the first damaged packet if any frames precede it."""
        begun, read, complete = False, 0, True
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
                    complete = truncation.is_complete(self._codec, packet)
        except av.FFmpegError:
            if not begun:
                raise
            end = size_of(self._file)
            self.truncated = self.truncated or not truncation.only_tags_follow(
                self._file, read, end
            )
            return
        more = truncation.another_file_follows(self._file, read, size_of(self._file))
        self.truncated = self.truncated or more or not complete

    def _converted(self, frames: Iterator[Any]) -> Iterator[Array]:
        """Frames as arrays with the rate and the channels of the first."""
        target = Layout(self.rate, self.channels)
        for layout, same_layout in groupby(frames, _layout):
            yield from convert_blocks(map(_array, same_layout), layout, target)

    def _reached_end(self) -> bool:
        """Whether time stamps reach the stated duration: they may begin late, and have gaps."""
        seconds = self._stated_seconds
        return seconds is not None and self._time > seconds - TOLERANCE

    def _duration(self) -> float | None:
        """Seconds that the header states: for the track in MP4, else for a file of one track."""
        container, stream = self._container, self._stream
        if container.format.name.startswith("mov") and stream.duration:
            return float(stream.duration * stream.time_base)
        timed = container.format.name.startswith(("matroska", "asf")) and container.duration
        if timed and len(container.streams) == 1:
            return float(container.duration / av.time_base)
        return None


def _without_leading_tags(file: _File) -> BinaryIO:
    """A file without the tags at its beginning, which not every version of FFmpeg skips."""
    end = size_of(file)
    begin = end_of_leading_tags(file, 0, end)
    return cast(BinaryIO, SplicedFile(file, [(begin, end)]) if begin else file)


class _File(io.FileIO):
    """A file whose failing seeks raise no exception, which PyAV would print."""

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        try:
            return super().seek(offset, whence)
        except OSError:
            return -1


def _format_name(demuxer: str, codec: str) -> str:
    """Container and codec in capitals, such as ``MP4 AAC``; once if both have the same name.

    Names of FFmpeg's decoders may differ from those of codecs, such as ``mp3float``.
    """
    container = CONTAINERS.get(demuxer, demuxer).upper()
    codec = codec.removeprefix("lib").removesuffix("float").upper()
    return container if container == codec else f"{container} {codec}"


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
