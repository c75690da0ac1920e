"""Residual networks: names, shapes and formula of torchvision, and squeeze-and-excitation."""

import pytest

from featkit.models.networks.architecture import ARCHITECTURES
from featkit.models.networks.estimators import network_parameters

torch = pytest.importorskip("torch")
F = torch.nn.functional

PUBLISHED = {"resnet18": 11_689_512, "resnet50": 25_557_032}
"""Weights for 1,000 classes and three input channels, from the documentation of torchvision."""

SIZES = {"resnet18": (2, 2, 2, 2), "resnet50": (3, 4, 6, 3)}
N_TENSORS = {"resnet18": 122, "resnet50": 320}
"""Tensors of the state of torchvision's networks."""


def network(name, *, n_classes=1000, n_in=3, **options):
    from featkit.models.networks.modules import resnet

    block = resnet.BasicBlock if name == "resnet18" else resnet.Bottleneck
    return resnet.ResNet(block, SIZES[name], n_classes, n_in=n_in, **options)


def outline(name, **options):
    """A network without values, whose names and shapes cost nothing."""
    with torch.device("meta"):
        return network(name, **options)


def published_names(name):
    """Names and shapes as in torchvision's documentation, with the counters left out."""
    state = {"conv1.weight": (64, 3, 7, 7)}

    def normalisation(place, n):
        for part in ("weight", "bias", "running_mean", "running_var"):
            state[f"{place}.{part}"] = (n,)

    normalisation("bn1", 64)
    n_in = 64
    for layer, size in enumerate(SIZES[name], 1):
        n = 32 * 2**layer
        n_out = n if name == "resnet18" else 4 * n
        for k in range(size):
            place = f"layer{layer}.{k}"
            if name == "resnet18":
                kernels = [(n, n_in, 3), (n, n, 3)]
            else:
                kernels = [(n, n_in, 1), (n, n, 3), (n_out, n, 1)]
            for number, (a, b, width) in enumerate(kernels, 1):
                state[f"{place}.conv{number}.weight"] = (a, b, width, width)
                normalisation(f"{place}.bn{number}", a)
            if k == 0 and n_in != n_out:
                state[f"{place}.downsample.0.weight"] = (n_out, n_in, 1, 1)
                normalisation(f"{place}.downsample.1", n_out)
            n_in = n_out
    state["fc.weight"], state["fc.bias"] = (1000, n_in), (1000,)
    return state


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_number_of_weights_is_the_published_one(name):
    assert sum(weight.numel() for weight in outline(name).parameters()) == PUBLISHED[name]


@pytest.mark.parametrize("name", PUBLISHED)
def test_names_and_shapes_are_those_of_torchvision(name):
    state = outline(name).state_dict()
    assert len(state) == N_TENSORS[name]
    shapes = {n: tuple(t.shape) for n, t in state.items() if not n.endswith("_tracked")}
    assert shapes == published_names(name)


def normalised(state, place, x):
    mean, variance = state[f"{place}.running_mean"], state[f"{place}.running_var"]
    scale = state[f"{place}.weight"] / torch.sqrt(variance + 1e-5)
    shift = state[f"{place}.bias"] - mean * scale
    return x * scale[:, None, None] + shift[:, None, None]


def by_hand(name, state, x):
    """The formula of the paper, from the tensors alone; striding is that of torchvision."""
    x = normalised(state, "bn1", F.conv2d(x, state["conv1.weight"], stride=2, padding=3))
    x = F.max_pool2d(x.clamp(min=0), 3, 2, 1)
    strided = 1 if name == "resnet18" else 2
    n_convolutions = 2 if name == "resnet18" else 3
    for layer, size in enumerate(SIZES[name], 1):
        for k in range(size):
            place, y = f"layer{layer}.{k}", x
            stride = 2 if layer > 1 and k == 0 else 1
            for number in range(1, n_convolutions + 1):
                weight = state[f"{place}.conv{number}.weight"]
                step = stride if number == strided else 1
                y = F.conv2d(y, weight, stride=step, padding=weight.shape[-1] // 2)
                y = normalised(state, f"{place}.bn{number}", y)
                y = y if number == n_convolutions else y.clamp(min=0)
            if f"{place}.downsample.0.weight" in state:
                x = F.conv2d(x, state[f"{place}.downsample.0.weight"], stride=stride)
                x = normalised(state, f"{place}.downsample.1", x)
            x = (x + y).clamp(min=0)
    return x.mean(dim=(2, 3)) @ state["fc.weight"].T + state["fc.bias"]


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_output_follows_the_formula_of_the_paper(name):
    torch.manual_seed(0)
    module = network(name, n_classes=4, n_in=1).double().eval()
    with torch.no_grad():
        for key, value in module.state_dict().items():
            if key.endswith(("running_mean", ".bias")):
                value.normal_(0, 0.1)
            if key.endswith("running_var"):
                value.uniform_(0.5, 1.5)
        x = torch.randn(2, 32, 17, dtype=torch.float64)
        values = module({"mel": x}, {})
        expected = by_hand(name, module.state_dict(), x[:, None])
    assert torch.allclose(values, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("name", "widest"), [("resnet18", 512), ("resnet50", 2048)])
def test_squeeze_and_excitation_adds_two_linear_layers_to_each_block(name, widest):
    plain, added = outline(name), outline(name, squeeze_excitation=True)
    names = added.state_dict().keys() - plain.state_dict().keys()
    assert len(names) == 4 * sum(SIZES[name])
    assert all(".se." in key for key in names)
    last = added.get_submodule(f"layer4.{SIZES[name][-1] - 1}.se")
    assert tuple(last.fc1.weight.shape) == (widest // 16, widest)
    assert tuple(last.fc2.weight.shape) == (widest, widest // 16)


def test_squeeze_and_excitation_multiplies_channels_by_weights_of_their_means():
    from featkit.models.networks.modules.resnet import SqueezeExcitation

    torch.manual_seed(0)
    layer, x = SqueezeExcitation(32), torch.randn(2, 32, 3, 5)
    hidden = (x.mean(dim=(2, 3)) @ layer.fc1.weight.T + layer.fc1.bias).clamp(min=0)
    weights = 1 / (1 + torch.exp(-(hidden @ layer.fc2.weight.T + layer.fc2.bias)))
    assert torch.allclose(layer(x), x * weights[:, :, None, None], atol=1e-6)


@pytest.mark.parametrize("name", PUBLISHED)
def test_squeeze_and_excitation_is_an_option_of_the_estimators(name):
    architecture = ARCHITECTURES[name]

    def names(**options):
        settings = network_parameters(name, options)
        with torch.device("meta"):
            return set(architecture.build({"mel": (8, 8)}, 2, settings).state_dict())

    more = names(squeeze_excitation=True) - names()
    assert more
    assert all(set(architecture.added) & set(key.split(".")) for key in more)


@pytest.mark.parametrize("name", PUBLISHED)
def test_parts_are_the_stem_and_four_layers(name):
    module = outline(name)
    parts = ARCHITECTURES[name].blocks(module)
    assert len(parts) == 5
    frozen = {id(weight) for part in parts for weight in part.parameters()}
    others = [n for n, weight in module.named_parameters() if id(weight) not in frozen]
    assert others == ["fc.weight", "fc.bias"]
