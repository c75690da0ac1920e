"""A large model is either written and can be read, or it is not written."""

import dataclasses
import io
import zipfile

import numpy as np
import pandas as pd
import pytest

import featkit
from featkit.errors import ModelError
from featkit.models import model_file
from featkit.models.estimators import random_forest


def speakers(classes, rows=10):
    rng = np.random.default_rng(0)
    X = np.repeat(4 * rng.normal(size=(classes, 6)), rows, axis=0)
    data = pd.DataFrame(X + rng.normal(size=X.shape), columns=list("abcdef"))
    return data.assign(label=np.repeat([f"speaker {k}" for k in range(classes)], rows))


def forest(monkeypatch, trees, classes):
    def build(seed):
        return random_forest.Forest(trees, class_weight="balanced", random_state=seed)

    fewer = dataclasses.replace(random_forest.ESTIMATOR, build=build)
    monkeypatch.setattr(random_forest, "ESTIMATOR", fewer)
    data = speakers(classes)
    return data, featkit.train(data, model="random_forest", shares=(60, 40)).model


def test_a_forest_of_many_classes_is_read_as_it_was_written(tmp_path, monkeypatch):
    """Its leaves are nearly all 0, so that it unpacks to more than other models."""
    data, model = forest(monkeypatch, trees=3, classes=60)
    model.save(tmp_path / "m.fk")
    packed = (tmp_path / "m.fk").read_bytes()[len(model_file.MAGIC) + model_file.DIGEST_BYTES :]
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
    monkeypatch.setattr(model_file, "SAFE_UNPACKED", 2**14)
    monkeypatch.setattr(model_file, "MAX_EXPANSION", (unpacked - 1) // len(packed))
    read = featkit.load_model(tmp_path / "m.fk")
    pd.testing.assert_frame_equal(read.predict(data).data, model.predict(data).data)


def test_a_model_that_is_too_large_to_be_read_is_not_written(tmp_path, monkeypatch):
    _, model = forest(monkeypatch, trees=2, classes=20)
    for bound, value in (("MAX_UNPACKED", 9999), ("MAX_BYTES", 999), ("MAX_PARTS", 3)):
        with monkeypatch.context() as patch:
            patch.setattr(model_file, bound, value)
            with pytest.raises(ModelError, match="random_forest of 20 classes cannot be written"):
                model.save(tmp_path / "m.fk")
        assert not (tmp_path / "m.fk").exists()
