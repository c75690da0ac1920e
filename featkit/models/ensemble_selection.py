"""Selection of an ensemble: members and weights by greedy search on out-of-fold probabilities.

The search starts from the candidate with the least loss. In each step it adds the candidate, with
replacement, that lowers the loss of the mean the most [1]_. The weight of a candidate is its share
of the additions. Only out-of-fold probabilities of training rows take part.

References
----------
.. [1] Caruana, Niculescu-Mizil, Crew and Ksikes, "Ensemble selection from libraries of models",
   ICML 2004.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from featkit._utils.typing import Array

MAX_ADDITIONS = 20
"""Greatest number of additions: weights are multiples of 1 / 20 at the finest."""


def greedy_weights(P: Sequence[Array], loss: Callable[[Array], float]) -> Array:
    """Select the weights of an ensemble.

    Parameters
    ----------
    P : sequence of array of float64, shape ``(rows, classes)``
        Out-of-fold probabilities of each candidate for the same rows.
    loss : callable
        ``loss(P)`` of probabilities; lower is better.

    Returns
    -------
    array of float64, shape ``(candidates,)``
        Weights of the candidates, which sum to 1; those that are not selected have 0. If several
        choices are equal, the first candidate is selected.
    """
    counts = np.zeros(len(P))
    total = np.zeros_like(P[0])
    best_counts, best_loss = counts, np.inf
    for size in range(1, MAX_ADDITIONS + 1):
        losses = [loss((total + own) / size) for own in P]
        added = int(np.argmin(losses))
        counts = counts.copy()
        counts[added] += 1
        total = total + P[added]
        if losses[added] < best_loss:
            best_counts, best_loss = counts, losses[added]
    weights: Array = best_counts / best_counts.sum()
    return weights
