"""Run the blocks of one page in the current folder: ``python run_page.py NAME PAGE``.

Python blocks share one namespace. Examples with ``>>>`` are compared with the output on the page.
The result, JSON on standard output, counts the blocks and lists those that failed.
"""

import doctest
import json
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from blocks import Block, blocks_of, file_name, unreadable
from substitutes import substituted


def run_shell(text: str) -> str:
    """Run a block of shell commands; return the output if one of them fails, or ""."""
    command = ["timeout", "900", "bash", "-euo", "pipefail", "-c", text]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return f"exit status {done.returncode}\n{done.stdout}" if done.returncode else ""


def run_python(text: str, name: str, namespace: dict[str, Any]) -> str:
    """Run a block of Python; return the fault, or ""."""
    if ">>>" not in text:
        try:
            exec(compile(text, name, "exec"), namespace)  # the page's own code
        except (Exception, SystemExit):
            return traceback.format_exc()
        return ""
    test = doctest.DocTestParser().get_doctest(text, namespace, name, name, 0)
    faults: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    runner.run(test, out=faults.append, clear_globs=False)
    namespace.update(test.globs)
    return "".join(faults)


def run_block(block: Block, text: str, name: str, namespace: dict[str, Any]) -> str:
    """Run a block; return the fault, or ""."""
    if block.language == "sh":
        return run_shell(text)
    return run_python(text, name, namespace)


def write_files(page: Path) -> None:
    """Write the files that the page shows, unless the folder has them: commands may come first."""
    for block in blocks_of(page):
        name = file_name(block)
        if name is not None and not Path(name).exists():
            Path(name).write_text(block.text, "utf-8")


def main() -> None:
    """Run the page, and print the result."""
    name, page = sys.argv[1], Path(sys.argv[2])
    output = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what blocks print is not the result
    namespace: dict[str, Any] = {"__name__": "__main__"}
    faults, executed, excluded = [f"{name}: {line}" for line in unreadable(page)], 0, 0
    write_files(page)
    for block in blocks_of(page):
        if (file := file_name(block)) is not None:
            Path(file).write_text(block.text, "utf-8")
        if block.language not in ("sh", "python"):
            continue
        text = substituted(name, block.text)
        if not text.strip():
            excluded += 1
            continue
        executed += 1
        place, began = f"{name}:{block.line}", time.monotonic()
        if fault := run_block(block, text, place, namespace):
            faults.append(f"{place}: {fault}")
        seconds = f"{time.monotonic() - began:.1f} s"
        if fault:
            print(fault, file=sys.stderr)
        print(f"{place}: {'failed' if fault else 'ran'}, {seconds}", file=sys.stderr, flush=True)
    with os.fdopen(output, "w") as stream:
        json.dump({"executed": executed, "excluded": excluded, "faults": faults}, stream)


if __name__ == "__main__":
    main()
