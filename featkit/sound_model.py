"""Where the two wings meet: models that take sound.

Sound knows nothing of models, and models nothing of sound; a `Model` is a classifier that knows how
to have the table made that it wants.
"""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Literal, ParamSpec, Self

import numpy as np

from featkit._utils.typing import Array
from featkit.audio.excerpt import Excerpt
from featkit.batch.extraction import Extraction, Failure, Progress, extract
from featkit.errors import ModelError, ParameterError, TableError
from featkit.features.sets.registry import FeatureSet, feature_set
from featkit.models import result, training
from featkit.models.classifier import PER, Classifier
from featkit.models.model_file import read_model, write_model
from featkit.models.problem import named, texts
from featkit.models.settings import Settings
from featkit.table.feature_table import FeatureTable, is_table

if TYPE_CHECKING:
    import pandas as pd


P = ParamSpec("P")


class Result(result.Result):
    """What training gave; its model takes sound."""

    model: Model


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model said.

    Attributes
    ----------
    data : pandas.DataFrame
        A row for each recording or segment: see `Model.predict`.
    failures : list of Failure
        Recordings that could not be read, and rows in which no feature has a value: nothing is said
        of them.
    warnings : list of str
        What is doubtful about the predictions.
    left_out : dict of str to int
        Files in folders that are no sound, by ending: see `featkit.Extraction`.
    """

    data: pd.DataFrame
    failures: list[Failure]
    warnings: list[str] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)


class Model(Classifier):
    """A fitted model, for tables and for sound; `featkit.train` and `load_model` give one."""

    @classmethod
    def of(cls, classifier: Classifier) -> Self:
        """The classifier as a `Model`, which also takes sound files."""
        return cls(**{each.name: getattr(classifier, each.name) for each in fields(classifier)})

    @property
    def feature_set(self) -> FeatureSet:
        """The feature set of the table that it was fitted on.

        Raises
        ------
        ModelError
            If that table did not tell, or this version of featkit computes the set differently.
        """
        if "feature_set" not in self.provenance:
            raise ModelError(
                "the model was fitted on a table that does not say how its columns were computed:"
                " it can predict from tables only. A Parquet table of featkit's does say"
            )
        try:
            features = feature_set(self.provenance["feature_set"])
        except (ParameterError, TypeError) as error:
            raise ModelError(f"the model's feature set cannot be computed here: {error}") from None
        if features.fingerprint != self.provenance.get("fingerprint"):
            raise ModelError(
                f"this version of featkit computes the feature set {features.name!r} differently"
                " from the version that the model was fitted with: use that version, or train again"
            )
        return features

    def predict(
        self,
        inputs: FeatureTable
        | pd.DataFrame
        | str
        | os.PathLike[str]
        | Sequence[str | os.PathLike[str]],
        *,
        per: Literal["recording", "segment"] = "recording",
        n_jobs: int | None = 1,
        progress: Callable[[Progress], None] | None = None,
    ) -> Predictions:
        """Say what sound files are, or the rows of a table.

        Parameters
        ----------
        inputs : FeatureTable, pandas.DataFrame, path or sequence of paths
            A table or its file (``.parquet``, ``.csv``); or sound files and folders of them, which
            are analysed as those were that the model was fitted on, segments and all.
        per : {"recording", "segment"}
            Whether segments of one recording are put together, by the mean of their log
            probabilities.
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
            If the model cannot be used on sound, or does not say how it was trained.
        """
        import pandas as pd

        if per not in PER:
            raise ParameterError(f"per must be one of {', '.join(PER)}, got {per!r}")
        if isinstance(inputs, FeatureTable | pd.DataFrame):
            return self._predict(self.read(inputs), per)
        paths = [inputs] if isinstance(inputs, str | os.PathLike) else _paths(inputs)
        if not any(map(is_table, paths)):
            extraction = self.extract(paths, n_jobs=n_jobs, progress=progress)
            found = self._predict(extraction.table, per)
            failures = [*extraction.failures, *found.failures]
            return Predictions(found.data, failures, found.warnings, extraction.left_out)
        if len(paths) > 1:
            raise ParameterError("a table is predicted by itself: give one, or sound files")
        return self._predict(self.read(paths[0]), per)

    def _predict(self, table: FeatureTable, per: str) -> Predictions:
        """Of the rows that hold any value; without one there is nothing to tell a class by."""
        self.check(table)
        known: Array = ~np.isnan(table.matrix(self.columns))
        some = np.asarray(known.any(axis=1))
        data = self.predict_table(table.rows(some), per=per)
        failures = list(_without_value(table, some, per))
        warnings = [*table.notes, *_undefined(known[some], self.columns)]
        return Predictions(data, failures, warnings)

    def read(self, table: FeatureTable | pd.DataFrame | str | os.PathLike[str]) -> FeatureTable:
        """The table in a file (``.parquet``, ``.csv``) or a DataFrame, of which only its columns
        are features.

        What it was not trained on may hold anything, as it did then.

        Raises
        ------
        TableError
            If there is no such file, it is not a table, or a cell of the model's columns is not a
            number.
        ModelError
            If the model does not say how it was trained.
        """
        if isinstance(table, FeatureTable):
            return table
        return Settings.of(self.training).table(table, self.columns)

    def extract(
        self,
        inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        *,
        n_jobs: int | None = 1,
        progress: Callable[[Progress], None] | None = None,
    ) -> Extraction:
        """The table that it wants, of sound files and folders of them.

        See `featkit.extract` for the parameters.

        Raises
        ------
        ModelError
            If the model cannot be used on sound.
        """
        features = self.feature_set
        try:
            excerpt = Excerpt(**self.provenance["excerpt"])
        except (KeyError, TypeError, ParameterError) as error:
            raise ModelError(
                f"the model does not say which part of a file it wants: {error}"
            ) from None
        part = dataclasses.asdict(excerpt)
        return extract(inputs, features=features, **part, n_jobs=n_jobs, progress=progress)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file, whole or not at all; `load_model` reads it.

        Raises
        ------
        WriteError
            If the file cannot be written.
        """
        write_model(self, path)


def _without_value(table: FeatureTable, some: Array, per: str) -> Iterator[Failure]:
    """Rows without any value; of a recording that is put together, only if it has no other rows."""
    names = [table.row_name(k) for k in range(len(table))]
    if "path" in table.keys:
        names = texts(table, "path").tolist()
    places = np.flatnonzero(~some).tolist()
    if per == "recording":
        others = {names[k] for k in np.flatnonzero(some)}
        first = {names[k]: k for k in reversed(places) if names[k] not in others}
        places = sorted(first.values())
    for k in places:
        start = table.keys["start"][k] if per == "segment" and "start" in table.keys else 0
        where = f"from {start:g} s on " if start else ""
        cause = f"{where}none of the model's columns has a value: there is nothing to tell it by"
        yield Failure(names[k], "predict", TableError.__name__, cause)


def _undefined(known: Array, columns: Sequence[str]) -> Iterator[str]:
    """A warning of columns that hold no value, as none did that the model was trained on."""
    without = [name for k, name in enumerate(columns) if not known[:, k].any()]
    if without and len(known):
        yield (
            f"{len(without)} of the model's {len(columns)} columns have no value in any row, though"
            f" they had values in training: {named(without)}"
        )


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read a model file; nothing in it is executed.

    Raises
    ------
    ModelError
        If it is not a model file, or one that was cut, altered, or made to do harm.
    """
    return Model.of(read_model(path))


def _for_sound(train: Callable[P, result.Result]) -> Callable[P, Result]:
    """The same, but that its model takes sound files, too."""

    @functools.wraps(train)
    def trained(*args: P.args, **how: P.kwargs) -> Result:
        found = train(*args, **how)
        return Result(found.scores, Model.of(found.model), found.predictions)

    return trained


train = _for_sound(training.train)


def _paths(inputs: object) -> list[str | os.PathLike[str]]:
    """The paths of a sequence of paths.

    Raises
    ------
    ParameterError
        If it is something else.
    """
    paths: list[str | os.PathLike[str]] = []
    for path in inputs if isinstance(inputs, Iterable) else [inputs]:
        if not isinstance(path, str | os.PathLike):
            raise ParameterError(
                "a model predicts from a FeatureTable, a DataFrame, a path or a sequence of paths,"
                f" got a {type(path).__name__}"
            )
        paths.append(path)
    return paths
