"""The contract of annotation formats, and their registry.

An annotation format is one module in `featkit.datasets.annotation_formats` that exports an
`AnnotationFormat` as ``FORMAT``. To support another program, add such a module; it is found without
a list, and the tests of all formats run on it, too.

The readers are featkit's own. Libraries exist for some of the formats (praatio, textgrid and tgt
for TextGrid, audformat for its tables), but none keeps the line of an interval, which the list of
failures names, and each accepts less than the program that writes the files. The tests compare the
readers with praatio and audformat where these are installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from featkit._utils.registry import module_registry
from featkit.datasets.annotations import Annotation

N_HEAD_LINES = 12
"""Number of first lines by which a format is recognised."""


@dataclass(frozen=True, kw_only=True)
class ReadingOptions:
    """What the user selects in annotation files.

    Attributes
    ----------
    tier : str, optional
        Name of the tier to read, for formats with tiers.
    label : str, optional
        Name of the column that is the label, for formats with columns.
    """

    tier: str | None = None
    label: str | None = None


@dataclass(frozen=True, kw_only=True)
class AnnotationEntry:
    """An annotation as it is written in a file.

    Attributes
    ----------
    annotation : Annotation
        The interval.
    recording : str
        Path of the recording as the file names it; "" if the file belongs to one recording, which
        has the name of the file.
    selection, view : str
        Number of the selection and the view that shows it. An interval that is listed once for each
        view counts once. "" if the format has no views.
    """

    annotation: Annotation
    recording: str = ""
    selection: str = ""
    view: str = ""


@dataclass(frozen=True, kw_only=True)
class AnnotationFormat:
    """A format of annotation files.

    Attributes
    ----------
    name : str
        Name of the format and of its module.
    title : str
        Description, for the message about a file in an unknown format.
    example : str
        First lines of such a file.
    matches : callable
        ``matches(lines)``: whether a file with these first lines has this format.
    read : callable
        ``read(file, options)`` yields its entries; a `TableError` names file and line of a fault.
    options : tuple of str
        Names of the `ReadingOptions` that the format has a meaning for.
    """

    name: str
    title: str
    example: str
    matches: Callable[[Sequence[str]], bool]
    read: Callable[[Path, ReadingOptions], Iterable[AnnotationEntry]]
    options: tuple[str, ...] = ()


ANNOTATION_FORMATS = module_registry(
    "annotation format", "featkit.datasets.annotation_formats", "FORMAT", AnnotationFormat
)
"""All annotation formats by name, in alphabetical order."""
