"""Formants and harmonics of voiced frames, of synthetic voices."""

import numpy as np
import pytest

from featkit import signals
from featkit.dsp.speech_pitch import speech_pitch
from featkit.dsp.speech_spectra import SpeechSpectra
from featkit.dsp.voiced_spectra import VoicedSpectra

SR = 16000
BANDWIDTHS = [60, 80, 110, 150, 200]
VOWELS = [  # Peterson and Barney 1952, with usual fourth and fifth formants
    (270, 2290, 3010, 3700, 4500),
    (300, 870, 2240, 3300, 4500),
    (530, 1840, 2480, 3500, 4500),
    (660, 1720, 2410, 3500, 4500),
    (730, 1090, 2440, 3400, 4500),
]


def voiced_spectra(clips, sr=SR):
    return VoicedSpectra(SpeechSpectra(clips, sr), speech_pitch(clips, sr))


def harmonics(f0, amplitudes, sr=SR, seconds=0.5):
    t = np.arange(round(sr * seconds)) / sr
    tones = [a * np.sin(2 * np.pi * f0 * (k + 1) * t + k * k) for k, a in enumerate(amplitudes)]
    return (0.05 * np.sum(tones, axis=0)).astype(np.float32)


@pytest.mark.parametrize("sr", [11025, 16000, 44100])
@pytest.mark.parametrize("vowel", VOWELS)
def test_formants_of_synthetic_vowels(vowel, sr):
    for f0 in (100, 130):
        frequencies, _ = voiced_spectra([signals.vowel(vowel, BANDWIDTHS, sr, f0=f0)], sr).formants
        # A harmonic attracts the formant: by less than half of the distance between harmonics.
        np.testing.assert_allclose(np.nanmedian(frequencies, axis=1), vowel[:3], atol=f0 / 2)


def test_bandwidths_of_noise_through_resonators():
    noise = np.random.default_rng(0).standard_normal(SR)
    formants = [500, 1500, 2500, 3500, 4500]
    y = signals.vowel(formants, [100] * 5, SR, source=noise)
    spectra = SpeechSpectra([y], SR)
    pitch = speech_pitch([y], SR)
    pitch = pitch._replace(f0=np.full_like(pitch.f0, 100.0))  # as if it were voiced
    frequencies, bandwidths = VoicedSpectra(spectra, pitch).formants
    np.testing.assert_allclose(np.nanmedian(frequencies, axis=1), [500, 1500, 2500], atol=30)
    np.testing.assert_allclose(np.nanmedian(bandwidths, axis=1), 100, atol=60)


@pytest.mark.parametrize("f0", [90, 123, 200, 310])
@pytest.mark.parametrize("amplitudes", [(1.0, 0.5, 0.25), (0.5, 1.0, 0.7), (0.3, 0.3, 0.1)])
def test_levels_of_the_first_harmonics(f0, amplitudes):
    y = harmonics(f0, [*amplitudes, *[0.2] * 8])
    levels = np.nanmedian(voiced_spectra([y]).levels, axis=1)
    expected = 20 * np.log10(amplitudes)
    np.testing.assert_allclose(np.diff(levels[:3]), np.diff(expected), atol=0.5)


def test_the_level_of_a_formant_is_that_of_the_closest_harmonic():
    amplitudes = np.full(20, 0.05)
    amplitudes[[0, 4, 9, 14]] = [1.0, 0.5, 0.4, 0.3]
    voice = voiced_spectra([harmonics(200, amplitudes)])
    frequencies, _ = voice.formants
    np.testing.assert_allclose(np.nanmedian(frequencies, axis=1), [1000, 2000, 3000], atol=60)
    levels = np.nanmedian(voice.levels, axis=1)
    np.testing.assert_allclose(levels[3:] - levels[0], 20 * np.log10([0.5, 0.4, 0.3]), atol=0.5)


def test_voiced_and_unvoiced_frames_exclude_each_other_silence_and_the_end():
    y = np.concatenate([harmonics(200, [1, 0.5, 0.3]), np.zeros(SR // 2), signals.noise(SR, 0.5)])
    voice = voiced_spectra([y.astype(np.float32), signals.noise(SR, 0.03)])
    voiced, unvoiced = voice.voicing
    assert len(voiced) == 149 + 2
    assert voiced[2:42].all()
    assert not (voiced & unvoiced).any()
    assert not (voiced | unvoiced)[55:90].any()
    assert unvoiced[101:145].all()
    assert not (voiced | unvoiced)[146:149].any()  # no frame of 60 ms begins in these


def test_unvoiced_frames_have_no_formants_and_no_levels():
    voice = voiced_spectra([signals.noise(SR), np.zeros(SR, dtype=np.float32)])
    unvoiced = ~np.isfinite(voice.formants[0]).any(axis=0)
    assert unvoiced[98:].all()
    np.testing.assert_array_equal(np.isnan(voice.levels).all(axis=0)[unvoiced], True)
