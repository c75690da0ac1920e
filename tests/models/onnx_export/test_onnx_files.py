"""ONNX files and their test rows: content, checks, and messages."""

import dataclasses
import hashlib
import json
import sys

import numpy as np
import pytest
import regression_data
from label_data import tagged
from learning import speakers, tones
from onnx_exports import CLASSES, expected, fitted, strange_rows

import featkit
from featkit.errors import ModelError, ParameterError
from featkit.models.label_decision import LabelDecision
from featkit.models.model_file import model_bytes
from featkit.models.onnx_export import preparation, tensor, vectors
from featkit.models.onnx_export.checking import open_session
from featkit.models.onnx_export.model_graph import onnx_model
from featkit.models.task import CLASSIFICATION, MULTILABEL, REGRESSION

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def model():
    data = tones(60)
    data.loc[::7, "a"] = np.nan
    return featkit.train(data, model="logistic", folds=2, calibrate="sigmoid").model


@pytest.fixture
def exported(model, tmp_path):
    return model.export_onnx(tmp_path / "tones.onnx")


def metadata(path):
    props = onnx.load(path).metadata_props
    return {prop.key.removeprefix("featkit."): prop.value for prop in props}


def changed(path, change):
    """Change the content of a test file."""
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content), "utf-8")


def test_an_export_is_checked_and_has_test_rows(model, exported, tmp_path):
    assert exported.path == str(tmp_path / "tones.onnx")
    assert exported.test_path == str(tmp_path / "tones.onnx.test.json")
    assert exported.bytes == (tmp_path / "tones.onnx").stat().st_size
    assert exported.check.largest_difference < 1e-12
    assert exported.check.rows > 2 * 30
    content = json.loads((tmp_path / "tones.onnx.test.json").read_text("utf-8"))
    X = np.array(content["inputs"]["features"], dtype=float)
    P = np.array(content["outputs"]["probabilities"], dtype=float)
    np.testing.assert_array_equal(P, expected(model, X))
    assert np.isnan(X).any(axis=0).all()
    assert content["rows"][-2] == "all values missing"
    assert np.isnan(P[-2:]).all()
    assert content["outputs"]["label"][-2:] == ["", ""]
    assert content["tolerance"] == 1e-6


def test_the_metadata_describe_the_model(model, exported):
    own = metadata(exported.path)
    assert json.loads(own["classes"]) == model.classes == ["high", "low", "mid"]
    assert [one["name"] for one in json.loads(own["columns"])] == model.columns
    assert own["version"] == featkit.__version__
    assert own["model_sha256"] == hashlib.sha256(model_bytes(model)).hexdigest()
    accuracy = json.loads(own["scores"])["accuracy"]
    wanted = model.scores["models"]["logistic"]["accuracy"]
    assert accuracy == {key: wanted[key] for key in ("value", "low", "high")}
    assert own["estimator"] == "logistic"
    assert own["calibration"] == "sigmoid"
    np.testing.assert_allclose(sum(json.loads(own["assumed_class_shares"]).values()), 1)
    assert "class priors" in json.loads(own["not_included"])
    assert "normalized_within" not in own


def test_the_digest_is_that_of_the_saved_model(model, exported, tmp_path):
    model.save(tmp_path / "tones.fk")
    saved = (tmp_path / "tones.fk").read_bytes()
    assert metadata(exported.path)["model_sha256"] == hashlib.sha256(saved).hexdigest()
    again = featkit.load_model(tmp_path / "tones.fk").export_onnx(tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == (tmp_path / "tones.onnx").read_bytes()
    assert again.check == exported.check


def test_the_feature_set_can_be_rebuilt_from_the_metadata(model, tmp_path):
    features = featkit.feature_set("genre75")
    definition = {
        "feature_set": features.as_dict(),
        "fingerprint": features.fingerprint,
    }
    made = dataclasses.replace(model, provenance={**model.provenance, **definition})
    own = metadata(made.export_onnx(tmp_path / "genre.onnx").path)
    rebuilt = featkit.feature_set(json.loads(own["feature_set"]))
    assert rebuilt.fingerprint == own["fingerprint"] == features.fingerprint


def test_a_later_check_finds_the_same(exported):
    assert featkit.check_onnx(exported.path) == exported.check
    assert featkit.check_onnx(exported.path, exported.test_path) == exported.check


def test_a_changed_prediction_is_named(exported, tmp_path):
    test = tmp_path / "tones.onnx.test.json"

    def change(content):
        content["outputs"]["probabilities"][4][1] += 2e-6

    changed(test, change)
    with pytest.raises(
        ModelError, match="probabilities of 'low' of the test row 'training row 4' is 0"
    ):
        featkit.check_onnx(exported.path)


def test_a_changed_label_is_named(exported, tmp_path):
    test = tmp_path / "tones.onnx.test.json"
    changed(test, lambda content: content["outputs"]["label"].__setitem__(2, "loud"))
    with pytest.raises(
        ModelError, match=r"label of the test row 'training row 2' is .*loud in featkit"
    ):
        featkit.check_onnx(exported.path)


WRONG = {
    "other format": ({"format": "other"}, "its format is not 'featkit onnx test 1'"),
    "no rows": ({"rows": []}, "its rows, columns and outputs do not fit together"),
    "a large tolerance": ({"tolerance": 0.1}, "its tolerance must be above 0 and at most 1e-06"),
    "a number beyond double": ({"tolerance": 10**400}, "no file of test rows"),
    "texts as numbers": ({"inputs": {"features": [["a"]]}}, "no file of test rows"),
    "another model": ({"model_sha256": "0"}, "belong to another file"),
    "other outputs": ({"outputs": {}}, "do not fit together"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_test_file_is_refused(name, exported, tmp_path):
    change, message = WRONG[name]
    changed(tmp_path / "tones.onnx.test.json", lambda content: content.update(change))
    with pytest.raises(ModelError, match=message):
        featkit.check_onnx(exported.path)


def test_missing_and_damaged_files_are_errors(exported, tmp_path):
    with pytest.raises(ModelError, match=r"other.onnx: No such file"):
        featkit.check_onnx(tmp_path / "other.onnx")
    missing = tmp_path / "other.json"
    with pytest.raises(ModelError) as error:
        featkit.check_onnx(exported.path, missing)
    assert str(error.value) == f"{missing}: No such file or directory"
    with pytest.raises(ModelError, match="is not a file, but a folder"):
        featkit.check_onnx(tmp_path)
    (tmp_path / "tones.onnx").write_bytes(b"no model")
    digest = hashlib.sha256(b"no model").hexdigest()
    changed(tmp_path / "tones.onnx.test.json", lambda content: content.update(model_sha256=digest))
    with pytest.raises(ModelError, match=r"tones\.onnx: onnxruntime cannot run it"):
        featkit.check_onnx(exported.path)


def test_a_wrong_graph_is_not_written(model, tmp_path, monkeypatch):
    def wrong(scaler, X):
        return (X - scaler.mean_) / (scaler.scale_ * (1 + 1e-4))

    monkeypatch.setitem(preparation.STEPS, "scale", wrong)
    with pytest.raises(
        ModelError, match=r"tones.onnx was not written: probabilities of .* in featkit"
    ):
        model.export_onnx(tmp_path / "tones.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_graph_of_more_than_two_gigabytes_is_refused(model, tmp_path, monkeypatch):
    monkeypatch.setattr(tensor, "MAX_BYTES", 100)
    with pytest.raises(ModelError, match="larger than an ONNX file can be"):
        model.export_onnx(tmp_path / "tones.onnx")


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_missing_package_is_named(package, model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ParameterError, match=rf"{package}: pip install 'featkit\[onnx\]'"):
        model.export_onnx(tmp_path / "tones.onnx")
    assert list(tmp_path.iterdir()) == []


def test_another_extension_is_refused(model, tmp_path):
    with pytest.raises(ParameterError, match=r"must end in \.onnx"):
        model.export_onnx(tmp_path / "tones.fk")


def test_a_network_is_refused_with_the_reason(model, tmp_path):
    network = dataclasses.replace(model, name="cnn")
    with pytest.raises(ModelError, match="cnn cannot be exported to ONNX: networks read sequences"):
        network.export_onnx(tmp_path / "cnn.onnx")


def test_a_normalised_model_needs_normalised_rows(tmp_path):
    data = speakers()
    model = featkit.train(data, model="logistic", folds=2, normalize_by="speaker").model
    with pytest.raises(ModelError, match=r"within groups \('speaker'\).* normalized=True"):
        model.export_onnx(tmp_path / "loud.onnx")
    exported = model.export_onnx(tmp_path / "loud.onnx", normalized=True)
    assert metadata(exported.path)["normalized_within"] == "speaker"
    assert exported.not_included[0] == "normalisation of columns within groups"
    table = model.read(data)
    session = open_session((tmp_path / "loud.onnx").read_bytes())
    (P,) = session.run(["probabilities"], {"features": model.inputs(table)})
    np.testing.assert_allclose(P, model.probabilities(table), rtol=0, atol=1e-6)


def test_normalized_is_refused_where_it_has_no_meaning(model, tmp_path):
    with pytest.raises(ModelError, match="does not normalise columns within groups"):
        model.export_onnx(tmp_path / "tones.onnx", normalized=True)


# Test rows of models without training metadata


def test_a_regression_is_exported_with_its_scores(tmp_path):
    model = regression_data.trained("ridge").model
    exported = model.export_onnx(tmp_path / "valence.onnx")
    own = metadata(exported.path)
    assert json.loads(own["classes"]) == ["valence"]
    kept = model.scores["models"]["ridge"]["mae"]
    assert json.loads(own["scores"])["mae"] == {key: kept[key] for key in ("value", "low", "high")}
    assert "assumed_class_shares" not in own


def test_several_labels_are_exported_with_their_thresholds(tmp_path):
    result = featkit.train(tagged(60), multilabel="tags", label_separator=";", folds=2, model="sgd")
    exported = result.model.export_onnx(tmp_path / "tags.onnx")
    own = metadata(exported.path)
    assert json.loads(own["thresholds"]) == list(result.model.decision.thresholds)
    assert json.loads(own["classes"]) == result.model.classes
    assert json.loads(own["scores"]).keys() > {"split"}
    assert featkit.check_onnx(exported.path) == exported.check


@pytest.mark.parametrize("task", [CLASSIFICATION, MULTILABEL, REGRESSION])
def test_test_rows_survive_their_file(task):
    made = vectors.test_vectors(fitted(task, "random_forest"))
    again, sha256 = vectors.Vectors.from_json(made.to_json("digest"))
    assert sha256 == "digest"
    for name in ("names", "columns", "classes", "tolerance"):
        assert getattr(again, name) == getattr(made, name)
    np.testing.assert_array_equal(again.inputs, made.inputs)
    assert again.outputs.keys() == made.outputs.keys()
    for name, values in made.outputs.items():
        assert again.outputs[name].dtype == values.dtype
        np.testing.assert_array_equal(again.outputs[name], values)


def test_tied_labels_are_not_compared():
    model = fitted(MULTILABEL, "logistic")
    X = strange_rows()[:1]
    P = expected(model, X)
    decision = LabelDecision(separator=";", thresholds=[P[0, 0], P[0, 1] + 0.1, P[0, 2] - 0.1])
    own = vectors._outputs(dataclasses.replace(model, decision=decision), P, np.zeros(1, bool))
    assert own["present"].tolist() == [[None, False, True]]
    classes = fitted(CLASSIFICATION, "logistic")
    even = np.array([[0.4, 0.4, 0.1, 0.1], [0.4, 0.3, 0.2, 0.1]])
    labels = vectors._outputs(classes, even, np.zeros(2, bool))["label"]
    assert labels.tolist() == [None, CLASSES[0]]


def test_names_of_classes_are_any_text():
    session = open_session(onnx_model(fitted(CLASSIFICATION, "logistic")))
    own = json.loads(session.get_modelmeta().custom_metadata_map["featkit.classes"])
    assert own == CLASSES
