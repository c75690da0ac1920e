"""Model files and scores of earlier versions are read, and the models predict as they did."""

import json
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

import featkit
from featkit.models.model_file import DIGEST_BYTES, MAGIC, METADATA
from featkit.models.score_types import Evaluation
from featkit.models.serialization import from_dict, to_dict

FOLDER = Path(__file__).parents[1] / "data" / "earlier"

PROBABILITIES = {
    "logistic": [0.504595, 0.436683, 0.522525],
    "sgd": [0.665045, 0.698028, 0.766522],
    "svm": [0.894493, 0.969198, 0.891589],
    "random_forest": [1.0, 1.0, 1.0],
    "xgboost": [0.394150, 0.420386, 0.405696],
}
"""Probabilities that version 0.1.0 gave for three rows with scikit-learn 1.9."""

SOUND_MODELS = ["logistic", "svm", "xgboost"]
"""Estimators of the models that an earlier version trained on `table.parquet`."""

LATER_SCORES = {
    "likely_groups": [],
    "by_group": None,
    "conditions": None,
    "datasets": {},
    "recording_confusion": None,
    "recording_calibration": None,
    "prediction_sets": None,
    "recording_prediction_sets": None,
    "normalization": None,
    "uncalibrated": None,
    "calibrations": {},
    "leave_one_group_out": False,
    "fold_classes": [],
    "unpredictable": None,
    "curves": None,
    "costs": None,
}
"""Scores that earlier versions did not compute; stored values take precedence."""

LATER_TRAINING = {"class_rows": {}}
"""Training metadata that earlier versions did not have."""

LATER_METADATA = {
    "calibrator": None,
    "sets": None,
    "novelty": None,
    "task": "classification",
    "decision": None,
    "normalization": None,
}
"""Metadata besides training and scores that earlier versions did not have."""

LATER_SETTINGS = {
    "label_map": None,
    "datasets": [],
    "leave_one_dataset_out": False,
    "leave_one_group_out": False,
    "costs": None,
    "calibrate": None,
    "prediction_sets": False,
    "ensemble": False,
    "parameters": None,
    "target": None,
    "multilabel": None,
    "normalize_by": None,
    "normalization": "standard",
    "normalize_min_rows": 10,
    "label_separator": ";",
    "empty_is_no_label": False,
    "group_file": None,
    "compare_splits": True,
    "budget": None,
}
"""Settings that earlier versions did not have."""

OTHER_VERSION = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.InconsistentVersionWarning"  # the files are of scikit-learn 1.9
)


def earlier(name, kind="earlier"):
    """A model of an earlier version; the test is skipped if this scikit-learn cannot read it."""
    try:
        return featkit.load_model(FOLDER / f"{kind}_{name}.fk")
    except featkit.ModelError as error:
        if "install that version" not in str(error):
            raise
        pytest.skip("this scikit-learn cannot read models of version 1.9")


def stored_metadata(path):
    content = path.read_bytes()[len(MAGIC) + DIGEST_BYTES :]
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return json.loads(archive.read(METADATA))


@OTHER_VERSION
@pytest.mark.parametrize("name", PROBABILITIES)
def test_a_model_of_an_earlier_version_predicts_as_it_did(name):
    data = earlier(name).predict(FOLDER / "earlier.csv").data.iloc[[0, 15, 30]]
    assert data["predicted"].tolist() == ["cat", "dog", "owl"]
    np.testing.assert_allclose(data["probability"], PROBABILITIES[name], atol=1e-5)


@OTHER_VERSION
@pytest.mark.parametrize("name", ["logistic", "random_forest", "xgboost"])
def test_the_training_rows_of_a_model_of_an_earlier_version_are_recognised(name):
    model = earlier(name)
    table = featkit.FeatureTable.read(FOLDER / "earlier.csv")
    assert set(featkit.explain(model, table, rows=2, n_jobs=1).folds) <= {"1", "2", "3"}


@OTHER_VERSION
@pytest.mark.parametrize("name", SOUND_MODELS)
def test_a_model_of_an_earlier_version_predicts_an_earlier_table_with_its_feature_set(name):
    model = earlier(name, "sound")
    table = featkit.FeatureTable.read(FOLDER / "table.parquet")
    data = model.predict(table, per="segment").data
    accuracy = np.mean(data["predicted"].to_numpy() == table.keys["label"])
    assert accuracy >= model.evaluation.kept.accuracy.value
    assert model.feature_set.fingerprint == table.provenance["fingerprint"]


@OTHER_VERSION
@pytest.mark.parametrize("name", SOUND_MODELS)
def test_metadata_of_an_earlier_version_are_the_plain_data_of_the_model(name, tmp_path):
    model = earlier(name, "sound")
    stored = stored_metadata(FOLDER / f"sound_{name}.fk")
    scores = LATER_SCORES | stored["scores"]
    assert model.scores == scores
    settings = LATER_SETTINGS | stored["training"]["settings"]
    training = LATER_TRAINING | stored["training"] | {"settings": settings}
    assert model.training == training
    model.save(tmp_path / "m.fk")
    later = {"scores": scores, "training": training}
    assert stored_metadata(tmp_path / "m.fk") == LATER_METADATA | stored | later


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.fk")), ids=lambda path: path.stem)
def test_scores_of_an_earlier_version_have_no_other_keys_than_those_of_today(path):
    scores = stored_metadata(path)["scores"]
    assert to_dict(from_dict(Evaluation, scores)) == LATER_SCORES | scores
