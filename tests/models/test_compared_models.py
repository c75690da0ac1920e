"""The models of a leaderboard: names, parameters, and what they need, checked before any fit."""

import dataclasses

import pytest
from fake_networks import add_fake_network, recordings
from learning import tones

import featkit
from featkit.models.compared_models import compared_models
from featkit.models.estimator import ESTIMATORS, Candidate
from featkit.models.networks import extra
from featkit.models.networks.estimators import NETWORKS
from featkit.models.settings import Settings


def test_names_are_a_text_or_a_list():
    for model in ("cnn, logistic,auto", ["cnn", "logistic", "auto"]):
        settings = Settings(model=model)
        assert settings.model == "cnn,logistic,auto"
        assert settings.models == ("cnn", "logistic", "auto")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("svm,", "names separated by commas"),
        ([], "names separated by commas"),
        (3, "must be a name or a list of names"),
        ("svm,svm", "'svm' is named twice"),
        ("svm,logistik", "did you mean 'logistic'"),
        ("cnnn", "did you mean 'cnn'"),
    ],
)
def test_wrong_names_are_refused(model, message):
    with pytest.raises(featkit.ParameterError, match=message):
        featkit.train(tones(), model=model)


def test_parameters_of_several_models_name_the_model():
    settings = Settings(model="svm,sgd", parameters={"svm.C": 3.0, "sgd.alpha": 0.01})
    assert compared_models(settings).named == {
        "svm": Candidate("svm", {"C": 3.0}),
        "sgd": Candidate("sgd", {"alpha": 0.01}),
    }
    alone = Settings(model="svm", parameters={"C": 3.0})
    assert compared_models(alone).named == {"svm": Candidate("svm", {"C": 3.0})}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"C": 3.0}, "as in svm.C"),
        ({"sv.C": 3.0}, "unknown model 'sv': did you mean 'svm'"),
        ({"auto.C": 3.0}, "auto selects the parameters"),
        ({"svm.c": 3.0}, "unknown parameter of svm 'c'"),
        ({"svm.C": "much"}, "C of svm must be a number"),
    ],
)
def test_wrong_parameters_are_refused(parameters, message):
    with pytest.raises(featkit.ParameterError, match=message):
        featkit.train(tones(), model="svm,auto", parameters=parameters)


def test_auto_compares_classical_estimators_only():
    grid = compared_models(Settings(model="auto")).grid
    assert {*grid} == {*ESTIMATORS} - {"ensemble"}
    assert not {*grid} & {*NETWORKS}


def test_a_network_predicts_classes_only():
    data = tones().assign(number=range(60))
    with pytest.raises(featkit.ParameterError, match="cnn is a network, which predicts classes"):
        featkit.train(data, target="number", model="ridge,cnn")
    with pytest.raises(featkit.ParameterError, match="not several labels"):
        featkit.train(data, multilabel="label", model="cnn")


def test_a_missing_extra_is_named_before_the_table_is_read(monkeypatch):
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name == "torch" else name)
    with pytest.raises(featkit.ParameterError, match=r"networks need torch: pip install 'featkit"):
        featkit.train(tones().drop(columns="label"), model="logistic,cnn")


def test_options_for_columns_need_a_model_of_columns(monkeypatch):
    add_fake_network(monkeypatch)
    table = recordings(columns=["a", "b"], speaker=["x"] * 18 + ["y"] * 18)
    with pytest.raises(featkit.ParameterError, match="select chooses columns, which fake does"):
        featkit.train(table, model="fake", select=1)
    with pytest.raises(featkit.ParameterError, match="normalises columns, which fake does not"):
        featkit.train(table, model="fake,logistic", normalize_by="speaker")
    both = featkit.train(table, model="fake,logistic", select=1, folds=2)
    assert {*both.scores["models"]} == {"fake", "logistic", "baseline"}
    normalised = featkit.train(table, model="logistic,fake", normalize_by="speaker", folds=2)
    assert normalised.model.normalization is not None


def test_inputs_that_a_model_lacks_are_named(monkeypatch):
    fits = add_fake_network(monkeypatch)
    table = recordings()
    with pytest.raises(featkit.ParameterError, match="there are none: make them with `featkit seq"):
        featkit.train(tones(), model="logistic,fake")
    for model in ("logistic", "auto", "fake,svm"):
        with pytest.raises(featkit.ParameterError, match="the table has sequences only"):
            featkit.train(table, model=model)
    with pytest.raises(featkit.ParameterError, match=r"no model learns from them: .* cnn,svm"):
        featkit.train(tones(), model="svm", sequences=table)
    with pytest.raises(featkit.ParameterError, match="omit the cluster"):
        featkit.train(table, model="fake", cluster="tcp://localhost:1")
    assert not fits


def test_a_kind_that_a_network_needs_is_named():
    pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    table = recordings()
    kinds = {"chroma24": table.sequences.kinds["mel"]}
    table = dataclasses.replace(table, sequences=dataclasses.replace(table.sequences, kinds=kinds))
    with pytest.raises(featkit.ParameterError, match="cnn needs sequences of mel, and there are c"):
        featkit.train(table, model="cnn")
