"""Samples on disk are sliced like an array, and leave no file behind."""

import sys
import tempfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featkit import signals
from featkit.dsp.disk_array import FittedClip, TemporaryDiskArray, pieces


@given(cuts=st.lists(st.integers(0, 5000), max_size=6), seed=st.integers(0, 1000))
def test_a_temporary_disk_array_is_sliced_like_an_array(cuts, seed):
    y = np.random.default_rng(seed).standard_normal(5000).astype(np.float32)
    with TemporaryDiskArray() as clip:
        for part in np.split(y, sorted(cuts)):
            clip.append(part)
        assert len(clip) == len(y)
        for start, stop in zip(cuts, reversed(cuts), strict=True):
            np.testing.assert_array_equal(clip[start:stop], y[start:stop])
        np.testing.assert_array_equal(np.concatenate(list(pieces(clip))), y)
        clip.fix_length(6000)
        np.testing.assert_array_equal(clip[:], np.pad(y, (0, 1000)))
        with pytest.raises(TypeError, match="by slices"):
            np.asarray(clip)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is deleted when it is closed")
def test_the_temporary_file_has_no_name(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with TemporaryDiskArray() as clip:
        clip.append(signals.noise(22050))
        assert not list(tmp_path.iterdir())


@given(
    samples=st.integers(1, 300),
    length=st.integers(1, 600),
    cuts=st.tuples(st.integers(0, 600), st.integers(0, 600)),
)
def test_a_fitted_clip_is_cut_or_padded_with_zeros(samples, length, cuts):
    y = np.random.default_rng(0).standard_normal(samples).astype(np.float32)
    clip = FittedClip(y, length)
    expected = np.pad(y, (0, max(0, length - samples)))[:length]
    assert len(clip) == length
    np.testing.assert_array_equal(clip[:], expected)
    np.testing.assert_array_equal(clip[slice(*cuts)], expected[slice(*cuts)])
