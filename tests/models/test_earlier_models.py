"""Model files that earlier versions wrote are read, and predict as they did."""

from pathlib import Path

import numpy as np
import pytest

import featkit

FOLDER = Path(__file__).parents[1] / "data" / "earlier"

SAID = {
    "logistic": [0.504595, 0.436683, 0.522525],
    "sgd": [0.665045, 0.698028, 0.766522],
    "svm": [0.894493, 0.969198, 0.891589],
    "random_forest": [1.0, 1.0, 1.0],
    "xgboost": [0.394150, 0.420386, 0.405696],
}
"""Probabilities that version 0.1.0 gave for three rows with scikit-learn 1.9."""


OTHER_VERSION = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.InconsistentVersionWarning"  # of parts of scikit-learn 1.9
)


def earlier(name):
    try:
        return featkit.load_model(FOLDER / f"earlier_{name}.fk")
    except featkit.ModelError as error:  # parts of scikit-learn differ from version to version
        if "install that version" not in str(error):
            raise
        pytest.skip("this scikit-learn cannot read what version 1.9 wrote")


@OTHER_VERSION
@pytest.mark.parametrize("name", SAID)
def test_a_model_that_an_earlier_version_wrote_predicts_as_it_did(name):
    model = earlier(name)
    found = model.predict(FOLDER / "earlier.csv").data.iloc[[0, 15, 30]]
    assert found["predicted"].tolist() == ["cat", "dog", "owl"]
    np.testing.assert_allclose(found["probability"], SAID[name], atol=1e-5)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # shap's colours, of matplotlib
@pytest.mark.filterwarnings("ignore:Converting .np.inexact:DeprecationWarning")  # shap's
@OTHER_VERSION
@pytest.mark.parametrize("name", ["logistic", "random_forest", "xgboost"])
def test_the_table_of_a_model_that_an_earlier_version_wrote_is_known_again(name):
    model = earlier(name)
    table = featkit.FeatureTable.read(FOLDER / "earlier.csv")
    assert set(featkit.explain(model, table, rows=2, n_jobs=1).folds) <= {"1", "2", "3"}
