"""Every network can be explained; new ones inherit these tests."""

import numpy as np
import pytest
from made_networks import MadeClassifier, sequences_of

from featkit.errors import ParameterError
from featkit.explanation.gradients.grad_cam import grad_cam, has_maps
from featkit.explanation.gradients.integrated_gradients import integrated_gradients
from featkit.models.networks.architecture import ARCHITECTURES
from featkit.models.networks.estimators import network_parameters

torch = pytest.importorskip("torch")

CHANNELS = {"mel": 16, "chroma": 24, "mfcc": 13, "wavelet": 9, "embedding": 5}


@pytest.fixture(scope="module", params=sorted(ARCHITECTURES))
def explained(request):
    """An untrained network and two rows."""
    architecture = ARCHITECTURES[request.param]
    kinds = [*architecture.kinds, *architecture.optional_kinds]
    rng = np.random.default_rng(0)
    arrays = {kind: rng.normal(size=(2, CHANNELS[kind], 20)).astype(np.float32) for kind in kinds}
    torch.manual_seed(0)
    shapes = {kind: array.shape[1:] for kind, array in arrays.items()}
    module = architecture.build(shapes, 3, network_parameters(request.param, {}))
    classifier = MadeClassifier(module, ["a", "b", "c"], architecture=request.param, kinds=kinds)
    return classifier, sequences_of(**arrays)


def test_maps_have_the_shape_of_the_spectrogram(explained):
    classifier, sequences = explained
    if not has_maps(classifier):
        with pytest.raises(ParameterError, match="no maps over a spectrogram"):
            grad_cam(classifier, sequences, ["a", "b"])
        return
    maps = grad_cam(classifier, sequences, ["a", "b"], signed=True)
    assert maps.shape == (2, 16, 20)
    assert np.isfinite(maps).all()
    assert maps.any()
    assert np.array_equal(maps[1:], grad_cam(classifier, sequences.rows([1]), ["b"], signed=True))


def test_every_kind_has_contributions(explained):
    classifier, sequences = explained
    result = integrated_gradients(classifier, sequences, ["a", "b"], steps=2)
    assert {*result.contributions} == {*sequences.kinds}
    for kind, values in result.contributions.items():
        assert values.shape == (2, *sequences.kinds[kind].shape)
        assert np.isfinite(values).all()
        assert values.any()
