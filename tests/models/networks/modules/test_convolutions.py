"""Convolutional networks against formulas that are written without their modules."""

import pytest

from featkit.models.networks.architecture import ARCHITECTURES
from featkit.models.networks.estimators import network_parameters

torch = pytest.importorskip("torch")
F = torch.nn.functional


def built(name, shape=(16, 24), n_classes=3):
    torch.manual_seed(0)
    module = ARCHITECTURES[name].build({"mel": shape}, n_classes, network_parameters(name, {}))
    for key, value in module.state_dict().items():
        if key.endswith("running_mean"):
            value.normal_(0, 0.1)
        if key.endswith("running_var"):
            value.uniform_(0.5, 1.5)
    return module.eval()


def convolved(state, convolution, normalisation, x):
    x = F.conv2d(x, state[f"{convolution}.weight"], padding=1)
    names = ("running_mean", "running_var", "weight", "bias")
    x = F.batch_norm(x, *(state[f"{normalisation}.{name}"] for name in names))
    return x.clamp(min=0)


def linear(state, place, x):
    return x @ state[f"{place}.weight"].T + state[f"{place}.bias"]


def hidden_layer(state, x):
    return linear(state, "classifier.3", linear(state, "classifier.0", x).clamp(min=0))


def cnn_by_hand(state, x):
    for k, size in enumerate([(2, 4), (2, 2), (2, 2)]):
        x = F.max_pool2d(convolved(state, f"blocks.{k}.0", f"blocks.{k}.1", x), size)
    return hidden_layer(state, x.mean(dim=(2, 3)))


def vgg_by_hand(state, x):
    for stage in [(0,), (4,), (8, 11), (15, 18)]:
        for k in stage:
            x = convolved(state, f"features.{k}", f"features.{k + 1}", x)
        x = F.max_pool2d(x, 2)
    return hidden_layer(state, x.mean(dim=(2, 3)))


def unet_by_hand(state, x):
    for level in range(4):
        x = F.max_pool2d(x, 2) if level else x
        for k in (0, 3):
            x = convolved(state, f"levels.{level}.{k}", f"levels.{level}.{k + 1}", x)
    return linear(state, "classifier", x.mean(dim=(2, 3)))


BY_HAND = {"cnn": cnn_by_hand, "vgg_small": vgg_by_hand, "unet_encoder": unet_by_hand}


@pytest.mark.parametrize("name", BY_HAND)
def test_the_output_follows_the_layers_of_the_docstring(name):
    module, x = built(name, (16, 32)), torch.randn(2, 16, 32)
    with torch.no_grad():
        expected = BY_HAND[name](module.state_dict(), x[:, None])
        assert torch.allclose(module({"mel": x}, {}), expected, atol=1e-5)


def convolution_weights(*pairs):
    """Weights of 3 × 3 convolutions and their batch normalisation."""
    return sum(9 * a * b + 2 * b for a, b in pairs)


N_WEIGHTS = {
    "cnn": convolution_weights((1, 32), (32, 64), (64, 128)) + 129 * 256 + 257 * 10,
    "vgg_small": convolution_weights((1, 16), (16, 32), (32, 64), (64, 64), (64, 128), (128, 128))
    + 129 * 256
    + 257 * 10,
    "unet_encoder": convolution_weights(
        *[(1, 16), (16, 16), (16, 32), (32, 32), (32, 64), (64, 64), (64, 128), (128, 128)]
    )
    + 129 * 10,
}


@pytest.mark.parametrize("name", N_WEIGHTS)
def test_numbers_of_weights_follow_from_channels(name):
    weights = built(name, (128, 128), n_classes=10).parameters()
    assert sum(weight.numel() for weight in weights) == N_WEIGHTS[name]


@pytest.mark.parametrize("name", BY_HAND)
def test_parts_are_blocks_stages_or_levels(name):
    module = built(name)
    n_parts = {"cnn": 3, "vgg_small": 4, "unet_encoder": 4}[name]
    assert len(ARCHITECTURES[name].blocks(module)) == n_parts


def test_the_first_part_of_vgg_small_is_its_first_stage():
    module, x = built("vgg_small"), torch.randn(2, 1, 16, 24)
    parts = ARCHITECTURES["vgg_small"].blocks(module)
    with torch.no_grad():
        whole = module.features(x)
        for part in parts:
            x = part(x)
        assert torch.equal(x, whole)


def test_pooling_rounds_sizes_up():
    from featkit.models.networks.modules.convolutions import maximum_pooling

    values = maximum_pooling(2, 4)(torch.arange(15.0).reshape(1, 1, 3, 5))
    assert values[0, 0].tolist() == [[8, 9], [13, 14]]


def test_the_hybrid_joins_its_branches():
    sizes = {"mel": (16, 32), "chroma": (24, 6), "mfcc": (13, 6), "wavelet": (9, 6)}
    settings = network_parameters("cnn_lstm", {})
    module = ARCHITECTURES["cnn_lstm"].build(sizes, 3, settings).eval()
    values = {base: torch.randn(2, *size) for base, size in sizes.items()}
    lengths = {base: torch.full((2,), size[1]) for base, size in sizes.items()}
    with torch.no_grad():
        maps = module.blocks(values["mel"][:, None]).mean(dim=(2, 3))
        branches = module.branches.series
        series = [branches[base](values[base], lengths[base]) for base in list(sizes)[1:]]
        expected = hidden_layer(module.state_dict(), torch.cat([maps, *series], dim=1))
        assert torch.allclose(module(values, lengths), expected, atol=1e-6)
