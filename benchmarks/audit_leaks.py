"""The audit of groups, recording conditions and balance: planted faults, and clean datasets.

    python benchmarks/audit_leaks.py [--data FOLDER] [--work FOLDER] [--seeds N] [--jobs N]

FOLDER (or ``FEATKIT_DATA``) holds ``esc10/`` and ``emodb/``. Features are extracted once to the
working folder. Measured are

- clean synthetic datasets of several sizes, with columns of artists, dates, languages and folds
  and with recording conditions that are independent of everything: issues above ``low``;
- likely groups of EmoDB and ESC-10, and clusters of recordings against speakers and sources;
- a synthetic dataset of artists who are known by tags or by clusters only;
- copies across folds: the change of the score that cleaning reports, against that of the dataset
  without copies;
- conditions planted in half of the classes of ESC-10: MP3 at 32 kbit/s, and another sample rate;
- a split whose parts were recorded differently.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from _common import Array, Target, any_missed, print_table

import featkit
from featkit.auditing.check import CHECKS
from featkit.auditing.cleaning import clean
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.issue import Issue
from featkit.auditing.leaks.timbre_clusters import timbre_clusters
from featkit.table.feature_table import FeatureTable

NAMES = ("leaking_groups", "recording_conditions", "balance")
"""The checks of this benchmark."""

SIZES = ((60, 2), (120, 4), (300, 10), (600, 3))
"""Rows and classes of clean datasets."""


def issues_of(dataset: AuditedDataset, names: Sequence[str] = NAMES) -> list[Issue]:
    """Run checks whose needs are met."""
    return [issue for name in names for issue in CHECKS[name].run(dataset)]


def severe(issues: Sequence[Issue]) -> list[Issue]:
    """Issues above ``low``."""
    return [issue for issue in issues if issue.rank]


def clean_dataset(seed: int, rows: int, n_classes: int) -> AuditedDataset:
    """A dataset without faults: every column but the features is independent of the class."""
    rng = np.random.default_rng(seed)
    y = np.arange(rows) % n_classes
    mixing = np.eye(12) + 0.3 * rng.standard_normal((12, 12))
    X = rng.standard_normal((rows, 12)) @ mixing
    X[:, :3] += rng.standard_normal((n_classes, 3))[y]
    names = [f"{number:05d}.wav" for number in rng.permutation(10 * rows)[:rows].tolist()]
    keys = {
        "path": names,
        "label": [f"class {number}" for number in y.tolist()],
        "artist": [f"artist {k}" for k in rng.integers(0, max(5, rows // 8), rows).tolist()],
        "date": [f"{2000 + k}" for k in rng.integers(0, 12, rows).tolist()],
        "language": [("de", "en")[k] for k in rng.integers(0, 2, rows).tolist()],
        "fold": [str(k) for k in rng.permutation(rows) // n_classes % 5],
    }
    quality = {
        "quality_duration": rng.uniform(3, 6, rows),
        "quality_sample_rate": rng.choice([44100.0, 22050.0, 48000.0], rows, p=[0.8, 0.1, 0.1]),
        "quality_channels": rng.integers(1, 3, rows),
        "quality_level": rng.normal(-20, 5, rows),
        "quality_bandwidth": rng.uniform(8e3, 2e4, rows),
        "quality_format": rng.choice(["WAV PCM_16", "MP3"], rows).astype(object),
    }
    table = FeatureTable(keys, [f"feature_{k}" for k in range(12)], X, quality=quality)
    return AuditedDataset("clean", table, label="label", seed=0)


def false_alarms(n_seeds: int) -> Target:
    """Count issues above ``low`` of clean datasets."""
    counts: Counter[str] = Counter()
    lines = []
    for rows, n_classes in SIZES:
        alarms = 0
        for seed in range(n_seeds):
            dataset = clean_dataset(seed, rows, n_classes)
            for variant in (dataset, replace(dataset, fold="fold")):
                issues = severe(issues_of(variant))
                alarms += bool(issues)
                counts.update(f"{one.check}: {one.kind}" for one in issues)
                for one in issues:
                    print(rows, seed, one.severity, one.message, file=sys.stderr)
        lines.append([str(rows), str(n_classes), str(2 * n_seeds), str(alarms)])
    header = ["rows", "classes", "datasets", "with issues above low"]
    print_table("Clean synthetic datasets", header, lines)
    print(dict(counts) or "no kind of issue")
    total = sum(int(line[3]) for line in lines) / sum(int(line[2]) for line in lines)
    return Target("share of clean datasets with an issue above low", total, at_most=0.01)


def pair_counts(clusters: Array, truth: Array) -> tuple[int, int, int]:
    """Pairs in one cluster, those of them in one true group, and all pairs in one true group."""
    same = (clusters[:, None] == clusters) & (clusters >= 0)
    true = truth[:, None] == truth
    upper = np.triu_indices(len(clusters), 1)
    return int(same[upper].sum()), int((same & true)[upper].sum()), int(true[upper].sum())


def cluster_rows(name: str, table: FeatureTable, label: Array, truth: Array) -> list[str]:
    """How well clusters within classes match true groups."""
    from sklearn.metrics import adjusted_rand_score

    clusters = timbre_clusters(table.values, label)
    inside = clusters >= 0
    pairs, right, _ = pair_counts(clusters, truth)
    within = int(
        sum(
            pair_counts(np.zeros(int(np.sum(label == c))), truth[label == c])[2]
            for c in np.unique(label)
        )
    )
    index = adjusted_rand_score(truth[inside], clusters[inside]) if inside.any() else np.nan
    precision = right / pairs if pairs else np.nan
    return [
        name,
        f"{inside.sum()} of {len(inside)}",
        str(clusters.max() + 1),
        f"{precision:.2f}",
        f"{right / within:.3f}",
        f"{index:.2f}",
    ]


def artists_by_cluster(seed: int) -> tuple[FeatureTable, Array, Array]:
    """Artists who differ clearly within two classes."""
    rng = np.random.default_rng(seed)
    artist = np.arange(200) % 40
    label = np.array(["rock", "jazz"])[artist % 2]
    X = 2 * rng.standard_normal((40, 20))[artist] + rng.standard_normal((200, 20))
    paths = [f"{number:04d}.wav" for number in rng.permutation(200).tolist()]
    keys = {"path": paths, "label": label}
    return FeatureTable(keys, [f"f{k}" for k in range(20)], X), label, artist


def table_of(folder: Path, work: Path, name: str, jobs: int) -> FeatureTable:
    """Features of a dataset, extracted once."""
    output = work / f"{name}.parquet"
    if not output.exists():
        featkit.extract([folder], features="standard", output=output, n_jobs=jobs)
    return FeatureTable.read(output)


def show(title: str, issues: Sequence[Issue]) -> None:
    """Print issues."""
    print(f"\n{title}\n")
    for issue in issues or ():
        print(f"- {issue.severity}: {issue.message}")
    if not issues:
        print("- none")


def with_copies(table: FeatureTable, share: float, seed: int) -> tuple[FeatureTable, Issue]:
    """Copies of some recordings under other names in other folds, as one issue names them."""
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(len(table))[: round(share * len(table))])
    rows = np.concatenate([np.arange(len(table)), chosen])
    larger = table.rows(rows)
    paths = table.column("path").tolist()
    names = [*paths, *(f"copies/{k}.ogg" for k in range(len(chosen)))]
    folds = table.column("fold").astype(int)
    moved = folds[chosen] % 5 + 1
    larger = larger.with_key("path", np.array(names, dtype=object))
    larger = larger.with_key("fold", np.concatenate([folds, moved]).astype(str).astype(object))
    pairs = tuple((paths[k], f"copies/{n}.ogg") for n, k in enumerate(chosen.tolist()))
    issue = Issue(
        "exact_copies",
        "planted",
        "high",
        "",
        "",
        remove=tuple(copy for _, copy in pairs),
        groups=pairs,
    )
    return larger, issue


def copies(table: FeatureTable, label: Array) -> list[Target]:
    """Change of the score by copies across folds, against the score without copies."""
    targets, lines = [], []
    for share in (0.0, 0.1, 0.3):
        copied, issue = with_copies(table.with_key("label", label.astype(object)), share, 0)
        dataset = AuditedDataset("copies", copied, label="label", fold="fold")
        change = clean(dataset, [issue] if share else []).change
        if isinstance(change, str):
            lines.append([f"{share:.0%}", change, "", ""])
            continue
        total = change.total["balanced_accuracy"]
        before, after = change.before["balanced_accuracy"], change.after["balanced_accuracy"]
        lines.append(
            [
                f"{share:.0%}",
                f"{before.value:.3f}",
                f"{after.value:.3f}",
                f"{total.value:+.3f} ({total.low:+.3f} to {total.high:+.3f})",
            ]
        )
    original = AuditedDataset(
        "original", table.with_key("label", label.astype(object)), label="label", fold="fold"
    ).scored_split
    score = original.scores["balanced_accuracy"].value
    header = ["copies", "before", "after", "change with 95 % interval"]
    print_table(f"Copies across folds of ESC-10; without copies {score:.3f}", header, lines)
    if lines[-1][2]:
        targets.append(
            Target(
                "score after cleaning minus that without copies",
                abs(float(lines[-1][2]) - score),
                at_most=0.001,
            )
        )
    return targets


def planted_conditions(
    table: FeatureTable, degraded: FeatureTable | None, label: Array
) -> list[Target]:
    """Conditions that distinguish half of the classes."""
    targets = []
    half = np.isin(label, np.unique(label)[::2])
    table = table.with_key("label", label.astype(object))
    quality = dict(table.quality)
    rates = np.where(half, 22050.0, np.asarray(quality["quality_sample_rate"], dtype=float))
    resampled = replace(table, quality=quality | {"quality_sample_rate": rates})
    names = {"half of the classes at 22,050 Hz": (resampled, "high")}
    if degraded is not None:
        where = {path.rsplit(".", 1)[0]: k for k, path in enumerate(degraded.column("path"))}
        order = [where[path.rsplit(".", 1)[0]] for path in table.column("path")]
        other = degraded.rows(np.array(order))
        values = np.where(half[:, None], other.matrix(table.feature_names), table.values)
        mixed = {
            name: np.where(
                half,
                np.asarray(other.quality[name], dtype=object),
                np.asarray(column, dtype=object),
            )
            for name, column in quality.items()
        }
        mixed["quality_format"] = np.full(len(label), "WAV PCM_16", dtype=object)
        as_wav = replace(table, values=values, quality=mixed)
        names["half of the classes through MP3 at 32 kbit/s, as WAV"] = (as_wav, "medium")
    for title, (planted, severity) in names.items():
        issues = issues_of(
            AuditedDataset("x", planted, label="label", fold="fold"), ["recording_conditions"]
        )
        show(title, issues)
        detected = any(
            one.kind == "conditions that predict the label" and one.severity == severity
            for one in issues
        )
        targets.append(Target(f"{title}: severity {severity}", float(detected), at_least=1))
    folds = table.column("fold")
    rates = np.where(folds == "5", 48000.0, 44100.0)
    parts = replace(table, quality=quality | {"quality_sample_rate": rates})
    parts = parts.with_key("split", np.where(folds == "5", "test", "train").astype(object))
    issues = issues_of(
        AuditedDataset("x", parts, label="label", split="split"), ["recording_conditions"]
    )
    show("The test part of ESC-10 at 48 kHz", issues)
    detected = any(
        one.kind == "conditions that differ between parts" and one.severity == "medium"
        for one in issues
    )
    targets.append(
        Target("a test part at another sample rate is reported", float(detected), at_least=1)
    )
    return targets


def main() -> int:
    """Run all parts; return 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("FEATKIT_DATA"))
    parser.add_argument("--work", default=None, help="folder for extracted features")
    parser.add_argument(
        "--degraded", default=None, help="folder of ESC-10 through MP3 at 32 kbit/s, as WAV"
    )
    parser.add_argument("--seeds", type=int, default=25)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    work = Path(options.work or tempfile.mkdtemp())
    work.mkdir(parents=True, exist_ok=True)
    targets = [false_alarms(options.seeds)]

    rows = []
    table, label, artist = artists_by_cluster(0)
    rows.append(cluster_rows("synthetic artists", table, label, artist))
    issues = issues_of(AuditedDataset("artists", table, label="label"), ["leaking_groups"])
    show("Synthetic artists without tags", issues)
    reported = any(one.kind == "groups by timbre" and one.rank for one in issues)
    targets.append(
        Target("artists that only clusters show are reported", float(reported), at_least=1)
    )
    if options.data:
        data = Path(options.data)
        emodb = table_of(data / "emodb", work, "emodb", options.jobs)
        paths = [Path(path).name for path in emodb.column("path").tolist()]
        emotion = np.array([name[5] for name in paths])
        speaker = np.array([name[:2] for name in paths])
        bare = replace(emodb, keys={"path": emodb.keys["path"], "label": emotion.astype(object)})
        rows.append(cluster_rows("EmoDB, speakers", emodb, emotion, speaker))
        issues = issues_of(AuditedDataset("EmoDB", bare, label="label"))
        show("EmoDB without speakers", issues)
        high = any(one.check == "leaking_groups" and one.severity == "high" for one in issues)
        targets.append(Target("speakers of EmoDB are reported as high", float(high), at_least=1))

        esc = table_of(data / "esc10", work, "esc10", options.jobs)
        paths = [Path(path) for path in esc.column("path").tolist()]
        label = np.array([path.parent.name for path in paths])
        source = np.array([path.name.split("-")[1] for path in paths])
        keys = {name: esc.keys[name] for name in ("path",)}
        bare = replace(esc, keys=keys | {"label": label.astype(object)})
        rows.append(cluster_rows("ESC-10, sources", esc, label, source))
        show("ESC-10 without folds", issues_of(AuditedDataset("ESC-10", bare, label="label")))
        folded = bare.with_key("fold", np.array([path.name[0] for path in paths], dtype=object))
        issues = issues_of(AuditedDataset("ESC-10", folded, label="label", fold="fold"))
        show("ESC-10 with its folds", issues)
        targets.append(
            Target(
                "issues above low of ESC-10 with its folds", float(len(severe(issues))), at_most=0
            )
        )
        targets += copies(folded, label)
        degraded = None
        if options.degraded:
            degraded = table_of(Path(options.degraded), work, "mp3", options.jobs)
        targets += planted_conditions(folded, degraded, label)
    header = [
        "dataset",
        "recordings in clusters",
        "clusters",
        "precision of pairs",
        "recall of pairs in classes",
        "adjusted Rand index",
    ]
    print_table("Clusters within classes", header, rows)
    return int(any_missed(targets))


if __name__ == "__main__":
    sys.exit(main())
