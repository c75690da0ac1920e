"""Probabilities of rows: the same in blocks as together."""

import numpy as np
import pytest
from learning import tones, trained

from featkit.models import probabilities as module


@pytest.mark.parametrize("name", ["logistic", "random_forest", "xgboost"])
def test_large_blocks_give_the_bits_of_the_usual_ones(monkeypatch, name):
    model = trained(tones(30), name, folds=2)[0].model
    X = np.random.default_rng(0).normal(size=(3000, len(model.columns)))
    together = module.probabilities(model.pipeline, X, model.classes)
    monkeypatch.setattr(module, "TREE_ROWS_AT_ONCE", module.ROWS_AT_ONCE)
    blocks = module.probabilities(model.pipeline, X, model.classes)
    np.testing.assert_array_equal(together, blocks)
    assert together.shape == (3000, len(model.classes))
