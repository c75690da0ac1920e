"""Explanations as files, and as the type of the package shap."""

import dataclasses
import pickle
import warnings

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import featkit
from featkit import Explanation
from featkit.errors import ModelError, ParameterError
from featkit.explanation import explanation_file as files
from featkit.storage.archive import Archive, read_archive, write_archive

mpl.use("Agg")


def data(classes=3, rows=36):
    rng = np.random.default_rng(0)
    names = np.array(["low", "mid", "high"][:classes])
    y = np.arange(rows) % classes
    X = rng.normal(size=(rows, 4)) + y[:, None]
    return pd.DataFrame(X, columns=list("abcd")).assign(label=names[y])


@pytest.fixture(scope="module")
def trained():
    return featkit.train(data(), model="logistic", folds=2).model


@pytest.fixture(scope="module")
def explanation(trained):
    return featkit.explain(trained, data())


def same(one, two):
    for field in dataclasses.fields(Explanation):
        a, b = getattr(one, field.name), getattr(two, field.name)
        if field.name == "members":
            assert [(m.name, m.weight) for m in a] == [(m.name, m.weight) for m in b]
            for first, second in zip(a, b, strict=True):
                same(first.explanation, second.explanation)
        elif field.name == "keys":
            assert list(a) == list(b)
            for name in a:
                np.testing.assert_array_equal(a[name], b[name])
        elif isinstance(a, np.ndarray):
            assert a.dtype.kind == b.dtype.kind, field.name
            np.testing.assert_array_equal(a, b)
        elif field.name == "notes":
            assert list(a) == list(b)
        elif field.name != "rankings":
            assert a == b, field.name


@pytest.fixture(scope="module", params=["classes", "ensemble", "number", "sampled"])
def any_explanation(request, explanation):
    if request.param == "classes":
        return explanation
    table = data(rows=36)
    if request.param == "number":
        table = table.drop(columns="label").assign(y=table["a"] * 3)
        model = featkit.train(table, model="ridge", target="y", folds=2).model
        return featkit.explain(model, table)
    if request.param == "sampled":
        return dataclasses.replace(explanation, error=np.abs(explanation.values) / 9)
    members = [dataclasses.replace(explanation, notes=["its own"]), explanation]
    combined = [files.MemberExplanation(f"m{k}", 0.5, one) for k, one in enumerate(members)]
    return dataclasses.replace(explanation, members=combined)


def test_a_saved_explanation_is_the_same(any_explanation, tmp_path):
    any_explanation.save(tmp_path / "e.fke")
    loaded = featkit.load_explanation(tmp_path / "e.fke")
    same(loaded, any_explanation)
    loaded.save(tmp_path / "again.fke")
    assert (tmp_path / "again.fke").read_bytes() == (tmp_path / "e.fke").read_bytes()
    assert repr(loaded) == repr(any_explanation)


def test_every_attribute_is_stored():
    stored = {*files.ARRAYS, *files.TEXTS, *files.LISTS}
    stored |= {"keys", "members", "rows_there", "schema", "decision"}
    assert stored == {field.name for field in dataclasses.fields(Explanation) if field.init}


def test_a_loaded_explanation_gives_the_same_report_and_plots(explanation, trained, tmp_path):
    explanation.save(tmp_path / "e.fke")
    loaded = featkit.load_explanation(tmp_path / "e.fke")
    pages = []
    for one in (explanation, loaded):
        featkit.write_report(tmp_path / "r.html", model=trained, explanation=one)
        pages.append((tmp_path / "r.html").read_bytes())
        assert featkit.plots.importance(one) is not None
        mpl.pyplot.close("all")
    assert pages[0] == pages[1]


def test_damaged_and_foreign_files_are_refused(explanation, trained, tmp_path):
    path = tmp_path / "e.fke"
    explanation.save(path)
    whole = path.read_bytes()
    wrong = {
        "truncated or altered": whole[:-1],
        "truncated": whole[:200] + bytes([whole[200] ^ 1]) + whole[201:],
        "another version": whole.replace(b"explanation 1\n", b"explanation 2\n", 1),
        "a pickle": pickle.dumps([1]),
        "not an explanation that": b"RIFF",
    }
    for message, content in wrong.items():
        path.write_bytes(content)
        with pytest.raises(ModelError, match=rf"e\.fke: .*({message})"):
            featkit.load_explanation(path)
    trained.save(path)
    with pytest.raises(ModelError, match="but a model"):
        featkit.load_explanation(path)
    with pytest.raises(ModelError, match="No such file"):
        featkit.load_explanation(tmp_path / "none.fke")


@pytest.mark.parametrize(
    "change",
    [
        {"classes": ["low"]},
        {"columns": [1, 2, 3, 4]},
        {"task": "magic"},
        {"values": {"array": "absent"}},
        {"values": None},
        {"y": {"array": "values"}},
        {"folds": {"texts": [["x"]], "dtype": "object"}},
        {"keys": [{"name": "row", "cells": {"array": "values"}}]},
        {"members": 3},
        {"schema": []},
        {"decision": {"separator": 1}},
        {"rows_there": "5"},
    ],
)
def test_files_with_a_correct_hash_and_wrong_content_are_refused(explanation, tmp_path, change):
    explanation.save(tmp_path / "e.fke")
    archive = read_archive(tmp_path / "e.fke", files.MAGIC, "explanation")
    wrong = Archive({**archive.document, **change}, archive.arrays)
    write_archive(tmp_path / "w.fke", files.MAGIC, wrong)
    with pytest.raises(ModelError, match=r"w\.fke: not a usable explanation"):
        featkit.load_explanation(tmp_path / "w.fke")


# shap


@pytest.mark.parametrize("plot", ["beeswarm", "bar", "heatmap", "scatter", "waterfall"])
def test_the_plots_of_shap_take_an_explanation(explanation, plot):
    import shap
    from matplotlib import pyplot

    values = explanation.to_shap("mid")
    draw = getattr(shap.plots, plot)
    drawn = {"scatter": values[:, "a"], "waterfall": values[0]}.get(plot, values)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # shap itself draws with calls that newer NumPy and Matplotlib deprecate.
        for category in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
            warnings.simplefilter("ignore", category)
        draw(drawn, show=False)
    assert pyplot.gcf().axes
    pyplot.close("all")


def test_shap_values_keep_their_numbers_and_names(any_explanation):
    one = any_explanation
    k = len(one.classes) - 1
    values = one.to_shap(one.classes[k])
    np.testing.assert_array_equal(values.values, one.values[:, :, k])
    np.testing.assert_array_equal(values.base_values, one.base[:, k])
    np.testing.assert_array_equal(values.data, one.X)
    assert list(values.feature_names) == one.columns
    total = values.values.sum(axis=1) + values.base_values
    np.testing.assert_allclose(total, one.output[:, k], atol=1e-6)


def test_all_classes_are_selected_by_name(explanation):
    every = explanation.to_shap()
    assert every.shape == explanation.values.shape
    np.testing.assert_array_equal(
        every[:, :, "mid"].values, explanation.values[:, :, explanation.classes.index("mid")]
    )
    with pytest.raises(ParameterError, match="rock"):
        explanation.to_shap("rock")
