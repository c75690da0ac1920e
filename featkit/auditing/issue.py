"""Issues: what an audit finds, with evidence and advice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from featkit.errors import ParameterError

SEVERITIES = ("low", "medium", "high")
"""From the least to the most severe.

``high``: scores are wrong or a recording is unusable; ``medium``: scores are probably affected;
``low``: worth knowing.
"""


@dataclass(frozen=True)
class Place:
    """A recording, or a part of it.

    Attributes
    ----------
    path : str
        The recording as the table names it; ``row 12`` in a table without paths.
    start, end : float or None
        The part in seconds from the beginning of the file; None for the whole recording.
    """

    path: str
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True)
class Issue:
    """A fault of a dataset.

    Attributes
    ----------
    check : str
        Name of the check that found it.
    kind : str
        What it is, such as ``"same samples"``; the issues of a kind have the same evidence.
    severity : {"low", "medium", "high"}
        See `SEVERITIES`.
    message : str
        One sentence with the evidence, without a full stop.
    remedy : str
        What to do, as a sentence without a full stop.
    places : tuple of Place
        The recordings concerned, the most important first. For a pair of copies, the times are
        those of the common part. Empty for an issue of the whole dataset.
    evidence : mapping of str
        Numbers, texts and flags behind the message, such as ``{"score": 0.93, "offset": 1.7}``:
        units are seconds, Hz and dB. What a picture needs may be a list.
    certainty : float
        From 0 to 1: sorts the issues of one severity and kind.
    remove : tuple of str
        Recordings to leave out of the cleaned table, such as the second of two copies.
    together : tuple of str
        Recordings that a split must not divide, such as near copies: they become one group.
    groups : tuple of tuple of str
        Several such groups of one issue, such as the recordings of each artist.
    """

    check: str
    kind: str
    severity: str
    message: str
    remedy: str
    places: tuple[Place, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    certainty: float = 1.0
    remove: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise ParameterError(f"severity must be one of {SEVERITIES}, got {self.severity!r}")

    @property
    def rank(self) -> int:
        """0 for the least severe issues."""
        return SEVERITIES.index(self.severity)
