"""Mean and standard deviation of a target, by which estimators standardise it within a fold."""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array


def target_scale(y: Array) -> tuple[float, float]:
    """Return the mean and the standard deviation of a target.

    Parameters
    ----------
    y : array of float64, shape ``(rows,)``
        Target of the training rows.

    Returns
    -------
    mean, scale : float
        The scale is 1 if the target is constant.
    """
    mean, scale = float(np.mean(y)), float(np.std(y))
    return mean, scale if scale > 0 else 1.0
