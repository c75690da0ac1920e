"""Formants in openSMILE's convention: the rule step by step, and numbers that openSMILE printed."""

import numpy as np
import pytest

from featkit import signals
from featkit.dsp.opensmile_formants import opensmile_formants, resampled_as_opensmile
from featkit.dsp.speech_pitch import speech_pitch
from featkit.dsp.speech_spectra import SpeechSpectra
from featkit.dsp.voiced_spectra import VoicedSpectra

SR = 16000

# Two impulses, of 0.5 and -0.25, in the first frame: sample rate, their positions, and frequencies
# and bandwidths by openSMILE 3 in single precision, which matters less at 11 kHz and above 16.
PRINTED = [
    (8000, 34, 57, [435.64, 1300.21, 2141.0, 1222.79, 1178.86, 1070.92], 3),
    (8000, 48, 66, [925.2, 1841.66, 2727.21, 1281.64, 1190.99, 978.19], 3),
    (11000, 11, 33, [478.92, 1433.19, 2385.64, 884.8, 864.19, 815.77], 0.03),
    (11000, 66, 91, [480.73, 1436.95, 2392.71, 803.47, 783.24, 733.65], 0.03),
    (16000, 67, 114, [433.34, 1292.93, 2127.31, 1223.7, 1178.88, 1068.3], 8),
    (16000, 96, 133, [431.95, 1287.78, 2120.01, 1316.69, 1268.28, 1146.89], 8),
    (44000, 44, 132, [478.9, 1433.18, 2385.63, 884.91, 864.26, 815.84], 0.03),
    (44000, 264, 365, [480.4, 1436.21, 2391.41, 794.24, 773.75, 723.92], 0.03),
    (44100, 185, 313, [478.69, 1435.77, 2391.8, 820.0, 796.98, 746.99], 0.03),
    (48000, 202, 341, [481.4, 1444.35, 2408.29, 970.53, 947.19, 896.23], 0.03),
]


def impulses(sr, first, second):
    frame = np.zeros((1, round(0.02 * sr)), dtype=np.float32)
    frame[0, first], frame[0, second] = 0.5, -0.25
    return frame


def by_definition(frame):
    """The rule for one frame at 16 kHz, by sums over bins and `numpy.roots`."""
    padded = np.zeros(512)
    padded[96:416] = frame * (0.54 - 0.46 * np.cos(2 * np.pi * np.arange(320) / 319))
    n = np.arange(220)
    spectrum = [np.sum(padded * np.exp(-2j * np.pi * k * np.arange(512) / 512)) for k in range(110)]
    y = np.real(sum(x * np.exp(2j * np.pi * k * n / 352) for k, x in enumerate(spectrum)))
    r = np.array([np.sum(y[: 220 - lag] * y[lag:]) for lag in range(12)])
    matrix = r[np.abs(np.arange(11)[:, None] - np.arange(11))]
    roots = np.roots([1, *np.linalg.solve(matrix, r[1:])])
    roots = sorted(roots[np.angle(roots) > 2 * np.pi * 50 / 11000], key=np.angle)[:3]
    frequencies = np.angle(roots) * 11000 / (2 * np.pi)
    return frequencies, np.abs(np.log(np.abs(roots))) * 11000 / np.pi


def test_the_rule_step_by_step():
    frames = np.random.default_rng(1).standard_normal((20, 320)).astype(np.float32)
    frequencies, bandwidths = opensmile_formants(frames, SR, 3)
    for k, frame in enumerate(frames):
        expected = by_definition(frame)
        np.testing.assert_allclose(frequencies[:, k], expected[0], rtol=1e-6)
        np.testing.assert_allclose(bandwidths[:, k], expected[1], rtol=1e-6)


@pytest.mark.parametrize(("sr", "first", "second", "printed", "tolerance"), PRINTED)
def test_formants_of_impulses_are_those_that_opensmile_printed(
    sr, first, second, printed, tolerance
):
    values = np.concatenate(opensmile_formants(impulses(sr, first, second), sr, 3))[:, 0]
    np.testing.assert_allclose(values, printed, atol=tolerance)


@pytest.mark.parametrize("sr", [8000, 11000, 16000, 44000, 44100])
def test_a_tone_within_the_band_is_resampled(sr):
    length = round(0.02 * sr)
    t = np.arange(length) / sr
    frame = np.cos(2 * np.pi * 1000 * t)[None]
    resampled = resampled_as_opensmile(frame, sr)
    assert resampled.shape == (1, 220)
    n_fft = 1 << (length - 1).bit_length()
    times = np.arange(220) / 11000 - (n_fft - length) // 2 / sr
    window = 0.54 - 0.46 * np.cos(2 * np.pi * times * sr / (length - 1))
    inside = (times > 0.002) & (times < 0.018)
    expected = (window * np.cos(2 * np.pi * 1000 * times))[inside]
    scale = resampled[0, inside] @ expected / (expected @ expected)
    np.testing.assert_allclose(resampled[0, inside] / scale, expected, atol=0.02)


def test_silence_has_no_formants_and_the_scale_does_not_matter():
    frames = signals.noise(SR, 0.1).reshape(-1, 320)
    reference = np.array(opensmile_formants(frames, SR, 3))
    for scale in (1e-30, 1e4):
        values = opensmile_formants(frames.astype(np.float64) * scale, SR, 3)
        np.testing.assert_allclose(values, reference, rtol=1e-6)
    assert np.isnan(opensmile_formants(np.zeros((1, 320)), SR, 3)).all()


def voiced_spectra(y):
    return VoicedSpectra(SpeechSpectra([y], SR), speech_pitch([y], SR))


def test_levels_are_those_of_the_strongest_harmonic_nearby():
    t = signals.time(SR, 1.0)
    amplitudes = [1, 0.5, 0.7, 0.2, 0.4, 0.3, 0.1, 0.2, 0.25, 0.1, 0.15, 0.1, 0.2, 0.1, 0.15, 0.1]
    tones = [a * np.sin(2 * np.pi * 200 * (k + 1) * t + k * k) for k, a in enumerate(amplitudes)]
    voice = voiced_spectra((0.1 * np.sum(tones, axis=0)).astype(np.float32))
    frequencies = voice.opensmile_formants[0][:, 20]
    harmonics = 200.0 * (1 + np.arange(len(amplitudes)))
    levels = voice.opensmile_levels[3:, 20] - voice.opensmile_levels[0, 20]
    for frequency, level in zip(frequencies, levels, strict=True):
        near = np.abs(harmonics / frequency - 1) <= 0.2
        assert level == pytest.approx(20 * np.log10(np.max(np.array(amplitudes)[near])), abs=0.5)


def test_unvoiced_frames_have_no_formants():
    voice = voiced_spectra(signals.noise(SR, 0.5))
    assert np.isnan(voice.opensmile_formants[0][:, ~voice.voiced]).all()
    assert np.isnan(voice.opensmile_levels[:, ~voice.voiced]).all()
    assert (~voice.voiced).sum() > 40


def test_a_voice_has_the_values_of_opensmile():
    opensmile = pytest.importorskip("opensmile")
    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02,
        feature_level=opensmile.FeatureLevel.LowLevelDescriptors,
    )
    y = signals.vowel([700, 1200, 2600, 3500, 4500], [80, 90, 120, 150, 200], SR, 0.5, 100.0)
    y = np.trunc(y * 32768).astype(np.float32) / 32768
    table = smile.process_signal(y, SR)
    frequencies, bandwidths = voiced_spectra(y).opensmile_formants
    for k in range(3):
        for values, name in ((frequencies, "frequency"), (bandwidths, "bandwidth")):
            theirs = table[f"F{k + 1}{name}_sma3nz"].to_numpy()[20]
            assert values[k, 20] == pytest.approx(theirs, abs=10)
