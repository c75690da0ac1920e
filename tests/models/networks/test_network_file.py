"""Files of networks are read as they were written, and changed ones are refused at once."""

import copy
import dataclasses
import json
import math
import sys
import time
import tracemalloc

import numpy as np
import pytest
from model_files import pack
from network_files import (
    cached_network,
    header_of,
    network_parts,
    packed,
    table_of,
    trained_network,
    with_header,
    with_header_text,
)
from sklearn.pipeline import Pipeline
from tiny_sequences import tiny_sequences

pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.numpy")

from featkit.errors import ModelError  # noqa: E402
from featkit.models._metadata_schema import metadata_of  # noqa: E402
from featkit.models.model_file import METADATA, read_model, write_model  # noqa: E402
from featkit.models.networks import network_file  # noqa: E402
from featkit.models.networks.architecture import ARCHITECTURES  # noqa: E402
from featkit.models.networks.classifier import NetworkClassifier  # noqa: E402
from featkit.models.networks.network_file import DESCRIPTION, WEIGHTS  # noqa: E402

FIRST = "state.blocks.0.0.weight"
"""Name of the weights of the first convolution."""

# Round trip


def test_a_network_is_read_bit_by_bit_as_it_was_written(tmp_path):
    model, (X, _) = cached_network(), tiny_sequences(seed=1)
    model.save(tmp_path / "a.fk")
    back = read_model(tmp_path / "a.fk")
    one, other = (m.pipeline.named_steps["model"] for m in (model, back))
    np.testing.assert_array_equal(back.row_probabilities(X), model.row_probabilities(X))
    assert metadata_of(back) == metadata_of(model)
    assert other.get_params() == one.get_params()
    assert (other.kinds_, other.shapes_, other.best_epoch_) == (
        one.kinds_,
        one.shapes_,
        one.best_epoch_,
    )
    np.testing.assert_equal(other.history_, one.history_)
    assert list(other.state_) == list(one.state_)
    for name, values in one.state_.items():
        np.testing.assert_array_equal(other.state_[name], values, strict=True)
    np.testing.assert_equal(other.scales_, one.scales_)
    back.save(tmp_path / "b.fk")
    assert (tmp_path / "b.fk").read_bytes() == (tmp_path / "a.fk").read_bytes()


def test_a_learning_curve_without_validation_keeps_its_gaps(tmp_path):
    write_model(cached_network(), tmp_path / "a.fk")
    (epoch, _) = read_model(tmp_path / "a.fk").pipeline.named_steps["model"].history_
    assert math.isnan(epoch.validation_loss)
    assert math.isfinite(epoch.training_loss)


def test_equal_trainings_write_equal_bytes(tmp_path):
    write_model(cached_network(), tmp_path / "a.fk")
    write_model(trained_network(), tmp_path / "b.fk")
    assert (tmp_path / "a.fk").read_bytes() == (tmp_path / "b.fk").read_bytes()
    write_model(trained_network(learning_rate=0.002), tmp_path / "c.fk")
    assert (tmp_path / "a.fk").read_bytes() != (tmp_path / "c.fk").read_bytes()


def test_a_file_holds_a_description_and_weights_that_other_programs_read(tmp_path):
    parts = network_parts()
    assert set(parts) == {METADATA, DESCRIPTION, WEIGHTS}
    network = cached_network().pipeline.named_steps["model"]
    arrays = safetensors.load(parts[WEIGHTS])
    for name, values in network.state_.items():
        np.testing.assert_array_equal(arrays[f"state.{name}"], values, strict=True)
    np.testing.assert_array_equal(arrays["scales.mel.mean"], network.scales_["mel"].mean)
    assert json.loads(parts[DESCRIPTION])["parameters"]["epochs"] == 2


def test_axes_that_lie_in_memory_in_another_order_are_written_in_theirs(tmp_path):
    model = cached_network()
    network = copy.copy(model.pipeline.named_steps["model"])
    network.state_ = {name: np.asarray(x, order="F") for name, x in network.state_.items()}
    other = dataclasses.replace(model, pipeline=Pipeline([("model", network)]))
    write_model(model, tmp_path / "a.fk")
    write_model(other, tmp_path / "b.fk")
    assert (tmp_path / "a.fk").read_bytes() == (tmp_path / "b.fk").read_bytes()


def test_a_model_predicts_tables_with_its_sequences(tmp_path):
    (X, y), model = tiny_sequences(seed=2), cached_network()
    model.save(tmp_path / "a.fk")
    back, table = read_model(tmp_path / "a.fk"), table_of(X, y)
    assert back.reads_sequences
    np.testing.assert_array_equal(back.probabilities(table), model.probabilities(table))


@pytest.mark.parametrize("package", ["torch", "safetensors"])
def test_without_the_extra_a_file_is_refused_with_the_remedy(tmp_path, monkeypatch, package):
    write_model(cached_network(), tmp_path / "a.fk")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModelError, match=rf"a\.fk: networks need {package}: pip install"):
        read_model(tmp_path / "a.fk")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_is_described_without_memory(name):
    torch = pytest.importorskip("torch")
    architecture = ARCHITECTURES[name]
    network = NetworkClassifier(name)
    bases = (*architecture.kinds, *architecture.optional_kinds)
    network.shapes_, network.classes_ = dict.fromkeys(bases, (2**16, 2**20)), ["a", "b"]
    before = torch.get_rng_state()
    tensors = network_file.expected_tensors(network)
    assert torch.equal(torch.get_rng_state(), before)
    assert {tensor.dtype for tensor in tensors.values()} <= {"F32", "I64"}


# Crafted files


def tensors_changed(change):
    """The weights, written by safetensors after a change of the arrays."""

    def changed(weights):
        arrays = safetensors.load(weights)
        change(arrays)
        return safetensors.save(arrays)

    return changed


def header_changed(change):
    return lambda weights: with_header(weights, change)


def entry_changed(name=FIRST, **values):
    return header_changed(lambda header: header[name].update(values))


def text_changed(change):
    """The weights with a changed text of the header."""

    def changed(weights):
        header, numbers = header_of(weights)
        return with_header_text(change(json.dumps(header)).encode(), numbers)

    return changed


def swap(header):
    """Two tensors of one size exchange their places, which safetensors sorts."""
    a, b = header["state.blocks.0.1.weight"], header["state.blocks.0.1.bias"]
    a["data_offsets"] = b["data_offsets"]


def item(name, at, value):
    def change(arrays):
        arrays[name] = arrays[name].copy()
        arrays[name][at] = value

    return change


def entry_of(arrays, name, function):
    arrays[name] = function(arrays[name])


CHANGED_WEIGHTS = {
    "nothing": lambda weights: b"",
    "less than a length": lambda weights: weights[:5],
    "a truncated header": lambda weights: weights[:100],
    "truncated numbers": lambda weights: weights[:-4],
    "numbers without a name": lambda weights: weights + bytes(8),
    "a header without end": lambda weights: b"\xff" * 8 + weights[8:],
    "a header beyond the file": lambda weights: len(weights).to_bytes(8, "little") + weights[8:],
    "a large header": lambda weights: with_header_text(b" " * 2**21, b""),
    "no header": lambda weights: bytes(len(weights)),
    "a header that is no JSON": text_changed(lambda text: text.replace(":", ";")),
    "a header of other bytes": lambda weights: weights[:8] + b"\xff" + weights[9:],
    "a list": text_changed(lambda text: f"[{text}]"),
    "a deep header": text_changed(lambda text: "[" * 10**5 + "]" * 10**5),
    "a name twice": text_changed(
        lambda text: text.replace("state.blocks.0.1.weight", "state.blocks.0.1.bias")
    ),
    "a tensor twice": text_changed(lambda text: text.replace("{", '{"a": 1, "a": 1, ', 1)),
    "overlapping tensors": header_changed(swap),
    "negative offsets": entry_changed(data_offsets=[-8, 0]),
    "offsets beyond the file": entry_changed(data_offsets=[0, 2**60]),
    "offsets of texts": entry_changed(data_offsets="ab"),
    "an entry of a number": header_changed(lambda header: header.update({FIRST: 1})),
    "an entry without a type": header_changed(lambda header: header[FIRST].pop("dtype")),
    "an entry with more": entry_changed(more=1),
    "another type": tensors_changed(lambda a: entry_of(a, FIRST, lambda x: x.astype(np.float64))),
    "half precision": tensors_changed(lambda a: entry_of(a, FIRST, lambda x: x.astype(np.float16))),
    "an unknown type": entry_changed(dtype="F4"),
    "a type of a number": entry_changed(dtype=4),
    "a type of a list": entry_changed(dtype=["F32"]),
    "another shape of one size": entry_changed(shape=[3, 3, 1, 32]),
    "one axis": entry_changed(shape=[288]),
    "a negative shape": entry_changed(shape=[-32, -1, 3, 3]),
    "a large shape": entry_changed(shape=[2**30, 2**30]),
    "a shape of fractions": entry_changed(shape=[32.0, 1, 3, 3]),
    "a shape of texts": entry_changed(shape="abcd"),
    "many axes": entry_changed(shape=[1] * 10**5),
    "a smaller tensor": tensors_changed(lambda a: entry_of(a, FIRST, lambda x: x[:-1])),
    "a tensor less": tensors_changed(lambda a: a.pop(FIRST)),
    "a tensor more": tensors_changed(lambda a: a.update(more=np.zeros(3, np.float32))),
    "a tensor without numbers more": tensors_changed(lambda a: a.update(more=np.zeros(0, "f4"))),
    "no tensors": tensors_changed(dict.clear),
    "no scales": tensors_changed(lambda a: a.pop("scales.mel.mean")),
    "scales of another kind": tensors_changed(
        lambda a: a.update({"scales.mfcc.mean": a.pop("scales.mel.mean")})
    ),
    "NaN": tensors_changed(item(FIRST, 0, np.nan)),
    "an infinite number": tensors_changed(item("state.classifier.3.bias", 0, -np.inf)),
    "a mean that is not finite": tensors_changed(item("scales.mel.mean", 0, np.nan)),
    "a scale of zero": tensors_changed(item("scales.mel.deviation", 1, 0)),
    "a negative scale": tensors_changed(item("scales.mel.deviation", 1, -1)),
    "a negative variance": tensors_changed(item("state.blocks.0.1.running_var", 3, -1e-3)),
    "a negative counter": tensors_changed(item("state.blocks.0.1.num_batches_tracked", (), -1)),
}


def reads_at_once(path):
    """The message of a ModelError that costs neither time nor memory."""
    tracemalloc.start()
    start = time.process_time()
    try:
        with pytest.raises(ModelError, match=r"a\.fk: (?!not a usable)") as error:
            read_model(path)
        assert time.process_time() - start < 1
        assert tracemalloc.get_traced_memory()[1] < 2**23 + 4 * path.stat().st_size
    finally:
        tracemalloc.stop()
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 999
    return str(error.value)


@pytest.mark.parametrize("change", CHANGED_WEIGHTS)
def test_changed_weights_are_refused(tmp_path, change):
    parts = network_parts()
    changed = CHANGED_WEIGHTS[change](parts[WEIGHTS])
    assert changed != parts[WEIGHTS]
    packed(tmp_path / "a.fk", parts | {WEIGHTS: changed})
    reads_at_once(tmp_path / "a.fk")


def parameter(**values):
    return lambda description: description["parameters"].update(values)


def value(**values):
    return lambda description: description.update(values)


CHANGED_DESCRIPTIONS = {
    "another architecture": value(architecture="lstm"),
    "an unknown architecture": value(architecture="oracle"),
    "a path": value(architecture="../modules/cnn"),
    "an architecture of a number": value(architecture=1),
    "no architecture": lambda description: description.pop("architecture"),
    "more": value(more=1),
    "parameters as a list": value(parameters=[]),
    "an unknown parameter": parameter(depth=10**9),
    "no epochs": parameter(epochs=0),
    "epochs without end": parameter(epochs=10**9),
    "a dropout of all": parameter(dropout=1.0),
    "a dropout of a text": parameter(dropout="0.1"),
    "an unknown schedule": parameter(schedule="never"),
    "weights of a number": parameter(weights=1),
    "a negative number of frozen parts": parameter(freeze=-1),
    "a negative seed": value(seed=-1),
    "a large seed": value(seed=2**70),
    "a seed of a fraction": value(seed=0.5),
    "fewer classes": lambda description: description["classes"].pop(),
    "more classes": lambda description: description["classes"].append("class 3"),
    "other classes": value(classes=["a", "b", "c"]),
    "classes out of order": lambda description: description["classes"].reverse(),
    "no sequences": value(kinds={}, shapes={}),
    "other sequences": value(kinds={"mfcc": "mfcc40"}, shapes={"mfcc": [8, 10]}),
    "more sequences": lambda description: (
        description["kinds"].update(mfcc="mfcc40"),
        description["shapes"].update(mfcc=[8, 10]),
    ),
    "a kind of another name": value(kinds={"mel": "mfcc40"}),
    "a kind of a path": value(kinds={"mel": "mel/../mel"}),
    "a long kind": value(kinds={"mel": "mel" + "1" * 10**6}),
    "a kind of a number": value(kinds={"mel": 40}),
    "shapes of other sequences": value(shapes={"mfcc": [8, 10]}),
    "more channels": value(shapes={"mel": [9, 10]}),
    "channels without end": value(shapes={"mel": [2**40, 10]}),
    "no channels": value(shapes={"mel": [0, 10]}),
    "negative channels": value(shapes={"mel": [-8, 10]}),
    "frames without end": value(shapes={"mel": [8, 10**99]}),
    "no frames": value(shapes={"mel": [8, 0]}),
    "one axis": value(shapes={"mel": [80]}),
    "three axes": value(shapes={"mel": [8, 10, 1]}),
    "channels of a fraction": value(shapes={"mel": [8.0, 10]}),
    "no learning curve": value(history={}),
    "an empty learning curve": lambda description: description.update(
        history={name: [] for name in description["history"]}
    ),
    "a shorter learning curve": lambda description: description["history"]["training_loss"].pop(),
    "a learning curve of texts": lambda description: description["history"].update(
        training_loss=["a", "b"]
    ),
    "an infinite loss": lambda description: description["history"].update(
        training_loss=[1.0, math.inf]
    ),
    "best before the first epoch": value(best_epoch=0),
    "best after the last epoch": value(best_epoch=3),
}


@pytest.mark.parametrize("change", CHANGED_DESCRIPTIONS)
def test_changed_descriptions_are_refused(tmp_path, change):
    parts = network_parts()
    description = json.loads(parts[DESCRIPTION])
    CHANGED_DESCRIPTIONS[change](description)
    changed = json.dumps(description).encode()
    assert changed != parts[DESCRIPTION]
    packed(tmp_path / "a.fk", parts | {DESCRIPTION: changed})
    reads_at_once(tmp_path / "a.fk")


OTHER_DESCRIPTIONS = {
    "nothing": b"",
    "a list": b"[]",
    "other bytes": b"\xff\xfe",
    "deep": b"[" * 10**5 + b"]" * 10**5,
    "a deep value": b'{"architecture":' + b"[" * 10**5 + b"]" * 10**5 + b"}",
}


def test_weights_beyond_the_range_of_probabilities_are_an_error_of_the_model(tmp_path):
    parts = network_parts()
    large = tensors_changed(item("state.classifier.3.weight", ..., 3e38))
    packed(tmp_path / "a.fk", parts | {WEIGHTS: large(parts[WEIGHTS])})
    X, y = tiny_sequences()
    with pytest.raises(ModelError, match="cnn gives no finite probability for row 1 of 24"):
        read_model(tmp_path / "a.fk").predict(table_of(X, y))


@pytest.mark.parametrize("other", OTHER_DESCRIPTIONS)
def test_other_descriptions_are_refused(tmp_path, other):
    parts = network_parts()
    packed(tmp_path / "a.fk", parts | {DESCRIPTION: OTHER_DESCRIPTIONS[other]})
    reads_at_once(tmp_path / "a.fk")


def test_the_metadata_of_a_network_have_no_columns(tmp_path):
    parts = network_parts()
    for change in (
        {"columns": ["x0"]},
        {"name": "logistic", "columns": ["x0"]},
        {"name": "logistic"},
        {"classes": ["class 0", "class 1"]},
    ):
        metadata = json.dumps(json.loads(parts[METADATA]) | change)
        packed(tmp_path / "a.fk", parts | {METADATA: metadata})
        reads_at_once(tmp_path / "a.fk")


STATED = {"mel": {"channels": 8, "frames": 10}}
"""Shapes of the sequences of the tests."""

OTHER_SHAPES = {
    "a list": [],
    "shapes of lists": {"mel": [8, 10]},
    "other kinds": {"mfcc": STATED["mel"]},
    "other channels": {"mel": {"channels": 9, "frames": 10}},
    "frames without end": {"mel": {"channels": 8, "frames": 10**15}},
    "frames of another kind without end": STATED | {"mfcc": {"channels": 8, "frames": 10**15}},
    "no channels": {"mel": {"channels": 0, "frames": 10}},
    "frames of a fraction": {"mel": {"channels": 8, "frames": 10.0}},
    "frames of nothing": {"mel": {"channels": 8}},
}


@pytest.mark.parametrize("other", OTHER_SHAPES)
def test_sequences_of_other_shapes_than_those_of_the_network_are_refused(tmp_path, other):
    parts = network_parts()
    metadata = json.loads(parts[METADATA])
    for shapes in (STATED, OTHER_SHAPES[other]):
        metadata["provenance"] = {"sequences": shapes}
        packed(tmp_path / "a.fk", parts | {METADATA: json.dumps(metadata)})
        if shapes is STATED:
            read_model(tmp_path / "a.fk")
    reads_at_once(tmp_path / "a.fk")


def test_other_parts_than_those_of_a_network_are_refused(tmp_path):
    parts = network_parts()
    for name in (DESCRIPTION, WEIGHTS):
        packed(tmp_path / "a.fk", {part: parts[part] for part in parts if part != name})
        reads_at_once(tmp_path / "a.fk")
    packed(tmp_path / "a.fk", parts | {"bomb.npy": bytes(9)})
    reads_at_once(tmp_path / "a.fk")


def test_compressed_weights_are_refused_because_zeros_would_fill_the_memory(tmp_path):
    parts = network_parts()
    pack(tmp_path / "a.fk", parts | {WEIGHTS: parts[WEIGHTS] + bytes(2**25)})
    assert "are compressed" in reads_at_once(tmp_path / "a.fk")


def test_a_large_description_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(network_file, "MAX_DESCRIPTION_BYTES", 99)
    packed(tmp_path / "a.fk", network_parts())
    assert "description" in reads_at_once(tmp_path / "a.fk")


def shaken(parts, seed):
    """The parts with random bytes in the description or the header of the weights."""
    rng = np.random.default_rng(seed)
    part = (DESCRIPTION, WEIGHTS)[seed % 2]
    content = bytearray(parts[part])
    end = int.from_bytes(content[:8], "little") + 8 if part == WEIGHTS else len(content)
    for place in rng.integers(0, end, size=1 + seed % 3):
        content[place] = rng.choice(list(b'0123456789-"{}[],:.eE\xff\x00')) if seed % 5 else 0xFF
    return parts | {part: bytes(content)}


def test_files_with_random_bytes_are_read_or_refused(tmp_path):
    parts, path = network_parts(), tmp_path / "a.fk"
    messages, start = set(), time.process_time()
    for seed in range(80):
        packed(path, shaken(parts, seed))
        try:
            read_model(path)
        except ModelError as error:
            messages.add(str(error)[len(str(path)) :][:40])
    assert len(messages) > 8
    assert time.process_time() - start < 10
