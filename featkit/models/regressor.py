"""The registry of regressors: estimators that predict a number.

Each module of `featkit.models.regressors` exports one `ESTIMATOR`, with the contract of
`featkit.models.estimator.Estimator`. It has one output, so that ``check`` is called with 1 as the
number of classes, and contributions are ``(rows, columns, 1)``, in the unit of the target.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from featkit._utils.registry import module_registry
from featkit.models.estimator import Estimator

if TYPE_CHECKING:
    from featkit._utils.typing import Array

TARGET_SCALE = "units of the target"
"""Scale of the contributions of a regressor."""


def in_target_units(n_outputs: int) -> str:
    """Explain the size of a contribution to a predicted number.

    Parameters
    ----------
    n_outputs : int
        Number of outputs, 1.

    Returns
    -------
    str
        A clause for the report.
    """
    return "+1 raises the prediction by one unit of the target"


def linear_f_values(X: Array, y: Array) -> tuple[Array, Array]:
    """Return the F and p values of the correlation of each column with the target.

    Parameters
    ----------
    X : array, shape ``(rows, columns)``
        Feature values.
    y : array of float64, shape ``(rows,)``
        Target of each row.

    Returns
    -------
    F, p : array of float64, shape ``(columns,)``
        F is 0 for a constant column.
    """
    import numpy as np
    from sklearn.feature_selection import f_regression

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        F, p = f_regression(X, y)
    return np.nan_to_num(F, nan=0.0, posinf=np.finfo(np.float64).max), np.nan_to_num(p, nan=1.0)


REGRESSORS = module_registry("model", "featkit.models.regressors", "ESTIMATOR", Estimator)
"""All regressors by name, in alphabetical order; each is loaded when it is first used."""
