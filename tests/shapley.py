"""SHAP values by Shapley's formula, for models of few columns."""

import itertools
import math

import numpy as np


def exact_values(predict, x, background):
    """Shapley's formula over all sets of columns: ``(columns, outputs)``."""
    columns = range(len(x))

    def mean_output(members):
        rows = background.copy()
        rows[:, list(members)] = x[list(members)]
        return predict(rows).mean(axis=0)

    outputs = {
        frozenset(members): mean_output(members)
        for size in range(len(x) + 1)
        for members in itertools.combinations(columns, size)
    }
    values = np.zeros((len(x), outputs[frozenset()].shape[-1]))
    for members, output in outputs.items():
        for column in set(columns) - members:
            weight = 1 / (len(x) * math.comb(len(x) - 1, len(members)))
            values[column] += weight * (outputs[members | {column}] - output)
    return values
