"""Explanations of trained networks: models of folds, budget, and any number of workers."""

from dataclasses import replace

import numpy as np
import pytest
from made_networks import banded
from progress_steps import into
from tiny_sequences import FAST

import featkit
from featkit.errors import ParameterError, TableError
from featkit.explanation.gradients.grad_cam import grad_cam
from featkit.table.feature_table import FeatureTable

pytest.importorskip("torch")


def table_of(rows=16, seed=0):
    """Rows with sequences, labels and groups of two recordings."""
    sequences, y = banded(rows, shape=(16, 8), bands=slice(8, 12), seed=seed)
    keys = {
        "path": np.array([f"{k:02d}.wav" for k in range(rows)]),
        "label": y,
        "artist": np.array([f"artist {k // 2 % 4}" for k in range(rows)]),
    }
    return FeatureTable(keys, [], np.empty((rows, 0)), sequences=sequences)


@pytest.fixture(scope="module")
def trained():
    return featkit.train(
        table_of(), model="cnn", group="artist", folds=2, parameters=FAST, n_jobs=1
    ).model


def test_training_rows_are_explained_by_the_models_of_their_folds(trained):
    table = table_of()
    explanation = featkit.explain(trained, table, steps=4, n_jobs=1)
    assert len(explanation) == 16
    assert set(explanation.folds) == {"1", "2"}
    assert not explanation.learnt.any()
    assert explanation.keys["group"].tolist() == table.keys["artist"].tolist()
    assert explanation.y.tolist() == table.keys["label"].tolist()
    # the network that explains a row was not trained on it, so it differs from the final one
    final = grad_cam(trained.pipeline[-1], table.sequences, explanation.explained.tolist())
    assert not np.allclose(final, explanation.maps)


def test_other_rows_are_explained_by_the_final_model(trained):
    table = table_of(rows=6, seed=5)
    explanation = featkit.explain(trained, table, steps=4, n_jobs=1)
    assert set(explanation.folds) == {""}
    names = explanation.explained.tolist()
    final = grad_cam(trained.pipeline[-1], table.sequences, names)
    np.testing.assert_array_equal(explanation.maps, final)
    np.testing.assert_array_equal(explanation.probabilities, trained.probabilities(table))
    assert names == explanation.predicted.tolist()


def test_rows_that_the_model_was_trained_on_are_named(trained):
    explanation = featkit.explain(trained, table_of().rows(np.arange(5)), steps=2, n_jobs=1)
    assert explanation.learnt.all()
    assert any("trained on" in note for note in explanation.notes)


def test_a_row_is_explained_by_the_same_bits_in_any_batch(trained):
    table = table_of(rows=9, seed=3)
    all_rows = featkit.explain(trained, table, steps=3, n_jobs=1)
    rows = np.array([7, 2, 3, 5, 8])
    some = featkit.explain(trained, table.rows(rows), steps=3, n_jobs=1)
    np.testing.assert_array_equal(some.maps, all_rows.maps[rows])
    np.testing.assert_array_equal(some.contributions["mel"], all_rows.contributions["mel"][rows])
    np.testing.assert_array_equal(some.probabilities, all_rows.probabilities[rows])


def test_rows_are_drawn_and_progress_states_the_cost(trained):
    calls = []
    explanation = featkit.explain(
        trained,
        table_of(rows=9, seed=3),
        rows=5,
        steps=3,
        n_jobs=1,
        progress=into(calls),
    )
    assert len(explanation) == 5
    assert explanation.rows_there == 9
    assert "5 of 9 rows were drawn at random and explained." in explanation.notes
    assert calls[0][2].startswith("about")
    assert calls[-1] == (5, 5, "")
    assert "3 gradients a row" in explanation.method


def test_tables_without_sequences_and_wrong_steps_are_refused(trained):
    with pytest.raises(TableError, match="sequences"):
        featkit.explain(trained, replace(table_of(), sequences=None), n_jobs=1)
    with pytest.raises(ParameterError, match="steps"):
        featkit.explain(trained, table_of(rows=2), steps=0, n_jobs=1)
    with pytest.raises(TableError, match="no rows"):
        featkit.explain(trained, table_of().rows(np.empty(0, int)), n_jobs=1)
