"""All architectures keep their contract; new ones inherit these tests."""

import numpy as np
import pytest

from featkit.models.networks.architecture import ARCHITECTURES
from featkit.models.networks.estimators import network_parameters

torch = pytest.importorskip("torch")

N_CLASSES = 3
CHANNELS = {"mel": 16, "chroma": 24, "mfcc": 13, "wavelet": 9, "embedding": 5}


def shapes(architecture, frames=20, *, optional=True):
    kinds = architecture.kinds + architecture.optional_kinds * optional
    return {base: (CHANNELS[base], frames) for base in kinds}


def built(architecture, *, optional=True, **parameters):
    torch.manual_seed(0)
    settings = network_parameters(architecture.name, parameters)
    return architecture.build(shapes(architecture, optional=optional), N_CLASSES, settings)


def inputs(sizes, n_rows=2, seed=0):
    rng = np.random.default_rng(seed)
    values = {
        base: torch.from_numpy(rng.normal(size=(n_rows, *size)).astype(np.float32))
        for base, size in sizes.items()
    }
    return values, {base: torch.full((n_rows,), size[1]) for base, size in sizes.items()}


@pytest.fixture(scope="module", params=sorted(ARCHITECTURES))
def architecture(request):
    return ARCHITECTURES[request.param]


@pytest.fixture(scope="module")
def module(architecture):
    """A network with all kinds, in evaluation mode; tests do not change it."""
    return built(architecture).eval()


@pytest.mark.parametrize("frames", [1, 33])
def test_logits_have_one_row_per_recording_for_any_number_of_frames(architecture, module, frames):
    logits = module(*inputs(shapes(architecture, frames)))
    assert logits.shape == (2, N_CLASSES)
    assert logits.dtype == torch.float32
    assert torch.isfinite(logits).all()


def test_networks_read_kinds_that_are_optional_only_where_they_exist(architecture):
    if not architecture.optional_kinds:
        return
    module = built(architecture, optional=False).eval()
    logits = module(*inputs(shapes(architecture, optional=False)))
    assert torch.isfinite(logits).all()


def test_kinds_may_have_different_numbers_of_frames(architecture, module):
    kinds = enumerate(shapes(architecture).items())
    sizes = {base: (size[0], (20, 33)[k % 2]) for k, (base, size) in kinds}
    assert torch.isfinite(module(*inputs(sizes))).all()


def test_every_weight_has_a_gradient(architecture, module):
    names, weights = zip(*module.named_parameters(), strict=True)
    loss = module(*inputs(shapes(architecture), n_rows=2)).square().sum()
    gradients = torch.autograd.grad(loss, weights, allow_unused=True)
    assert [name for name, value in zip(names, gradients, strict=True) if value is None] == []


def test_every_kind_changes_the_logits(architecture, module):
    values, lengths = inputs(shapes(architecture))
    before = module(values, lengths)
    for base in values:
        after = module({**values, base: values[base] + 1.0}, lengths)
        assert not torch.equal(before, after), base


def test_a_seed_determines_the_weights(architecture, module):
    first, second = module.state_dict(), built(architecture).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_module_does_not_change_its_inputs(architecture, module):
    values, lengths = inputs(shapes(architecture), n_rows=2)
    copies = {base: value.clone() for base, value in values.items()}
    module(values, lengths)
    assert all(torch.equal(values[base], copies[base]) for base in values)


def test_dropout_is_a_parameter_of_all_networks(architecture, module):
    layers = [layer for layer in module.modules() if isinstance(layer, torch.nn.Dropout)]
    assert layers
    assert {layer.p for layer in layers} == {network_parameters(architecture.name, {}).dropout}


def test_the_classifier_is_the_last_linear_layer(module):
    linear = [m for m in module.modules() if isinstance(m, torch.nn.Linear)]
    assert linear[-1].out_features == N_CLASSES


def test_parts_for_freezing_begin_with_the_first_layer_and_leave_out_the_classifier(
    architecture, module
):
    if architecture.blocks is None:
        return
    parts = architecture.blocks(module)
    first = next(iter(module.parameters()))
    assert any(weight is first for weight in parts[0].parameters())
    numbers = [id(weight) for part in parts for weight in part.parameters()]
    assert len(numbers) == len(set(numbers))
    classifier = [m for m in module.modules() if isinstance(m, torch.nn.Linear)][-1]
    assert not {id(weight) for weight in classifier.parameters()} & set(numbers)


def test_the_layer_for_maps_has_maps_over_frequency_and_time(architecture, module):
    if architecture.map_layer is None:
        return
    outputs = []
    layer = module.get_submodule(architecture.map_layer)
    handle = layer.register_forward_hook(lambda _, __, output: outputs.append(output))
    module(*inputs(shapes(architecture)))
    handle.remove()
    (maps,) = outputs
    assert maps.ndim == 4
    assert (maps >= 0).all()


def test_convolutions_have_their_channels_last(module):
    for layer in module.modules():
        if isinstance(layer, torch.nn.Conv2d):
            assert layer.weight.is_contiguous(memory_format=torch.channels_last)
