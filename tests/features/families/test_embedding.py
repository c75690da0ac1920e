"""The family `embedding` in feature sets, tables, checkpoints and models."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from onnx_files import linear_model, moments_model, write

import featkit
from featkit import signals
from featkit.errors import ModelError, ParameterError
from featkit.features.families.embedding import EXAMPLE
from featkit.features.sets.feature_set import FeatureSet

SR = 16000

TOML = """
sample_rate = 16000

[[features]]
family = "embedding"
model = "m.onnx"
window = 400
statistics = ["mean", "std"]

[[features]]
family = "rms"
statistics = ["mean"]
"""


@pytest.fixture
def toml(tmp_path):
    """A feature set in one folder with the model that it names."""
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "mine.toml").write_text(TOML)
    write(tmp_path / "sets" / "m.onnx", moments_model())
    return tmp_path / "sets" / "mine.toml"


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    for k in range(8):
        label = folder / ("loud" if k % 2 else "quiet")
        label.mkdir(parents=True, exist_ok=True)
        y = signals.noise(SR, 0.2, seed=k, amplitude=0.5 if k % 2 else 0.1)
        soundfile.write(label / f"{k}.wav", y, SR)
    return folder


def test_the_example_is_the_model_that_its_documentation_states():
    assert moments_model().SerializeToString() == EXAMPLE.read_bytes()


def test_the_model_is_found_beside_the_feature_set_and_stored_by_name_and_digest(toml):
    features = featkit.feature_set(toml)
    entry = features.as_dict()["features"][0]
    assert entry["model"] == "m.onnx"
    assert (len(entry["sha256"]), entry["n_outputs"]) == (64, 2)
    assert str(toml.parent) not in json.dumps([features.as_dict(), features.deciding])
    assert entry["sha256"] in features.columns[0].reference
    assert features.column_names[:2] == ("embedding_1_mean", "embedding_2_mean")


def test_workers_find_the_file_by_its_path(toml):
    features = featkit.feature_set(toml)
    copy = pickle.loads(pickle.dumps(features))
    assert copy == features
    assert copy.entries[0].parameters.model == str(toml.parent / "m.onnx")


def test_the_fingerprint_depends_on_the_content_not_on_the_name(toml):
    before = featkit.feature_set(toml)
    os.rename(toml.parent / "m.onnx", toml.parent / "other.onnx")
    toml.write_text(TOML.replace("m.onnx", "other.onnx"))
    renamed = featkit.feature_set(toml)
    assert renamed == before
    assert renamed.fingerprint == before.fingerprint
    write(toml.parent / "other.onnx", linear_model(400, 2))
    assert featkit.feature_set(toml).fingerprint != before.fingerprint


def test_a_set_needs_the_file(toml, monkeypatch):
    stored = featkit.feature_set(toml).as_dict()
    with pytest.raises(ParameterError, match=r"no such file: m\.onnx\. Paths begin at"):
        featkit.feature_set(stored)
    monkeypatch.setenv("FEATKIT_ONNX", str(toml.parent))
    assert featkit.feature_set(stored) == featkit.feature_set(toml)
    with pytest.raises(ParameterError, match="embedding: model must name an ONNX file"):
        featkit.feature_set({"features": [{"family": "embedding", "statistics": ["mean"]}]})


def test_two_models_in_a_set_have_columns_of_their_own_names(toml):
    entry = {"family": "embedding", "model": str(EXAMPLE), "window": 400, "statistics": ["mean"]}
    with pytest.raises(ParameterError, match="duplicate column 'embedding_1_mean'"):
        featkit.feature_set({"features": [entry, entry | {"hop": 200}]})
    features = featkit.feature_set({"features": [entry, entry | {"name": "half", "hop": 200}]})
    assert features.column_names[2:] == ("half_1_mean", "half_2_mean")
    assert featkit.describe("embedding_9_p90").statistic == "p90"
    with pytest.raises(ParameterError):
        featkit.describe("embedding_x_mean")


def test_a_set_that_loses_the_highest_frequencies_of_the_model_is_refused():
    entry = {"family": "embedding", "model": str(EXAMPLE), "statistics": ["mean"]}
    with pytest.raises(
        ParameterError, match=r"loses the highest frequencies: set sample_rate = 16"
    ):
        featkit.feature_set({"sample_rate": 8000, "features": [entry]})
    native = featkit.feature_set({"sample_rate": "native", "features": [entry]})
    assert featkit.analyse([signals.noise(8000)], 8000, native).shape == (1, 2)


def test_other_families_of_the_set_keep_their_values(toml):
    y = signals.noise(SR, 0.7)
    alone = {"sample_rate": SR, "features": [{"family": "rms", "statistics": ["mean"]}]}
    (row,) = featkit.analyse([y], SR, toml)
    assert row[4] == featkit.analyse([y], SR, alone)[0, 0]
    windows = y[: len(y) // 400 * 400].reshape(-1, 400).astype(np.float64)
    expected = np.stack([windows.mean(axis=1), np.square(windows).mean(axis=1)])
    np.testing.assert_allclose(row[:4], [*expected.mean(1), *expected.std(1)], rtol=1e-4, atol=1e-8)


def test_components_may_be_pooled(toml):
    toml.write_text(TOML.replace("window = 400", "window = 400\npooled = true"))
    y = signals.noise(SR, 0.7)
    (row,) = featkit.analyse([y, y[:300]], SR, toml)[:1]
    windows = y[: len(y) // 400 * 400].reshape(-1, 400).astype(np.float64)
    values = [windows.mean(axis=1), np.square(windows).mean(axis=1)]
    np.testing.assert_allclose(row[:2], [np.mean(values), np.std(values)], rtol=1e-4)


def test_a_changed_file_neither_resumes_nor_predicts(toml, corpus, tmp_path, monkeypatch):
    options = {"output": tmp_path / "t.parquet", "labels": "folder", "n_jobs": 1, "segment": 0.1}
    table = featkit.extract(corpus, features=toml, **options).table
    result = featkit.train(table, model="logistic", folds=2)
    monkeypatch.setenv("FEATKIT_ONNX", str(toml.parent))
    new = next(corpus.rglob("*.wav"))
    assert result.model.predict(new).rows == 1
    assert featkit.extract(corpus, features=toml, **options).resumed == 8

    write(toml.parent / "m.onnx", linear_model(400, 2))
    with pytest.raises(ParameterError, match=r"sha256 was .*, is .*|fingerprint was"):
        featkit.extract(corpus, features=toml, **options)
    with pytest.raises(ModelError, match=r"m\.onnx: the file has another content than the model"):
        result.model.predict(new)


def test_workers_give_the_same_bytes(toml, corpus, tmp_path):
    for n_jobs in (1, 2):
        output = tmp_path / f"{n_jobs}.parquet"
        featkit.extract(corpus, features=toml, output=output, labels="folder", n_jobs=n_jobs)
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()


def test_a_model_that_fails_is_a_failure_of_each_recording(corpus, tmp_path):
    model = linear_model(400, 2, shape=["batch", "samples"])
    features = {"sample_rate": SR, "features": [
        {"family": "embedding", "model": write(tmp_path / "m.onnx", model), "statistics": ["mean"]}
    ]}  # fmt: skip
    result = featkit.extract(corpus, features=features, n_jobs=1)
    assert len(result.failures) == 8
    assert "m.onnx: the model fails for inputs of shapes x (1, 3200)" in result.failures[0].message


def test_the_packages_are_named_if_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    entry = {"family": "embedding", "model": str(EXAMPLE), "statistics": ["mean"]}
    with pytest.raises(ParameterError, match=r"pip install 'featkit\[onnx\]'"):
        featkit.feature_set({"features": [entry]})


def test_the_packages_are_loaded_only_with_a_model():
    code = (
        "import sys, featkit; from featkit.features.family import descriptors_by_name;"
        "descriptors_by_name(); featkit.feature_set('standard');"
        "featkit.describe('embedding_3_mean');"
        "assert not {'onnx', 'onnxruntime', 'google.protobuf'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_set_can_be_restored_from_its_definition(toml):
    features = featkit.feature_set(toml)
    assert FeatureSet.from_dict(features.as_dict(), folder=str(toml.parent)) == features
    assert Path(features.entries[0].parameters.model).exists()
