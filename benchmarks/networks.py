"""Designed features and networks on ESC-10: one leaderboard on its five folds.

    python benchmarks/networks.py ESC10 [--jobs N] [--precision single] [--output FOLDER]

ESC10 holds one folder per class, files named fold-recording-take. Networks learn from four kinds of
sequences, all other models from the columns of ``standard``; all are scored on the same folds.
The exit status is 1 if no network reaches the target, or all together take too long.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import _common  # before NumPy, since it sets the number of threads

import featkit

NETWORKS = ("vgg_small", "cnn", "lstm", "cnn_lstm", "unet_encoder", "resnet18")
COLUMNS = ("logistic", "random_forest", "xgboost", "auto")

SEQUENCES = {
    "name": "series128",
    "sample_rate": 22050,
    "seconds": 5,
    "frames": 128,
    "length_rule": "resample",
    "kinds": ["mel", "mfcc40", "chroma24", "wavelet"],
}
"""The kinds of ``series4`` with the length of ``logmel128``, which costs 0.6 of all 216 frames."""

MIN_ACCURACY = 0.85
MAX_MINUTES = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="ESC-10")
    parser.add_argument("--jobs", type=int, default=2, help="worker processes (2)")
    parser.add_argument("--networks", default=",".join(NETWORKS), help="the first is kept")
    parser.add_argument("--models", default=",".join(COLUMNS), help="models of columns")
    parser.add_argument(
        "--precision",
        default="bfloat16",
        choices=("single", "bfloat16"),
        help="of the products in training (bfloat16, slow on processors without it)",
    )
    parser.add_argument(
        "--validation",
        type=float,
        default=0.0,
        help="share of the training rows for early stopping (0: all epochs on all rows)",
    )
    parser.add_argument("--output", type=Path, help="keep tables, sequences, scores and the model")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        missed = run(options, options.output or Path(scratch))
    sys.exit(missed)


def run(options: argparse.Namespace, output: Path) -> bool:
    """Extract, train and print; return whether a target is missed."""
    corpus = {
        "labels": "folder",
        "name_pattern": "{fold}-{recording}-{take}",
        "n_jobs": options.jobs,
    }
    output.mkdir(exist_ok=True)
    table = featkit.extract(options.folder, output=output / "standard.parquet", **corpus).table
    sequences = output / "series128"
    featkit.sequences(options.folder, output=sequences, features=SEQUENCES, **corpus)
    networks = tuple(options.networks.split(","))
    begin = time.perf_counter()
    result = featkit.train(
        table,
        sequences=sequences,
        model=networks + tuple(filter(None, options.models.split(","))),
        parameters={f"{name}.precision": options.precision for name in networks}
        | {f"{name}.validation": options.validation for name in networks},
        fold="fold",
        group="recording",
        compare_splits=False,
        n_jobs=options.jobs,
        progress=show_progress,
    )
    minutes = (time.perf_counter() - begin) / 60
    result.model.save(output / "network.fk")
    result.leaderboard.to_csv(output / "leaderboard.csv")
    result.learning_curves.to_csv(output / "learning_curves.csv", index=False)
    show(result, minutes)
    best = max(result.leaderboard.loc[list(networks), "accuracy"])
    return bool(best < MIN_ACCURACY or minutes > MAX_MINUTES)


def show_progress(state: featkit.Progress) -> None:
    """Print the end of each fit."""
    print(
        f"{time.strftime('%H:%M:%S')} {state.done} of {state.total} fits, {state.note}",
        file=sys.stderr,
    )


def show(result: featkit.Result, minutes: float) -> None:
    """Print the leaderboard with intervals, paired differences, time and size."""
    scores, board = result.scores["models"], result.leaderboard
    differences = {one.model: one for one in result.evaluation.differences or ()}
    rows = []
    for name, row in board.iterrows():
        accuracy, other = scores[name]["accuracy"], differences.get(name)
        rows.append(
            [
                name,
                f"{row['accuracy']:.4f}",
                f"{accuracy['low']:.3f} to {accuracy['high']:.3f}",
                " ".join(f"{value:.2f}" for value in accuracy["folds"].values()),
                f"{row['macro_f1']:.3f}",
                f"{other.accuracy:+.3f} [{other.low:+.3f}, {other.high:+.3f}]" if other else "",
                f"{other.p_value:.3g}" if other else "",
                f"{row['processor_seconds']:.0f}",
                f"{row['model_bytes'] / 1e6:.2f}",
            ]
        )
    _common.print_table(
        f"ESC-10 on its five folds, {minutes:.0f} minutes in all",
        [
            "model",
            "accuracy",
            "95 % interval",
            "folds",
            "macro F1",
            f"{result.evaluation.model} minus this",
            "p (McNemar)",
            "processor s, five fits",
            "MB",
        ],
        rows,
    )


if __name__ == "__main__":
    main()
