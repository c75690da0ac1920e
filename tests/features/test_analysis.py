"""`analyse` checks its arguments and treats silent frames as the feature set says."""

import numpy as np
import pytest

import featkit
from featkit import signals
from featkit.errors import ParameterError

SR = 22050


@pytest.mark.parametrize("sr", [0, -1, np.nan, np.inf, True, None, "22050", 1e9])
def test_a_rate_out_of_range_is_refused(sr):
    with pytest.raises(ParameterError, match="sr must be a sample rate, 100 to 10,000,000 Hz, got"):
        featkit.analyse([signals.noise(SR)], sr, "genre75")


@pytest.mark.parametrize("sample", [np.nan, np.inf, 1e39])
def test_samples_that_are_not_sound_are_refused(sample):
    y = signals.noise(SR).astype(np.float64)
    y[7] = sample
    with pytest.raises(
        ParameterError, match=r"clip 1 contains NaN, infinity or samples beyond 1e\+09"
    ):
        featkit.analyse([signals.noise(SR), y], SR, "genre75")


def test_silent_frames_are_kept_or_skipped_as_the_set_says():
    half_silent = np.concatenate([signals.sine(1000.0, SR), signals.constant(SR, value=0.0)])
    entry = {"family": "spectral_centroid", "statistics": ["mean", "min"]}
    kept, skipped = (
        featkit.analyse(
            [half_silent], SR, featkit.feature_set({"silent_frames": rule, "features": [entry]})
        )[0]
        for rule in ("keep", "skip")
    )
    assert kept[1] == 0
    assert skipped[1] > 900
    assert skipped[0] > 1.8 * kept[0]
