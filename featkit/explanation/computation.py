"""Computation of the SHAP values of a model for the rows of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from featkit._utils.formatting import counted
from featkit._utils.progress import ProgressCallback, ProgressOption, reporting
from featkit._utils.typing import Array
from featkit.errors import ParameterError, TableError
from featkit.executors.executor import Executor
from featkit.executors.opening import open_executor
from featkit.explanation._batches import drawn_rows, restricted
from featkit.explanation._explainers import (
    Explainer,
    calibrated_by_fold,
    candidate_note,
    explainers,
)
from featkit.explanation._permutations import REPETITIONS
from featkit.explanation._row_origins import row_keys, row_targets, sampling_notes
from featkit.explanation._row_values import values_of_rows
from featkit.explanation._shap_values import evaluations
from featkit.explanation.ensembles import combine, is_ensemble, member_model, member_models
from featkit.explanation.explained_rows import NO_FOLD
from featkit.explanation.explanation import Explanation
from featkit.explanation.gradients.computation import explain_sequences
from featkit.explanation.gradients.integrated_gradients import STEPS
from featkit.explanation.gradients.network_explanation import NetworkExplanation
from featkit.models.model import Model
from featkit.models.row_groups import RowGroups, group_size_warnings, prediction_remark
from featkit.models.task import TASKS
from featkit.table.feature_table import FeatureTable

if TYPE_CHECKING:
    from featkit.models.training_tables import Tables

BUDGET = 120.0
"""Seconds after which no further rows are explained."""


def explain(
    model: Model,
    table: Tables,
    *,
    rows: int | None = None,
    budget: float = BUDGET,
    group_from: str | None = None,
    seed: int = 0,
    member: str | None = None,
    sequences: Tables | None = None,
    steps: int = STEPS,
    n_jobs: int | None = 1,
    cluster: Any = None,
    progress: ProgressOption = None,
) -> Explanation | NetworkExplanation:
    """Compute how much each column, or part of a sequence, contributes to the predictions.

    Parameters
    ----------
    model : Model
        A model from `featkit.train` or `featkit.load_model`.
    table : FeatureTable, DataFrame, path, sequence of paths, or mapping
        One or several tables or their files, as for `featkit.train`. If they contain all training
        rows, each of these is explained by the model of the fold in which the row was a test row.
        All other rows are explained by `model` itself.
    rows : int, optional
        Number of rows to draw at random and explain. By default, all rows are explained, as far as
        the budget allows.
    budget : float
        Seconds that the computation may take, above 0. Some estimators are slow (``svm``): their
        rows are explained in random order until the time is over. The selection of rows then
        depends on the machine; pass `rows` for a reproducible selection.
    group_from : str, optional
        Which rows belong together, for a model that normalises columns within groups; see
        `Model.predict`. Test rows of the training table are normalised as in training.
    seed : int
        Seed of the random selection of rows and of sampled SHAP values.
    member : str, optional
        Estimator of the member of an ensemble that is explained alone. By default, all members are:
        see `featkit.explanation.ensembles`.
    sequences : table, path, sequence of paths, or mapping, optional
        For a network: sequences that are joined to the rows; see `Model.read`. By default, `table`
        has them: it is a folder that ``featkit sequences`` wrote, or has been joined before.
    steps : int
        For a network: points at which integrated gradients are evaluated.
    n_jobs : int or None
        Number of worker processes; -1 or None for one per processor.
    cluster : str, path or distributed.Client, optional
        A Dask cluster to use instead of local processes, as for `featkit.extract`.
    progress : callable, bool or None
        Receives a `featkit.Progress`: its activity is ``"fitting"`` while the models of folds are
        fitted, then ``"explaining"``, first with an estimate of the time for all rows. True shows
        a bar, False nothing, and None a bar in notebooks.

    Returns
    -------
    Explanation or NetworkExplanation
        The SHAP values, with one entry for each explained row, in the order of the table. For a
        network: Grad-CAM maps and integrated gradients of the predicted class of each row. The
        networks of the folds are then trained again first, which takes about as long as the
        training did, and is not counted in `budget`.

    Raises
    ------
    TableError
        If the table does not fit the model, or has no rows.
    ModelError
        If it is unknown which rows belong together.
    ParameterError
        If `rows` or `budget` is not above 0, `group_from` is wrong, or the model has no such
        member.
    """
    _check_limits(rows, budget)
    table = model.read(table, group_from=group_from, sequences=sequences)
    model.check(table)
    if model.reads_sequences:
        with open_executor(n_jobs, cluster) as executor, reporting(progress) as report:
            return explain_sequences(
                model,
                table,
                rows=rows,
                budget=budget,
                seed=seed,
                steps=steps,
                executor=executor,
                progress=report,
            )
    inputs = model.inputs(table, group_from=group_from)
    notes = _normalization_notes(model, model.groups_of(table, group_from))
    with open_executor(n_jobs, cluster) as executor, reporting(progress) as report:
        explanation = explain_inputs(
            model,
            table,
            inputs,
            rows=rows,
            budget=budget,
            seed=seed,
            member=member,
            executor=executor,
            progress=report,
        )
    return replace(explanation, notes=[*explanation.notes, *notes])


def explain_rows(
    model: Model,
    table: FeatureTable,
    own: Array,
    *,
    group_from: str | None = None,
    member: str | None = None,
    executor: Executor,
    progress: ProgressCallback | None = None,
) -> Explanation:
    """Explain some rows of a table, which are normalised with the others of their groups.

    Parameters
    ----------
    model : Model
        The model.
    table : FeatureTable
        The rows that are predicted together.
    own : array of bool, shape ``(rows,)``
        The rows to explain.
    group_from, member, progress
        As for `explain`.
    executor : Executor
        Where models are fitted and rows are explained.

    Returns
    -------
    Explanation

    Raises
    ------
    TableError, ModelError, ParameterError
        As for `explain`.
    """
    model.check(table)
    inputs = model.inputs(table, group_from=group_from)
    notes = _normalization_notes(model, model.groups_of(table, group_from))
    explanation = explain_inputs(
        model,
        model.read(table.rows(own)),
        inputs[own],
        rows=None,
        budget=BUDGET,
        seed=0,
        member=member,
        executor=executor,
        progress=progress,
    )
    return replace(explanation, notes=[*explanation.notes, *notes])


def explain_inputs(
    model: Model,
    table: FeatureTable,
    inputs: Array,
    *,
    rows: int | None,
    budget: float,
    seed: int,
    member: str | None = None,
    only: Array | None = None,
    executor: Executor,
    progress: ProgressCallback | None = None,
) -> Explanation:
    """Explain rows whose inputs to the pipeline are given.

    Parameters
    ----------
    model : Model
        The model.
    table : FeatureTable
        The rows, as `Model.read` reads them.
    inputs : array of float64, shape ``(rows, columns)``
        What the pipeline of the model sees; see `Model.inputs`.
    rows, budget, seed, member, progress
        As for `explain`.
    only : array of int, optional
        Positions of the rows to explain; the others are used to recognise the training table.
    executor : Executor
        Where models are fitted and rows are explained.

    Returns
    -------
    Explanation

    Raises
    ------
    TableError
        If the table has no rows.
    ParameterError
        If the model has no such member.
    """
    options: dict[str, Any] = {
        "rows": rows,
        "only": only,
        "seed": seed,
        "executor": executor,
        "progress": progress,
    }
    if member is not None:
        return explain_inputs(member_model(model, member), table, inputs, budget=budget, **options)
    if is_ensemble(model):
        return _explain_ensemble(model, table, inputs, budget, options)
    sample = model.trained.sample
    if not len(table):
        raise TableError("the table has no rows to explain")
    X = table.matrix(model.columns)
    row_explainers, notes = explainers(model, sample, table, inputs, executor, progress)
    row_explainers = restricted(row_explainers, only)
    available = sum(len(explainer.rows) for explainer in row_explainers)
    drawn = drawn_rows(row_explainers, rows, seed)
    shap_values = values_of_rows(model, drawn, budget, seed, executor, progress)
    y, label_notes = row_targets(model, table, shap_values.rows)
    estimator = TASKS[model.task].estimators[model.name]
    lines = None if table.places is None else table.places.lines
    explanation = Explanation(
        values=shap_values.values,
        base=shap_values.base,
        output=shap_values.output,
        probabilities=shap_values.P,
        error=shap_values.error,
        scale=estimator.scale,
        meaning=estimator.meaning(len(model.classes)),
        X=X[shap_values.rows],
        columns=list(model.columns),
        classes=list(model.classes),
        y=y,
        keys={name: column[shap_values.rows] for name, column in row_keys(model, table).items()},
        folds=shap_values.folds,
        learnt=shap_values.learnt,
        usual=sample.usual,
        method=_method(model, row_explainers),
        rows_there=available,
        schema={column["name"]: column for column in model.provenance.get("columns", [])},
        notes=[*sampling_notes(len(shap_values.rows), available), *label_notes, *notes],
        lines=None if lines is None else lines[shap_values.rows],
        decision=model.decision,
        task=model.task,
        costs=model.costs,
        normalized=None if model.normalization is None else shap_values.inputs,
    )
    return replace(explanation, notes=[*filter(None, [explanation.flaw]), *explanation.notes])


def _check_limits(rows: int | None, budget: float) -> None:
    if rows is not None and (type(rows) is not int or rows < 1):
        raise ParameterError(f"rows must be a whole number from 1, got {rows!r}")
    if not budget > 0:
        raise ParameterError(f"budget must be above 0 seconds, got {budget}")


def _normalization_notes(model: Model, groups: RowGroups | None) -> list[str]:
    """Notes on the normalisation within groups, if the model has one."""
    if model.normalization is None or groups is None:
        return []
    remark = prediction_remark(groups, model.normalization)
    return [
        f"{remark[0].upper()}{remark[1:]}. SHAP values, directions and colours are those of the"
        " normalised values; values in tables, and the usual values, are in their own units.",
        *group_size_warnings(groups, model.normalization),
    ]


def _explain_ensemble(
    model: Model, table: FeatureTable, inputs: Array, budget: float, options: Mapping[str, Any]
) -> Explanation:
    """The explanations of all members, combined; slow members share the budget."""
    members = member_models(model)
    estimators = TASKS[model.task].estimators
    slow = sum(estimators[own.name].rows_at_once is not None for _, own in members)
    own_budget = budget / max(slow, 1)
    combined = combine(
        [
            (
                own.trained.candidate,
                weight,
                explain_inputs(own, table, inputs, budget=own_budget, **options),
            )
            for weight, own in members
        ]
    )
    notes = candidate_note(model) if (combined.folds != NO_FOLD).any() else []
    P = combined.probabilities
    if model.trained.settings.calibrate is not None:
        executor, progress = options["executor"], options["progress"]
        P = calibrated_by_fold(model, table, P, combined.folds, executor, progress)
        notes.append(
            "Probabilities are calibrated. Contributions describe the output of the members before"
            " calibration."
        )
    return replace(combined, probabilities=P, notes=[*combined.notes, *notes])


def _method(model: Model, row_explainers: Sequence[Explainer]) -> str:
    chosen = TASKS[model.task].estimators[model.name]
    if chosen.contributions is not None:
        return f"exact SHAP values of the {chosen.title}"
    rows = len(row_explainers[0].background)
    per_row = evaluations(len(model.columns), rows)
    return (
        f"SHAP values by permutation: {REPETITIONS} orders of the columns and their reverses,"
        f" {counted(rows, 'row')} of background, {counted(per_row, 'evaluation')} a row"
    )
