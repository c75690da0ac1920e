"""Whether a batch can be left alone: what is promised of it, tried in full.

    python benchmarks/overnight.py FOLDER [--only NAME ...] [--seed N]

FOLDER holds some hundred recordings, such as ESC-10. Exit status 1 if a bar is missed.
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

import _common  # before NumPy: it sets one thread
import numpy as np
import soundfile

import featkit
from featkit import signals
from featkit.batch import _pool
from featkit.datasets import files

FEATURES = "genre75"

KILLS = 20

MANY = 20_000

FEW = 1_000

ENOUGH_SECONDS = 20.0
"""Seconds of work for one worker, beside which its start does not count for much."""

ROUNDS = 5

PEAK = """
import json, resource, sys
import featkit
found = featkit.extract(sys.argv[1], output=sys.argv[2], features=sys.argv[3], n_jobs=2)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"rows": found.rows, "peak": peak, "elapsed": found.elapsed}))
"""

DEADLY = """
import os, pathlib, signal

stat = pathlib.Path.stat


def deadly(path, **how):
    if path.name == "poison.wav":
        os.kill(os.getpid(), signal.SIGSEGV)
    return stat(path, **how)


pathlib.Path.stat = deadly
"""


class Seen(NamedTuple):
    """What was seen of a promise."""

    bar: str
    measured: str
    kept: bool


def main() -> None:
    checks: dict[str, Callable[[Path, Path], Seen]] = {
        "kill": kill,
        "poison": poison,
        "many files": many_files,
        "overhead": overhead,
        "second worker": second_worker,
        "bits": bits,
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="some hundred recordings")
    parser.add_argument("--only", nargs="+", choices=checks, default=list(checks))
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills (0)")
    options = parser.parse_args()
    random.seed(options.seed)
    rows, missed = [], False
    for name in options.only:
        with tempfile.TemporaryDirectory() as scratch:
            seen = checks[name](options.folder.absolute(), Path(scratch))
        rows.append([name, seen.bar, seen.measured, "yes" if seen.kept else "NO"])
        missed |= not seen.kept
        print(" | ".join(rows[-1]), file=sys.stderr)
    _common.show("Left alone overnight", ["promise", "bar", "measured", "kept"], rows)
    sys.exit(missed)


def kill(folder: Path, scratch: Path) -> Seen:
    """SIGKILL at random moments, from the start of a run to the moment it would have ended."""
    output = scratch / "out.parquet"
    command = featkit_extract(folder, output)
    begin = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    whole = time.perf_counter() - begin
    expected = output.read_bytes()
    kills = finished = differ = twice = alive = 0
    moments: list[str] = []
    forget(output)
    while kills < KILLS or not output.exists():
        before = kept(output) if Path(f"{output}.parts").exists() else Kept(0, 0)
        running = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        left = None if kills == KILLS else random.uniform(0, whole / 2)
        try:
            running.wait(left)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
            kills += 1
            alive += not gone(running.pid)
            moments.append(f"{kept(output).files}")
        if running.returncode == 0:
            finished += 1
            differ += output.read_bytes() != expected
            twice += before.again + before.files - resumed(running.communicate()[1])
            if kills < KILLS:
                forget(output)
    return Seen(
        f"{KILLS} SIGKILLs, each resumed: same bytes, nothing finished done twice",
        f"{kills} kills after {', '.join(moments)} files; {finished} resumed runs ended, {differ}"
        f" differ, {twice} files done twice, workers outlived {alive} kills",
        not differ and not twice and not alive and finished > 0,
    )


class Kept(NamedTuple):
    """Files that are finished, and how many computations too many there were."""

    files: int
    again: int


def kept(output: Path) -> Kept:
    """What the journal of a killed run says: everything computed is in it once for each time."""
    with tempfile.TemporaryDirectory() as scratch:
        for part in output.parent.glob(f"{output.name}.parts*"):
            shutil.copy(part, scratch)  # to look into it would mend what the next run has to
        with closing(sqlite3.connect(Path(scratch) / f"{output.name}.parts")) as journal:
            tables = journal.execute("SELECT count(*) FROM sqlite_master WHERE name = 'files'")
            if not tables.fetchone()[0]:  # killed before there were any
                return Kept(0, 0)
            computed = journal.execute("SELECT count(*) FROM contents").fetchone()[0]
            known = journal.execute("SELECT count(*) FROM files").fetchone()[0]
    return Kept(known, computed - known)


def resumed(said: str) -> int:
    """Files that a run did not do again, by its summary."""
    found = re.search(r"(\d+) files from earlier runs", said)
    return int(found.group(1)) if found else 0


def gone(group: int) -> bool:
    """Whether all processes of a group end soon: a busy machine is no fault."""
    for _ in range(400):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def poison(folder: Path, scratch: Path) -> Seen:
    """A file at which the decoder crashes, among 200 others."""
    corpus = scratch / "corpus"
    write_short(corpus, 200)
    shutil.copy(corpus / "0000" / "000000.wav", corpus / "poison.wav")
    (scratch / "sitecustomize.py").write_text(DEADLY)
    path = os.pathsep.join([str(scratch), os.environ.get("PYTHONPATH", "")])
    measured, kept = [], True
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
        kept &= rows == 200 and len(failed) == 1 and done.returncode == 3
    return Seen("200 rows, one failure", "; ".join(measured), kept)


def many_files(folder: Path, scratch: Path) -> Seen:
    """Peak memory of the main process with many files, beside that with few."""
    peaks = {}
    for count in (FEW, MANY):
        corpus = scratch / str(count)
        write_short(corpus, count)
        command = [sys.executable, "-c", PEAK, corpus, scratch / f"{count}.parquet", FEATURES]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        peaks[count] = json.loads(answer.stdout)
    grown = peaks[MANY]["peak"] - peaks[FEW]["peak"]
    return Seen(
        f"{MANY} short files: the main process grows by less than 50 MB",
        f"{peaks[FEW]['peak']:.0f} MB with {FEW} files, {peaks[MANY]['peak']:.0f} with {MANY}:"
        f" {grown:.0f} MB more; {peaks[MANY]['elapsed']:.0f} s",
        grown < 50 and peaks[MANY]["rows"] == MANY,
    )


def overhead(folder: Path, scratch: Path) -> Seen:
    """One worker, whose rows are kept and written, beside the extractor in this process."""
    many = repeated(folder, scratch / "many")
    names = [recording.file for recording in files.find([many])]
    extractor = featkit.FeatureExtractor(FEATURES)
    seconds = _common.interleaved(
        {"bare": lambda: extractor.fit_transform(names), "batch": lambda: anew(many, scratch, 1)},
        rounds=ROUNDS,
        twice=False,
    )
    share = _common.ratio(seconds["bare"], seconds["batch"])
    return Seen(
        "one worker has at least 0.85 of the bare extractor's rate",
        f"{share:.2f}; {len(names)} files, {spread(seconds)}",
        share >= 0.85,
    )


def second_worker(folder: Path, scratch: Path) -> Seen:
    """Two workers beside one."""
    many = repeated(folder, scratch / "many")
    seconds = _common.interleaved(
        {"one": lambda: anew(many, scratch, 1), "two": lambda: anew(many, scratch, 2)},
        rounds=ROUNDS,
        twice=False,
    )
    faster = _common.ratio(seconds["one"], seconds["two"])
    return Seen(
        "two workers are at least 1.8 times as fast as one",
        f"{faster:.2f}; {spread(seconds)}",
        faster >= 1.8,
    )


def bits(folder: Path, scratch: Path) -> Seen:
    """The same bytes for any number of workers, resumed from a part of the files or not."""
    written = {}
    for jobs in (1, 2, 3):
        output = scratch / f"{jobs}.parquet"
        featkit.extract(folder, output=output, features=FEATURES, n_jobs=jobs)
        written[f"{jobs} workers"] = output.read_bytes()
    found = [recording.file for recording in files.find([folder])]
    output = scratch / "resumed.parquet"
    featkit.extract(random.sample(found, len(found) // 3), output=output, features=FEATURES)
    resumed = featkit.extract(folder, output=output, features=FEATURES, n_jobs=2)
    written[f"resumed after {resumed.resumed} files in another order"] = output.read_bytes()
    kinds = len(set(written.values()))
    return Seen(
        "the same bytes for 1, 2, 3 workers, resumed or not",
        f"{kinds} different of {len(written)}: {', '.join(written)}",
        kinds == 1 and resumed.resumed == len(found) // 3,
    )


def featkit_extract(folder: Path, output: Path, jobs: int = 2) -> list[str]:
    arguments = ["extract", folder, "-o", output, "--features", FEATURES, "--jobs", jobs]
    return [sys.executable, "-m", "featkit", *map(str, arguments)]


def forget(output: Path) -> None:
    for file in output.parent.glob(f"{output.name}*"):
        file.unlink()


def write_short(folder: Path, count: int) -> None:
    """Files of a quarter of a second, a thousand in a folder, no two alike."""
    y = signals.noise(_common.SR, 0.25)
    for k in range(count):
        file = folder / f"{k // 1000:04d}" / f"{k:06d}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(file, np.roll(y, k), _common.SR, subtype="PCM_16")


def repeated(folder: Path, target: Path) -> Path:
    """Links to the files, so many that one worker has enough to do."""
    featkit.extract(folder, features=FEATURES, duration=1.0)  # what a first call costs is no work
    once = featkit.extract(folder, features=FEATURES).elapsed
    for k in range(max(1, round(ENOUGH_SECONDS / once))):
        for recording in files.find([folder]):
            link = target / f"{k:04d}" / recording.path
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(recording.file)
    return target


def anew(folder: Path, scratch: Path, jobs: int) -> None:
    """All of it, by workers that are started for it."""
    _pool.started.cache_clear()
    output = scratch / "out.parquet"
    featkit.extract(folder, output=output, fresh=True, features=FEATURES, n_jobs=jobs)


def spread(seconds: dict[str, _common.Array]) -> str:
    return ", ".join(f"{name} {min(taken):.1f} s" for name, taken in seconds.items())


if __name__ == "__main__":
    main()
