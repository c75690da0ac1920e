"""Trainings to compare, without training."""

from dataclasses import replace

import numpy as np
from reporting import evaluation, made


def pair(*, rows=60, **changes):
    """Two models of the same rows, and their explanations; the second has other predictions."""
    model, first, _ = made(rows=rows)
    first.keys["row"] = np.arange(1, rows + 1)
    _, other, _ = made(rows=rows, seed=1)
    second = replace(other, keys=first.keys, y=first.y, **changes)
    scores = evaluation(second.y, second.probabilities, second.classes, second.folds)
    models = {"a": model, "b": replace(model, evaluation=scores)}
    return models, {"a": first, "b": second}
