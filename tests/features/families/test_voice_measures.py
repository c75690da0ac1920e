"""Voice measures beside Praat, where it is installed, and what families share."""

import numpy as np
import pytest

import featkit
from featkit import signals

SR = 16000.0
NAMES = ("voice_pitch", "jitter", "shimmer", "voice_harmonicity")


def features_of(*names):
    entries = [
        {"family": name, **({} if name in ("jitter", "shimmer") else {"statistics": ["mean"]})}
        for name in names
    ]
    return featkit.FeatureSet.from_dict({"sample_rate": "native", "features": entries})


def voice(seed):
    """Two vowel-like stretches with noise, jitter and shimmer, and a pause between them."""
    rng = np.random.default_rng(seed)
    parts = []
    for f0 in (110.0, 170.0):
        periods = (1 + 0.01 * rng.standard_normal(60)) / f0
        peaks = 0.4 * (1 + 0.05 * rng.standard_normal(60))
        parts += [signals.pulses(periods, SR, peaks, width=2e-4), np.zeros(3200, np.float32)]
    y = np.concatenate(parts)
    return y + signals.noise(SR, len(y) / SR, amplitude=0.005, seed=seed)


def values_of(y, *names):
    features = features_of(*names)
    (row,) = featkit.analyse([y], SR, features)
    return dict(zip(features.column_names, row.tolist(), strict=True))


def test_families_together_and_alone_have_the_same_values():
    y = voice(0)
    together = values_of(y, *NAMES)
    alone = {}
    for name in NAMES:
        alone |= values_of(y, name)
    assert together == alone
    assert all(np.isfinite(value) for value in together.values())


def test_jitter_and_shimmer_do_not_depend_on_the_gain():
    y = voice(1)
    once, scaled = values_of(y, *NAMES), values_of(y * np.float32(2.0**-20), *NAMES)
    assert once == pytest.approx(scaled, rel=1e-9)


def test_an_offset_does_not_change_the_measures():
    y = voice(1)
    once, shifted = values_of(y, *NAMES), values_of(y + np.float32(0.25), *NAMES)
    assert once == pytest.approx(shifted, rel=1e-3)


def test_ddp_and_dda_are_three_times_rap_and_apq3():
    values = values_of(voice(2), "jitter", "shimmer")
    assert values["jitter_ddp"] == 3 * values["jitter_rap"]
    assert values["shimmer_dda"] == 3 * values["shimmer_apq3"]


@pytest.mark.parametrize("seed", range(3))
def test_values_are_those_of_praat(seed):
    parselmouth = pytest.importorskip("parselmouth")
    call = parselmouth.praat.call
    y = voice(seed)
    sound = parselmouth.Sound(y.astype(np.float64), SR)
    pitch = sound.to_pitch_ac(pitch_floor=75.0, pitch_ceiling=600.0)
    pulses = call([sound, pitch], "To PointProcess (cc)")
    f0 = pitch.selected_array["frequency"]
    limits = (0, 0, 0.0001, 0.02, 1.3)
    values = values_of(y, *NAMES)
    assert values["voice_voiced_mean"] == pytest.approx(np.mean(f0 > 0), abs=0.02)
    assert values["voice_f0_mean"] == pytest.approx(np.mean(f0[f0 > 0]), rel=0.005)
    for ours, theirs in (("local", "local"), ("rap", "rap"), ("ppq5", "ppq5")):
        expected = call(pulses, f"Get jitter ({theirs})", *limits)
        assert values[f"jitter_{ours}"] == pytest.approx(expected, rel=0.05)
    for ours, theirs in (("local", "local"), ("db", "local_dB"), ("apq3", "apq3")):
        expected = call([sound, pulses], f"Get shimmer ({theirs})", *limits, 1.6)
        assert values[f"shimmer_{ours}"] == pytest.approx(expected, rel=0.05)
    for kind, periods in (("ac", 4.5), ("cc", 1.0)):
        method = getattr(sound, f"to_harmonicity_{kind}")
        expected = call(method(0.01, 75.0, 0.1, periods), "Get mean", 0, 0)
        assert values[f"harmonicity_{kind}_mean"] == pytest.approx(expected, abs=0.2)
