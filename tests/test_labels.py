"""Classes of any type and spelling: the same names and the same model from every kind of table."""

import numpy as np
import pandas as pd
import pytest

from featkit.models import pipeline
from featkit.models.estimators import names


@pytest.mark.parametrize(
    "classes", [["0", "1"], ["-1", "x"], ["1_0", "1e3"], [0, 1], [False, True]]
)
@pytest.mark.parametrize("name", names())
def test_every_estimator_learns_classes_that_look_like_numbers(name, classes):
    y = np.array(classes)[np.arange(40) % 2]
    X = np.random.default_rng(0).normal(size=(40, 2)) + 4 * (np.arange(40) % 2)[:, None]
    fitted = pipeline(name).fit(X, y)
    assert fitted.classes_.tolist() == sorted(classes)
    assert np.mean(fitted.predict(X) == y) > 0.9
