"""Detection of columns and names that may identify the groups of a table.

Rows of one person, song or machine are similar beyond their class. If such rows are split between
training and test, scores measure how well a model recognises rows that it has seen. Groups are
detected in three places:

- names of columns, such as ``patient``, ``subject#``, ``Actor``, ``speaker_id`` or ``id``,
  whatever the columns hold;
- columns with repeated values: text, and codes that never occur in two classes;
- names of recordings: ``phon_R01_S01_1`` and ``phon_R01_S01_2`` share the stem ``phon_R01_S01``.

The last two require evidence. Evidence is similarity: the nearest neighbour of a row (Euclidean
distance of features with unit variance) is in its group more often than if groups were permuted
within each class. For stems, a counter is evidence, too: the names of a stem continue with 1, 2, 3
and so on.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise

import numpy as np

from featkit._utils.typing import Array
from featkit.schema import NUMERIC_KEYS, LikelyGroup
from featkit.table._group_similarity import Recordings, codes, unique_pairs
from featkit.table.feature_table import FeatureTable
from featkit.table.name_stems import FIELD, Span, Stem, field_spans

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
"""Names of columns that denote groups; people first, because they make the safest groups."""

FILE_NOUNS = (
    *("session", "recording", "rec", "file", "filename", "clip", "audio", "video", "source", "src"),
    *("song", "track", "sample"),
)
"""Those of `NOUNS` whose values may be names of files with a common stem."""

SUFFIXES = ("id", "ids", "no", "nr", "num", "number", "name", "code", "index", "idx", "#")
IDENTIFIERS = ("id", "ids", "uid", "uuid", "guid", "pid", "sid", "index", "idx", "#")
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|#")

TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*")
"""A time in ISO 8601, whose minutes and seconds count no recordings."""

SPLIT_COLUMNS = ("split", "fold")
"""Usual names of the columns of a published split."""

MIN_ROWS = 20
"""Fewest rows for which the contents of columns are evidence; with fewer, only their names are."""

MIN_GROUPS = 5
"""Fewest groups in a column, unless its name denotes groups (for numbers: an identifier)."""

MIN_STEMS = 3
"""Fewest groups by stem, if stems occur in several classes; otherwise `MIN_GROUPS`."""

MIN_SHARED = 0.2
"""Smallest share of rows that must share their group with other rows."""

MAX_ROWS_PER_GROUP = 20
"""If the classes are unknown, larger groups (mean number of rows) may be the classes."""

MIN_COUNTED_GROUPS = 8
"""Fewest groups for which a counter is evidence."""

MIN_LIFT, MIN_Z = 0.1, 6.0
"""Smallest lift and z that are evidence; see `Recordings.similarity`."""

MIN_LIFT_OF_NUMBERS = 0.3
"""`MIN_LIFT` for columns of integers, which may be features that depend on other features."""

MAX_SIZE_VARIATION = 0.3
"""Largest coefficient of variation of the sizes of balanced groups."""

LIFT_TOLERANCE = 0.02
"""Differences of lift that are ignored."""

MAX_FIELDS = 12
MAX_STEMS = 24
"""Limits of the search, so that 10,000 rows take less than a second."""


Detection = tuple[LikelyGroup, Array]
"""A likely group, and the group of each recording."""


def group_noun(column: str) -> tuple[str | None, bool]:
    """Find the noun in the name of a column that denotes groups.

    Parameters
    ----------
    column : str
        Name of the column.

    Returns
    -------
    noun : str or None
        One of `NOUNS`, ``"id"`` for an identifier without a noun, or None.
    is_identifier : bool
        Whether the name marks the column as an identifier, as ``_id`` does.

    Examples
    --------
    >>> group_noun("patient_id"), group_noun("Actor"), group_noun("ID"), group_noun("tempo")
    (('patient', True), ('actor', False), ('id', True), (None, False))
    """
    words = [word.lower() for word in WORD.findall(column)]
    if len(words) == 1 and words[0].endswith("id") and words[0][:-2] in NOUNS:
        words = [words[0][:-2], "id"]
    is_identifier = bool(words) and words[-1] in IDENTIFIERS
    noun = list(words)
    while noun and noun[-1] in (*SUFFIXES, *IDENTIFIERS):
        noun.pop()
    name = " ".join(noun)
    for singular in (name, name.removesuffix("s")):
        if singular in NOUNS:
            return singular, is_identifier or len(noun) < len(words)
    if is_identifier and (not noun or words[-1] in ("id", "ids", "uid", "uuid", "guid", "#")):
        return "id", True
    return None, False


def likely_groups(
    table: FeatureTable, X: Array, y: Array | None = None, *, exclude: Collection[str | None] = ()
) -> list[LikelyGroup]:
    """Find columns and names that may identify groups, the most likely first.

    Parameters
    ----------
    table : FeatureTable
        The rows.
    X : array of float64, shape ``(rows, columns)``
        The features that show the similarity of rows.
    y : array of str, shape ``(rows,)``, optional
        The class of each row, if known.
    exclude : collection of str
        Columns with another purpose.

    Returns
    -------
    list of LikelyGroup
        At most one for each column, and only the first of those that divide the rows in the same
        way.
    """
    recordings = Recordings(table, X, y)
    numbers = [] if table.provenance else table.feature_names  # featkit's are features
    ignored = {*NUMERIC_KEYS, *SPLIT_COLUMNS, *exclude}
    names = [name for name in (*table.keys, *numbers) if name not in ignored]
    stems = list(_by_stem(recordings, names))
    # A stem keeps more rows together than the names of the files themselves.
    files = {likely.column for likely, _ in stems if group_noun(likely.column)[0] in FILE_NOUNS}
    others = [name for name in names if name not in files]
    detected: list[LikelyGroup] = []
    divisions: set[bytes] = set()
    for likely, groups in (*_by_name(recordings, others), *_by_content(recordings, others), *stems):
        division = groups.tobytes()
        if division not in divisions and likely.column not in {one.column for one in detected}:
            detected.append(likely)
            divisions.add(division)
    return detected


def group_similarity(table: FeatureTable, X: Array, y: Array, names: Array) -> tuple[float, float]:
    """Measure how often the nearest neighbour of a recording is in its group, beyond chance.

    Parameters
    ----------
    table : FeatureTable
        The rows.
    X : array of float64, shape ``(rows, columns)``
        The features that show the similarity of rows.
    y : array of str, shape ``(rows,)``
        The class of each row.
    names : array of str, shape ``(rows,)``
        The group of each row.

    Returns
    -------
    lift : float
        0 if groups were permuted within each class, 1 if every nearest neighbour is in the group.
    z : float
        The difference from chance in standard deviations.
    """
    recordings = Recordings(table, X, y)
    return recordings.similarity(recordings.codes_of(names))


def _by_name(recordings: Recordings, names: Iterable[str]) -> list[Detection]:
    """Columns whose names denote groups, in the order of `NOUNS`."""
    ranked = []
    for name in names:
        noun, is_identifier = group_noun(name)
        if noun is None or name == "path":
            continue
        groups = recordings.groups(name)
        n_groups = len(np.unique(groups[groups >= 0]))
        if not 1 < n_groups < recordings.count or recordings.match_classes(groups):
            continue
        if noun in ("id", *FILE_NOUNS) and _may_be_classes(recordings, n_groups):
            continue
        few = n_groups < MIN_GROUPS and not is_identifier
        if not recordings.is_text(name) and (few or not recordings.are_whole(name)):
            continue
        why = "and its name denotes groups"
        likely = LikelyGroup(name, name, n_groups, recordings.count, recordings.unit, why)
        ranked.append((NOUNS.index(noun) if noun in NOUNS else len(NOUNS), likely, groups))
    return [(likely, groups) for _, likely, groups in sorted(ranked, key=lambda item: item[0])]


def _by_content(recordings: Recordings, names: Iterable[str]) -> Iterator[Detection]:
    """Columns of text whose values repeat, and codes that never occur in two classes."""
    if recordings.count < MIN_ROWS:
        return
    for name in names:
        is_text = recordings.is_text(name)
        if not is_text and not recordings.are_whole(name):
            continue
        groups = recordings.groups(name)
        sizes = np.unique(groups[groups >= 0], return_counts=True)[1]
        n_groups, n_classes = len(sizes), int(recordings.y.max()) + 1
        few = n_groups < MIN_GROUPS or sizes[sizes > 1].sum() < MIN_SHARED * recordings.count
        if few or recordings.match_classes(groups) or _may_be_classes(recordings, n_groups):
            continue
        in_one_class = n_classes > 1 and len(unique_pairs(groups, recordings.y)) == n_groups
        in_one_class = in_one_class and n_classes < n_groups <= recordings.count / 2
        # Speaker numbers occur about equally often, but counts do not.
        is_balanced = sizes.min() > 1 and sizes.std() < MAX_SIZE_VARIATION * sizes.mean()
        if not (is_text or in_one_class or is_balanced):
            continue
        numbers = None if is_text else recordings.numbers(name)
        lift, z = recordings.similarity(groups, numbers)
        if lift >= (MIN_LIFT if is_text else MIN_LIFT_OF_NUMBERS) and z >= MIN_Z:
            why = "and rows of one value resemble each other"
        elif in_one_class and is_text:
            why = "each of them in one class"
        else:
            continue
        likely = LikelyGroup(name, name, n_groups, recordings.count, recordings.unit, why)
        yield likely, groups


def _by_stem(recordings: Recordings, names: Iterable[str]) -> Iterator[Detection]:
    """Names of recordings with common parts."""
    if recordings.count < MIN_ROWS:
        return
    for name in names:
        if not recordings.is_text(name):
            continue
        texts = recordings.texts(name)
        files = recordings
        if len(set(texts)) <= recordings.count / 2:  # several rows per file, if these are files
            if group_noun(name)[0] not in FILE_NOUNS:
                continue
            files = recordings.one_per_file(name)
        if files.count < MIN_ROWS:
            continue
        if best := _best_stem(files, name, files.texts(name)):
            stem, evidence = best
            stems = stem.of(texts)
            groups = codes(stems.tolist())
            size = len(np.unique(groups)), recordings.count, recordings.unit
            why = f"such as {str(stems[0])!r}, and {evidence}"
            yield LikelyGroup(str(stem), name, *size, why), groups


def _best_stem(recordings: Recordings, name: str, texts: list[str]) -> tuple[Stem, str] | None:
    """The stem whose rows are most similar, or else one that is followed by a counter.

    Stems whose rows are similar across classes take precedence: they name people who are in several
    classes. Among stems with about the same similarity, those from the first field on take
    precedence, and among these the shortest, because it keeps more rows together.
    """
    candidates: dict[Stem, Array] = {}
    spans = field_spans(texts)
    for stem in _stems(name, texts, spans):
        groups = codes([*map(stem.of_name, texts, spans)])
        if _are_plausible(recordings, groups):
            candidates[stem] = groups
    similarity = {s: recordings.similarity(candidates[s]) for s in [*candidates][:MAX_STEMS]}
    similar = [stem for stem, (lift, z) in similarity.items() if lift >= MIN_LIFT and z >= MIN_Z]
    z_across = {s: recordings.similarity(candidates[s], across_classes=True)[1] for s in similar}
    if similar := [stem for stem in similar if z_across[stem] >= MIN_Z] or similar:
        min_lift = max(similarity[stem][0] for stem in similar) - LIFT_TOLERANCE
        best = [stem for stem in similar if similarity[stem][0] >= min_lift]
        stem = min(best, key=lambda stem: (stem.first > 1, stem.last))
        return stem, "rows of one stem resemble each other"
    if all(map(TIME.fullmatch, filter(None, texts))):
        return None
    for stem, groups in candidates.items():
        if stem.first == 1 and _precedes_counter(recordings, stem, groups, texts):
            return stem, "a counter follows each"
    return None


def _stems(name: str, texts: list[str], spans: list[list[Span]]) -> Iterator[Stem]:
    """The stems that all names have: from the first field on, then parts between separators."""
    in_folders = {*map(_n_folder_fields, texts, spans)}
    # If folders differ in their number of fields, the fields after them are not comparable.
    comparable = min(in_folders) if len(in_folders) > 1 else MAX_FIELDS
    n_fields = min(min(map(len, spans)), comparable, MAX_FIELDS)
    for last in range(1, n_fields + 1):
        yield Stem(name, 1, last)
    if any("/" in text or "\\" in text for text in texts):
        yield Stem(name)
    parts = _parts(spans[0][:n_fields])
    for first, last in parts:
        if first > 1:
            yield Stem(name, first, last)
    for field in range(2, n_fields + 1):
        if (field, field) not in parts:
            yield Stem(name, field, field)


def _n_folder_fields(text: str, spans: list[Span]) -> int:
    """Number of fields in the folders of a path."""
    folder = max(text.rfind("/"), text.rfind("\\"))
    return sum(end <= folder for _, end in spans)


def _parts(spans: list[Span]) -> list[tuple[int, int]]:
    """First and last field of each run of fields without a separator."""
    starts = [1, *(k + 2 for k, (a, b) in enumerate(pairwise(spans)) if a[1] < b[0])]
    return list(zip(starts, [*(start - 1 for start in starts[1:]), len(spans)], strict=True))


def _are_plausible(recordings: Recordings, groups: Array) -> bool:
    """Whether many rows share their group, and groups are neither few nor the classes."""
    sizes = np.bincount(groups)
    n_groups, n_classes = len(sizes), int(recordings.y.max()) + 1
    shared = sizes[sizes > 1].sum()
    few = n_groups < MIN_STEMS or shared < MIN_SHARED * recordings.count
    if few or _may_be_classes(recordings, n_groups) or recordings.match_classes(groups):
        return False
    in_one_class = len(unique_pairs(groups, recordings.y)) == n_groups
    return not (in_one_class and n_groups <= max(n_classes, MIN_GROUPS - 1))


def _may_be_classes(recordings: Recordings, n_groups: int) -> bool:
    """Whether groups are few enough to be the classes, if these are unknown."""
    return not recordings.y.any() and n_groups < recordings.count / MAX_ROWS_PER_GROUP


def _precedes_counter(recordings: Recordings, stem: Stem, groups: Array, texts: list[str]) -> bool:
    """Whether the next field counts the rows of each stem, as in take 1, 2, 3."""
    n_groups, n_classes = int(groups.max()) + 1, int(recordings.y.max()) + 1
    if not max(MIN_COUNTED_GROUPS, 2 * n_classes) <= n_groups <= recordings.count / 2:
        return False
    fields = [FIELD.findall(text)[stem.last : stem.last + 1] for text in texts]
    if not all(fields):
        return False
    counters = [field[0].casefold() for field in fields]
    if not all(counter.isdecimal() or len(counter) == 1 for counter in counters):
        return False
    max_size = int(np.bincount(groups).max())
    unique = len(set(zip(groups.tolist(), counters, strict=True))) == recordings.count
    return unique and len(set(counters)) <= 2 * max_size
