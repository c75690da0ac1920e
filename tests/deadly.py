"""Work for processes that do not outlive it; a module of its own, which is quick to import."""

import os
import signal
import time

PATIENCE = 60
"""Seconds after which something hangs that a busy machine does in two."""


def fate(share, busy):
    """A worker's share: what each item says becomes of it."""
    answers = []
    for place, item in enumerate(share):
        busy(place)
        if item == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        if item == "leaves":
            os._exit(7)
        if item == "hangs":
            time.sleep(PATIENCE)
        if item == "slow":
            time.sleep(0.2)
        answers.append(f"{item} is done")
    return answers


def stack(share, busy):
    """All items of a share at once, as short clips are analysed."""
    share = list(share)
    busy(*range(len(share)))
    if "dies" in share:
        os.kill(os.getpid(), signal.SIGSEGV)
    return [f"{item} is done" for item in share]


def unable(share, busy):
    os._exit(1)


def broken(share, busy):
    raise ZeroDivisionError("a fault of ours")
