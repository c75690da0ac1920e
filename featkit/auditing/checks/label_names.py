"""Names of labels and groups that are not what they seem: two spellings of one name, no name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from featkit._utils.formatting import counted
from featkit.auditing.check import Check
from featkit.auditing.clusters import clusters
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.issue import Issue, Place
from featkit.auditing.labels.name_similarity import LOOKALIKE, similar_names
from featkit.table.lookalikes import distinguishing
from featkit.table.missing_values import AMBIGUOUS_WORDS, MISSING_WORDS
from featkit.table.name_stems import group_column

MAX_PLACES = 100
"""Recordings that an issue lists; its evidence counts all."""

MISSING = "missing name"


def _run(dataset: AuditedDataset) -> Iterator[Issue]:
    if dataset.label is not None:
        yield from _of_column(dataset, dataset.label, "label")
    if dataset.group is not None and group_column(dataset.group) != "path":
        yield from _of_column(dataset, group_column(dataset.group), "group")


def _of_column(dataset: AuditedDataset, column: str, role: str) -> Iterator[Issue]:
    by_name: dict[str, list[str]] = {}
    for path, name in dict.fromkeys(
        zip(dataset.row_names.tolist(), dataset.texts(column).tolist(), strict=True)
    ):
        by_name.setdefault(name, []).append(path)
    missing = [name for name in by_name if _is_missing(name)]
    if missing:
        yield _missing(by_name, missing, column, role)
    counts = {name: len(by_name[name]) for name in by_name if name not in missing}
    similar = similar_names(counts)
    names = list(counts)
    index = {name: k for k, name in enumerate(names)}
    for members in clusters(len(names), [(index[a], index[b]) for a, b in similar]):
        alike = [names[k] for k in members]
        if len(alike) < 2:
            continue
        kinds = [kind for pair, kind in similar.items() if {*pair} <= {*alike}]
        yield _alike(by_name, alike, kinds, column, role)


def _is_missing(name: str) -> bool:
    word = name.strip()
    return word in MISSING_WORDS or word.lower() in AMBIGUOUS_WORDS or not word


def _missing(
    by_name: Mapping[str, list[str]], missing: Sequence[str], column: str, role: str
) -> Issue:
    paths = [path for name in missing for path in by_name[name]]
    words = Counter({name: len(by_name[name]) for name in missing})
    empty = sum(count for name, count in words.items() if not name.strip())
    parts = [f"an empty cell ({empty:,})"] if empty else []
    parts += [f"{name!r} ({count:,})" for name, count in words.items() if name.strip()]
    # Words such as "nan" are left out by a training; "unknown" would be learned as a class.
    is_class = any(name.strip() and name.strip() not in MISSING_WORDS for name in missing)
    effect = "and is left out of a training"
    if is_class:
        effect = "and would count as a name"
    elif role == "group":
        effect = "and a training refuses rows without a group"
    return Issue(
        check="label_names",
        kind=MISSING,
        severity="medium" if is_class or role == "group" else "low",
        message=(
            f"{counted(len(paths), 'recording')} may have no {column}: it is {', '.join(parts)},"
            f" {effect}"
        ),
        remedy=f"enter the {role}, or leave the cell empty if it is unknown",
        places=_places(paths),
        evidence={"column": column, "names": missing, "recordings": [words[n] for n in missing]},
    )


def _alike(
    by_name: Mapping[str, list[str]],
    alike: Sequence[str],
    kinds: Sequence[str],
    column: str,
    role: str,
) -> Issue:
    alike = sorted(alike, key=lambda name: (-len(by_name[name]), name))
    show = distinguishing(alike)
    listed = ", ".join(f"{show(name)} ({len(by_name[name]):,})" for name in alike)
    kind = next(iter(Counter(kinds)))
    is_certain = set(kinds) == {LOOKALIKE}
    effect = "classes" if role == "label" else "groups, which a split may divide"
    rarer = [path for name in alike[1:] for path in by_name[name]]
    return Issue(
        check="label_names",
        kind=kind,
        severity="high" if is_certain else "medium",
        message=(
            f"the names {listed} of {column} differ by {_difference(kinds)}, but count as"
            f" {len(alike)} {effect}"
        ),
        remedy=f"if they mean the same, write all as {show(alike[0])}",
        places=_places(rarer),
        evidence={
            "column": column,
            "names": alike,
            "recordings": [len(by_name[name]) for name in alike],
            "kinds": sorted(set(kinds)),
        },
        certainty=1.0 if is_certain else 0.5,
    )


def _difference(kinds: Sequence[str]) -> str:
    texts = {
        LOOKALIKE: "case, accents, blanks, hyphens or characters that are not visible",
        "singular and plural": "a plural ending",
        "likely typing error": "one letter",
    }
    return " and ".join(texts[kind] for kind in dict.fromkeys(kinds))


def _places(paths: Sequence[str]) -> tuple[Place, ...]:
    return tuple(Place(path) for path in dict.fromkeys(paths[:MAX_PLACES]))


CHECK = Check(
    name="label_names",
    title="Names of labels and groups",
    description="Spellings that mean the same, and words that stand for a missing name.",
    order=31,
    run=_run,
)
