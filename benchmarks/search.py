"""Accuracy and time of ``auto``, in turn with those of an earlier version, over five seeds.

    python benchmarks/search.py [TABLE] [--other PYTHON] [--seeds N] [--folds N]

TABLE has features of ESC-10 with the columns label and source, the recording that a clip was cut
from. Without it, only synthetic tables are used: 1,000 rows, 57 columns, ten classes. PYTHON is the
interpreter of an environment with an earlier version. Each training is a process with two workers;
the processor time is that of the process and its workers, which depends less on other programs than
the time that passes. The exit status is 1 if the mean accuracy is lower by more than 0.005, or the
processor time is not lower by the target.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time

import _common  # before NumPy, since it sets the number of threads
import numpy as np
import pandas as pd
from sklearn.datasets import make_classification

MAX_LOSS = 0.005
"""Greatest loss of nested accuracy, as mean over the seeds."""

MIN_SPEEDUP = 4.2
"""252 s to 60 s."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", nargs="?", help="features of ESC-10")
    parser.add_argument("--other", help="Python of an earlier version")
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds (5)")
    parser.add_argument("--folds", type=int, default=5, help="outer folds (5)")
    parser.add_argument("--run", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run is not None:
        print(json.dumps(trained(options.table, options.run, options.folds)))
        return
    versions = {"this": sys.executable}
    if options.other:
        versions["earlier"] = options.other
    sources = [None] if options.table is None else [None, options.table]
    missed = [compare(source, versions, options) for source in sources]
    sys.exit(any(missed))


def compare(table: str | None, versions: dict[str, str], options: argparse.Namespace) -> bool:
    """Print the scores and times of each version on a table; return whether a target is missed."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in versions}
    rows = []
    for seed in range(options.seeds):
        for name, python in versions.items():
            own = run(python, table, seed, options.folds)
            runs[name].append(own)
            rows.append([str(seed), name, *(f"{value:.4g}" for value in own.values())])
    means = {
        name: {key: float(np.mean([one[key] for one in own])) for key in own[0]}
        for name, own in runs.items()
    }
    rows += [
        ["mean", name, *(f"{value:.4g}" for value in own.values())] for name, own in means.items()
    ]
    title = "synthetic" if table is None else "ESC-10"
    header = ["seed", "version", *runs["this"][0]]
    _common.print_table(f"{title}, {options.folds} folds, two workers", header, rows)
    if len(versions) == 1:
        return False
    this, earlier = means["this"], means["earlier"]
    speedup = earlier["processor s"] / this["processor s"]
    return _common.any_missed(
        [
            _common.Target("accuracy", this["accuracy"] - earlier["accuracy"], at_least=-MAX_LOSS),
            _common.Target("speedup", speedup, at_least=MIN_SPEEDUP),
        ]
    )


def run(python: str, table: str | None, seed: int, folds: int) -> dict[str, float]:
    """Train in a process of a version; return its scores, with the time of the processor."""
    import resource

    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    command = [python, __file__, *([] if table is None else [table])]
    begin = spent()
    done = subprocess.run(
        [*command, "--run", str(seed), "--folds", str(folds)],
        check=True,
        capture_output=True,
        text=True,
    )
    return {**json.loads(done.stdout.splitlines()[-1]), "processor s": spent() - begin}


def trained(source: str | None, seed: int, folds: int) -> dict[str, float]:
    """Train ``auto`` on a table; return its scores on the outer folds and the time."""
    from joblib.externals.loky import get_reusable_executor

    import featkit

    group = None if source is None else "source"
    data = synthetic(seed) if source is None else recordings(source)
    begin = time.perf_counter()
    result = featkit.train(
        data, group=group, folds=folds, seed=seed, n_jobs=2, compare_splits=False
    )
    seconds = time.perf_counter() - begin
    get_reusable_executor().shutdown(wait=True)  # so that its time counts
    board = result.leaderboard
    singles = board.drop(index=["auto", "baseline"])
    return {
        "accuracy": float(board.accuracy["auto"]),
        "log loss": float(board.log_loss["auto"]),
        "best single model": float(singles.accuracy.max()),
        "s": seconds,
    }


def synthetic(seed: int) -> pd.DataFrame:
    """A table of the size of the common GTZAN table."""
    X, y = make_classification(
        1000, 57, n_informative=20, n_classes=10, n_clusters_per_class=2, random_state=seed
    )
    data = pd.DataFrame(X, columns=[f"column{k}" for k in range(57)])
    return data.assign(label=np.array([f"class{k}" for k in y]))


def recordings(source: str) -> pd.DataFrame:
    """The features of a table, with label and source."""
    data = pd.read_parquet(source)
    keys = [name for name in data if name.startswith("quality_")]
    keys += [name for name in ("path", "start", "end", "fold", "take") if name in data]
    return data.drop(columns=keys)


if __name__ == "__main__":
    main()
