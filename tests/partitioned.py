"""Tables in parts of a few rows, and writers that are killed or fail at every step.

As a script, ``partitioned.py FOLDER`` makes folders ``HOW/WAY/STEP``: a writer of the folder
``features`` in it was killed, or got an error, before that step.
"""

import errno
import os
import shutil
import sys
from pathlib import Path

import numpy as np

from featkit.storage import folders
from featkit.table import partitions, table_files
from featkit.table.feature_table import FeatureTable

SIZES = {"VALUES_PER_BLOCK": 8, "MIN_ROWS_PER_BLOCK": 1}
"""Sizes of blocks that give 4 rows to a block of a table of 2 features, and 8 to a part."""

ROWS_PER_PART = 8

STEPS = ("open", "os.", "shutil.", "ctypes.dlsym")
"""Calls of the system before which a writer is killed, by the names of their audit events."""

KILLED = 9
FAILED = 3


def shrink_parts(set_attribute=setattr):
    """Make parts of 8 rows."""
    for name, value in SIZES.items():
        set_attribute(table_files, name, value)
    set_attribute(partitions, "VALUES_PER_PART", 2 * ROWS_PER_PART)


def made_table(rows, seed=0):
    """A table of made-up numbers, with all kinds of columns."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, 2))
    values[rng.random(values.shape) < 0.1] = np.nan
    columns = [{"name": name, "unit": "1"} for name in ("tempo", "rms_mean")]
    return FeatureTable(
        {
            "path": [f"{seed}/{row:04d}.wav" for row in range(rows)],
            "start": np.zeros(rows),
            "end": np.ones(rows),
            "label": [("cat", "dog", "")[row % 3] for row in range(rows)],
        },
        ["tempo", "rms_mean"],
        values,
        {"columns": columns, "seed": seed},
        {"quality_silent": rng.random(rows) < 0.5},
    )


OLD, NEW = made_table(11, seed=1), made_table(10, seed=2)
"""Two parts each."""


def _write_until(step, how, folder):
    """Write the new table, and stop before a step. Return the exit status."""
    events = iter(range(step, -1, -1))

    def stop(event, _):
        if event.startswith(STEPS) and next(events, None) == 0:
            if how == "kill":
                os._exit(KILLED)
            raise OSError(errno.ENOSPC, "No space left on device")

    sys.addaudithook(stop)
    try:
        NEW.write(f"{folder}/features/")
    except OSError:
        return FAILED
    return 0 if next(events, None) is not None else FAILED


def _write_states(folder, template, how, exchange):
    """Make a folder for each step, until a writer comes to its end."""
    folders._exchange = exchange
    step, status = 0, None
    while status != 0:
        state = folder / f"{step:03d}"
        shutil.copytree(template, state)
        pid = os.fork()
        if pid == 0:
            os._exit(_write_until(step, how, state))
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        step += 1


def main(folder):
    """Make folders for all modes: of killed and of failing writers, with and without old tables."""
    shrink_parts()
    empty, filled = Path(folder, "empty"), Path(folder, "filled")
    empty.mkdir()
    OLD.write(f"{empty}/../filled-features/")  # all modules are imported now
    filled.mkdir()
    Path(folder, "filled-features").rename(filled / "features")
    ways = {
        "new": (empty, folders._exchange),
        "exchange": (filled, folders._exchange),
        "two renames": (filled, lambda one, other: False),
    }
    for how in ("kill", "fail"):
        for name, (template, exchange) in ways.items():
            _write_states(Path(folder, how, name), template, how, exchange)


if __name__ == "__main__":
    main(sys.argv[1])
