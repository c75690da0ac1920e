"""Pictures and sounds of parts of recordings: spectrograms, waveforms and players."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from featkit._utils.typing import Array
from featkit.audio.decoding.conversion import to_float32
from featkit.audio.excerpt import Excerpt
from featkit.audio.loading import load, read
from featkit.auditing.defect import PICTURES
from featkit.report import _svg
from featkit.report._sounds import (
    MAX_RATE,
    N_FRAMES,
    N_ROWS,
    coloured,
    compressed,
    data_address,
    png,
    spectrogram,
)
from featkit.report._windows import Window

SPECTROGRAM, ALL_FREQUENCIES, LOW_FREQUENCIES, WAVEFORM, SAMPLES, CHANNELS = PICTURES

SCALES = {
    SPECTROGRAM: "mel scale",
    ALL_FREQUENCIES: "linear scale",
    LOW_FREQUENCIES: "linear scale, relative to neighbouring frequencies",
}
"""Scales of spectrograms."""

LOW_RATE = 1000.0
"""Sample rate in Hz of a spectrogram of low frequencies, which shows half of it."""

N_COLOURS = 24
"""Colours of a spectrogram: with all 256, its file would be three times as large."""

N_EXTREMES = 300
"""Columns of a waveform that shows the smallest and largest sample of each."""

MAX_CHANNELS = 4
"""Channels that have a waveform each."""

QUIET = 0.25
"""Peak below which a waveform is magnified."""


@dataclass(frozen=True)
class Picture:
    """A spectrogram, or waveforms with one element for each channel.

    Attributes
    ----------
    address : str
        The spectrogram; "" for waveforms.
    width, height : int
        Size of the spectrogram in pixels.
    waveforms : sequence of Markup
        Waveforms; empty for a spectrogram.
    axis : str
        What the vertical axis shows.
    """

    address: str = ""
    width: int = 0
    height: int = 0
    waveforms: Sequence[Markup] = ()
    axis: str = ""

    @property
    def size(self) -> int:
        """Characters in the page."""
        return len(self.address) + sum(map(len, self.waveforms))


def draw(file: str, window: Window, kind: str) -> Picture:
    """Draw a part of a recording; `kind` is one of `PICTURES`."""
    if kind in (SPECTROGRAM, ALL_FREQUENCIES, LOW_FREQUENCIES):
        return _spectrogram_picture(file, window, kind)
    return _waveform_picture(file, window, kind)


def _excerpt(window: Window) -> Excerpt:
    start = max(0.0, window.start)
    return Excerpt(offset=start, duration=max(window.end - start, 1e-3))


def _spectrogram_picture(file: str, window: Window, kind: str) -> Picture:
    """Parts of the window outside of the recording are blank."""
    rate = {SPECTROGRAM: MAX_RATE, LOW_FREQUENCIES: LOW_RATE, ALL_FREQUENCIES: None}[kind]
    loaded = read(file, sr=rate, excerpt=_excerpt(window))
    samples = window.duration * loaded.sr
    hop_length = max(1, round(samples / N_FRAMES))
    is_mel = kind == SPECTROGRAM
    levels = spectrogram(
        loaded.y,
        loaded.sr,
        is_mel=is_mel,
        is_whitened=kind == LOW_FREQUENCIES,
        hop_length=hop_length,
    )
    canvas = np.full((N_ROWS, max(1, round(samples / hop_length))), np.nan)
    first = round(max(0.0, -window.start) * loaded.sr / hop_length)
    levels = levels[:, : canvas.shape[1] - first]
    canvas[:, first : first + levels.shape[1]] = levels
    picture = coloured(canvas, N_COLOURS)
    address = data_address("image/png", png(picture))
    axis = f"0 to {loaded.sr / 2000:.3g} kHz, {SCALES[kind]}"
    return Picture(address, picture.width, picture.height, axis=axis)


def _waveform_picture(file: str, window: Window, kind: str) -> Picture:
    loaded = read(file, excerpt=_excerpt(window))
    channels = to_float32(loaded.samples)
    channels = channels[:, None] if channels.ndim == 1 else channels
    if kind == WAVEFORM:
        channels = channels.mean(axis=1, keepdims=True)
    channels = channels[:, :MAX_CHANNELS]
    peak = float(np.abs(channels).max(initial=0))
    limit = peak if 0 < peak < QUIET else 1.0
    share = len(channels) / (window.duration * loaded.sr)
    waveforms = [waveform(y, min(share, 1.0), limit) for y in channels.T]
    full_scale = "full scale" if limit == 1 else f"±{limit:.2g} of full scale"
    return Picture(waveforms=waveforms, axis=full_scale)


def waveform(y: Array, share: float, limit: float) -> Markup:
    """A waveform from -`limit` to `limit`, which fills the first `share` of the width."""
    height = _svg.HEIGHT * 0.47
    middle = _svg.HEIGHT / 2

    def points(x: Array, values: Array) -> str:
        down = middle - np.clip(values / limit, -1, 1) * height
        pairs = zip(x.tolist(), down.tolist(), strict=True)
        return "L".join(f"{left:.0f} {top:.1f}" for left, top in pairs)

    marks = [_svg.element("path", class_="rule zero", d=f"M0 {middle:.0f}H{_svg.WIDTH}")]
    if limit == 1:
        ends = "".join(f"M0 {middle + sign * height:.0f}H{_svg.WIDTH}" for sign in (-1, 1))
        marks.append(_svg.element("path", class_="rule full", d=ends))
    if len(y) > 2 * N_EXTREMES:
        edges = np.linspace(0, len(y), N_EXTREMES + 1).astype(int)[:-1]
        x = np.linspace(0, share * _svg.WIDTH, N_EXTREMES)
        high, low = np.maximum.reduceat(y, edges), np.minimum.reduceat(y, edges)
        path = f"M{points(x, high)}L{points(x[::-1], low[::-1])}Z"
        marks.append(_svg.element("path", class_="wave filled", d=path))
    elif len(y):
        x = np.linspace(0, share * _svg.WIDTH, len(y))
        marks.append(_svg.element("path", class_="wave", d=f"M{points(x, y)}"))
    return _svg.strip(*marks, kind="waves")


def marks(ranges: Sequence[Window], window: Window) -> Markup | None:
    """Frames around ranges, to be laid over a picture; None if nothing is left to mark."""
    inside = [_clipped(one, window) for one in ranges]
    inside = [one for one in inside if one.duration >= 0]
    if not inside or all(one == window for one in inside):
        return None
    scale = _svg.WIDTH / window.duration
    boxes = [
        (round((one.start - window.start) * scale), round(one.duration * scale)) for one in inside
    ]
    path = "".join(f"M{left} 1h{max(width, 2)}v98h-{max(width, 2)}z" for left, width in boxes)
    lines = [_svg.element("path", class_=f"marked {kind}", d=path) for kind in ("under", "over")]
    return _svg.strip(*lines, kind="marks")


def _clipped(one: Window, window: Window) -> Window:
    return Window(max(one.start, window.start), min(one.end, window.end))


def played_bar(played: Window, window: Window) -> Markup:
    """A bar below a picture at the part that is played."""
    scale = _svg.WIDTH / window.duration
    part = _clipped(played, window)
    bar = _svg.element(
        "rect",
        class_="for",
        x=round((part.start - window.start) * scale),
        y=0,
        width=max(round(part.duration * scale), 4),
        height=_svg.HEIGHT,
    )
    return _svg.strip(bar, kind="played")


def peak_time(file: str, part: Window) -> float:
    """The time of the largest absolute sample in a part of a recording."""
    samples = np.abs(to_float32(read(file, excerpt=_excerpt(part)).samples))
    loaded = samples if samples.ndim == 1 else samples.max(axis=1)
    return part.start + part.duration * int(np.argmax(loaded)) / max(len(loaded), 1)


def playable(file: str, played: Window) -> str:
    """The address of a part of a recording as a compressed mono sound."""
    duration = max(played.duration, 0.01)
    y, sr = load(file, sr=MAX_RATE, offset=played.start, duration=duration)
    return compressed(y, round(sr))
