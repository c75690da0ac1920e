"""Pipelines described in the format of skops, which is the reference."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest
import skops.io
from learning import few_trees, tones
from model_files import fitted

from featkit import train
from featkit.models._pipeline_parts import SCHEMA, pipeline_parts
from featkit.models._pipeline_schema import build
from featkit.models.estimator import ESTIMATORS


def described(parts):
    """The schema with values in place of names of files, and without numbers of objects."""

    def resolved(part):
        chosen = {key: value for key, value in part.items() if key != "__id__"}
        if "file" in chosen:
            array = np.load(io.BytesIO(parts[chosen["file"]]))
            chosen["file"] = repr((array.dtype, array.shape, array.tolist()))
        return chosen

    schema = json.loads(parts[SCHEMA], object_hook=resolved)
    schema.pop("_skops_version", None)
    return schema


def copy_of(item):
    return pickle.loads(pickle.dumps(item))


def parts_of_skops(pipeline):
    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(pipeline))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_pipeline_is_described_as_skops_describes_it(name, monkeypatch):
    few_trees(monkeypatch, 5)
    pipeline = fitted(name).pipeline
    assert described(pipeline_parts(pipeline)) == described(parts_of_skops(pipeline))


def test_selected_and_imputed_columns_are_described_as_skops_describes_them():
    data = tones(rows=30)
    data.loc[3, "pitch"] = np.nan
    pipeline = train(data, model="logistic", folds=2, select=1).model.pipeline
    assert described(pipeline_parts(pipeline)) == described(parts_of_skops(pipeline))


def test_equal_pipelines_have_equal_parts():
    one, two = (train(tones(rows=30), model="svm", folds=2).model.pipeline for _ in range(2))
    assert pipeline_parts(one) == pipeline_parts(two)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_pipeline_that_a_worker_sent_has_the_same_parts(name, monkeypatch):
    few_trees(monkeypatch, 5)
    pipeline = fitted(name).pipeline
    assert pipeline_parts(copy_of(pipeline)) == pipeline_parts(pipeline)


def test_the_same_type_of_arrays_in_two_objects_has_the_same_parts_as_copies():
    kind = np.dtype(np.float64)
    assert pipeline_parts([kind, kind]) == pipeline_parts([kind, copy_of(kind)])


def test_an_object_that_is_used_twice_is_stored_once():
    values = np.arange(3.0)
    parts = pipeline_parts([values, values, np.arange(3.0)])
    assert parts.keys() == {"0.npy", "1.npy", SCHEMA}


@pytest.mark.parametrize(
    "item",
    [
        {"a": [1, 2.5, None, True, "ü"], "b": (np.float64(0.1), np.int64(3))},
        {1: "one", np.int64(2): "two"},
        [np.dtype("float32"), np.ndarray, int],
        np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    ],
)
def test_plain_data_are_restored(item):
    parts = pipeline_parts(item)
    restored = build(json.loads(parts.pop(SCHEMA)), parts)
    assert repr(restored) == repr(item)


def test_arrays_of_objects_are_refused():
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        pipeline_parts(np.array([object()], object))
