"""Latency of predictions for one clip of 3 s in memory, and predictions by several threads.

For the feature sets genre75 and standard, and a logistic regression, a random forest and XGBoost:
the analysis alone (`featkit.analyse`), `Model.predict_arrays`, and `Model.predict` of a file. The
times of one thread are processor times of this thread, measured in turn. Those of several threads
are run times, so run this on an idle machine with at least two processors. Exits with status 1 if a
target is missed, or if a thread gets other bits.

    python benchmarks/latency.py
"""

import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import soundfile
from _common import SR, Target, any_missed, print_table

import featkit
from featkit.dsp import synthesis

SECONDS = 3.0
SETS = ("genre75", "standard")
MODELS = ("logistic", "random_forest", "xgboost")
JUDGED = MODELS[:2]
ROUNDS = 200
FILE_ROUNDS = 20
THREADS = 8
THREAD_CALLS = 400
REPEATS = 5

MOST = 2.0
"""Most time of a prediction, relative to the analysis."""

LEAST_SPEEDUP = 1.5
"""Least number of predictions of eight threads, relative to one thread in the same time."""


def write_corpus(folder):
    """Write 16 clips of each of five styles."""
    for name in list(synthesis.STYLES)[:5]:
        (folder / name).mkdir()
        for k in range(16):
            y = synthesis.clip(synthesis.STYLES[name], np.random.default_rng(k))
            soundfile.write(folder / name / f"{k}.wav", y[: round(SECONDS * SR)], SR, "FLOAT")


def thread_times(functions, rounds):
    """Processor times of functions that are called in turn: ``(functions, rounds)``, in ms."""
    taken = np.empty((len(functions), rounds))
    for k in range(-3, rounds):
        for place, function in enumerate(functions):
            start = time.thread_time()
            function()
            taken[place, max(k, 0)] = time.thread_time() - start
    return 1000 * taken


def run_time(predict, clips, expected, threads):
    """Run time of one prediction in ms; all threads together make `THREAD_CALLS`."""
    wrong = np.zeros(len(clips), dtype=bool)

    def work():
        for k in range(THREAD_CALLS // threads):
            place = k % len(clips)
            wrong[place] |= not np.array_equal(predict(clips[place], SR), expected[place])

    workers = [threading.Thread(target=work) for _ in range(threads)]
    start = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if wrong.any():
        sys.exit("a thread got other bits")
    return 1000 * (time.perf_counter() - start) / THREAD_CALLS


def measure(folder, features, name):
    """A row of the table, and the targets of a model."""
    table = featkit.extract(folder, features=features, labels="folder").table
    featkit.train(table, model=name, folds=4).model.save(folder / "m.fk")
    model = featkit.load_model(folder / "m.fk")
    files = sorted(folder.rglob("*.wav"))
    clips = [soundfile.read(file, dtype="float32")[0] for file in files]
    file, y, chosen = files[0], clips[0], featkit.feature_set(features)
    expected = [model.predict_arrays(clip, SR) for clip in clips]
    from_files = model.predict(files[:3], per="recording").data.filter(like="p_").to_numpy()
    if name != "logistic" and not np.array_equal(from_files, expected[:3]):
        sys.exit("files have other bits")
    alone, arrays = thread_times(
        [lambda: featkit.analyse([y], SR, chosen), lambda: model.predict_arrays(y, SR)], ROUNDS
    )
    (from_file,) = thread_times([lambda: model.predict(file).columns], FILE_ROUNDS)
    runs = [
        [run_time(model.predict_arrays, clips, expected, threads) for threads in (1, THREADS)]
        for _ in range(REPEATS)
    ]
    one, many = np.min(runs, axis=0)
    ratio, speedup = np.median(arrays) / np.median(alone), one / many
    row = [features, name, *map(_times, (alone, arrays)), f"{ratio:.2f}", _times(from_file)]
    row += [f"{one:.2f}", f"{many:.2f}", f"{speedup:.2f}"]
    targets = [
        Target(f"{features} {name}: predict_arrays / analysis", ratio, at_most=MOST),
        Target(f"{features} {name}: {THREADS} threads", speedup, at_least=LEAST_SPEEDUP),
    ]
    return row, targets if name in JUDGED else []


def _times(taken):
    return f"{np.median(taken):.2f} ({np.percentile(taken, 95):.2f})"


def main():
    rows, targets = [], []
    with tempfile.TemporaryDirectory() as scratch:
        write_corpus(Path(scratch))
        for features in SETS:
            for name in MODELS:
                row, own = measure(Path(scratch), features, name)
                rows.append(row)
                targets += own
    print_table(
        "One clip of 3 s: median and 95th percentile in ms",
        [
            "features",
            "model",
            "analysis",
            "predict_arrays",
            "ratio",
            "predict(file)",
            "1 thread",
            f"{THREADS} threads",
            "speedup",
        ],
        rows,
    )
    return int(any_missed(targets))


if __name__ == "__main__":
    sys.exit(main())
