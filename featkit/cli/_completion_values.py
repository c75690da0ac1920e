"""Values that a shell completes: names of sets, families and estimators, and files by suffix.

Names are read from file names, so that no module with computations is loaded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from importlib.util import find_spec

import click
from click.shell_completion import CompletionItem

PATH = "path"
"""Type of a completion that is a file or a folder."""

COLUMN_NAMES = "column_names.txt"
"""File, beside this module, of all columns of the feature sets."""

TABLES = (".parquet", ".csv", ".tsv", ".txt", ".gz", ".bz2", ".xz", ".zip")

MODELS = (".fk",)

NO_FILE = ("\0",)
"""Suffix that no file has: only folders are completed."""

SETS = ("featkit.features.sets", ".toml")

PACKAGES = {
    "features": [SETS],
    "sequences.features": [("featkit.features.sequences", ".toml")],
    "features.name": [SETS],
    "describe.name": [("featkit.features.families", ".py"), SETS],
    "train.model": [
        ("featkit.models.estimators", ".py"),
        ("featkit.models.regressors", ".py"),
        ("featkit.models.networks.architectures", ".py"),
    ],
    "member": [("featkit.models.estimators", ".py"), ("featkit.models.regressors", ".py")],
    "checks": [("featkit.auditing.checks", ".py")],
    "skip": [("featkit.auditing.checks", ".py")],
    "recorder": [("featkit.datasets.recorders", ".py")],
}
"""Packages whose files name the values of a parameter, by ``command.parameter`` or parameter."""

WORDS = {
    "train.model": ["auto"],
    "recorder": ["auto"],
    "labels": ["folder"],
    "group_from": ["folder"],
    "class_prior": ["balanced", "training"],
}
"""Further values, likewise."""

LISTS = ("train.model", "checks", "skip")
"""Parameters with several values, separated by commas."""


class CompletedText(click.types.StringParamType):
    """A text whose values a shell completes, by the name and the metavar of its parameter."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        own = f"{ctx.command.name}.{param.name}"
        key = next((k for k in (own, param.name) if k in PACKAGES or k in WORDS), None)
        names = [] if key is None else _names(key)
        if own == "describe.name":
            names += column_names()
        start, comma, rest = incomplete.rpartition(",") if key in LISTS else ("", "", incomplete)
        completions = [
            CompletionItem(f"{start}{comma}{name}")
            for name in dict.fromkeys(names)
            if name.startswith(rest)
        ]
        suffixes = _suffixes(param.metavar or str(param.name))
        return completions if suffixes is None else [*completions, *files(incomplete, suffixes)]


def _names(key: str) -> list[str]:
    return [*WORDS.get(key, ()), *(n for place in PACKAGES.get(key, ()) for n in names_in(*place))]


def _suffixes(metavar: str) -> tuple[str, ...] | None:
    """Suffixes of the files that a parameter names; () for any file, None for no file."""
    if re.search(r"INPUT|SOUND|FILE\b(?!\.)|FILE\.\.\.", metavar):
        return ()
    suffixes = [f".{name}" for name in re.findall(r"(?<=[.|])[a-z]+\d?\b", metavar)]
    suffixes += [*TABLES] if re.search(r"TABLE|SHARD|^[AB]$|OUT$", metavar) else []
    suffixes += [*MODELS] if "MODEL" in metavar else []
    suffixes += [".json"] if "SCORES" in metavar else []
    if suffixes:
        return tuple(suffixes)
    return NO_FILE if re.search(r"DIR|FOLDER", metavar) else None


def names_in(package: str, suffix: str) -> list[str]:
    """Return the names of the items of a registry, without loading its package.

    Parameters
    ----------
    package : str
        Full name of the package.
    suffix : str
        Suffix of the files.

    Returns
    -------
    list of str
        In alphabetical order.
    """
    root, *folders = package.split(".")
    spec = find_spec(root)
    places = (spec.submodule_search_locations if spec else None) or []
    return sorted(
        os.path.splitext(file)[0]
        for place in places
        for file in os.listdir(os.path.join(place, *folders))
        if file.endswith(suffix) and not file.startswith("_")
    )


def column_names() -> list[str]:
    """Return the columns of all feature sets of the package.

    They are listed in a file, because to compute them takes longer than a shell should wait;
    ``python -m featkit.cli._generated`` writes it.

    Returns
    -------
    list of str
        In alphabetical order.
    """
    with open(os.path.join(os.path.dirname(__file__), COLUMN_NAMES), encoding="utf-8") as stream:
        return stream.read().split()


def files(incomplete: str, suffixes: Iterable[str]) -> list[CompletionItem]:
    """Return the files of certain suffixes, and folders, that begin with some text.

    Parameters
    ----------
    incomplete : str
        The text; ``~`` is the home folder.
    suffixes : iterable of str
        Accepted suffixes in lower case; empty for all files.

    Returns
    -------
    list of CompletionItem
        Folders end in a slash. Hidden files are left out unless a dot has been typed.
    """
    folder, start = os.path.split(os.path.expanduser(incomplete))
    accepted = tuple(suffixes)
    try:
        entries = sorted(os.scandir(folder or "."), key=lambda entry: entry.name)
    except OSError:
        return []
    return [
        CompletionItem(os.path.join(folder, _name(entry)), type=PATH)
        for entry in entries
        if entry.name.startswith(start)
        and (start or not entry.name.startswith("."))
        and (entry.is_dir() or not accepted or entry.name.lower().endswith(accepted))
    ]


def _name(entry: os.DirEntry[str]) -> str:
    return f"{entry.name}/" if entry.is_dir() else entry.name


def completed(parameters: Sequence[click.Parameter]) -> None:
    """Let the shell complete the values of parameters that are texts.

    Parameters
    ----------
    parameters : sequence of click.Parameter
        Parameters of a command.
    """
    for parameter in parameters:
        if isinstance(parameter.type, click.types.StringParamType):
            parameter.type = CompletedText()
