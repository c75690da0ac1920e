"""Models with the parameters of their input and output; all values equal onnxruntime by hand."""

import numpy as np
import pytest
from onnx_files import (
    FLOAT,
    TensorProto,
    framewise_model,
    helper,
    linear_model,
    model_of,
    moments_model,
    ort,
    recurrent_model,
    write,
)

import featkit
from featkit import signals
from featkit.errors import ParameterError
from featkit.features.analysis import frame_values
from featkit.features.onnx_models import inference
from featkit.features.onnx_models.parameters import EmbeddingParameters
from featkit.features.sets.feature_set import FeatureSet
from featkit.features.spectra.parameters import SpectraParameters
from featkit.features.spectra.stack import Stack

SR = 16000
Y = signals.noise(SR, 0.5, amplitude=0.3)


def features_of(path, **parameters):
    entry = {"family": "embedding", "model": path, "statistics": ["mean"], **parameters}
    return FeatureSet.from_dict({"sample_rate": SR, "features": [entry]})


def values_of(path, y=Y, **parameters):
    """Values of each frame of a clip, ``(n_outputs, frames)``."""
    ((values, _),) = frame_values(
        Stack([y], SR, SpectraParameters()), features_of(path, **parameters)
    )
    return values


def by_hand(path, **inputs):
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, inputs)


def windows_of(y, window, hop):
    starts = range(0, len(y) - window + 1, hop)
    return np.stack([y[start : start + window] for start in starts])


@pytest.mark.parametrize("batch_size", [1, 3, 16, 100])
def test_windows_in_batches_equal_onnxruntime(tmp_path, batch_size):
    path = write(tmp_path / "m.onnx", linear_model(800, 5))
    (expected,) = by_hand(path, x=windows_of(Y, 800, 300))
    values = values_of(path, window=800, hop=300, batch_size=batch_size)
    np.testing.assert_allclose(values, expected.T, rtol=1e-5, atol=1e-7)


def test_statistics_are_over_windows(tmp_path):
    path = write(tmp_path / "m.onnx", linear_model(800, 5))
    features = features_of(path, window=800, statistics=["mean", "std", "p90"])
    (expected,) = by_hand(path, x=windows_of(Y, 800, 800))
    statistics = expected.mean(axis=0), expected.std(axis=0), np.percentile(expected, 90, axis=0)
    (row,) = featkit.analyse([Y], SR, features)
    np.testing.assert_allclose(row, np.concatenate(statistics), rtol=1e-5, atol=1e-7)
    assert features.column_names[:2] == ("embedding_1_mean", "embedding_2_mean")
    assert features.column_names[-1] == "embedding_5_p90"


def test_a_fixed_batch_is_filled_with_silence(tmp_path):
    path = write(tmp_path / "m.onnx", linear_model(800, 5, shape=[4, 800]))
    windows = windows_of(Y, 800, 800)
    assert len(windows) == 10
    filled = np.concatenate([windows, np.zeros((2, 800), np.float32)]).reshape(3, 4, 800)
    expected = np.concatenate([by_hand(path, x=batch)[0] for batch in filled])[:10]
    np.testing.assert_allclose(values_of(path, window=800), expected.T, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("layout", "shape"),
    [
        ("batch frames bands", ["batch", 96, 64]),
        ("batch bands frames", ["batch", 64, 96]),
        ("batch channel frames bands", ["batch", 1, 96, 64]),
        ("batch frames bands channel", ["batch", 96, 64, 1]),
    ],
)
def test_patches_are_given_in_the_order_of_the_layout(tmp_path, layout, shape):
    path = write(tmp_path / "m.onnx", linear_model(96 * 64, 3, shape=shape))
    y = signals.noise(SR, 3.0)
    patches = EmbeddingParameters(input="vggish").log_mel(windows_of(y, 15600, 15360))
    if layout == "batch bands frames":
        patches = patches.transpose(0, 2, 1)
    (expected,) = by_hand(path, x=np.ascontiguousarray(patches).reshape(len(patches), *shape[1:]))
    values = values_of(path, y, input="vggish", input_layout=layout)
    assert values.shape == (3, 3)
    np.testing.assert_allclose(values, expected.T, rtol=1e-4, atol=1e-6)


def test_states_begin_at_zero_for_each_clip_and_are_fed_back(tmp_path):
    path = write(tmp_path / "m.onnx", recurrent_model())
    given = {"window": 1000, "constants": {"sr": 16000}, "states": {"state": "next"}, "output": "y"}
    windows = windows_of(Y, 1000, 1000)
    state, expected = np.zeros((1, 1), np.float32), []
    for window in windows:
        output, state = by_hand(path, x=window[None], state=state, sr=np.array(16000))
        expected.append(output[0])
    for _ in range(2):  # the second clip does not continue the first
        np.testing.assert_array_equal(values_of(path, **given), np.transpose(expected))


def test_a_model_of_whole_clips_may_return_frames(tmp_path):
    path = write(tmp_path / "m.onnx", framewise_model())
    values = values_of(path, output_layout="batch frames values")
    np.testing.assert_array_equal(values, np.abs(Y[::100]) * [[1], [2]])
    features = features_of(path, output_layout="batch frames values", statistics=["max"])
    clips = [Y, Y[:350], Y[:1]]
    expected = [[np.abs(y[::100]).max(), 2 * np.abs(y[::100]).max()] for y in clips]
    np.testing.assert_array_equal(featkit.analyse(clips, SR, features), expected)


def test_a_model_without_a_batch_gets_a_plain_array(tmp_path):
    node = helper.make_node("Abs", ["x"], ["y"])
    model = model_of([node], [("x", ["n"], FLOAT)], [("y", ["n"], FLOAT)])
    path = write(tmp_path / "m.onnx", model)
    values = values_of(path, input_layout="samples", output_layout="frames")
    np.testing.assert_array_equal(values, np.abs(Y)[None])


def test_input_is_scaled(tmp_path):
    path = write(tmp_path / "m.onnx", moments_model())
    values = values_of(path, np.full(400, 0.5, np.float32), input_mean=0.25, input_std=1 / 32768)
    np.testing.assert_allclose(values[:, 0], [8192, 8192**2])


@pytest.mark.parametrize("kind", [TensorProto.DOUBLE, TensorProto.FLOAT16])
def test_other_floating_point_types_are_converted(tmp_path, kind):
    path = write(tmp_path / "m.onnx", moments_model(kind=kind))
    values = values_of(path, np.full(400, 0.5, np.float32))
    np.testing.assert_array_equal(values[:, 0], [0.5, 0.25])


def test_an_output_that_is_not_finite_is_undefined(tmp_path):
    model = model_of(
        [helper.make_node("Log", ["x"], ["y"])],
        [("x", ["batch", 2], FLOAT)],
        [("y", ["batch", 2], FLOAT)],
    )
    path = write(tmp_path / "m.onnx", model)
    values = values_of(path, np.array([0, 1, -1, 1], np.float32), window=2)
    np.testing.assert_array_equal(values, [[np.nan, np.nan], [0, 0]])


def test_a_short_clip_is_undefined_or_padded(tmp_path):
    path = write(tmp_path / "m.onnx", moments_model())
    short = np.full(100, 0.5, np.float32)
    np.testing.assert_array_equal(values_of(path, short, window=400), [[np.nan], [np.nan]])
    np.testing.assert_array_equal(
        values_of(path, short, window=400, pad_end=True)[:, 0], [0.125, 0.0625]
    )
    patches = write(tmp_path / "p.onnx", linear_model(96 * 64, 3, shape=["batch", 96, 64]))
    assert np.isnan(values_of(patches, short, input="vggish")).all()


def named_outputs(*shapes):
    """A model that returns the sum of its input in several shapes."""
    nodes = [
        helper.make_node("ReduceSum", ["x"], [f"y{k}"], keepdims=1) for k in range(len(shapes))
    ]
    outputs = [(f"y{k}", shape, FLOAT) for k, shape in enumerate(shapes)]
    return model_of(nodes, [("x", ["batch", 400], FLOAT)], outputs)


def of_kind(kind):
    node = helper.make_node("Cast", ["x"], ["y"], to=FLOAT)
    return model_of([node], [("x", ["batch", 4], kind)], [("y", ["batch", 4], FLOAT)])


def without_input_shape():
    model = moments_model()
    model.graph.input[0].type.tensor_type.ClearField("shape")
    return model


def to_text():
    node = helper.make_node("Cast", ["x"], ["y"], to=TensorProto.STRING)
    return model_of([node], [("x", ["batch", 4], FLOAT)], [("y", ["batch", 4], TensorProto.STRING)])


W = {"window": 400}


@pytest.mark.parametrize(
    ("model", "parameters", "message"),
    [
        (lambda: linear_model(800, 5), W, "'x', float32 of shape (any, 800), has 800 samples, the"
         " parameters give 400: change window"),
        (lambda: linear_model(800, 5), {}, "has 800 samples, the parameters give a number that"
         " differs from clip to clip: change window"),
        (lambda: linear_model(64, 5, shape=["batch", 8, 8]), W, "'x', float32 of shape (any, 8, 8),"
         " has 3 axes, but input_layout = 'batch samples' names 2"),
        (lambda: linear_model(64, 5, shape=["b", 96, 40]), {"input": "vggish"}, "has 40 bands, the"
         " parameters give 64: change n_mels"),
        (lambda: linear_model(64, 5, shape=["b", 100, 64]), {"input": "vggish"}, "has 100 frames,"
         " the parameters give 96: change patch_frames"),
        (lambda: linear_model(64, 5, shape=["b", 3, 96, 64]), {"input": "vggish", "input_layout":
         "batch channel frames bands"}, "has 3 channel, the parameters give 1"),
        (without_input_shape, W, "'x', float32 of unknown shape, has an unknown number of axes"),
        (lambda: of_kind(TensorProto.INT16), W, "'x', int16 of shape (any, 4), must be of the type"
         " float32, float64 or float16"),
        (lambda: of_kind(TensorProto.STRING), W, "must be of the type float32"),
        (lambda: of_kind(TensorProto.BFLOAT16), W, "must be of the type float32"),
        (to_text, {"window": 4}, "'y', object of shape (any, 4), must consist of numbers"),
        (recurrent_model, W, "one input for sound beside those in constants and states; it has 3"),
        (recurrent_model, {"constants": {"rate": 1}}, "unknown input 'rate': did you mean"),
        (recurrent_model, {"states": {"memory": "next"}}, "unknown input 'memory': available: x"),
        (recurrent_model, {"states": {"state": "stateN"}, "constants": {"sr": 0}}, "unknown output"
         " 'stateN'"),
        (recurrent_model, {"states": {"state": "next"}, "constants": {"sr": 0.5}},
         "constants: the input 'sr', int64 of shape (), cannot have the value 0.5"),
        (recurrent_model, {"states": {"state": "next"}, "constants": {"sr": [1, 2]}},
         "cannot have the value [1, 2]"),
        (lambda: named_outputs([1, 1], [1, 1]), W, "output must name one of the outputs: 'y0',"
         " float32 of shape (1, 1); 'y1'"),
        (lambda: named_outputs([1, 1]), {"output": "z"} | W, "unknown output 'z'"),
        (lambda: named_outputs([1, 1]), {"output_layout": "batch frames values"} | W, "'y0',"
         " float32 of shape (1, 1), has 2 axes, but output_layout"),
        (lambda: named_outputs([1, 2**20]), W, "has 1,048,576 values for each frame, expected 1"),
        (moments_model, {"n_outputs": 3} | W, "the model has 2 outputs, n_outputs is 3"),
        (moments_model, {"provider": "abacus"} | W, "unknown provider 'abacus': available: cpu"),
        (moments_model, {"provider": "azure"} | W, "unknown provider 'azure'"),
        (moments_model, {"window": 2**25, "batch_size": 4096}, "reduce batch_size"),
        (lambda: linear_model(8, 5, shape=[4, "n"]), {}, "takes 4 patches at once; with states"),
    ],
)  # fmt: skip
def test_a_model_that_does_not_fit_is_refused_with_both_sides(tmp_path, model, parameters, message):
    path = write(tmp_path / "m.onnx", model())
    with pytest.raises(ParameterError) as refused:
        features_of(path, **parameters)
    assert message in str(refused.value)
    assert path in str(refused.value)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"name": "My Model"}, "name must be lower-case words"),
        ({"sha256": "12"}, "sha256 must be 64 hexadecimal digits"),
        ({"input": "vggish", "n_mels": 32}, "n_mels is fixed by input = 'vggish'"),
        ({"input": "vggish", "sample_rate": 8000}, "sample_rate is fixed by"),
        ({"input": "log_mel", "window": 400}, "window and hop are for input = 'waveform'"),
        ({"input": "log_mel", "win_length": 600}, r"win_length must be at most n_fft \(512\)"),
        ({"input": "log_mel", "fmax": 9000}, "at most half the sample rate"),
        ({"input": "log_mel", "log_offset": 0}, "log_offset or log_floor must be above 0"),
        ({"input": "log_mel", "mel_scale": "slaney"}, "mel_triangles = 'mel' needs"),
        ({"input_layout": "batch bands"}, "input_layout must contain the axes samples, and may"),
        ({"input_layout": "samples samples"}, "each once"),
        ({"output_layout": "batch time"}, "output_layout must contain"),
        ({"constants": {"sr": "16k"}}, "constants must be a table of inputs and their values"),
        ({"states": {"state": 1}}, "states must be a table of inputs and the outputs"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(parameters, message):
    with pytest.raises(ParameterError, match=message):
        EmbeddingParameters(**parameters)


def test_an_undeclared_output_is_measured_on_silence(tmp_path):
    model = linear_model(400, 7)
    model.graph.output[0].type.tensor_type.ClearField("shape")
    path = write(tmp_path / "m.onnx", model)
    assert features_of(path, window=400).entries[0].parameters.n_outputs == 7


def test_an_output_of_another_shape_than_the_layout_is_an_error(tmp_path):
    node = helper.make_node("ReduceSum", ["x"], ["y"], keepdims=1)
    model = model_of([node], [("x", ["batch", 400], FLOAT)], [("y", ["batch", 1], FLOAT)])
    path = write(tmp_path / "m.onnx", model)
    with pytest.raises(ParameterError, match=r"has the shape \(1, 1\) for 16 patches"):
        values_of(path, window=400)


def test_a_model_that_fails_on_a_clip_names_the_input(tmp_path):
    path = write(tmp_path / "m.onnx", model_of(
        [helper.make_node("Reshape", ["x", "n"], ["y"])],
        [("x", ["batch", "samples"], FLOAT)], [("y", [1, 8000], FLOAT)],
        weights=[helper.make_tensor("n", TensorProto.INT64, [2], [1, 8000])],
    ))  # fmt: skip
    assert values_of(path).shape == (8000, 1)
    with pytest.raises(ParameterError, match=r"fails for inputs of shapes x \(1, 100\): .*reshape"):
        values_of(path, Y[:100])


def test_a_model_that_is_one_window_behind_is_refused_by_its_width(tmp_path, monkeypatch):
    """The number of values of a frame must be the same for all clips."""
    path = write(tmp_path / "m.onnx", linear_model(400, 7))
    features = features_of(path, window=400)
    monkeypatch.setattr(inference, "arrange_output", lambda values, *_: values[:, None, :5])
    with pytest.raises(ParameterError, match="the output has 5 values for a frame, expected 7"):
        featkit.analyse([Y], SR, features)
