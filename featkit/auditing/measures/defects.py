"""Defects of a recording: all findings of all modules in `featkit.auditing.defects`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featkit.auditing.defect import DEFECTS, Finding, join_findings
from featkit.auditing.measure import Measure, Piece, Values

NAMES = ("start", "end", "value", "strength", "channel")
"""The arrays beside that of the defects, each a field of `Finding`."""


def _compute(piece: Piece) -> Values:
    return _values({name: list(DEFECTS[name].find(piece)) for name in DEFECTS.names})


def _combine(pieces: Sequence[Values]) -> Values:
    findings: dict[str, list[Finding]] = {name: [] for name in DEFECTS.names}
    for piece in pieces:
        columns = [piece[name].tolist() for name in ("defect", *NAMES)]
        for defect, *numbers in zip(*columns, strict=True):
            findings[defect].append(Finding(*numbers))
    return _values({name: join_findings(own, DEFECTS[name].gap) for name, own in findings.items()})


def _values(findings: dict[str, list[Finding]]) -> Values:
    """Arrays of all findings, by defect in the order of its names."""
    defects = [name for name, own in findings.items() for _ in own]
    rows = np.array([one for own in findings.values() for one in own], dtype=np.float64)
    columns = rows.reshape(-1, len(NAMES)).T
    values: dict[str, np.ndarray] = {"defect": np.array(defects, dtype="U32")}
    values |= dict(zip(NAMES, columns, strict=True))
    return values | {"channel": values["channel"].astype(np.int64)}


MEASURE = Measure(name="defects", version=1, compute=_compute, combine=_combine)
