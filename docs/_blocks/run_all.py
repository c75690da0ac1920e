"""Run every `sh` and `python` block of README.md and docs/*.md: `python docs/_blocks/run_all.py`.

The blocks of a page run in order, in a fresh folder with the files of `starting_files`. Names of
pages as arguments run these pages only. The exit status is 1 if a block fails, or if a line that
`substitutes` names is on no page.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import starting_files
import stores
from substitutes import SUBSTITUTES, faults_of

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

SHIM = """#!/bin/sh
exec {python} -m featkit "$@"
"""


def pages() -> list[str]:
    """Return the pages whose blocks run, as paths in the repository."""
    return ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]


@contextmanager
def environment(folder: Path) -> Iterator[dict[str, str]]:
    """The variables of the blocks: the command `featkit`, and an S3 store of this machine."""
    (folder / "bin").mkdir()
    command = folder / "bin" / "featkit"
    command.write_text(SHIM.format(python=sys.executable), "utf-8")
    command.chmod(0o755)
    path = os.pathsep.join(
        [str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    )
    with stores.bucket(folder / "start") as variables:
        yield {
            **os.environ,
            **variables,
            "PATH": path,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(HERE)]),
            "MPLBACKEND": "agg",
            "NO_COLOR": "1",
            "FEATKIT_REPOSITORY": str(ROOT),
        }


def run(name: str, folder: Path, variables: dict[str, str]) -> dict:
    """Run the blocks of a page in a copy of the folder; return counts, seconds and faults."""
    place = folder / name.replace("/", "-")
    shutil.copytree(folder / "start", place)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, HERE / "run_page.py", name, ROOT / name],
        cwd=place,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    shutil.rmtree(place)
    if done.returncode:
        result = {"executed": 0, "excluded": 0, "faults": [f"{name}: run_page.py failed"]}
    else:
        result = json.loads(done.stdout)
    result["seconds"] = time.monotonic() - began
    print(
        f"{name}: {result['executed']} blocks executed, {result['excluded']} excluded,"
        f" {len(result['faults'])} failed, {result['seconds']:.0f} s",
        flush=True,
    )
    return result


def main() -> int:
    """Run the pages; return the exit status."""
    faults = faults_of(SUBSTITUTES, ROOT)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="featkit-blocks-")))
        began = time.monotonic()
        starting_files.make(folder / "start")
        print(f"starting files: {time.monotonic() - began:.0f} s", flush=True)
        variables = stack.enter_context(environment(folder))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            names = sys.argv[1:] or pages()
            results = list(pool.map(lambda name: run(name, folder, variables), names))
    faults += [fault for result in results for fault in result["faults"]]
    print(*faults, sep="\n\n")
    executed, excluded = (
        sum(result[key] for result in results) for key in ("executed", "excluded")
    )
    print(f"{executed} blocks executed, {excluded} excluded, {len(faults)} faults")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
