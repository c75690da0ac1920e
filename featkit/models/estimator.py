"""Estimators: what tells classes apart, one file each, found by looking.

A module here exports one `ESTIMATOR`. From it follow the pipeline with what has to be fitted inside
the fold, the candidates that ``auto`` compares, and what a model file may hold.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from featkit._utils.parameters import unknown
from featkit._utils.registry import Registry, exported
from featkit.errors import ParameterError

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from featkit._utils.typing import Array


AUTO = "auto"
"""The model that is chosen among all others."""

LOG_ODDS, PROBABILITY = "log odds", "probability"
"""Scales of contributions."""


def in_probability(classes: int) -> str:
    """What a contribution in probability means."""
    return "0.1 is ten points of a hundred of the probability of the class"


def in_log_odds(classes: int) -> str:
    """What one in log odds means, where the probabilities of all classes are one softmax."""
    if classes == 2:
        return "+1 multiplies the odds of the class by 2.7, −1 divides them by it"
    return "+1 makes the class 2.7 times as likely as before against each of the others"


def in_log_odds_of_each(classes: int) -> str:
    """What one in log odds means, where each class is told from all others by itself."""
    if classes == 2:
        return in_log_odds(classes)
    return (
        "+1 multiplies by 2.7 the odds of the class against all others, before the probabilities of"
        " the classes are brought to a sum of 1"
    )


class Contributions(NamedTuple):
    """How much each column that an estimator sees spoke for each class (SHAP values).

    ``values`` has the shape ``(rows, columns, classes)``, ``base`` is what it says on average,
    ``(classes,)``, and ``output`` what it said, ``(rows, classes)``: base and values add up to it.
    """

    values: Array
    base: Array
    output: Array


@dataclass(frozen=True, kw_only=True)
class Estimator:
    """The contract of an estimator.

    Attributes
    ----------
    name : str
        As the module is called.
    title : str
        What it is, in a few words.
    build : callable
        From a seed to an unfitted classifier with `predict_proba`, whose defaults serve well.
    grid : mapping of str to sequence
        Values of its parameters that ``auto`` compares, the plainest first.
    check : callable
        From a fitted classifier, the number of its columns and that of its classes; raises
        `ValueError` if its parts do not fit together. It guards against crafted model files.
    types : frozenset of str
        Full names of the types that a fitted one consists of, besides those of every pipeline.
    contributions : callable, optional
        From a fitted classifier and the rows that it sees to exact `Contributions`. Without it they
        are sampled, in probability.
    scale : str
        What contributions are in: ``"log odds"`` or ``"probability"``.
    meaning : callable
        From the number of classes to what a contribution of some size means.
    rows_at_once : int, optional
        Rows that a worker explains at a time, if that takes so long that workers are worth it.
    imputed, scaled : bool
        Whether missing values are filled, and columns brought to one scale, before it.
    step : float, optional
        If columns are not scaled, differences that it takes for none, besides those that single
        precision loses; columns that it could not resolve are rescaled. None if it needs no such
        step.
    """

    name: str
    title: str
    build: Callable[[int], Any]
    grid: Mapping[str, Sequence[Any]]
    check: Callable[[Any, int, int], None]
    types: frozenset[str]
    contributions: Callable[[Any, Array], Contributions] | None = None
    scale: str = PROBABILITY
    meaning: Callable[[int], str] = in_probability
    rows_at_once: int | None = None
    imputed: bool = True
    scaled: bool = True
    step: float | None = None


@dataclass(frozen=True)
class Candidate:
    """An estimator with some parameters."""

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        values = ", ".join(f"{key}={value}" for key, value in self.parameters.items())
        return f"{self.name} ({values})" if values else self.name


ESTIMATORS = Registry(
    "model",
    "featkit.models.estimators",
    exported("featkit.models.estimators", "ESTIMATOR", Estimator),
)
"""All estimators by name, in alphabetical order; each is loaded when it is first used."""


def names() -> list[str]:
    """Names of the estimators there are."""
    return ESTIMATORS.names


def estimator(name: str) -> Estimator:
    """The estimator called `name`.

    Raises
    ------
    ParameterError
        If there is none.
    """
    return ESTIMATORS[name]


def candidates(name: str) -> list[Candidate]:
    """Every combination in an estimator's grid."""
    grid = estimator(name).grid
    return [
        Candidate(name, dict(zip(grid, values, strict=True))) for values in product(*grid.values())
    ]


def pipeline(name: str, *, select: int | None = None, seed: int = 0, **parameters: Any) -> Pipeline:
    """An unfitted estimator with all that must be fitted with it, inside each fold.

    Parameters
    ----------
    name : str
        Of an estimator, as `featkit.models.estimator.names` lists them.
    select : int, optional
        Keep this many columns, those with the largest F of an analysis of variance.
    seed : int
        Of whatever is random in it.
    **parameters
        Of the estimator itself, such as ``C`` or ``n_estimators``.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Steps ``impute`` (median, with an indicator of what was missing), ``resolve`` (columns in
        tiny units, for trees), ``scale``, ``select`` and ``model``, of which each estimator has
        those that it needs.

    Raises
    ------
    ParameterError
        If there is no such estimator, or it has no such parameter.

    Examples
    --------
    >>> list(pipeline("svm", C=3.0).named_steps)
    ['impute', 'scale', 'model']
    """
    from sklearn.pipeline import Pipeline

    chosen = estimator(name)
    model = chosen.build(seed)
    for parameter in parameters:
        if parameter not in model.get_params():
            raise ParameterError(unknown(f"parameter of {name}", parameter, model.get_params()))
    steps: list[tuple[str, Any]] = []
    # A step is imported where it is needed, since a prediction waits for what it loads.
    if chosen.imputed or select:
        from sklearn.impute import SimpleImputer

        impute = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
        steps.append(("impute", impute))
    if chosen.step is not None:
        from featkit.models.resolution import Rescaler

        steps.append(("resolve", Rescaler(chosen.step)))
    if chosen.scaled:
        from sklearn.preprocessing import StandardScaler

        steps.append(("scale", StandardScaler()))
    if select:
        from sklearn.feature_selection import SelectKBest

        steps.append(("select", SelectKBest(analysis_of_variance, k=select)))
    return Pipeline([*steps, ("model", model.set_params(**parameters))])


def analysis_of_variance(X: Array, y: Array) -> tuple[Array, Array]:
    """F and p of each column; a column that never changes tells nothing, and has F = 0."""
    import numpy as np
    from sklearn.feature_selection import f_classif

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        F, p = f_classif(X, y)
    return np.nan_to_num(F, nan=0.0, posinf=np.finfo(np.float64).max), np.nan_to_num(p, nan=1.0)


# Model files name the function by this module, whatever module defines it.
analysis_of_variance.__module__ = "featkit.models.estimators"
