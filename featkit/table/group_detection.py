"""Columns and names that may say which rows belong together.

Rows of one person, song or machine resemble each other beyond their class. Where some of them are
in training and others in test, a score says how well a model recognises what it has seen. Groups
are looked for in three places:

- column names: ``patient``, ``subject#``, ``Actor``, ``speaker_id``, ``id``, whatever they hold;
- columns of text, and of codes that each one class has alone, whose values repeat;
- names of recordings: ``phon_R01_S01_1`` and ``phon_R01_S01_2`` share the stem ``phon_R01_S01``.

The last two need evidence. That is resemblance: the nearest neighbour of a row (Euclidean, columns
scaled to unit variance) is of its own group more often than if groups were dealt out at random
within each class. For stems, a counter is evidence as well: names of one stem end in 1, 2, 3 ….
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from featkit._utils.counting import counted
from featkit._utils.typing import Array
from featkit.schema import TIMES
from featkit.table._resemblance import Recordings, codes, unique_pairs
from featkit.table.feature_table import FeatureTable
from featkit.table.name_stems import FIELD, Span, Stem, fields_of

NOUNS = (
    *("patient", "subject", "participant", "proband", "person", "people", "individual", "speaker"),
    *("spk", "spkr", "talker", "singer", "vocalist", "actor", "actress", "performer", "artist"),
    *("band", "musician", "player", "composer", "donor", "volunteer", "respondent", "child"),
    *("children", "infant", "baby", "user", "student", "client", "customer", "driver", "worker"),
    *("author", "reader", "family", "household", "animal", "bird", "dog", "cat", "mouse", "rat"),
    *("cow", "pig", "bat", "whale", "specimen", "machine", "device", "engine", "motor", "pump"),
    *("sensor", "vehicle", "hospital", "site", "station", "group", "album", "song", "track"),
    *("session", "recording", "rec", "recordist", "file", "filename", "clip", "audio", "video"),
    *("movie", "source", "src", "sample", "batch"),
)
"""Column names that denote groups; people first, for they make the safest groups."""

FILES = (
    *("session", "recording", "rec", "file", "filename", "clip", "audio", "video", "source", "src"),
    *("song", "track", "sample"),
)
"""Those of them whose values may be names of files, which may have a stem in common."""

SUFFIXES = ("id", "ids", "no", "nr", "num", "number", "name", "code", "index", "idx", "#")
IDENTIFIERS = ("id", "ids", "uid", "uuid", "guid", "pid", "sid", "index", "idx", "#")
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|#")

PUBLISHED = ("split", "fold")
"""What columns of a published split are called."""

FEWEST_ROWS = 20
"""Rows below which groups are found by column names alone."""

FEWEST_GROUPS = 5

FEWEST_CROSSED = 3
"""The same of stems that are in several classes, as those of a few speakers are."""

FEWEST_WITH_MATES = 0.2
"""Share of the rows that must have others in their group."""

MOST_UNKNOWN = 20
"""Mean rows of a group beyond which it may be a class, where classes are not known."""

FEWEST_COUNTED = 8
"""Groups below which a counter is no evidence."""

LEAST_LIFT, LEAST_Z = 0.1, 6.0
"""How much resemblance is evidence: beyond chance as a share of what is possible, and in standard
deviations of chance."""

LEAST_LIFT_OF_NUMBERS = 0.3
"""The same of whole numbers, which may be features that depend on others."""

MOST_UNEVEN = 0.3
"""Standard deviation of the sizes of groups over their mean, up to which they are even."""

ABOUT_EQUAL = 0.02
"""Differences of resemblance that decide nothing."""

MOST_FIELDS = 12
MOST_STEMS = 24
"""Bounds of what is looked at, so that ten thousand rows take less than a second."""


@dataclass(frozen=True)
class LikelyGroup:
    """Something that may say which rows belong together.

    Attributes
    ----------
    group : str
        What to name as group: a column, or a stem of its names.
    column : str
        The column.
    groups, rows : int
        How many groups there are, of how many recordings or rows.
    unit : str
        Which of the two: ``"recording"`` or ``"row"``.
    why : str
        What speaks for it, as the end of a sentence.
    """

    group: str
    column: str
    groups: int
    rows: int
    unit: str
    why: str

    @property
    def told(self) -> str:
        """What it is, as a sentence without its end."""
        parts = "it has" if self.group == self.column else "its names share"
        thing = "value" if self.group == self.column else "stem"
        return (
            f"column {self.column!r} may say what belongs together: {parts}"
            f" {counted(self.groups, thing)} in {counted(self.rows, self.unit)}, {self.why}"
        )


def noun_of(column: str) -> tuple[str | None, bool]:
    """What a column's name says that it names, and whether it says that it identifies it.

    Examples
    --------
    >>> noun_of("patient_id"), noun_of("Actor"), noun_of("ID"), noun_of("tempo")
    (('patient', True), ('actor', False), ('id', True), (None, False))
    """
    words = [word.lower() for word in WORD.findall(column)]
    if len(words) == 1 and words[0].endswith("id") and words[0][:-2] in NOUNS:
        words = [words[0][:-2], "id"]
    identifies = bool(words) and words[-1] in IDENTIFIERS
    noun = list(words)
    while noun and noun[-1] in (*SUFFIXES, *IDENTIFIERS):
        noun.pop()
    name = " ".join(noun)
    for known in (name, name.removesuffix("s")):
        if known in NOUNS:
            return known, identifies or len(noun) < len(words)
    if identifies and (not noun or words[-1] in ("id", "ids", "uid", "uuid", "guid", "#")):
        return "id", True
    return None, False


def likely_groups(
    table: FeatureTable,
    X: Array,
    y: Array | None = None,
    *,
    passed_over: Collection[str | None] = (),
) -> list[LikelyGroup]:
    """What may say which rows belong together, the likeliest first.

    Parameters
    ----------
    table : FeatureTable
        The rows.
    X : array of float64, shape ``(rows, columns)``
        The features by which rows may resemble each other.
    y : array of str, shape ``(rows,)``, optional
        The class of each row, where it is known.
    passed_over : collection of str
        Columns that have another purpose.

    Returns
    -------
    list of LikelyGroup
        One for each column at most; of those that divide the rows alike, the first.
    """
    rows = Recordings(table, X, y)
    numbers = [] if table.provenance else table.feature_names  # featkit's are features
    names = [
        name for name in (*table.keys, *numbers) if name not in {*TIMES, *PUBLISHED, *passed_over}
    ]
    found: list[LikelyGroup] = []
    divisions: set[bytes] = set()
    stems = list(_by_stem(rows, names))
    # A stem keeps more together than the names of files themselves.
    files = {likely.column for likely, _ in stems if noun_of(likely.column)[0] in FILES}
    others = [name for name in names if name not in files]
    for likely, key in (*_named(rows, others), *_by_content(rows, others), *stems):
        division = key.tobytes()
        if division not in divisions and likely.column not in {one.column for one in found}:
            found.append(likely)
            divisions.add(division)
    return found


def _named(rows: Recordings, names: Iterable[str]) -> list[tuple[LikelyGroup, Array]]:
    """Columns that are called so."""
    found = []
    for name in names:
        noun, identifies = noun_of(name)
        if noun is None or name == "path":
            continue
        key = rows.key(name)
        groups = len(np.unique(key[key >= 0]))
        if not 1 < groups < rows.count or rows.tells_the_class(key):
            continue
        if noun in ("id", *FILES) and _may_be_the_class(rows, groups):
            continue
        if not rows.is_text(name) and not _is_code(rows.numbers(name), groups, identifies):
            continue
        rank = NOUNS.index(noun) if noun in NOUNS else len(NOUNS)
        likely = LikelyGroup(name, name, groups, rows.count, rows.unit, "and its name says so")
        found.append((rank, likely, key))
    return [(likely, key) for _, likely, key in sorted(found, key=lambda each: each[0])]


def _is_code(values: Array, different: int, identifies: bool) -> bool:
    """Whether numbers can be names of something: whole, and more than a flag has."""
    known = values[~np.isnan(values)]
    return bool(np.all(known == np.rint(known))) and (identifies or different >= FEWEST_GROUPS)


def _by_content(rows: Recordings, names: Iterable[str]) -> Iterator[tuple[LikelyGroup, Array]]:
    """Columns of text whose values repeat, and codes that each one class has alone."""
    if rows.count < FEWEST_ROWS:
        return
    for name in names:
        if not rows.is_text(name) and not _is_code(rows.numbers(name), FEWEST_GROUPS, False):
            continue
        key = rows.key(name)
        sizes = np.unique(key[key >= 0], return_counts=True)[1]
        groups, classes = len(sizes), int(rows.y.max()) + 1
        few = groups < FEWEST_GROUPS or sizes[sizes > 1].sum() < FEWEST_WITH_MATES * rows.count
        if few or rows.tells_the_class(key) or _may_be_the_class(rows, groups):
            continue
        alone = classes > 1 and len(unique_pairs(key, rows.y)) == groups > classes
        alone = alone and groups <= rows.count / 2
        if not (rows.is_text(name) or alone or _is_balanced(key)):
            continue
        numbers = None if rows.is_text(name) else rows.numbers(name)
        lift, z = rows.resemblance(key, numbers)
        least = LEAST_LIFT if numbers is None else LEAST_LIFT_OF_NUMBERS
        if lift >= least and z >= LEAST_Z:
            why = "and rows of one value resemble each other"
            yield LikelyGroup(name, name, groups, rows.count, rows.unit, why), key
        elif alone and rows.is_text(name):
            why = "each of them in one class"
            yield LikelyGroup(name, name, groups, rows.count, rows.unit, why), key


def _is_balanced(key: Array) -> bool:
    """Whether all values are about equally common, as numbers of persons are and counts are not."""
    sizes = np.unique(key[key >= 0], return_counts=True)[1]
    return bool(sizes.min() > 1 and sizes.std() < MOST_UNEVEN * sizes.mean())


def _by_stem(rows: Recordings, names: Iterable[str]) -> Iterator[tuple[LikelyGroup, Array]]:
    """Names of recordings that have parts in common."""
    if rows.count < FEWEST_ROWS:
        return
    for name in names:
        if not rows.is_text(name):
            continue
        texts = rows.texts(name)
        files = rows
        if len(set(texts)) <= rows.count / 2:  # several rows of a file, if of files at all
            if noun_of(name)[0] not in FILES:
                continue
            files = rows.one_of_each(name)
        if files.count < FEWEST_ROWS:
            continue
        if best := _best_stem(files, name, files.texts(name)):
            stem, why = best
            key = codes(stem.of(texts).tolist())
            example = str(stem.of(texts[:1])[0])
            groups = len(np.unique(key))
            told = f"such as {example!r}, and {why}"
            yield LikelyGroup(str(stem), name, groups, rows.count, rows.unit, told), key


def _best_stem(rows: Recordings, name: str, texts: list[str]) -> tuple[Stem, str] | None:
    """The stem by which rows resemble each other most, else one that a counter follows.

    Stems by which rows of different classes resemble each other are taken before others: they name
    people who are in several classes. Of stems that do so about equally, one from the first field
    on is taken, and of these the shortest, for it keeps more together.
    """
    tried = []
    fields = fields_of(texts)
    for stem in _stems(name, texts, fields):
        key = codes([stem.of_name(*one) for one in zip(texts, fields, strict=True)])
        if _divides(rows, key):
            tried.append((stem, key))
    judged = [(rows.resemblance(key), stem, key) for stem, key in tried[:MOST_STEMS]]
    alike = [
        (lift, stem, key) for (lift, z), stem, key in judged if lift >= LEAST_LIFT and z >= LEAST_Z
    ]
    if alike:
        across = [one for one in alike if rows.resemblance(one[2], across=True)[1] >= LEAST_Z]
        likely = across or alike
        most = max(lift for lift, _, _ in likely)
        nearly = [one for one in likely if one[0] >= most - ABOUT_EQUAL]
        _, stem, _ = min(nearly, key=lambda one: (one[1].first > 1, one[1].last))
        return stem, "rows of one stem resemble each other"
    for stem, key in tried:
        if stem.first == 1 and _is_counted(rows, stem, key, texts):
            return stem, "a counter follows each"
    return None


def _stems(name: str, texts: list[str], fields: list[list[Span]]) -> Iterator[Stem]:
    """The stems that all names have: from the first field on, then parts between separators."""
    in_folders = {_fields_in_folders(*one) for one in zip(texts, fields, strict=True)}
    # Behind folders of different numbers of fields, a field is not the same thing in all names.
    comparable = min(in_folders) if len(in_folders) > 1 else MOST_FIELDS
    fewest = min(min(map(len, fields)), comparable, MOST_FIELDS)
    for last in range(1, fewest + 1):
        yield Stem(name, 1, last)
    if any("/" in text or "\\" in text for text in texts):
        yield Stem(name)
    parts = _parts(fields[0][:fewest])
    for first, last in parts:
        if first > 1:
            yield Stem(name, first, last)
    for field in range(2, fewest + 1):
        if (field, field) not in parts:
            yield Stem(name, field, field)


def _fields_in_folders(text: str, spans: list[Span]) -> int:
    """How many fields of a path are in the names of its folders."""
    folder = max(text.rfind("/"), text.rfind("\\"))
    return sum(end <= folder for _, end in spans)


def _parts(spans: list[Span]) -> list[tuple[int, int]]:
    """First and last field of each run of fields without a separator."""
    starts = [1, *(k + 2 for k, (a, b) in enumerate(pairwise(spans)) if a[1] < b[0])]
    return list(zip(starts, [*(start - 1 for start in starts[1:]), len(spans)], strict=True))


def _divides(rows: Recordings, key: Array) -> bool:
    """Whether many rows have others in their group, and groups are neither few nor the class.

    Where classes are not known, few groups may well be the classes.
    """
    sizes = np.bincount(key)
    groups, classes = len(sizes), int(rows.y.max()) + 1
    with_mates = sizes[sizes > 1].sum()
    if groups < FEWEST_CROSSED or with_mates < FEWEST_WITH_MATES * rows.count:
        return False
    if _may_be_the_class(rows, groups):
        return False
    nested = len(unique_pairs(key, rows.y)) == groups
    if nested and groups <= max(classes, FEWEST_GROUPS - 1):
        return False
    return not rows.tells_the_class(key)


def _may_be_the_class(rows: Recordings, groups: int) -> bool:
    """Whether groups are few enough to be the classes, where these are not known."""
    return not rows.y.any() and groups < rows.count / MOST_UNKNOWN


def _is_counted(rows: Recordings, stem: Stem, key: Array, texts: list[str]) -> bool:
    """Whether the next field counts the rows of each stem, as in take 1, 2, 3."""
    groups, classes = int(key.max()) + 1, int(rows.y.max()) + 1
    if not max(FEWEST_COUNTED, 2 * classes) <= groups <= rows.count / 2:
        return False
    fields = [FIELD.findall(text)[stem.last : stem.last + 1] for text in texts]
    if not all(fields):
        return False
    counters = [field[0].casefold() for field in fields]
    if not all(counter.isdecimal() or len(counter) == 1 for counter in counters):
        return False
    largest = int(np.bincount(key).max())
    unique = len(set(zip(key.tolist(), counters, strict=True))) == rows.count
    return unique and len(set(counters)) <= 2 * largest
