"""Reading of label maps as lists of entries, and the checks for contradictions.

An entry is one label with its common label. Entries of TOML and of CSV files are checked alike;
each has its place in the file, for messages.
"""

from __future__ import annotations

import json
import tomllib
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from featkit._utils.parameters import unknown
from featkit.errors import ParameterError
from featkit.table._label_spelling import normalize_label
from featkit.table.csv_writing import unescape_formula
from featkit.table.delimited import check_fields, check_unique_names, read_rows
from featkit.table.dialects import detect
from featkit.table.missing_values import MISSING_WORDS

ERROR, DROP, KEEP = "error", "drop", "keep"

POLICIES = (ERROR, DROP, KEEP)
"""What happens to labels that a map does not name."""

KEYS = ("unmapped", "drop", "labels", "datasets")
"""Keys of a map in TOML; a section of ``datasets`` has the first three."""

MAP_COLUMNS = ("label", "common", "dataset", "note")
"""Columns of a map in CSV."""

ALL_OTHERS = "*"
"""Label of the rows of a CSV file that state what happens to unmapped labels."""

Policy = tuple[str, str]
"""What happens to unmapped labels, and the place in the file that states it."""


class Entry(NamedTuple):
    """One label, its common label ("" to drop it), its dataset ("" for all), and its place."""

    label: str
    common: str
    dataset: str
    place: str


@dataclass
class Entries:
    """The entries of a map, and the policy for unmapped labels of each dataset with its place."""

    entries: list[Entry] = field(default_factory=list)
    policies: dict[str, Policy] = field(default_factory=dict)


# TOML and JSON


PARSERS: Mapping[str, Callable[[str], Any]] = {".toml": tomllib.loads, ".json": json.loads}
"""Parsers of files with sections, by suffix."""


def parse_plain(data: bytes, suffix: str, where: str) -> Any:
    """Parse a TOML or JSON file; errors name the file."""
    kind = suffix[1:].upper()
    try:
        return PARSERS[suffix](data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ParameterError(f"{where}: not valid {kind}: it is not UTF-8 text") from None
    except RecursionError:
        raise ParameterError(f"{where}: not a label map: its values are nested too deep") from None
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as error:
        raise ParameterError(f"{where}: not valid {kind}: {error}") from None


def plain_entries(data: Any, where: str) -> Entries:
    """Read the entries of a map from the dict of a TOML file."""
    read = Entries()
    _check_type(data, dict, "a table with keys", "a label map", where)
    _add_rules(read, data, "", "", where)
    sections = data.get("datasets", {})
    _check_type(sections, dict, "a table of datasets", "datasets", where)
    for name, rules in sections.items():
        section = f"datasets.{_key(name)}"
        if not name.strip():
            raise ParameterError(f"{where}: {section}: write the name of the dataset")
        _check_type(rules, dict, "a table with keys", section, where)
        _add_rules(read, rules, name, f"{section}.", where)
    return read


def _add_rules(
    read: Entries, data: Mapping[str, Any], dataset: str, section: str, where: str
) -> None:
    """Add the rules for all datasets, or those of the section of one dataset."""
    keys = KEYS[:-1] if dataset else KEYS
    for key in data:
        if key not in keys:
            raise ParameterError(f"{where}: {section}{key}: {unknown('key', key, keys)}")
    if "unmapped" in data:
        policy, place = data["unmapped"], f"{section}unmapped"
        if policy not in POLICIES:
            choices = ", ".join(map(repr, POLICIES))
            raise ParameterError(f"{where}: {place} must be one of {choices}, got {policy!r}")
        read.policies[dataset] = policy, place
    place = f"{section}drop"
    dropped = _label_list(data.get("drop", []), place, where)
    read.entries += [Entry(label, "", dataset, place) for label in dropped]
    labels = data.get("labels", {})
    _check_type(labels, dict, "a table of common labels", f"{section}labels", where)
    for common, sources in labels.items():
        place = f"{section}labels.{_key(common)}"
        _check_common_key(common, sources, section, place, where)
        own = _label_list(sources, place, where)
        read.entries += [Entry(label, common, dataset, place) for label in own]


def _check_common_key(common: str, sources: Any, section: str, place: str, where: str) -> None:
    if common in KEYS:
        raise ParameterError(
            f"{where}: {place}: no common label can have this name; to set {common!r}, write it"
            f" above the line [{section}labels]"
        )
    if not common.strip():
        raise ParameterError(
            f"{where}: {place}: a common label needs a name; to leave labels out, list them in drop"
        )
    if sources == []:
        raise ParameterError(
            f"{where}: {place} is empty: list the labels that become it, or remove it"
        )


def _label_list(value: Any, place: str, where: str) -> list[str]:
    _check_type(value, list | tuple, "a list of labels in quotes", place, where)
    for label in value:
        _check_type(label, str, "a list of labels in quotes", place, where)
    return list(value)


def _check_type(value: Any, kind: Any, expected: str, place: str, where: str) -> None:
    if not isinstance(value, kind):
        got = repr(value)
        got = got if len(got) <= 60 else f"{got[:60]}…"
        raise ParameterError(f"{where}: {place} must be {expected}, got {got}")


def _key(name: str) -> str:
    """A key as TOML writes it."""
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else json.dumps(name, ensure_ascii=False)


# CSV


def csv_entries(path: Path) -> Entries:
    """Read the entries of a map from a CSV file."""
    rows = read_rows(path, delimiter=None, dialect=detect(path))
    line, header = next(rows, (1, []))
    names = [unescape_formula(name).strip().lower() for name in header]
    _check_header(f"{path}: line {line}", names)
    read = Entries()
    for line, fields in rows:
        check_fields(path, line, fields, names)
        cells = dict(zip(names, (unescape_formula(cell).strip() for cell in fields), strict=True))
        label, common, dataset = cells["label"], cells["common"], cells.get("dataset", "")
        if label == ALL_OTHERS:
            _add_policy(read, common, dataset, line, path)
        elif label or common or dataset:
            read.entries.append(Entry(label, common, dataset, f"line {line}"))
    return read


def _check_header(where: str, names: Sequence[str]) -> None:
    if missing := [name for name in MAP_COLUMNS[:2] if name not in names]:
        raise ParameterError(
            f"{where}: the column {missing[0]!r} is missing: the first line of a label map is"
            " label,common or label,common,dataset"
        )
    check_unique_names(where, names)
    for name in names:
        if name not in MAP_COLUMNS:
            raise ParameterError(f"{where}: {unknown('column', name, MAP_COLUMNS)}")


def _add_policy(read: Entries, common: str, dataset: str, line: int, path: Path) -> None:
    place = f"line {line}"
    if common not in ("", ALL_OTHERS):
        raise ParameterError(
            f"{path}: {place}: {ALL_OTHERS!r} means all unmapped labels: leave the column common"
            f" empty to drop them, or write {ALL_OTHERS!r} to keep them, got {common!r}"
        )
    policy = KEEP if common else DROP
    first, first_place = read.policies.setdefault(dataset, (policy, place))
    if first != policy:
        raise ParameterError(
            f"{path}: {place}: unmapped labels are dropped and kept, see {first_place}: remove one"
            " of the rows"
        )


# Contradictions


def entries_by_dataset(read: Entries) -> dict[str, list[Entry]]:
    """The entries of each dataset; those for all datasets, called "", come first."""
    by_dataset: dict[str, list[Entry]] = {"": []}
    for one in read.entries:
        by_dataset.setdefault(one.dataset, []).append(one)
    return by_dataset | {name: [] for name in read.policies if name not in by_dataset}


def check_entries(by_dataset: Mapping[str, Sequence[Entry]], where: str) -> None:
    """Raise if the rules of a map contradict each other."""
    _check_names([one for entries in by_dataset.values() for one in entries], where)
    general = _unique_rules(by_dataset[""], where)
    _check_chains(general.values(), general, where)
    becoming: dict[str, list[tuple[str, Entry]]] = {}
    for form, one in general.items():
        becoming.setdefault(normalize_label(one.common), []).append((form, one))
    for name in list(by_dataset)[1:]:
        own = _unique_rules(by_dataset[name], where)
        leading = [pair for form in own for pair in becoming.get(form, ())]
        starts = [*own.values(), *(one for form, one in leading if form not in own)]
        _check_chains(starts, ChainMap(own, general), where)


def _check_names(entries: Iterable[Entry], where: str) -> None:
    """Check that labels have names, and that each common label has one spelling."""
    spelling: dict[str, Entry] = {}
    for one in entries:
        if not one.label.strip():
            raise ParameterError(
                f"{where}: {one.place}: a label is empty: write the label, or remove the entry"
            )
        if not one.common:
            continue
        if one.common.strip() in MISSING_WORDS:
            raise ParameterError(
                f"{where}: {one.place}: the common label {one.common!r} marks a missing value:"
                " choose another name"
            )
        first = spelling.setdefault(normalize_label(one.common), one)
        if first.common != one.common:
            raise ParameterError(
                f"{where}: {one.place}: the common label {one.common!r} is spelled"
                f" {first.common!r} in {first.place}: use one spelling"
            )


def _unique_rules(entries: Iterable[Entry], where: str) -> dict[str, Entry]:
    """The rule of each normalised label; two different ones are an error."""
    rules: dict[str, Entry] = {}
    for one in entries:
        first = rules.setdefault(normalize_label(one.label), one)
        if first.common == one.common:
            continue
        spelled = "" if first.label == one.label else f", there spelled {first.label!r}"
        if first.common and one.common:
            raise ParameterError(
                f"{where}: {one.place}: the label {one.label!r} becomes {one.common!r}, but"
                f" {first.common!r} in {first.place}{spelled}: remove one of them"
            )
        common = one.common or first.common
        raise ParameterError(
            f"{where}: {one.place}: the label {one.label!r} is dropped and becomes {common!r}, see"
            f" {first.place}{spelled}: remove one of them"
        )
    return rules


def _check_chains(starts: Iterable[Entry], rules: Mapping[str, Entry], where: str) -> None:
    """Check that no common label is a label that becomes another one, or is dropped."""
    for one in starts:
        after = rules.get(normalize_label(one.common)) if one.common else None
        if after is None or after.common == one.common:
            continue
        if not after.common:
            raise ParameterError(
                f"{where}: {one.place}: the label {one.label!r} becomes {one.common!r}, which is"
                f" dropped in {after.place}: remove one of them"
            )
        path = [one.label, *_followed(one, rules)]
        kind = "a chain"
        if normalize_label(path[-1]) in map(normalize_label, path[:-1]):
            kind = "a cycle"
        raise ParameterError(
            f"{where}: {one.place}: {kind} of labels: {' → '.join(path)} (see {after.place}); a map"
            " is applied once: give each label its last common label"
        )


def _followed(start: Entry, rules: Mapping[str, Entry]) -> Iterator[str]:
    """Common labels from one to the next, until one has no rule or occurs a second time."""
    seen = {normalize_label(start.label)}
    entry: Entry | None = start
    while entry is not None and entry.common:
        yield entry.common
        form = normalize_label(entry.common)
        entry = None if form in seen else rules.get(form)
        seen.add(form)
