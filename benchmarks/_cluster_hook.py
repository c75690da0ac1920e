"""The module sitecustomize of all workers: it logs which recordings are opened, and kills."""

import os
import signal
import sys
import time
from pathlib import Path

CRASHER, KILLER, HANGER = "zz-crashes.wav", "zz-kills-its-worker.wav", "zz-hangs.wav"
"""Recordings that crash the process that opens them, that kill the whole Dask worker, too, as when
the memory of a container is full, and that never end."""

NAMES = ("FEATKIT_BENCH_CORPUS", "FEATKIT_BENCH_OPENED", "FEATKIT_BENCH_DEATHS")
"""Environment variables: the folder of the recordings, and the files to write to."""


def append(file, text):
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, text.encode())
    os.close(handle)


def dask_worker():
    """Return the id of the Dask worker: this process, or one that has started it."""
    process = os.getpid()
    while b"spawn_main" not in Path(f"/proc/{process}/cmdline").read_bytes():
        status = Path(f"/proc/{process}/status").read_text()
        process = int(status.partition("PPid:")[2].split()[0])
    return process


def watch(event, arguments):
    if event != "open" or not isinstance(arguments[0], str | os.PathLike):
        return
    folder, opened, deaths = (os.environ[name] for name in NAMES)
    file = os.fspath(arguments[0])
    if not isinstance(file, str) or not file.startswith(folder):
        return
    append(opened, f"{time.time()} {os.path.relpath(file, folder)}\n")
    if file.endswith(CRASHER):
        os.kill(os.getpid(), signal.SIGSEGV)
    if file.endswith(KILLER):
        append(deaths, f"{os.getpid()}\n")
        os.kill(dask_worker(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    if file.endswith(HANGER):
        time.sleep(1000)


if NAMES[0] in os.environ:
    sys.addaudithook(watch)
