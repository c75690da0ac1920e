"""Grad-CAM equals the formula of the paper, computed by hand, and finds the band that matters."""

import dataclasses

import numpy as np
import pytest
from made_networks import MadeClassifier, banded, sequences_of
from scipy.signal import correlate2d
from tiny_sequences import FAST

from featkit.errors import ParameterError
from featkit.explanation.gradients.grad_cam import grad_cam, has_maps
from featkit.explanation.gradients.integrated_gradients import integrated_gradients
from featkit.explanation.gradients.summaries import channel_shares
from featkit.models.networks.parameters import NetworkParameters

torch = pytest.importorskip("torch")
nn = torch.nn


class Linear(nn.Module):
    """One convolution, whose maps are the map layer of `cnn`, the mean of each, and a matrix."""

    def __init__(self, kernels, matrix):
        super().__init__()
        convolution = nn.Conv2d(1, len(kernels), kernels.shape[1:], stride=2, bias=False)
        convolution.weight.data = torch.from_numpy(kernels[:, None])
        self.blocks = nn.Sequential(
            nn.Identity(), nn.Identity(), nn.Sequential(nn.Identity(), nn.Identity(), convolution)
        )
        self.after = nn.ReLU(inplace=True)
        self.matrix = torch.from_numpy(matrix)

    def forward(self, inputs, lengths):
        maps = self.blocks(inputs["mel"].unsqueeze(1))
        return self.after(maps).mean(dim=(2, 3)) @ self.matrix.T


@pytest.fixture
def linear():
    """A network with given kernels and matrix, and its rows."""
    rng = np.random.default_rng(1)
    kernels = rng.normal(size=(4, 3, 2)).astype(np.float32)
    matrix = rng.normal(size=(3, 4)).astype(np.float32)
    X = rng.normal(size=(11, 9, 12)).astype(np.float32)
    return kernels, matrix, X


def halfway(values, size):
    """Bilinear interpolation along the first axis; cells and pixels share their edges."""
    places = (np.arange(size) + 0.5) * len(values) / size - 0.5
    places = np.clip(places, 0, len(values) - 1)
    low = np.minimum(places.astype(int), len(values) - 2)
    share = (places - low)[:, None]
    return (1 - share) * values[low] + share * values[low + 1]


def by_hand(kernels, matrix, x, k):
    """The signed map of one row, from the formula.

    The maps before the ReLU are A = conv(x). The logit is the sum over maps m of matrix[k, m] times
    the mean of relu(A[m]), so that its gradient is matrix[k, m] / cells where A[m] is positive.
    """
    A = np.stack([correlate2d(x, kernel, "valid")[::2, ::2] for kernel in kernels])
    cells = A[0].size
    weights = [matrix[k, m] / cells * np.mean(A[m] > 0) for m in range(len(A))]
    weighted = np.tensordot(weights, A, axes=1)
    return halfway(halfway(weighted, x.shape[0]).T, x.shape[1]).T


def test_the_signed_map_equals_the_formula_computed_by_hand(linear):
    kernels, matrix, X = linear
    classifier = MadeClassifier(Linear(kernels, matrix), ["a", "b", "c"])
    classes = [["a", "b", "c"][k % 3] for k in range(len(X))]
    maps = grad_cam(classifier, sequences_of(mel=X), classes, signed=True)
    expected = [by_hand(kernels, matrix, x, k % 3) for k, x in enumerate(X)]
    np.testing.assert_allclose(maps, expected, atol=1e-6)
    assert maps.dtype == np.float32


def test_values_against_the_class_are_0_before_the_map_is_resized(linear):
    kernels, matrix, X = linear
    classifier = MadeClassifier(Linear(kernels, matrix), ["a", "b", "c"])
    x = X[:1]
    maps = grad_cam(classifier, sequences_of(mel=x), ["b"])
    A = np.stack([correlate2d(x[0], kernel, "valid")[::2, ::2] for kernel in kernels])
    weights = matrix[1] / A[0].size * (A > 0).mean(axis=(1, 2))
    positive = np.maximum(np.tensordot(weights, A, axes=1), 0)
    expected = halfway(halfway(positive, x.shape[1]).T, x.shape[2]).T
    np.testing.assert_allclose(maps[0], expected, atol=1e-6)
    assert maps.min() >= 0


def test_the_map_equals_plain_gradients_of_a_whole_network():
    from featkit.models.networks.modules.cnn import Cnn
    from featkit.models.networks.modules.convolutions import mean_over_map

    torch.manual_seed(0)
    module = Cnn((3, 4, 5), ((2, 2),) * 3, 6, 2, 0.3).eval()
    X = np.random.default_rng(0).normal(size=(3, 16, 24)).astype(np.float32)
    maps = grad_cam(MadeClassifier(module, ["a", "b"]), sequences_of(mel=X), ["b", "a", "b"])
    for row, k in enumerate([1, 0, 1]):
        x = torch.from_numpy(X[row])[None, None]
        A = module.blocks[2][:3](module.blocks[:2](x)).detach().requires_grad_()
        pooled = mean_over_map(module.blocks[2][3:](A))
        module.classifier(pooled)[0, k].backward()
        weights = A.grad[0].numpy().mean(axis=(1, 2))
        cam = np.maximum(np.tensordot(weights, A.detach()[0].numpy(), axes=1), 0)
        expected = halfway(halfway(cam, 16).T, 24).T
        np.testing.assert_allclose(maps[row], expected, atol=1e-6)


def test_a_row_has_the_same_map_among_other_rows(linear):
    kernels, matrix, X = linear
    classifier = MadeClassifier(Linear(kernels, matrix), ["a", "b", "c"])
    together = grad_cam(classifier, sequences_of(mel=X), ["c"] * len(X))
    alone = grad_cam(classifier, sequences_of(mel=X[5:6]), ["c"])
    assert np.array_equal(together[5:6], alone)
    assert grad_cam(classifier, sequences_of(mel=X[:0]), []).shape == (0, 9, 12)


def test_the_network_and_the_number_of_threads_are_left_as_they_were(linear):
    kernels, matrix, X = linear
    classifier = MadeClassifier(Linear(kernels, matrix), ["a", "b", "c"])
    before = torch.get_num_threads()
    first = grad_cam(classifier, sequences_of(mel=X), ["a"] * len(X))
    again = grad_cam(classifier, sequences_of(mel=X), ["a"] * len(X))
    assert torch.get_num_threads() == before
    assert np.array_equal(first, again)


def test_unknown_classes_and_networks_without_maps_are_refused(linear):
    kernels, matrix, X = linear
    classifier = MadeClassifier(Linear(kernels, matrix), ["a", "b", "c"])
    with pytest.raises(ParameterError, match="'d'"):
        grad_cam(classifier, sequences_of(mel=X[:1]), ["d"])
    with pytest.raises(ParameterError, match="a class for each of 2 rows"):
        grad_cam(classifier, sequences_of(mel=X[:2]), ["a"])
    assert has_maps(classifier)


@pytest.fixture(scope="module")
def of_one_band():
    """A small trained network whose classes differ in the bands 20 to 25 of 32, and new rows."""
    from featkit.models.networks.classifier import NetworkClassifier

    # not the defaults of the architecture, which are for other data and may change
    plain = {**dataclasses.asdict(NetworkParameters()), **FAST, "epochs": 6}
    return NetworkClassifier("cnn", **plain).fit(*banded())


def test_the_band_in_which_classes_differ_lights_up(of_one_band):
    rows, y = banded(rows=10, seed=1)
    assert (of_one_band.predict(rows) == y).all()
    shares = channel_shares(grad_cam(of_one_band, rows, y.tolist())).mean(axis=0)
    windows = {start: shares[start : start + 6].sum() for start in (2, 8, 14, 20, 26)}
    others = max(share for start, share in windows.items() if start != 20)
    assert windows[20] > 0.35  # 6 of 32 bands are 19 %
    assert windows[20] > 1.4 * others


def test_integrated_gradients_are_sharper(of_one_band):
    rows, y = banded(rows=10, seed=1)
    result = integrated_gradients(of_one_band, rows, y.tolist())
    sums = result.contributions["mel"].sum(axis=2).mean(axis=0)
    others = np.abs(np.delete(sums, range(20, 26)))
    assert sums[20:26].min() > others.max()
    assert sums[20:26].mean() > 3 * others.mean()
    assert np.abs(result.residual).max() < 0.02 * np.abs(result.output - result.base).max()
