"""A Dask cluster whose parts fail: the same bytes as one process, and nothing lost.

    sudo python benchmarks/cluster.py [--only NAME ...] [--files 3000] [--seed 0] [--keep FOLDER]

Needs Linux, root and iproute2. A scheduler, four workers, the driver and a monitor run in network
namespaces of their own, with folders of their own; recordings and tables are at a path that all of
them see, as on the file system of a cluster. Everything is removed at the end. The exit status is 1
if a scenario fails.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import _cluster_hook
import _common  # before NumPy, since it sets the number of threads
from _cluster_corpus import write_corpus
from _cluster_hook import CRASHER, HANGER, KILLER
from _cluster_run import FEATURES, WORKERS, Run, Shared
from _dask_cluster import open_cluster
from _network_namespaces import Network, why_no_namespaces

import featkit

CUT_SECONDS = 20.0
"""Seconds without network."""

LONG_CUT_SECONDS = 45.0
"""Seconds without network after which Dask has given up all connections, by its default of 30 s."""

TIMEOUT = 10.0
"""Seconds that a recording may take, where one hangs."""

MIN_KILLS = 3
"""Least number of random kills of a run."""

MAX_TASKS = 5000
"""Most tasks that the scheduler may hold."""

DEADLY = {CRASHER: "worker", KILLER: "worker", HANGER: "timeout"}
"""Stage at which recordings fail."""

MONITOR = """
import sys, time
from distributed import Client

def state(dask_scheduler):
    import psutil
    memory = psutil.Process().memory_info().rss / 2**20
    return len(dask_scheduler.tasks), len(dask_scheduler.workers), round(memory)

client = Client(sys.argv[1], timeout=60, set_as_default=False)
while True:
    try:
        print(*client.run_on_scheduler(state), flush=True)
    except Exception:  # the scheduler is being restarted
        pass
    time.sleep(0.25)
"""
"""Prints the number of tasks and workers of the scheduler, and its memory in MB."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--files", type=int, default=3000, help="recordings (3000)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random kills (0)")
    parser.add_argument("--keep", type=Path, help="folder to keep all files in, which is empty")
    options = parser.parse_args()
    if reason := why_no_namespaces():
        print(f"skipped: {reason}")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    random.seed(options.seed)
    with contextlib.ExitStack() as cleanup:
        scratch = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="featkit-cluster-"))
        folder = options.keep or Path(scratch)
        folder.joinpath("shared").mkdir(parents=True)
        shared = Shared(folder.absolute() / "shared")
        prepare(shared, options.files)
        network = Network(folder.absolute() / "hosts", cleanup)
        for name in ("scheduler", *WORKERS, "driver", "monitor"):
            network.add_host(name)
        rows = [perform(name, shared, network) for name in options.only]
    _common.print_table(
        f"{options.files} files on {len(WORKERS)} workers",
        ["scenario", "s", "worker deaths", "most tasks", "scheduler MB", "result"],
        rows,
    )
    sys.exit(any(row[-1] not in ("same bytes", "refused") for row in rows))


def prepare(shared: Shared, count: int) -> None:
    """Write the recordings, and extract them with one local process."""
    begin = time.monotonic()
    write_corpus(shared.corpus, count)
    shared.hooks.mkdir()
    shutil.copy(_cluster_hook.__file__, shared.hooks / "sitecustomize.py")
    print(f"{count} files written in {time.monotonic() - begin:.0f} s", flush=True)
    begin = time.monotonic()
    arguments = ["extract", shared.corpus, "-o", shared.expected, "--features", FEATURES]
    command = [sys.executable, "-m", "featkit", *map(str, arguments), "--jobs", "1", "--quiet"]
    done = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
    if done.returncode != 3:
        raise SystemExit(f"the local run failed: {done.stderr}")
    print(f"one local process: {time.monotonic() - begin:.1f} s", flush=True)


def perform(name: str, shared: Shared, network: Network) -> list[str]:
    """Run a scenario, print its result, and return the row of the table."""
    for file in (shared.opened, shared.deaths):
        file.unlink(missing_ok=True)
    begin = time.monotonic()
    with open_cluster(network, WORKERS, shared.environment) as cluster:
        run = Run(shared, network, cluster, shared.folder / f"{name.replace(' ', '-')}.parquet")
        with monitored(run):
            SCENARIOS[name](run)
        seconds, deaths = time.monotonic() - begin, run.deaths()
    run.check()
    tasks, _, memory = map(max, zip(*run.scheduler_states(), strict=True))
    if tasks > MAX_TASKS:
        run.problems.append(f"the scheduler held {tasks} tasks")
    result = "; ".join(run.problems) or ("refused" if run.refusal else "same bytes")
    print(f"{name}: {seconds:.1f} s, {deaths} worker deaths, {result}", flush=True)
    for note in run.notes:
        print(f"    {note}", flush=True)
    return [name, f"{seconds:.1f}", f"{deaths}", f"{tasks}", f"{memory}", result]


@contextlib.contextmanager
def monitored(run: Run) -> Iterator[None]:
    """Log the state of the scheduler."""
    host = run.network.hosts["monitor"]
    with run.monitor_log.open("wb") as output:
        process = host.start([sys.executable, "-c", MONITOR, run.cluster.address], {}, output)
    try:
        yield
    finally:
        process.kill()
        process.wait()


# Scenarios


def plain(run: Run) -> None:
    """Nothing fails."""
    start(run)
    run.finish()


def kills(run: Run) -> None:
    """Workers are killed at random during the whole run."""
    start(run)
    run.wait_for_share(0.02)
    run.finish(kills=True)
    if run.deaths() < MIN_KILLS:
        run.problems.append(f"only {run.deaths()} workers were killed")


def network(run: Run) -> None:
    """The network of one worker is cut."""
    start(run)
    run.wait_for_share(0.2)
    cut_network(run)
    run.finish()


def long_cut(run: Run) -> None:
    """The network of one worker is cut for so long that its connections are given up."""
    start(run)
    run.wait_for_share(0.2)
    cut_network(run, seconds=LONG_CUT_SECONDS)
    run.finish()


def driver_cut(run: Run) -> None:
    """The network of the driver is cut."""
    start(run)
    run.wait_for_share(0.2)
    cut_network(run, "driver")
    run.finish()


def driver_long_cut(run: Run) -> None:
    """The network of the driver is cut for so long that its connections are given up."""
    start(run)
    run.wait_for_share(0.2)
    cut_network(run, "driver", seconds=LONG_CUT_SECONDS)
    run.finish()


def scheduler(run: Run) -> None:
    """The scheduler is killed, and started again at the same address."""
    start(run)
    run.wait_for_share(0.4)
    restart_scheduler(run)
    run.finish()


def driver(run: Run) -> None:
    """The driver is killed, and the same command is started again."""
    start(run)
    run.wait_for_share(0.4)
    restart_driver(run)
    run.finish()


def deadly(run: Run) -> None:
    """A recording crashes the decoder, and another one kills each worker that opens it."""
    with recordings(run, {CRASHER: "worker", KILLER: "worker"}):
        start(run)
        run.finish()


def hanging(run: Run) -> None:
    """A recording never ends."""
    run.timeout = TIMEOUT
    with recordings(run, {HANGER: "timeout"}):
        start(run)
        run.finish()


def everything(run: Run) -> None:
    """All of it in one run."""
    run.timeout = TIMEOUT
    with recordings(run, DEADLY):
        start(run)
        run.wait_for_share(0.1, kills=True)
        cut_network(run, kills=True)
        run.wait_for_share(0.4, kills=True)
        restart_scheduler(run)
        run.wait_for_share(0.7, kills=True)
        restart_driver(run)
        run.finish(kills=True)


def late(run: Run) -> None:
    """The cluster begins without workers, which join one by one; two drivers use it."""
    other = dataclasses.replace(run, output=run.output.with_stem("late-other"))
    run.start()
    other.start()
    run.sleep(5)
    for service in run.cluster.workers.values():
        service.start()
        run.sleep(3)
    run.finish()
    other.finish()
    other.check()


def interrupted(run: Run) -> None:
    """Ctrl-C leaves nothing in the scheduler, and the same command resumes."""
    start(run)
    run.wait_for_share(0.3)
    run.interrupt()
    run.notes.append(f"exit status {run.driver.returncode}")
    run.remember_finished()
    time.sleep(2)
    tasks, *_ = run.scheduler_states()[-1]
    run.notes.append(f"{tasks} tasks in the scheduler afterwards")
    if tasks:
        run.problems.append("the scheduler still has tasks")
    run.start()
    run.finish()


def version(run: Run) -> None:
    """A worker has another version of featkit."""
    service = run.cluster.workers[WORKERS[2]]
    copy = service.host.folder / "site"
    shutil.copytree(Path(featkit.__file__).parent, copy / "featkit")
    module = copy / "featkit" / "__init__.py"
    text = module.read_text("utf-8").replace(f'"{featkit.__version__}"', '"0.0.7"')
    module.write_text(text, "utf-8")
    path = service.environment["PYTHONPATH"]
    service.environment["PYTHONPATH"] = f"{copy}{os.pathsep}{path}"
    run.refusal = (service.host.address, "0.0.7", featkit.__version__)
    start(run)
    run.finish()
    if run.opened():
        run.problems.append("recordings were opened")


def unmounted(run: Run) -> None:
    """A worker does not have the recordings."""
    host = run.network.hosts[WORKERS[3]]
    host.hidden = run.shared.corpus
    run.refusal = (WORKERS[3], str(run.shared.corpus))
    start(run)
    run.finish()
    host.hidden = None


def start(run: Run) -> None:
    run.cluster.start_workers()
    run.start()


def cut_network(
    run: Run, name: str = WORKERS[1], *, seconds: float = CUT_SECONDS, kills: bool = False
) -> None:
    check_running(run)
    host = run.network.hosts[name]
    host.pull_cable()
    try:
        run.sleep(seconds, kills=kills)
    finally:
        host.plug_in()
    if not run.is_running():
        run.notes.append("the driver ended before the network was restored")


def restart_scheduler(run: Run) -> None:
    check_running(run)
    run.remember_finished()
    run.cluster.scheduler.kill()


def restart_driver(run: Run) -> None:
    check_running(run)
    run.kill()
    run.remember_finished()
    run.start()


def check_running(run: Run) -> None:
    if not run.is_running():
        run.problems.append("the driver ended before the fault")


@contextlib.contextmanager
def recordings(run: Run, failures: dict[str, str]) -> Iterator[None]:
    """Add recordings that must fail."""
    run.failed = failures
    source = next(run.shared.corpus.rglob("*.wav"))
    files = [run.shared.corpus / name for name in failures]
    for k, file in enumerate(files, start=1):
        file.write_bytes(source.read_bytes() + bytes(k))  # a size of its own, so no possible copy
    try:
        yield
    finally:
        for file in files:
            file.unlink()


SCENARIOS: dict[str, Callable[[Run], None]] = {
    "plain": plain,
    "kills": kills,
    "network": network,
    "scheduler": scheduler,
    "driver": driver,
    "deadly": deadly,
    "hanging": hanging,
    "everything": everything,
    "long cut": long_cut,
    "driver cut": driver_cut,
    "driver long cut": driver_long_cut,
    "late": late,
    "interrupted": interrupted,
    "version": version,
    "unmounted": unmounted,
}


if __name__ == "__main__":
    main()
