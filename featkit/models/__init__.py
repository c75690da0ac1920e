"""Models: from a table of features to classes, scored so that the scores can be believed.

Everything here is made of scikit-learn's parts, and can be taken apart: `pipeline` gives an
estimator for one's own `cross_validate`, `splits` the splitters, `train` the whole procedure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

AUTO = "auto"
"""The model that is chosen among all others."""


def pipeline(name: str, *, select: int | None = None, seed: int = 0, **parameters: Any) -> Pipeline:
    """An unfitted estimator with all that must be fitted with it, inside each fold.

    Parameters
    ----------
    name : str
        Of an estimator, as `featkit.models.estimators.names` lists them.
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
    from featkit.models.estimators import build

    return build(name, select=select, seed=seed, parameters=parameters)
