"""Evaluation of models on other datasets, beside their scores at home."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ParameterError, TableError
from featkit.evaluation.common_classes import CommonClasses, common_classes, home_scores
from featkit.evaluation.dataset_rows import DatasetRows
from featkit.evaluation.fold_predictions import (
    find_copies,
    folds_of_training_rows,
    predict_by_fold,
    shared_group_warnings,
)
from featkit.evaluation.importances import compare_importances, rows_to_explain
from featkit.evaluation.inputs import (
    Dataset,
    SoundOptions,
    named_models,
    read_datasets,
)
from featkit.evaluation.model_comparison import compare_models
from featkit.evaluation.result import (
    CrossEvaluation,
    DatasetEvaluation,
    ModelComparison,
    Shift,
)
from featkit.evaluation.rows import (
    DatasetColumns,
    SelectedRows,
    select_rows,
    training_table_rows,
)
from featkit.evaluation.scoring import (
    RecordingArrays,
    by_recording,
    chance_scores,
    majority_scores,
    score_warnings,
)
from featkit.evaluation.secondary_labels import secondary_label_scores
from featkit.evaluation.shift import measure_shift
from featkit.evaluation.subgroups import subgroup_comparison
from featkit.models.fold_models import training_rows
from featkit.models.model import Model
from featkit.models.model_file import read_model
from featkit.models.probabilities import prediction_columns, probabilities
from featkit.models.problem import Problem
from featkit.models.recording_conditions import (
    conditions_warnings,
    recording_conditions,
    score_conditions,
)
from featkit.models.result import PACKAGES
from featkit.models.score_types import ConditionsScores
from featkit.models.scores import (
    calibration,
    calibration_warnings,
    class_scores,
    confusion_matrix,
    model_scores,
    predicted,
)
from featkit.models.serialization import to_dict
from featkit.models.splits import GroupFolds, min_groups_per_class
from featkit.models.table_check import check_columns
from featkit.schema import Failure
from featkit.table.columns import errors_in
from featkit.table.feature_table import FeatureTable
from featkit.table.label_map import LabelMap, as_label_map

if TYPE_CHECKING:
    import pandas as pd

    from featkit.explanation.explanation import Explanation

    Progress = Callable[[int, int, str], None]

N_FOLDS = 5
"""Folds in which recording conditions predict the labels of a dataset."""

RIGHT, WRONG = "right", "wrong"
"""Outcomes of predictions, which are compared between models."""


@dataclass(frozen=True, eq=False)
class EvaluationResult:
    """Scores of models on datasets, and their predictions.

    Attributes
    ----------
    evaluation : CrossEvaluation
        The scores.
    predictions : pandas.DataFrame
        A row for each scored row of a dataset and each model: ``dataset``, ``model``, ``path``,
        ``start`` and ``end`` where they exist, else ``row``, its number in the table; ``label``,
        its common class; ``secondary``, if secondary labels were given; ``predicted``, its
        ``probability``, ``p_<class>`` of each class, and ``correct``.
    failures : list of Failure
        Sound files that could not be read.
    left_out : dict of str to int
        Number of files in folders that are not audio, by suffix: see `featkit.Extraction`.
    """

    evaluation: CrossEvaluation
    predictions: pd.DataFrame
    failures: list[Failure] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)

    @cached_property
    def scores(self) -> dict[str, Any]:
        """The scores as plain data, with the keys of ``featkit evaluate -o``."""
        return to_dict(self.evaluation)

    @property
    def warnings(self) -> list[str]:
        """Reasons to doubt the scores, each once, with the models and datasets that it concerns."""
        evaluations = self.evaluation.evaluations
        concerned: dict[str, list[str]] = {}
        for one in evaluations:
            for text in one.warnings:
                concerned.setdefault(text, []).append(f"{one.model} on {one.dataset}")
        return [
            text if len(names) == len(evaluations) else f"{', '.join(names)}: {text}"
            for text, names in concerned.items()
        ]


class _Prediction(NamedTuple):
    """Predictions of one model for the scored rows of one dataset."""

    model: str
    classes: CommonClasses
    selected: SelectedRows
    P: Array
    recordings: RecordingArrays


class _Steps:
    """Progress in steps, the last of which are announced before they begin."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total, self._done, self._progress = total, -1, progress

    def next(self, note: str) -> None:
        self._done += 1
        if self._progress:
            self._progress(min(self._done, self._total), self._total, note)


def evaluate(
    models: Any,
    inputs: Any = None,
    *,
    label: str | None = None,
    label_map: LabelMap | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    secondary_label: str | None = None,
    label_separator: str | None = None,
    by: str | Sequence[str] = (),
    group: str | None = None,
    training_table: Any = None,
    labels: str | None = None,
    name_pattern: str | None = None,
    manifest: str | os.PathLike[str] | None = None,
    where: Mapping[str, str | Sequence[str]] | None = None,
    extracted: str | os.PathLike[str] | None = None,
    seed: int = 0,
    n_jobs: int | None = 1,
    progress: Progress | None = None,
    extraction_progress: Callable[[Any], None] | None = None,
) -> EvaluationResult:
    """Evaluate models on other datasets, beside their scores at home.

    Parameters
    ----------
    models : Model or path, sequence of these, or mapping of str to these
        Models from `featkit.train`, or their files. A file is named without its suffix, and a model
        in memory like its estimator; a mapping names them otherwise.
    inputs : table, path, sequence of these, or mapping of str to these
        Datasets: tables (`FeatureTable`, DataFrame, or file), or sound: one folder, or files, which
        are analysed like the training data of the first model. Tables in memory are called
        ``"table 1"`` and so on; a mapping names them.
    label : str, optional
        Column of the labels; by default that of the model, or ``"label"``.
    label_map : LabelMap, mapping or path, optional
        Sends labels of the datasets, and classes of the models, to common classes; see
        `featkit.table.label_map`. Rules of a dataset with the name of a model hold for its classes.
    secondary_label : str, optional
        Column of secondary labels.
    label_separator : str, optional
        Text between several labels of a cell, such as ``";"``. The first that the model knows is
        the label, and the next different one is secondary.
    by : str or sequence of str
        Columns by whose values scores are split, such as ``"sex"``.
    group : str, optional
        Column, or part of a name, of the groups that intervals are drawn by; by default that of the
        model, if the table has it, else the recordings.
    training_table : table, path, sequence of paths, or mapping of str to table, optional
        The table that the models were trained with, or several, to measure what differs from it.
    labels, name_pattern, manifest, where
        Sources of the labels of sound, as for `featkit.extract`.
    extracted : path, optional
        Table to write the features of sound to. After an interruption, another call resumes.
    seed : int
        Seed of the random draws of rows.
    n_jobs : int, optional
        Number of worker processes; None for one per processor.
    progress : callable, optional
        Called as ``progress(done, total, note)`` with the steps of the evaluation.
    extraction_progress : callable, optional
        Called with a `Progress` as sound files are finished.

    Returns
    -------
    EvaluationResult

    Raises
    ------
    ParameterError
        If a column does not exist, the datasets and a model have no label in common, the label map
        is wrong, or models and datasets are not given as described.
    TableError
        If a table cannot be read or does not fit a model, or no row can be scored.
    ModelError
        If a model cannot be read, has no training metadata, or does not take sound.
    """
    if secondary_label is not None and label_separator is not None:
        raise ParameterError(
            "secondary_label and label_separator exclude each other: secondary labels are in a"
            " column of their own, or further labels of the same cell"
        )
    if label_separator == "":
        raise ParameterError("label_separator must not be empty")
    columns = DatasetColumns(
        label=label,
        secondary_label=secondary_label,
        label_separator=label_separator,
        by=tuple(dict.fromkeys([by] if isinstance(by, str) else by)),
        group=group,
    )
    common_map = None if label_map is None else as_label_map(label_map)
    by_name = named_models(models, load=read_model)
    if progress:
        progress(0, 1, "reading the datasets")
    sound = SoundOptions(labels, name_pattern, manifest, where, extracted, extraction_progress)
    datasets = read_datasets(inputs, by_name, columns, sound, n_jobs=n_jobs)
    warnings = _unused_rules(common_map, list(datasets), list(by_name))
    with_home = training_table is not None
    n_steps = len(by_name) * (len(datasets) * (4 if with_home else 2) + with_home)
    steps = _Steps(n_steps, progress)
    home = {}
    if with_home:
        for name, model in by_name.items():
            steps.next(f"{name}: explaining the training table")
            home[name] = _home(name, model, training_table, common_map, seed=seed, n_jobs=n_jobs)
    warnings += _incomplete_tables(home)
    run = _Run(columns, common_map, home, seed, n_jobs, warnings)
    evaluations, comparisons, predictions = [], [], []
    for name, dataset in datasets.items():
        own = [run.predict(name, dataset, *item, steps) for item in by_name.items()]
        evaluations += [run.score(by_name[one.model], one, steps) for one in own]
        comparisons += _comparisons(name, own)
        predictions += [_prediction_table(one) for one in own]
    steps.next("finishing")
    evaluation = CrossEvaluation(
        evaluations=evaluations,
        comparisons=comparisons,
        label_map=None if common_map is None else common_map.to_plain(),
        versions={name: version(name) for name in PACKAGES},
    )
    return EvaluationResult(
        evaluation,
        _concatenated(predictions),
        [failure for dataset in datasets.values() for failure in dataset.failures],
        {suffix: n for dataset in datasets.values() for suffix, n in dataset.left_out.items()},
    )


class _Home(NamedTuple):
    """The labelled rows of the training table of a model, and the SHAP values of some."""

    rows: DatasetRows
    problem: Problem | None
    explanation: Explanation


def _home(
    name: str,
    model: Model,
    training_table: Any,
    label_map: LabelMap | None,
    *,
    seed: int,
    n_jobs: int | None,
) -> _Home:
    table = model.read(training_table)
    where = _table_names(training_table)
    with errors_in(where):
        check_columns(table, model.columns, model.provenance)
    classes = common_classes(name, model.classes, label_map)
    rows = training_table_rows(where, table, model, classes)
    problem = training_rows(model, table).problem
    return _Home(rows, problem, _explained(model, table, seed=seed, n_jobs=n_jobs))


def _table_names(tables: Any) -> str:
    """The files of the training table, for messages."""
    paths = [tables] if isinstance(tables, str | os.PathLike) else tables
    if isinstance(paths, Sequence) and all(isinstance(one, str | os.PathLike) for one in paths):
        return " and ".join(map(os.fspath, paths))
    return "training table"


def _incomplete_tables(home: Mapping[str, _Home]) -> list[str]:
    """A warning for each model of which not all training rows are given."""
    return [
        f"the training table lacks rows that the model {name!r} was trained on: the shift is that"
        " from the other rows"
        for name, own in home.items()
        if own.problem is None
    ]


def _unused_rules(
    label_map: LabelMap | None, datasets: Sequence[str], models: Sequence[str]
) -> list[str]:
    """A warning if the label map has rules for datasets that are not evaluated."""
    unused = [] if label_map is None else label_map.unused_datasets(datasets, models=models)
    if not unused:
        return []
    return [
        f"label map: its rules for {', '.join(map(repr, unused))} are not used: no dataset or model"
        " has this name"
    ]


class _Run(NamedTuple):
    """Settings of an evaluation, and its steps for one model and one dataset."""

    columns: DatasetColumns
    label_map: LabelMap | None
    home: Mapping[str, _Home]
    seed: int
    n_jobs: int | None
    warnings: Sequence[str]

    def predict(
        self, name: str, dataset: Dataset, model_name: str, model: Model, steps: _Steps
    ) -> _Prediction:
        """Select the rows of a dataset, and predict their common classes."""
        steps.next(f"{model_name} on {name}: predicting")
        with errors_in(name):
            check_columns(dataset.table, model.columns, model.provenance)
            if not len(dataset.table):
                raise TableError("the table has no rows")
        classes = common_classes(model_name, model.classes, self.label_map)
        selected = select_rows(
            name,
            dataset.table,
            model,
            self.columns,
            classes,
            self.label_map,
            failed=len(dataset.failures),
        )
        P = classes.merge(self._probabilities(model_name, model, selected))
        return _Prediction(model_name, classes, selected, P, by_recording(selected.rows, P))

    def _probabilities(self, model_name: str, model: Model, selected: SelectedRows) -> Array:
        """Probabilities of the scored rows; training rows are predicted by the models of folds."""
        rows, home = selected.rows, self.home.get(model_name)
        P = probabilities(model.pipeline, rows.X, model.classes)
        problem = selected.training.problem
        folds = folds_of_training_rows(model, selected.training, rows.table, selected.positions)
        if problem is None and home is not None:
            copies = find_copies(rows, home.rows, model, home.problem)
            selected.warnings.extend(copies.warnings)
            selected.warnings.extend(shared_group_warnings(rows, home.rows, copies.folds))
            problem, folds = home.problem, copies.folds
        if problem is None:
            return P
        return predict_by_fold(model, problem, rows.X, P, folds, n_jobs=self.n_jobs)

    def score(self, model: Model, prediction: _Prediction, steps: _Steps) -> DatasetEvaluation:
        """Score the predictions of one model for one dataset."""
        rows, arrays = prediction.selected.rows, prediction.recordings
        classes = prediction.classes.names
        about = f"{prediction.model} on {rows.name}"
        steps.next(f"{about}: scoring")
        answer = predicted(arrays.P, classes)
        per_class = class_scores(arrays.y, answer, classes)
        has_segments = len(arrays.y) < len(rows)
        n_groups = len(np.unique(arrays.groups))
        own_calibration = calibration(arrays.y, arrays.P, classes)
        all_occur = all(own.support for own in per_class)
        conditions = self._conditions(prediction)
        secondary = None
        if arrays.secondary is not None:
            secondary = secondary_label_scores(arrays.y, arrays.secondary, answer, arrays.groups)
        result = DatasetEvaluation(
            dataset=rows.name,
            model=prediction.model,
            counts=prediction.selected.counts,
            classes=classes,
            unit=rows.unit,
            groups=n_groups,
            scores=model_scores(arrays.y, arrays.P, classes, arrays.groups, None),
            segment_scores=model_scores(rows.y, prediction.P, classes, rows.groups, None)
            if has_segments
            else None,
            majority=majority_scores(arrays.y, classes),
            chance=chance_scores(arrays.y, classes),
            home=home_scores(model.evaluation, prediction.classes, set(arrays.y.tolist())),
            per_class=per_class,
            confusion=confusion_matrix(arrays.y, answer, classes),
            calibration=own_calibration,
            secondary=secondary,
            subgroups=[
                subgroup_comparison(
                    name, values, arrays.y, arrays.P, classes, arrays.groups, arrays.names
                )
                for name, values in arrays.subgroups.items()
            ],
            conditions=conditions,
            warnings=[
                *conditions_warnings(conditions, is_training=False),
                *self.warnings,
                *prediction.selected.warnings,
                *score_warnings(prediction.selected.counts, per_class, rows.unit, n_groups),
                *(calibration_warnings(own_calibration) if all_occur else []),
            ],
        )
        if not self.home:
            return result
        steps.next(f"{about}: measuring the shift")
        shift = self._shift(model, prediction)
        steps.next(f"{about}: explaining")
        here = _explained(model, rows.table, seed=self.seed, n_jobs=self.n_jobs)
        importances = compare_importances(self.home[prediction.model].explanation, here)
        return replace(result, shift=shift, importances=importances)

    def _conditions(self, prediction: _Prediction) -> ConditionsScores | None:
        """How well recording conditions predict the labels of the dataset itself."""
        rows, arrays = prediction.selected.rows, prediction.recordings
        conditions = recording_conditions(rows.table.rows(arrays.first))
        if conditions is None:
            return None
        present = sorted(set(arrays.y.tolist()))
        n_folds = min(N_FOLDS, min_groups_per_class(arrays.y, arrays.groups))
        if len(present) < 2 or n_folds < 2:
            return None
        splits = list(GroupFolds(n_folds, seed=self.seed).split(None, arrays.y, arrays.groups))
        return score_conditions(
            conditions,
            arrays.y,
            arrays.groups,
            present,
            splits,
            [str(k + 1) for k in range(n_folds)],
            f"{n_folds} folds by {rows.unit}",
            seed=self.seed,
        )

    def _shift(self, model: Model, prediction: _Prediction) -> Shift:
        schema = {column["name"]: column for column in model.provenance.get("columns", [])}
        home = self.home[prediction.model].rows
        return measure_shift(home, prediction.selected.rows, schema, seed=self.seed)


def _explained(model: Model, table: FeatureTable, *, seed: int, n_jobs: int | None) -> Explanation:
    """SHAP values of a random sample of rows."""
    from featkit.explanation.computation import explain

    return explain(
        model,
        table,
        rows=min(rows_to_explain(model), len(table)),
        budget=np.inf,  # the rows must not depend on the speed of the machine
        seed=seed,
        n_jobs=n_jobs,
    )


def _comparisons(dataset: str, predictions: Sequence[_Prediction]) -> list[ModelComparison]:
    """Pairwise comparisons of models, on the recordings that both predict."""
    group_of: dict[str, str] = {}
    for one in predictions:
        arrays = one.recordings
        for name, group in zip(arrays.names.tolist(), arrays.groups.tolist(), strict=True):
            group_of.setdefault(name, group)
    groups = np.array(list(group_of.values()), dtype=np.str_)
    # Models may differ in the classes that they know, and thus in the label of a recording.
    outcomes = []
    for one in predictions:
        arrays = one.recordings
        hits = predicted(arrays.P, one.classes.names) == arrays.y
        own = dict(zip(arrays.names.tolist(), np.where(hits, RIGHT, WRONG).tolist(), strict=True))
        outcomes.append(np.array([own.get(name, "") for name in group_of], dtype=np.str_))
    truth = np.full(len(groups), RIGHT)
    return compare_models(dataset, [one.model for one in predictions], truth, outcomes, groups)


def _prediction_table(prediction: _Prediction) -> pd.DataFrame:
    """Predictions for the scored rows of a dataset."""
    import pandas as pd

    rows, classes = prediction.selected.rows, prediction.classes.names
    keys: dict[str, Any] = {"dataset": rows.name, "model": prediction.model}
    table = rows.table
    present = [key for key in ("path", "start", "end") if key in table.keys]
    keys |= {key: np.asarray(table.keys[key]) for key in present}
    if "path" not in present:
        keys["row"] = table.row_numbers
    keys["label"] = rows.y.astype(object)
    if rows.secondary is not None:
        keys["secondary"] = rows.secondary.astype(object)
    columns = prediction_columns(prediction.P, classes)
    correct = pd.DataFrame({"correct": columns["predicted"].to_numpy() == rows.y.astype(object)})
    return pd.concat([pd.DataFrame(keys, index=range(len(rows))), columns, correct], axis=1)


def _concatenated(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One table of all predictions; ``correct`` is its last column."""
    import pandas as pd

    data: pd.DataFrame = pd.concat(tables, ignore_index=True)
    return data.reindex(columns=[*(name for name in data.columns if name != "correct"), "correct"])
