"""Axes of sequences: mel bands in Hz, and the time that frames cover."""

import numpy as np
import pytest
from made_networks import SEQUENCE_SET, sequences_of

from featkit.dsp.filters import mel_filters
from featkit.table.sequences.axes import band_edges, row_seconds, stated_shape
from featkit.table.sequences.sequences import Sequences


def with_set(**changes):
    """Two kinds of one row, with a definition."""
    arrays = sequences_of(mel=np.zeros((1, 32, 20)), mfcc8=np.zeros((1, 8, 20)))
    return Sequences(arrays.kinds, {"sequence_set": {**SEQUENCE_SET, **changes}})


def test_each_filter_is_highest_between_the_bounds_of_its_band():
    edges = band_edges(with_set(), "mel")
    filters = mel_filters(22050.0, 2**15, 32, 0.0, None).toarray()
    highest = np.fft.rfftfreq(2**15, 1 / 22050)[filters.argmax(axis=1)]
    assert (edges[:-1] < highest).all()
    assert (highest < edges[1:]).all()
    assert edges.shape == (33,)


def test_bounds_are_evenly_spaced_on_the_mel_scale():
    librosa = pytest.importorskip("librosa")
    mels = librosa.hz_to_mel(band_edges(with_set(), "mel"))
    np.testing.assert_allclose(np.diff(mels), librosa.hz_to_mel(11025.0) / 33, rtol=1e-9)


def test_other_channels_and_unknown_rates_have_no_frequencies():
    assert band_edges(with_set(), "mfcc8") is None
    assert band_edges(with_set(sample_rate="native"), "mel") is None
    assert band_edges(sequences_of(mel=np.zeros((1, 32, 20))), "mel") is None


@pytest.mark.parametrize(
    ("changes", "duration", "expected"),
    [
        ({"length_rule": "resample", "seconds": 5.0}, 9.0, 5.0),
        ({"length_rule": "resample", "seconds": None}, 9.0, 9.0),
        ({"length_rule": "resample", "seconds": None}, None, None),
        ({"length_rule": "cut", "seconds": None}, 9.0, 20 * 512 / 22050),
        ({"length_rule": "cut", "sample_rate": "native"}, 9.0, None),
    ],
)
def test_the_time_follows_the_rule_of_length(changes, duration, expected):
    assert row_seconds(with_set(**changes), "mel", duration) == expected


def test_sequences_of_unknown_origin_have_no_time():
    assert row_seconds(sequences_of(mel=np.zeros((1, 32, 20))), "mel", 2.0) is None


def test_a_provenance_states_channels_by_their_number_or_one_by_one():
    assert stated_shape({"channels": 8, "frames": 3}) == (8, 3)
    assert stated_shape({"channels": [{"name": "a"}, {"name": "b"}], "frames": 3}) == (2, 3)
    assert stated_shape({}) == (None, None)
