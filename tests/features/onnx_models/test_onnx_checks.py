"""Files that are no safe and supported ONNX model are refused before a session exists."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx_files import FLOAT, TensorProto, helper, linear_model, model_of, moments_model, onnx

from featkit.errors import ParameterError
from featkit.features.onnx_models import checking
from featkit.features.onnx_models.checking import Tensor, checked_interface, newest_opset

X, Y = ("x", ["batch", 4], FLOAT), ("y", ["batch", 4], FLOAT)


def interface(model):
    return checked_interface(model.SerializeToString())


def identity(**options):
    return model_of([helper.make_node("Identity", ["x"], ["y"])], [X], [Y], **options)


def external(tensor):
    """A tensor whose values are in the file ``secret.bin``."""
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../secret.bin"
    return tensor


def with_external_weights():
    model = linear_model(4, 2)
    external(model.graph.initializer[0])
    return model


def with_a_marked_location():
    """onnxruntime reads the memory at an address if a location has this name."""
    model = linear_model(4, 2)
    entry = model.graph.initializer[0].external_data.add()
    entry.key, entry.value = "location", "*/_ORT_MEM_ADDR_/*"
    return model


def weight():
    return onnx.numpy_helper.from_array(np.ones(4, np.float32), "w")


def constant_node(tensor):
    return helper.make_node("Constant", [], ["c"], value=tensor)


def with_external_constant():
    add = helper.make_node("Add", ["x", "c"], ["y"])
    return model_of([constant_node(external(weight())), add], [X], [Y])


def in_a_branch(node, weights=()):
    """A model that computes a node in one branch of a condition."""
    out = helper.make_tensor_value_info("c", FLOAT, [4])
    branch = helper.make_graph([node], "branch", [], [out], list(weights))
    other = helper.make_graph([constant_node(weight())], "other", [], [out])
    condition = onnx.numpy_helper.from_array(np.array(True), "yes")
    nodes = [
        helper.make_node("If", ["yes"], ["z"], then_branch=branch, else_branch=other),
        helper.make_node("Add", ["x", "z"], ["y"]),
    ]
    return model_of(nodes, [X], [Y], weights=[condition], domains=[("com.evil", 1)])


def custom(domain="com.evil"):
    node = helper.make_node("Read", ["x"], ["y"], domain=domain)
    return model_of([node], [X], [Y], domains=[(domain, 1)])


def with_a_function():
    model = identity(domains=[("local", 1)])
    imports = [helper.make_opsetid("", 13)]
    node = helper.make_node("Identity", ["a"], ["b"])
    model.functions.append(helper.make_function("local", "same", ["a"], ["b"], [node], imports))
    return model


def with_sparse_weights():
    values = onnx.numpy_helper.from_array(np.ones(1, np.float32), "w")
    indices = onnx.numpy_helper.from_array(np.array([0]), "w_indices")
    model = model_of([helper.make_node("Add", ["x", "w"], ["y"])], [X], [Y])
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [4]))
    return model


def with_input_type(value_type):
    model = identity()
    model.graph.input[0].type.CopyFrom(value_type)
    return model


def with_training():
    model = identity()
    model.training_info.add().algorithm.CopyFrom(model.graph)
    return model


def of_type(kind):
    return helper.make_tensor_type_proto(kind, ["batch", 4])


SEQUENCE = helper.make_sequence_type_proto(of_type(FLOAT))
OPTIONAL = helper.make_optional_type_proto(of_type(FLOAT))
SPARSE = helper.make_sparse_tensor_type_proto(FLOAT, [4])
READ = helper.make_node("Read", [], ["c"], domain="com.evil")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (with_external_weights, "its weights 'w' are in another file; only the model file is read"),
        (with_a_marked_location, "its weights 'w' are in another file"),
        (with_external_constant, "its weights 'w' are in another file"),
        (
            lambda: in_a_branch(constant_node(external(weight()))),
            "its weights 'w' are in another file",
        ),
        (custom, "it uses the operator 'Read' of the domain 'com.evil'"),
        (lambda: custom("com.microsoft"), "of the domain 'com.microsoft'"),
        (lambda: in_a_branch(READ), "it uses the operator 'Read' of the domain 'com.evil'"),
        (with_a_function, "it defines the function 'same'"),
        (with_training, "it contains steps of a training"),
        (with_sparse_weights, "it contains sparse tensors"),
        (lambda: with_input_type(SEQUENCE), "'x' is of the type sequence"),
        (lambda: with_input_type(OPTIONAL), "'x' is of the type optional"),
        (lambda: with_input_type(SPARSE), "'x' is of the type sparse tensor"),
        (lambda: with_input_type(onnx.TypeProto()), "'x' has no type"),
        (lambda: with_input_type(of_type(99)), "'x' has an unknown type: 99"),
        (lambda: identity(opset=6), r"it uses version 6 of the standard operators \(opset\)"),
        (lambda: identity(opset=999), "it uses version 999 of the standard operators"),
        (lambda: identity(domains=[("ai.onnx", 13)]), "does not state one version"),
        (lambda: identity(ir_version=999), "it is written in version 999 of the ONNX format"),
        (lambda: moments_model(axes=["batch", -1]), r"'x' has the impossible shape \(None, -1\)"),
        (lambda: moments_model(axes=["batch", 0]), "'x' has the impossible shape"),
        (lambda: moments_model(axes=["batch", 2**40]), r"has 1,099,511,627,776 elements, at most"),
        (
            lambda: model_of([helper.make_node("Identity", ["z"], ["y"])], [X], [Y]),
            "it is no valid ONNX model: .*z",
        ),
        (lambda: model_of([helper.make_node("Nonsense", ["x"], ["y"])], [X], [Y]), "Nonsense"),
    ],
)
def test_a_model_that_is_not_supported_is_refused_with_the_reason(model, message, monkeypatch):
    newest_opset()  # the only session before the checks
    monkeypatch.setattr("onnxruntime.InferenceSession", lambda *a, **k: pytest.fail("a session"))
    with pytest.raises(ParameterError, match=message):
        interface(model())


@pytest.mark.parametrize("data", [b"", b"RIFF....WAVE", b"\x08", b"ORTM" * 50, b"PK\x03\x04" * 9])
def test_a_file_of_another_kind_is_refused(data):
    with pytest.raises(ParameterError, match="it is no ONNX model"):
        checked_interface(data)


@given(st.data())
def test_damaged_models_are_refused_or_have_an_interface(data):
    content = bytearray(linear_model(4, 2).SerializeToString())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ParameterError):
        assert checked_interface(bytes(content[: data.draw(st.integers(1, len(content)))]))


def test_the_interface_has_the_inputs_without_the_weights():
    model = linear_model(4, 2)
    model.graph.input.append(helper.make_tensor_value_info("w", FLOAT, [4, 2]))
    found = interface(model)
    assert found.inputs == {"x": Tensor("x", "float32", (None, 4))}
    assert found.outputs == {"y": Tensor("y", "float32", (None, 2))}
    assert found.inputs["x"].text == "'x', float32 of shape (any, 4)"


def test_versions_of_operators_between_the_bounds_are_accepted():
    for opset in (checking.OLDEST_OPSET, 13, newest_opset()):
        assert interface(identity(opset=opset)).inputs
    assert newest_opset() >= 17


def test_unused_domains_are_accepted():
    """Exporters list domains that no operator of the model has."""
    assert interface(identity(domains=[("com.microsoft", 1), ("ai.onnx.ml", 3)])).inputs
