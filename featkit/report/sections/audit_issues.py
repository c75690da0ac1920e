"""Issues of an audit by severity and kind, with evidence, pictures and players."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from featkit._utils.bidi import isolated
from featkit._utils.formatting import counted
from featkit._utils.progress import Activity
from featkit.auditing.issue import Issue
from featkit.auditing.result import Audit
from featkit.report._audit_inputs import AuditInputs
from featkit.report._audit_text import (
    SEVERITY_MEANINGS,
    capitalised,
    kind_title,
    label_numbers,
    sentence,
)
from featkit.report._evidence import Evidence, evidence_view
from featkit.report._issue_clips import Clip, ClipMaker, other_places, room
from featkit.report.formatting import enumerated, percent
from featkit.report.section import Section

MAX_OPEN = 5
"""Issues of a kind that are not folded."""

MAX_OF_KIND = 100
"""Issues of a kind and severity in the page."""

ROUND = 20
"""Issues of a kind and severity that get pictures before further ones of any kind do."""

MAX_PLACES = 50
"""Places of an issue that are listed."""

MAX_NAMED = 10
"""Recordings that a sentence names."""


@dataclass(frozen=True)
class IssueView:
    """An issue.

    Attributes
    ----------
    number : int
        Its place in the list of all issues, counted from 1.
    severity, check, message : str
        See `featkit.auditing.issue.Issue`.
    remedy : str
        What to do; "" if the whole kind has this remedy.
    certainty : str
        In percent; "" if it is certain.
    labels : sequence of str
        Labels of its recordings, for the filter.
    clips : sequence of Clip
        The first recordings.
    others : sequence of str
        Further places.
    n_others : int
        Number of further places.
    unlisted : str
        Number of places that are not listed; "" if all are.
    evidence : Evidence
        Numbers and texts behind the message.
    consequences : sequence of str
        Recordings that are left out of the cleaned table, or become one group.
    """

    number: int
    severity: str
    check: str
    message: str
    remedy: str
    certainty: str
    labels: Sequence[str]
    clips: Sequence[Clip]
    others: Sequence[str]
    n_others: int
    unlisted: str
    evidence: Evidence
    consequences: Sequence[str]


@dataclass(frozen=True)
class KindView:
    """The issues of a kind and severity.

    Attributes
    ----------
    title : str
        The title of the check, and the kind.
    number : str
        Number of issues.
    remedy : str
        What to do, if it is the same for all; else "".
    shown, folded : sequence of IssueView
        The first issues, and others.
    unlisted : str
        Number of issues that are not in the page; "" if all are.
    """

    title: str
    number: str
    remedy: str
    shown: Sequence[IssueView]
    folded: Sequence[IssueView]
    unlisted: str


@dataclass(frozen=True)
class SeverityView:
    """The issues of a severity.

    Attributes
    ----------
    name, meaning, number : str
        The severity, what it means, and its number of issues.
    kinds : sequence of KindView
        Its kinds of issues.
    """

    name: str
    meaning: str
    number: str
    kinds: Sequence[KindView]


@dataclass(frozen=True)
class AuditIssues:
    """The data of the section.

    Attributes
    ----------
    severities : sequence of SeverityView
        The severities that occur, the highest first.
    labels : mapping of str to int
        Numbers by which the page refers to labels.
    note : str
        Issues without pictures for lack of room; "" if there is none.
    """

    severities: Sequence[SeverityView]
    labels: Mapping[str, int]
    note: str


def build(inputs: AuditInputs) -> AuditIssues | None:
    """Collect the data of the section.

    Parameters
    ----------
    inputs : AuditInputs
        The input of the page.

    Returns
    -------
    AuditIssues or None
        The data; None without issues.
    """
    audit = inputs.audit
    if not audit.issues:
        return None
    kinds = [
        [_Numbered(place + 1, audit.issues[place]) for place in places] for places in audit.kinds
    ]
    labels = audit.dataset.by_recording(audit.dataset.label)
    clips, note = _clips(audit, kinds, inputs.drawing)
    severities = [
        SeverityView(
            severity,
            SEVERITY_MEANINGS[severity],
            counted(audit.counts[severity], "issue"),
            [_kind_view(issues, clips, labels) for issues in own],
        )
        for severity, own in groupby(kinds, key=lambda issues: issues[0].issue.severity)
    ]
    return AuditIssues(
        severities=severities,
        labels=label_numbers(audit),
        note=note,
    )


SECTION = Section("audit_issues", "Issues", 20, build, pages=("audit",))


class _Numbered(NamedTuple):
    """An issue with its number."""

    number: int
    issue: Issue


def _clips(
    audit: Audit, kinds: Sequence[Sequence[_Numbered]], drawing: Activity
) -> tuple[dict[int, list[Clip]], str]:
    """The clips of each issue in the page, and which have no picture for lack of room.

    Of each kind, the first issues get pictures; then further ones, the most severe first.
    """
    turns = [
        (place // ROUND, kind, number, issue)
        for kind, issues in enumerate(kinds)
        for place, (number, issue) in enumerate(issues[:MAX_OF_KIND])
    ]
    turns.sort(key=lambda turn: turn[:3])
    maker = ClipMaker(audit, room(len(turns)))
    clips = {}
    for done, (*_, number, issue) in enumerate(turns):
        drawing.report(done, len(turns))
        clips[number] = maker.clips(issue, number)
    drawing.report(len(turns), len(turns))
    lacking = sorted(maker.without_sound)
    if not lacking:
        return clips, ""
    return clips, (
        f"{counted(len(lacking), 'issue')} of lower severity or certainty"
        f" {'has' if len(lacking) == 1 else 'have'} no picture and sound, because the page would"
        " exceed 10 MB. A page of a single check has room for more: add --check NAME."
    )


def _kind_view(
    issues: Sequence[_Numbered], clips: Mapping[int, Sequence[Clip]], labels: Mapping[str, str]
) -> KindView:
    first = issues[0].issue
    remedies = {issue.remedy for _, issue in issues}
    views = [
        _issue_view(number, issue, clips[number], labels, has_remedy=len(remedies) > 1)
        for number, issue in issues[:MAX_OF_KIND]
    ]
    return KindView(
        title=kind_title(first.check, first.kind),
        number=counted(len(issues), "issue"),
        remedy=capitalised(first.remedy) if len(remedies) == 1 else "",
        shown=views[:MAX_OPEN],
        folded=views[MAX_OPEN:],
        unlisted=_unlisted(len(issues) - MAX_OF_KIND, "issue"),
    )


def _unlisted(number: int, noun: str) -> str:
    return counted(number, f"more {noun}") if number > 0 else ""


def _issue_view(
    number: int,
    issue: Issue,
    clips: Sequence[Clip],
    labels: Mapping[str, str],
    *,
    has_remedy: bool,
) -> IssueView:
    others = other_places(issue.places)
    own_labels = {labels.get(place.path, "") for place in issue.places} - {""}
    return IssueView(
        number=number,
        severity=issue.severity,
        check=issue.check,
        message=sentence(issue),
        remedy=capitalised(issue.remedy) if has_remedy else "",
        certainty="" if issue.certainty >= 1 else percent(issue.certainty),
        labels=sorted(own_labels),
        clips=clips,
        others=others[:MAX_PLACES],
        n_others=len(others),
        unlisted=_unlisted(len(others) - MAX_PLACES, "recording"),
        evidence=evidence_view(issue.evidence),
        consequences=list(_consequences(issue)),
    )


def _consequences(issue: Issue) -> Iterator[str]:
    if issue.remove:
        yield f"Left out of the cleaned table: {_names(issue.remove)}."
    groups = [group for group in (issue.together, *issue.groups) if len(group) > 1]
    if len(groups) > 1:
        yield f"{len(groups):,} groups in the cleaned table; the first is {_names(groups[0])}."
    elif groups and len(groups[0]) > 2:
        yield f"One group in the cleaned table: {_names(groups[0])}."


def _names(paths: Sequence[str]) -> str:
    shown = enumerated(paths[:MAX_NAMED]) if len(paths) <= MAX_NAMED else ""
    return (
        shown
        or f"{', '.join(map(isolated, paths[:MAX_NAMED]))} and {len(paths) - MAX_NAMED:,} more"
    )
