"""The contract of defects of recordings, and the registry that finds them.

A defect is one module in ``featkit/auditing/defects/`` that exports a `Defect` as ``DEFECT``. The
measure ``defects`` runs all of them on each piece of a recording, and the check of the same name
makes the issues.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from featkit._utils.registry import module_registry
from featkit.auditing.measure import Piece

ROUNDING = 1e-6
"""Seconds by which the end of a piece and the beginning of the next may differ."""

PICTURES = ("spectrogram", "all frequencies", "low frequencies", "waveform", "samples", "channels")
"""How a report shows a defect: a spectrogram up to 11 kHz, up to half the sample rate, or up to
500 Hz; or the waveform of all channels mixed, of each channel in a few milliseconds, or of each
channel.
"""


class Finding(NamedTuple):
    """A part of a recording with a defect.

    Attributes
    ----------
    start, end : float
        The part in seconds from the beginning of the file.
    value : float
        The evidence, in the unit of the defect, such as the frequency of a hum in Hz.
    strength : float
        How clear it is: at least 1, where 1 is just enough to be reported.
    channel : int
        The channel, counted from 0; -1 for all.
    """

    start: float
    end: float
    value: float
    strength: float = 1.0
    channel: int = -1


@dataclass(frozen=True)
class Defect:
    """A defect of recordings.

    Attributes
    ----------
    name : str
        Name of its module.
    title : str
        A noun without article, such as ``"mains hum"``: "mains hum in 12 of 400 recordings".
    description : str
        Definition, with thresholds and their source.
    unit : str
        Unit of `Finding.value`; "" if it has none.
    find : callable
        ``find(piece)`` yields findings in one piece of a recording, in any order. Findings that
        continue in the next piece are joined.
    message : callable
        ``message(value)`` says what it is, such as ``"hum at 50 Hz"``. The name of the recording
        precedes it, and the time ranges follow.
    remedy : str
        What to do, as a sentence without a full stop.
    severity : callable
        ``severity(share, value)`` returns one of `featkit.auditing.issue.SEVERITIES`, where
        `share` is the part of the duration with the defect, from 0 to 1.
    removes : bool
        Whether recordings with this defect at severity ``"high"`` are left out of the cleaned
        table.
    gap : float
        Findings of a channel that are at most this many seconds apart are joined; see
        `join_findings`.
    picture : str
        Of `PICTURES`: how a report shows it.
    """

    name: str
    title: str
    description: str
    unit: str
    find: Callable[[Piece], Iterable[Finding]]
    message: Callable[[float], str]
    remedy: str
    severity: Callable[[float, float], str]
    removes: bool = False
    gap: float = 0.0
    picture: str = PICTURES[0]


def join_findings(findings: Iterable[Finding], gap: float = 0.0) -> list[Finding]:
    """Join findings of a defect that overlap, touch or are close to one another.

    A joined finding has the value and the strength of the strongest one.

    Parameters
    ----------
    findings : iterable of Finding
        In any order.
    gap : float
        Largest distance in seconds between findings that are joined.

    Returns
    -------
    list of Finding
        By channel, then by time.

    Examples
    --------
    >>> join_findings([Finding(0, 1, -6.0, 2.0), Finding(1.5, 2, -9.0, 3.0)], gap=0.5)
    [Finding(start=0, end=2, value=-9.0, strength=3.0, channel=-1)]
    """
    joined: list[Finding] = []
    for one in sorted(findings, key=lambda one: (one.channel, one.start, one.end)):
        last = joined[-1] if joined else None
        if last is None or last.channel != one.channel or one.start > last.end + gap + ROUNDING:
            joined.append(one)
            continue
        strongest = max(last, one, key=lambda either: either.strength)
        joined[-1] = strongest._replace(start=last.start, end=max(last.end, one.end))
    return joined


DEFECTS = module_registry("defect", "featkit.auditing.defects", "DEFECT", Defect)
"""All defects by name."""
