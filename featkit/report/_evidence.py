"""The evidence of an issue for readers: facts, scores, bars, tables and matrices.

The shape of a value decides how it is shown: a number or a text is a fact, numbers by name are
bars, records are a table, and a square matrix of counts with its labels is a matrix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from featkit._utils.bidi import isolated
from featkit._utils.formatting import significant
from featkit.auditing.issue_table import json_text, plain
from featkit.report import _svg
from featkit.report._confusion import Confusion, confusion
from featkit.report._evaluation_text import Folded, folded
from featkit.report.formatting import UNITLESS, percent

MAX_TEXT = 200
"""Characters of a text."""

MAX_ITEMS = 12
"""Items of a list."""

LABELS = ("classes", "labels", "features", "names")
"""Names of the evidence that holds the labels of a matrix, or of lists of numbers."""

UNITS = {
    "offset": "s",
    "duration": "s",
    "seconds": "s",
    "start": "s",
    "end": "s",
    "frequency": "Hz",
    "bandwidth": "Hz",
    "rate": "Hz",
    "level": "dB",
    "gain": "dB",
    "gains": "dB",
    "cents": "cents",
    "hz": "Hz",
    "db": "dB",
    "s": "s",
}
"""Units of numbers by the last word of their name."""

SHARES = ("share", "shares", "probability", "probabilities", "accuracy", "chance", "majority")
"""Last words of the names of numbers from 0 to 1 that are shown in percent."""

CHANGE = "change"
"""Last word of the name of a change of a score."""

TITLES = {
    "areas": "Area under the ROC curve",
    "deviations": "Deviations in interquartile ranges",
    "high": "High end of its 95\u00a0% interval",
    "joint": "Given labels and probable labels",
    "low": "Low end of its 95\u00a0% interval",
    "of": "Recordings checked",
    "score": "Match score",
}
"""Headings of evidence whose name is not a good one."""

REPEATED = {"probabilities": ("label_probability", "suggested_probability")}
"""Names of evidence that repeat a part of other evidence."""


HIDDEN = ("strength", "landmarks", "stem")
"""Names of evidence for programs only, such as the factor by which a threshold is exceeded."""

USUAL = {"channels": "all", "ranges": 1, "inverted": False, "rows": 0}
"""Values that say nothing."""


@dataclass(frozen=True)
class Bars:
    """Numbers by name: name, value and bar of each."""

    title: str
    rows: Folded[tuple[str, str, Markup]]


@dataclass(frozen=True)
class Records:
    """A table."""

    title: str
    headers: Sequence[str]
    rows: Folded[Sequence[str]]


@dataclass(frozen=True)
class Evidence:
    """The evidence of an issue.

    Attributes
    ----------
    facts : sequence of (str, str)
        Names and values.
    scores : sequence of (str, str, Markup)
        Name, value and chart of scores with intervals.
    bars : sequence of Bars
        Numbers by name.
    tables : sequence of Records
        Records.
    matrices : sequence of (str, Confusion)
        Titles and matrices of given (rows) and probable (columns) labels.
    """

    facts: Sequence[tuple[str, str]]
    scores: Sequence[tuple[str, str, Markup]]
    bars: Sequence[Bars]
    tables: Sequence[Records]
    matrices: Sequence[tuple[str, Confusion]]


def evidence_view(evidence: Mapping[str, Any]) -> Evidence:
    """The evidence of an issue for readers."""
    repeated = {name for own in evidence for name in REPEATED.get(own, ())}
    values = {
        name: own
        for name, own in plain(evidence).items()
        if name not in (*repeated, *HIDDEN) and own not in (None, "", [], {}, USUAL.get(name))
    }
    lists = [values[name] for name in LABELS if _is_texts(values.get(name))]
    labels: list[str] = lists[0] if lists else []
    shapes = {name: _shape(name, value, labels) for name, value in values.items()}
    if {"matrix", "list"} & {*shapes.values()}:
        shapes = {name: shapes[name] for name, value in values.items() if value is not labels}
    of_shape = {
        shape: {name: values[name] for name, own in shapes.items() if own == shape}
        for shape in ("fact", "interval", "bars", "list", "records", "matrix")
    }
    of_shape["bars"] |= {
        name: dict(zip(labels, value, strict=True)) for name, value in of_shape["list"].items()
    }
    return Evidence(
        facts=_facts(of_shape["fact"]),
        scores=[_score(name, value) for name, value in of_shape["interval"].items()],
        bars=[Bars(_title(name), _bars(name, own)) for name, own in of_shape["bars"].items()],
        tables=[_table(name, _records(value)) for name, value in of_shape["records"].items()],
        matrices=[
            (_title(name), confusion(labels, value, "recording", "that are probably"))
            for name, value in of_shape["matrix"].items()
        ],
    )


def _shape(name: str, value: Any, labels: Sequence[str]) -> str:
    if _is_interval(name, value):
        return "interval"
    if _is_matrix(value, len(labels)):
        return "matrix"
    if labels and _are_numbers(value) and len(value) == len(labels):
        return "list"
    if isinstance(value, dict) and all(map(_is_number, value.values())):
        return "bars" if len(set(value.values())) > 1 else "fact"
    return "records" if _records(value) else "fact"


def _last_word(name: str) -> str:
    return name.replace("_", " ").rpartition(" ")[2].lower()


def _title(name: str) -> str:
    text = TITLES.get(name, name).replace("_", " ").strip()
    return isolated(text[:1].upper() + text[1:])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_numbers(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_number, value))


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_matrix(value: Any, size: int) -> bool:
    if not (size and isinstance(value, list) and len(value) == size):
        return False
    return all(_are_numbers(row) and len(row) == size for row in value)


def _is_interval(name: str, value: Any) -> bool:
    """Whether a value is a score or a change with the ends of its interval."""
    if not (_are_numbers(value) and len(value) == 3):
        return False
    return _last_word(name) in (*SHARES, CHANGE) and value[1] <= value[0] <= value[2]


def _records(value: Any) -> list[dict[str, Any]]:
    """The rows of a table: a list of mappings, or mappings by name."""
    if isinstance(value, dict) and value and all(isinstance(own, dict) for own in value.values()):
        return [{"": name, **own} for name, own in value.items()]
    if isinstance(value, dict) and any(isinstance(own, list) for own in value.values()):
        return [{"": name, "value": own} for name, own in value.items()]
    if isinstance(value, list) and value and all(isinstance(own, dict) for own in value):
        return value
    return []


def _facts(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values. Defects hold the unit of their value apart."""
    unit, value = values.get("unit"), values.get("value")
    texts = {name: value_text(name, own) for name, own in values.items()}
    if isinstance(value, int | float) and isinstance(unit, str):
        texts["value"] = number_text(value, texts.pop("unit"))
    return [(_title(name), text) for name, text in texts.items()]


def value_text(name: str, value: Any) -> str:
    """A plain value as text; the name determines the unit."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if _is_number(value):
        is_share = _last_word(name) in SHARES and 0 <= value <= 1
        return percent(value) if is_share else number_text(value, UNITS.get(_last_word(name), ""))
    if isinstance(value, dict) and all(map(_is_number, value.values())):
        value = [f"{own}: {value_text(name, number)}" for own, number in value.items()]
    if isinstance(value, list) and all(_is_texts(item) for item in value):
        value = [", ".join(item) for item in value]
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        texts = [value_text(name, item) for item in value[:MAX_ITEMS]]
        more = f" and {len(value) - MAX_ITEMS:,} more" if len(value) > MAX_ITEMS else ""
        return "; ".join(texts) + more
    text = value if isinstance(value, str) else json_text(value)
    return isolated(text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…")


def number_text(value: float, unit: str) -> str:
    """A number with at most four significant digits, and its unit; levels have two decimals."""
    value = round(value, 2) + 0.0 if unit.startswith("dB") else value
    number = f"{value:,}" if isinstance(value, int) else significant(value)
    number = number.replace("-", "−")
    return number if unit in UNITLESS else f"{number}\u00a0{unit}"


def _score(name: str, interval: Sequence[float]) -> tuple[str, str, Markup]:
    value, low, high = interval
    if _last_word(name) == CHANGE:
        texts = list(map(_points, interval))
        limit = max(0.1, *map(abs, interval))
        chart = _svg.difference(value, low, high, limit=limit)
        text = f"{texts[0]} points ({texts[1]} to {texts[2]})"
    else:
        chart = _svg.interval(value, low, high, limit=1.0, baseline=None)
        text = f"{percent(value)} ({percent(low)} to {percent(high)})"
    return _title(name), text, chart


def _points(change: float) -> str:
    """A change of a score in percentage points, with its sign."""
    text = f"{100 * change:+.1f}"
    return "0.0" if text[1:] == "0.0" else text.replace("-", "−")


def _bars(name: str, values: Mapping[str, float]) -> Folded[tuple[str, str, Markup]]:
    highest = max(map(abs, values.values()))
    limit = 1.0 if _last_word(name) in SHARES and highest <= 1 else highest
    draw = _svg.diverging if min(values.values()) < 0 else _svg.bar
    return folded(
        [
            (isolated(own), value_text(name, value), draw(value, limit))
            for own, value in values.items()
        ]
    )


def _table(name: str, records: Sequence[Mapping[str, Any]]) -> Records:
    headers = list(dict.fromkeys(header for record in records for header in record))
    rows = [[value_text(header, record.get(header)) for header in headers] for record in records]
    return Records(_title(name), [_title(header) for header in headers], folded(rows))
