"""The fitted model, with the columns, units and classes that it needs, and its origin."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from featkit._utils.io import check_outputs, check_writable
from featkit._utils.typing import Array
from featkit.errors import ModelError, ParameterError
from featkit.models.predictions import Predictions
from featkit.models.predictor import Predictor
from featkit.models.probabilities import probabilities
from featkit.models.problem import row_datasets
from featkit.models.row_predictions import RowPredictions, row_unit
from featkit.models.serialization import to_dict
from featkit.models.sound_extractor import SoundExtractor
from featkit.models.table_check import check_columns, check_values, column_units
from featkit.models.training_tables import read_tables
from featkit.table.feature_table import FeatureTable
from featkit.table.table_files import failures_file, is_table

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

    from featkit.models.score_types import Evaluation
    from featkit.models.training_metadata import TrainingMetadata
    from featkit.models.training_tables import Tables

    Path = str | os.PathLike[str]

PER = ("recording", "segment")
"""Units that can be predicted."""


@dataclass(frozen=True, eq=False)
class Model:
    """A fitted model, which predicts from tables and sound; see `featkit.train`, `load_model`.

    Scores and training metadata exist twice: as typed objects, `evaluation` and
    `training_metadata`, which featkit itself reads, and as plain data, `scores` and `training`,
    with the keys of the JSON files. The plain data are made when they are first used.

    Attributes
    ----------
    pipeline : sklearn.pipeline.Pipeline
        The fitted pipeline.
    name : str
        Name of the estimator.
    classes : list of str
        In the order of the probabilities.
    columns : list of str
        Feature columns, in the order of the pipeline.
    provenance : mapping
        Origin of the features: feature set, units, versions.
    training_metadata : TrainingMetadata or None
        How the model was trained; None if `featkit.train` did not.
    evaluation : Evaluation or None
        Scores on rows that the model was not trained on; None if there are none.
    sound : SoundExtractor or None
        Extraction of features from sound; None if the model takes tables only.
    """

    pipeline: Pipeline
    name: str
    classes: list[str]
    columns: list[str]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    training_metadata: TrainingMetadata | None = None
    evaluation: Evaluation | None = None
    sound: SoundExtractor | None = field(default=None, repr=False)

    @cached_property
    def training(self) -> dict[str, Any]:
        """The training metadata as plain data: settings, candidate, rows, versions and more."""
        return {} if self.training_metadata is None else to_dict(self.training_metadata)

    @cached_property
    def scores(self) -> dict[str, Any]:
        """The scores as plain data, with the keys of ``featkit train --scores``."""
        return {} if self.evaluation is None else to_dict(self.evaluation)

    @property
    def trained(self) -> TrainingMetadata:
        """The training metadata, for operations that need them.

        Raises
        ------
        ModelError
            If there are none.
        """
        if self.training_metadata is None:
            raise ModelError("the model has no training metadata: train it again")
        return self.training_metadata

    @property
    def units(self) -> dict[str, str]:
        """The unit of each column that has one in the provenance."""
        return column_units(self.provenance)

    @property
    def feature_set(self) -> Any:
        """The `FeatureSet` of the table that the model was trained on.

        Raises
        ------
        ModelError
            If that table does not record it, or this version of featkit computes it differently.
        """
        return self._sound().feature_set(self.provenance)

    def _sound(self) -> SoundExtractor:
        if self.sound is None:
            raise ModelError(
                "this model predicts from tables only: save it, and read it with load_model"
            )
        return self.sound

    def predict(
        self,
        inputs: FeatureTable | pd.DataFrame | Path | Sequence[Path] | None = None,
        *,
        per: Literal["recording", "segment"] | None = None,
        output: Path | None = None,
        fresh: bool = False,
        manifest: Path | None = None,
        where: Mapping[str, str | Sequence[str]] | None = None,
        annotations: Path | Sequence[Path] | None = None,
        tier: str | None = None,
        annotation_label: str | None = None,
        background: str | None = None,
        timeout: float | None = None,
        n_jobs: int | None = 1,
        progress: Callable[[Any], None] | None = None,
    ) -> Predictions:
        """Predict the classes of sound files, or of the rows of a table.

        Parameters
        ----------
        inputs : FeatureTable, pandas.DataFrame, path or sequence of paths
            A table or its file (``.parquet``, ``.csv``); or sound files and folders of them, which
            are analysed like the training data, with the same segments. With a manifest: empty, or
            the folder that its paths are relative to.
        per : {"recording", "segment"}, optional
            Whether segments of one recording are combined, by the mean of their log probabilities.
            By default, they are, unless they are annotated intervals.
        output : path, optional
            The CSV file to write. Failures are listed in ``<output>.failures.csv``. The features of
            sound files are stored in the checkpoint ``<output>.parts`` as in `featkit.extract`, so
            that another call resumes after an interruption; it may use another model with the same
            feature set and excerpt. Predictions are computed and written in blocks, so that memory
            does not grow with the number of recordings.
        fresh : bool
            Whether to discard earlier results.
        manifest, where, annotations, tier, annotation_label, background, timeout
            As for `featkit.extract`; for sound only.
        n_jobs : int, optional
            Worker processes; None for one for each processor.
        progress : callable, optional
            Called with a `Progress` as files are finished.

        Returns
        -------
        Predictions
            ``.data`` with ``path`` (and ``start``, ``end``), ``predicted``, its ``probability``,
            and ``p_<class>`` of each class; ``.failures``. If the model was trained on several
            datasets and the table names them, ``dataset`` comes first.

        Raises
        ------
        TableError
            If the table lacks a column of the model, or has it in another unit or definition.
        ModelError
            If the model cannot be used on sound, or has no training metadata.
        ParameterError
            If `inputs` or another parameter is invalid, or the checkpoint was made with other
            settings.
        WriteError
            If `output` or the checkpoint cannot be written, or another process is writing it.
        """
        if per not in (None, *PER):
            raise ParameterError(f"per must be one of {', '.join(PER)}, got {per!r}")
        table, paths = _table_or_sound(() if inputs is None and manifest is not None else inputs)
        if output is not None:
            files_read = [os.fspath(table)] if isinstance(table, str | os.PathLike) else []
            check_outputs({os.fspath(output): ".csv"}, inputs=files_read)
            check_writable(failures_file(output))
        predictor = Predictor(self, per, output)
        corpus = {
            "manifest": manifest,
            "where": where,
            "annotations": annotations,
            "tier": tier,
            "annotation_label": annotation_label,
            "background": background,
        }
        if table is not None:
            sound_only = {**corpus, "timeout": timeout}
            if given := [name for name, value in sound_only.items() if value not in (None, {})]:
                raise ParameterError(
                    f"{' and '.join(given)} cannot be used with a table, only with sound"
                )
            return predictor.predict_table(self.read(table))
        batch = self._sound().process(
            self.provenance,
            paths,
            predictor,
            output=output,
            fresh=fresh,
            corpus=corpus,
            timeout=timeout,
            n_jobs=n_jobs,
            progress=progress,
        )
        return predictor.predictions(batch)

    def read(self, tables: Tables) -> FeatureTable:
        """Read one or several tables; only the columns of the model are features.

        Several tables are joined, with the column ``dataset``. If the model was trained with a
        label map, labels are mapped: a label that the map drops becomes "", and a label that it
        does not name is unchanged. Labels that are mapped already are unchanged, too.

        Parameters
        ----------
        tables : FeatureTable, pandas.DataFrame, path, sequence of paths, or mapping
            A table or its file (``.parquet``, ``.csv``); several files, whose names without suffix
            are the names of the datasets; or a mapping of dataset names to tables. Other columns
            may hold anything.

        Returns
        -------
        FeatureTable

        Raises
        ------
        TableError
            If there is no such file, it is not a table, a cell of the model's columns is not a
            number, or the tables do not fit together.
        ParameterError
            If two files have the same name.
        ModelError
            If the model has no training metadata.
        """
        if isinstance(tables, FeatureTable) and self.training_metadata is None:
            return tables
        return read_tables(tables, self.trained.settings, self.columns, self.classes)

    def extract(
        self,
        inputs: Path | Sequence[Path] | None = None,
        *,
        output: Path | None = None,
        fresh: bool = False,
        labels: str | None = None,
        name_pattern: str | None = None,
        manifest: Path | None = None,
        where: Mapping[str, str | Sequence[str]] | None = None,
        annotations: Path | Sequence[Path] | None = None,
        tier: str | None = None,
        annotation_label: str | None = None,
        background: str | None = None,
        timeout: float | None = None,
        n_jobs: int | None = 1,
        progress: Callable[[Any], None] | None = None,
    ) -> Any:
        """Extract the features of the model from sound files and folders of them.

        Parameters
        ----------
        inputs : path or sequence of paths
            Sound files and folders. With a manifest: empty, or the folder that its paths are
            relative to.
        output, fresh, labels, name_pattern, manifest, where, timeout
            As for `featkit.extract`.
        annotations, tier, annotation_label, background
            As for `featkit.extract`.
        n_jobs : int, optional
            Worker processes; None for one for each processor.
        progress : callable, optional
            Called with a `Progress` as files are finished.

        Returns
        -------
        Extraction
            See `featkit.extract`.

        Raises
        ------
        ModelError
            If the model cannot be used on sound.
        ParameterError, TableError, WriteError
            As for `featkit.extract`.
        """
        return self._sound().extract(
            self.provenance,
            inputs,
            output=output,
            fresh=fresh,
            corpus={
                "labels": labels,
                "name_pattern": name_pattern,
                "manifest": manifest,
                "where": where,
                "annotations": annotations,
                "tier": tier,
                "annotation_label": annotation_label,
                "background": background,
            },
            timeout=timeout,
            n_jobs=n_jobs,
            progress=progress,
        )

    def save(self, path: Path) -> None:
        """Write the model to a file, atomically; `load_model` reads it.

        Parameters
        ----------
        path : path
            The file, usually with the extension ``.fk``.

        Raises
        ------
        ModelError
            If the model is larger than a model file can be.
        WriteError
            If the file cannot be written.
        """
        # Imported here because model_file imports this module.
        from featkit.models.model_file import write_model

        write_model(self, path)

    def probabilities(self, table: FeatureTable) -> Array:
        """Compute the probability of each class for each row.

        Parameters
        ----------
        table : FeatureTable
            With the columns of the model.

        Returns
        -------
        array of float64, shape ``(rows, classes)``

        Raises
        ------
        TableError
            If the table lacks a column, has it in another unit, or has another feature set.
        """
        self.check(table)
        return probabilities(self.pipeline, table.matrix(self.columns), self.classes)

    def predict_table(self, table: FeatureTable, *, per: str | None = None) -> pd.DataFrame:
        """Predict the classes of recordings, or of each of their segments.

        Parameters
        ----------
        table : FeatureTable
            With the columns of the model.
        per : {"recording", "segment"}, optional
            As for `predict`.

        Returns
        -------
        pandas.DataFrame
            ``path`` (and ``start``, ``end`` of a segment), ``predicted``, ``probability`` of that
            class, and the probability of each class, called ``p_<class>``. Where the table has no
            such keys, ``row``: the number of the row in it, counted from 1.

        Raises
        ------
        TableError
            As for `probabilities`.
        """
        import pandas as pd

        datasets = self.datasets_of(table)
        rows = RowPredictions.of(table, self.probabilities(table), datasets=datasets)
        return pd.DataFrame(rows.predictions(self.classes, row_unit(per, table)))

    def datasets_of(self, table: FeatureTable) -> Array | None:
        """Return the dataset of each row, if the model was trained on several.

        Parameters
        ----------
        table : FeatureTable
            The table.

        Returns
        -------
        array of str, shape ``(rows,)``, or None
            None also if the table has no column ``dataset``.
        """
        training = self.training_metadata
        return None if training is None else row_datasets(table, training.settings)

    def check(self, table: FeatureTable) -> None:
        """Check that the columns of a table mean the same as those of the training data.

        Parameters
        ----------
        table : FeatureTable
            The table.

        Raises
        ------
        TableError
            If the table lacks a column, has it in another unit, has another feature set, or holds
            infinite values.
        """
        check_columns(table, self.columns, self.provenance)
        check_values(table, self.columns)


def _table_or_sound(inputs: Any) -> tuple[Any, list[Path]]:
    """The table among the inputs of a prediction, or the paths of sound files."""
    pandas = sys.modules.get("pandas")  # a DataFrame exists only where it was imported
    if isinstance(inputs, FeatureTable) or (pandas and isinstance(inputs, pandas.DataFrame)):
        return inputs, []
    several = isinstance(inputs, Iterable) and not isinstance(inputs, str | os.PathLike)
    paths = list(inputs) if several else [inputs]
    for path in paths:
        if not isinstance(path, str | os.PathLike):
            raise ParameterError(
                "a model predicts from a FeatureTable, a DataFrame, a path or a sequence of paths,"
                f" got a {type(path).__name__}"
            )
    if not any(map(is_table, paths)):
        return None, paths
    if len(paths) > 1:
        raise ParameterError("give one table alone, or sound files")
    return paths[0], []
