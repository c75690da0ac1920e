"""Models of folds: training rows are recognised, and predicted by models that did not see them."""

import numpy as np
import pytest
from learning import tones, trained

from featkit.executors.opening import local_executor
from featkit.models.fold_models import fit_fold_models, training_rows
from featkit.models.probabilities import probabilities
from featkit.table.feature_table import FeatureTable


@pytest.fixture(scope="module")
def logistic():
    """A training with its table."""
    return trained(tones(60), "logistic")


def test_fold_models_predict_the_test_rows_of_the_training_again(logistic):
    result, table = logistic
    model = result.model
    shuffled = np.random.default_rng(0).permutation(len(table))
    found = training_rows(model, table.rows(shuffled))
    assert found.trained.all()
    P = np.zeros((len(table), len(model.classes)))
    for fold in fit_fold_models(model, found.problem, executor=local_executor()):
        assert not set(fold.train.tolist()) & set(fold.test.tolist())
        P[fold.test] = probabilities(fold.pipeline, found.problem.X[fold.test], model.classes)
    expected = result.predictions[[f"p_{name}" for name in model.classes]].to_numpy()
    np.testing.assert_array_equal(shuffled[found.positions], np.arange(len(table)))
    np.testing.assert_allclose(P, expected, rtol=1e-12)


def test_a_part_of_the_training_table_is_recognised_but_has_no_fold_models(logistic):
    result, table = logistic
    found = training_rows(result.model, table.rows(np.arange(1, 60)))
    assert found.trained.all()
    assert found.problem is None
    assert len(found.positions) == 0


def test_other_rows_are_not_recognised(logistic):
    result, _ = logistic
    found = training_rows(result.model, FeatureTable.of(tones(20, seed=5)))
    assert not found.trained.any()
    assert found.problem is None


def test_equal_numbers_with_another_label_are_training_rows(logistic):
    result, table = logistic
    other = table.data.assign(label=["other", *table.data["label"][1:]])
    found = training_rows(result.model, FeatureTable.of(other))
    assert found.trained.all()
    assert found.problem is None
