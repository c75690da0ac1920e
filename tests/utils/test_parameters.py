"""Parameters: types, bounds and messages, for single arguments and for classes."""

import copy
import dataclasses
import math
import pickle

import numpy as np
import pytest

from featkit._utils.parameters import (
    Parameters,
    check_parameter,
    explained,
    file_parameter,
    parameter,
    table_parameter,
    unknown,
)
from featkit.errors import ParameterError


@pytest.mark.parametrize(
    ("value", "expected", "result"),
    [
        (3, int, 3),
        (np.int64(3), int, 3),
        (3, float, 3.0),
        (np.float32(0.5), float, 0.5),
        (None, float | None, None),
        (2, float | None, 2.0),
        ("a", str, "a"),
        (True, bool, True),
    ],
)
def test_a_value_has_the_expected_type_of_python(value, expected, result):
    checked = check_parameter("x", value, expected)
    assert checked == result
    assert type(checked) is type(result)


@pytest.mark.parametrize(
    ("value", "expected", "message"),
    [
        (3.0, int, "x must be a whole number, got 3.0"),
        (True, int, "x must be a whole number, got True"),
        ("3", float, "x must be a number, got '3'"),
        (None, float, "x must be a number, got None"),
        ("3", int | None, "x must be a whole number or None, got '3'"),
        (1, str, "x must be a string, got 1"),
        (1, bool, "x must be True or False, got 1"),
        (math.nan, float, "x must be finite, got nan"),
        (10**1000, float, "x must be finite, got inf"),
    ],
)
def test_a_value_of_another_type_is_refused(value, expected, message):
    with pytest.raises(ParameterError) as caught:
        check_parameter("x", value, expected)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("value", "bounds", "message"),
    [
        (0, {"at_least": 1}, "x must be at least 1, got 0"),
        (2, {"at_most": 1}, "x must be at most 1, got 2"),
        (1, {"above": 1}, "x must be above 1, got 1"),
        (1, {"below": 1}, "x must be below 1, got 1"),
    ],
)
def test_a_value_out_of_bounds_is_refused(value, bounds, message):
    with pytest.raises(ParameterError) as caught:
        check_parameter("x", value, int, **bounds)
    assert str(caught.value) == message
    (kind,) = bounds
    inside = {"at_least": 1, "at_most": 1, "above": 2, "below": 0}[kind]
    assert check_parameter("x", inside, int, **bounds) == inside


def test_a_misspelled_rule_is_an_error():
    with pytest.raises(TypeError, match="unknown rules: atleast"):
        check_parameter("x", 1, int, atleast=2)


def as_list(name, value):
    if isinstance(value, str):
        raise ParameterError(f"{name} must be a list, got {value!r}")
    return tuple(value)


def test_a_value_of_another_kind_is_converted_by_a_function():
    assert check_parameter("x", ["a", "b"], tuple, convert=as_list) == ("a", "b")
    with pytest.raises(ParameterError, match="x must be a list, got 'a'"):
        check_parameter("x", "a", tuple, convert=as_list)


class Example(Parameters):
    """Parameters for the test below."""

    share: float = parameter(0.5, "a share", above=0, below=1)


def test_parameters_are_keyword_only_frozen_and_checked():
    assert Example(share=0.25).share == 0.25
    with pytest.raises(TypeError):
        Example(0.25)
    with pytest.raises(AttributeError):
        Example().share = 0.1
    for value in (0, 1, float("nan"), True, "half"):
        with pytest.raises(ParameterError, match="share"):
            Example(share=value)


class Frames(Parameters):
    n_fft: int = parameter(2048, "samples of a frame", at_least=16, at_most=65536)
    window: str = parameter("hann", "window function", choices=("hann", "hamming"))
    fmax: float | None = parameter(None, "highest frequency, Hz", above=0)


class Wide(Frames):
    pad: int = parameter(0, "samples of padding", at_least=0)


def test_classes_of_parameters_are_dataclasses():
    frames = Wide(n_fft=512, pad=3)
    assert dataclasses.asdict(frames) == {"n_fft": 512, "window": "hann", "fmax": None, "pad": 3}
    assert dataclasses.replace(frames, pad=4) == Wide(n_fft=512, pad=4)
    assert repr(frames) == "Wide(n_fft=512, window='hann', fmax=None, pad=3)"
    assert pickle.loads(pickle.dumps(frames)) == copy.deepcopy(frames) == frames
    assert hash(frames) == hash(Wide(pad=3, n_fft=512))
    with pytest.raises(ParameterError, match="pad must be at least 0"):
        dataclasses.replace(frames, pad=-1)


def test_parameters_of_other_values_or_classes_differ():
    assert Wide() != Wide(pad=1)
    assert Wide() != Frames()
    assert Frames() != (2048, "hann", None)
    assert {Wide(): "a", Wide(pad=1): "b"}[Wide(pad=1)] == "b"


def test_a_misspelled_parameter_is_an_error():
    with pytest.raises(TypeError, match="Frames\\(\\) has no parameter 'nfft'"):
        Frames(nfft=512)


def test_parameters_can_be_neither_set_nor_deleted():
    frames = Frames()
    with pytest.raises(dataclasses.FrozenInstanceError, match="n_fft"):
        frames.n_fft = 512
    with pytest.raises(dataclasses.FrozenInstanceError, match="n_fft"):
        del frames.n_fft
    assert frames == Frames()


def test_a_class_of_parameters_checks_its_fields():
    frames = Frames(n_fft=np.int32(512), fmax=8000)
    assert (frames.n_fft, frames.window, frames.fmax) == (512, "hann", 8000.0)
    with pytest.raises(ParameterError, match="n_fft must be at least 16, got 8"):
        Frames(n_fft=8)
    with pytest.raises(ParameterError, match="unknown window 'han': did you mean 'hann'"):
        Frames(window="han")


def test_parameters_from_a_table_name_the_table_in_errors():
    assert Frames.from_mapping({"n_fft": 512}, where="t.toml") == Frames(n_fft=512)
    with pytest.raises(ParameterError, match=r"t\.toml: unknown key 'nfft': did you mean 'n_fft'"):
        Frames.from_mapping({"nfft": 512}, where="t.toml")
    with pytest.raises(ParameterError, match=r"t\.toml: n_fft must be at most 65536"):
        Frames.from_mapping({"n_fft": 10**6}, where="t.toml")


def test_a_class_of_parameters_describes_itself():
    assert explained(Frames) == [
        ("n_fft", "2048", "at least 16, at most 65,536", "samples of a frame"),
        ("window", '"hann"', "one of hann, hamming", "window function"),
        ("fmax", "", "above 0", "highest frequency, Hz"),
    ]


def test_an_unknown_name_lists_at_most_sixty_names():
    message = unknown("column", "x", [f"c{k:03d}" for k in range(70)])
    assert message.count("c0") == 60
    assert message.endswith(" and 10 more")
    assert unknown("column", "x", []) == "unknown column 'x': available: none"


def as_table(name, value):
    if not isinstance(value, dict):
        raise ParameterError(f"{name} must be a table")
    return dict(value)


class Network(Parameters):
    file: str = file_parameter("the weights")
    inputs: dict[str, float] = table_parameter("further inputs", convert=as_table)


def test_the_path_of_a_file_is_no_part_of_the_identity():
    assert Network(file="a/x.onnx") == Network(file="b/x.onnx")
    assert Network.file_fields() == ["file"]
    assert Parameters.file_fields() == []
    with pytest.raises(ParameterError, match="file must be a string, got 3"):
        Network(file=3)


def test_a_table_is_converted_and_compared():
    assert Network(inputs={"sr": 1}) != Network(inputs={"sr": 2})
    assert hash(Network(inputs={"sr": 1})) == hash(Network(inputs={"sr": 1}))
    assert Network().inputs == {}
    with pytest.raises(ParameterError, match="inputs must be a table"):
        Network(inputs=[1])


def test_files_and_tables_are_explained_without_a_default():
    expected = [("file", "", "", "the weights"), ("inputs", "", "", "further inputs")]
    assert explained(Network) == expected
