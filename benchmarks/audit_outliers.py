"""Outliers found by `featkit audit` among clips that do not belong to their class.

    python benchmarks/audit_outliers.py --esc10 FOLDER [--emodb FOLDER] [--soundscape FOLDER]

Clips are added to random classes of ESC-10: sentences of EmoDB, and recordings of a rain forest; or
the labels of clips are exchanged with another class. The table shows how many of them are reported,
and how many others. Then the reports for the original ESC-10, and the number of reports on random
numbers without outliers: about 1 % of the recordings of each kind are expected at most. It takes
about a minute. The exit status is 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import Any

import _common  # before NumPy, since it sets the number of threads
import numpy as np
import pandas as pd
from _common import Target, print_table

import featkit
from featkit.auditing.checks.outliers import CHECK
from featkit.auditing.dataset import AuditedDataset
from featkit.table.feature_table import FeatureTable

COUNTS, SEEDS = (1, 4, 8), 8

MAX_BY_CHANCE = 0.02
"""Share of recordings without outliers that both kinds report."""

MIN_REPORTED = 0.6
"""Share of the planted clips that is reported, whatever they are."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--esc10", metavar="FOLDER", required=True)
    parser.add_argument("--emodb", metavar="FOLDER")
    parser.add_argument("--soundscape", metavar="FOLDER")
    options = parser.parse_args()
    table = featkit.extract(options.esc10, labels="folder", n_jobs=1).table
    features, data = list(table.feature_names), table.data
    others = {"another class": None}
    for name, folder in {"speech": options.emodb, "rain forest": options.soundscape}.items():
        if folder:
            others[name] = featkit.extract(folder, n_jobs=1).table.data
    rows, shares = [], []
    for name, clips in others.items():
        for count in COUNTS:
            results = [planted(data, features, clips, count, seed) for seed in range(SEEDS)]
            found, reported = np.mean(results, axis=0)
            shares.append(found / count)
            rows.append([name, str(count), f"{found / count:.2f}", f"{reported - found:.1f}"])
    print_table(
        f"ESC-10 with clips that do not belong to their class, mean of {SEEDS} draws",
        ["planted", "clips", "reported", "other reports"],
        rows,
    )
    print("\nESC-10, the original clips\n")
    for issue in issues(data, features):
        print(f"- {issue.severity}: {issue.message}")
    chance = list(by_chance())
    print_table("Random numbers without outliers", ["law", "share reported"], [*chance])
    worst = max(float(share) for _, share in chance)
    targets = [
        Target(
            "mean share of planted clips that is reported", float(np.mean(shares)), MIN_REPORTED
        ),
        Target("share reported by chance", worst, at_most=MAX_BY_CHANCE),
    ]
    sys.exit(_common.any_missed(targets))


def planted(
    data: pd.DataFrame, features: list[str], clips: pd.DataFrame | None, count: int, seed: int
) -> tuple[int, int]:
    """Number of planted clips that are reported, and of all reports."""
    rng = np.random.default_rng(seed)
    classes = np.unique(data["label"])
    if clips is None:
        data = data.copy()
        chosen = rng.choice(len(data), count, replace=False)
        for row in chosen:
            data.loc[row, "label"] = rng.choice(classes[classes != data["label"][row]])
        names = set(data["path"][chosen])
    else:
        added = clips.iloc[rng.choice(len(clips), count, replace=False)].copy()
        added["label"] = rng.choice(classes, count)
        names = set(added["path"])
        data = pd.concat([data, added], ignore_index=True)
    reported = {place.path for issue in issues(data, features) for place in issue.places}
    return len(names & reported), len(reported)


def issues(data: pd.DataFrame, features: list[str]) -> list[Any]:
    """The issues of a table, with the official folds as groups."""
    table = FeatureTable.of(data[["path", "label", *features]])
    return list(CHECK.run(AuditedDataset("data", table, label="label")))


def by_chance() -> Iterator[tuple[str, str]]:
    """The share of recordings that are reported among draws of some laws."""
    for distance in (3, 1):
        for law in ("normal", "Student t of 5 degrees"):
            shares = []
            for seed in range(10):
                rng = np.random.default_rng(seed)
                y = np.arange(400) % 10
                mixing = rng.normal(size=(60, 60))
                noise = (
                    rng.normal(size=(400, 60))
                    if law == "normal"
                    else rng.standard_t(5, size=(400, 60))
                )
                X = (distance * rng.normal(size=(10, 60))[y] + noise) @ mixing
                features = [f"x{k}" for k in range(60)]
                data = pd.DataFrame(X, columns=features)
                data["path"] = [f"{k}.wav" for k in range(400)]
                data["label"] = [f"class {k}" for k in y]
                shares.append(sum(len(issue.places) for issue in _plain(data)) / 400)
            yield f"{law}, classes {distance} apart", f"{np.mean(shares):.4f}"


def _plain(data: pd.DataFrame) -> list[Any]:
    table = FeatureTable.of(data, features=[name for name in data if name.startswith("x")])
    return list(CHECK.run(AuditedDataset("data", table, label="label")))


if __name__ == "__main__":
    main()
