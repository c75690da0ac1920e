"""Time and memory of ``featkit evaluate`` on a large table, compared with scikit-learn.

    python benchmarks/evaluate.py [--rows N] [--segments N]

A random forest and a logistic regression, each trained on 2,000 rows of the 75 columns of genre75,
are evaluated on 100,000 rows of another dataset, with the HTML report. The alternative is a script
that computes accuracy, per-class scores, confusion matrix and a bootstrap interval over recordings
with scikit-learn, without a report. The exit status is 1 if featkit misses a target.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import _common  # before NumPy, since it sets the number of threads
import joblib
import numpy as np
import pandas as pd
import soundfile
from _common import Array, Target

import featkit
from featkit.table.feature_table import FeatureTable

MAX_SECONDS, MAX_MEGABYTES = 60, 2000
"""Targets for 100,000 rows, with report."""

HOME_ROWS = 2000
"""Rows of the training table."""

GENRES = (
    "blues",
    "classical",
    "country",
    "disco",
    "hiphop",
    "jazz",
    "metal",
    "pop",
    "reggae",
    "rock",
)

MODELS = ("logistic", "random_forest")

OPTIONS = ("--by", "sex", "--secondary-label", "style")
"""Options of the run with both models."""

DRAWS = 1000
"""Draws of the bootstrap, as in featkit."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the table (100,000)")
    parser.add_argument("--segments", type=int, default=1, help="rows of each recording (1)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_inputs(folder, options.rows, options.segments)
        targets = measure(folder, options.rows)
    sys.exit(_common.any_missed(targets))


def write_inputs(folder: Path, rows: int, segments: int) -> None:
    """Write both tables, the models, and their pipelines for scikit-learn."""
    template = extracted_table(folder)
    home = synthetic_table(template, HOME_ROWS, segments=1, seed=0, shift=0.0)
    home.write(folder / "home.parquet")
    synthetic_table(template, rows, segments, seed=1, shift=0.5).write(folder / "other.parquet")
    for name in MODELS:
        model = featkit.train(home, model=name).model
        model.save(folder / f"{name}.fk")
        joblib.dump((model.columns, model.classes, model.pipeline), folder / f"{name}.joblib")


def extracted_table(folder: Path) -> FeatureTable:
    """A table of one recording, which lends its columns and provenance."""
    soundfile.write(folder / "clip.wav", _common.synthetic_music(5), _common.SR)
    return featkit.extract(folder / "clip.wav", features="genre75").table


def synthetic_table(
    template: FeatureTable, rows: int, segments: int, *, seed: int, shift: float
) -> FeatureTable:
    """Rows of normally distributed features whose means depend on the class.

    Half of the columns are shifted by `shift` standard deviations.
    """
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(0, 0.25, (len(GENRES), len(template.feature_names)))
    recording = np.arange(rows) // segments
    genre = rng.choice(len(GENRES), rows)[recording]
    X = rng.normal(size=(rows, centres.shape[1])) + centres[genre]
    X[:, ::2] += shift
    data = pd.DataFrame(X, columns=template.feature_names)
    data.insert(0, "path", [f"{seed}/{k:06d}.wav" for k in recording])
    data.insert(1, "start", (np.arange(rows) % segments) * 5.0)
    data.insert(2, "end", data["start"] + 5)
    data.insert(3, "label", np.array(GENRES)[genre])
    data.insert(4, "artist", [f"{seed}/{k // 5}" for k in recording])
    data.insert(5, "sex", np.array(["f", "m", ""])[recording % 3])
    style = np.array(["", *GENRES])[rng.choice(len(GENRES) + 1, rows)[recording]]
    data.insert(6, "style", style)
    for name, values in template.quality.items():
        data[name] = np.repeat(values, rows)
    data["quality_duration"] = rng.uniform(5, 300, rows)[recording]
    return FeatureTable.of(data, template.provenance)


def measure(folder: Path, rows: int) -> list[Target]:
    """Measure featkit and scikit-learn on each model, and featkit on both with all options."""
    lines, targets = [], []
    shift = ("--training-table", str(folder / "home.parquet"))
    for name in MODELS:
        own = {
            f"{name}, with report": run(featkit_command(folder, [name])),
            f"{name}, with report and shift": run(featkit_command(folder, [name], *shift)),
        }
        theirs = run(sklearn_command(folder, name))
        accuracies = [evaluated_accuracy(folder), sklearn_accuracy(folder)]
        for title, used in own.items():
            lines.append([f"featkit evaluate, {title}", *used.cells, f"{accuracies[0]:.6f}"])
            targets += [
                Target(f"seconds, {title}", used.seconds, at_most=MAX_SECONDS),
                Target(f"MB, {title}", used.megabytes, at_most=MAX_MEGABYTES),
            ]
        title = f"script with scikit-learn, {name}"
        lines.append([title, *theirs.cells, f"{accuracies[1]:.6f}"])
        difference = float(np.ptp(accuracies))
        targets.append(Target(f"difference of accuracies, {name}", difference, at_most=1e-12))
    both = run(featkit_command(folder, MODELS, *OPTIONS, *shift))
    title = f"featkit evaluate, both models, with report and shift, {' '.join(OPTIONS)}"
    lines.append([title, *both.cells, ""])
    _common.print_table(
        f"{rows:,} rows of another dataset, {len(GENRES)} classes",
        ["", "s", "processor s", "peak memory, MB", "accuracy"],
        lines,
    )
    return targets


def featkit_command(folder: Path, names: Sequence[str], *options: str) -> list[str]:
    models = [str(folder / f"{name}.fk") for name in names]
    outputs = {"-o": "scores.json", "--report": "report.html", "--predictions": "p.csv"}
    written = [part for flag, name in outputs.items() for part in (flag, str(folder / name))]
    table = str(folder / "other.parquet")
    return ["-m", "featkit", "evaluate", *models, table, *written, *options]


def sklearn_command(folder: Path, name: str) -> list[str]:
    return [__file__, "sklearn", str(folder / f"{name}.joblib")]


def evaluated_accuracy(folder: Path) -> float:
    """Read the accuracy that featkit computed."""
    scores = json.loads((folder / "scores.json").read_text("utf-8"))
    return float(scores["evaluations"][0]["scores"]["accuracy"]["value"])


def sklearn_accuracy(folder: Path) -> float:
    """Read the accuracy that the script computed."""
    return float(json.loads((folder / "sklearn.json").read_text("utf-8"))["accuracy"])


class Usage(NamedTuple):
    """What a process and its workers used: seconds, processor seconds, and peak memory in MB."""

    seconds: float
    processor: float
    megabytes: float

    @property
    def cells(self) -> list[str]:
        """The numbers as text."""
        return [f"{self.seconds:.1f}", f"{self.processor:.1f}", f"{self.megabytes:.0f}"]


def run(arguments: Sequence[str]) -> Usage:
    """Run a Python process."""
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
    peak = 0.0

    def watch() -> None:
        nonlocal peak
        while process.poll() is None:
            peak = max(peak, sum(map(resident, family(process.pid))))
            time.sleep(0.1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{arguments} ended with status {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Usage(time.perf_counter() - begin, processor, peak)


def family(pid: int) -> Iterator[int]:
    """Yield a process and its descendants."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in children.read_text().split():
                yield from family(int(child))
        except OSError:  # it ended
            continue


def resident(pid: int) -> float:
    """Proportional set size of a process in MB: shared pages count once; 0 if it ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    except OSError:
        return 0.0


def by_sklearn(pipeline_file: str) -> None:
    """Evaluate as a script with scikit-learn does."""
    from sklearn.metrics import accuracy_score, classification_report, confusion_matrix

    folder = Path(pipeline_file).parent
    columns, classes, pipeline = joblib.load(pipeline_file)
    data = pd.read_parquet(folder / "other.parquet")
    P = pipeline.predict_proba(data[columns].to_numpy())
    paths = data["path"].to_numpy(str)
    _, first, place = np.unique(paths, return_index=True, return_inverse=True)
    logs = pd.DataFrame(np.log(np.clip(P, 1e-15, None))).groupby(place).mean().to_numpy()
    answer = np.asarray(classes)[np.argmax(logs, axis=1)]
    y = data["label"].to_numpy(str)[first]
    scores = {
        "accuracy": accuracy_score(y, answer),
        "report": classification_report(y, answer, output_dict=True),
        "confusion": confusion_matrix(y, answer).tolist(),
        "interval": bootstrap(y, answer),
    }
    (folder / "sklearn.json").write_text(json.dumps(scores), "utf-8")


def bootstrap(y: Array, answer: Array) -> list[float]:
    """Interval of the accuracy by drawing recordings."""
    from sklearn.utils import resample

    hits = y == answer
    drawn = [resample(hits, random_state=k).mean() for k in range(DRAWS)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return [float(low), float(high)]


if __name__ == "__main__":
    if sys.argv[1:2] == ["sklearn"]:
        by_sklearn(sys.argv[2])
    else:
        main()
