"""Processor time of a fresh process: to a first row, and to a small trained model.

    python benchmarks/start.py [--before PYTHON] [--audio FILE] [--rounds N]

PYTHON is an interpreter with an earlier version of featkit, which is measured in turn with this
one. Each time is that of a process and its children, with warm files and compiled modules; the
imports of NumPy and of scikit-learn alone are measured, too, which no command can avoid. The exit
status is 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import _common  # before NumPy, since it sets the number of threads
import numpy as np
import soundfile
from _common import SR, Array, Target, any_missed, print_table

import featkit

SECONDS = 30.0

ROW = "import featkit; y, sr = featkit.load('a.wav', sr=22050); featkit.analyse([y], sr, 'genre75')"

EXTRACT = ["-m", "featkit", "extract", "a.wav", "-o", "a.csv", "--features", "genre75"]
TRAIN = ["-m", "featkit", "train", "t.csv", "--model", "logistic"]

COMMANDS = {
    "import numpy": ["-c", "import numpy"],
    "from Python: load a file, analyse it": ["-c", ROW],
    "featkit extract a.wav": EXTRACT,
    "import scikit-learn's LogisticRegression": ["-c", "import sklearn.linear_model"],
    "featkit train --model logistic": TRAIN,
    "featkit predict": ["-m", "featkit", "predict", "m.fk", "t.csv"],
}

AT_MOST = {
    "from Python: load a file, analyse it": 0.6,
    "featkit extract a.wav": 0.6,
    "featkit train --model logistic": 2 / 5.2,
}
"""Targets in times of the earlier version."""

N_ROWS = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", metavar="PYTHON", help="earlier version of featkit")
    parser.add_argument("--audio", metavar="FILE", help="a recording instead of synthetic music")
    parser.add_argument("--rounds", type=int, default=9, help="processes of each command (9)")
    options = parser.parse_args()
    pythons = {"now": sys.executable}
    pythons |= {} if options.before is None else {"before": options.before}
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(Path(folder), options.audio, [*pythons.values()][-1])
        seconds = measured(folder, pythons, options.rounds)
    names = [*pythons]
    print_table(
        f"Fresh processes: processor time, the least of {options.rounds}",
        ["", *(f"{name}, ms" for name in names), "now in times of before"],
        [
            [
                command,
                *(f"{1000 * seconds[name][command][0]:.0f}" for name in names),
                f"{ratio(seconds, command):.2f}" if options.before else "",
            ]
            for command in COMMANDS
        ],
    )
    wall = seconds["now"]["featkit train --model logistic"][1]
    print(f"\nfeatkit train, time by the clock: {wall:.2f} s (it counts on an idle machine only)")
    targets = [
        Target(name, ratio(seconds, name) if options.before else None, at_most=limit)
        for name, limit in AT_MOST.items()
    ]
    raise SystemExit(any_missed(targets))


def make_inputs(folder: Path, audio: str | None, python: str) -> None:
    """Write a recording of 30 s, a table of 60 rows of 2 columns, and its model by a version."""
    y = _common.synthetic_music(SECONDS) if audio is None else featkit.load(audio, sr=SR)[0]
    soundfile.write(folder / "a.wav", np.resize(y, round(SECONDS * SR)), SR, subtype="PCM_16")
    rng = np.random.default_rng(0)
    label = np.arange(N_ROWS) % 3
    columns = rng.normal(size=(N_ROWS, 2)) + label[:, None]
    lines = [f"{k}.wav,{label[k]},{x},{y}" for k, (x, y) in enumerate(columns)]
    (folder / "t.csv").write_text("\n".join(["path,label,x,y", *lines, ""]))
    run([python, *TRAIN, "-o", "m.fk"], folder, {})


def measured(
    folder: str, pythons: Mapping[str, str], rounds: int
) -> dict[str, dict[str, tuple[float, float]]]:
    """Least processor time and least time by the clock of each command, by version."""
    calls = {
        (name, command): partial(
            run,
            [python, *arguments],
            folder,
            # Each version has compiled modules of its own, which the first process writes.
            {"PYTHONPYCACHEPREFIX": os.path.join(folder, name)},
        )
        for command, arguments in COMMANDS.items()
        for name, python in pythons.items()
    }
    for call in calls.values():
        call()
    taken: dict[tuple[str, str], Array] = {key: np.full(2, np.inf) for key in calls}
    for _ in range(rounds):
        for key, call in calls.items():
            taken[key] = np.minimum(taken[key], call())
    return {
        name: {command: (taken[name, command][0], taken[name, command][1]) for command in COMMANDS}
        for name in pythons
    }


def run(command: Sequence[str], folder: str | Path, variables: Mapping[str, str]) -> Array:
    """Run a command, and return processor time and time by the clock in seconds."""
    environment = {**os.environ, **variables}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return np.array([after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, wall])


def ratio(seconds: Mapping[str, Mapping[str, tuple[float, float]]], command: str) -> float:
    """Processor time of a command now, in times of that of the earlier version."""
    return seconds["now"][command][0] / seconds["before"][command][0]


if __name__ == "__main__":
    main()
