"""Memory, time and scores of training on a table that does not fit in memory.

    python benchmarks/out_of_core.py [--rows N] [--columns N] [--max-memory SIZE] [--models A,B]

A table of N rows (1,500,000) with N columns (75) is written in parts, sorted by class, which is the
worst order for stochastic gradient descent. Each training runs in a process of its own, with the
limit and without one; the peak is the resident memory of that process. The memory of a process that
has only loaded the libraries is shown first.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import _common  # before NumPy, since it sets the number of threads
import numpy as np

CLASSES = ("dog", "rain", "siren")
ROWS_PER_RECORDING = 10
ROWS_AT_ONCE = 50_000
PARAMETERS = {"xgboost": {"n_estimators": 20}, "random_forest": {"n_estimators": 50}}
UNLIMITED = "10TB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_500_000, help="rows (1500000)")
    parser.add_argument("--columns", type=int, default=75, help="features (75)")
    parser.add_argument("--max-memory", default="300MB", help="limit (300MB)")
    parser.add_argument("--models", default="sgd,xgboost,random_forest", help="models to train")
    parser.add_argument("--child", nargs=3, metavar=("TABLE", "MODEL", "LIMIT"))
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measured(*options.child)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        table = Path(scratch) / "features.parquet"
        write_table(table, options.rows, options.columns)
        size = options.rows * options.columns * 8
        print(f"{options.rows:,} rows of {options.columns} features: {size / 1e9:.2f} GB")
        show("libraries", child(table, "", ""))
        for model in options.models.split(","):
            show(f"{model}, {options.max_memory}", child(table, model, options.max_memory))
            if model != "random_forest":  # minutes in memory
                show(f"{model}, in memory", child(table, model, UNLIMITED))


def write_table(path: Path, rows: int, columns: int) -> None:
    """Classes that differ in means and in products of neighbouring columns, with some gaps."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    means = rng.normal(0, 0.12, (len(CLASSES), columns))
    writer = None
    for start in range(0, rows, ROWS_AT_ONCE):
        number = np.arange(start, min(start + ROWS_AT_ONCE, rows))
        recording = number // ROWS_PER_RECORDING
        code = recording * len(CLASSES) // (rows // ROWS_PER_RECORDING + 1)
        X = rng.normal(size=(len(number), columns)) + means[code]
        X[:, 1::2] += 0.3 * (code[:, None] - 1) * X[:, : 2 * (columns // 2) : 2]
        X[:, :5][rng.random((len(number), 5)) < 0.01] = np.nan
        data = {"path": [f"{k * 2654435761 % 2**32:08x}.wav" for k in recording.tolist()]}
        data |= {"label": np.array(CLASSES, dtype=object)[code]}
        data |= {f"f{k:03d}": X[:, k] for k in range(columns)}
        part = pa.table(data)
        writer = writer or pq.ParquetWriter(path, part.schema)
        writer.write_table(part)
    if writer is not None:
        writer.close()


def child(table: Path, model: str, limit: str) -> dict[str, Any]:
    command = [sys.executable, __file__, "--child", str(table), model, limit]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def measured(table: str, model: str, limit: str) -> dict[str, Any]:
    import pyarrow.parquet  # noqa: F401
    import sklearn.linear_model  # noqa: F401
    import xgboost  # noqa: F401

    import featkit

    result: dict[str, Any] = {}
    start = time.perf_counter()
    if model:
        trained = featkit.train(
            table, model=model, parameters=PARAMETERS.get(model), shares=(80, 20), max_memory=limit
        )
        scores = trained.scores["models"][model]
        memory = trained.model.trained.memory
        result = {
            "accuracy": scores["accuracy"]["value"],
            "log_loss": scores["log_loss"]["value"],
            "how": "in memory" if memory is None else memory.summary,
        }
    result["seconds"] = time.perf_counter() - start
    result["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return result


def show(name: str, result: dict[str, Any]) -> None:
    line = f"{name:24} {result['peak'] / 1e6:6.0f} MB {result['seconds']:6.0f} s"
    if "accuracy" in result:
        line += f"  accuracy {result['accuracy']:.4f}  log loss {result['log_loss']:.4f}"
    print(f"{line}  {result.get('how', '')}", flush=True)


if __name__ == "__main__":
    assert _common  # it is imported for its effect
    main()
