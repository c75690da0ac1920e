"""Inputs of an audit: a table, or recordings from which a table is made."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from featkit._utils.parameters import unknown
from featkit._utils.progress import ProgressCallback
from featkit.audio.excerpt import WHOLE
from featkit.datasets.annotated_recordings import row_fields
from featkit.datasets.files import Recording, as_name, find, recording_at
from featkit.datasets.recordings import recordings as select_recordings
from featkit.datasets.skipped_files import SkippedFiles
from featkit.errors import ParameterError
from featkit.executors.executor import Executor
from featkit.features.sets.loading import DEFAULT
from featkit.schema import Failure
from featkit.storage.names import join_name, last_name
from featkit.storage.reading import is_folder
from featkit.storage.urls import is_url, shown
from featkit.table.arrow import is_frame
from featkit.table.columns import in_key_order
from featkit.table.feature_table import FeatureTable
from featkit.table.joining import dataset_name
from featkit.table.table_files import is_table

if TYPE_CHECKING:
    import pandas as pd

    PathLike = str | os.PathLike[str]
    Input = FeatureTable | pd.DataFrame | PathLike | Sequence[PathLike]

TABLE = "table"
"""Name of a dataset that is a table in memory."""

COLUMN_SOURCES = "columns of recordings come from --labels, --name-pattern or --manifest"

RECORDINGS = "recordings"
"""Name of a dataset of several files or folders."""


class SoundOptions(NamedTuple):
    """How recordings are selected and analysed; see `featkit.extract`.

    Attributes
    ----------
    labels, name_pattern, manifest, where
        Sources of the labels and of other columns.
    features : str, path, mapping or FeatureSet
        The feature set.
    extracted : path or None
        Table of features to write.
    checkpoint : path or None
        File next to which finished rows are stored, without a table.
    fresh : bool
        Whether to discard earlier results.
    executor : Executor
        Where the recordings are analysed.
    timeout : float or None
        Seconds for each recording.
    progress : callable or None
        Receives a `Progress`.
    """

    labels: str | None
    name_pattern: str | None
    manifest: PathLike | None
    where: Mapping[str, str | Sequence[str]] | None
    features: Any
    extracted: PathLike | None
    checkpoint: PathLike | None
    fresh: bool
    executor: Executor
    timeout: float | None
    progress: ProgressCallback | None

    @property
    def corpus(self) -> dict[str, Any]:
        """The options that select and label recordings."""
        names = ("labels", "name_pattern", "manifest", "where")
        return {name: getattr(self, name) for name in names}

    @property
    def given(self) -> list[str]:
        """Names of the options that a table cannot have."""
        has_features = self.features != DEFAULT
        options = {**self.corpus, "extracted": self.extracted, "features": has_features}
        return [name for name, value in options.items() if value]


@dataclass(frozen=True, eq=False)
class AuditInput:
    """A table, and the recordings of its rows.

    Attributes
    ----------
    name : str
        Name of the dataset.
    table : FeatureTable
        Without features if no check needs them.
    recordings : list of Recording
        The recordings that exist; empty without sound.
    failures : list of Failure
        Recordings without features.
    missing, unlisted : list of str
        Recordings of the table whose file is missing, and recordings that the table lacks.
    remarks : list of str
        Remarks on the extraction.
    left_out : mapping of str to int
        Files in folders that are not audio, counted by suffix.
    """

    name: str
    table: FeatureTable
    recordings: list[Recording] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    left_out: Mapping[str, int] = field(default_factory=dict)


def read_input(
    inputs: Input | None,
    *,
    keys: Sequence[str],
    sound: PathLike | None,
    options: SoundOptions,
    needs_features: bool,
) -> AuditInput:
    """Read a table, or find recordings and extract their features.

    Parameters
    ----------
    inputs : FeatureTable, DataFrame, path or sequence of paths, or None
        A table, or files and folders of recordings; None with a manifest.
    keys : sequence of str
        Columns of labels, groups and splits, which may hold numbers.
    sound : path or None
        Folder of the recordings of a table.
    options : SoundOptions
        How recordings become a table.
    needs_features : bool
        Whether a check needs features. Recordings are not analysed otherwise, unless their table is
        to be written.

    Returns
    -------
    AuditInput

    Raises
    ------
    ParameterError
        If there is no input, an option does not fit the input, or recordings have no such column.
    TableError
        If the table or the manifest is invalid.
    """
    table = _only_table(inputs)
    if table is None:
        if sound is not None:
            raise ParameterError(
                f"{shown(sound)}: sound is the folder of a table's recordings: give the table,"
                " or the folder alone"
            )
        return _of_recordings(_paths(inputs), options, keys, needs_features)
    if options.given:
        raise ParameterError(
            f"{' and '.join(options.given)} cannot be used with a table, only with recordings"
        )
    if isinstance(table, str | os.PathLike):
        name, read = dataset_name(table), FeatureTable.read(table, keys)
    elif isinstance(table, FeatureTable):
        name, read = TABLE, table
    else:
        name, read = TABLE, FeatureTable.of(table, keys=keys)
    return AuditInput(name, read) if sound is None else _with_sound(name, read, sound)


def _only_table(inputs: Any) -> FeatureTable | pd.DataFrame | PathLike | None:
    """The table; None for recordings."""
    if inputs is None or isinstance(inputs, str | os.PathLike):
        return inputs if inputs is not None and is_table(inputs) else None
    if isinstance(inputs, FeatureTable) or is_frame(inputs):
        return inputs  # type: ignore[no-any-return]
    if not isinstance(inputs, Sequence):
        raise ParameterError(
            "an audit needs a FeatureTable, a DataFrame, a path or a list of paths, got a"
            f" {type(inputs).__name__}"
        )
    tables = [one for one in inputs if isinstance(one, str | os.PathLike) and is_table(one)]
    if tables and len(inputs) > 1:
        raise ParameterError(
            f"{shown(tables[0])}: is a table, and is given with other inputs: audit one table"
            " at a time, and name the folder of its recordings as sound"
        )
    return tables[0] if tables else None


def _paths(inputs: Any) -> list[PathLike]:
    return [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs or ())


def _of_recordings(
    paths: list[PathLike], options: SoundOptions, keys: Sequence[str], needs_features: bool
) -> AuditInput:
    if not paths and options.manifest is None:
        raise ParameterError("nothing to audit: give recordings, a table, or a manifest")
    name = RECORDINGS
    if len(paths) == 1:
        name = last_name(paths[0]) or RECORDINGS
    elif not paths and options.manifest is not None:
        name = dataset_name(os.fspath(options.manifest).removeprefix("mirdata:"))
    skipped = SkippedFiles(options.extracted or options.checkpoint)
    selected = select_recordings(paths, **options.corpus, skipped=skipped)
    left_out = dict(skipped.counts.most_common())
    table = _table_of(selected)
    for key in keys:
        if not table.has_column(key):  # before the features are extracted
            raise ParameterError(f"{unknown('column', key, list(table.keys))}; {COLUMN_SOURCES}")
    if not needs_features and options.extracted is None:
        return AuditInput(name, table, selected, left_out=left_out)
    from featkit.batch.extraction import extract_excerpt

    extraction = extract_excerpt(
        paths or None,
        WHOLE,
        corpus=options.corpus,
        features=options.features,
        output=options.extracted,
        checkpoint=options.checkpoint,
        fresh=options.fresh,
        executor=options.executor,
        timeout=options.timeout,
        progress=options.progress,
    )
    return AuditInput(
        name,
        extraction.table,
        selected,
        failures=extraction.failures,
        remarks=extraction.remarks,
        left_out=left_out,
    )


def _table_of(selected: Sequence[Recording]) -> FeatureTable:
    """A row for each recording, or for each of its annotations, without features."""
    rows = [
        (one.path, item, one.fields if item is None else row_fields(one, item))
        for one in selected
        for item in ([None] if one.annotations is None else one.annotations)
    ]
    names = in_key_order({name for *_, fields in rows for name in fields})
    keys: dict[str, Any] = {"path": [path for path, *_ in rows]}
    if any(item is not None for _, item, _ in rows):
        keys["start"] = np.array([0.0 if item is None else item.start for _, item, _ in rows])
        keys["end"] = np.array([np.inf if item is None else item.end for _, item, _ in rows])
    keys |= {name: [fields.get(name, "") for *_, fields in rows] for name in names}
    return FeatureTable(keys, [], np.empty((len(rows), 0)))


# Sound of a table


def _with_sound(name: str, table: FeatureTable, sound: PathLike) -> AuditInput:
    folder = os.fspath(sound)
    if not is_folder(folder):
        raise ParameterError(f"{shown(folder)}: no such folder: name the folder of the recordings")
    if "path" not in table.keys:
        raise ParameterError(
            f"{name}: sound needs a table with the column 'path', which names the recordings"
        )
    paths = [path for path in dict.fromkeys(table.column("path").tolist()) if path]
    if is_url(folder):
        files = _files_in_store(folder, paths)
    else:
        files = {path: _file_in(folder, path) for path in paths}
    existing = [
        recording_at(file if is_url(file) else os.path.abspath(file), path, root=folder)
        for path, file in files.items()
        if file is not None
    ]
    if not existing:
        example = f", such as {shown(join_name(folder, paths[0]))}" if paths else ""
        raise ParameterError(
            f"{shown(folder)}: contains no recording of the table{example}: name the folder that"
            " the paths of the table are relative to"
        )
    missing = [path for path, file in files.items() if file is None]
    listed = set(paths)
    unlisted = [path for path in _recordings_in(folder) if path not in listed]
    return AuditInput(name, table, existing, missing=missing, unlisted=unlisted)


def _file_in(folder: str, path: str) -> str | None:
    """The file of a path; None if it does not exist, or lies outside the folder."""
    name = Path(as_name(path)) if "\0" not in path else Path("..")
    if name.is_absolute() or ".." in name.parts:
        return None
    file = os.path.join(folder, name)
    return file if os.path.isfile(file) else None


def _files_in_store(folder: str, paths: Sequence[str]) -> dict[str, str | None]:
    """The files of paths by a listing of the folder; None for those that it lacks."""
    from featkit.storage.listing import list_files

    listed = {file.path for file in list_files(folder)}
    return {path: join_name(folder, path) if path in listed else None for path in paths}


def _recordings_in(folder: str) -> list[str]:
    try:
        return [one.path for one in find([folder])]
    except ParameterError:  # files of the table only, with names that are not those of audio
        return []
