"""Installed size of featkit: everything, with the CPU build of XGBoost, and the runtime only.

Builds a virtual environment for each in a temporary folder, which needs an index of packages and up
to 3 GB of disk, and adds up the files of each distribution. Exits with status 1 if the runtime has
more than half of the size of either of the others.

    python benchmarks/installed_size.py
"""

import configparser
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from _common import Target, any_missed, print_table

PROJECT = Path(__file__).parent.parent

MOST = 0.5
"""Largest size of the runtime, relative to each of the other installations."""

SHOWN_MB = 5
"""Smaller distributions are added up."""

SIZES = """
import json, sys
from importlib.metadata import distributions
sizes = {}
for own in distributions(path=[sys.argv[1]]):
    files = {file.locate() for file in own.files or ()}
    sizes[own.name] = sum(file.stat().st_size for file in files if file.is_file())
print(json.dumps(sizes))
"""
"""Prints the bytes of each distribution, from the lists of files that pip wrote."""


def requirements():
    """Requirements of the whole package, and those of the extra `runtime`."""
    setup = configparser.ConfigParser()
    setup.read(PROJECT / "setup.cfg")
    whole = setup["options"]["install_requires"].split()
    return whole, setup["options.extras_require"]["runtime"].split()


def install(folder, packages):
    """Install featkit without its requirements, then some packages; return the site-packages."""
    venv.create(folder, with_pip=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", PROJECT], check=True)
    subprocess.run([*pip, *packages], check=True)
    subprocess.run([*pip[:3], "uninstall", "--quiet", "--yes", "pip", "setuptools"], check=True)
    (site,) = (folder / "lib").glob("python*/site-packages")
    return site


def distribution_sizes(site):
    """MB of each distribution in a folder of packages."""
    printed = subprocess.run(
        [sys.executable, "-c", SIZES, site], check=True, capture_output=True, text=True
    ).stdout
    return {name: size / 1e6 for name, size in json.loads(printed).items()}


def rows(sizes):
    """A row for each distribution that is large anywhere, one for the others, and the sum."""
    names = sorted(set().union(*sizes), key=lambda name: -max(own.get(name, 0) for own in sizes))
    large = [name for name in names if max(own.get(name, 0) for own in sizes) >= SHOWN_MB]
    for name in large:
        yield [name, *(f"{own[name]:.0f}" if name in own else "–" for own in sizes)]
    yield ["others", *(f"{sum(own[n] for n in own if n not in large):.0f}" for own in sizes)]
    yield ["sum", *(f"{sum(own.values()):.0f}" for own in sizes)]


def main():
    whole, runtime = requirements()
    cpu = [name.replace("xgboost", "xgboost-cpu") for name in whole]
    sizes = []
    with tempfile.TemporaryDirectory() as scratch:
        for name, packages in (("whole", whole), ("cpu", cpu), ("runtime", runtime)):
            site = install(Path(scratch) / name, packages)
            sizes.append(distribution_sizes(site))
    header = ["MB", "whole", "with xgboost-cpu", "runtime"]
    print_table("Installed size", header, list(rows(sizes)))
    total, total_cpu, small = (sum(own.values()) for own in sizes)
    targets = [
        Target("runtime / whole", small / total, at_most=MOST),
        Target("runtime / with xgboost-cpu", small / total_cpu, at_most=MOST),
    ]
    return int(any_missed(targets))


if __name__ == "__main__":
    sys.exit(main())
