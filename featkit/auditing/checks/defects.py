"""Defects of recordings: an issue for each recording, or one for each severity if it is common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from featkit._utils.formatting import counted, duration, percent
from featkit._utils.typing import Array
from featkit.auditing.check import Check
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.defect import DEFECTS, Defect, Finding, join_findings
from featkit.auditing.issue import SEVERITIES, Issue, Place
from featkit.auditing.measure import Values

MOST_ISSUES = 10
"""Most recordings with a defect that have an issue each."""

COMMON_SHARE = 0.1
"""Share of all recordings above which a defect of `FEW` or more is an issue of the dataset."""

FEW = 3

MOST_PLACES = 20
"""Most time ranges of an issue of one recording; evidence counts all."""

EXAMPLES = 3
"""Recordings that the message of an issue of the dataset names."""


@dataclass(frozen=True, eq=False)
class _Defective:
    """A recording with a defect.

    Attributes
    ----------
    path : str
    findings : list of Finding
        By channel, then by time.
    duration : float
        Seconds of the recording.
    severity : str
        Of `SEVERITIES`.
    """

    path: str
    findings: list[Finding]
    duration: float
    severity: str

    @property
    def strongest(self) -> Finding:
        return max(self.findings, key=lambda one: one.strength)

    @property
    def ranges(self) -> list[Finding]:
        """The time ranges of all channels together."""
        return join_findings(one._replace(channel=-1) for one in self.findings)

    @property
    def share(self) -> float:
        return _share(self.findings, self.duration)

    @property
    def order(self) -> tuple[float, ...]:
        """Sorts the worst recordings first."""
        return -SEVERITIES.index(self.severity), -self.share, -self.strongest.strength


def _share(findings: Sequence[Finding], seconds: float) -> float:
    """The part of a recording in which a channel has the defect, from 0 to 1."""
    ranges = join_findings(one._replace(channel=-1) for one in findings)
    return min(1.0, sum(one.end - one.start for one in ranges) / seconds) if seconds else 1.0


def _run(dataset: AuditedDataset) -> Iterator[Issue]:
    measured = dataset.measure("defects")
    for name in DEFECTS.names:
        defect = DEFECTS[name]
        recordings = sorted(_recordings(defect, measured, dataset.durations), key=lambda r: r.order)
        is_common = _is_common(len(recordings), len(measured))
        for _, group in groupby(recordings, key=lambda one: one.severity):
            own = list(group)
            if is_common and len(own) >= FEW:
                yield _dataset_issue(defect, own, len(measured))
            else:
                yield from (_recording_issue(defect, one) for one in own)


def _recordings(
    defect: Defect, measured: Mapping[str, Values], durations: Mapping[str, float]
) -> Iterator[_Defective]:
    for path, values in measured.items():
        if findings := _findings(values, values["defect"] == defect.name):
            value = max(findings, key=lambda one: one.strength).value
            severity = defect.severity(_share(findings, durations[path]), value)
            yield _Defective(path, findings, durations[path], severity)


def _findings(values: Values, rows: Array) -> list[Finding]:
    columns = [values[name][rows].tolist() for name in Finding._fields]
    return [Finding(*row) for row in zip(*columns, strict=True)]


def _is_common(count: int, total: int) -> bool:
    return count > MOST_ISSUES or (count >= FEW and count > COMMON_SHARE * total)


def _recording_issue(defect: Defect, one: _Defective) -> Issue:
    strongest, ranges = one.strongest, one.ranges
    strongest_ranges = sorted(ranges, key=lambda r: -r.strength)[:MOST_PLACES]
    shown = [r for r in ranges if r in strongest_ranges]
    channels = sorted({finding.channel for finding in one.findings} - {-1})
    return Issue(
        check="defects",
        kind=defect.title,
        severity=one.severity,
        message=f"{one.path}: {_description(defect, one)}",
        remedy=defect.remedy,
        places=tuple(Place(one.path, r.start, r.end) for r in shown),
        evidence={
            "value": strongest.value,
            "unit": defect.unit,
            "strength": strongest.strength,
            "share": one.share,
            "ranges": len(ranges),
            "channels": ", ".join(str(channel + 1) for channel in channels) or "all",
        },
        certainty=_certainty(strongest),
        remove=(one.path,) if _is_removed(defect, one) else (),
    )


def _dataset_issue(defect: Defect, recordings: Sequence[_Defective], total: int) -> Issue:
    worst = recordings[0]
    examples = ", ".join(one.path for one in recordings[:EXAMPLES])
    return Issue(
        check="defects",
        kind=defect.title,
        severity=worst.severity,
        message=f"{defect.title} in {len(recordings):,} of {counted(total, 'recording')}; the worst"
        f" are {examples}",
        remedy=defect.remedy,
        places=tuple(Place(one.path, r.start, r.end) for one in recordings for r in _longest(one)),
        evidence={
            "recordings": len(recordings),
            "of": total,
            "value": worst.strongest.value,
            "unit": defect.unit,
            "worst": f"{worst.path}: {_description(defect, worst)}",
        },
        certainty=max(_certainty(one.strongest) for one in recordings),
        remove=tuple(one.path for one in recordings if _is_removed(defect, one)),
    )


def _longest(one: _Defective) -> list[Finding]:
    return [max(one.ranges, key=lambda r: (r.end - r.start, r.strength))]


def _is_removed(defect: Defect, one: _Defective) -> bool:
    return defect.removes and one.severity == SEVERITIES[-1]


def _certainty(finding: Finding) -> float:
    """0.5 for a finding that is just strong enough, towards 1 for stronger ones."""
    return 1 - 0.5 / max(1.0, finding.strength)


def _description(defect: Defect, one: _Defective) -> str:
    return f"{defect.message(one.strongest.value)}, {_times(one.ranges, one.duration)}"


def _times(ranges: Sequence[Finding], seconds: float) -> str:
    first, last = ranges[0], ranges[-1]
    total = sum(one.end - one.start for one in ranges)
    if len(ranges) == 1 and total >= 0.99 * seconds:
        return "throughout"
    if len(ranges) == 1 and total < 0.001:
        return f"at {first.start:.3f} s"
    if len(ranges) == 1:
        start, end = f"{first.start:.3f}", f"{first.end:.3f}"
        return f"at {start} s" if start == end else f"from {start} to {end} s"
    share = percent(min(1.0, total / seconds) if seconds else 1.0, " ")
    return (
        f"{len(ranges):,} times from {first.start:.3f} to {last.end:.3f} s, {duration(total)} in"
        f" all ({share})"
    )


CHECK = Check(
    name="defects",
    title="Defects of recordings",
    description="Recordings with technical faults, such as clipping, dropouts or hum.",
    order=60,
    run=_run,
    needs=("sound",),
    measures=("defects",),
)
