"""Accuracy on EmoDB with each speaker left out once, without and with normalisation by speaker.

    python benchmarks/emodb.py EMODB [--sets] [--auto]

EMODB is the folder of the 535 sentences. Each speaker is predicted by a model of the nine others.
Parameters are the defaults of each estimator, so nothing is selected on any speaker; with --auto,
estimator and parameters are selected by nested cross-validation, which takes about ten minutes. By
default two estimators are trained, which takes about a minute; --sets also tries other columns. The
exit status is 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import _common  # before NumPy, since it sets the number of threads
import numpy as np
from _common import Target, print_table

import featkit
from featkit.table.feature_table import FeatureTable

MIN_PLAIN, MIN_NORMALISED = 0.70, 0.80
"""Minimum accuracy with the 542 columns of `standard`. Published with 1,582 columns: 0.73 (default
SVM) and 0.77 (tuned); a normalisation by speaker of these columns adds about as much."""

EMOTIONS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "anxiety",
    "F": "happiness",
    "T": "sadness",
    "N": "neutral",
}
"""Classes by the sixth character of a name; the first two are the speaker."""

EIGHT = ["mean", "std", "median", "p10", "p90", "skew", "kurtosis", "diff_std"]


class Trial(NamedTuple):
    """A training to compare: feature set, estimator, normalisation and further options."""

    features: str
    model: str
    normalisation: str | None = None
    options: Mapping[str, Any] = {}


FAST = [
    Trial("standard", "logistic"),
    Trial("standard", "svm"),
    Trial("standard", "logistic", "standard"),
    Trial("standard", "svm", "standard"),
    Trial("standard", "svm", "robust"),
]

SETS = [
    *[Trial("standard", "svm", "standard", {"select": count}) for count in (100, 200, 300)],
    *[Trial("standard", name, "standard") for name in ("sgd", "random_forest")],
    *[Trial(name, "svm", "standard") for name in ("genre75", "statistics", "short frames")],
    Trial("short frames", "logistic", "standard"),
]

AUTO = [Trial("standard", "auto"), Trial("standard", "auto", "standard")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", metavar="EMODB")
    parser.add_argument("--sets", action="store_true", help="also try other columns")
    parser.add_argument("--auto", action="store_true", help="also train auto")
    options = parser.parse_args()
    trials = [*FAST, *(SETS if options.sets else []), *(AUTO if options.auto else [])]
    results = list(scores(options.folder, trials))
    print_table(
        "EmoDB, one speaker left out: mean over rows (accuracy) and over emotions (balanced)",
        ["features", "columns", "model", "normalised by speaker", "accuracy", "balanced", "s"],
        [row for row, _ in results],
    )
    best = {
        is_normalised: max(
            value
            for trial, (_, value) in zip(trials, results, strict=True)
            if bool(trial.normalisation) == is_normalised and trial.features == "standard"
        )
        for is_normalised in (False, True)
    }
    sys.exit(
        _common.any_missed(
            [
                Target("accuracy without normalisation", best[False], at_least=MIN_PLAIN),
                Target("accuracy normalised by speaker", best[True], at_least=MIN_NORMALISED),
            ]
        )
    )


def scores(folder: str, trials: Sequence[Trial]) -> Iterator[tuple[list[str], float]]:
    """The cells of each trial in the table, and its accuracy."""
    tables: dict[str, FeatureTable] = {}
    for trial in trials:
        if trial.features not in tables:
            tables[trial.features] = emodb(folder, trial.features)
        begin = time.perf_counter()
        how: dict[str, Any] = dict(trial.options)
        if trial.normalisation:
            how |= {"normalize_by": "speaker", "normalization": trial.normalisation}
        result = featkit.train(
            tables[trial.features],
            model=trial.model,
            group="speaker",
            leave_one_group_out=True,
            **how,
        )
        seconds = time.perf_counter() - begin
        own = result.evaluation.models[trial.model]
        columns = trial.options.get("select", len(result.model.columns))
        yield (
            [
                trial.features,
                str(columns),
                trial.model,
                trial.normalisation or "no",
                f"{own.accuracy.value:.3f}",
                f"{own.balanced_accuracy.value:.3f}",
                f"{seconds:.0f}",
            ],
            own.accuracy.value,
        )


def emodb(folder: str, features: str) -> FeatureTable:
    """The table of the sentences, with emotion and speaker from their names."""
    own_sets = {"statistics": more_statistics, "short frames": short_frames}
    described = own_sets[features]() if features in own_sets else features
    table = featkit.extract(folder, features=described, n_jobs=1).table
    names = [Path(path).stem for path in table.column("path").tolist()]
    labels = np.array([EMOTIONS[name[5]] for name in names], dtype=object)
    speakers = np.array([name[:2] for name in names], dtype=object)
    return table.with_key("label", labels).with_key("speaker", speakers)


def more_statistics() -> dict[str, Any]:
    """The set `standard` with eight statistics of every column over frames, and two families."""
    described = featkit.feature_set("standard").as_dict()
    families = [
        {**entry, "statistics": EIGHT} if len(entry.get("statistics", [])) > 1 else entry
        for entry in described["features"]
    ]
    added = ("spectral_contrast", "spectral_flatness")
    families += [{"family": family, "statistics": EIGHT} for family in added]
    return {"name": "statistics", "sample_rate": 22050, "features": families}


def short_frames() -> dict[str, Any]:
    """The set `standard` with frames of 46 ms every 12 ms instead of 93 ms every 23 ms."""
    described = featkit.feature_set("standard").as_dict()
    spectra = {"n_fft": 1024, "hop_length": 256, "n_mels": 64}
    kept = {key: described[key] for key in ("sample_rate", "features", "exclude")}
    return {"name": "short", "spectra": spectra, **kept}


if __name__ == "__main__":
    main()
