"""Small ONNX models for tests; modules that import this are skipped without the extra `onnx`."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
TensorProto, helper = onnx.TensorProto, onnx.helper
FLOAT = TensorProto.FLOAT


def model_of(nodes, inputs, outputs, *, weights=(), opset=13, domains=(), ir_version=8):
    """A model from nodes, and from inputs and outputs as triples of name, shape and type."""
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info(name, kind, shape) for name, shape, kind in inputs],
        [helper.make_tensor_value_info(name, kind, shape) for name, shape, kind in outputs],
        list(weights),
    )
    imports = [helper.make_opsetid(name, version) for name, version in (("", opset), *domains)]
    return helper.make_model(
        graph, opset_imports=imports, ir_version=ir_version, producer_name="featkit"
    )


def moments_model(*, axes=("batch", "samples"), kind=FLOAT, **options):
    """A model that returns the mean and the mean square over the second axis."""
    mean = {"axes": [1], "keepdims": 1}
    nodes = [
        helper.make_node("Mul", ["x", "x"], ["square"]),
        helper.make_node("ReduceMean", ["x"], ["mean"], **mean),
        helper.make_node("ReduceMean", ["square"], ["power"], **mean),
        helper.make_node("Concat", ["mean", "power"], ["y"], axis=1),
    ]
    return model_of(nodes, [("x", list(axes), kind)], [("y", ["batch", 2], kind)], **options)


def linear_model(n_inputs, n_outputs, *, shape=None, seed=0):
    """A model with random weights: its input, flattened, times a matrix."""
    weights = np.random.default_rng(seed).standard_normal((n_inputs, n_outputs)) / n_inputs
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "w"], ["y"]),
    ]
    return model_of(
        nodes,
        [("x", shape or ["batch", n_inputs], FLOAT)],
        [("y", ["batch", n_outputs], FLOAT)],
        weights=[onnx.numpy_helper.from_array(weights.astype(np.float32), "w")],
    )


def recurrent_model():
    """A model of one window at a time: the sum of the samples, of all windows so far, and `sr`."""
    nodes = [
        helper.make_node("ReduceSum", ["x"], ["sum"], keepdims=1),
        helper.make_node("Add", ["sum", "state"], ["next"]),
        helper.make_node("Cast", ["sr"], ["rate"], to=FLOAT),
        helper.make_node("Reshape", ["rate", "one"], ["rates"]),
        helper.make_node("Concat", ["next", "rates"], ["y"], axis=1),
    ]
    return model_of(
        nodes,
        [
            ("x", ["batch", "samples"], FLOAT),
            ("state", ["batch", 1], FLOAT),
            ("sr", [], TensorProto.INT64),
        ],
        [("y", ["batch", 2], FLOAT), ("next", ["batch", 1], FLOAT)],
        weights=[onnx.numpy_helper.from_array(np.array([1, 1]), "one")],
    )


def framewise_model():
    """A model of a whole clip: the absolute value of every hundredth sample, and its double."""
    nodes = [
        helper.make_node("Slice", ["x", "zero", "end", "one", "step"], ["picked"]),
        helper.make_node("Abs", ["picked"], ["low"]),
        helper.make_node("Add", ["low", "low"], ["high"]),
        helper.make_node("Unsqueeze", ["low", "two"], ["a"]),
        helper.make_node("Unsqueeze", ["high", "two"], ["b"]),
        helper.make_node("Concat", ["a", "b"], ["y"], axis=2),
    ]
    numbers = {"zero": 0, "end": 2**40, "one": 1, "step": 100, "two": 2}
    weights = [onnx.numpy_helper.from_array(np.array([n]), name) for name, n in numbers.items()]
    return model_of(
        nodes,
        [("x", [1, "samples"], FLOAT)],
        [("y", [1, "frames", None], FLOAT)],
        weights=weights,
    )


def write(path, model):
    """Write a model, and return its path as a string."""
    path.write_bytes(model.SerializeToString())
    return str(path)
