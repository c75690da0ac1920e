"""Families of the set voice88 that describe spectra, of signals with values from theory."""

import numpy as np
import pytest

import featkit
from featkit import signals
from featkit.features.statistics import statistic

SR = 16000


def values_of(y, family, statistics=("mean",), sr=SR, **parameters):
    entry = {"family": family, **parameters}
    entry |= {"statistics": list(statistics)} if statistics else {}
    features = featkit.feature_set({"sample_rate": sr, "features": [entry]})
    return dict(zip(features.column_names, featkit.analyse([y], sr, features)[0], strict=True))


def voice_and_noise():
    """Half a second of a voice, then of weaker noise of high frequencies."""
    voice = signals.vowel([500, 1500, 2500], [80, 90, 120], SR, duration=0.5, f0=125)
    noise = np.diff(signals.noise(SR, 0.5, amplitude=0.03), prepend=0)
    return np.concatenate([voice, noise]).astype(np.float32)


def test_components_are_those_of_voiced_and_unvoiced_frames():
    y = voice_and_noise()
    both = values_of(y, "voice_spectrum")
    voice, noise = (values_of(part, "voice_spectrum") for part in (y[: SR // 2], y[SR // 2 :]))
    assert both["alpha_ratio_voiced_mean"] < 0 < both["alpha_ratio_unvoiced_mean"]
    for name in ("alpha_ratio", "hammarberg_index", "slope_500_1500", "spectral_tilt"):
        scale = abs(both[f"{name}_voiced_mean"] - both[f"{name}_unvoiced_mean"])
        for part, values in (("voiced", voice), ("unvoiced", noise)):
            column = f"{name}_{part}_mean"
            assert both[column] == pytest.approx(values[column], abs=0.2 * scale), column


def test_coefficients_are_the_cosine_transform_of_logarithmic_bands():
    y = signals.noise(SR, 0.04, amplitude=0.2)  # three frames, whose mean is smoothed only
    values = values_of(y, "speech_mfcc", n_mfcc=12)
    frames = np.lib.stride_tricks.sliding_window_view(y.astype(np.float64), 320)[::160]
    window = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(320) / 319)
    power = np.abs(np.fft.rfft(frames * window, 512)) ** 2
    mels = 2595 * np.log10(1 + np.arange(257) * 31.25 / 700)
    edges = np.linspace(2595 * np.log10(1 + 20 / 700), 2595 * np.log10(1 + 8000 / 700), 28)
    weights = np.stack([np.interp(mels, edges[k : k + 3], [0, 1, 0]) for k in range(26)])
    weights[:, :2] = 0
    levels = np.log(power @ weights.T)
    one, two, three = levels
    smooth = np.stack([2 * one + two, one + two + three, two + 2 * three]) / 3
    for n in range(1, 13):
        cosine = np.cos(np.pi * n * (np.arange(26) + 0.5) / 26)
        lifter = 1 + 11 * np.sin(np.pi * n / 22)
        expected = lifter * np.sqrt(2 / 26) * np.mean(smooth @ cosine)
        assert values[f"speech_mfcc_{n}_mean"] == pytest.approx(expected, abs=2e-4), n


def test_a_third_of_the_voice_counts_for_its_coefficients():
    y = voice_and_noise()
    both, voice = values_of(y, "speech_mfcc"), values_of(y[: SR // 2], "speech_mfcc")
    for n in range(1, 5):
        name = f"speech_mfcc_voiced_{n}_mean"
        assert both[name] == pytest.approx(voice[name], abs=1.0)
    assert abs(both["speech_mfcc_1_mean"] - both["speech_mfcc_voiced_1_mean"]) > 3


@pytest.mark.parametrize(("first", "expected"), [(1, 6.02), (2, -3.52)])
def test_the_harmonic_that_counts_as_the_first(first, expected):
    t = signals.time(SR, 1.0)
    tones = [a * np.sin(2 * np.pi * 150 * n * t) for n, a in ((1, 1), (2, 0.5), (3, 0.75))]
    y = (0.2 * np.sum(tones, axis=0)).astype(np.float32)
    assert values_of(y, "voice_harmonics", first=first)["h1_h2_mean"] == pytest.approx(
        expected, abs=0.5
    )


def test_the_level_of_a_formant_is_relative_to_the_fundamental():
    y = signals.vowel([600, 1500, 2500], [60, 80, 100], SR, f0=150)
    values = values_of(y, "speech_formants")
    levels = [values[f"speech_formant_level_{k}_mean"] for k in (1, 2, 3)]
    assert levels[0] > 0  # the resonance outweighs the slope of the source
    assert levels[0] > levels[1] > levels[2]


def falling_voice(parts):
    """A harmonic tone that falls by 6 semitones per second in each part, with pauses between."""
    clips = []
    for _ in range(parts):
        octaves = -0.5 * signals.time(SR, 0.8)
        phase = 2 * np.pi * np.cumsum(200.0 * 2**octaves) / SR
        clips += [np.sum([np.sin(k * phase) / k for k in range(1, 8)], axis=0), np.zeros(SR // 2)]
    return (0.2 * np.concatenate(clips)).astype(np.float32)


def test_slopes_are_within_voiced_parts_or_across_pauses():
    y = falling_voice(3)
    apart = values_of(y, "speech_contours", ())
    joined = values_of(y, "speech_contours", (), join_voiced=True)
    assert apart["pitch_falling_slope_mean"] == pytest.approx(6, abs=0.5)
    assert not apart["pitch_rising_slope_mean"] > 20
    assert joined["pitch_rising_slope_mean"] > 100  # back to the start within a few frames


def test_the_last_fall_has_the_wrong_sign_in_opensmile():
    y = falling_voice(3)
    joined = values_of(y, "speech_contours", (), convention="opensmile", join_voiced=True)
    # Two of the falls of 6 semitones per second are positive, and the last is negative.
    assert joined["pitch_falling_slope_mean"] == pytest.approx(6 / 3, abs=0.5)
    assert joined["pitch_falling_slope_std"] == pytest.approx(0, abs=0.5)
    apart = values_of(y, "speech_contours", (), convention="opensmile")
    assert apart["pitch_falling_slope_mean"] == pytest.approx(-6, abs=0.5)
    assert np.isnan(apart["pitch_falling_slope_std"])


def test_levels_of_unvoiced_frames_count_in_opensmile():
    y = voice_and_noise()
    values = values_of(y, "speech_formants", convention="opensmile")
    voice = values_of(y[: SR // 2], "speech_formants", convention="opensmile")
    for k in (1, 2, 3):
        level = values[f"speech_formant_level_{k}_mean"]
        assert level == pytest.approx(-201 / 2, abs=25)  # half of the frames have -201 dB
        assert voice[f"speech_formant_level_{k}_mean"] > -40
        name = f"speech_formant_frequency_{k}_mean"
        assert values[name] == pytest.approx(voice[name], rel=0.03)


def test_silent_frames_are_unvoiced_in_opensmile():
    noise = signals.noise(SR, 0.5, amplitude=0.1).astype(np.float32)
    y = np.concatenate([noise, np.zeros(SR // 2, dtype=np.float32)])
    name = "slope_0_500_unvoiced_mean"
    alone, padded = (
        values_of(x, "voice_spectrum", convention="opensmile")[name] for x in (noise, y)
    )
    assert padded == pytest.approx((alone + 0.112) / 2, abs=0.01)
    assert values_of(y, "voice_spectrum")[name] == pytest.approx(
        values_of(noise, "voice_spectrum")[name], abs=0.005
    )


def test_the_level_of_a_sine():
    y = signals.sine(440.0, SR, amplitude=0.1)
    assert values_of(y, "speech_level", ())["speech_level"] == pytest.approx(-23.01, abs=0.01)


def test_statistics_of_the_set_are_documented():
    assert "standard deviation" in statistic("cv").definition
    assert statistic("range_p20_p80").unit == "{}"
