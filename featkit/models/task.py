"""Tasks: what a model predicts, such as one class or a number for each row.

Each module of `featkit.models.tasks` exports one `TASK` with everything that differs between
targets. Splits, fits, model files and explanations are the same for all of them. They handle the
predictions of a model as a matrix ``P``, ``(rows, outputs)``: the probabilities of the classes, or
one column with the predicted number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from featkit._utils.registry import module_registry
from featkit.models.estimator import Estimator
from featkit.models.score_types import RowSplit

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from featkit._utils.typing import Array
    from featkit.models.label_decision import LabelDecision
    from featkit.models.problem import Problem
    from featkit.models.score_types import ConditionsScores
    from featkit.models.settings import Settings
    from featkit.table.feature_table import FeatureTable

    Comparison = tuple[Any, Any, Any]

CLASSIFICATION, REGRESSION, MULTILABEL = "classification", "regression", "multilabel"
"""Names of tasks: one class for each row (the default), a number, or several labels."""

TARGETS = {CLASSIFICATION: "classes", REGRESSION: "numbers", MULTILABEL: "several labels"}
"""What the models of each task predict, for messages."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """A kind of target: the contract of a module of `featkit.models.tasks`.

    Attributes
    ----------
    name : str
        Name of its module.
    has_classes : bool
        Whether each row has exactly one class, so that every part of a split needs all classes.
    estimators : mapping of str to Estimator
        The estimators that can predict such a target.
    evaluation_type : type
        Type of the scores.
    metrics : mapping of str to str
        Name and definition of each metric of a model.
    read_target : callable
        ``read_target(table, settings, warnings)`` returns the rows of a table that have a target,
        and the target of each. It appends to `warnings`, and raises a `ParameterError` or
        `TableError` if the target cannot be used.
    outputs : callable
        ``outputs(y, column)`` returns the names of the columns of ``P``, where `column` is the name
        of the target column.
    strata : callable
        ``strata(y, groups, n_parts)`` returns the stratum of each row. A split into `n_parts` gives
        each part its share of every stratum.
    predict : callable
        ``predict(pipeline, X, outputs)`` returns ``P``.
    combine : callable
        ``combine(recordings, P)`` returns the names of the recordings in order of appearance, and
        the joint prediction of the rows of each, ``(recordings, outputs)``.
    prediction_arrays : callable
        ``prediction_arrays(P, outputs, decision=decision, added=added)`` returns the columns of a
        table of predictions by name, where `added` are further columns.
    true_column : str
        Name of the column of the true target in a table of predictions.
    target_values : callable
        ``target_values(y)`` returns the content of that column.
    loss : callable
        ``loss(y, P, outputs)`` returns the number that model selection minimises.
    baseline : callable
        ``baseline(problem, train, n_rows)`` returns ``P`` of a model that uses no feature.
    evaluate : callable
        ``evaluate(problem, plan, P, model, chosen)`` returns an `evaluation_type`; see
        `featkit.models.result.evaluate_plan`.
    quartiles : callable
        ``quartiles(problem, rows)`` returns the lower and upper quartile of each column for each
        output, ``(2, outputs, columns)``, NaN where there are none.
    leaking_columns : callable
        ``leaking_columns(problem, settings)`` returns the columns that leak the target, as a
        `Leaks`.
    data_warnings : callable
        ``data_warnings(problem, settings)`` yields the reasons to doubt the target.
    known_targets : callable
        ``known_targets(cells, outputs)`` returns the true targets in the cells of a column of a
        table to explain, None if all are unknown, and notes on cells that cannot be used. A class
        is a text, "" where unknown; a number is NaN where unknown.
    score_warnings : callable
        ``score_warnings(evaluation)`` returns the reasons to doubt the predictions.
    compare_splits : callable, optional
        ``compare_splits(problem, rows, P, other_rows, other_P)`` compares the scores of a candidate
        by two splits. None if splits are not compared. Classes take a sixth argument,
        `unpredictable`: see `featkit.models.scores.compare_splits`.
    row_split_type : type
        Type of the comparison with a row-wise split, with the fields of `RowSplit`.
    score_recipes : callable, optional
        ``score_recipes(problem, plan, output, P, recipes)`` returns fields of `evaluation_type` on
        what was fitted on inner folds, where `output` are the predictions of the kept model for the
        test rows before it was applied, and `recipes` are those of the outer folds by name.
    prepare : callable, optional
        ``prepare(problem, settings)`` returns the problem without what cannot be predicted, with
        warnings.
    fit_decision : callable, optional
        ``fit_decision(problem, settings, rows, P)`` returns the decision of a model, from the
        out-of-fold predictions ``P`` of some rows. It is stored in model files, and passed to
        `evaluate` (within recipes), `prediction_arrays`, `target_values` and `known_targets` as an
        additional argument. None if predictions need no decision.
    score_conditions : callable, optional
        ``score_conditions(problem, plan, conditions, seed=seed)`` scores how well recording
        conditions alone predict the target. None if that is not measured.
    """

    name: str
    has_classes: bool
    estimators: Mapping[str, Estimator]
    evaluation_type: type[Any]
    metrics: Mapping[str, str]
    read_target: Callable[[FeatureTable, Settings, list[str]], tuple[FeatureTable, Array]]
    outputs: Callable[[Array, str], list[str]]
    strata: Callable[[Array, Array, int], Array]
    predict: Callable[[Pipeline, Any, Sequence[str]], Array]
    combine: Callable[[Array, Array], tuple[Array, Array]]
    prediction_arrays: Callable[..., dict[str, Array]]
    true_column: str
    target_values: Callable[..., Array]
    loss: Callable[[Array, Array, Sequence[str]], float]
    baseline: Callable[[Problem, Array, int], Array]
    evaluate: Callable[..., Any]
    quartiles: Callable[[Problem, Array], Array]
    leaking_columns: Callable[[Problem, Settings], Any]
    data_warnings: Callable[[Problem, Settings], Iterator[str]]
    known_targets: Callable[..., tuple[Array | None, list[str]]]
    score_warnings: Callable[[Any], list[str]]
    compare_splits: Callable[..., Comparison] | None = None
    row_split_type: type[Any] = RowSplit
    score_conditions: Callable[..., ConditionsScores] | None = None
    score_recipes: Callable[..., dict[str, Any]] | None = None
    prepare: Callable[[Problem, Settings], Problem] | None = None
    fit_decision: Callable[[Problem, Settings, Array, Array], LabelDecision] | None = None

    @property
    def has_names(self) -> bool:
        """Whether the outputs are names in the target: classes or labels."""
        return self.has_classes or self.fit_decision is not None


TASKS = module_registry("task", "featkit.models.tasks", "TASK", Task)
"""All tasks by name; each is loaded when it is first used."""
