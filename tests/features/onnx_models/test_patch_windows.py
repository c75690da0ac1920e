"""Windows of a clip: all of them, in order, whatever blocks the samples arrive in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featkit import signals
from featkit.dsp import disk_array
from featkit.errors import ParameterError
from featkit.features.onnx_models import windows
from featkit.features.onnx_models.windows import batches, n_windows, resampled, whole_clip

SIZES = {
    "samples": st.integers(1, 60),
    "window": st.integers(1, 20),
    "hop": st.integers(1, 30),
    "lead": st.integers(0, 9),
    "pad_end": st.booleans(),
}


def all_windows(y, window, hop, lead, pad_end):
    """The windows, by a loop over their beginnings."""
    padded = np.concatenate([np.zeros(lead), y])
    result = []
    start = 0
    while start + window <= len(padded):
        result.append(padded[start : start + window])
        start += hop
    covered = start - hop + window if result else 0
    if pad_end and covered < len(padded) and (start < len(padded) or not result):
        result.append(np.pad(padded[start:], (0, window - len(padded[start:]))))
    return np.array(result).reshape(-1, window)


@given(**SIZES, size=st.integers(1, 5), cuts=st.lists(st.integers(1, 59), unique=True, max_size=5))
def test_batches_contain_every_window_once(samples, window, hop, lead, pad_end, size, cuts):
    y = np.arange(1, samples + 1, dtype=np.float32)
    blocks = np.split(y, sorted(cut for cut in cuts if cut < samples))
    found = list(batches(iter(blocks), window, hop, lead=lead, pad_end=pad_end, size=size))
    expected = all_windows(y, window, hop, lead, pad_end)
    assert n_windows(samples + lead, window, hop, pad_end=pad_end) == len(expected)
    assert [len(batch) for batch in found[:-1]] == [size] * max(0, len(found) - 1)
    assert all(0 < len(batch) <= size for batch in found)
    np.testing.assert_array_equal(
        np.concatenate([np.empty((0, window), np.float32), *found]), expected
    )


@given(st.integers(0, 200_000))
def test_patches_of_vggish_are_those_of_its_frames(samples):
    """The published order is frames first, then patches of 96 frames."""
    frames = max(0, 1 + (samples - 400) // 160)
    assert n_windows(samples, 15600, 15360, pad_end=False) == frames // 96


@pytest.mark.parametrize("target", [8000, 16000, 22050, 48000])
def test_a_resampled_clip_is_the_same_in_any_pieces(target, monkeypatch):
    import soxr

    y = signals.noise(22050, 1.0)
    whole = np.concatenate([*resampled(y, 22050, target)])
    monkeypatch.setattr(disk_array, "PIECE_SAMPLES", 777)
    np.testing.assert_array_equal(np.concatenate([*resampled(y, 22050, target)]), whole)
    expected = soxr.resample(y, 22050, target)
    np.testing.assert_array_equal(whole[: len(expected)], expected)
    assert len(whole) - len(expected) in (0, 1)  # librosa rounds up a product that is not exact


def test_a_rate_far_below_that_of_the_model_is_refused():
    with pytest.raises(ParameterError, match="takes 16000 Hz; sound of 200 Hz has less than 1/64"):
        list(resampled(signals.noise(200), 200, 16000))


def test_a_whole_clip_is_padded_only_where_asked(monkeypatch):
    y = signals.noise(16000, 0.1)

    def whole(**options):
        return whole_clip(y, 16000, 16000, **{"lead": 3, "shortest": 1, "pad_end": True} | options)

    np.testing.assert_array_equal(whole(), np.concatenate([np.zeros(3), y])[None])
    assert whole(shortest=2000, pad_end=False) is None
    np.testing.assert_array_equal(whole(shortest=2000)[0, 1603:], np.zeros(397))
    monkeypatch.setattr(windows, "LONGEST_WHOLE", 1000)
    with pytest.raises(ParameterError, match=r"has 1,603 samples at 16000 Hz.* set window and hop"):
        whole()
