"""Gaussian kernels in ONNX, as scikit-learn computes them."""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array
from featkit.models.onnx_export.tensor import Tensor


def gaussian_kernel(Z: Tensor, vectors: Array, gamma: float) -> Tensor:
    """Return ``exp(-gamma * distance²)`` of each row to each vector.

    Parameters
    ----------
    Z : Tensor
        Float64, ``(rows, columns)``.
    vectors : array of float64, shape ``(vectors, columns)``
        Support vectors.
    gamma : float
        Gamma of the kernel.

    Returns
    -------
    Tensor
        ``(rows, vectors)``.
    """
    vectors = np.asarray(vectors, dtype=np.float64)
    lengths = np.sum(vectors**2, axis=1)
    squares: Tensor = (Z * Z).sum() - (Z @ vectors.T) * 2.0 + lengths
    return (squares.at_least(0.0) * -gamma).exp()
