"""The fitted model, with the columns, units and classes that it needs, and its origin."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ModelError, ParameterError, TableError
from featkit.models.predictions import Predictions, empty_columns, empty_rows
from featkit.models.problem import exceeds_float32, name_list, texts
from featkit.models.serialization import to_dict
from featkit.table.feature_table import FeatureTable
from featkit.table.table_files import is_table

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

    from featkit.models.evaluation import Evaluation
    from featkit.models.training_metadata import TrainingMetadata

    Path = str | os.PathLike[str]

PER = ("recording", "segment")
"""Units that can be predicted."""


class SoundExtractor(Protocol):
    """Extraction of a model's features from sound.

    Models work on tables only; `featkit.sound_model` adds the extraction.
    """

    def feature_set(self, provenance: Mapping[str, Any], /) -> Any:
        """Build the feature set of a table.

        Parameters
        ----------
        provenance : mapping
            Provenance of the table.

        Returns
        -------
        FeatureSet
        """

    def extract(self, provenance: Mapping[str, Any], /, inputs: Any, **options: Any) -> Any:
        """Extract the features of a table from sound files.

        Parameters
        ----------
        provenance : mapping
            Provenance of the table.
        inputs : path or sequence of paths
            Sound files and folders.
        **options
            Further parameters of `featkit.extract`.

        Returns
        -------
        Extraction
        """


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
        return _units(self.provenance)

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
        inputs: FeatureTable | pd.DataFrame | Path | Sequence[Path],
        *,
        per: Literal["recording", "segment"] = "recording",
        n_jobs: int | None = 1,
        progress: Callable[[Any], None] | None = None,
    ) -> Predictions:
        """Predict the classes of sound files, or of the rows of a table.

        Parameters
        ----------
        inputs : FeatureTable, pandas.DataFrame, path or sequence of paths
            A table or its file (``.parquet``, ``.csv``); or sound files and folders of them, which
            are analysed like the training data, with the same segments.
        per : {"recording", "segment"}
            Whether segments of one recording are combined, by the mean of their log probabilities.
        n_jobs : int, optional
            Worker processes; None for one for each processor.
        progress : callable, optional
            Called with a `Progress` as files are finished.

        Returns
        -------
        Predictions
            ``.data`` with ``path`` (and ``start``, ``end``), ``predicted``, its ``probability``,
            and ``p_<class>`` of each class; ``.failures``.

        Raises
        ------
        TableError
            If the table lacks a column of the model, or has it in another unit or definition.
        ModelError
            If the model cannot be used on sound, or has no training metadata.
        ParameterError
            If `inputs` or `per` is invalid.
        """
        import pandas as pd

        if per not in PER:
            raise ParameterError(f"per must be one of {', '.join(PER)}, got {per!r}")
        if isinstance(inputs, FeatureTable | pd.DataFrame):
            return self._predict(self.read(inputs), per)
        paths = [inputs] if isinstance(inputs, str | os.PathLike) else _paths(inputs)
        if not any(map(is_table, paths)):
            extraction = self.extract(paths, n_jobs=n_jobs, progress=progress)
            predictions = self._predict(extraction.table, per)
            failures = [*extraction.failures, *predictions.failures]
            return replace(predictions, failures=failures, left_out=extraction.left_out)
        if len(paths) > 1:
            raise ParameterError("give one table alone, or sound files")
        return self._predict(self.read(paths[0]), per)

    def _predict(self, table: FeatureTable, per: str) -> Predictions:
        """Predictions for the rows that have a value in any column."""
        self.check(table)
        present: Array = ~np.isnan(table.matrix(self.columns))
        filled = np.asarray(present.any(axis=1))
        data = self.predict_table(table.rows(filled), per=per)
        failures = list(empty_rows(table, filled, per))
        warnings = [*table.notes, *empty_columns(present[filled], self.columns)]
        return Predictions(data, failures, warnings)

    def read(self, table: FeatureTable | pd.DataFrame | Path) -> FeatureTable:
        """Read a table; only the columns of the model are features.

        Parameters
        ----------
        table : FeatureTable, pandas.DataFrame or path
            A table or its file (``.parquet``, ``.csv``). Its other columns may hold anything. A
            `FeatureTable` is returned as it is.

        Returns
        -------
        FeatureTable

        Raises
        ------
        TableError
            If there is no such file, it is not a table, or a cell of the model's columns is not a
            number.
        ModelError
            If the model has no training metadata.
        """
        if isinstance(table, FeatureTable):
            return table
        return self.trained.settings.read_table(table, self.columns)

    def extract(
        self,
        inputs: Path | Sequence[Path],
        *,
        n_jobs: int | None = 1,
        progress: Callable[[Any], None] | None = None,
    ) -> Any:
        """Extract the features of the model from sound files and folders of them.

        Parameters
        ----------
        inputs : path or sequence of paths
            Sound files and folders.
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
        """
        return self._sound().extract(self.provenance, inputs, n_jobs=n_jobs, progress=progress)

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

    def predict_table(self, table: FeatureTable, *, per: str = "recording") -> pd.DataFrame:
        """Predict the classes of recordings, or of each of their segments.

        Parameters
        ----------
        table : FeatureTable
            With the columns of the model.
        per : {"recording", "segment"}
            Whether segments of one recording are combined, by the mean of their log probabilities.

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

        P = self.probabilities(table)
        keys = pd.DataFrame(
            {key: table.keys[key] for key in ("path", "start", "end") if key in table.keys}
        )
        if per == "recording" and "path" in keys:
            paths, P = of_recordings(texts(table, "path"), P)
            keys = pd.DataFrame({"path": paths})
        if not len(keys.columns):
            keys = pd.DataFrame({"row": table.row_numbers})
        return pd.concat([keys, prediction_columns(P, self.classes)], axis=1)

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
        missing = [name for name in self.columns if name not in table.feature_names]
        expected, actual = (_feature_set(p) for p in (self.provenance, table.provenance))
        if expected and actual and expected != actual:
            which = f"{actual[0]}, but the model needs {expected[0]}"
            if actual[0] == expected[0]:
                which = f"{actual[0]} with another definition than that of the model"
            raise TableError(
                f"the table has the feature set {which}: extract the recordings"
                " with that of the model"
            )
        if missing:
            raise TableError(
                f"the table lacks {len(missing)} of the model's {len(self.columns)} columns:"
                f" {name_list(missing)}"
            )
        model_units, table_units = self.units, _units(table.provenance)
        for name in self.columns:
            unit = table_units.get(name)
            if unit is not None and model_units.get(name, unit) != unit:
                raise TableError(
                    f"column {name!r} is in {unit!r}, but the model needs it in"
                    f" {model_units[name]!r}"
                )
        rows, infinite = np.nonzero(exceeds_float32(table.matrix(self.columns)))
        if len(rows):
            raise TableError(
                f"{table.row_name(rows[0])}: column {self.columns[infinite[0]]!r} holds infinite"
                " values: correct or remove the rows"
            )


def _paths(inputs: object) -> list[Path]:
    """The paths in a sequence of paths."""
    paths: list[Path] = []
    for path in inputs if isinstance(inputs, Iterable) else [inputs]:
        if not isinstance(path, str | os.PathLike):
            raise ParameterError(
                "a model predicts from a FeatureTable, a DataFrame, a path or a sequence of paths,"
                f" got a {type(path).__name__}"
            )
        paths.append(path)
    return paths


def probabilities(pipeline: Pipeline, X: Array, classes: Sequence[str]) -> Array:
    """Compute probabilities with a pipeline that may have been trained on fewer classes.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline
        The fitted pipeline.
    X : array of float64, shape ``(rows, columns)``
        Features.
    classes : sequence of str
        All classes, in order.

    Returns
    -------
    array of float64, shape ``(rows, classes)``
        0 for a class that the pipeline was not trained on.
    """
    if not len(X):
        return np.zeros((0, len(classes)))
    P = in_order_of(classes, pipeline.classes_, pipeline.predict_proba(X))
    P /= P.sum(axis=1, keepdims=True)  # XGBoost computes in single precision
    return P


def in_order_of(classes: Sequence[str], own: Array, x: Array) -> Array:
    """Reorder the last axis of an array from the classes of a pipeline to all classes.

    Parameters
    ----------
    classes : sequence of str
        All classes, in order.
    own : array of str
        Classes of the pipeline.
    x : array, shape ``(..., own)``
        Values for those.

    Returns
    -------
    array of float64, shape ``(..., classes)``
        0 for a class that the pipeline lacks.
    """
    ordered = np.zeros((*x.shape[:-1], len(classes)))
    ordered[..., np.searchsorted(classes, own)] = x
    return ordered


def of_recordings(recordings: Array, P: Array) -> tuple[Array, Array]:
    """Combine the probabilities of the segments of each recording.

    Parameters
    ----------
    recordings : array of str, shape ``(rows,)``
        The recording of each row.
    P : array of float64, shape ``(rows, classes)``
        Probabilities.

    Returns
    -------
    names : array of str, shape ``(recordings,)``
        Recordings in order of appearance.
    joint : array of float64, shape ``(recordings, classes)``
        The geometric mean over the rows of each, scaled to a sum of 1.
    """
    names, first, member = np.unique(recordings, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    logs = np.zeros((len(names), P.shape[1]))
    np.add.at(logs, place[member], np.log(np.maximum(P, np.finfo(np.float64).tiny)))
    logs /= np.bincount(place[member], minlength=len(names))[:, None]
    joint = np.exp(logs - logs.max(axis=1, keepdims=True))
    return names[order], joint / joint.sum(axis=1, keepdims=True)


def prediction_columns(P: Array, classes: Sequence[str]) -> pd.DataFrame:
    """Make the columns ``predicted``, ``probability`` and ``p_<class>`` of each class.

    Parameters
    ----------
    P : array of float64, shape ``(rows, classes)``
        Probabilities.
    classes : sequence of str
        In order.

    Returns
    -------
    pandas.DataFrame
    """
    import pandas as pd

    columns: dict[str, Any] = {
        "predicted": np.asarray(classes, dtype=object)[np.argmax(P, axis=1)],
        "probability": P.max(axis=1) if len(P) else np.empty(0),
    }
    return pd.DataFrame(columns | {f"p_{name}": P[:, k] for k, name in enumerate(classes)})


def _feature_set(provenance: Mapping[str, Any]) -> tuple[str, str] | None:
    """Name with version, and fingerprint."""
    if "feature_set" not in provenance:
        return None
    described = provenance["feature_set"]
    return f"{described['name']} {described['version']}", provenance["fingerprint"]


def _units(provenance: Mapping[str, Any]) -> dict[str, str]:
    return {column["name"]: column["unit"] for column in provenance.get("columns", [])}
