"""Integrated gradients: exact for linear models, complete, equal for equal functions."""

import numpy as np
import pytest
from made_networks import MadeClassifier, sequences_of

from featkit.errors import ParameterError
from featkit.explanation.gradients.integrated_gradients import integrated_gradients

torch = pytest.importorskip("torch")
nn = torch.nn


class Function(nn.Module):
    """A network that is any function of its inputs."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, inputs, lengths):
        return self.function(inputs)


def made(rows=9, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "mel": rng.normal(size=(rows, 5, 6)).astype(np.float32),
        "mfcc4": rng.normal(size=(rows, 4, 3)).astype(np.float32),
    }


def classifier_of(function):
    return MadeClassifier(Function(function), ["a", "b"], kinds=("mel", "mfcc4"))


def squared(inputs):
    """Logits that are not linear: a sum of squares, and a product with the other kind."""
    mel, mfcc = inputs["mel"], inputs["mfcc"]
    first = (mel**2).sum(dim=(1, 2))
    return torch.stack([first, mel.sum(dim=(1, 2)) * mfcc.sum(dim=(1, 2))], dim=1)


def squared_otherwise(inputs):
    """The same function, computed in another way."""
    mel, mfcc = inputs["mel"].flatten(1), inputs["mfcc"].flatten(1)
    norm = torch.linalg.vector_norm(mel, dim=1)
    products = torch.einsum("ri,rj->r", mel, mfcc)
    return torch.stack([norm * norm, products], dim=1)


@pytest.mark.parametrize("steps", [1, 7])
def test_a_linear_model_gives_weight_times_value(steps):
    X, rng = made(), np.random.default_rng(1)
    w = {"mel": rng.normal(size=(2, 5, 6)), "mfcc": rng.normal(size=(2, 4, 3))}
    tensors = {name: torch.from_numpy(values.astype(np.float32)) for name, values in w.items()}

    def linear(inputs):
        parts = [torch.einsum("rcf,kcf->rk", inputs[n], t) for n, t in tensors.items()]
        return parts[0] + parts[1] + 3.0

    result = integrated_gradients(classifier_of(linear), sequences_of(**X), ["b"] * 9, steps=steps)
    np.testing.assert_allclose(result.contributions["mel"], w["mel"][1] * X["mel"], rtol=1e-5)
    np.testing.assert_allclose(result.contributions["mfcc4"], w["mfcc"][1] * X["mfcc4"], rtol=1e-5)
    np.testing.assert_allclose(result.base, 3.0)
    assert np.abs(result.residual).max() < 1e-5


def test_contributions_are_those_of_the_closed_form():
    X = made()
    classes = ["a", "b"] * 4 + ["a"]
    result = integrated_gradients(classifier_of(squared), sequences_of(**X), classes, steps=4)
    mel, mfcc = X["mel"], X["mfcc4"]
    # of x²: x²; of the product s t of two sums: x t / 2, and y s / 2
    t, s = mfcc.sum(axis=(1, 2), keepdims=True), mel.sum(axis=(1, 2), keepdims=True)
    is_a = np.array([name == "a" for name in classes])[:, None, None]
    np.testing.assert_allclose(
        result.contributions["mel"], np.where(is_a, mel**2, mel * t / 2), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(
        result.contributions["mfcc4"], np.where(is_a, 0, mfcc * s / 2), rtol=1e-4, atol=1e-5
    )


def test_contributions_add_up_to_the_difference_of_logits_with_enough_steps():
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Flatten(), nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 2))
    classifier = MadeClassifier(Function(lambda inputs: layers(inputs["mel"])), ["a", "b"])
    sequences, classes = sequences_of(mel=4 * made()["mel"]), ["a"] * 9
    few, many = (
        integrated_gradients(classifier, sequences, classes, steps=steps) for steps in (2, 400)
    )
    size = np.abs(many.output - many.base)
    assert np.abs(many.residual).max() < 0.01 * size.max()
    assert np.abs(few.residual).max() > 3 * np.abs(many.residual).max()
    summed = many.contributions["mel"].sum(axis=(1, 2))
    np.testing.assert_allclose(many.base + summed + many.residual, many.output, rtol=1e-5)


def test_equal_functions_have_equal_contributions():
    X, classes = sequences_of(**made()), ["b", "a"] * 4 + ["b"]
    one, other = (
        integrated_gradients(classifier_of(function), X, classes)
        for function in (squared, squared_otherwise)
    )
    for kind in ("mel", "mfcc4"):
        np.testing.assert_allclose(
            one.contributions[kind], other.contributions[kind], rtol=1e-4, atol=1e-5
        )


def test_recurrent_networks_are_explained_too():
    torch.manual_seed(0)
    lstm, head = nn.LSTM(4, 3, batch_first=True), nn.Linear(3, 2)

    def recurrent(inputs):
        return head(lstm(inputs["mfcc"].transpose(1, 2))[0][:, -1])

    classifier = MadeClassifier(
        Function(recurrent), ["a", "b"], architecture="lstm", kinds=("mfcc4",)
    )
    result = integrated_gradients(classifier, sequences_of(**made()), ["a"] * 9)
    assert np.abs(result.residual).max() < 1e-4
    assert {*result.contributions} == {"mfcc4"}


def test_no_rows_and_wrong_steps():
    X = sequences_of(**made(rows=0))
    result = integrated_gradients(classifier_of(squared), X, [])
    assert result.contributions["mfcc4"].shape == (0, 4, 3)
    assert result.residual.shape == (0,)
    with pytest.raises(ParameterError, match="steps"):
        integrated_gradients(classifier_of(squared), X, [], steps=0)
