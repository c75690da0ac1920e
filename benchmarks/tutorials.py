"""Each tutorial as a script, in a folder of its own that holds only the script and its module.

``python benchmarks/tutorials.py`` prints the processor time of each, and fails if one ends with an
error, takes longer than its target, or leaves a file behind.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from _common import Target, any_missed, print_table

FOLDER = Path(__file__).parent.parent / "docs" / "tutorials"

MOST_SECONDS = 40
"""Processor time of one tutorial."""

MOST_SECONDS_OF_ALL = 180


def main() -> None:
    """Run all tutorials, or those that are named as arguments."""
    names = sys.argv[1:] or sorted(page.stem for page in FOLDER.glob("*.md"))
    names = [name for name in names if name != "index"]
    rows, targets, total = [], [], 0.0
    for name in names:
        seconds, status, left = _run(name)
        total += seconds
        rows.append([name, f"{seconds:.1f} s", str(status), ", ".join(left)])
        targets += [
            Target(f"{name}: processor time, s", seconds, at_most=MOST_SECONDS),
            Target(f"{name}: exit status", status, at_most=0, at_least=0),
            Target(f"{name}: files left behind", len(left), at_most=0),
        ]
    targets.append(Target("processor time of all, s", total, at_most=MOST_SECONDS_OF_ALL))
    header = ["tutorial", "processor time", "exit status", "left behind"]
    print_table("Tutorials as scripts", header, rows)
    sys.exit(any_missed(targets))


def _run(name: str) -> tuple[float, int, list[str]]:
    """Run a tutorial; return its processor time in s, its exit status, and files left behind."""
    with tempfile.TemporaryDirectory() as folder:
        page = FOLDER / f"{name}.md"
        convert = [sys.executable, FOLDER / "as_notebook.py", page, "-o", folder]
        subprocess.run(convert, check=True)
        shutil.copy(FOLDER / "made_data.py", folder)
        before = set(os.listdir(folder))
        start = _processor_seconds()
        script = [sys.executable, "-m", "IPython", "--colors=NoColor", f"{name}.py"]
        environment = {**os.environ, "MPLBACKEND": "agg", "PYTHONDONTWRITEBYTECODE": "1"}
        run = subprocess.run(
            script, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if run.returncode:
            print(run.stdout[-2000:], run.stderr[-2000:], file=sys.stderr)
        left = sorted(set(os.listdir(folder)) - before)
        return _processor_seconds() - start, run.returncode, left


def _processor_seconds() -> float:
    """Processor time of all child processes so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
