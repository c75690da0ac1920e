"""Give recordings the annotations of other programs' files.

Annotation files are given by name, or searched in folders at every depth and recognised by their
content; see `featkit.datasets.annotation_format.ANNOTATION_FORMATS`. Annotations are matched with
recordings by names:

- A file may name its recordings (``Begin Path``, ``file``, ``filepath``). Otherwise, its own name
  is that of its recording, without the suffix and without the endings that programs add, such as
  ``.Table.1.selections`` or ``.BirdNET.results``.
- If the path of a recording is this path, relative to the folder of the annotations, they belong
  together. Otherwise, the file name decides; only its suffix may differ, because recordings are
  converted.
- If several recordings have the name, the one counts whose folders agree in most names, from the
  last one upwards. If this does not decide, it is an error, and so are several files for one
  recording. Only tables that show the selections of a recording in different views are joined.
- Annotations of other recordings and recordings without annotations are left out, with a remark.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from featkit._utils.formatting import counted
from featkit.datasets._annotation_matching import Source, match_recordings, read_sources
from featkit.datasets._annotation_search import (
    AnnotationFile,
    AnnotationLog,
    find_annotation_files,
    first_names,
)
from featkit.datasets.annotation_format import ANNOTATION_FORMATS, AnnotationEntry, ReadingOptions
from featkit.datasets.annotations import Annotation
from featkit.datasets.files import Recording
from featkit.errors import ParameterError
from featkit.storage.reading import kept_copies

__all__ = ["AnnotationLog", "annotated"]


def annotated(
    recordings: Sequence[Recording],
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    tier: str | None = None,
    label: str | None = None,
    keep_all: bool = False,
    log: AnnotationLog | None = None,
) -> list[Recording]:
    """Give recordings the annotations that files contain.

    Parameters
    ----------
    recordings : sequence of Recording
        The recordings.
    paths : path or sequence of paths
        Annotation files, and folders of them; see the description of this module.
    tier : str, optional
        Name of the tier to read in TextGrids; not needed if they have one tier of intervals.
    label : str, optional
        Name of the column that is the label.
    keep_all : bool
        Whether to keep recordings without annotations, with an empty tuple of annotations.
    log : AnnotationLog, optional
        Collects the files that were read, and remarks on what was left out.

    Returns
    -------
    list of Recording
        In the order of `recordings`; annotations in the order of their times.

    Raises
    ------
    ParameterError
        If there are no annotation files, none belongs to a recording, a recording has several, a
        file belongs to several recordings, an option is not used, or a recording has a field of
        the same name.
    TableError
        If a file cannot be read, or has a fault; the message names file and line.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from featkit.datasets.files import recording_at
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "dawn.txt").write_text("0.25\\t0.75\\twren\\n")
    >>> (dawn,) = annotated([recording_at("/audio/dawn.wav", "dawn.wav")], folder)
    >>> [(item.start, item.end, item.fields) for item in dawn.annotations]
    [(0.25, 0.75, {'label': 'wren'})]
    """
    log = AnnotationLog() if log is None else log
    given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    options = ReadingOptions(tier=tier, label=label)
    with kept_copies():  # each file is opened twice
        files = find_annotation_files(given, log)
        _check_options(files, options)
        sources = [source for file in files for source in read_sources(file, options)]
    by_place = match_recordings(sources, recordings, log)
    selected = []
    for place, recording in enumerate(recordings):
        annotations = _annotations(recording, by_place.get(place, []))
        if annotations or keep_all:
            selected.append(replace(recording, annotations=annotations))
    if not any(recording.annotations for recording in selected):
        raise ParameterError(
            f"{first_names(given)}: no annotations of the recordings: the files have no intervals"
        )
    left_out = [recordings[k].path for k in range(len(recordings)) if k not in by_place]
    if left_out and not keep_all:
        log.remarks.append(
            f"{counted(len(left_out), 'recording')} without annotations left out, such as"
            f" {left_out[0]}; with --background, such recordings are background"
        )
    return selected


def _check_options(files: Sequence[AnnotationFile], options: ReadingOptions) -> None:
    used = {name for file in files for name in file.format.options}
    for name, option in (("tier", "tier"), ("label", "annotation_label")):
        if getattr(options, name) is not None and name not in used:
            able = [key for key, item in ANNOTATION_FORMATS.items() if name in item.options]
            formats = sorted({file.format.name for file in files})
            raise ParameterError(
                f"{option}: only for {', '.join(able)}; the annotations are {', '.join(formats)}"
            )


def _annotations(recording: Recording, sources: Sequence[Source]) -> tuple[Annotation, ...]:
    """Annotations of a recording in the order of their times, each selection once."""
    entries = _without_repeated_views(entry for source in sources for entry in source.entries)
    annotations = [entry.annotation for entry in entries]
    for annotation in annotations:
        if repeated := annotation.fields.keys() & recording.fields.keys():
            name = min(repeated)
            raise ParameterError(
                f"duplicate field {name!r}: {annotation.location} gives it, but {recording.path}"
                f" has it already, as {recording.fields[name]!r}: drop one of the two"
            )
    return tuple(sorted(annotations, key=lambda item: (item.start, item.end)))


def _without_repeated_views(entries: Iterable[AnnotationEntry]) -> list[AnnotationEntry]:
    """Each selection once, from the view that is listed first; spectrograms come first."""
    views: dict[tuple[str, float, float], set[str]] = defaultdict(set)
    kept = []
    for entry in sorted(entries, key=lambda entry: not entry.view.startswith("Spectrogram")):
        start, end = entry.annotation.start, entry.annotation.end
        shown = views[entry.selection, start, end]
        is_repeated = bool(entry.selection and shown) and entry.view not in shown
        shown.add(entry.view)
        if not is_repeated:
            kept.append(entry)
    return kept
