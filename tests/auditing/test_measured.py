"""Measures of recordings as mappings over packed values."""

import numpy as np
import pytest

from featkit.auditing.measured import Measured
from featkit.auditing.packed_values import pack


def test_measures_are_found_by_recording_and_name():
    values = {"tags": {"name": np.array(["artist"])}, "content": {"file": np.arange(3)}}
    measured = Measured({"a.wav": pack(1.0, values, {"tags": 1, "content": 2})})
    assert list(measured) == ["a.wav"]
    assert len(measured) == 1
    own = measured["a.wav"]
    assert set(own) == {"tags", "content"}
    assert len(own) == 2
    np.testing.assert_array_equal(own["content"]["file"], np.arange(3))
    assert own.get("chroma") is None
    with pytest.raises(KeyError, match=r"b\.wav"):
        measured["b.wav"]
