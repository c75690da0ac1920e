"""Stores: the same bytes as with local files, with failing requests; rates, requests, local space.

    python benchmarks/stores.py [FOLDER] [--files N] [--share F] [--seed N] [--only s3|sftp ...]

Two servers run on the loopback device, as processes of their own: moto's S3 server, behind a proxy
that counts requests and fails a share of them, and OpenSSH's SFTP server, whose sessions are killed
at random. Their credentials are in the environment, and in the folder .ssh of a home that is made
for it. The exit status is 1 if a target is missed. Takes about four minutes for 600 files.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import _common

import featkit
from featkit.datasets import files, synthetic

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import stores

N_FILES = 600

STYLES = 4

FEATURES = "genre75"

FAILING = 0.05

KILL_SECONDS = 1.0
"""Mean time between two kills of SFTP sessions."""

TIMEOUT = 300
"""Seconds of a command at most."""

SECRETS = (stores.SECRET, "OPENSSH PRIVATE KEY")

OUTPUTS = ("t.parquet", "t.parquet.failures.csv", "s.json", "p.csv", "rows.csv", "sound.csv")
"""Files that must be the same as with local files; a model file is not the same twice."""


class Store(NamedTuple):
    """A store with the recordings in ``corpus``."""

    name: str
    url: str
    environment: dict[str, str]
    get: Callable[[str], bytes]
    counts: Callable[[], dict[str, int]]


class Run(NamedTuple):
    """What a run of the commands gave."""

    seconds: dict[str, float]
    peak: int
    counts: dict[str, int]
    outputs: dict[str, bytes]
    texts: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="recordings; default: a synthetic corpus")
    parser.add_argument("--files", type=int, default=N_FILES, help=f"recordings ({N_FILES})")
    parser.add_argument("--share", type=float, default=FAILING, help=f"failing ({FAILING})")
    parser.add_argument("--seed", type=int, default=0, help="seed of the failures (0)")
    parser.add_argument("--only", nargs="*", choices=["s3", "sftp"], default=["s3", "sftp"])
    options = parser.parse_args()
    begin = time.perf_counter()
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stores-")))
        corpus = collected(options.folder, scratch, options.files)
        largest = max(file.stat().st_size for file in corpus.rglob("*") if file.is_file())
        runs = {("local", 0.0): run_commands(local_store(scratch), scratch)}
        if "s3" in options.only:
            endpoint = stack.enter_context(moto_server())
            for share in (0.0, options.share):
                with s3_store(endpoint, corpus, share, options.seed) as store:
                    runs["s3", share] = run_commands(store, scratch)
        if "sftp" in options.only and stores.SSHD is not None:
            server = stack.enter_context(stores.sftp_server(scratch / "sshd"))
            for share in (0.0, options.share):
                with sftp_store(server, corpus, share, options.seed) as store:
                    runs["sftp", share] = run_commands(store, scratch)
    print_runs(runs)
    print(f"{time.perf_counter() - begin:.0f} s in all; largest recording {largest / 1e6:.2f} MB")
    raise SystemExit(_common.any_missed(targets(runs, largest)))


def collected(folder: str | None, scratch: Path, count: int) -> Path:
    """Recordings in folders of classes, and a damaged one."""
    corpus = scratch / "corpus"
    if folder is None:
        synthetic.write_corpus(corpus, clips_per_style=count // STYLES)
    else:
        for recording in itertools.islice(files.find([folder]), count):
            copy = corpus / recording.path
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(recording.file, copy)
    first = next(file for file in sorted(corpus.rglob("*")) if file.is_file())
    (first.parent / "damaged.wav").write_bytes(b"RIFF")
    return corpus


# Stores


def local_store(scratch: Path) -> Store:
    return Store("local", str(scratch), {}, lambda name: (scratch / name).read_bytes(), dict)


@contextlib.contextmanager
def moto_server() -> Iterator[str]:
    """Run moto's server as a process of its own."""
    port = stores.free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with process(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as server:
        stores.wait_for_port(port, server, seconds=30)
        yield f"127.0.0.1:{port}"


@contextlib.contextmanager
def s3_store(endpoint: str, corpus: Path, share: float, seed: int) -> Iterator[Store]:
    """A bucket with the recordings, behind a proxy that fails a share of the requests."""
    import s3fs

    bucket = f"stores-{round(100 * share)}"
    keys = {"key": "tester", "secret": stores.SECRET, "endpoint_url": f"http://{endpoint}"}
    direct = s3fs.S3FileSystem(**keys, skip_instance_cache=True, use_listings_cache=False)
    direct.mkdir(bucket)
    direct.put(f"{corpus}/", f"{bucket}/corpus/", recursive=True)
    script = str(Path(__file__).with_name("_faulty_proxy.py"))
    command = [sys.executable, script, endpoint, str(share), str(seed)]
    with process(command, stdout=subprocess.PIPE, text=True) as proxy:
        address = f"http://127.0.0.1:{int(proxy.stdout.readline())}"

        def counts() -> dict[str, int]:
            with urllib.request.urlopen(f"{address}/counts") as answer:
                return dict(json.load(answer))

        yield Store(
            "s3",
            f"s3://{bucket}",
            stores.s3_environment(address),
            lambda name: bytes(direct.cat_file(f"{bucket}/{name}")),
            counts,
        )


@contextlib.contextmanager
def sftp_store(server: stores.SftpServer, corpus: Path, share: float, seed: int) -> Iterator[Store]:
    """A folder with the recordings on an SFTP server; with failures, sessions are killed."""
    folder = corpus.parent / f"sftp-{round(100 * share)}"
    folder.mkdir()
    (folder / "corpus").symlink_to(corpus)
    killer = Killer(server.pid, seed) if share else None
    with killer or contextlib.nullcontext():
        yield Store(
            "sftp",
            server.url(folder),
            stores.sftp_environment(server),
            lambda name: (folder / name).read_bytes(),
            lambda: {"killed": killer.killed} if killer else {},
        )


class Killer(threading.Thread):
    """Kills a session of an SFTP server at random times."""

    def __init__(self, server: int, seed: int) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.random = random.Random(seed)
        self.killed = 0
        self.ended = threading.Event()

    def __enter__(self) -> Killer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.join()

    def run(self) -> None:
        while not self.ended.wait(self.random.expovariate(1 / KILL_SECONDS)):
            if sessions := children(self.server):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.random.choice(sessions), signal.SIGKILL)
                    self.killed += 1


def children(parent: int) -> list[int]:
    """Processes that a process has started."""
    processes = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                stat = (folder / "stat").read_text().rpartition(")")[2].split()
                processes += [int(folder.name)] if int(stat[1]) == parent else []
    return processes


@contextlib.contextmanager
def process(command: list[str], **options: object) -> Iterator[subprocess.Popen[str]]:
    """A process, which ends with the block."""
    started = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
    try:
        yield started
    finally:
        started.terminate()
        started.wait()


# Commands


def run_commands(store: Store, scratch: Path) -> Run:
    """Extract with one and two workers, train, predict and inspect, from and to a store."""
    own = Path(tempfile.mkdtemp(dir=scratch, prefix="run-"))
    (own / "tmp").mkdir()
    environment = {**os.environ, **store.environment, "TMPDIR": str(own / "tmp")}
    seconds: dict[str, float] = {}
    texts: list[str] = []

    def run(title: str, *words: str, status: int = 0) -> None:
        begin = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "featkit", *words],
            cwd=own,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        texts.append(done.stdout + done.stderr)
        if done.returncode != status or "Traceback" in done.stderr:
            raise SystemExit(f"{store.name}: {title}: status {done.returncode}\n{done.stderr}")
        taken = re.search(r"of audio in ([0-9.]+) s", done.stderr)
        seconds[title] = float(taken[1]) if taken else time.perf_counter() - begin
        print(f"{store.name}: {title}: {seconds[title]:.1f} s", file=sys.stderr, flush=True)

    at = store.url
    extract = ("extract", f"{at}/corpus", "--labels", "folder", "--features", FEATURES)
    before = store.counts()
    with SpaceWatch(own / "tmp") as watch:
        for jobs in ("1", "2"):
            output = ("-o", f"{at}/t.parquet", "--fresh", "--jobs", jobs)
            run(f"extract, {jobs}", *extract, *output, status=3)
        model = ("--model", "logistic", "--folds", "3", "--jobs", "1", "-o", f"{at}/m.fk")
        scores = ("--scores", f"{at}/s.json", "--predictions", f"{at}/p.csv")
        run("train", "train", f"{at}/t.parquet", *model, *scores)
        run("predict a table", "predict", f"{at}/m.fk", f"{at}/t.parquet", "-o", f"{at}/rows.csv")
        sound = ("predict", f"{at}/m.fk", f"{at}/corpus", "-o", f"{at}/sound.csv", "--jobs", "2")
        run("predict", *sound, status=3)
        run("inspect", "inspect", f"{at}/t.parquet")
    after = store.counts()
    counts = {name: count - before.get(name, 0) for name, count in after.items()}
    kept = [file.read_bytes() for file in own.rglob("*") if file.is_file()]
    texts += [data.decode("latin-1") for data in kept] if store.name != "local" else []
    outputs = {name: store.get(name) for name in OUTPUTS}
    texts += [data.decode("latin-1") for data in (*outputs.values(), store.get("m.fk"))]
    return Run(seconds, watch.peak, counts, outputs, "\n".join(texts))


class SpaceWatch(threading.Thread):
    """Watches how many bytes the files of a folder take at most."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder = folder
        self.peak = 0
        self.ended = threading.Event()

    def __enter__(self) -> SpaceWatch:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.join()

    def run(self) -> None:
        while not self.ended.wait(0.02):
            self.peak = max(self.peak, sum(map(size_of, self.folder.rglob("*"))))


def size_of(file: Path) -> int:
    with contextlib.suppress(OSError):
        return file.stat().st_size if file.is_file() else 0
    return 0


# Results


def targets(runs: dict[tuple[str, float], Run], largest: int) -> list[_common.Target]:
    """The outputs of all runs are those of local files, and nothing contains a secret."""
    expected = runs["local", 0.0].outputs
    made = []
    for (store, share), run in runs.items():
        title = f"{store}, {share:.0%} failing"
        if store == "local":
            continue
        same = sum(run.outputs[name] == expected[name] for name in OUTPUTS)
        made += [
            _common.Target(f"{title}: outputs equal to local ones", same, at_least=len(OUTPUTS)),
            _common.Target(
                f"{title}: secrets in files and messages",
                sum(map(run.texts.count, SECRETS)),
                at_most=0,
            ),
            _common.Target(f"{title}: local space in recordings", run.peak / largest, at_most=20),
        ]
        if share:
            failed = sum(count for name, count in run.counts.items() if name != "requests")
            made.append(_common.Target(f"{title}: failures", failed, at_least=10))
    return made


def print_runs(runs: dict[tuple[str, float], Run]) -> None:
    n_rows = len(runs["local", 0.0].outputs["sound.csv"].splitlines()) - 1
    titles = list(runs["local", 0.0].seconds)
    rows = []
    for (store, share), run in runs.items():
        rates = [f"{n_rows / run.seconds[title]:.0f}" for title in ("extract, 1", "extract, 2")]
        seconds = [f"{run.seconds[title]:.1f}" for title in titles[2:]]
        failed = sum(count for name, count in run.counts.items() if name != "requests")
        requests = f"{run.counts['requests']:,}" if "requests" in run.counts else ""
        rows.append(
            [
                store,
                f"{share:.0%}",
                *rates,
                *seconds,
                requests,
                str(failed or ""),
                f"{run.peak / 1e6:.2f}",
            ]
        )
    header = [
        "store",
        "failing",
        "files/s, 1 worker",
        "2 workers",
        *(f"{t}, s" for t in titles[2:]),
    ]
    _common.print_table(
        f"{n_rows} recordings", [*header, "requests", "failed", "local MB at most"], rows
    )
    print(f"\nfeatkit {featkit.__version__}")


if __name__ == "__main__":
    main()
