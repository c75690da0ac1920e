"""Segments whose hop is not a whole number of samples begin where the clock says."""

from fractions import Fraction

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

import featkit
from featkit import signals
from featkit.audio.rolling import segments_of
from featkit.errors import AudioError

SR = 22050

LEVEL = {"sample_rate": SR, "features": [{"family": "rms", "statistics": ["mean"]}]}


def parts_of(samples, *, length, hop, tail, sr=SR):
    blocks = np.array_split(np.arange(samples), 7)
    return list(segments_of(blocks, sr, length=length, hop=hop, tail=tail, name="x"))


@given(
    rate=st.sampled_from([8000, 11025, 16000, 22050, 44100, 48000]),
    hop=st.integers(1, 2000).map(lambda milliseconds: Fraction(milliseconds, 1000)),
    rows=st.integers(1, 50),
)
def test_each_start_is_the_nearest_sample_to_its_time(rate, hop, rows):
    length = 5e-3
    samples = round((rows - 1) * hop * rate) + round(length * rate)
    parts = parts_of(samples, length=length, hop=float(hop), tail="drop", sr=rate)
    assert len(parts) == rows
    for k, (start, end, clip) in enumerate(parts):
        assert abs(start - k * hop * rate) <= Fraction(1, 2)
        assert end - start == len(clip) == round(length * rate)
        assert clip[0] == start


@pytest.mark.parametrize(("segment", "hop", "rows"), [(0.05, None, 1200), (0.1, 0.05, 1199)])
def test_starts_in_a_table_do_not_drift(tmp_path, segment, hop, rows):
    soundfile.write(tmp_path / "a.wav", signals.noise(SR, 60.0), SR)
    table = featkit.extract(
        tmp_path / "a.wav", features=LEVEL, segment=segment, segment_hop=hop
    ).table.data
    np.testing.assert_allclose(table["start"], 0.05 * np.arange(rows), atol=0.5001 / SR)
    lengths = np.round((table["end"] - table["start"]) * SR)
    assert set(lengths) == {round(segment * SR)}


@pytest.mark.parametrize("tail", ["keep", "pad"])
def test_a_sample_lost_to_rounding_is_no_tail(tail):
    # 0.15 s are 3307.5 samples; two segments of 0.1 s, 0.05 s apart, end there.
    parts = parts_of(3308, length=0.1, hop=0.05, tail=tail)
    assert [part[:2] for part in parts] == [(0, 2205), (1102, 3307)]
    assert len(parts_of(3310, length=0.1, hop=0.05, tail=tail)) == 3


def test_a_hop_of_less_than_a_sample_is_refused():
    with pytest.raises(AudioError, match="less than one sample"):
        parts_of(100, length=0.001, hop=0.6 / SR, tail="drop")
    starts = [part[0] for part in parts_of(100, length=50 / SR, hop=1 / SR, tail="drop")]
    assert starts == list(range(51))
