"""Speed of the feature set `standard` and its accuracy on ESC-10.

    python benchmarks/standard.py [ESC10] [--audio FILE] [--rounds N] [--auto]

The speed is compared with librosa and, if they are installed, openSMILE and Essentia. ESC10 has one
folder per class with files named fold-recording-take; without it, only times are measured. Targets
that were not measured are listed. The exit status is 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import _common  # before NumPy, since it sets the number of threads
import numpy as np
import soundfile
from _common import SR, Array, Target, interleaved, print_table, speedup
from speed import SECONDS, opensmile_row, recording

import featkit
from featkit.features.sets.loading import FeatureSet

STANDARD = featkit.feature_set("standard")
MAX_PASSES = 7.0
"""Time limit for a WAV file of 30 s in bare FFT passes."""

MIN_SPEEDUP_LIBROSA, MIN_SPEEDUP_OPENSMILE, MIN_SPEEDUP_ESSENTIA = 8.0, 13.0, 55.0
MIN_GAIN = 0.02
"""Minimum gain in accuracy of default models by `standard` over `genre75` on ESC-10: 8 of 400."""

MIN_NESTED_ACCURACY = 0.88
"""Minimum nested accuracy of ``auto`` on ESC-10."""

MODELS = ("logistic", "random_forest", "xgboost")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", metavar="ESC10")
    parser.add_argument("--audio", metavar="FILE", help="a recording instead of synthetic music")
    parser.add_argument("--rounds", type=int, default=15, help="rounds per table (15)")
    parser.add_argument("--auto", action="store_true", help="also train auto; takes minutes")
    options = parser.parse_args()
    if options.auto and not options.folder:
        parser.error("--auto needs ESC10")
    y = recording(options.audio) if options.audio else _common.synthetic_music(SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        wav = str(Path(folder) / "one.wav")
        soundfile.write(wav, y, SR, subtype="PCM_16")
        targets = [
            *compare_with_librosa(wav, y, options.rounds),
            *compare_with_others(wav, options.rounds),
        ]
    gains = plain_models(options.folder) if options.folder else dict.fromkeys(MODELS)
    targets += [
        Target(f"accuracy that {name} gains by standard over genre75", gain, at_least=MIN_GAIN)
        for name, gain in gains.items()
    ]
    accuracy = nested(options.folder) if options.auto else None
    sys.exit(
        _common.any_missed(
            [*targets, Target("nested accuracy of auto", accuracy, at_least=MIN_NESTED_ACCURACY)]
        )
    )


def featkit_row(wav: str, features: FeatureSet) -> Array:
    y, sr = featkit.load(wav, sr=SR)
    row: Array = featkit.analyse([y], sr, features)[0]
    return row


# librosa


def librosa_families() -> Mapping[str, Callable[[Array], Array]]:
    """Families of `standard` that librosa computes, each from the samples."""
    import librosa
    from librosa import feature

    def deltas(y: Array) -> Array:
        mfcc = feature.mfcc(y=y, sr=SR, n_mfcc=20)
        return np.concatenate([feature.delta(mfcc, order=order) for order in (1, 2)])

    def mel_bands(y: Array) -> Array:
        return librosa.power_to_db(feature.melspectrogram(y=y, sr=SR, n_mels=40))

    def rolloffs(y: Array) -> Array:
        shares = (0.25, 0.5, 0.85, 0.95)
        return np.concatenate(
            [feature.spectral_rolloff(y=y, sr=SR, roll_percent=share) for share in shares]
        )

    def onset_rate(y: Array) -> Array:
        return np.array([len(librosa.onset.onset_detect(y=y, sr=SR)) * SR / len(y)])

    return {
        "mfcc": lambda y: feature.mfcc(y=y, sr=SR, n_mfcc=20),
        "mfcc_delta": deltas,
        "mel_bands": mel_bands,
        "spectral_contrast": lambda y: feature.spectral_contrast(y=y, sr=SR),
        "spectral_centroid": lambda y: feature.spectral_centroid(y=y, sr=SR),
        "spectral_bandwidth": lambda y: feature.spectral_bandwidth(y=y, sr=SR),
        "spectral_rolloffs": rolloffs,
        "spectral_flatness": lambda y: feature.spectral_flatness(y=y),
        "zero_crossing_rate": lambda y: feature.zero_crossing_rate(y),
        "rms": lambda y: feature.rms(y=y),
        "onset_strength": lambda y: librosa.onset.onset_strength(y=y, sr=SR)[None],
        "chroma": lambda y: feature.chroma_stft(y=y, sr=SR),
        "tonnetz": lambda y: feature.tonnetz(chroma=feature.chroma_stft(y=y, sr=SR)),
        "tempo": lambda y: feature.tempo(y=y, sr=SR),
        "onset_rate": onset_rate,
    }


def frame_statistics() -> Mapping[str, Callable[[Array], Array]]:
    import scipy.stats

    return {
        "mean": lambda x: np.mean(x, axis=1),
        "std": lambda x: np.std(x, axis=1),
        "median": lambda x: np.median(x, axis=1),
        "p10": lambda x: np.percentile(x, 10, axis=1),
        "p90": lambda x: np.percentile(x, 90, axis=1),
        "skew": lambda x: scipy.stats.skew(x, axis=1),
        "kurtosis": lambda x: scipy.stats.kurtosis(x, axis=1),
        "diff_std": lambda x: np.std(np.diff(x, axis=1), axis=1),
    }


def compare_with_librosa(wav: str, y: Array, rounds: int) -> list[Target]:
    """Print the times of the columns that librosa also computes; return the targets."""
    import librosa

    compute, summarise = librosa_families(), frame_statistics()
    entries = tuple(entry for entry in STANDARD.entries if entry.family_name in compute)
    shared = dataclasses.replace(STANDARD, name="shared", entries=entries, excluded=())

    def librosa_row() -> Array:
        y, _ = librosa.load(wav, sr=SR)
        row = []
        for entry in entries:
            x = compute[entry.family_name](y)
            row += [summarise[name](x) for name in entry.statistics] or [x]
        return np.concatenate(row)

    own, other = f"featkit, {len(shared.columns)} of them", "librosa, the same"
    whole = f"featkit, all {len(STANDARD.columns)} columns"
    rows: dict[str, Callable[[], Array]] = {
        whole: partial(featkit_row, wav, STANDARD),
        own: partial(featkit_row, wav, shared),
        other: librosa_row,
    }
    bare = "a bare FFT pass"
    seconds = interleaved(rows | {bare: _common.bare_fft(y)}, rounds=rounds)
    taken_by_fft = seconds.pop(bare)
    print_table(
        f"WAV file of {SECONDS:g} s to columns of standard",
        ["", "ms", "bare FFT passes", "of librosa's time"],
        [
            [
                name,
                f"{1000 * np.median(taken):.1f}",
                f"{speedup(taken, taken_by_fft):.2f}",
                f"1/{speedup(seconds[other], taken):.1f}",
            ]
            for name, taken in seconds.items()
        ],
    )
    differences = _common.relative_difference(rows[own]()[None], rows[other]()[None])[0]
    k = int(np.nanargmax(differences))
    print(f"\nlargest relative difference: {differences[k]:.1e}, {shared.column_names[k]}")
    return [
        Target(
            "bare FFT passes for 30 s", speedup(seconds[whole], taken_by_fft), at_most=MAX_PASSES
        ),
        Target(
            "times faster than librosa",
            speedup(seconds[other], seconds[own]),
            at_least=MIN_SPEEDUP_LIBROSA,
        ),
    ]


# openSMILE and Essentia


def essentia_row() -> Callable[[str], Array]:
    import essentia
    import essentia.standard as es

    essentia.log.infoActive = essentia.log.warningActive = False
    extractor = es.MusicExtractor()

    def row(wav: str) -> Array:
        pool, _ = extractor(wav)
        pool_values = [
            np.ravel(pool[name])
            for name in pool.descriptorNames()
            if not name.startswith("metadata") and not isinstance(pool[name], str)
        ]
        return np.concatenate([values for values in pool_values if values.dtype.kind in "fi"])

    return row


OTHERS: dict[str, tuple[str, float, Callable[[], Callable[[str], Array]]]] = {
    "opensmile ComParE_2016": (
        "opensmile",
        MIN_SPEEDUP_OPENSMILE,
        lambda: opensmile_row("ComParE_2016"),
    ),
    "essentia MusicExtractor": ("essentia", MIN_SPEEDUP_ESSENTIA, essentia_row),
}
"""By name: the module, the minimum speedup, and a function that prepares the computation."""


def compare_with_others(wav: str, rounds: int) -> list[Target]:
    """Print the times of the installed programs; return the targets."""
    rows = {"featkit standard": partial(featkit_row, features=STANDARD)}
    for name, (module, _, prepare) in OTHERS.items():
        if find_spec(module):
            rows[name] = prepare()
        else:
            print(f"\n{name} is not installed: pip install featkit[bench]")
    seconds = interleaved(
        {name: partial(row, wav) for name, row in rows.items()}, rounds=max(3, rounds // 3)
    )
    own_seconds = seconds["featkit standard"]
    print_table(
        f"Others, WAV file of {SECONDS:g} s to one row of features",
        ["", "ms", "featkit is faster by", "numbers"],
        [
            [
                name,
                f"{1000 * np.median(taken):.1f}",
                f"{speedup(taken, own_seconds):.1f}",
                str(len(rows[name](wav))),
            ]
            for name, taken in seconds.items()
        ],
    )
    times = {name: speedup(taken, own_seconds) for name, taken in seconds.items()}
    return [
        Target(f"times faster than {name}", times.get(name), at_least=target)
        for name, (_, target, _) in OTHERS.items()
    ]


# ESC-10


def plain_models(folder: str) -> dict[str, float]:
    """Print the accuracies of default models on both sets; return the gains by `standard`."""
    accuracies = {name: fold_accuracies(folder, name) for name in ("genre75", "standard")}
    print_table(
        "ESC-10 on its five folds, default models: accuracy",
        ["model", *accuracies],
        [[model, *(f"{of_set[model]:.4f}" for of_set in accuracies.values())] for model in MODELS],
    )
    before, after = accuracies.values()
    # One of 400 recordings is 0.0025; further digits are rounding errors.
    return {model: round(after[model] - before[model], 4) for model in MODELS}


def esc10(folder: str, features: str) -> featkit.FeatureTable:
    pattern = "{fold}-{recording}-{take}"
    return featkit.extract(
        folder, features=features, labels="folder", name_pattern=pattern, n_jobs=1
    ).table


def fold_accuracies(folder: str, features: str) -> dict[str, float]:
    """Accuracy of each default model over the predictions of all five folds."""
    from sklearn.model_selection import PredefinedSplit, cross_val_predict

    from featkit.models import pipeline

    table = esc10(folder, features)
    X, y = table.features.to_numpy(), np.asarray(table.labels, str)
    folds = PredefinedSplit(table.column("fold").astype(int))
    predicted = {name: cross_val_predict(pipeline(name), X, y, cv=folds) for name in MODELS}
    return {name: float(np.mean(labels == y)) for name, labels in predicted.items()}


def nested(folder: str) -> float:
    """Print and return the nested accuracy of ``auto``."""
    result = featkit.train(esc10(folder, "standard"), fold="fold", group="recording", n_jobs=1)
    score = result.scores["models"]["auto"]["accuracy"]
    low, high = score["low"], score["high"]
    print(f"\nauto, nested: accuracy {score['value']:.4f}, 95 % interval {low:.3f} to {high:.3f}")
    return float(score["value"])


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # librosa warns of silence in recordings
    main()
