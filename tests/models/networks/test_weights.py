"""Networks start from the weights of a file, wholly or not at all, and parts of them stay."""

import dataclasses
import os
import shutil
import warnings

import numpy as np
import pytest
from network_files import table_of
from tiny_sequences import FAST, tiny_sequences

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

from featkit.errors import ParameterError  # noqa: E402
from featkit.models.estimator import Candidate, FitWarning, completed  # noqa: E402
from featkit.models.model_file import read_model, write_model  # noqa: E402
from featkit.models.networks import weights  # noqa: E402
from featkit.models.networks.architecture import ARCHITECTURES, Architecture  # noqa: E402
from featkit.models.networks.classifier import NetworkClassifier  # noqa: E402
from featkit.models.networks.estimators import NETWORKS, network_parameters  # noqa: E402
from featkit.models.networks.parameters import NetworkParameters  # noqa: E402
from featkit.models.networks.weights import frozen, start_weights, weights_sha256  # noqa: E402
from featkit.models.training import train  # noqa: E402

nn = torch.nn


class Excitation(nn.Module):
    """A layer that an option adds."""

    def __init__(self):
        super().__init__()
        self.reduce = nn.Linear(4, 2)


class Residual(nn.Module):
    """A small network with the names of torchvision's residual networks."""

    def __init__(self, n_classes=5, n_in=1, *, excitation=False, n_units=4):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, 4, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.layer1 = nn.Sequential(nn.Conv2d(4, 4, 3, bias=False), nn.BatchNorm2d(4))
        if excitation:
            self.layer1.add_module("excitation", Excitation())
        self.fc = nn.Linear(n_units, n_classes)


RESIDUAL = Architecture(
    name="residual",
    title="small residual network",
    kinds=("mel",),
    build=lambda shapes, n_classes, parameters: Residual(n_classes),
    blocks=lambda module: [nn.ModuleList([module.conv1, module.bn1]), module.layer1],
    added=("excitation",),
)


def residual(seed=0, **how):
    """A network with random weights and running statistics."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = Residual(**how)
        for layer in (module.bn1, module.layer1[1]):
            layer.running_mean.uniform_(-1, 1)
            layer.running_var.uniform_(0.5, 2)
            layer.num_batches_tracked.fill_(7)
    return module


def state_of(module):
    return {name: values.clone() for name, values in module.state_dict().items()}


def saved(path, module, **changes):
    """A file of the weights of a module, some of which are replaced or, if None, left out."""
    state = {**state_of(module), **changes}
    safetensors.save_file({name: x for name, x in state.items() if x is not None}, path)
    return str(path)


def started(module, path, **parameters):
    return start_weights(module, RESIDUAL, NetworkParameters(weights=path, **parameters)).notes


def assert_equal(state, other, *, but=()):
    assert state.keys() == other.keys()
    for name, values in state.items():
        if name not in but:
            assert torch.equal(values, other[name]), name


CLASSIFIER = ("fc.weight", "fc.bias")


def test_without_a_file_weights_stay_random(tmp_path):
    module = residual()
    before = state_of(module)
    assert start_weights(module, RESIDUAL, NetworkParameters()) == ([], set())
    assert_equal(state_of(module), before)


def test_all_weights_and_statistics_are_those_of_the_file(tmp_path):
    source, module = residual(1), residual(2)
    assert started(module, saved(tmp_path / "a.safetensors", source)) == []
    assert_equal(state_of(module), state_of(source))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_other_precision_are_converted(tmp_path, dtype):
    source, module = residual(1), residual(2)
    state = {name: x.to(dtype) for name, x in state_of(source).items() if x.dtype == torch.float32}
    assert started(module, saved(tmp_path / "a.safetensors", source, **state)) == []
    for name, values in state_of(module).items():
        assert values.dtype == source.state_dict()[name].dtype
        torch.testing.assert_close(values, source.state_dict()[name], rtol=1e-2, atol=1e-3)


def test_the_classifier_of_another_number_of_classes_stays_random(tmp_path):
    source, module = residual(1, n_classes=1000), residual(2)
    before = state_of(module)
    (note,) = started(module, saved(tmp_path / "a.safetensors", source))
    assert note == (
        "the classifier starts from random weights: the file of weights has 1000 classes"
    )
    assert_equal(state_of(module), state_of(source), but=CLASSIFIER)
    for name in CLASSIFIER:
        assert torch.equal(module.state_dict()[name], before[name])


def test_a_file_without_a_classifier_is_used(tmp_path):
    source, module = residual(1), residual(2)
    path = saved(tmp_path / "a.safetensors", source, **dict.fromkeys(CLASSIFIER))
    assert started(module, path) == [
        "the classifier starts from random weights: the file of weights has no classifier"
    ]
    assert_equal(state_of(module), state_of(source), but=CLASSIFIER)


def test_weights_for_colours_respond_to_one_channel_as_to_a_grey_picture(tmp_path):
    source, module = residual(1, n_in=3), residual(2)
    (note,) = started(module, saved(tmp_path / "a.safetensors", source))
    assert note == "the weights of the first convolution are summed over its input channels"
    x = torch.linspace(-1, 1, 2 * 9 * 9).reshape(2, 1, 9, 9)
    with torch.no_grad():
        torch.testing.assert_close(module.conv1(x), source.conv1(x.expand(-1, 3, -1, -1)))
    assert_equal(state_of(module), state_of(source), but=["conv1.weight"])


def test_weights_for_colours_stay_so_in_a_network_of_three_channels(tmp_path):
    source, module = residual(1, n_in=3), residual(2, n_in=3)
    assert started(module, saved(tmp_path / "a.safetensors", source)) == []
    assert_equal(state_of(module), state_of(source))


def test_counters_may_be_missing(tmp_path):
    source, module = residual(1), residual(2)
    counters = [name for name in state_of(source) if name.endswith("num_batches_tracked")]
    path = saved(tmp_path / "a.safetensors", source, **dict.fromkeys(counters))
    assert started(module, path) == []
    assert_equal(state_of(module), state_of(source), but=counters)


def test_layers_that_an_option_adds_may_be_missing(tmp_path):
    source, module = residual(1), residual(2, excitation=True)
    before = state_of(module)
    (note,) = started(module, saved(tmp_path / "a.safetensors", source))
    assert note == (
        "2 tensors of added layers start from random weights: the file of weights lacks them"
    )
    for name, values in state_of(module).items():
        assert torch.equal(values, {**before, **state_of(source)}[name])
    source = residual(3, excitation=True)
    assert started(module, saved(tmp_path / "a.safetensors", source)) == []
    assert_equal(state_of(module), state_of(source))


MISFITS = {
    "another shape": ({"layer1.0.weight": torch.zeros(4, 4, 5, 5)}, "4×4×5×5 instead of 4×4×3×3"),
    "two input channels": ({"conv1.weight": torch.zeros(4, 2, 3, 3)}, "4×2×3×3 instead"),
    "colours elsewhere": ({"layer1.0.weight": torch.zeros(4, 3, 3, 3)}, "4×3×3×3 instead"),
    "no convolution": ({"conv1.weight": None}, "conv1.weight is missing"),
    "no variance": ({"bn1.running_var": None}, "bn1.running_var is missing"),
    "an unknown layer": ({"layer9.weight": torch.zeros(2)}, "'layer9.weight' is unknown"),
    "a wider classifier": ({"fc.weight": torch.zeros(5, 9)}, "5×9 instead of 5×4"),
    "half a classifier": ({"fc.weight": None}, "fc.weight is missing"),
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_weights_that_do_not_fit_are_refused_as_a_whole(tmp_path, misfit):
    changes, message = MISFITS[misfit]
    module = residual(2)
    before = state_of(module)
    path = saved(tmp_path / "a.safetensors", residual(1), **changes)
    with pytest.raises(ParameterError, match=rf"a\.safetensors: its weights .*{message}"):
        started(module, path)
    assert_equal(state_of(module), before)


def test_names_of_another_network_are_listed_up_to_five(tmp_path):
    safetensors.save_file({f"features.{k}": torch.zeros(k) for k in range(20)}, tmp_path / "a")
    with pytest.raises(ParameterError) as error:
        started(residual(), str(tmp_path / "a"))
    n_more = len([name for name in state_of(residual()) if "num_batches" not in name]) + 20 - 5
    assert "conv1.weight is missing; bn1.weight is missing" in str(error.value)
    assert f"and {n_more - 2} more differences" in str(error.value)
    assert len(str(error.value)) < 600


def meta(name, n_classes, **parameters):
    """A network without memory for its weights."""
    architecture = ARCHITECTURES[name]
    bases = (*architecture.kinds, *architecture.optional_kinds)
    with torch.device("meta"):
        settings = network_parameters(name, parameters)
        return architecture.build(dict.fromkeys(bases, (40, 64)), n_classes, settings)


def shapes_of(module):
    return {name: tuple(values.shape) for name, values in module.state_dict().items()}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_starts_from_its_weights_for_other_classes(name):
    architecture, module = ARCHITECTURES[name], meta(name, 3)
    plan = weights._plan(shapes_of(meta(name, 7)), module, architecture)
    left = shapes_of(module).keys() - {*plan.taken}
    assert {x.rsplit(".", 1)[1] for x in left} == {"weight", "bias"}
    assert len(left) == 2
    assert plan.notes == [
        "the classifier starts from random weights: the file of weights has 7 classes"
    ]
    assert weights._plan(shapes_of(meta(name, 3)), module, architecture).notes == []
    if architecture.added:
        larger = meta(name, 3, squeeze_excitation=True)
        plan = weights._plan(shapes_of(module), larger, architecture)
        assert {*plan.taken} == shapes_of(module).keys()
        assert len(plan.notes) == 1


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_parts_of_every_architecture_are_frozen_up_to_the_classifier(name):
    architecture = ARCHITECTURES[name]
    if architecture.blocks is None:
        pytest.skip("it has no parts")
    n_parts = len(architecture.blocks(meta(name, 3)))
    counts = []
    for n in range(1, n_parts + 1):
        module = meta(name, 3)
        assert len(frozen(module, architecture, n)) == n
        counts.append(sum(not weight.requires_grad for weight in module.parameters()))
    assert counts == sorted({*counts})


# Files


def test_a_file_with_another_hash_is_refused(tmp_path):
    path = saved(tmp_path / "a.safetensors", residual(1))
    digest = weights_sha256(path)
    started(residual(2), path, weights_sha256=digest)
    saved(tmp_path / "a.safetensors", residual(3))
    assert weights_sha256(path) != digest
    with pytest.raises(ParameterError, match="not the file of weights that the training began"):
        started(residual(2), path, weights_sha256=digest)


def pickled(path, **how):
    torch.save(residual().state_dict(), path, **how)


def changed_bytes(change):
    def write(path):
        saved(path, residual(1))
        path.write_bytes(change(path.read_bytes()))

    return write


OTHER_FILES = {
    "missing": lambda path: None,
    "a folder": lambda path: path.mkdir(),
    "a pipe": lambda path: os.mkfifo(path),
    "empty": lambda path: path.touch(),
    "text": lambda path: path.write_text("weights" * 99),
    "a pickle": pickled,
    "an early pickle": lambda path: pickled(path, _use_new_zipfile_serialization=False),
    "truncated": changed_bytes(lambda content: content[:-1]),
    "longer": changed_bytes(lambda content: content + b"\0"),
    "a header without end": changed_bytes(lambda content: b"\xff" * 8 + content[8:]),
    "NaN": lambda path: saved(path, residual(1), **{"bn1.bias": torch.full((4,), torch.nan)}),
    "a negative variance": lambda path: saved(
        path, residual(1), **{"bn1.running_var": torch.full((4,), -1.0)}
    ),
    "numbers of a byte": lambda path: saved(
        path, residual(1), **{"bn1.bias": torch.zeros(4, dtype=torch.uint8)}
    ),
}


@pytest.mark.parametrize("kind", OTHER_FILES)
def test_other_files_are_refused_by_name(tmp_path, kind):
    OTHER_FILES[kind](tmp_path / "a.bin")
    module = residual(2)
    before = state_of(module)
    with pytest.raises(ParameterError, match=r"a\.bin: .") as error:
        started(module, str(tmp_path / "a.bin"))
    assert_equal(state_of(module), before)
    assert ("convert it to safetensors" in str(error.value)) == ("pickle" in kind)


def test_a_larger_file_than_the_bound_is_refused(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.safetensors", residual(1))
    monkeypatch.setattr(weights, "MAX_BYTES", 99)
    with pytest.raises(ParameterError, match="larger than a file of weights"):
        started(residual(2), path)


def test_files_with_random_bytes_are_used_or_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    saved(path, residual(1))
    content, messages = path.read_bytes(), set()
    end = 8 + int.from_bytes(content[:8], "little")
    for seed in range(100):
        rng = np.random.default_rng(seed)
        shaken = bytearray(content)
        for place in rng.integers(8 * (seed % 3), end, size=1 + seed % 3):
            shaken[place] = rng.integers(256)
        path.write_bytes(shaken)
        try:
            started(residual(2), str(path))
        except ParameterError as error:
            messages.add(str(error)[len(str(path)) :][:30])
    assert len(messages) > 5


# Training


def base_weights(path, n_classes=7):
    """A file of the weights of a trained cnn of other classes."""
    X, y = tiny_sequences(n_rows=28, n_classes=n_classes, seed=5)
    network = NetworkClassifier("cnn", **FAST).fit(X, y)
    state = {name: torch.tensor(x).contiguous() for name, x in network.state_.items()}
    safetensors.save_file(state, path)
    return network


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A file of the weights of a network of three classes, and the network."""
    path = tmp_path_factory.mktemp("base") / "a.safetensors"
    return path, base_weights(path, n_classes=3)


def test_frozen_parts_keep_weights_and_running_statistics(tmp_path):
    source = base_weights(tmp_path / "a.safetensors")
    X, y = tiny_sequences()
    own = {**FAST, "weights": str(tmp_path / "a.safetensors"), "freeze": 2}
    with pytest.warns(FitWarning, match="has 7 classes"):
        network = NetworkClassifier("cnn", **own).fit(X, y)
    for name, values in network.state_.items():
        is_frozen = name.startswith(("blocks.0.", "blocks.1."))
        same = name in source.state_ and np.array_equal(values, source.state_[name])
        assert same == is_frozen, name
    np.testing.assert_allclose(network.predict_proba(X).sum(axis=1), 1)


def test_frozen_parts_without_weights_are_mentioned():
    X, y = tiny_sequences()
    with pytest.warns(FitWarning, match="frozen parts keep random weights"):
        NetworkClassifier("cnn", **FAST, freeze=1).fit(X, y)


def test_parts_are_frozen_in_order():
    module = residual()
    parts = frozen(module, RESIDUAL, 1)
    assert [name for name, x in module.named_parameters() if not x.requires_grad] == [
        "conv1.weight",
        "bn1.weight",
        "bn1.bias",
    ]
    assert len(parts) == 1
    assert frozen(residual(), RESIDUAL, 0) == []
    with pytest.raises(ParameterError, match="freeze of residual must be at most 2, got 3"):
        frozen(residual(), RESIDUAL, 3)


def test_added_layers_of_random_weights_are_trained_in_frozen_parts(tmp_path):
    module, path = residual(2, excitation=True), tmp_path / "a.safetensors"
    parameters = NetworkParameters(weights=saved(path, residual(1)))
    start = start_weights(module, RESIDUAL, parameters)
    frozen(module, RESIDUAL, 2, start.random)
    trained = {name for name, weight in module.named_parameters() if weight.requires_grad}
    added = {"layer1.excitation.reduce.weight", "layer1.excitation.reduce.bias"}
    assert start.random == added
    assert trained == {*CLASSIFIER, *added}
    saved(path, residual(3, excitation=True))
    frozen(module, RESIDUAL, 2, start_weights(module, RESIDUAL, parameters).random)
    assert {name for name, weight in module.named_parameters() if weight.requires_grad} == {
        *CLASSIFIER
    }


def test_a_network_of_which_nothing_is_left_to_train_is_refused():
    whole = dataclasses.replace(RESIDUAL, blocks=lambda module: [module])
    with pytest.raises(ParameterError, match="leaves nothing to train"):
        frozen(residual(), whole, 1)


def test_freeze_of_a_network_without_parts_is_refused_before_the_training(monkeypatch):
    without = dataclasses.replace(ARCHITECTURES["cnn"], blocks=None)
    monkeypatch.setitem(ARCHITECTURES._loaded, "cnn", without)
    with pytest.raises(ParameterError, match="cnn has no parts that can be frozen"):
        train(table_of(*tiny_sequences()), model="cnn", parameters={"freeze": 1})


def test_a_training_stores_the_hash_of_its_weights_and_a_model_does_without_the_file(
    base, tmp_path, monkeypatch
):
    path = shutil.copy(base[0], str(tmp_path / "a.safetensors"))
    parameters = {**FAST, "weights": path}
    table = table_of(*tiny_sequences())
    result = train(table, model="cnn", folds=2, parameters=parameters)
    digest = weights_sha256(path)
    assert result.model.trained.kept.parameters["weights_sha256"] == digest
    write_model(result.model, tmp_path / "a.fk")
    os.remove(path)
    with monkeypatch.context() as patch:
        patch.setattr(weights, "_content", lambda path: pytest.fail("it was opened"))
        back = read_model(tmp_path / "a.fk")
    assert back.trained.kept.parameters["weights_sha256"] == digest
    assert back.pipeline.named_steps["model"].settings.weights_sha256 == digest
    X, _ = tiny_sequences(seed=1)
    np.testing.assert_array_equal(back.row_probabilities(X), result.model.row_probabilities(X))
    with pytest.raises(ParameterError, match="no such file of weights"):
        train(table, model="cnn", folds=2, parameters=parameters)


def test_a_training_with_other_weights_is_another_one(tmp_path):
    candidate = Candidate("cnn", {"weights": saved(tmp_path / "a.safetensors", residual(1))})
    one = completed(candidate, NETWORKS)
    assert completed(candidate, NETWORKS) == one
    assert completed(one, NETWORKS) == one
    saved(tmp_path / "a.safetensors", residual(3))
    assert completed(candidate, NETWORKS) != one
    assert completed(Candidate("cnn"), NETWORKS) == Candidate("cnn")


def test_weights_change_where_a_training_starts(base):
    path, source = base
    X, y = tiny_sequences(n_rows=28, n_classes=3, seed=5)
    own = {**FAST, "epochs": 1, "learning_rate": 1e-6, "seed": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network = NetworkClassifier("cnn", **own, weights=str(path)).fit(X, y)
    random = NetworkClassifier("cnn", **own).fit(X, y)
    name = "blocks.0.0.weight"
    np.testing.assert_allclose(network.state_[name], source.state_[name], atol=1e-4)
    assert np.abs(random.state_[name] - source.state_[name]).max() > 0.01
