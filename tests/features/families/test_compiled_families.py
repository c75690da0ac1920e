"""Families have the same values by the compiled core and by NumPy, in a stack and alone."""

import numpy as np
import pytest
from compiled_core import assert_same_bits_everywhere, without_core

import featkit
from featkit import signals
from featkit.features.statistics import STATISTICS

SR = 22050
PER_CLIP = ("wavelets", "envelope", "tuning", "dwt_periodised", "dwch", "wavelet_packets")
PER_FRAME = ("zero_crossing_rate", "rms")
# In noise or constants, these are far below the rounding of what is subtracted or divided by.
DIFFERENCES = ("diff_mean", "cv", "range_p20_p80")

STATISTIC_NAMES = [name for name in STATISTICS if name not in DIFFERENCES]
STATISTIC_NAMES += ["p10", "p20", "p80", "p90"]
FEATURES = featkit.feature_set(
    {
        "features": [{"family": name} for name in PER_CLIP]
        + [{"family": name, "statistics": STATISTIC_NAMES} for name in PER_FRAME]
    }
)


def assert_same_without_core(clips):
    """Within 1e-6 of the scale of a column; a histogram may count a coefficient at an edge."""
    ours = featkit.analyse(clips, SR, FEATURES)
    with without_core():
        theirs = featkit.analyse(clips, SR, FEATURES)
    scale = np.nanmax(np.abs(theirs), axis=0, initial=0)
    slack = np.where([n.startswith("dwch") for n in FEATURES.column_names], 1e-3, 1e-6) * scale
    wrong = ~((np.abs(ours - theirs) <= slack) | (np.isnan(ours) & np.isnan(theirs)))
    assert not wrong.any(), [FEATURES.column_names[k] for k in np.flatnonzero(wrong.any(axis=0))]


def test_real_recordings_have_the_same_values_without_the_core(real_data):
    files = sorted((real_data / "esc10").glob("*/*.ogg"))[::40]
    assert_same_without_core([featkit.load(file, sr=SR)[0] for file in files])


SOUNDS = {
    "one sample": np.full(1, 0.5, dtype=np.float32),
    "short": signals.noise(SR, duration=0.01),
    "silence": np.zeros(SR // 2, dtype=np.float32),
    "constant": signals.constant(SR, value=0.25),
    "sine": signals.sine(440.0, SR),
    "clicks": signals.clicks(100, SR, duration=2.0),
    "quiet": 1e-20 * signals.noise(SR),
    "loud": np.float32(1e6) * signals.noise(SR),
}


def test_a_clip_has_the_same_bits_alone_and_with_any_instruction_set():
    clips = [*SOUNDS.values()]
    rows = assert_same_bits_everywhere(lambda: featkit.analyse(clips, SR, FEATURES))
    for row, clip in zip(rows, clips, strict=True):
        np.testing.assert_array_equal(featkit.analyse([clip], SR, FEATURES)[0], row)


@pytest.mark.parametrize("name", [n for n in SOUNDS if n not in ("quiet", "constant", "sine")])
def test_synthetic_sounds_have_the_same_values_without_the_core(name):
    assert_same_without_core([SOUNDS[name], signals.noise(SR, amplitude=0.1)])
