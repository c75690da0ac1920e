"""Estimators: the contract, the registry of classifiers, and the pipelines that contain them.

Each module of `featkit.models.estimators` exports one `ESTIMATOR`. From it follow the pipeline with
all steps that must be fitted inside the fold, the candidates that ``auto`` compares, and the types
that a model file may hold.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from featkit._utils.parameters import check_parameter, unknown
from featkit._utils.registry import module_registry
from featkit.errors import ParameterError

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from featkit._utils.typing import Array
    from featkit.models.kernel_machine import KernelMachine
    from featkit.models.onnx_export.tensor import Tensor
    from featkit.models.out_of_core.block_fitting import TrainingBlocks


AUTO = "auto"
"""Name of the model that is selected among all others."""

ENSEMBLE = "ensemble"
"""Name of the weighted mean of several models, which ``auto`` may select."""

MAX_TEXT = 40
"""Characters of a parameter that the text of a candidate shows whole."""

COLUMNS, SEQUENCES = "columns", "sequences"
"""Inputs of an estimator: the columns of a table, or its `Sequences`."""

LOG_ODDS, PROBABILITY = "log odds", "probability"
"""Scales of contributions."""


class FitWarning(UserWarning):
    """A remark of an estimator on its fit, which the training shows among its warnings."""


def in_probability(n_classes: int) -> str:
    """Explain the size of a contribution in probability.

    Parameters
    ----------
    n_classes : int
        Number of classes.

    Returns
    -------
    str
        A clause for the report.
    """
    return "0.1 is ten percentage points of the probability of the class"


def in_log_odds(n_classes: int) -> str:
    """Explain the size of a contribution in log odds, for one softmax over all classes.

    Parameters
    ----------
    n_classes : int
        Number of classes.

    Returns
    -------
    str
        A clause for the report.
    """
    if n_classes == 2:
        return "+1 multiplies the odds of the class by 2.7, −1 divides them by it"
    return "+1 multiplies the odds of the class against each other class by 2.7"


def in_one_vs_rest_log_odds(n_classes: int) -> str:
    """Explain the size of a contribution in log odds, for one binary model per class.

    Parameters
    ----------
    n_classes : int
        Number of classes.

    Returns
    -------
    str
        A clause for the report.
    """
    if n_classes == 2:
        return in_log_odds(n_classes)
    return (
        "+1 multiplies by 2.7 the odds of the class against all others, before the probabilities of"
        " the classes are scaled to a sum of 1"
    )


def group_options(fitted: Pipeline, groups: Array | None) -> dict[str, Array]:
    """Return the arguments of ``fit`` that pass groups to an estimator that uses them.

    Parameters
    ----------
    fitted : sklearn.pipeline.Pipeline
        A pipeline of `pipeline`.
    groups : array, shape ``(rows,)``, or None
        Group of each row.

    Returns
    -------
    dict of str to array
        Empty if the estimator uses no groups, or there are none.
    """
    from sklearn.utils.validation import has_fit_parameter

    takes_groups = has_fit_parameter(fitted.named_steps["model"], "groups")
    return {"model__groups": groups} if takes_groups and groups is not None else {}


def analysis_of_variance(X: Array, y: Array) -> tuple[Array, Array]:
    """Return the F and p values of each column; F is 0 for a constant column.

    Parameters
    ----------
    X : array, shape ``(rows, columns)``
        Feature values.
    y : array, shape ``(rows,)``
        Class of each row.

    Returns
    -------
    F, p : array of float64, shape ``(columns,)``
    """
    import numpy as np
    from sklearn.feature_selection import f_classif

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        F, p = f_classif(X, y)
    return np.nan_to_num(F, nan=0.0, posinf=np.finfo(np.float64).max), np.nan_to_num(p, nan=1.0)


# Model files store the function under this module; the name is fixed.
analysis_of_variance.__module__ = "featkit.models.estimators"


class Contributions(NamedTuple):
    """Exact SHAP values: contributions of the columns that an estimator sees to each class.

    Attributes
    ----------
    values : array, shape ``(rows, columns, classes)``
        Contributions; with ``base`` they add up to ``output``.
    base : array, shape ``(classes,)``
        Mean output of the model.
    output : array, shape ``(rows, classes)``
        Output of the model.
    """

    values: Array
    base: Array
    output: Array


@dataclass(frozen=True, kw_only=True)
class Estimator:
    """A kind of classifier: the contract of a module of `featkit.models.estimators`.

    Attributes
    ----------
    name : str
        Name of its module.
    title : str
        Short description for users.
    build : callable
        ``build(seed)`` returns an unfitted classifier with `predict_proba` and good defaults.
    grid : mapping of str to sequence
        Parameter values that ``auto`` compares, the simplest first.
    check : callable
        ``check(model, n_columns, n_classes)`` raises `ValueError` if the parts of a fitted
        classifier do not fit together. It guards against crafted model files.
    types : frozenset of str
        Full names of the types of a fitted classifier, besides those of every pipeline.
    ranges : mapping of str to (number, number)
        Lowest and highest value of each parameter that users may set; whole numbers for parameters
        that are whole numbers. Values of the grid are allowed, too. The ranges limit the time that
        a repeated training takes, whatever a model file states.
    contributions : callable, optional
        ``contributions(model, Z)`` returns exact `Contributions` of preprocessed rows ``Z``.
        Without it they are estimated by sampling, in probability.
    kernel : callable, optional
        ``kernel(model)`` returns a `featkit.models.kernel_machine.KernelMachine` with the
        probabilities of a fitted classifier, or the number that a regressor predicts. Sampling is
        then much faster.
    scale : {"log odds", "probability"}
        Scale of contributions.
    meaning : callable
        ``meaning(n_classes)`` explains the size of a contribution.
    rows_at_once : int, optional
        Rows that a worker explains at a time; None if explanations are too fast to need workers.
    seconds_per_row : callable, optional
        ``seconds_per_row(model)`` estimates the processor time for the contributions of a row from
        the size of a fitted classifier, so that it is the same on all machines. None if
        explanations are fast.
    imputed, scaled : bool
        Whether missing values are filled, and columns are scaled to unit variance.
    is_combination : bool
        Whether it combines other estimators, so that ``auto`` does not compare it with them.
    check_parameters : callable, optional
        ``check_parameters(parameters)`` raises `ParameterError` if parameters that are not numbers
        are invalid. It replaces the check of `ranges`.
    complete_parameters : callable, optional
        ``complete_parameters(parameters)`` adds to parameters, such as the hash of a file
        that they name, so that the training can be repeated. None if nothing is added.
    fit_blocks : callable, optional
        ``fit_blocks(model, rows)`` fits an unfitted classifier in place to training rows that do
        not fit in memory, a `featkit.models.out_of_core.block_fitting.TrainingBlocks`. Without it,
        such a training uses a sample of the rows.
    inputs : {"columns", "sequences"}
        Input of ``fit`` and ``predict_proba``: a matrix ``(rows, columns)``, or a
        `featkit.table.sequences.sequences.Sequences`. The latter standardise them on their own.
    score_columns : callable
        ``score_columns(X, y)`` returns two arrays, ``(columns,)``. Feature selection keeps the
        columns with the largest values of the first.
    prefix : callable, optional
        ``prefix(model, n_estimators)`` returns the model of the first trees of a fitted one, the
        same as a fit of so few. Candidates that differ in ``n_estimators`` only are then
        fitted once.
    search_trees : int, optional
        Most trees of a candidate on the inner folds of a search, where more trees would only lower
        the variance; see `featkit.models.search`. None for no such limit.
    first_trees : int, optional
        The same on the first inner fold, which is scored again if the candidate is among the best.
    path : str, optional
        Parameter, such as ``C``, whose candidates are fitted in ascending order, each from the
        solution of the last one; the estimator needs the parameter ``warm_start``.
    step : float, optional
        For estimators without scaling, differences that they ignore, in addition to rounding to
        single precision; columns with such small differences are rescaled. None for no such step.
    to_onnx : callable, optional
        ``to_onnx(model, Z)`` returns the probabilities, or the number, of preprocessed rows ``Z``
        as a `featkit.models.onnx_export.tensor.Tensor`, ``(rows, outputs)``, in the precision of
        ``predict_proba``. None if models cannot be exported to ONNX.
    not_exported : str
        Why not, as the end of a sentence; "" if they can.
    """

    name: str
    title: str
    build: Callable[[int], Any]
    grid: Mapping[str, Sequence[Any]]
    check: Callable[[Any, int, int], None]
    types: frozenset[str]
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    contributions: Callable[[Any, Array], Contributions] | None = None
    kernel: Callable[[Any], KernelMachine] | None = None
    scale: str = PROBABILITY
    meaning: Callable[[int], str] = in_probability
    rows_at_once: int | None = None
    seconds_per_row: Callable[[Any], float] | None = None
    imputed: bool = True
    scaled: bool = True
    is_combination: bool = False
    check_parameters: Callable[[Mapping[str, Any]], None] | None = None
    complete_parameters: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    step: float | None = None
    fit_blocks: Callable[[Any, TrainingBlocks], None] | None = None
    inputs: str = COLUMNS
    score_columns: Callable[[Array, Array], tuple[Array, Array]] = analysis_of_variance
    prefix: Callable[[Any, int], Any] | None = None
    search_trees: int | None = None
    first_trees: int | None = None
    path: str | None = None
    to_onnx: Callable[[Any, Tensor], Tensor] | None = None
    not_exported: str = ""


@dataclass(frozen=True)
class Candidate:
    """An estimator with parameters.

    Attributes
    ----------
    name : str
        Name of the estimator.
    parameters : mapping of str to object
        Parameters that differ from its defaults.
    """

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        if members := self.parameters.get("members"):
            parts = (f"{weight:.2g} {Candidate(name, own)}" for name, own, weight in members)
            return f"{self.name} ({' + '.join(parts)})"
        values = ", ".join(f"{key}={_short(value)}" for key, value in self.parameters.items())
        return f"{self.name} ({values})" if values else self.name


def _short(value: Any) -> str:
    """The text of a value; of a long one, such as a hash or a path, beginning and end."""
    text = str(value)
    return text if len(text) <= MAX_TEXT else f"{text[:12]}…{text[-24:]}"


ESTIMATORS = module_registry("model", "featkit.models.estimators", "ESTIMATOR", Estimator)
"""All estimators by name, in alphabetical order; each is loaded when it is first used."""


def candidates(name: str, estimators: Mapping[str, Estimator] = ESTIMATORS) -> list[Candidate]:
    """Return all combinations of an estimator's grid.

    Parameters
    ----------
    name : str
        Name of the estimator.
    estimators : mapping of str to Estimator
        The estimators of a task; by default, the classifiers.

    Returns
    -------
    list of Candidate
        The defaults come first.
    """
    grid = estimators[name].grid
    return [
        Candidate(name, dict(zip(grid, values, strict=True))) for values in product(*grid.values())
    ]


def check_candidate(candidate: Candidate, estimators: Mapping[str, Estimator] = ESTIMATORS) -> None:
    """Check the parameters of a candidate.

    Parameters
    ----------
    candidate : Candidate
        With the name of an existing estimator.
    estimators : mapping of str to Estimator
        The estimators of a task; by default, the classifiers.

    Raises
    ------
    ParameterError
        If users cannot set a parameter, or its value is out of range.
    """
    estimator = estimators[candidate.name]
    if estimator.check_parameters is not None:
        estimator.check_parameters(candidate.parameters)
        return
    for name, value in candidate.parameters.items():
        if not isinstance(value, bool) and value in estimator.grid.get(name, ()):
            continue
        if name not in estimator.ranges:
            raise ParameterError(unknown(f"parameter of {candidate.name}", name, estimator.ranges))
        low, high = estimator.ranges[name]
        check_parameter(f"{name} of {candidate.name}", value, type(low), at_least=low, at_most=high)


def completed(candidate: Candidate, estimators: Mapping[str, Estimator] = ESTIMATORS) -> Candidate:
    """Add to a candidate the hashes of files that its parameters name.

    Parameters
    ----------
    candidate : Candidate
        With valid parameters; see `check_candidate`.
    estimators : mapping of str to Estimator
        The estimators of a task; by default, the classifiers.

    Returns
    -------
    Candidate
        The same one, unless its parameters name a file; see `Estimator.complete_parameters`.

    Raises
    ------
    ParameterError
        If that file cannot be read.
    """
    complete = estimators[candidate.name].complete_parameters
    if complete is None:
        return candidate
    return Candidate(candidate.name, complete(candidate.parameters))


def pipeline(
    name: str,
    *,
    select: int | None = None,
    seed: int = 0,
    estimators: Mapping[str, Estimator] = ESTIMATORS,
    **parameters: Any,
) -> Pipeline:
    """Return an unfitted pipeline of an estimator with its preprocessing, for use inside a fold.

    Parameters
    ----------
    name : str
        Name of an estimator.
    select : int, optional
        Number of columns to keep; see `Estimator.score_columns`. For a classifier, those with the
        largest F value of an analysis of variance.
    seed : int
        Seed of the estimator.
    estimators : mapping of str to Estimator
        The estimators of a task; by default, the classifiers.
    **parameters
        Parameters of the estimator, such as ``C`` or ``n_estimators``.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Steps ``impute`` (median, with indicators of missing values), ``resolve`` (rescales columns
        of tiny differences, for trees), ``scale``, ``select`` and ``model``; each estimator has
        those that it needs.

    Raises
    ------
    ParameterError
        If the estimator does not exist, or has no such parameter.

    Examples
    --------
    >>> list(pipeline("svm", C=3.0).named_steps)
    ['impute', 'scale', 'model']
    """
    from sklearn.pipeline import Pipeline

    estimator = estimators[name]
    model = estimator.build(seed)
    for parameter in parameters:
        if parameter not in model.get_params():
            raise ParameterError(unknown(f"parameter of {name}", parameter, model.get_params()))
    if estimator.inputs == SEQUENCES:
        return Pipeline([("model", model.set_params(**parameters))])
    if estimator.is_combination:  # each member has its own preprocessing
        return Pipeline([("model", model.set_params(select=select, **parameters))])
    steps: list[tuple[str, Any]] = []
    # Imported where needed, because predictions wait for these imports.
    if estimator.imputed or select:
        from sklearn.impute import SimpleImputer

        impute = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
        steps.append(("impute", impute))
    if estimator.step is not None:
        from featkit.models.resolution import Rescaler

        steps.append(("resolve", Rescaler(estimator.step)))
    if estimator.scaled:
        from sklearn.preprocessing import StandardScaler

        steps.append(("scale", StandardScaler()))
    if select:
        from sklearn.feature_selection import SelectKBest

        steps.append(("select", SelectKBest(estimator.score_columns, k=select)))
    return Pipeline([*steps, ("model", model.set_params(**parameters))])
