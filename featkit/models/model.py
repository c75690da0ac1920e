"""The fitted model, with the columns, units and classes that it needs, and its origin."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Literal

from featkit._utils.lazy import cached_property
from featkit._utils.overview import Overview, Overviewed
from featkit._utils.progress import ProgressOption, reporting
from featkit._utils.typing import Array
from featkit.errors import ModelError, ParameterError
from featkit.executors.opening import open_executor
from featkit.models.calibration import Calibrator
from featkit.models.class_priors import resolve_prior
from featkit.models.estimator import SEQUENCES
from featkit.models.label_decision import LabelDecision
from featkit.models.novelty import Novelty
from featkit.models.predicted_inputs import predicted_inputs
from featkit.models.prediction_sets import PredictionSets
from featkit.models.predictions import Predictions
from featkit.models.predictor import Predictor
from featkit.models.problem import row_datasets
from featkit.models.row_groups import NO_GROUPS, RowGroups, check_known, row_groups
from featkit.models.row_predictions import RowPredictions, row_unit
from featkit.models.serialization import to_dict
from featkit.models.sound_extractor import SoundExtractor
from featkit.models.table_check import (
    check_columns,
    check_sequences,
    check_values,
    column_units,
)
from featkit.models.task import CLASSIFICATION, TASKS
from featkit.models.training_tables import read_tables, with_sequences
from featkit.models.uncertainty import Uncertainty
from featkit.storage.writing import check_outputs, check_writable
from featkit.table.feature_table import FeatureTable
from featkit.table.group_files import with_groups
from featkit.table.name_stems import group_column
from featkit.table.table_files import failures_file

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike
    from sklearn.pipeline import Pipeline

    from featkit.models.array_predictor import ArrayPredictor
    from featkit.models.group_normalization import GroupNormalization
    from featkit.models.onnx_export.export import OnnxExport
    from featkit.models.score_types import Evaluation
    from featkit.models.training_metadata import TrainingMetadata
    from featkit.models.training_tables import Tables
    from featkit.table.sequences.sequences import Sequences

    Path = str | os.PathLike[str]
    Recording = tuple[ArrayLike, float] | IO[bytes]
    Inputs = FeatureTable | pd.DataFrame | Path | Sequence[Path] | Recording | Sequence[Recording]

PER = ("recording", "segment")
"""Units that can be predicted."""


@dataclass(frozen=True, eq=False, repr=False)
class Model(Overviewed):
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
        The outputs of the model: its classes, in the order of the probabilities; or the column that
        a regression predicts.
    columns : list of str
        Feature columns, in the order of the pipeline; none if the model is a network.
    provenance : mapping
        Origin of the features, or of the sequences: feature set or sequence set, units, versions.
    training_metadata : TrainingMetadata or None
        How the model was trained; None if `featkit.train` did not.
    evaluation : Evaluation or None
        Scores on rows that the model was not trained on; None if there are none.
    sound : SoundExtractor or None
        Extraction of features from sound; None if the model takes tables only.
    normalization : GroupNormalization or None
        Normalisation of the columns within groups, which precedes the pipeline; None without it.
    calibrator : Calibrator or None
        Calibration of the probabilities; None without calibration.
    sets : PredictionSets or None
        Thresholds of prediction sets and abstention; None if nothing was fitted on inner folds.
    novelty : Novelty or None
        Distance to the training data; None in models of earlier versions.
    task : str
        Name of the task, one of `featkit.models.task.TASKS`.
    decision : LabelDecision or None
        The thresholds of labels, if the model predicts several.
    """

    pipeline: Pipeline
    name: str
    classes: list[str]
    columns: list[str]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    training_metadata: TrainingMetadata | None = None
    evaluation: Evaluation | None = None
    sound: SoundExtractor | None = field(default=None, repr=False)
    normalization: GroupNormalization | None = field(default=None, repr=False)
    calibrator: Calibrator | None = None
    sets: PredictionSets | None = None
    novelty: Novelty | None = field(default=None, repr=False)
    task: str = CLASSIFICATION
    decision: LabelDecision | None = None

    def _overview(self) -> Overview:
        from featkit.models._overviews import model_overview

        return model_overview(self)

    def __getstate__(self) -> dict[str, Any]:
        """Copies prepare themselves for arrays again: locks cannot be copied."""
        return {name: value for name, value in vars(self).items() if name != "_array_predictor"}

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

    @cached_property
    def costs(self) -> Array | None:
        """Cost of predicting the class of a column for a row of the class of a row.

        None without a cost matrix: the most probable class is predicted. An array of float64,
        ``(classes, classes)``, in the order of `classes`; see `featkit.models.decisions`.
        """
        training = self.training_metadata
        matrix = None if training is None else training.settings.costs
        return None if matrix is None else matrix.of(self.classes)

    @cached_property
    def reads_sequences(self) -> bool:
        """Whether the model is a network, which reads sequences instead of columns."""
        return TASKS[self.task].estimators[self.name].inputs == SEQUENCES

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
        inputs: Inputs | None = None,
        *,
        per: Literal["recording", "segment"] | None = None,
        class_prior: str | os.PathLike[str] | Mapping[str, float] | None = None,
        output: Path | None = None,
        fresh: bool = False,
        manifest: Path | None = None,
        where: Mapping[str, str | Sequence[str]] | None = None,
        annotations: Path | Sequence[Path] | None = None,
        tier: str | None = None,
        annotation_label: str | None = None,
        background: str | None = None,
        timeout: float | None = None,
        coverage: float | None = None,
        accuracy: float | None = None,
        novelty: bool = False,
        group_from: str | None = None,
        sequences: Tables | None = None,
        n_jobs: int | None = 1,
        cluster: Any = None,
        progress: ProgressOption = None,
    ) -> Predictions:
        """Predict the classes, or numbers, of sound files or of the rows of a table.

        Parameters
        ----------
        inputs : FeatureTable, pandas.DataFrame, path, recording, or sequence of paths or recordings
            A table (also one of polars or Arrow) or its file (``.parquet``, ``.csv``); or sound
            files and folders of them, which are analysed like the training data, with the same
            segments. With a manifest: empty, or the folder that its paths are relative to.
            A recording in memory is a pair ``(y, sr)`` of samples, ``(samples,)`` or ``(channels,
            samples)``, and sample rate in Hz; or a binary file object with a whole sound file, such
            as `io.BytesIO`. Its ``path`` is the name of the file object, or ``clip 0``, ``file 1``
            and so on, by its place in the list. `predict_arrays` is faster for single clips.
        per : {"recording", "segment"}, optional
            Whether segments of one recording are combined: by the mean of their log probabilities,
            or of their numbers. By default, they are, unless they are annotated intervals.
        class_prior : {"balanced", "training"}, path or mapping of str to float, optional
            How common each class is where the recordings come from: all classes equally, as in the
            training rows, or shares in a CSV or TOML file or a mapping. Probabilities are changed
            accordingly; see `featkit.models.class_priors`. By default, they are those of the model.
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
        coverage : float, optional
            Adds the columns ``prediction_set``, a JSON list of classes that contains the true one
            with this probability, and ``abstain``, True unless the set has exactly one class. See
            `featkit.models.prediction_sets` for what holds.
        accuracy : float, optional
            Adds the column ``abstain``, True where the probability is below the threshold above
            which this share of the predictions was correct in the inner folds.
        novelty : bool
            Whether to add the column ``novelty``: the share of the training rows of unseen groups
            that are nearer to the training data; see `featkit.models.novelty`.
        group_from : str, optional
            For a model that normalises columns within groups (``train(normalize_by=...)``): which
            rows belong together. A column of the table or the manifest; a part of a name, such as
            ``"stem(path, 1)"``; ``"folder"``, the folder that contains a file (``"folder:2"`` for
            the one above, and so on); or a pattern of names, such as ``"{speaker}-{take}"``. By
            default the column of the training, if there is one. The features of all recordings are
            then held in memory, since a prediction depends on the other rows of its group.
        sequences : path, FeatureTable, sequence of paths or mapping, optional
            For a network and a table without sequences: as for `featkit.train`. A folder that
            `featkit.sequences` wrote may also be the `inputs`.
        n_jobs : int or None
            Number of worker processes; -1 or None for one per processor.
        cluster : str, path or distributed.Client, optional
            A Dask cluster to use instead of local processes, as for `featkit.extract`.
        progress : callable, bool or None
            Receives a `featkit.Progress` as files are finished; True shows a bar, False nothing,
            and None a bar in notebooks.

        Returns
        -------
        Predictions
            ``.data`` with ``path`` (and ``start``, ``end``), ``predicted``, its ``probability``,
            and ``p_<class>`` of each class; ``.failures``. A regression has ``predicted`` only, the
            predicted number. If the model was trained on several
            datasets and the table names them, ``dataset`` comes first.

        Raises
        ------
        TableError
            If the table lacks a column of the model, or has it in another unit or definition.
        ModelError
            If the model cannot be used on sound, has no training metadata, does not know which rows
            belong together, or lacks what `coverage`, `accuracy` or `novelty` need.
        ParameterError
            If `inputs` or another parameter is invalid, the checkpoint was made with other
            settings, or the cluster cannot be reached.
        WriteError
            If `output` or the checkpoint cannot be written, or another process is writing it.
        """
        if per not in (None, *PER):
            raise ParameterError(f"per must be one of {', '.join(PER)}, got {per!r}")
        if not TASKS[self.task].has_classes and (coverage is not None or accuracy is not None):
            raise ParameterError("coverage and accuracy need a model that predicts classes")
        if novelty and self.reads_sequences:
            raise ModelError(
                "novelty: distances to the training data are of columns, which networks do not use"
            )
        uncertainty = Uncertainty.of(
            self.sets, self.novelty, coverage=coverage, accuracy=accuracy, novelty=novelty
        )
        if class_prior is not None and (coverage is not None or accuracy is not None):
            raise ParameterError(
                "coverage and accuracy hold for the class shares of the training data: leave"
                " class_prior out"
            )
        table, paths, recordings = predicted_inputs(
            () if inputs is None and manifest is not None else inputs
        )
        if output is not None:
            named = [table, class_prior]
            files_read = [os.fspath(one) for one in named if isinstance(one, str | os.PathLike)]
            check_outputs({os.fspath(output): ".csv"}, inputs=files_read)
            check_writable(failures_file(output))
        prior = None if class_prior is None else resolve_prior(self, class_prior)
        predictor = Predictor(self, per, output, prior, uncertainty, group_from)
        corpus = {
            "manifest": manifest,
            "where": where,
            "annotations": annotations,
            "tier": tier,
            "annotation_label": annotation_label,
            "background": background,
        }
        if table is not None or recordings:
            files_only = {**corpus, "timeout": timeout, "cluster": cluster}
            if given := [name for name, value in files_only.items() if value not in (None, {})]:
                other, own = ("a table", "sound") if recordings == () else ("memory", "files")
                raise ParameterError(
                    f"{' and '.join(given)} cannot be used with {other}, only with {own}"
                )
        if table is not None:
            return predictor.predict_table(
                self.read(table, group_from=group_from, sequences=sequences)
            )
        if sequences is not None:
            raise ParameterError(
                "sequences belong to the rows of a table; those of sound files are computed"
            )
        if recordings:
            rows, failures = self._sound().clip_analyser(self.provenance).recordings(recordings)
            return predictor.predict_recordings(rows, failures, len(recordings))
        sound = self._sound()
        with open_executor(n_jobs, cluster) as executor, reporting(progress) as report:
            batch = sound.process(
                self.provenance,
                paths,
                predictor,
                output=output,
                fresh=fresh,
                corpus={**corpus, **predictor.group_fields(has_manifest=manifest is not None)},
                executor=executor,
                timeout=timeout,
                progress=report,
            )
        return predictor.predictions(batch)

    @cached_property
    def _array_predictor(self) -> ArrayPredictor:
        from featkit.models.array_predictor import ArrayPredictor

        return ArrayPredictor(self, self._sound().clip_analyser(self.provenance))

    def predict_arrays(
        self,
        y: ArrayLike | Sequence[ArrayLike],
        sr: float,
        *,
        class_prior: str | os.PathLike[str] | Mapping[str, float] | None = None,
    ) -> Array:
        """Predict clips in memory, with little overhead.

        The numbers are those of `predict` for files with these samples, to the bit: clips are
        mixed, resampled and cut into an excerpt and segments as the training data were, and the
        predictions of segments are combined. The first call prepares the model. Several threads may
        call the method at the same time; their clips are then analysed together, which takes less
        time than one after the other.

        Parameters
        ----------
        y : array, or sequence of arrays
            One clip, ``(samples,)``; or several, as the rows of a matrix, ``(clips, samples)``, or
            a list of arrays of any lengths. An array in a list may have channels, ``(channels,
            samples)``. Floating-point samples have full scale 1; integers are scaled by their type.
        sr : float
            Sample rate of all clips in Hz.
        class_prior : {"balanced", "training"}, path or mapping of str to float, optional
            As for `predict`.

        Returns
        -------
        array of float64, shape ``(outputs,)`` for one clip, or ``(clips, outputs)``
            The probability of each class, in the order of `classes`; of a regression, the number.

        Raises
        ------
        AudioError
            If a clip has no samples, samples that are not finite, or too few for a segment; if the
            sample rate is out of range; or if no feature of a clip is defined.
        ModelError
            If the model predicts from tables only, or normalises columns within groups.
        ParameterError
            If `y` is not an array or a list of arrays, or `class_prior` is invalid.

        Examples
        --------
        >>> import featkit
        >>> model = featkit.load_model("genre.fk")  # doctest: +SKIP
        >>> y, sr = featkit.load("song.wav")  # doctest: +SKIP
        >>> dict(zip(model.classes, model.predict_arrays(y, sr)))  # doctest: +SKIP
        {'jazz': 0.93, 'rock': 0.07}
        """
        return self._array_predictor.predict(y, sr, class_prior)

    def read(
        self,
        tables: Tables,
        *,
        group_from: str | None = None,
        groups: Path | None = None,
        sequences: Tables | None = None,
    ) -> FeatureTable:
        """Read one or several tables; only the columns of the model are features.

        Several tables are joined, with the column ``dataset``. If the model was trained with a
        label map, labels are mapped: a label that the map drops becomes "", and a label that it
        does not name is unchanged. Labels that are mapped already are unchanged, too.

        Parameters
        ----------
        tables : FeatureTable, DataFrame, path, sequence of paths, or mapping
            A table or its file (``.parquet``, ``.csv``); several files, whose names without suffix
            are the names of the datasets; or a mapping of dataset names to tables. Other columns
            may hold anything.
        group_from : str, optional
            As for `predict`; a column that it names is kept.
        groups : path, optional
            File of groups, which are joined to each table as the column ``group``. A model that was
            trained with such a file recognises its training rows only with their groups.
        sequences : path, FeatureTable, sequence of paths or mapping, optional
            Sequences that are joined to the rows, for a network; as for `featkit.train`.

        Returns
        -------
        FeatureTable

        Raises
        ------
        TableError
            If there is no such file, it is not a table, a cell of the model's columns is not a
            number, the tables do not fit together, or a recording has no group in the file.
        ParameterError
            If two files have the same name.
        ModelError
            If the model has no training metadata.
        """
        if isinstance(tables, FeatureTable) and self.training_metadata is None:
            table = tables if groups is None else with_groups(tables, groups)
            return with_sequences(table, [""], sequences)
        kept = [] if group_from is None else [group_column(group_from)]
        return read_tables(
            tables,
            self.trained.settings,
            self.columns,
            self.classes,
            keep=kept,
            groups=groups,
            sequences=sequences,
        )

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
        cluster: Any = None,
        progress: ProgressOption = None,
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
        n_jobs : int or None
            Number of worker processes; -1 or None for one per processor.
        cluster : str, path or distributed.Client, optional
            A Dask cluster to use instead of local processes, as for `featkit.extract`.
        progress : callable, bool or None
            Receives a `featkit.Progress` as files are finished; True shows a bar, False nothing,
            and None a bar in notebooks.

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
        corpus = {
            "labels": labels,
            "name_pattern": name_pattern,
            "manifest": manifest,
            "where": where,
            "annotations": annotations,
            "tier": tier,
            "annotation_label": annotation_label,
            "background": background,
        }
        sound = self._sound()
        with open_executor(n_jobs, cluster) as executor, reporting(progress) as report:
            return sound.extract(
                self.provenance,
                inputs,
                output=output,
                fresh=fresh,
                corpus=corpus,
                executor=executor,
                timeout=timeout,
                progress=report,
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

    def export_onnx(self, path: Path, *, normalized: bool = False) -> OnnxExport:
        """Write the model to an ONNX file, and check that onnxruntime gives the same predictions.

        The file holds all steps from the columns to the prediction. It takes one tensor,
        ``features``, float64, ``(rows, columns)``, with NaN where a value is missing, and returns
        ``probabilities`` and ``label``; ``probabilities`` and ``present`` for several labels; or
        ``prediction`` for a number. Test rows with their predictions are written to
        ``<path>.test.json``; `featkit.check_onnx` compares them again.

        Parameters
        ----------
        path : path
            The file, with the extension ``.onnx``.
        normalized : bool
            For a model that normalises columns within groups: whether to export the part after the
            normalisation, so that the input is normalised rows.

        Returns
        -------
        OnnxExport
            With the largest difference on the test rows.

        Raises
        ------
        ModelError
            If the model cannot be exported, is too large, or onnxruntime gives other numbers;
            nothing is written then.
        ParameterError
            If a package is missing, or the extension is another one.
        WriteError
            If a file cannot be written.
        """
        # Imported here because it imports this module, and the package of an extra.
        from featkit.models.onnx_export.export import export_onnx

        return export_onnx(self, path, normalized=normalized)

    def groups_of(self, table: FeatureTable, group_from: str | None = None) -> RowGroups | None:
        """Return the group of each row, within which columns are normalised.

        Parameters
        ----------
        table : FeatureTable
            The rows that are predicted together.
        group_from : str, optional
            As for `predict`.

        Returns
        -------
        RowGroups or None
            None if the model does not normalise columns within groups.

        Raises
        ------
        ModelError
            If it does, and it is unknown which rows belong together.
        ParameterError
            If `group_from` does not exist, does not match, or has no use.
        """
        if self.normalization is not None:
            return row_groups(table, self.normalization, group_from, self.datasets_of(table))
        if group_from is not None:
            raise ParameterError(NO_GROUPS)
        return None

    def normalized(self, X: Array, groups: RowGroups | None) -> Array:
        """Normalise rows within their groups, if the model does.

        Parameters
        ----------
        X : array of float64, shape ``(rows, columns)``
            Columns of the model.
        groups : RowGroups or None
            Groups of the rows, as `groups_of` returns them.

        Returns
        -------
        array of float64, shape ``(rows, columns)``
        """
        if self.normalization is None or groups is None:
            return X
        return self.normalization.apply(X, groups.names)

    def values(self, table: FeatureTable) -> Any:
        """Return the values that the model reads of a table, before normalisation within groups.

        Parameters
        ----------
        table : FeatureTable
            With the columns of the model, or sequences.

        Returns
        -------
        array of float64, shape ``(rows, columns)``, or Sequences
            Of the kinds that a network reads.

        Raises
        ------
        TableError
            If the table has no sequences, or those of another set, and a network needs them.
        """
        if not self.reads_sequences:
            return table.matrix(self.columns)
        sequences = check_sequences(table, self.provenance)
        kinds = getattr(self.pipeline.named_steps["model"], "kinds_", {}).values()
        if not {*kinds} <= {*sequences.kinds}:  # the network says what it needs
            return sequences
        return sequences.only(list(kinds)) if kinds else sequences

    def inputs(self, table: FeatureTable, *, group_from: str | None = None) -> Any:
        """Return the matrix that the pipeline sees, or the sequences that a network reads.

        Parameters
        ----------
        table : FeatureTable
            The rows that are predicted together, with the columns of the model, or sequences.
        group_from : str, optional
            As for `predict`.

        Returns
        -------
        array of float64, shape ``(rows, columns)``, or Sequences
            The columns of the model, normalised within groups if the model does so.

        Raises
        ------
        ModelError, ParameterError
            As for `groups_of`.
        TableError
            If the group of a row is missing, or the table has no sequences and a network needs
            them.
        """
        groups = self.groups_of(table, group_from)
        if groups is not None:
            check_known(table, groups)
        values = self.values(table)
        return values if self.reads_sequences else self.normalized(values, groups)

    def probabilities(self, table: FeatureTable, *, group_from: str | None = None) -> Array:
        """Compute the probability of each class for each row, or the number that is predicted.

        Parameters
        ----------
        table : FeatureTable
            With the columns of the model.
        group_from : str, optional
            As for `predict`.

        Returns
        -------
        array of float64, shape ``(rows, outputs)``

        Raises
        ------
        TableError
            If the table lacks a column, has it in another unit, or has another feature set; or if
            the group of a row is missing.
        ModelError, ParameterError
            As for `groups_of`.
        """
        self.check(table)
        return self.row_probabilities(self.inputs(table, group_from=group_from))

    def row_probabilities(self, X: Array | Sequences) -> Array:
        """Compute the predictions for the rows of an array, such as calibrated probabilities.

        Parameters
        ----------
        X : array of float64, shape ``(rows, columns)``, or Sequences
            What the pipeline sees; see `inputs`.

        Returns
        -------
        array of float64, shape ``(rows, outputs)``
            Probabilities of the classes, or predicted numbers.
        """
        P = TASKS[self.task].predict(self.pipeline, X, self.classes)
        return P if self.calibrator is None else self.calibrator.apply(P)

    def predict_table(
        self, table: FeatureTable, *, per: str | None = None, group_from: str | None = None
    ) -> pd.DataFrame:
        """Predict the classes of recordings, or of each of their segments.

        Parameters
        ----------
        table : FeatureTable
            With the columns of the model.
        per : {"recording", "segment"}, optional
            Whether segments of one recording are combined, by the mean of their log probabilities.
            By default, they are, unless they are annotated intervals.
        group_from : str, optional
            As for `predict`.

        Returns
        -------
        pandas.DataFrame
            ``path`` (and ``start``, ``end`` of a segment), ``predicted``, ``probability`` of that
            class, and the probability of each class, called ``p_<class>``. Where the table has no
            such keys, ``row``: the number of the row in it, counted from 1.

        Raises
        ------
        TableError, ModelError, ParameterError
            As for `probabilities`.
        """
        import pandas as pd

        datasets = self.datasets_of(table)
        P = self.probabilities(table, group_from=group_from)
        rows = RowPredictions.of(table, P, datasets=datasets)
        columns = rows.predictions(
            self.classes,
            row_unit(per, table),
            self.task,
            costs=self.costs,
            decision=self.decision,
        )
        return pd.DataFrame(columns)

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
        """Check that columns or sequences of a table mean the same as those of the training data.

        Parameters
        ----------
        table : FeatureTable
            The table.

        Raises
        ------
        TableError
            If the table lacks a column, has it in another unit, has another feature set, or holds
            infinite values; or if the model is a network, and the table has no sequences, or those
            of another set.
        """
        self.check_schema(table)
        check_values(table, self.columns)

    def check_schema(self, table: FeatureTable) -> None:
        """Check columns or sequences of a table, but not their values.

        Parameters
        ----------
        table : FeatureTable
            The table.

        Raises
        ------
        TableError
            As for `check`.
        """
        if self.reads_sequences:
            check_sequences(table, self.provenance)
        else:
            check_columns(table, self.columns, self.provenance)
