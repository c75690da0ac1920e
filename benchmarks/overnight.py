"""Robustness of long extractions: kills, crashes, memory, overhead, equal bytes.

    python benchmarks/overnight.py FOLDER [--only NAME ...] [--seed N]

FOLDER holds a few hundred recordings, such as ESC-10. The exit status is 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import _common  # before NumPy, since it sets the number of threads
import numpy as np
import soundfile

import featkit
from featkit import signals
from featkit.datasets import files
from featkit.executors import _loky

FEATURES = "genre75"

N_KILLS = 20

N_MANY = 20_000

N_FEW = 1_000

MIN_SECONDS = 20.0
"""Seconds of work for one worker, compared with which its start is short."""

ROUNDS = 5

PEAK_MEMORY_SCRIPT = """
import json, resource, sys
import featkit
extraction = featkit.extract(sys.argv[1], output=sys.argv[2], features=sys.argv[3], n_jobs=2)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"rows": extraction.rows, "peak": peak, "elapsed": extraction.elapsed}))
"""

CRASH_SCRIPT = """
import os, pathlib, signal

stat = pathlib.Path.stat


def crash(path, **options):
    if path.name == "poison.wav":
        os.kill(os.getpid(), signal.SIGSEGV)
    return stat(path, **options)


pathlib.Path.stat = crash
"""


class Outcome(NamedTuple):
    """Result of one check."""

    target: str
    measured: str
    met: bool


def main() -> None:
    checks: dict[str, Callable[[Path, Path], Outcome]] = {
        "kill": kill,
        "poison": poison,
        "many files": many_files,
        "overhead": overhead,
        "second worker": second_worker,
        "equal bytes": equal_bytes,
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a few hundred recordings")
    parser.add_argument("--only", nargs="+", choices=checks, default=list(checks))
    parser.add_argument("--seed", type=int, default=0, help="seed of the times of the kills (0)")
    options = parser.parse_args()
    random.seed(options.seed)
    rows, any_unmet = [], False
    for name in options.only:
        with tempfile.TemporaryDirectory() as scratch:
            outcome = checks[name](options.folder.absolute(), Path(scratch))
        rows.append([name, outcome.target, outcome.measured, "yes" if outcome.met else "NO"])
        any_unmet |= not outcome.met
        print(" | ".join(rows[-1]), file=sys.stderr)
    _common.print_table("Robustness", ["check", "target", "measured", "met"], rows)
    sys.exit(any_unmet)


def kill(folder: Path, scratch: Path) -> Outcome:
    """Kill runs at random times and resume them."""
    output = scratch / "out.parquet"
    command = featkit_extract(folder, output)
    begin = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    whole = time.perf_counter() - begin
    expected = output.read_bytes()
    kills = finished = different = repeated = alive = 0
    finished_files: list[str] = []
    remove_results(output)
    while kills < N_KILLS or not output.exists():
        before = saved(output) if Path(f"{output}.parts").exists() else Saved(0, 0)
        running = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        timeout = None if kills == N_KILLS else random.uniform(0, whole / 2)
        try:
            running.wait(timeout)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
            kills += 1
            alive += not has_ended(running.pid)
            finished_files.append(f"{saved(output).files}")
        if running.returncode == 0:
            finished += 1
            different += output.read_bytes() != expected
            repeated += before.recomputed + before.files - resumed(running.communicate()[1])
            if kills < N_KILLS:
                remove_results(output)
    return Outcome(
        f"{N_KILLS} SIGKILLs, each resumed: same bytes, no finished file processed again",
        f"{kills} kills after {', '.join(finished_files)} files; {finished} resumed runs finished,"
        f" {different} differ, {repeated} files processed again, workers survived {alive} kills",
        not different and not repeated and not alive and finished > 0,
    )


class Saved(NamedTuple):
    """Finished files in a checkpoint, and the number of superfluous computations."""

    files: int
    recomputed: int


def saved(output: Path) -> Saved:
    """Read the checkpoint of a killed run, which has an entry for each computation."""
    with tempfile.TemporaryDirectory() as scratch:
        for part in output.parent.glob(f"{output.name}.parts*"):
            shutil.copy(part, scratch)  # reading the original would repair it
        with closing(sqlite3.connect(Path(scratch) / f"{output.name}.parts")) as journal:
            tables = journal.execute("SELECT count(*) FROM sqlite_master WHERE name = 'files'")
            if not tables.fetchone()[0]:  # killed before the first file
                return Saved(0, 0)
            computed = journal.execute("SELECT count(*) FROM contents").fetchone()[0]
            files = journal.execute("SELECT count(*) FROM files").fetchone()[0]
    return Saved(files, computed - files)


def resumed(summary: str) -> int:
    """Number of files from earlier runs according to a summary."""
    match = re.search(r"(\d+) files from earlier runs", summary)
    return int(match[1]) if match else 0


def has_ended(group: int) -> bool:
    """Wait up to 20 s for all processes of a group to end."""
    for _ in range(400):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def poison(folder: Path, scratch: Path) -> Outcome:
    """Process one file that crashes the decoder among 200 others."""
    corpus = scratch / "corpus"
    write_short(corpus, 200)
    shutil.copy(corpus / "0000" / "000000.wav", corpus / "poison.wav")
    (scratch / "sitecustomize.py").write_text(CRASH_SCRIPT)
    path = os.pathsep.join([str(scratch), os.environ.get("PYTHONPATH", "")])
    measured, met = [], True
    for jobs in (1, 2):
        output = scratch / f"{jobs}.parquet"
        done = subprocess.run(
            featkit_extract(corpus, output, jobs=jobs),
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            check=False,
        )
        rows = len(featkit.FeatureTable.read(output))
        failed = Path(f"{output}.failures.csv").read_text("utf-8").splitlines()[1:]
        measured.append(f"{jobs} workers: {rows} rows, {len(failed)} failure, {failed[0][:25]}")
        met &= rows == 200 and len(failed) == 1 and done.returncode == 3
    return Outcome("200 rows, one failure", "; ".join(measured), met)


def many_files(folder: Path, scratch: Path) -> Outcome:
    """Compare the peak memory of the main process with many files and with few."""
    peaks = {}
    for count in (N_FEW, N_MANY):
        corpus = scratch / str(count)
        write_short(corpus, count)
        output = scratch / f"{count}.parquet"
        command = [sys.executable, "-c", PEAK_MEMORY_SCRIPT, corpus, output, FEATURES]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        peaks[count] = json.loads(answer.stdout)
    grown = peaks[N_MANY]["peak"] - peaks[N_FEW]["peak"]
    return Outcome(
        f"{N_MANY} short files: the main process grows by less than 50 MB",
        f"{peaks[N_FEW]['peak']:.0f} MB with {N_FEW} files, {peaks[N_MANY]['peak']:.0f} with"
        f" {N_MANY}: {grown:.0f} MB more; {peaks[N_MANY]['elapsed']:.0f} s",
        grown < 50 and peaks[N_MANY]["rows"] == N_MANY,
    )


def overhead(folder: Path, scratch: Path) -> Outcome:
    """Compare one worker that saves and writes rows with the extractor in this process."""
    many = linked(folder, scratch / "many")
    names = [recording.file for recording in files.find([many])]
    extractor = featkit.FeatureExtractor(FEATURES)
    seconds = _common.interleaved(
        {
            "bare": lambda: extractor.fit_transform(names),
            "batch": lambda: extract_afresh(many, scratch, 1),
        },
        rounds=ROUNDS,
        twice=False,
    )
    share = _common.speedup(seconds["bare"], seconds["batch"])
    return Outcome(
        "one worker has at least 0.85 of the bare extractor's rate",
        f"{share:.2f}; {len(names)} files, {fastest(seconds)}",
        share >= 0.85,
    )


def second_worker(folder: Path, scratch: Path) -> Outcome:
    """Compare two workers with one."""
    many = linked(folder, scratch / "many")
    seconds = _common.interleaved(
        {
            "one": lambda: extract_afresh(many, scratch, 1),
            "two": lambda: extract_afresh(many, scratch, 2),
        },
        rounds=ROUNDS,
        twice=False,
    )
    faster = _common.speedup(seconds["one"], seconds["two"])
    return Outcome(
        "two workers are at least 1.8 times as fast as one",
        f"{faster:.2f}; {fastest(seconds)}",
        faster >= 1.8,
    )


def equal_bytes(folder: Path, scratch: Path) -> Outcome:
    """Compare the tables of any number of workers, resumed or not."""
    tables = {}
    for jobs in (1, 2, 3):
        output = scratch / f"{jobs}.parquet"
        featkit.extract(folder, output=output, features=FEATURES, n_jobs=jobs)
        tables[f"{jobs} workers"] = output.read_bytes()
    recordings = [recording.file for recording in files.find([folder])]
    output = scratch / "resumed.parquet"
    some = random.sample(recordings, len(recordings) // 3)
    featkit.extract(some, output=output, features=FEATURES)
    resumed = featkit.extract(folder, output=output, features=FEATURES, n_jobs=2)
    tables[f"resumed after {resumed.resumed} files in another order"] = output.read_bytes()
    n_different = len(set(tables.values()))
    return Outcome(
        "the same bytes for 1, 2, 3 workers, resumed or not",
        f"{n_different} different of {len(tables)}: {', '.join(tables)}",
        n_different == 1 and resumed.resumed == len(some),
    )


def featkit_extract(folder: Path, output: Path, jobs: int = 2) -> list[str]:
    arguments = ["extract", folder, "-o", output, "--features", FEATURES, "--jobs", jobs]
    return [sys.executable, "-m", "featkit", *map(str, arguments)]


def remove_results(output: Path) -> None:
    for file in output.parent.glob(f"{output.name}*"):
        file.unlink()


def write_short(folder: Path, count: int) -> None:
    """Write different files of 0.25 s, a thousand per folder."""
    y = signals.noise(_common.SR, 0.25)
    for k in range(count):
        file = folder / f"{k // 1000:04d}" / f"{k:06d}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(file, np.roll(y, k), _common.SR, subtype="PCM_16")


def linked(folder: Path, target: Path) -> Path:
    """Link the files as often as needed to keep one worker busy for `MIN_SECONDS`."""
    featkit.extract(folder, features=FEATURES, duration=1.0)  # warm-up
    once = featkit.extract(folder, features=FEATURES).elapsed
    for k in range(max(1, round(MIN_SECONDS / once))):
        for recording in files.find([folder]):
            link = target / f"{k:04d}" / recording.path
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(recording.file)
    return target


def extract_afresh(folder: Path, scratch: Path, jobs: int) -> None:
    """Extract everything with newly started workers."""
    _loky.shared_executor.cache_clear()
    output = scratch / "out.parquet"
    featkit.extract(folder, output=output, fresh=True, features=FEATURES, n_jobs=jobs)


def fastest(seconds: dict[str, _common.Array]) -> str:
    return ", ".join(f"{name} {min(taken):.1f} s" for name, taken in seconds.items())


if __name__ == "__main__":
    main()
