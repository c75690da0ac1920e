"""The page of an audit: its size and time with 100 issues of two recordings, with sound.

    python benchmarks/audit_page.py [--data FOLDER] [--keep FOLDER]

FOLDER (or ``FEATKIT_DATA``) holds ``esc10/`` and ``emodb/``. Each issue is a pair of copies: its
two recordings have a spectrogram and up to 5 s of sound each. With ``--keep``, the pages stay.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
from _common import Target, any_missed, print_table

from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.issue import Issue, Place
from featkit.auditing.result import Audit
from featkit.datasets.files import find
from featkit.report.audit_page import write_audit_report
from featkit.table.feature_table import FeatureTable

N_ISSUES = 100

LIMIT = 10.0
"""Largest page in MB (million bytes)."""


def audit_of_pairs(folder: Path) -> Audit:
    """Return an audit with pairs of recordings, chosen at random, as if they were copies."""
    recordings = find([folder])
    order = np.random.default_rng(0).permutation(len(recordings))[: 2 * N_ISSUES]
    recordings = [recordings[k] for k in order.tolist()]
    seconds = {one.path: soundfile.info(one.file).duration for one in recordings}
    paths = list(seconds)
    table = FeatureTable({"path": paths}, [], np.empty((len(paths), 0)))
    dataset = AuditedDataset(folder.name, table, recordings, durations=seconds)
    issues = []
    for first, second in zip(paths[::2], paths[1::2], strict=True):
        common = min(seconds[first], seconds[second]) - 0.1
        issues.append(
            Issue(
                check="near_copies",
                kind="near copies",
                severity="high",
                message=f"{first} and {second} are copies",
                remedy="keep one of them",
                places=(Place(first, 0.1, 0.1 + common), Place(second, 0.0, common)),
                evidence={"score": 0.9, "offset": -0.1, "level": -3.0},
                certainty=1 - len(issues) / N_ISSUES,
                remove=(second,),
                together=(first, second),
            )
        )
    return Audit(dataset, issues, ["near_copies"])


def main() -> int:
    """Write the pages and compare their size with the target."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("FEATKIT_DATA"))
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    if arguments.data is None:
        parser.error("name a folder of recordings by --data or FEATKIT_DATA")
    rows, targets = [], []
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or Path(scratch)
        for name in ("esc10", "emodb"):
            audit = audit_of_pairs(Path(arguments.data) / name)
            file = folder / f"audit_{name}.html"
            start = time.perf_counter()
            write_audit_report(file, audit)
            seconds = time.perf_counter() - start
            size = file.stat().st_size / 1e6
            players = file.read_text("utf-8").count("<audio")
            rows.append([name, str(N_ISSUES), str(players), f"{size:.2f}", f"{seconds:.1f}"])
            targets.append(Target(f"MB of the page of {name}", size, at_most=LIMIT))
            targets.append(Target(f"players of {name}", players, at_least=2 * N_ISSUES))
    print_table("Pages", ["recordings", "issues", "players", "MB", "s"], rows)
    return int(any_missed(targets))


if __name__ == "__main__":
    sys.exit(main())
