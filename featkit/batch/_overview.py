"""Overview of a batch: rows, and the recordings that failed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from featkit._utils.formatting import counted
from featkit._utils.overview import Bar, Chart, Overview, shortened

if TYPE_CHECKING:
    from featkit.batch.outcomes import BatchResult

MAX_LINES = 3
"""Failures and remarks that are shown."""


def batch_overview(batch: BatchResult) -> Overview:
    """The overview of a batch, without its table."""
    failures = batch.failures
    stages = Counter(failure.stage for failure in failures)
    bars = [Bar(stage, n, f"{n:,}") for stage, n in stages.most_common()]
    skipped = sum(batch.left_out.values())
    return Overview(
        f"{type(batch).__name__}: {counted(batch.rows, 'row')} × {batch.columns:,} columns of"
        f" {counted(batch.files, 'recording')}, {len(failures):,} failed",
        [
            *(
                f"failed: {shortened(one.path)}: {one.stage}: {one.message}"
                for one in failures[:MAX_LINES]
            ),
            f"{batch.resumed:,} from earlier runs" if batch.resumed else "",
            f"{counted(skipped, 'other file')} in the folders, not audio" if skipped else "",
            *batch.remarks[:MAX_LINES],
        ],
        [Chart("failures by stage", bars)],
        following=".table, .failures, .write(path)",
    )
