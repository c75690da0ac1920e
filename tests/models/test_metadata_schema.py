"""Metadata of a model file that do not fit are refused."""

import pytest
from model_files import (
    COLUMNS,
    crafted,
    fitted,
    pack,
    unpacked,
)

from featkit.errors import ModelError
from featkit.models.model_file import METADATA, read_model, write_model

CHANGES = {
    "no name": lambda metadata: metadata.pop("name"),
    "more": lambda metadata: metadata.update(pipeline=1),
    "unknown estimator": lambda metadata: metadata.update(name="oracle"),
    "a path for an estimator": lambda metadata: metadata.update(name="../svm"),
    "a list for an estimator": lambda metadata: metadata.update(name=["logistic"]),
    "another estimator": lambda metadata: metadata.update(name="sgd"),
    "columns twice": lambda metadata: metadata.update(columns=["x0"] * COLUMNS),
    "columns as a text": lambda metadata: metadata.update(columns="abcdef"),
    "columns of numbers": lambda metadata: metadata.update(columns=list(range(COLUMNS))),
    "fewer columns": lambda metadata: metadata["columns"].pop(),
    "more columns": lambda metadata: metadata["columns"].append("x9"),
    "no columns": lambda metadata: metadata.update(columns=[]),
    "other classes": lambda metadata: metadata.update(classes=["a", "b", "d"]),
    "fewer classes": lambda metadata: metadata["classes"].pop(),
    "one class": lambda metadata: metadata.update(classes=["a"]),
    "classes out of order": lambda metadata: metadata.update(classes=["b", "a", "c"]),
    "classes twice": lambda metadata: metadata.update(classes=["a", "a", "b"]),
    "classes of numbers": lambda metadata: metadata.update(classes=[1, 2, 3]),
    "provenance as a list": lambda metadata: metadata.update(provenance=[]),
    "training as a text": lambda metadata: metadata.update(training="well"),
    "scores as nothing": lambda metadata: metadata.update(scores=None),
    "columns without units": lambda metadata: metadata.update(
        provenance={"columns": [{"name": "x0"}]}
    ),
    "columns as a number": lambda metadata: metadata.update(provenance={"columns": 1}),
    "units of numbers": lambda metadata: metadata["provenance"]["columns"][0].update(unit=1),
    "no training": lambda metadata: metadata.update(training={}),
    "settings of another version": lambda metadata: metadata["training"]["settings"].update(more=1),
    "settings as a text": lambda metadata: metadata["training"].update(settings="svm"),
    "a label of numbers": lambda metadata: metadata["training"]["settings"].update(label=1),
    "folds without end": lambda metadata: metadata["training"]["settings"].update(folds=10**9),
    "a path for a label map": lambda metadata: metadata["training"]["settings"].update(
        label_map="map.toml"
    ),
    "a label map with a cycle": lambda metadata: metadata["training"]["settings"].update(
        label_map={"labels": {"a": ["b"], "b": ["a"]}}
    ),
    "datasets as a text": lambda metadata: metadata["training"]["settings"].update(datasets="ab"),
    "a kept one of another": lambda metadata: metadata["training"]["kept"].update(name="svm"),
    "a kept one without end": lambda metadata: metadata["training"]["kept"].update(
        parameters={"C": 1e99}
    ),
    "versions as a number": lambda metadata: metadata["training"].update(versions=5),
    "no reference": lambda metadata: metadata["training"].pop("reference"),
    "other scores": lambda metadata: metadata.update(scores={"x": 1}),
    "scores without what was chosen": lambda metadata: metadata["scores"].pop("chosen"),
    "a score as a text": lambda metadata: metadata["scores"]["models"]["logistic"][
        "accuracy"
    ].update(value="1"),
    "an invalid comparison": lambda metadata: metadata["scores"].update(by_row={"candidate": "x"}),
    "a class as a list": lambda metadata: metadata["scores"]["per_class"][0].update(
        {"class": ["<b>"]}
    ),
    "a confusion of fewer": lambda metadata: metadata["scores"]["confusion"].pop(),
    "a confusion as a text": lambda metadata: metadata["scores"].update(confusion="x"),
    "scores of other classes": lambda metadata: metadata["scores"].update(classes=["x", "y", "z"]),
    "scores of no model": lambda metadata: metadata["scores"].update(model="oracle"),
    "feature set as a text": lambda metadata: metadata.update(
        provenance={"feature_set": "standard"}
    ),
    "a calibrator as a text": lambda metadata: metadata.update(calibrator="sigmoid"),
    "a calibrator of another method": lambda metadata: metadata.update(
        calibrator={"method": "beta", "temperature": 1.0}
    ),
    "a temperature of 0": lambda metadata: metadata.update(
        calibrator={"method": "temperature", "temperature": 0.0}
    ),
    "a calibrator of fewer classes": lambda metadata: metadata.update(
        calibrator={
            "method": "sigmoid",
            "sigmoids": [{"slope": -1.0, "intercept": 0.0}],
            "prior": [0.5, 0.5],
        }
    ),
    "rows of other classes": lambda metadata: metadata["training"].update(class_rows={"a": 60}),
    "rows of classes that do not add up": lambda metadata: metadata["training"].update(
        class_rows={"a": 1, "b": 1, "c": 1}
    ),
    "a class without rows": lambda metadata: metadata["training"].update(
        class_rows={"a": 0, "b": 30, "c": 30}
    ),
    "feature set alone": lambda metadata: metadata.update(
        provenance={"feature_set": {"name": "standard", "version": 1}}
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_wrong_metadata_are_refused(tmp_path, change):
    crafted(tmp_path / "a.fk", "logistic", CHANGES[change], part=METADATA)
    with pytest.raises(ModelError, match=r"a\.fk: "):
        read_model(tmp_path / "a.fk")


@pytest.mark.parametrize("content", [b"", b"[]", b"1", b"{", b"\xff\xfe"])
def test_metadata_that_are_no_dictionary_are_refused(tmp_path, content):
    path = tmp_path / "a.fk"
    write_model(fitted("logistic"), path)
    pack(path, unpacked(path) | {METADATA: content})
    with pytest.raises(ModelError, match=r"a\.fk: "):
        read_model(path)
