"""Training: model selection on inner folds, scores on outer folds, and the final model."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from featkit._utils.progress import ProgressCallback, ProgressOption, reporting
from featkit._utils.workers import worker_count
from featkit.errors import ParameterError
from featkit.executors.executor import Executor
from featkit.executors.opening import open_executor
from featkit.models.budget_use import BudgetUse
from featkit.models.compared_models import ComparedModels, check_inputs, compared_models
from featkit.models.costs import as_cost_matrix
from featkit.models.ensemble_fits import fit_members
from featkit.models.estimator import AUTO, COLUMNS
from featkit.models.fitting import Fits
from featkit.models.group_normalization import fit_normalization
from featkit.models.leaderboard import (
    FitCounter,
    FoldRecipes,
    HeldOutPredictions,
    count_scoring,
    count_selection,
    make_fold_recipes,
    predict_test_rows,
    scored_fit_is_final,
)
from featkit.models.likely_groups import group_warnings
from featkit.models.model import Model
from featkit.models.model_differences import model_differences
from featkit.models.networks.epoch_files import EpochMonitor, monitored_epochs
from featkit.models.normalization_groups import divided_group_warnings, normalization_summary
from featkit.models.novelty import fit_novelty
from featkit.models.out_of_core.memory import (
    FITS_IN_MEMORY,
    FITS_OVER_BLOCKS,
    memory_shortage,
)
from featkit.models.out_of_core.scratch import open_scratch, sample_reason
from featkit.models.outer_folds import SplitPlan, plan_splits
from featkit.models.preparation import prepare_problem
from featkit.models.problem import Problem
from featkit.models.recording_conditions import (
    RecordingConditions,
    conditions_warnings,
    recording_conditions,
)
from featkit.models.result import (
    Result,
    prediction_table,
    training_metadata,
    with_inner_threshold,
)
from featkit.models.settings import Settings
from featkit.models.split_comparisons import OtherSplits, compare_other_splits, plan_other_splits
from featkit.models.task import TASKS
from featkit.models.time_budget import TimeBudget, budget_use, plan_candidates
from featkit.models.training_options import MIN_ROWS, STANDARD
from featkit.models.training_tables import dataset_names, group_file, named_inputs
from featkit.storage.urls import name_of
from featkit.table.group_files import GROUP
from featkit.table.label_cells import SEPARATOR
from featkit.table.label_map import LabelMap, as_label_map
from featkit.table.provenance import described_provenance

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

    from featkit.models.costs import CostMatrix
    from featkit.models.training_tables import Tables

    Costs = CostMatrix | str | os.PathLike[str] | Mapping[str, Mapping[str, float]] | pd.DataFrame


def train(
    table: Tables,
    *,
    label: str = "label",
    group: str | os.PathLike[str] | None = None,
    fold: str | None = None,
    folds: int | None = None,
    split: str | None = None,
    shares: Sequence[float] | None = None,
    split_by_row: bool = False,
    model: str | Sequence[str] = AUTO,
    parameters: Mapping[str, Any] | None = None,
    select: int | None = None,
    exclude: Sequence[str] = (),
    include: Sequence[str] = (),
    label_map: LabelMap | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    leave_one_dataset_out: bool = False,
    calibrate: str | None = None,
    prediction_sets: bool = False,
    ensemble: bool = True,
    normalize_by: str | None = None,
    normalization: str = STANDARD,
    normalize_min_rows: int = MIN_ROWS,
    leave_one_group_out: bool = False,
    costs: Costs | None = None,
    target: str | None = None,
    multilabel: str | None = None,
    label_separator: str = SEPARATOR,
    empty_is_no_label: bool = False,
    sequences: Tables | None = None,
    compare_splits: bool = True,
    seed: int = 0,
    budget: float | None = None,
    max_memory: int | str | None = None,
    n_jobs: int | None = 1,
    cluster: Any = None,
    progress: ProgressOption = None,
) -> Result:
    """Train a model, and score it on rows that it was not trained on.

    Parameters
    ----------
    table : FeatureTable, DataFrame, path, sequence of paths, or mapping
        Features, with a label for each row. A DataFrame is one of pandas or polars, or any other
        table with ``__arrow_c_stream__``. In a DataFrame, or a file that featkit did not write,
        all columns of numbers are features, except those named here. In a table with featkit's
        columns only these are features; a warning lists the others. Several tables with the same
        features are joined: a sequence of files, whose names without suffix are the names of the
        datasets, or a mapping of dataset names to tables. The same path or group in two datasets
        denotes two recordings or groups.
    label : str
        Column of the classes.
    target : str, optional
        Column of numbers to predict instead of classes (regression). Rows without a number are left
        out, with a warning.
    multilabel : str, optional
        Column of several labels to predict instead of one class, such as ``"rock;live"``. Labels
        that fewer than two groups have, or lack, are left out, and rows without a label, too, with
        warnings. The threshold of each label maximises its F1 score on inner folds.
    label_separator : str
        Text between the labels of a cell.
    empty_is_no_label : bool
        Whether a row with an empty cell has none of the labels, instead of being left out.
    group : str or path, optional
        Column of groups that no split may divide, such as artist or speaker. Rows of one recording
        (``path``) always stay together. ``"stem(name, 1-3)"`` takes the first three fields of the
        names in column ``name``, and ``"folder(path)"`` the part before the last slash: see
        `featkit.table.name_stems`. A name that ends in ``.csv``, ``.tsv``, ``.txt`` or ``.parquet``
        and is no column is a file with the columns ``path`` and ``group``, such as
        ``featkit audit --write-groups`` writes: its groups are joined to the table by path. Without
        a group, columns and names that may denote groups are searched for, and a warning gives the
        score of a split by them.
    fold, split : str, optional
        Column of published folds, or of ``train``, ``validation`` and ``test``.
    folds : int, optional
        Number of folds to make, from 2; by default 5.
    shares : sequence of float, optional
        Shares of train, validation and test, as in ``(60, 20, 20)``, or of train and test.
    split_by_row : bool
        Whether the split may divide recordings and groups, for comparison with scores that were
        computed in this way; gives a warning.
    model : str or sequence of str
        Name of an estimator, which is used with its default parameters; or ``"auto"``, which
        selects estimator and parameters within each fold, by the log loss with classes of equal
        weight, or by the mean squared error of a target. A target has its own estimators; see
        `featkit.models.regressor.REGRESSORS`. Networks, such as ``"cnn"``, learn classes from
        sequences (extra ``deep``); ``auto`` does not select them. Several names, as a list or
        separated by commas, are scored on the same folds: the first is the model that is kept, and
        ``scores["differences"]`` compares it with each other one.
    parameters : mapping of str to object, optional
        Parameters of the named estimator, such as ``{"n_estimators": 500}``. With several, names
        begin with that of the estimator: ``{"cnn.epochs": 20}``.
    select : int, optional
        Number of columns that feature selection keeps within each fold.
    exclude : sequence of str
        Columns that are not features.
    include : sequence of str
        Columns that are features although they reveal the class, number the rows or are named like
        identifiers. Other such columns are left out, with a warning.
    label_map : LabelMap, mapping or path, optional
        Common labels of the datasets: a file, or the same content as a dict; see
        `featkit.table.label_map`.
    leave_one_dataset_out : bool
        Whether each dataset is one outer fold, which is scored by a model that was trained on the
        others. The datasets are several tables, or the values of a column ``dataset``.
    calibrate : {"auto", "sigmoid", "isotonic", "temperature"}, optional
        Calibration of the probabilities of all models, fitted on inner folds by group; see
        `featkit.models.calibration`. ``"auto"`` selects the method with the lowest log loss, or
        none. ``scores["uncalibrated"]`` holds the scores before. By default, there is none.
    prediction_sets : bool
        Whether to fit prediction sets and abstention on inner folds for a named model, too. With
        ``"auto"`` or a calibration they are always fitted. See `Model.predict`.
    ensemble : bool
        Whether ``"auto"`` may answer with a weighted mean of candidates. Members and weights are
        selected on inner folds.
    normalize_by : str, optional
        Column, or part of a name as for `group`, of groups such as speakers. Each column is
        normalised within each group, inside the fold: training rows by the training rows of their
        group, test rows by the unlabelled test rows of theirs. The model then needs the groups of
        the rows that it predicts: see `Model.predict`, and `featkit.models.group_normalization`.
    normalization : {"standard", "robust"}
        Mean and standard deviation of a group, or its median and interquartile range.
    normalize_min_rows : int
        Fewest values of a column that a group needs; below it, all training rows serve instead.
    leave_one_group_out : bool
        Whether each group is one outer fold with its name, which is scored by a model that was
        trained on the others. As many `folds` as there are groups do the same. A group may lack a
        class. If a class occurs in one group only, its test rows cannot be predicted: accuracy
        counts them as errors; balanced accuracy, macro F1 and log loss leave them out, with a
        warning. The same holds for a column of published folds.
    costs : CostMatrix, path, mapping or DataFrame, optional
        What each wrong prediction costs: a file of delimited text, a mapping of true classes to
        mappings of predicted classes to costs, or the same as a DataFrame; see
        `featkit.models.costs`. The model then predicts the class with the least expected cost
        instead of the most probable one, and all scores are of these predictions. Models are
        selected by the log loss as without costs. The probabilities should be calibrated.
    sequences : path, FeatureTable, sequence of paths or mapping, optional
        Sequences that networks learn from: a folder that `featkit.sequences` wrote, or a table with
        sequences. They are joined to the rows of `table` by recording and time. Several folders
        belong to as many tables, in the same order or by the same names. Such a folder may also be
        the `table` itself, if all models are networks.
    compare_splits : bool
        Whether the kept model is also scored by a row-wise split, and by a likely group if there is
        one, which takes as many fits again.
    seed : int
        Seed of all random choices, from 0 to 2**32 - 1.
    budget : float, optional
        Seconds that a training with ``"auto"`` should take. Candidates that there is no time for
        are left out in all folds alike: first those other than the defaults, then whole estimators,
        the slowest first. A warning lists them. Time for the outer folds
        and for the final fit is reserved; estimates may be off, and at least one estimator is
        trained. Other named models take their own time. The result then depends on the speed of
        the machine; without a budget, the same call gives the same result everywhere.
    max_memory : int or str, optional
        Memory for feature values and their copies: bytes, or a size such as ``"4GB"``; by default
        three quarters of the memory of this machine or container. If the features need less than an
        eighth of it, this has no effect. Otherwise they are kept in the folder for temporary files,
        which needs their size once, and again for each fit at a time. Then ``sgd`` and ``xgboost``
        are trained on all rows in blocks. All other models, and trainings with ``"auto"``,
        `select`, `normalize_by` or `multilabel`, use a sample of whole recordings; a warning states
        its size, and the scores are those of the sample. The limit is not that of the process:
        libraries take some 350 MB in each process, and keys and predictions some hundreds of bytes
        for each row. A text file is read into memory at once. See `featkit.models.out_of_core`.
    n_jobs : int or None
        Number of worker processes; -1 or None for one per processor.
    cluster : str, path or distributed.Client, optional
        A Dask cluster to use instead of local processes, as for `featkit.extract`.
    progress : callable, bool or None
        Receives a `featkit.Progress` after each fit; while a network is fitted, also from another
        thread about once a second, with its epoch, loss and accuracy in the note. True shows a bar,
        False nothing, and None a bar in notebooks.

    Returns
    -------
    Result
        With ``scores``, ``model``, ``predictions``, ``leaderboard`` and ``learning_curves``. If the
        table has quality columns, ``scores["conditions"]`` shows how well they predict the label
        without any feature. If they do so clearly better than chance, the first warning reports it.

    Raises
    ------
    ParameterError
        If a column is missing, a class has too few groups, or a parameter is invalid.
    TableError
        If the table is invalid: an infinite value, or a published split that divides a group; or
        if the file of groups lacks a recording.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> label = np.repeat(["low", "high"], 20)
    >>> pitch = np.where(label == "low", 100, 200) + rng.normal(0, 10, 40)
    >>> result = train(pd.DataFrame({"label": label, "pitch": pitch}), model="logistic")
    >>> result.scores["models"]["logistic"]["accuracy"]["value"]
    1.0
    >>> result.scores["models"]["baseline"]["accuracy"]["value"]
    0.5
    """
    groups = group_file(table, group)
    column: Any = group if groups is None else GROUP  # settings refuse what is no name
    settings = Settings(
        label=label,
        group=column,
        group_file=None if groups is None else name_of(groups),
        fold=fold,
        folds=folds,
        split=split,
        shares=shares,
        split_by_row=split_by_row,
        model=model,  # type: ignore[arg-type]  # settings make a text of a list
        parameters=parameters,
        select=select,
        exclude=exclude,
        include=include,
        label_map=as_label_map(label_map) if label_map is not None else None,
        datasets=dataset_names(table),
        leave_one_dataset_out=leave_one_dataset_out,
        calibrate=calibrate,
        prediction_sets=prediction_sets,
        ensemble=ensemble,
        normalize_by=normalize_by,
        normalization=normalization,
        normalize_min_rows=normalize_min_rows,
        leave_one_group_out=leave_one_group_out,
        costs=as_cost_matrix(costs) if costs is not None else None,
        target=target,
        multilabel=multilabel,
        label_separator=label_separator,
        empty_is_no_label=empty_is_no_label,
        compare_splits=compare_splits,
        seed=seed,
        budget=budget,
    )
    time_budget = None if budget is None else TimeBudget(budget)
    models = compared_models(settings)
    _check_sequences(models, settings, sequences, cluster)
    shortage = memory_shortage(named_inputs(table).values(), max_memory)
    if shortage is not None:
        n_jobs = _workers_within_memory(settings, n_jobs, cluster)
    with (
        open_scratch(shortage) as scratch,
        open_executor(n_jobs, cluster) as executor,
        reporting(progress) as report,
    ):
        problem = prepare_problem(table, settings, groups, scratch, sequences)
        check_inputs(models, problem)
        if not models.networks(TASKS[settings.task]):
            problem = problem.for_inputs(COLUMNS)
        return _train(problem, settings, models, executor, report, time_budget)


def _check_sequences(
    models: ComparedModels, settings: Settings, sequences: Tables | None, cluster: Any
) -> None:
    networks = models.networks(TASKS[settings.task])
    if sequences is not None and not networks:
        raise ParameterError(
            f"sequences are given, and no model learns from them: name a network, as in"
            f" cnn,{settings.model}"
        )
    if networks and cluster is not None:
        raise ParameterError(
            f"{networks[0]} reads sequences from the disk of this machine, so that a cluster cannot"
            " read them: omit the cluster"
        )


def _workers_within_memory(settings: Settings, n_jobs: int | None, cluster: Any) -> int:
    """The number of fits at a time that memory allows, where features do not fit."""
    if sample_reason(settings):
        return min(worker_count(n_jobs), FITS_IN_MEMORY)
    if cluster is not None:
        raise ParameterError(
            "the features of the table do not fit in memory and are kept on this machine, so that"
            " a cluster cannot read them: omit the cluster, or raise max_memory"
        )
    return min(worker_count(n_jobs), FITS_OVER_BLOCKS)


class _Workers(NamedTuple):
    """Where fits run, and how they are counted and shown."""

    settings: Settings
    executor: Executor
    counter: FitCounter
    epochs: EpochMonitor | None
    budget: TimeBudget | None

    def fits(self, problem: Problem) -> Fits:
        return Fits(
            problem,
            self.settings,
            executor=self.executor,
            fitted=self.counter.fitted,
            epochs=self.epochs,
        )


def _train(
    problem: Problem,
    settings: Settings,
    models: ComparedModels,
    executor: Executor,
    progress: ProgressCallback | None,
    budget: TimeBudget | None,
) -> Result:
    task = TASKS[settings.task]
    plan = plan_splits(problem, settings)
    others = plan_other_splits(problem, plan, settings)
    conditions = recording_conditions(problem.table) if task.score_conditions else None
    counter = FitCounter(progress)
    is_shown = progress is not None and models.networks(task)
    with monitored_epochs(counter.show if is_shown else None) as epochs:
        workers = _Workers(settings, executor, counter, epochs, budget)
        return _fitted(problem, plan, models, others, conditions, workers)


def _fitted(
    problem: Problem,
    plan: SplitPlan,
    models: ComparedModels,
    others: OtherSplits,
    conditions: RecordingConditions | None,
    workers: _Workers,
) -> Result:
    """Fit and score all models, and fit the kept one on all rows that are not held out."""
    settings, kept = workers.settings, models.kept
    task, fits = TASKS[settings.task], workers.fits(problem)
    grid, budget = models.grid, workers.budget
    n_comparing = others.count_fits(plan, kept)
    if budget is not None:
        models = plan_candidates(
            budget,
            fits,
            models,
            plan,
            settings,
            n_workers=workers.executor.workers,
            n_other_fits=n_comparing,
        )
    n_last = count_scoring(models, plan, settings) + n_comparing + (conditions is not None)
    workers.counter.expect(count_selection(models, plan, settings) + n_last)
    is_late = None if budget is None else budget.is_late
    recipes = make_fold_recipes(fits, problem, models, plan, settings, is_late)
    workers.counter.expect(n_last)
    use = None
    if budget is not None:
        use = budget_use(budget, grid, models.grid, recipes.last_compared)
    final = kept if scored_fit_is_final(models, plan, settings) else None
    held_out = predict_test_rows(fits, problem, plan, recipes, final=final)
    candidate, output = recipes.final.candidate, held_out.output[kept]
    own_problem = problem.for_inputs(models.inputs(kept, task))
    evaluation = _evaluated(own_problem, plan, models, held_out, recipes)
    comparisons = compare_other_splits(
        others,
        lambda rows: fits if rows is problem else workers.fits(rows),
        problem,
        plan,
        settings,
        candidate,
        output,
        kept,
    )
    if conditions is not None and task.score_conditions:
        comparisons["conditions"] = task.score_conditions(
            problem, plan, conditions, seed=settings.seed
        )
        workers.counter.fitted("scoring recording conditions")
    if task.score_recipes:
        used = recipes.of_model(kept, plan)
        comparisons |= task.score_recipes(own_problem, plan, output, held_out.P[kept], used)
    pipeline = held_out.pipeline
    if pipeline is None:
        pipeline = fit_members(fits, candidate, plan.final.train, settings)
    evaluation = replace(
        evaluation,
        datasets=problem.dataset_rows,
        likely_groups=problem.likely_groups,
        normalization=normalization_summary(own_problem, settings),
        **comparisons,
        warnings=[
            *conditions_warnings(comparisons.get("conditions")),
            *group_warnings(problem.likely_groups, comparisons.get("by_group")),
            *problem.warnings,
            *([] if use is None or use.is_complete else [use.summary]),
            *divided_group_warnings(own_problem, plan, settings),
            *fits.warnings,
            *task.score_warnings(evaluation),
        ],
    )
    return Result(
        evaluation=evaluation,
        model=_model(own_problem, plan, settings, pipeline, recipes, evaluation, kept, use),
        predictions=prediction_table(
            problem, plan, held_out.P[kept], [own[kept] for own in recipes.outer]
        ),
        effort=held_out.effort,
    )


def _evaluated(
    problem: Problem,
    plan: SplitPlan,
    models: ComparedModels,
    held_out: HeldOutPredictions,
    recipes: FoldRecipes,
) -> Any:
    """The scores of all models, without comparisons with other splits and without warnings."""
    task, kept, P = TASKS[problem.task], models.kept, held_out.P
    used = recipes.of_model(kept, plan)
    chosen = {name: recipe.candidate for name, recipe in used.items()}
    decided = (
        {} if task.fit_decision is None else {"recipes": [*recipes.outer, {kept: recipes.final}]}
    )
    evaluation = task.evaluate(problem, plan, P, kept, chosen, **decided)
    if not task.has_classes:
        return evaluation
    evaluation = with_inner_threshold(evaluation, problem, plan, P[kept], list(used.values()))
    return replace(
        evaluation,
        differences=model_differences(problem, plan, P, kept) if len(models.names) > 1 else None,
        learning_curves=held_out.curves or None,
    )


def _model(
    problem: Problem,
    plan: SplitPlan,
    settings: Settings,
    pipeline: Pipeline,
    recipes: FoldRecipes,
    evaluation: Any,
    kept: str,
    budget: BudgetUse | None,
) -> Model:
    """The model of the final fit, with all that a model file stores."""
    final, seed = recipes.final, settings.seed
    used = recipes.of_model(kept, plan)
    chosen = {name: recipe.candidate for name, recipe in used.items()}
    normalization = fit_normalization(
        problem.X, problem.normalization_groups, plan.final.train, settings
    )
    return Model(
        pipeline=pipeline,
        name=final.candidate.name,
        classes=problem.outputs,
        columns=problem.columns,
        provenance=described_provenance(problem.table),
        training_metadata=training_metadata(
            problem, plan, settings, chosen, final.candidate, normalization, budget
        ),
        evaluation=evaluation,
        normalization=normalization,
        calibrator=final.calibrator,
        task=problem.task,
        sets=final.sets,
        novelty=fit_novelty(problem, plan.final.train, seed=seed) if problem.columns else None,
        decision=final.decision,
    )
