"""The evaluation of one model on one dataset: rows, predictions, scores and shift."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from featkit._utils.progress import Activity, ProgressCallback
from featkit._utils.typing import Array
from featkit.errors import TableError
from featkit.evaluation.common_classes import CommonClasses, common_classes, home_scores
from featkit.evaluation.dataset_rows import DatasetRows
from featkit.evaluation.fold_predictions import (
    find_copies,
    folds_of_training_rows,
    predict_by_fold,
    shared_group_warnings,
)
from featkit.evaluation.importances import compare_importances, rows_to_explain
from featkit.evaluation.inputs import Dataset
from featkit.evaluation.result import DatasetEvaluation, Shift
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
    unpredictable_row_warnings,
)
from featkit.evaluation.secondary_labels import secondary_label_scores
from featkit.evaluation.shift import measure_shift
from featkit.evaluation.subgroups import subgroup_comparison
from featkit.executors.executor import Executor
from featkit.models.class_priors import ClassPrior
from featkit.models.fold_models import missing_groups, training_rows
from featkit.models.model import Model
from featkit.models.problem import Problem
from featkit.models.recording_conditions import (
    conditions_warnings,
    recording_conditions,
    score_conditions,
)
from featkit.models.reliability import calibration, calibration_warnings
from featkit.models.score_types import ConditionsScores
from featkit.models.scores import class_scores, confusion_matrix, model_scores, predicted
from featkit.models.set_scores import score_sets
from featkit.models.set_types import SetScores
from featkit.models.splits import GroupFolds, min_groups_per_class
from featkit.storage.urls import shown
from featkit.table.columns import errors_in
from featkit.table.feature_table import FeatureTable
from featkit.table.label_map import LabelMap

if TYPE_CHECKING:
    from featkit.explanation.explanation import Explanation

N_FOLDS = 5
"""Folds in which recording conditions predict the labels of a dataset."""


class ModelPredictions(NamedTuple):
    """Predictions of one model for the scored rows of one dataset."""

    model: str
    classes: CommonClasses
    selected: SelectedRows
    P: Array
    unpredictable: Array
    costs: Array | None
    recordings: RecordingArrays


class Steps:
    """Progress of an evaluation; each step is announced before it begins."""

    def __init__(self, total: int, progress: ProgressCallback | None) -> None:
        self._total, self._done = total, -1
        self._activity = Activity("evaluating", "steps", progress)

    def next(self, note: str) -> None:
        """Announce the next step."""
        self._done += 1
        self._activity.report(min(self._done, self._total), self._total, note)


class Home(NamedTuple):
    """The labelled rows of the training table of a model, and the SHAP values of some."""

    rows: DatasetRows
    problem: Problem | None
    explanation: Explanation
    remarks: Sequence[str] = ()


def read_home(
    name: str,
    model: Model,
    training_table: Any,
    label_map: LabelMap | None,
    *,
    seed: int,
    executor: Executor,
) -> Home:
    """Read the training table of a model, and explain some of its rows."""
    table = model.read(training_table)
    where = _table_names(training_table)
    with errors_in(where):
        model.check_schema(table)
    classes = common_classes(name, model.classes, label_map)
    training = training_rows(model, table)
    rows = training_table_rows(where, table, model, classes, training)
    explanation = _explained(model, table, model.inputs(table), seed=seed, executor=executor)
    return Home(rows, training.problem, explanation, missing_groups(model, training))


def _table_names(tables: Any) -> str:
    """The files of the training table, for messages."""
    paths = [tables] if isinstance(tables, str | os.PathLike) else tables
    if isinstance(paths, Sequence) and all(isinstance(one, str | os.PathLike) for one in paths):
        return " and ".join(map(shown, paths))
    return "training table"


class DatasetEvaluator(NamedTuple):
    """Settings of an evaluation, and its steps for one model and one dataset."""

    columns: DatasetColumns
    label_map: LabelMap | None
    home: Mapping[str, Home]
    seed: int
    executor: Executor
    warnings: Sequence[str]
    priors: Mapping[str, ClassPrior] = MappingProxyType({})

    def predict(
        self, name: str, dataset: Dataset, model_name: str, model: Model, steps: Steps
    ) -> ModelPredictions:
        """Select the rows of a dataset, and predict their common classes."""
        steps.next(f"{model_name} on {name}: predicting")
        with errors_in(name):
            model.check_schema(dataset.table)
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
        own_P, trained = self._probabilities(model_name, model, selected)
        P, y = classes.merge(own_P), selected.rows.y
        can_predict = classes.merge(trained.astype(np.float64)) > 0
        unpredictable = ~can_predict[np.arange(len(y)), np.searchsorted(classes.names, y)]
        if len(y) and unpredictable.all():
            raise TableError(
                f"{name}: no row is of a class that the model of its fold was trained on, so that"
                " there is nothing to score"
            )
        costs = classes.merge_costs(model.costs)
        if costs is None and model.costs is not None:
            selected.warnings.append(
                "the label map merges classes, so that the cost matrix of the model is not used:"
                " the most probable class is predicted"
            )
        recordings = by_recording(selected.rows, P)
        return ModelPredictions(model_name, classes, selected, P, unpredictable, costs, recordings)

    def _probabilities(
        self, model_name: str, model: Model, selected: SelectedRows
    ) -> tuple[Array, Array]:
        """Probabilities of the scored rows; training rows are predicted by the models of folds.

        The second array is whether the model of each row was trained on each class.
        """
        rows, home = selected.rows, self.home.get(model_name)
        prior = self.priors.get(model_name)
        P = model.row_probabilities(selected.inputs(model.normalization))
        if prior is not None:
            P = prior.apply(P, model.calibrator)
        problem = selected.training.problem
        folds = folds_of_training_rows(model, selected.training, rows.table, selected.positions)
        if problem is None and home is not None:
            copies = find_copies(rows, home.rows, model, home.problem)
            selected.warnings.extend(copies.warnings)
            selected.warnings.extend(shared_group_warnings(rows, home.rows, copies.folds))
            problem, folds = home.problem, copies.folds
        if problem is None:
            return P, np.ones(P.shape, dtype=bool)
        return predict_by_fold(
            model, problem, selected.inputs, P, folds, prior=prior, executor=self.executor
        )

    def score(self, model: Model, prediction: ModelPredictions, steps: Steps) -> DatasetEvaluation:
        """Score the predictions of one model for one dataset."""
        rows, arrays = prediction.selected.rows, prediction.recordings
        classes = prediction.classes.names
        about = f"{prediction.model} on {rows.name}"
        steps.next(f"{about}: scoring")
        costs = prediction.costs
        answer = predicted(arrays.P, classes, costs)
        unpredictable = prediction.unpredictable[arrays.first]
        per_class = class_scores(arrays.y, answer, classes, unpredictable)
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
            scores=model_scores(
                arrays.y, arrays.P, classes, arrays.groups, None, unpredictable, costs
            ),
            segment_scores=model_scores(
                rows.y, prediction.P, classes, rows.groups, None, prediction.unpredictable, costs
            )
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
                    name,
                    values,
                    arrays.y,
                    arrays.P,
                    classes,
                    arrays.groups,
                    arrays.names,
                    unpredictable,
                    costs,
                )
                for name, values in arrays.subgroups.items()
            ],
            conditions=conditions,
            class_prior=self.priors[prediction.model].remarks if self.priors else (),
            prediction_sets=None if self.priors else _set_scores(model, prediction),
            warnings=[
                *conditions_warnings(conditions, is_training=False),
                *self.warnings,
                *prediction.selected.warnings,
                *unpredictable_row_warnings(unpredictable),
                *score_warnings(prediction.selected.counts, per_class, rows.unit, n_groups),
                *(calibration_warnings(own_calibration) if all_occur else []),
            ],
        )
        if not self.home:
            return result
        steps.next(f"{about}: measuring the shift")
        shift = self._shift(model, prediction)
        steps.next(f"{about}: explaining")
        inputs = prediction.selected.inputs(model.normalization)
        here = _explained(model, rows.table, inputs, seed=self.seed, executor=self.executor)
        importances = compare_importances(self.home[prediction.model].explanation, here)
        return replace(result, shift=shift, importances=importances)

    def _conditions(self, prediction: ModelPredictions) -> ConditionsScores | None:
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

    def _shift(self, model: Model, prediction: ModelPredictions) -> Shift:
        schema = {column["name"]: column for column in model.provenance.get("columns", [])}
        home = self.home[prediction.model].rows
        return measure_shift(home, prediction.selected.rows, schema, seed=self.seed)


def _set_scores(model: Model, prediction: ModelPredictions) -> SetScores | None:
    """Coverage of prediction sets; merged classes have other probabilities than the thresholds."""
    rows, arrays, classes = prediction.selected.rows, prediction.recordings, prediction.classes
    if model.sets is None or classes.merged:
        return None
    per = "recording" if len(arrays.y) < len(rows) else "segment"
    folds = np.full(len(arrays.y), rows.name)
    sets = {rows.name: model.sets}
    return score_sets(
        arrays.y,
        arrays.P,
        classes.names,
        arrays.groups,
        folds,
        sets,
        per=per,
        costs=prediction.costs,
    )


def _explained(
    model: Model, table: FeatureTable, inputs: Array, *, seed: int, executor: Executor
) -> Explanation:
    """SHAP values of a random sample of rows, whose inputs to the pipeline are given."""
    from featkit.explanation.computation import explain_inputs

    return explain_inputs(
        model,
        model.read(table),
        inputs,
        rows=min(rows_to_explain(model), len(table)),
        budget=np.inf,  # the rows must not depend on the speed of the machine
        seed=seed,
        executor=executor,
    )
