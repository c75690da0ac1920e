"""Kernel machines as arrays, so that explanations can change one column of many rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import scipy.linalg

from featkit._utils.typing import Array


class KernelMachine(NamedTuple):
    """A model with a Gaussian kernel: ``link(exp(-gamma * distance²) @ coefficients + intercept)``.

    Attributes
    ----------
    vectors : array of float64, shape ``(vectors, columns)``
        Support vectors.
    gamma : array of float64, shape ``(vectors,)``
        Gamma of the kernel of each vector.
    coefficients : array of float64, shape ``(vectors, margins)``
        Coefficient of each vector in each margin.
    intercept : array of float64, shape ``(margins,)``
        Constant of each margin.
    link : callable
        ``link(margins)`` turns margins, ``(rows, margins)``, into outputs, ``(rows, outputs)``.
    """

    vectors: Array
    gamma: Array
    coefficients: Array
    intercept: Array
    link: Callable[[Array], Array]

    def exponents(self, Z: Array) -> Array:
        """Return the exponents of the kernel.

        Parameters
        ----------
        Z : array of float64, shape ``(rows, columns)``
            Preprocessed rows.

        Returns
        -------
        array of float64, shape ``(rows, vectors)``
            At most 0.
        """
        squares = np.zeros((len(Z), len(self.vectors)))
        for z, own in zip(Z.T, self.vectors.T, strict=True):
            squares += np.square(z[:, None] - own)
        return -self.gamma * squares

    def margins(self, exponents: Array, out: Array | None = None) -> Array:
        """Return the margins of rows.

        Parameters
        ----------
        exponents : array of float64, shape ``(rows, vectors)``
            As `exponents` returns them; positive ones, which are rounding errors, count as 0.
        out : array of float64, shape ``(rows, vectors)``, optional
            Memory for the kernel.

        Returns
        -------
        array of float64, shape ``(rows, margins)``
        """
        kernel = np.minimum(exponents, 0, out=out)
        return np.asarray(np.exp(kernel, out=kernel) @ self.coefficients + self.intercept)


def side_by_side(
    machines: Sequence[KernelMachine], output: Callable[[Array], Array]
) -> KernelMachine:
    """Join machines that see the same columns to one with the outputs of all.

    Parameters
    ----------
    machines : sequence of KernelMachine
        At least one.
    output : callable
        ``output(outputs)`` selects or changes the outputs of a machine.

    Returns
    -------
    KernelMachine
        Its outputs are those of the machines in turn.
    """
    ends = np.cumsum([len(machine.intercept) for machine in machines])[:-1]
    links = [machine.link for machine in machines]

    def link(margins: Array) -> Array:
        parts = np.split(margins, ends, axis=1)
        outputs = [output(own(part)) for own, part in zip(links, parts, strict=True)]
        return np.concatenate(outputs, axis=1)

    return KernelMachine(
        np.concatenate([machine.vectors for machine in machines]),
        np.concatenate([machine.gamma for machine in machines]),
        scipy.linalg.block_diag(*(machine.coefficients for machine in machines)),
        np.concatenate([machine.intercept for machine in machines]),
        link,
    )
