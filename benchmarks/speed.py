"""Speed of featkit compared with librosa and other libraries, on one thread.

python benchmarks/speed.py [--audio FILE] [--rounds N]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import _common  # before NumPy, since it sets the number of threads
import numpy as np
import soundfile
from _common import SR, Array, Target, any_missed, interleaved, print_table, speedup

import featkit

GENRE75 = featkit.feature_set("genre75")
SECONDS = 30.0
STEREO_RATE = 44100
SHORT_CLIPS = 64
SHORT_SECONDS = 0.5
FRESH_ROUNDS = 7

Row = Callable[[str], Array]
"""Function from the path of an audio file to its features."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--audio", metavar="FILE", help="a recording instead of synthetic music")
    parser.add_argument("--rounds", type=int, default=15, help="rounds per table (15)")
    options = parser.parse_args()
    y = recording(options.audio) if options.audio else _common.synthetic_music(SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        wav = str(Path(folder) / "one.wav")
        soundfile.write(wav, y, SR, subtype="PCM_16")
        targets = [
            *from_file(wav, y, options.rounds),
            from_stereo(folder, y, options.rounds),
            from_memory(y, options.rounds),
        ]
        peers(wav, options.rounds)
        fresh_process(wav)
    raise SystemExit(any_missed(targets))


def recording(file: str) -> Array:
    """Load a recording and repeat or cut it to the duration of the benchmark."""
    y, _ = featkit.load(file, sr=SR, duration=SECONDS)
    return np.resize(y, round(SECONDS * SR))


def featkit_row(wav: str) -> Array:
    y, sr = featkit.load(wav, sr=GENRE75.sample_rate)
    row: Array = featkit.analyse([y], sr, GENRE75)[0]
    return row


def librosa_row(wav: str) -> Array:
    import librosa

    return _common.librosa_row(*librosa.load(wav, sr=SR))


def librosa_shared_row(wav: str) -> Array:
    import librosa

    return _common.librosa_shared_row(*librosa.load(wav, sr=SR))


def from_file(wav: str, y: Array, rounds: int) -> list[Target]:
    rows = {
        "featkit": featkit_row,
        "librosa, each function from the samples": librosa_row,
        "librosa, one STFT shared by S=": librosa_shared_row,
    }
    bare = "a bare FFT pass"
    seconds = interleaved(
        {name: partial(row, wav) for name, row in rows.items()} | {bare: _common.bare_fft(y)},
        rounds=rounds,
    )
    taken_by_fft = seconds.pop(bare)
    values = featkit_row(wav)
    print_table(
        f"WAV file of {SECONDS:g} s to the 75 columns of genre75",
        ["", "ms", "bare FFT passes", "featkit is faster by", "largest difference"],
        [
            [
                name,
                f"{1000 * np.median(taken):.1f}",
                f"{speedup(taken, taken_by_fft):.2f}",
                f"{speedup(taken, seconds['featkit']):.1f}",
                f"{largest_difference(values[None], rows[name](wav)[None]):.1e}",
            ]
            for name, taken in seconds.items()
        ],
    )
    librosa_seconds = seconds["librosa, each function from the samples"]
    return [
        Target(
            "genre75, times faster than librosa's functions",
            speedup(librosa_seconds, seconds["featkit"]),
            at_least=13,
        ),
        Target(
            "genre75 in bare FFT passes", speedup(seconds["featkit"], taken_by_fft), at_most=3.2
        ),
    ]


def from_stereo(folder: str, y: Array, rounds: int) -> Target:
    """Compare 44.1 kHz stereo files, the most common music files, with decoding alone."""
    import librosa

    left = librosa.resample(y, orig_sr=SR, target_sr=STEREO_RATE)
    channels = np.stack([left, np.roll(left, 40)], axis=1)
    channels /= 1.1 * np.abs(channels).max()
    lines, times = [], {}
    for kind in ("MP3", "FLAC", "WAV"):
        file = str(Path(folder) / f"stereo.{kind.lower()}")
        soundfile.write(file, channels, STEREO_RATE, format=kind)
        rows: dict[str, Callable[[], object]] = {
            "decoding alone (libsndfile)": partial(soundfile.read, file, dtype="float32"),
            "featkit": partial(featkit_row, file),
            "librosa, each function from the samples": partial(librosa_row, file),
        }
        seconds = interleaved(rows, rounds=rounds)
        decoding = next(iter(seconds.values()))
        times[kind] = speedup(seconds["featkit"], decoding)
        lines += [
            [kind, name, f"{1000 * np.median(taken):.1f}", f"{speedup(taken, decoding):.2f}"]
            for name, taken in seconds.items()
        ]
    print_table(
        f"Stereo files of {SECONDS:g} s at {STEREO_RATE} Hz to the 75 columns of genre75",
        ["", "", "ms", "times as long as decoding"],
        lines,
    )
    return Target(
        "30 s of stereo MP3 to a row, in times of its decoding", times["MP3"], at_most=1.7
    )


def from_memory(y: Array, rounds: int) -> Target:
    length = round(SHORT_SECONDS * SR)
    starts = np.linspace(0, len(y) - length, SHORT_CLIPS).astype(int)
    clips = [y[start : start + length] for start in starts]
    tables: dict[str, Callable[[], Array]] = {
        "featkit, all as one stack": lambda: featkit.analyse(clips, SR, GENRE75),
        "featkit, one by one": lambda: np.concatenate(
            [featkit.analyse([clip], SR, GENRE75) for clip in clips]
        ),
        "librosa, each function from the samples": lambda: np.array(
            [_common.librosa_row(clip) for clip in clips]
        ),
        "librosa, one STFT shared by S=": lambda: np.array(
            [_common.librosa_shared_row(clip) for clip in clips]
        ),
    }
    seconds = interleaved(tables, rounds=max(3, rounds // 3))
    stack = next(iter(tables))
    values = tables[stack]()
    print_table(
        f"{SHORT_CLIPS} clips of {SHORT_SECONDS:g} s from memory to the 75 columns of genre75",
        ["", "ms per clip", "featkit's stack is faster by", "largest difference"],
        [
            [
                name,
                f"{1000 * np.median(taken) / SHORT_CLIPS:.2f}",
                f"{speedup(taken, seconds[stack]):.1f}",
                f"{largest_difference(values, tables[name]()):.1e}",
            ]
            for name, taken in seconds.items()
        ],
    )
    return Target(
        f"clips of {SHORT_SECONDS:g} s, times faster than librosa's functions",
        speedup(seconds["librosa, each function from the samples"], seconds[stack]),
        at_least=25,
    )


def largest_difference(values: Array, reference: Array) -> float:
    """Largest relative difference of the defined values; featkit gives NaN in silence."""
    return float(np.nanmax(_common.relative_difference(values, reference)))


def peers(wav: str, rounds: int) -> None:
    ready = {name: prepare() for name, (module, _, prepare) in PEERS.items() if find_spec(module)}
    rows = {"featkit": featkit_row, **ready}
    seconds = interleaved(
        {name: partial(row, wav) for name, row in rows.items()}, rounds=max(3, rounds // 3)
    )
    descriptions = {"featkit": "genre75"} | {name: text for name, (_, text, _) in PEERS.items()}
    lines = []
    for name, text in descriptions.items():
        if name not in rows:
            lines.append([name, "", "", "", "not installed: pip install featkit[bench]"])
            continue
        values = rows[name](wav)
        if not np.isfinite(values).all():
            raise SystemExit(f"{name} gave numbers that are not finite")
        times = f"{speedup(seconds[name], seconds['featkit']):.1f}"
        milliseconds = f"{1000 * np.median(seconds[name]):.1f}"
        lines.append([name, milliseconds, times, str(len(values)), text])
    print_table(
        f"Others, WAV file of {SECONDS:g} s to one row of features",
        ["", "ms", "featkit is faster by", "numbers", "features"],
        lines,
    )


def essentia_row() -> Row:
    import essentia
    import essentia.streaming as es

    essentia.log.infoActive = False

    def row(wav: str) -> Array:
        # A streaming network takes half the time of a loop over frames, but can run only once.
        load = es.MonoLoader(filename=wav, sampleRate=SR)
        frames = es.FrameCutter(frameSize=2048, hopSize=512)
        window, spectrum = es.Windowing(type="hann", zeroPhase=False), es.Spectrum(size=2048)
        mfcc = es.MFCC(
            inputSize=1025,
            sampleRate=SR,
            numberBands=128,
            numberCoefficients=20,
            highFrequencyBound=SR / 2,
        )
        peaks = es.SpectralPeaks(sampleRate=SR, maxFrequency=5000, magnitudeThreshold=1e-5)
        hpcp = es.HPCP(sampleRate=SR, size=12)
        centroid, moments = es.Centroid(range=SR / 2), es.CentralMoments(range=SR / 2)
        shape, rolloff = es.DistributionShape(), es.RollOff(sampleRate=SR)
        zcr, rms, pool = es.ZeroCrossingRate(), es.RMS(), essentia.Pool()

        load.audio >> frames.signal
        frames.frame >> window.frame >> spectrum.frame
        spectrum.spectrum >> mfcc.spectrum
        spectrum.spectrum >> peaks.spectrum
        spectrum.spectrum >> centroid.array
        spectrum.spectrum >> moments.array
        spectrum.spectrum >> rolloff.spectrum
        peaks.frequencies >> hpcp.frequencies
        peaks.magnitudes >> hpcp.magnitudes
        moments.centralMoments >> shape.centralMoments
        frames.frame >> zcr.signal
        frames.frame >> rms.array
        for unused in (mfcc.bands, shape.skewness, shape.kurtosis):
            unused >> None
        results = {
            "mfcc": mfcc.mfcc,
            "hpcp": hpcp.hpcp,
            "centroid": centroid.centroid,
            "spread": shape.spread,
            "rolloff": rolloff.rollOff,
            "zcr": zcr.zeroCrossingRate,
            "rms": rms.rms,
        }
        for name, result in results.items():
            result >> (pool, name)
        essentia.run(load)
        return np.concatenate([_common.mean_and_std(pool[name].T) for name in results])

    return row


def audioflux_row() -> Row:
    import audioflux as af
    from audioflux.type import (
        SpectralDataType,
        SpectralFilterBankNormalType,
        SpectralFilterBankScaleType,
    )

    exponent, hop = 11, 512
    # Without phase (1), as here. With phase, the default, it takes ten times as long.
    real = 1
    linear = af.BFT(
        num=1025,
        radix2_exp=exponent,
        samplate=SR,
        slide_length=hop,
        scale_type=SpectralFilterBankScaleType.LINEAR,
        data_type=SpectralDataType.MAG,
    )
    spectral = af.Spectral(num=linear.num, fre_band_arr=linear.get_fre_band_arr())
    mel = af.BFT(
        num=128,
        radix2_exp=exponent,
        samplate=SR,
        slide_length=hop,
        scale_type=SpectralFilterBankScaleType.MEL,
        normal_type=SpectralFilterBankNormalType.AREA,
        data_type=SpectralDataType.POWER,
    )
    cepstrum = af.XXCC(num=mel.num)
    temporal = af.Temporal(frame_length=2048, slide_length=hop)

    def row(wav: str) -> Array:
        y, _ = af.read(wav, samplate=SR)
        S = linear.bft(y, result_type=real)
        power = mel.bft(y, result_type=real)
        for analysis in (spectral, cepstrum):
            analysis.set_time_length(S.shape[1])
        levels = temporal.temporal(y, has_rms=True, has_zcr=True)
        chroma = af.chroma_linear(
            y, radix2_exp=exponent, samplate=SR, slide_length=hop, high_fre=SR / 2
        )
        parts = [
            cepstrum.xxcc(power, cc_num=20),
            chroma,
            spectral.centroid(S),
            spectral.band_width(S),
            spectral.rolloff(S, threshold=0.85),
            levels["zcr_arr"],
            levels["rms_arr"],
        ]
        return np.concatenate([_common.mean_and_std(part) for part in parts])

    return row


def opensmile_row(name: str) -> Row:
    import opensmile

    smile = opensmile.Smile(opensmile.FeatureSet[name], opensmile.FeatureLevel.Functionals)
    return lambda wav: smile.process_file(wav).to_numpy()[0]


def pyaudioanalysis_row() -> Row:
    from pyAudioAnalysis import MidTermFeatures, audioBasicIO

    def row(wav: str) -> Array:
        sr, y = audioBasicIO.read_audio_file(wav)
        values: Array
        values, _, _ = MidTermFeatures.mid_feature_extraction(
            y,
            sr,
            len(y),
            len(y),
            2048,
            512,  # all in samples
        )
        return values.ravel()

    return row


PEERS: dict[str, tuple[str, str, Callable[[], Row]]] = {
    "essentia": (
        "essentia",
        "MFCC 20, HPCP 12 of spectral peaks, centroid, spread, roll-off, ZCR, RMS: mean, std;"
        " no tempo",
        essentia_row,
    ),
    "audioflux": (
        "audioflux",
        "MFCC 20, linear chroma 12, centroid, bandwidth, roll-off, ZCR, RMS: mean, std; no tempo",
        audioflux_row,
    ),
    "opensmile eGeMAPSv02": (
        "opensmile",
        "88 functionals for voice: pitch, jitter, formants, loudness, MFCC 1 to 4, spectral slopes;"
        " no chroma, no tempo",
        lambda: opensmile_row("eGeMAPSv02"),
    ),
    "opensmile ComParE_2016": (
        "opensmile",
        "6373 functionals of 65 descriptors and their differences: MFCC 14, RASTA bands, spectral"
        " shape, pitch, ZCR, RMS; no chroma, no tempo",
        lambda: opensmile_row("ComParE_2016"),
    ),
    "pyAudioAnalysis": (
        "pyAudioAnalysis",
        "34 short-term descriptors (MFCC 13, chroma 12, centroid, spread, roll-off, ZCR, energy,"
        " entropies, flux) and their differences: mean, std; no tempo",
        pyaudioanalysis_row,
    ),
}
"""By name: the module, the computed features, and a function that prepares the computation."""


def fresh_process(wav: str) -> None:
    csv = str(Path(wav).with_suffix(".csv"))
    extract = ["extract", wav, "-o", csv, "--features", "genre75", "--jobs", "1"]
    commands = {
        "featkit --help": ["-m", "featkit", "--help"],
        "featkit extract one.wav -o one.csv": ["-m", "featkit", *extract],
        "librosa: import, load, each function, write": [_common.__file__, wav, csv],
    }
    for arguments in commands.values():
        run(arguments)  # warm-up: files are cached and librosa is compiled
    seconds = interleaved(
        {name: partial(run, arguments) for name, arguments in commands.items()},
        rounds=FRESH_ROUNDS,
        twice=False,
    )
    extract_seconds = seconds["featkit extract one.wav -o one.csv"]
    print_table(
        f"A fresh process, genre75 of one WAV file of {SECONDS:g} s",
        ["", "s", "times as long as featkit extract"],
        [
            [name, f"{np.median(taken):.2f}", f"{speedup(taken, extract_seconds):.1f}"]
            for name, taken in seconds.items()
        ],
    )


def run(arguments: list[str]) -> None:
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # librosa warns of silence in recordings
    main()
