"""Models and datasets of an evaluation: their names, and the tables of the datasets."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from featkit._utils.progress import ProgressCallback
from featkit.errors import ParameterError, TableError
from featkit.evaluation.rows import DatasetColumns
from featkit.executors.executor import Executor
from featkit.models.model import Model
from featkit.models.task import CLASSIFICATION
from featkit.models.training_tables import sequences_by_dataset
from featkit.schema import DATASET, Failure
from featkit.storage.names import is_same_file, last_name
from featkit.storage.reading import is_folder
from featkit.storage.urls import shown
from featkit.table.arrow import is_frame
from featkit.table.feature_table import FeatureTable
from featkit.table.group_files import GROUP, is_group_file, with_groups
from featkit.table.joining import dataset_name
from featkit.table.sequences.joining import join_sequences
from featkit.table.table_files import column_names, is_table

if TYPE_CHECKING:
    import pandas as pd

    from featkit.models.training_tables import Tables

    Path = str | os.PathLike[str]
    Table = FeatureTable | pd.DataFrame | Path

    T = TypeVar("T")

SOUND = "recordings"
"""Name of a dataset of sound files that are not in one folder."""


class Dataset(NamedTuple):
    """The table of a dataset.

    Attributes
    ----------
    table : FeatureTable
        With labels and features.
    failures : sequence of Failure
        Sound files that could not be read.
    left_out : mapping of str to int
        Number of files in folders that are not audio, by suffix.
    remarks : sequence of str
        Remarks on the extraction, such as annotations that were left out.
    """

    table: FeatureTable
    failures: Sequence[Failure] = ()
    left_out: Mapping[str, int] = MappingProxyType({})
    remarks: Sequence[str] = ()


class SoundOptions(NamedTuple):
    """How sound files become a table; see `featkit.extract`.

    Attributes
    ----------
    labels, name_pattern, manifest, where, annotations, tier, annotation_label, background
        Sources of the labels and of other columns.
    output : path or None
        The table to write.
    progress : callable or None
        Receives a `Progress` as files are finished.
    """

    labels: str | None = None
    name_pattern: str | None = None
    manifest: Path | None = None
    where: Mapping[str, str | Sequence[str]] | None = None
    annotations: Path | Sequence[Path] | None = None
    tier: str | None = None
    annotation_label: str | None = None
    background: str | None = None
    output: Path | None = None
    progress: ProgressCallback | None = None

    @property
    def given(self) -> list[str]:
        """Names of the options that only sound files can have."""
        options = {**self.corpus, "extracted": self.output}
        return [name for name, value in options.items() if value]

    @property
    def corpus(self) -> dict[str, Any]:
        """The options that select and label recordings."""
        options = self._asdict()
        return {name: options[name] for name in options if name not in ("output", "progress")}


def named_models(models: Any, *, load: Callable[[Path], Model]) -> dict[str, Model]:
    """Return models by name, and load those that are files.

    Parameters
    ----------
    models : Model or path, sequence of these, or mapping of str to these
        Files are named like datasets, by their names without suffix; models in memory by their
        estimator.
    load : callable
        Reads a model file.

    Returns
    -------
    dict of str to Model

    Raises
    ------
    ParameterError
        If there is no model, something else is given, two have the same name, or a model does not
        predict classes.
    ModelError
        If a model cannot be read.
    """
    if isinstance(models, Mapping):
        named = {str(name): model for name, model in models.items()}
    else:
        named = {}
        for model in _listed(models, Model):
            name = model.name if isinstance(model, Model) else _file_name(model, "a model")
            if name in named:
                raise _same_name("models", name, named[name], model)
            named[name] = model
    if not named:
        raise ParameterError("no model is given")
    for name, model in named.items():
        if not isinstance(model, Model):
            if is_table(_path(model, "a model")):
                raise ParameterError(f"{shown(model)}: is a table, not a model (.fk)")
            named[name] = load(model)
    for name, model in named.items():
        if model.task != CLASSIFICATION:
            raise ParameterError(
                f"the model {name!r} predicts {', '.join(map(repr, model.classes))} and not one"
                " class for each row, so it cannot be evaluated in this way; `featkit report MODEL"
                " TABLE -o report.html` scores it on the new rows of a table"
            )
    return named


def read_datasets(
    inputs: Any,
    models: Mapping[str, Model],
    columns: DatasetColumns,
    sound: SoundOptions,
    *,
    executor: Executor,
) -> dict[str, Dataset]:
    """Read the tables of datasets, and extract the features of sound files.

    Parameters
    ----------
    inputs : table, path, sequence of these, or mapping of str to these; or None
        Tables, or sound: one folder, or files.
    models : mapping of str to Model
        Models by name. Sound is analysed as the first one needs it.
    columns : DatasetColumns
        Columns to keep besides the features.
    sound : SoundOptions
        How sound files become a table.
    executor : Executor
        Where sound is analysed.

    Returns
    -------
    dict of str to Dataset

    Raises
    ------
    ParameterError
        If nothing is given, two datasets have the same name or are the same file, or a model is
        given as a dataset.
    TableError, AudioError, ModelError
        If a table cannot be read, or features cannot be extracted.
    """
    tables, paths = _tables_and_sound(inputs)
    datasets = {}
    if paths or sound.manifest is not None:
        name = _sound_name(paths, sound)
        if name in tables:
            raise _same_name("datasets", name, tables[name], paths[0] if paths else sound.manifest)
        datasets[name] = _extracted(paths, models, sound, executor)
    elif sound.given:
        raise ParameterError(
            f"{' and '.join(sound.given)} cannot be used with tables, only with recordings"
        )
    for name, table in tables.items():
        datasets[name] = Dataset(read_table(table, models, columns))
    if not datasets:
        raise ParameterError("no dataset is given: give a table, or sound")
    return datasets


def with_group_file(
    datasets: Mapping[str, Dataset], columns: DatasetColumns
) -> tuple[dict[str, Dataset], DatasetColumns]:
    """Join the groups of a file to datasets, if a file is given instead of a column.

    Parameters
    ----------
    datasets : mapping of str to Dataset
        Datasets by name.
    columns : DatasetColumns
        Their columns; `group` may be the name of a file, unless a table has such a column.

    Returns
    -------
    datasets : dict of str to Dataset
        The same, or with the column ``group``.
    columns : DatasetColumns
        The same, or with this column as `group`.

    Raises
    ------
    TableError
        As for `featkit.table.group_files.with_groups`.
    """
    tables = [dataset.table for dataset in datasets.values()]
    present = {name for table in tables for name in (*table.keys, *table.feature_names)}
    if columns.group is None or not is_group_file(columns.group, present):
        return dict(datasets), columns
    joined = {
        name: dataset._replace(table=with_groups(dataset.table, columns.group))
        for name, dataset in datasets.items()
    }
    return joined, dataclasses.replace(columns, group=GROUP)


def with_dataset_sequences(
    datasets: Mapping[str, Dataset], sequences: Tables
) -> dict[str, Dataset]:
    """Join sequences to the rows of datasets.

    Parameters
    ----------
    datasets : mapping of str to Dataset
        Datasets by name.
    sequences : path, FeatureTable, sequence of paths or mapping
        See `featkit.models.training_tables.sequences_by_dataset`.

    Returns
    -------
    dict of str to Dataset

    Raises
    ------
    ParameterError, TableError
        As for `sequences_by_dataset`; and if a row has no sequences.
    """
    parts = sequences_by_dataset(list(datasets), sequences)
    return {
        name: dataset._replace(table=join_sequences(dataset.table, parts[name]))
        for name, dataset in datasets.items()
    }


def read_table(table: Table, models: Mapping[str, Model], columns: DatasetColumns) -> FeatureTable:
    """Read a table; only the columns of the models are features.

    Parameters
    ----------
    table : FeatureTable, pandas.DataFrame or path
        The table.
    models : mapping of str to Model
        Models by name.
    columns : DatasetColumns
        Columns to keep besides the features.

    Returns
    -------
    FeatureTable
    """
    if isinstance(table, FeatureTable):
        return table
    features = list(dict.fromkeys(name for model in models.values() for name in model.columns))
    named = [name for model in models.values() for name in model.trained.settings.key_columns]
    keys = [
        name for name in dict.fromkeys([DATASET, *named, *columns.names]) if name not in features
    ]
    if isinstance(table, str | os.PathLike):
        existing = column_names(table)
        return FeatureTable.read(table, [k for k in keys if k in existing], features=features)
    existing = [str(name) for name in table.columns]
    return FeatureTable.of(table, keys=[k for k in keys if k in existing], features=features)


def _tables_and_sound(inputs: Any) -> tuple[dict[str, Any], list[Path]]:
    """Tables by name, and paths of sound."""
    if inputs is None:
        return {}, []
    if isinstance(inputs, Mapping):
        for name, table in inputs.items():
            if isinstance(table, str | os.PathLike) and not is_table(table):
                raise ParameterError(f"{name}: {shown(table)} is not a table")
        return {str(name): table for name, table in inputs.items()}, []
    tables: dict[str, Any] = {}
    sound: list[Path] = []
    for number, own in enumerate(_listed(inputs, FeatureTable), start=1):
        if isinstance(own, Model):
            raise ParameterError("a model is given as a dataset: pass it with the models")
        if isinstance(own, str | os.PathLike) and not is_table(own):
            sound.append(own)
            continue
        in_memory = not isinstance(own, str | os.PathLike)
        if in_memory and not is_frame(own):
            raise ParameterError(
                f"a dataset is a FeatureTable, a DataFrame or a path, got a {type(own).__name__}"
            )
        name = f"table {number}" if in_memory else dataset_name(own)
        if name in tables:
            raise _same_name("datasets", name, tables[name], own)
        tables[name] = own
    return tables, sound


def _listed(values: Any, kind: type) -> list[Any]:
    """One thing, or several, as a list."""
    is_single = isinstance(values, kind | str | os.PathLike | Model) or hasattr(values, "columns")
    if not is_single and not isinstance(values, Iterable):
        raise ParameterError(
            f"a model, a table, a path or a sequence of these is needed, got {values!r}"
        )
    return [values] if is_single else list(values)


def _path(value: object, what: str) -> Path:
    if not isinstance(value, str | os.PathLike):
        raise ParameterError(f"{what} must be a Model or a path, got a {type(value).__name__}")
    return value


def _file_name(value: object, what: str) -> str:
    return dataset_name(_path(value, what))


def _same_name(kind: str, name: str, one: object, other: object) -> ParameterError:
    paths = [os.fspath(own) for own in (one, other) if isinstance(own, str | os.PathLike)]
    if len(paths) == 2 and is_same_file(*paths):
        return ParameterError(f"{shown(paths[1])}: is given twice")
    paths = [shown(path) for path in paths]
    where = f": {' and '.join(paths)}" if paths else ""
    return ParameterError(
        f"two {kind} are named {name!r}{where}; rename one, or in Python pass a dict of names"
    )


def _sound_name(paths: Sequence[Path], sound: SoundOptions) -> str:
    folders = [shown(path) for path in paths if is_folder(path)]
    if folders and len(paths) > 1:
        raise ParameterError(
            f"{folders[0]}: with several inputs of sound, it is unclear which are one dataset: give"
            " one folder, or sound files; or make a table of each dataset with `featkit extract`"
        )
    if paths and len(paths) == 1:
        return last_name(paths[0]) or SOUND
    if not paths and sound.manifest is not None:
        return dataset_name(os.fspath(sound.manifest).removeprefix("mirdata:"))
    return SOUND


def _extracted(
    paths: Sequence[Path], models: Mapping[str, Model], sound: SoundOptions, executor: Executor
) -> Dataset:
    """Extract features as the first model needs them; the others must need the same."""
    (first_name, first), *others = models.items()
    for name, model in others:
        if model.provenance.get("excerpt") != first.provenance.get("excerpt"):
            raise ParameterError(
                f"the models {first_name} and {name} need different parts of the recordings:"
                " evaluate them one by one"
            )
    extraction = first.extract(
        list(paths) or None,
        output=sound.output,
        **sound.corpus,
        cluster=executor,
        progress=sound.progress,
    )
    if not len(extraction.table) and extraction.failures:
        first_failure = extraction.failures[0]
        raise TableError(
            f"no recording could be read: {first_failure.path}: {first_failure.message}"
        )
    return Dataset(
        extraction.table, extraction.failures, extraction.left_out, tuple(extraction.remarks)
    )
