"""How recording conditions of a class differ from those of the others."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from featkit.auditing.leaks.condition_contrasts import shown_value, strongest_contrast, summary
from featkit.models.recording_conditions import RecordingConditions

RNG = np.random.default_rng(0)
Y = np.repeat(["rain", "dog", "sea"], 20)
RATES = np.where(Y == "rain", 44100.0, 22050.0)
LEVELS = np.where(Y == "sea", -10.0, -30.0) + RNG.normal(0, 8, 60)
CONDITIONS = RecordingConditions(
    ["sample_rate", "level"],
    np.stack([RATES, LEVELS], axis=1),
    np.where(np.arange(60) < 15, "MP3", "WAV PCM_16"),
)


def test_equipment_is_counted_in_the_class_and_in_the_others():
    contrast = strongest_contrast(CONDITIONS, "sample_rate", Y)
    assert contrast.text == "all 20 of 'rain' have 44,100 Hz, and none of the others"
    assert contrast.strength == 1
    contrast = strongest_contrast(CONDITIONS, "format", Y)
    assert contrast.text == "15 of 20 of 'rain' have MP3, and none of the others"
    assert contrast.strength == 0.75


def test_numbers_are_compared_by_the_area_under_the_curve():
    contrast = strongest_contrast(CONDITIONS, "level", Y)
    assert contrast.group == "sea"
    assert contrast.strength == pytest.approx(2 * roc_auc_score(Y == "sea", LEVELS) - 1)
    assert f"{np.median(LEVELS[Y == 'sea']):.1f} dBFS" in contrast.text


def test_summaries_hold_counts_or_medians():
    assert summary(CONDITIONS, "format", Y == "rain") == "15 MP3, 5 WAV PCM_16"
    low, middle, high = np.percentile(LEVELS[Y == "dog"], (5, 50, 95))
    expected = f"{middle:.1f} dBFS ({low:.1f} dBFS to {high:.1f} dBFS)"
    assert summary(CONDITIONS, "level", Y == "dog") == expected


@pytest.mark.parametrize(
    ("condition", "value", "text"),
    [
        ("bandwidth", 10968.75, "10,969 Hz"),
        ("sample_rate", 44100.0, "44,100 Hz"),
        ("channels", 2.0, "2 channels"),
        ("channels", 1.0, "1 channel"),
        ("duration", 4.83, "4.8 s"),
        ("clipped_share", 0.01, "1.0%"),
        ("level", np.nan, "unknown"),
        ("format", "", "unknown"),
    ],
)
def test_values_are_shown_with_their_units(condition, value, text):
    assert shown_value(condition, value) == text
