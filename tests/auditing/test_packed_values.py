"""Values of measures as bytes: nothing is lost, and nothing foreign is accepted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from featkit.auditing.packed_values import check_packed, pack, read_header, unpack

TYPES = st.sampled_from(["f4", "f8", "i8", "u1", "?", "U5"])

VALUES = TYPES.flatmap(
    lambda dtype: arrays.arrays(
        dtype, arrays.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3)
    )
)

MEASURES = st.dictionaries(
    st.text(max_size=2), st.dictionaries(st.text(max_size=2), VALUES, max_size=2), max_size=2
)


@given(MEASURES, st.floats(0, 1e6))
def test_packed_values_are_the_same_values(measures, duration):
    versions = {name: number for number, name in enumerate(measures)}
    data = pack(duration, measures, versions)
    header = check_packed(data)
    assert (header.duration, header.versions) == (duration, versions)
    for measure, values in measures.items():
        unpacked = unpack(data, measure)
        assert unpacked.keys() == values.keys()
        for name, array in values.items():
            assert unpacked[name].dtype == array.dtype
            np.testing.assert_array_equal(unpacked[name], array)


@given(st.data())
def test_changed_bytes_are_refused_or_give_arrays(data):
    packed = pack(
        2.5, {"m": {"x": np.arange(9.0), "text": np.array(["ab", "ü"]), "n": np.int64(3)}}, {"m": 1}
    )
    changed = bytearray(packed)
    for place in data.draw(st.lists(st.integers(0, len(packed) - 1), min_size=1, max_size=5)):
        changed[place] = data.draw(st.integers(0, 255))
    length = data.draw(st.integers(0, len(packed)))
    try:
        header = check_packed(bytes(changed[:length]))
    except ValueError:
        return
    for name in header.measures:
        for array in unpack(bytes(changed[:length]), name).values():
            assert len(str(array.tolist())) > 0


def test_objects_are_not_packed():
    with pytest.raises(TypeError, match="m: x: cannot store values of type object"):
        pack(1.0, {"m": {"x": np.array([None])}}, {"m": 1})


def test_a_missing_measure_has_no_values():
    data = pack(1.0, {"m": {"x": np.zeros(3)}}, {"m": 1})
    assert unpack(data, "other") is None
    assert list(read_header(data).measures) == ["m"]
