"""What `standard` costs, beside librosa, openSMILE and Essentia, and what it is worth on ESC-10.

    python benchmarks/standard.py [ESC10] [--audio FILE] [--rounds N] [--auto]

ESC10 is a folder for each class with files called fold-recording-take; left out, only the times are
taken. Of opensmile and essentia it takes those that are installed. It lists the bars that were not
tried. Exit status 1 if one is missed.
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

import _common  # before NumPy: it sets one thread
import numpy as np
import soundfile
from _common import SR, Array, Bar, interleaved, ratio, show
from speed import SECONDS, opensmile_row, recording

import featkit
from featkit.features.sets.registry import FeatureSet

STANDARD = featkit.feature_set("standard")
MILLISECONDS = 60.0
"""The most that a WAV file of 30 s may take on the machine that the notes speak of, by the least of
all rounds: what others do on it only adds."""

FASTER_THAN_LIBROSA, FASTER_THAN_OPENSMILE, FASTER_THAN_ESSENTIA = 8.0, 5.0, 20.0
GAIN = 0.02
"""Accuracy that plain models are to gain by `standard` over `genre75` on ESC-10: 8 of 400."""

NESTED = 0.88
"""Accuracy of ``auto`` on ESC-10."""

MODELS = ("logistic", "random_forest", "xgboost")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", metavar="ESC10")
    parser.add_argument("--audio", metavar="FILE", help="a recording instead of made-up music")
    parser.add_argument("--rounds", type=int, default=15, help="rounds of the times (15)")
    parser.add_argument("--auto", action="store_true", help="train auto, too: minutes")
    options = parser.parse_args()
    if options.auto and not options.folder:
        parser.error("--auto needs ESC10")
    y = recording(options.audio) if options.audio else _common.music(SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        wav = str(Path(folder) / "one.wav")
        soundfile.write(wav, y, SR, subtype="PCM_16")
        bars = [*beside_librosa(wav, options.rounds), *beside_others(wav, options.rounds)]
    gains = plain_models(options.folder) if options.folder else dict.fromkeys(MODELS)
    bars += [
        Bar(f"accuracy that {name} gains by standard over genre75", gain, least=GAIN)
        for name, gain in gains.items()
    ]
    accuracy = nested(options.folder) if options.auto else None
    sys.exit(_common.missed([*bars, Bar("nested accuracy of auto", accuracy, least=NESTED)]))


def featkit_row(wav: str, features: FeatureSet) -> Array:
    y, sr = featkit.load(wav, sr=SR)
    row: Array = featkit.analyse([y], sr, features)[0]
    return row


# librosa


def of_librosa() -> Mapping[str, Callable[[Array], Array]]:
    """The families of `standard` that librosa computes, each function called with the samples."""
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


def over_frames() -> Mapping[str, Callable[[Array], Array]]:
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


def beside_librosa(wav: str, rounds: int) -> list[Bar]:
    """Print both times of the columns that librosa has, too; how long and how much faster."""
    import librosa

    compute, summarise = of_librosa(), over_frames()
    entries = tuple(entry for entry in STANDARD.entries if entry.family_name in compute)
    shared = dataclasses.replace(STANDARD, name="shared", entries=entries, excluded=())

    def librosa_row() -> Array:
        y, _ = librosa.load(wav, sr=SR)
        row = []
        for entry in entries:
            x = compute[entry.family_name](y)
            row += [summarise[name](x) for name in entry.statistics] or [x]
        return np.concatenate(row)

    ours, theirs = f"featkit, {len(shared.columns)} of them", "librosa, the same"
    whole = f"featkit, all {len(STANDARD.columns)} columns"
    rows: dict[str, Callable[[], Array]] = {
        whole: partial(featkit_row, wav, STANDARD),
        ours: partial(featkit_row, wav, shared),
        theirs: librosa_row,
    }
    seconds = interleaved(rows, rounds=rounds)
    show(
        f"WAV file of {SECONDS:g} s to columns of standard",
        ["", "ms", "least ms", "of librosa's time"],
        [
            [
                name,
                f"{1000 * np.median(taken):.1f}",
                f"{1000 * np.min(taken):.1f}",
                f"1/{ratio(seconds[theirs], taken):.1f}",
            ]
            for name, taken in seconds.items()
        ],
    )
    apart = _common.difference(rows[ours]()[None], rows[theirs]()[None])[0]
    furthest = int(np.nanargmax(apart))
    print(f"\nlargest relative difference: {apart[furthest]:.1e}, {shared.column_names[furthest]}")
    return [
        Bar("least ms of all rounds", 1000 * float(np.min(seconds[whole])), most=MILLISECONDS),
        Bar(
            "times faster than librosa",
            ratio(seconds[theirs], seconds[ours]),
            least=FASTER_THAN_LIBROSA,
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
        kept = [
            np.ravel(pool[name])
            for name in pool.descriptorNames()
            if not name.startswith("metadata") and not isinstance(pool[name], str)
        ]
        return np.concatenate([each for each in kept if each.dtype.kind in "fi"])

    return row


OTHERS: dict[str, tuple[str, float, Callable[[], Callable[[str], Array]]]] = {
    "opensmile ComParE_2016": (
        "opensmile",
        FASTER_THAN_OPENSMILE,
        lambda: opensmile_row("ComParE_2016"),
    ),
    "essentia MusicExtractor": ("essentia", FASTER_THAN_ESSENTIA, essentia_row),
}
"""By name: the module, how many times faster `standard` is to be, and what prepares for it."""


def beside_others(wav: str, rounds: int) -> list[Bar]:
    """Print the times of those that are installed; how many times faster than each."""
    rows = {"featkit standard": partial(featkit_row, features=STANDARD)}
    for name, (module, _, prepare) in OTHERS.items():
        if find_spec(module):
            rows[name] = prepare()
        else:
            print(f"\n{name} is not installed: pip install featkit[bench]")
    seconds = interleaved(
        {name: partial(row, wav) for name, row in rows.items()}, rounds=max(3, rounds // 3)
    )
    ours = seconds["featkit standard"]
    show(
        f"Others, WAV file of {SECONDS:g} s to one row of what they have",
        ["", "ms", "featkit is faster by", "numbers"],
        [
            [
                name,
                f"{1000 * np.median(taken):.1f}",
                f"{ratio(taken, ours):.1f}",
                str(len(rows[name](wav))),
            ]
            for name, taken in seconds.items()
        ],
    )
    times = {name: ratio(taken, ours) for name, taken in seconds.items()}
    return [
        Bar(f"times faster than {name}", times.get(name), least=bar)
        for name, (_, bar, _) in OTHERS.items()
    ]


# ESC-10


def plain_models(folder: str) -> dict[str, float]:
    """Print the accuracies of plain models on both sets; what each gains by `standard`."""
    accuracies = {name: fold_accuracies(folder, name) for name in ("genre75", "standard")}
    show(
        "ESC-10 on its five folds, plain models: accuracy",
        ["model", *accuracies],
        [[model, *(f"{each[model]:.4f}" for each in accuracies.values())] for model in MODELS],
    )
    before, after = accuracies.values()
    # Of 400 recordings each is 0.0025; beyond that digits are rounding's.
    return {model: round(after[model] - before[model], 4) for model in MODELS}


def esc10(folder: str, features: str) -> featkit.FeatureTable:
    pattern = "{fold}-{recording}-{take}"
    return featkit.extract(
        folder, features=features, labels="folder", name_pattern=pattern, n_jobs=1
    ).table


def fold_accuracies(folder: str, features: str) -> dict[str, float]:
    """Of each model with its defaults, predictions of all five folds together."""
    from sklearn.model_selection import PredefinedSplit, cross_val_predict

    from featkit.models import pipeline

    table = esc10(folder, features)
    X, y = table.features.to_numpy(), np.asarray(table.labels, str)
    folds = PredefinedSplit(table.column("fold").astype(int))
    predicted = {name: cross_val_predict(pipeline(name), X, y, cv=folds) for name in MODELS}
    return {name: float(np.mean(each == y)) for name, each in predicted.items()}


def nested(folder: str) -> float:
    """Print the nested accuracy of ``auto``, and return it."""
    result = featkit.train(esc10(folder, "standard"), fold="fold", group="recording", n_jobs=1)
    score = result.scores["models"]["auto"]["accuracy"]
    low, high = score["low"], score["high"]
    print(f"\nauto, nested: accuracy {score['value']:.4f}, 95 % interval {low:.3f} to {high:.3f}")
    return float(score["value"])


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # librosa speaks of silence, which a recording may hold
    main()
