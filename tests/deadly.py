"""Tasks for worker processes that crash or hang; a module of its own, which is quick to import."""

import os
import signal
import time

PATIENCE = 60
"""Seconds after which something hangs; on a busy machine it takes about two."""


def fate(items, report):
    """Process items one by one; the text of an item is its fate."""
    results = []
    for place, item in enumerate(items):
        report(place)
        if item == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        if item == "leaves":
            os._exit(7)
        if item == "hangs":
            time.sleep(PATIENCE)
        if item == "slow":
            time.sleep(0.2)
        results.append(f"{item} is done")
    return results


def stack(items, report):
    """Process all items of a chunk at once, as short clips are analysed."""
    items = list(items)
    report(*range(len(items)))
    if "dies" in items:
        os.kill(os.getpid(), signal.SIGSEGV)
    return [f"{item} is done" for item in items]


def unable(items, report):
    """Exit before the first item is reported."""
    os._exit(1)


def broken(items, report):
    """Raise an exception."""
    raise ZeroDivisionError("a bug in the task")


def importing(items, report):
    """Import something that is missing."""
    raise ImportError("no such module")


def where(factor, seconds):
    """Return the argument and the process, after as many seconds times a factor."""
    time.sleep(factor * seconds)
    return seconds, os.getpid()
