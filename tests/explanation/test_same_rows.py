"""The same rows in the explanations of two models."""

import numpy as np
import pandas as pd
import pytest
from learning import copies

import featkit
from featkit.errors import TableError
from featkit.explanation import explain
from featkit.explanation.same_rows import explain_same_rows, same_rows


def test_rows_are_found_by_path_and_times():
    keys = {"path": np.array(["a", "b", "c"]), "start": np.array(["0.0", "", "3.0"])}
    others = {"path": np.array(["c", "c", "a"]), "start": np.array([0, 3.0, 0])}
    assert same_rows(keys, others).tolist() == [2, -1, 1]


def test_without_paths_rows_are_found_by_their_numbers():
    keys, others = {"row": np.array([3, 1])}, {"row": np.array([1, 2, 3]), "path": np.zeros(3)}
    assert same_rows(keys, others).tolist() == [2, 0]


def test_of_equal_rows_the_first_is_found():
    assert same_rows({"path": np.array(["a"])}, {"path": np.array(["b", "a", "a"])}).tolist() == [1]


@pytest.fixture(scope="module")
def trained():
    data = copies(recordings=20)
    return featkit.train(data, model="logistic", folds=2, n_jobs=1).model, data


def test_training_rows_are_explained_by_the_models_of_their_folds(trained):
    model, data = trained
    every = explain(model, data, n_jobs=1)
    shown = every.of_rows(np.array([11, 4]))
    own = explain_same_rows(model, data, shown, n_jobs=1)
    assert own.keys["path"].tolist() == every.keys["path"][[4, 11]].tolist()
    np.testing.assert_array_equal(own.values, every.values[[4, 11]])
    assert own.folds.tolist() == every.folds[[4, 11]].tolist()
    assert (own.folds != "").all()


def test_a_table_of_other_recordings_is_refused(trained):
    model, data = trained
    shown = explain(model, data, n_jobs=1).of_rows(np.array([0]))
    with pytest.raises(TableError, match="none of the explained recordings"):
        explain_same_rows(model, pd.DataFrame(data).assign(path="x"), shown, n_jobs=1)
