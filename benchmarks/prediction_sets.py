"""Coverage of prediction sets on unseen groups, abstention, and novelty of other recordings.

    python benchmarks/prediction_sets.py [--emodb FOLDER] [--esc10 FOLDER] [--soundscape FOLDER]

ESC-10 has one folder per class and files named fold-recording-take; its clips of one recording are
a group. The groups of EmoDB are its speakers. The synthetic data have groups of unequal size with a
shift of their own; models predict the rows of 200 new groups. The mean coverage of the groups must
be within 0.03 of the nominal one. Novelty is measured with the feature set `standard`: recordings
of the other folders are compared with held-out recordings of ESC-10. The exit status is 1 if a
target is missed.
"""

from __future__ import annotations

import argparse
import sys

import _common  # before NumPy, since it sets the number of threads
import numpy as np
import pandas as pd
from _common import Array, Target

import featkit
from featkit.models.novelty import Novelty, fit_novelty
from featkit.models.outer_folds import plan_splits
from featkit.models.preparation import prepare_problem
from featkit.models.set_scores import NOMINAL_COVERAGES
from featkit.models.set_types import SetScores
from featkit.models.settings import Settings
from featkit.table.feature_table import FeatureTable

MODELS = ("logistic", "random_forest", "svm")

RUNS = (*((model, None) for model in MODELS), ("logistic", "temperature"), ("svm", "isotonic"))
"""Models and calibrations that are scored on real recordings."""

TOLERANCE = 0.03
"""Greatest difference between nominal coverage and mean coverage of the groups."""

SEEDS = 8
CLASSES, COLUMNS, GROUPS, NEW_GROUPS = 4, 10, 30, 200
"""Sizes of the synthetic data."""

NOVEL = 0.9
"""Novelty from which a recording counts as unlike the training data."""

MAX_FALSE_ALARMS = 0.12
"""Greatest share of held-out recordings that count as unlike the training data."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("emodb", "esc10", "soundscape"):
        parser.add_argument(f"--{name}", help=f"folder of {name}")
    parser.add_argument("--jobs", type=int, default=1, help="worker processes (1)")
    options = parser.parse_args()
    esc10 = emodb = None
    targets = synthetic()
    if options.emodb:
        emodb = features(options.emodb, options.jobs)
        names = [path.rsplit("/", 1)[-1] for path in emodb["path"]]
        emodb = emodb.assign(speaker=[n[:2] for n in names], emotion=[n[5] for n in names])
        targets += coverage("EmoDB", emodb, label="emotion", group="speaker", jobs=options.jobs)
    if options.esc10:
        esc10 = features(
            options.esc10, options.jobs, labels="folder", name_pattern="{fold}-{recording}-{take}"
        )
        targets += coverage("ESC-10", esc10, fold="fold", group="recording", jobs=options.jobs)
        others = {"EmoDB": emodb}
        if options.soundscape:
            others["soundscapes"] = features(options.soundscape, options.jobs)
        targets += novelty(esc10, {name: data for name, data in others.items() if data is not None})
    sys.exit(_common.any_missed(targets))


def features(folder: str, jobs: int, **names: str) -> pd.DataFrame:
    """Extract the feature set `standard` without quality columns."""
    data = featkit.extract(folder, features="standard", n_jobs=jobs, **names).table.data
    return data[[name for name in data if not name.startswith("quality_")]]


def coverage(name: str, data: pd.DataFrame, *, jobs: int, **settings: str) -> list[Target]:
    """Print the scores of sets and abstention of each model."""
    lines, answers, targets = [], [], []
    for model, calibrate in RUNS:
        how = {"model": model, "calibrate": calibrate, "n_jobs": jobs, **settings}
        result = featkit.train(data, prediction_sets=True, **how)
        about = f"{model}, {calibrate}" if calibrate else model
        scores = result.evaluation.prediction_sets
        lines += set_lines(about, scores)
        answers += [
            [about, f"{one.wanted:g}", *map(interval, (one.answered, one.accuracy))]
            for one in scores.answers
        ]
        targets += coverage_targets(
            f"{name}, {about}", [one.group_mean for one in scores.coverages]
        )
    print_sets(name, lines)
    _common.print_table(
        f"{name}: abstention for a wanted accuracy",
        ["model", "wanted", "answered", "accuracy of the answered rows"],
        answers,
    )
    return targets


def set_lines(about: str, scores: SetScores) -> list[list[str]]:
    return [
        [
            about,
            f"{one.nominal:g}",
            interval(one.coverage),
            f"{one.group_mean:.3f}",
            "" if one.group_std is None else f"{one.group_std:.3f}",
            f"{one.size.value:.2f}",
            f"{one.answered.value:.3f}",
            interval(one.accuracy),
            f"{one.empty:.3f}",
        ]
        for one in scores.coverages
    ]


def print_sets(name: str, lines: list[list[str]]) -> None:
    header = ["model", "nominal", "coverage", "mean of groups", "deviation", "classes"]
    header += ["one class", "correct of these", "no class"]
    _common.print_table(f"{name}: prediction sets", header, lines)


def interval(estimate: object) -> str:
    if estimate is None:
        return ""
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def coverage_targets(about: str, measured: list[float]) -> list[Target]:
    return [
        Target(f"coverage, {about}", value, nominal - TOLERANCE, nominal + TOLERANCE)
        for nominal, value in zip(NOMINAL_COVERAGES, measured, strict=True)
    ]


def synthetic() -> list[Target]:
    """Print the mean coverage of new groups of the synthetic data over seeds."""
    lines, targets = [], []
    for model in MODELS:
        measured = np.array([new_group_coverage(model, seed) for seed in range(SEEDS)])
        for k, nominal in enumerate(NOMINAL_COVERAGES):
            own, sizes = measured[:, 0, k], measured[:, 1, k]
            lines.append(
                [
                    model,
                    f"{nominal:g}",
                    f"{own.mean():.3f}",
                    f"{own.std(ddof=1):.3f}",
                    f"{sizes.mean():.2f}",
                ]
            )
        targets += coverage_targets(
            f"synthetic groups, {model}", measured[:, 0].mean(axis=0).tolist()
        )
    _common.print_table(
        f"Synthetic data, {GROUPS} training groups: {NEW_GROUPS} new groups, {SEEDS} seeds",
        ["model", "nominal", "mean coverage of groups", "deviation over seeds", "classes"],
        lines,
    )
    return targets


def new_group_coverage(model: str, seed: int) -> tuple[list[float], list[float]]:
    """Mean coverage of new groups, and mean size of the sets, at each nominal coverage."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(CLASSES, COLUMNS))
    data, new = (grouped_rows(rng, centres, count) for count in (GROUPS, NEW_GROUPS))
    how = {"group": "group", "shares": (90, 10), "prediction_sets": True}
    trained = featkit.train(data, model=model, **how).model
    coverages, sizes = [], []
    for nominal in NOMINAL_COVERAGES:
        least = trained.sets.rows.of_sets(nominal)
        members = trained.probabilities(FeatureTable.of(new, keys=["group", "label"])) >= least
        true = np.searchsorted(trained.classes, new["label"])
        covered = pd.Series(members[np.arange(len(new)), true]).groupby(new["group"]).mean()
        coverages.append(float(covered.mean()))
        sizes.append(float(members.sum(axis=1).mean()))
    return coverages, sizes


def grouped_rows(rng: np.random.Generator, centres: Array, count: int) -> pd.DataFrame:
    """Groups of 5 to 40 rows of all classes, each with a shift of its own."""
    group = np.repeat(np.arange(count), rng.integers(5, 41, size=count))
    label = rng.integers(CLASSES, size=len(group))
    X = centres[label] + 0.7 * rng.normal(size=(count, COLUMNS))[group]
    X += rng.normal(size=X.shape)
    data = pd.DataFrame(X, columns=[f"x{k}" for k in range(COLUMNS)])
    return data.assign(label=[f"c{k}" for k in label], group=[f"g{k}" for k in group])


def novelty(esc10: pd.DataFrame, others: dict[str, pd.DataFrame]) -> list[Target]:
    """Print the novelty of held-out recordings of ESC-10, and of recordings of other folders."""
    settings = Settings(fold="fold", group="recording", model="svm")
    problem = prepare_problem(esc10, settings)
    plan = plan_splits(problem, settings)
    held_out = [
        novelty_of(fit_novelty(problem, fold.train, seed=0), problem.X[fold.test])
        for fold in plan.outer
    ]
    fitted = fit_novelty(problem, plan.final.train, seed=0)
    values = {"ESC-10, held out": np.concatenate(held_out)}
    for name, data in others.items():
        values[name] = novelty_of(fitted, data[problem.columns].to_numpy(np.float64))
    _common.print_table(
        "Novelty of recordings, for a model of ESC-10",
        ["recordings", "number", "median novelty", *(f"above {at:g}" for at in (0.9, 0.95, 0.99))],
        [
            [name, str(len(own)), f"{np.median(own):.3f}"]
            + [f"{np.mean(own > at):.3f}" for at in (0.9, 0.95, 0.99)]
            for name, own in values.items()
        ],
    )
    false_alarms = float(np.mean(values["ESC-10, held out"] > NOVEL))
    flagged = [
        Target(f"{name} unlike ESC-10", float(np.mean(values[name] > NOVEL)), at_least=0.5)
        for name in others
    ]
    return [Target("false alarms on ESC-10", false_alarms, at_most=MAX_FALSE_ALARMS), *flagged]


def novelty_of(fitted: Novelty, X: Array) -> Array:
    return fitted.novelty(fitted.projection.distances(X), "recording")


if __name__ == "__main__":
    main()
