"""Praat: the intervals of one tier of a TextGrid, in the long or the short text form.

Both forms are the same sequence of values with different comments. A value is a text in double
quotes (a quote inside is doubled), a number, or a flag such as ``<exists>``; numbers and flags are
free-standing, that is, between blanks. Everything else is a comment, such as ``xmin =`` or
``item [1]:``, and so is the rest of a line after ``!``. The values are:

- ``"ooTextFile"`` and ``"TextGrid"``, start, end, ``<exists>``, number of tiers;
- for each tier: ``"IntervalTier"``, name, start, end, number of intervals; then start, end and text
  of each interval;
- or ``"TextTier"`` and the same with points, which have one time instead of two.

Intervals without text are not annotations; point tiers have no intervals. The text is UTF-8, with
or without a byte-order mark, or UTF-16 with one. Other text is read as Windows-1252.

praatio recognises the two forms by the words in the comments, and does not keep lines. Here, all
TextGrids that Praat reads are tokens of one grammar, and an interval has the line of its start.

References
----------
P. Boersma and D. Weenink, "Praat: doing phonetics by computer", manual, "TextGrid file formats".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from featkit._utils.parameters import unknown
from featkit.datasets._annotation_cells import number
from featkit.datasets.annotation_format import AnnotationEntry, AnnotationFormat, ReadingOptions
from featkit.datasets.annotations import Annotation
from featkit.errors import TableError
from featkit.table.delimited import open_text
from featkit.table.dialects import detect

BINARY = "ooBinaryFile"

INTERVALS, POINTS = "IntervalTier", "TextTier"

_TOKEN = re.compile(
    r'"(?P<text>[^"]*(?:""[^"]*)*)"'
    r"|(?<!\S)(?P<number>[+-]?\d[^\s\"]*)"
    r"|(?<!\S)(?P<flag><\w+>)(?!\S)"
    r"|!(?P<comment>[^\r\n]*)"
    r'|(?P<unclosed>")'
    r'|(?P<word>[^\s"!]+)'
)

_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


class Token(NamedTuple):
    """A value.

    Attributes
    ----------
    kind : str
        ``"text"``, ``"number"`` or ``"flag"``.
    text : str
        The value as it is written; a text without its quotes.
    line : int
        The line on which it begins.
    """

    kind: str
    text: str
    line: int


class Tier(NamedTuple):
    """A tier.

    Attributes
    ----------
    kind : str
        `INTERVALS` or `POINTS`.
    name : str
        Its name.
    intervals : list of (Token, Token, Token)
        Start, end and text of each interval, or of each point.
    """

    kind: str
    name: str
    intervals: list[tuple[Token, Token, Token]]


def _matches(lines: Sequence[str]) -> bool:
    head = " ".join(lines)
    if lines[0].startswith(BINARY):
        return "TextGrid" in lines[0]
    return "ooTextFile" in lines[0] and '"TextGrid"' in head


def _read(file: Path, options: ReadingOptions) -> Iterator[AnnotationEntry]:
    with open(file, "rb") as stream:
        if stream.read(len(BINARY)) == BINARY.encode():
            raise TableError(
                f"{file}: a binary TextGrid: open it in Praat and choose Save as text file"
            )
    with open_text(file, detect(file, guess=True)) as stream:
        values = _Values(file, stream.read())
    tier = _selected(file, list(_tiers(values)), options.tier)
    for start, end, text in tier.intervals:
        label = text.text.strip()
        if label:
            location = f"{file}: line {start.line}"
            yield AnnotationEntry(
                annotation=Annotation(
                    start=_seconds(file, start, "xmin"),
                    end=_seconds(file, end, "xmax"),
                    fields={"label": label},
                    location=location,
                )
            )


class _Values:
    """The values of a TextGrid, one after the other."""

    def __init__(self, file: Path, text: str) -> None:
        self.file = file
        self.tokens = _tokens(file, text)
        self.line = 1

    def next(self, kind: str, meaning: str) -> Token:
        token = next(self.tokens, None)
        if token is None:
            raise TableError(
                f"{self.file}: line {self.line}: the file ends where {meaning} should follow: it is"
                " truncated"
            )
        self.line = token.line
        if token.kind != kind:
            raise TableError(
                f"{self.file}: line {token.line}: {token.text[:40]!r} is not {meaning}, which is a"
                f" {kind}"
            )
        return token

    def count(self, meaning: str) -> int:
        token = self.next("number", meaning)
        value = _plain(token.text)
        if not re.fullmatch(r"\+?[0-9]{1,9}", value):
            raise TableError(
                f"{self.file}: line {token.line}: {token.text[:40]!r} is not {meaning}"
            )
        return int(value)


def _tokens(file: Path, text: str) -> Iterator[Token]:
    line, position = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", position, match.start())
        position = match.start()
        kind = match.lastgroup or ""
        if kind == "unclosed":
            raise TableError(f"{file}: line {line}: a text without a closing quote")
        if kind in ("text", "number", "flag"):
            yield Token(kind, match[kind].replace('""', '"'), line)


def _tiers(values: _Values) -> Iterator[Tier]:
    values.next("text", "the file type")
    object_class = values.next("text", "the object class")
    if object_class.text != "TextGrid":
        raise TableError(
            f"{values.file}: line {object_class.line}: a {object_class.text[:40]!r}, not a TextGrid"
        )
    values.next("number", "the start")
    values.next("number", "the end")
    if values.next("flag", "<exists>").text != "<exists>":
        return
    for _ in range(values.count("the number of tiers")):
        kind = values.next("text", "the class of a tier")
        if kind.text not in (INTERVALS, POINTS):
            raise TableError(
                f"{values.file}: line {kind.line}: {kind.text[:40]!r} is not a class of tiers:"
                f" {INTERVALS} or {POINTS}"
            )
        name = values.next("text", "the name of a tier").text
        values.next("number", "the start of a tier")
        values.next("number", "the end of a tier")
        count = values.count("the number of intervals or points")
        read = _interval if kind.text == INTERVALS else _point
        yield Tier(kind.text, name, [read(values) for _ in range(count)])


def _interval(values: _Values) -> tuple[Token, Token, Token]:
    return (
        values.next("number", "the start of an interval"),
        values.next("number", "the end of an interval"),
        values.next("text", "the text of an interval"),
    )


def _point(values: _Values) -> tuple[Token, Token, Token]:
    time = values.next("number", "the time of a point")
    return time, time, values.next("text", "the text of a point")


def _selected(file: Path, tiers: Sequence[Tier], name: str | None) -> Tier:
    usable = [tier for tier in tiers if tier.kind == INTERVALS]
    names = [tier.name for tier in usable]
    if name is not None:
        matches = [tier for tier in tiers if tier.name == name]
        if not matches:
            raise TableError(f"{file}: {unknown('tier', name, names)}")
        if len(matches) > 1:
            raise TableError(f"{file}: {len(matches)} tiers are called {name!r}: rename them")
        if matches[0].kind == POINTS:
            raise TableError(
                f"{file}: tier {name!r} has points, which have no duration; tiers with intervals:"
                f" {', '.join(map(repr, names)) or 'none'}"
            )
        return matches[0]
    if not usable:
        kinds = "only tiers of points" if tiers else "no tiers"
        raise TableError(f"{file}: has {kinds}: a tier of intervals is needed")
    if len(usable) > 1:
        raise TableError(
            f"{file}: has {len(usable)} tiers of intervals: {', '.join(map(repr, names))}: name one"
            " with --tier (tier)"
        )
    return usable[0]


def _seconds(file: Path, token: Token, name: str) -> float:
    return number(_plain(token.text), f"{file}: line {token.line}", name)


def _plain(text: str) -> str:
    """A number without what follows it, such as the unit in ``0.5s``, as in Praat.

    Praat also reads ``50%``, ``1/2`` and ``0x10``, which are not plain numbers.
    """
    match = _NUMBER.match(text)
    return text if match is None or text[match.end() :][:1] in ("%", "/", "x", ",") else match[0]


FORMAT = AnnotationFormat(
    name="textgrid",
    title='TextGrids of Praat: File type = "ooTextFile", Object class = "TextGrid"',
    example='File type = "ooTextFile"\nObject class = "TextGrid"\n\n'
    "xmin = 0\nxmax = 1\ntiers? <exists>\nsize = 1\nitem []:\n    item [1]:\n"
    '        class = "IntervalTier"\n        name = "words"\n        xmin = 0\n        xmax = 1\n'
    "        intervals: size = 1\n        intervals [1]:\n            xmin = 0.25\n"
    '            xmax = 0.75\n            text = "wren"\n',
    matches=_matches,
    read=_read,
    options=("tier",),
)
