"""Synthetic hum, limited bandwidth and MP3 for `audit_defects.py`, and originals with them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np
import scipy.signal
import soundfile
import soxr
from audit_defect_cases import Array, Case, Synthetic, write_wav

LOWER_RATES = (8000, 11025, 16000, 22050)
"""Sample rates from which recordings are resampled, in Hz."""

BIT_RATES = (32, 64, 96, 128)
"""Of MP3 in kbit/s; the recordings have one channel."""


def level(y: Array) -> float:
    """Level in dB; a sine of full scale has 0 dB."""
    return float(10 * np.log10(2 * np.square(y, dtype=np.float64).mean() + 1e-14))


def hum(
    y: Array,
    sr: int,
    rng: np.random.Generator,
    *,
    mains: float,
    dbfs: float,
    most: float | None = None,
    whole: bool = True,
    audible: bool = False,
) -> Synthetic | None:
    """Hum in a recording, or in 2.5 to 4 s of it.

    The harmonics fall off; or the even or the odd ones prevail, as behind a rectifier. Recordings
    whose sound below 1 kHz is more than `most` dB louder are not used, nor are those in which
    fewer than three harmonics are audible.
    """
    if most is not None and level(soxr.resample(y, sr, 2000)) > dbfs + most:
        return None
    k = np.arange(1, 9)
    amplitudes = [1 / k, np.where(k % 2, 0.3, 2) / k, np.where(k % 2, 1, 0.3) / np.sqrt(k)]
    amplitude = amplitudes[rng.integers(3)] * 10 ** (rng.uniform(-3, 3, len(k)) / 20)
    phase = 2 * np.pi * (mains + rng.uniform(-0.1, 0.1)) * np.arange(len(y)) / sr
    shift = rng.uniform(0, 2 * np.pi, len(k))
    sound = (amplitude[:, None] * np.sin(np.outer(k, phase) + shift[:, None])).sum(axis=0)
    gain = 10 ** ((dbfs - level(sound)) / 20)
    sound *= gain
    if audible and audible_harmonics(y, sr, mains * k, gain * amplitude) < 3:
        return None
    begin, end = 0, len(y)
    if not whole:
        length = round(rng.uniform(2.5, 4.0) * sr)
        if length > 0.9 * len(y):
            return None
        begin = int(rng.integers(len(y) - length))
        end = begin + length
    z = y.copy()
    z[begin:end] += sound[begin:end]
    return Synthetic(0.7 * z if np.abs(z).max() > 1 else z, [(begin / sr, end / sr)])


def audible_harmonics(y: Array, sr: int, frequencies: Array, amplitudes: Array) -> int:
    """Number of sines as loud as the sound in their critical band in a quarter of the frames.

    Critical bands are 100 Hz wide below 500 Hz (Zwicker); a sine is masked by noise of about the
    same level in its band. Frames have 0.2 s.
    """
    z = soxr.resample(y, sr, 2000)
    frames = z[: len(z) // 400 * 400].reshape(-1, 400) * np.hanning(400)
    power = np.square(np.abs(np.fft.rfft(frames))) / np.square(np.hanning(400)).sum() / 100
    centres = np.round(frequencies / 5).astype(int)
    bands = [power[:, max(1, c - 10) : c + 10].sum(axis=1) / 2 for c in centres]
    masking = np.quantile(bands, 0.25, axis=1)
    return int((amplitudes**2 / 2 >= masking).sum())


def upsampled(
    y: Array, sr: int, rng: np.random.Generator, *, lower: int, audible: bool
) -> Synthetic | None:
    """Sound at a lower rate and back; only recordings with sound below the edge, or any."""
    if sr <= 1.2 * lower or not np.abs(y).max() > 1e-3:
        return None
    if audible:
        sos = scipy.signal.butter(4, [0.35 * lower, 0.45 * lower], "band", fs=sr, output="sos")
        if level(scipy.signal.sosfilt(sos, y)) < -75:
            return None
    z = soxr.resample(soxr.resample(y, sr, lower), lower, sr)
    return Synthetic(np.clip(z, -1, 1), [(0.0, len(y) / sr)])


def for_mp3(
    y: Array, sr: int, rng: np.random.Generator, *, lowest: int, highest: int
) -> Synthetic | None:
    """A recording with sound, at a sample rate in a range."""
    if not lowest <= sr <= highest or not np.abs(y).max() > 1e-3:
        return None
    return Synthetic(y, [(0.0, len(y) / sr)])


def write_decoded_mp3(path: Path, samples: Array, sr: int, *, kbit: int) -> Path:
    """Encode with LAME, decode, and cut off a random beginning; 16 bits."""
    coded = path.with_suffix(".mp3")
    options = ["--quiet", "-b", str(kbit), "--resample", str(sr / 1000)]
    write_wav(path, samples, sr)
    subprocess.run(["lame", *options, path, coded], check=True, capture_output=True)
    subprocess.run(["lame", "--quiet", "--decode", coded, path], check=True, capture_output=True)
    decoded, _ = soundfile.read(path)
    return write_wav(path, decoded[int(1000 * np.abs(samples).max()) :], sr)


SPECTRAL_CASES = [
    *(
        Case(
            f"hum_{mains}",
            f"{dbfs} dBFS, audible in pauses",
            partial(hum, mains=mains, dbfs=dbfs, audible=True),
        )
        for mains in (50, 60)
        for dbfs in (-30, -40, -50)
    ),
    *(
        Case(
            f"hum_{mains}",
            f"{dbfs} dBFS, any recording",
            partial(hum, mains=mains, dbfs=dbfs),
            is_target=False,
        )
        for mains in (50, 60)
        for dbfs in (-30, -40, -50)
    ),
    *(
        Case(
            f"hum_{mains}",
            "-30 dBFS, 2.5 to 4 s, sound up to 10 dB louder",
            partial(hum, mains=mains, dbfs=-30, most=10.0, whole=False),
        )
        for mains in (50, 60)
    ),
    *(
        Case(
            "bandwidth",
            f"from {lower} Hz, {'sound below the edge' if audible else 'any recording'}",
            partial(upsampled, lower=lower, audible=audible),
            is_target=audible,
            values=(0.43 * lower, 0.52 * lower),
        )
        for audible in (True, False)
        for lower in LOWER_RATES
    ),
    *(
        Case(
            "mp3_source",
            f"{kbit} kbit/s, {name}",
            partial(for_mp3, lowest=lowest, highest=highest),
            partial(write_decoded_mp3, kbit=kbit),
            is_target=lowest > 40_000,
        )
        for name, lowest, highest in (("44.1 kHz", 44_000, 48_000), ("22.05 kHz", 16_000, 24_000))
        for kbit in BIT_RATES
    ),
]
"""All cases of this module."""

TRUE_SPECTRAL_DEFECTS = {
    "bandwidth": (".ogg", ".wav"),
    "mp3_source": (".ogg",),
    "hum_50": (
        "2-135728-A.ogg",
        "3-164688-A.ogg",
        "3-171012-A.ogg",
        "3-171041-A.ogg",
        "4-191327-A.ogg",
        "5-209833-A.ogg",
        "5-202220-A.ogg",
        "16a01Tb.wav",
        "16a02Tc.wav",
        "16a04Tc.wav",
        "16a05Tb.wav",
        "16a07Td.wav",
        "16b01Tb.wav",
    ),
    "hum_60": ("2-141584-A.ogg", "2-88724-A.ogg", "5-219342-A.ogg"),
}
"""Ends of the paths of ESC-10 and EmoDB whose reports are taken as true. For hum, nine
were inspected, and all are supported by `audit_hum_control.py`; for bandwidth and MP3, a part was
inspected; see README.md."""

FALSE_ALARMS = {"bandwidth": ("2-119748-A.ogg", "2-130979-A.ogg")}
"""Reports that were inspected, and are not true."""


def true_spectral_defects(name: str, paths: Iterable[str]) -> set[str]:
    """Return those of some paths whose reports are taken as true."""
    true, false = TRUE_SPECTRAL_DEFECTS.get(name, ()), FALSE_ALARMS.get(name, ())
    return {path for path in paths if path.endswith(true) and not path.endswith(false)}
