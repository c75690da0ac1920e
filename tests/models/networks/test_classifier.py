"""Networks as classifiers: the conventions of scikit-learn, determinism, and no leaks."""

import dataclasses
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from tiny_sequences import FAST, frames, tiny_sequences

from featkit.errors import ParameterError
from featkit.models.estimator import FitWarning
from featkit.models.networks import extra
from featkit.models.networks.classifier import NetworkClassifier
from featkit.models.networks.estimators import network_parameters
from featkit.models.networks.validation_part import validation_part
from featkit.table.sequences.sequences import SequenceArray, Sequences

AUGMENTED = {
    "dropout": 0.3,
    "frequency_mask": 0.3,
    "time_mask": 0.3,
    "time_shift": 0.5,
    "time_warp": 0.1,
    "noise": 0.1,
    "gain_db": 3.0,
    "mixup": 0.2,
}


def network(**parameters):
    return NetworkClassifier("cnn", **{**FAST, **parameters})


def fitted(X, y, groups=None, **parameters):
    return network(**parameters).fit(X, y, groups)


@pytest.fixture(scope="module")
def trained():
    """A fitted network, its rows and classes."""
    pytest.importorskip("torch")
    X, y = tiny_sequences()
    return fitted(X, y), X, y


def same_state(a, b):
    return a.history_ == b.history_ and all(
        np.array_equal(a.state_[name], b.state_[name]) for name in a.state_
    )


# Parameters


def test_parameters_are_those_of_the_architecture_unless_they_are_set():
    defaults = dataclasses.asdict(network_parameters("cnn", {}))
    model = NetworkClassifier("cnn", seed=3, epochs=2)
    assert model.get_params() == {**defaults, "architecture": "cnn", "seed": 3, "epochs": 2}
    assert model.settings == network_parameters("cnn", {"epochs": 2})


def test_a_clone_has_the_same_parameters():
    model = network(seed=5, mixup=0.3)
    assert clone(model) is not model
    assert clone(model).get_params() == model.get_params()


def test_parameters_can_be_set():
    model = network().set_params(epochs=7, seed=2, mixup=0.5)
    assert (model.settings.epochs, model.seed, model.settings.mixup) == (7, 2, 0.5)


@pytest.mark.parametrize("change", [NetworkClassifier, NetworkClassifier().set_params])
def test_misspelled_parameters_are_refused(change):
    with pytest.raises(ParameterError, match="did you mean 'epochs'"):
        change(epoch=3)


def test_invalid_values_are_refused_by_fit():
    pytest.importorskip("torch")
    X, y = tiny_sequences()
    with pytest.raises(ParameterError, match="cnn: epochs must be at least 1, got 0"):
        fitted(X, y, epochs=0)


def test_the_text_names_the_parameters():
    assert "epochs=2" in repr(NetworkClassifier("cnn", epochs=2))


# Fit and predict


def test_probabilities_are_a_distribution_of_the_classes(trained):
    model, X, y = trained
    P = model.predict_proba(X)
    assert P.shape == (24, 3)
    assert P.dtype == np.float64
    np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-12)
    assert model.classes_.tolist() == sorted(set(y.tolist()))
    assert model.predict(X).tolist() == model.classes_[P.argmax(axis=1)].tolist()


def test_a_separable_set_is_learned():
    pytest.importorskip("torch")
    X, y = tiny_sequences(40)
    model = fitted(X, y, epochs=12, learning_rate=0.01)
    assert model.score(X, y) == 1
    assert model.score(*tiny_sequences(30, seed=9)) > 0.9
    assert model.history_[-1].training_loss < model.history_[0].training_loss / 2


def test_a_prediction_does_not_depend_on_other_rows(trained):
    model, X, _ = trained
    P = model.predict_proba(X)
    order = np.random.default_rng(0).permutation(len(X))
    assert np.array_equal(model.predict_proba(X.rows(order)), P[order])
    assert np.array_equal(model.predict_proba(X.rows(np.array([5]))), P[[5]])
    assert model.predict_proba(X.rows(np.array([], dtype=int))).shape == (0, 3)


def test_padding_has_no_effect(trained):
    model, X, _ = trained
    lengths = X.kinds["mel"].lengths
    values = X.kinds["mel"].read()
    for row, length in zip(values, lengths, strict=True):
        row[:, length:] = 1e6
    other = Sequences({"mel": SequenceArray.of(values, lengths)})
    assert np.array_equal(model.predict_proba(other), model.predict_proba(X))


def test_module_and_inputs_give_the_probabilities(trained):
    import torch

    model, X, _ = trained
    module = model.module()
    assert not module.training
    inputs, lengths = model.inputs(X)
    assert inputs["mel"].shape == (24, 8, 10)
    assert lengths["mel"].tolist() == X.kinds["mel"].lengths.tolist()
    with torch.no_grad():
        P = module(inputs, lengths).softmax(dim=1).numpy()
    np.testing.assert_allclose(P, model.predict_proba(X), atol=1e-6)


def test_a_network_is_pickled_as_arrays(trained):
    model, X, _ = trained
    data = pickle.dumps(model)
    assert b"torch" not in data
    assert all(isinstance(values, np.ndarray) for values in model.state_.values())
    assert np.array_equal(pickle.loads(data).predict_proba(X), model.predict_proba(X))


def test_groups_reach_a_network_in_a_pipeline():
    pytest.importorskip("torch")
    from featkit.models.estimator import group_options, pipeline
    from featkit.models.task import TASKS

    X, y = tiny_sequences(32, 2)
    groups = np.arange(32) // 2 % 8
    steps = pipeline("cnn", seed=1, estimators=TASKS["classification"].estimators, **FAST)
    steps.set_params(model__validation=0.25)
    steps.fit(X, y, **group_options(steps, groups))
    assert same_state(steps.named_steps["model"], fitted(X, y, groups, validation=0.25, seed=1))
    assert steps.predict_proba(X).shape == (32, 2)


# Determinism


def test_a_seed_gives_the_same_bits_for_any_number_of_threads():
    torch = pytest.importorskip("torch")
    X, y = tiny_sequences()
    parameters = {**AUGMENTED, "epochs": 2, "validation": 0.25}
    first, other = (fitted(X, y, seed=seed, **parameters) for seed in (0, 1))
    assert not same_state(first, other)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert same_state(fitted(X, y, **parameters), first)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


def test_random_numbers_of_the_caller_have_no_effect_and_stay(trained):
    import torch

    model, X, y = trained
    torch.manual_seed(17)
    np.random.seed(17)
    before = torch.random.get_rng_state()
    again = fitted(X, y)
    again.predict_proba(X)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert same_state(again, model)


def test_rows_on_disk_and_in_memory_give_the_same_bits(trained, tmp_path, monkeypatch):
    from featkit.models.networks.training import rows

    model, X, y = trained
    np.save(tmp_path / "mel.npy", X.kinds["mel"].read())
    stored = SequenceArray.of(tmp_path / "mel.npy", X.kinds["mel"].lengths)
    monkeypatch.setattr(rows, "MAX_IN_MEMORY", 0)
    assert same_state(fitted(Sequences({"mel": stored}), y), model)


# Nothing is learned from rows that are set aside


def test_scales_are_those_of_the_training_part():
    pytest.importorskip("torch")
    X, y = tiny_sequences(40)
    model = fitted(X, y, validation=0.25, epochs=1)
    rows = validation_part(y, np.arange(40), 0.25, seed=0).rows
    assert 6 <= rows.sum() <= 14
    true = np.concatenate([own for own, left in zip(frames(X)[0], ~rows, strict=True) if left], 1)
    mean, deviation = model.scales_["mel"]
    np.testing.assert_allclose(mean, true.mean(axis=1, dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(deviation, true.std(axis=1, dtype=np.float64), rtol=1e-5)


def test_rows_that_are_set_aside_do_not_change_what_is_learned():
    pytest.importorskip("torch")
    X, y = tiny_sequences(40)
    groups = np.array([f"group {k // 2 % 10}" for k in range(40)])
    parameters = {**AUGMENTED, "validation": 0.25, "epochs": 3, "patience": 3}
    rows = validation_part(y, groups, 0.25, seed=0).rows
    assert not set(groups[rows]) & set(groups[~rows])
    values = X.kinds["mel"].read()
    values[rows] = np.random.default_rng(1).normal(0, 50, values[rows].shape)
    other = Sequences({"mel": SequenceArray.of(values, X.kinds["mel"].lengths)})
    a, b = fitted(X, y, groups, **parameters), fitted(other, y, groups, **parameters)
    learned = [[epoch[:2] for epoch in model.history_] for model in (a, b)]
    assert learned[0] == learned[1]
    assert np.array_equal(a.scales_["mel"], b.scales_["mel"])
    assert [epoch[2] for epoch in a.history_] != [epoch[2] for epoch in b.history_]


def test_too_few_groups_for_validation_are_a_warning():
    pytest.importorskip("torch")
    X, y = tiny_sequences(9)
    with pytest.warns(FitWarning, match="no early stopping, all epochs were trained"):
        model = fitted(X, y, validation=0.2)
    assert model.best_epoch_ == 3
    assert same_state(model, fitted(X, y))


# Errors


def test_one_class_is_refused():
    pytest.importorskip("torch")
    X, _ = tiny_sequences(4)
    with pytest.raises(ParameterError, match="at least two classes, got one class: 'a'"):
        fitted(X, np.array(["a"] * 4))


def test_arguments_of_other_lengths_are_refused():
    pytest.importorskip("torch")
    X, y = tiny_sequences(6)
    with pytest.raises(ParameterError, match="the same rows, got 6, 5 and 5"):
        fitted(X, y[:5])


def test_a_missing_kind_is_named():
    pytest.importorskip("torch")
    X, y = tiny_sequences(6)
    other = Sequences({"mfcc40": X.kinds["mel"]})
    with pytest.raises(ParameterError, match="cnn needs the sequences 'mel'; there are 'mfcc40'"):
        fitted(other, y)


def test_sequences_of_another_set_are_refused(trained):
    model, X, _ = trained
    other = Sequences({"mfcc40": X.kinds["mel"]})
    with pytest.raises(ParameterError, match="with the sequences 'mel', and these rows have"):
        model.predict_proba(other)
    shorter, _ = tiny_sequences(shape=(8, 9))
    with pytest.raises(ParameterError, match="8 channels and 10 frames of 'mel', and these rows"):
        model.inputs(shorter)


def test_an_unfitted_network_predicts_nothing():
    with pytest.raises(NotFittedError):
        network().predict_proba(tiny_sequences(2)[0])


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setattr(extra, "find_spec", lambda name: None)
    with pytest.raises(ParameterError, match=r"pip install 'featkit\[deep\]'"):
        fitted(*tiny_sequences(6))


def test_parameters_are_known_without_torch():
    code = (
        "import sys, featkit.models.networks.classifier as c;"
        "c.NetworkClassifier('cnn').get_params();"
        "sys.exit('torch' in sys.modules or 'safetensors' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
