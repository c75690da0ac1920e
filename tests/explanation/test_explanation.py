"""Contributions that do not add up to the output are a flaw, unless rounding explains it."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from reporting import made

import featkit
from featkit.models.estimator import ESTIMATORS


def explanation(output, values, base):
    """An explanation of rows by classes, with one column."""
    _, template, _ = made(rows=len(output), number=1, classes=["a", "b"])
    base = np.broadcast_to(np.float64(base), np.shape(output))
    return dataclasses.replace(
        template, output=np.asarray(output), values=np.asarray(values)[:, None, :], base=base
    )


@pytest.mark.parametrize("size", [0.0, 1e-300, 1e-17, 1e-9, 1.0, 1e6])
@pytest.mark.parametrize("base", [0.0, 0.5, -3.0])
def test_rounding_of_double_precision_is_no_flaw(size, base):
    rng = np.random.default_rng(0)
    values = size * rng.normal(size=(20, 2))
    off = np.spacing(np.maximum(np.abs(values), abs(base))) * rng.choice([-1, 1], (20, 2))
    assert explanation(base + values + off, values, base).flaw == ""


@pytest.mark.parametrize("size", [0.0, 1e-8, 1.0, 1e4])
def test_rounding_of_single_precision_is_no_flaw(size):
    values = size * np.random.default_rng(0).normal(size=(20, 2))
    output = (np.float32(0.5) + values.astype(np.float32)).astype(np.float64)
    assert explanation(output, values, 0.5).flaw == ""


@pytest.mark.parametrize("size", [1e-6, 1e-3, 1.0, 1e4])
@pytest.mark.parametrize("missing", [1e-3, 0.1, np.nan])
def test_more_than_rounding_is_a_flaw(size, missing):
    values = size * np.random.default_rng(0).normal(size=(20, 2))
    output = values.copy()
    output[3, 1] += missing * size
    assert "do NOT add up" in explanation(output, values, 0.0).flaw


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_model_of_constant_columns_is_explained_without_a_warning(name):
    data = pd.DataFrame({"x": np.zeros(24), "y": np.ones(24), "label": list("ab") * 12})
    result = featkit.train(data, model=name, folds=2)
    explanation = featkit.explain(result.model, data)
    assert np.abs(explanation.values).max() < 0.2
    assert explanation.flaw == ""
