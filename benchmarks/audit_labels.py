"""Mislabels found by `featkit audit` among labels that were flipped at random.

    python benchmarks/audit_labels.py [--esc10 FOLDER] [--emodb FOLDER] [--seeds N]

In each run 5 % of the labels are replaced by another class, drawn at random. All recordings are
ranked by the quality of their label, with the official folds of ESC-10 and with the speakers of
EmoDB as groups; the score is the share of the flipped ones among the worst 10 %. The agreement with
cleanlab is computed on the same probabilities. Then the list for the original labels is printed. A
run takes about 10 seconds for ESC-10 and 30 seconds for EmoDB. The exit status is 1 if a target is
missed.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import Any

import _common  # before NumPy, since it sets the number of threads
import emodb
import numpy as np
from _common import Target, print_table

import featkit
from featkit.auditing.checks.label_errors import CHECK
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.labels import confident_learning as learning
from featkit.auditing.labels.label_predictions import LabelPredictions
from featkit.table.feature_table import FeatureTable

FLIPPED, WORST = 0.05, 0.1

MIN_RECALL = 0.8
"""Share of the flipped labels among the worst tenth."""

FILTERS = {
    learning.NOISE_RATE: "prune_by_noise_rate",
    learning.BY_CLASS: "prune_by_class",
    learning.BOTH: "both",
    learning.CONFIDENT: "confident_learning",
}
"""Ways to choose rows, with the name that cleanlab gives them."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--esc10", metavar="FOLDER")
    parser.add_argument("--emodb", metavar="FOLDER")
    parser.add_argument("--seeds", type=int, default=5, metavar="N")
    options = parser.parse_args()
    targets = []
    if options.esc10:
        targets += run("ESC-10", esc10(options.esc10), {"fold": "fold"}, options.seeds)
    if options.emodb:
        table = emodb.emodb(options.emodb, "standard")
        targets += run("EmoDB", table, {"group": "speaker"}, options.seeds)
    sys.exit(_common.any_missed(targets))


def esc10(folder: str) -> FeatureTable:
    """The table of ESC-10, with the official folds."""
    table = featkit.extract(folder, labels="folder", n_jobs=1).table
    folds = [Path(path).name[0] for path in table.column("path").tolist()]
    return table.with_key("fold", np.array(folds, dtype=object))


def run(name: str, table: FeatureTable, columns: dict[str, str], seeds: int) -> list[Target]:
    """Print the results for a dataset; return its targets."""
    rows, recalls, differences = [], [], []
    for seed in range(seeds):
        labels, flipped = flip(table.column("label"), seed)
        dataset = audited(name, table.with_key("label", labels), columns)
        predictions = dataset.label_predictions
        position = {place.path: k for k, place in enumerate(predictions.places)}
        wrong = np.array([position[path] for path in table.column("path")[flipped].tolist()])
        quality = learning.label_quality(predictions.labels, predictions.P)
        worst = np.argsort(quality, kind="stable")[: round(WORST * len(quality))]
        recalls.append(float(np.isin(wrong, worst).mean()))
        differences.append(disagreements(predictions))
        rows.append([str(seed), f"{recalls[-1]:.2f}", *reported(dataset, wrong, position)])
    print_table(
        f"{name}: {len(flipped)} of {len(table)} labels flipped ({predictions.description})",
        ["seed", "flipped in worst tenth", "issues", "flipped", "certain", "flipped"],
        rows,
    )
    print(f"mean {np.mean(recalls):.3f}, differences from cleanlab: {sum(differences)}")
    print_originals(audited(name, table, columns))
    return [
        Target(f"{name}: flipped labels in the worst tenth", float(np.mean(recalls)), MIN_RECALL),
        Target(f"{name}: differences from cleanlab", float(sum(differences)), at_most=0),
    ]


def flip(labels: Any, seed: int) -> tuple[Any, Any]:
    """Labels of which some are replaced by another class, and the rows of these."""
    rng = np.random.default_rng(seed)
    classes = np.unique(labels)
    rows = rng.choice(len(labels), round(FLIPPED * len(labels)), replace=False)
    flipped = labels.astype(object)
    for row in rows:
        flipped[row] = rng.choice(classes[classes != labels[row]])
    return flipped, rows


def audited(name: str, table: FeatureTable, columns: dict[str, str]) -> AuditedDataset:
    return AuditedDataset(name, table, label="label", **columns)


def reported(dataset: AuditedDataset, wrong: Any, position: dict[str, int]) -> list[str]:
    """Numbers of issues, all and of medium severity, and how many of them are flipped labels."""
    issues = [issue for issue in CHECK.run(dataset) if issue.kind == "probable mislabel"]
    certain = [issue for issue in issues if issue.severity == "medium"]
    cells = []
    for some in (issues, certain):
        places = [place for issue in some for place in issue.places]
        right = sum(position[place.path] in wrong for place in places)
        cells += [str(len(places)), str(right)]
    return cells


def disagreements(predictions: LabelPredictions) -> int:
    """Differences between results of featkit and cleanlab on the same probabilities."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cleanlab.count import compute_confident_joint
        from cleanlab.filter import find_label_issues
        from cleanlab.rank import get_label_quality_scores

        labels, P = predictions.labels, predictions.P
        joint = learning.confident_joint(labels, P) != compute_confident_joint(labels, P)
        count = int(joint.sum())
        for ours, theirs in FILTERS.items():
            chosen = find_label_issues(labels, P, filter_by=theirs, n_jobs=1)
            count += int((learning.find_mislabelled(labels, P, ours) != chosen).sum())
        quality = get_label_quality_scores(labels, P)
        count += int((learning.label_quality(labels, P) != quality).sum())
    return count


def print_originals(dataset: AuditedDataset) -> None:
    """Print the issues of the original labels."""
    issues = sorted(CHECK.run(dataset), key=lambda issue: (-issue.rank, -issue.certainty))
    print(f"\n{dataset.name}: the original labels\n")
    for issue in issues:
        print(f"- {issue.severity}: {issue.message}")


if __name__ == "__main__":
    main()
