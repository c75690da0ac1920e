"""Acoustic indices: theory, and scikit-maad if it is installed."""

import warnings

import numpy as np
import pytest

import featkit
from featkit import signals

SR = 22050


def values_of(family, y, sr=SR, **parameters):
    entry = {"family": family, **parameters}
    features = featkit.feature_set({"sample_rate": "native", "features": [entry]})
    return dict(zip(features.column_names, featkit.analyse([y], sr, features)[0], strict=True))


def test_the_set_soundscape_has_one_column_for_each_index():
    chosen = featkit.feature_set("soundscape")
    assert len(chosen.column_names) == 18
    assert chosen.sample_rate is None
    assert not any(entry.statistics for entry in chosen.entries)
    assert all(name in chosen.note for name in chosen.column_names)


def test_entropy_of_a_tone_is_that_of_three_bins_and_of_noise_is_near_1():
    tone = values_of("acoustic_entropy", signals.sine(SR / 8, SR, 10.0))
    noise = values_of("acoustic_entropy", signals.noise(SR, 60.0))
    assert tone["acoustic_entropy"] == pytest.approx(0.139, abs=0.001)
    assert noise["acoustic_entropy"] > 0.98


def test_entropy_of_amplitude_is_higher_than_that_of_power():
    y = signals.clicks(100, SR) + signals.noise(SR, 10.0, amplitude=0.001)
    power = values_of("acoustic_entropy", y)
    amplitude = values_of("acoustic_entropy", y, quantity="amplitude")
    assert all(amplitude[name] > power[name] for name in power)


def test_complexity_of_noise_does_not_depend_on_duration_but_that_of_clusters_does():
    # The amplitude of noise follows Rayleigh's distribution.
    short, long = (signals.noise(SR, seconds) for seconds in (30.0, 60.0))
    one, two = (values_of("acoustic_complexity", y)["acoustic_complexity"] for y in (short, long))
    assert one == pytest.approx(two, rel=0.01)
    clusters = [
        values_of("acoustic_complexity", y, cluster=5.0)["acoustic_complexity"]
        for y in (short, long)
    ]
    assert clusters == pytest.approx([6 * one, 12 * two], rel=0.02)


@pytest.mark.parametrize("bands", [1, 2, 5, 10])
def test_equal_sound_in_some_bands_has_the_diversity_of_their_number(bands):
    rng = np.random.default_rng(0)
    spectrum = np.zeros(10 * SR // 2 + 1, dtype=complex)
    for k in range(bands):
        inside = slice(10 * (1000 * k + 100), 10 * (1000 * k + 900))
        spectrum[inside] = np.exp(2j * np.pi * rng.random(8000))
    y = np.fft.irfft(spectrum)
    own = values_of(
        "acoustic_diversity", (y / np.abs(y).max()).astype(np.float32), evenness_step=1000
    )
    assert own["acoustic_diversity"] == pytest.approx(np.log(bands), abs=0.01)
    assert own["acoustic_evenness"] == pytest.approx(1 - bands / 10, abs=0.02)


@pytest.mark.parametrize(
    ("family", "rate", "undefined"),
    [
        ("acoustic_diversity", 20000, False),
        ("acoustic_diversity", 19999, True),
        ("bioacoustic_index", 16000, False),
        ("bioacoustic_index", 15999, True),
        ("soundscape_index", 16000, False),
        ("soundscape_index", 15999, True),
    ],
)
def test_indices_of_frequencies_beyond_half_the_rate_are_undefined(family, rate, undefined):
    own = values_of(family, signals.noise(rate, 2.0), sr=rate)
    assert all(np.isnan(value) == undefined for value in own.values())


def test_events_are_counted_with_their_durations():
    window = np.arange(2000 * 512) // 512
    loud = (
        ((window > 100) & (window <= 150)) | ((window > 1000) & (window <= 1010)) | (window == 1999)
    )
    y = np.where(loud, 0.5, 0.1) * np.resize([1, -1], len(window))
    seconds = 512 / SR
    own = values_of("acoustic_events", y.astype(np.float32))
    assert own["acoustic_event_rate"] == pytest.approx(3 / (1999 * seconds))
    assert own["acoustic_event_fraction"] == pytest.approx(61 / 2000)
    assert own["acoustic_event_duration"] == pytest.approx(61 / 3 * seconds)
    own = values_of("acoustic_events", y.astype(np.float32), min_duration=20 * seconds)
    assert own["acoustic_event_rate"] == pytest.approx(1 / (1999 * seconds))
    assert own["acoustic_event_duration"] == pytest.approx(50 * seconds)


@pytest.mark.parametrize("level", [-20.0, -60.0])
def test_background_noise_is_the_level_between_louder_sounds(level):
    quiet = 10 ** (level / 20)
    loud = np.arange(1000 * 512) // 512 % 4 == 0
    y = np.where(loud, 8 * quiet, quiet) * np.resize([1, -1], len(loud))
    own = values_of("background_noise", y.astype(np.float32))
    assert own["background_noise"] == pytest.approx(level, abs=1e-4)
    assert own["signal_to_noise_ratio"] == pytest.approx(10 * np.log10(0.75 + 16), abs=1e-4)
    assert own["acoustic_activity"] == 0.25
    assert own["acoustic_activity_level"] == pytest.approx(20 * np.log10(8), abs=1e-4)


def test_more_than_half_of_silence_leaves_no_background():
    y = signals.noise(SR, 10.0)
    y[: 6 * SR] = 0
    quiet = values_of("background_noise", y)
    assert quiet["background_noise"] < -60  # the clip's mean in the silent part
    y[-4 * SR :] = np.resize([0.5, -0.5], 4 * SR)
    assert all(np.isnan(v) for v in values_of("background_noise", y).values())
    assert all(np.isnan(v) for v in values_of("acoustic_events", y).values())


@pytest.mark.parametrize(
    "parameters",
    [
        {"family": "acoustic_diversity", "step": 3000.0},
        {"family": "acoustic_diversity", "fmax": 500.0},
        {"family": "bioacoustic_index", "fmin": 9000.0},
        {"family": "soundscape_index", "biophony_max": 8500.0},
        {"family": "soundscape_index", "anthrophony_min": 3000.0},
    ],
)
def test_bands_that_do_not_fit_are_refused(parameters):
    with pytest.raises(featkit.ParameterError, match="must be"):
        featkit.feature_set({"features": [parameters]})


def test_the_set_has_scikit_maads_values():
    features = pytest.importorskip("maad.features")
    sound = pytest.importorskip("maad.sound")
    rng = np.random.default_rng(0)
    y = np.concatenate([signals.noise(SR, 3.0, amplitude=0.02), signals.clicks(200, SR, 3.0)])
    y = (y + 0.01 * rng.standard_normal(len(y)) + 0.05).astype(np.float32)
    own = dict(
        zip(
            featkit.feature_set("soundscape").column_names,
            featkit.analyse([y], SR, "soundscape")[0],
            strict=True,
        )
    )
    s = y.astype(np.float64) - np.mean(y, dtype=np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        power, _, f, _ = sound.spectrogram(s, SR)
        amplitude = np.sqrt(power)
        fraction, duration, rate, _ = features.temporal_events(s, SR)
        expected = {
            "acoustic_complexity": features.acoustic_complexity_index(amplitude)[2],
            "acoustic_diversity": features.acoustic_diversity_index(amplitude, f, fmax=10000),
            "acoustic_evenness": features.acoustic_eveness_index(amplitude, f, fmax=10000),
            "bioacoustic_index": features.bioacoustics_index(amplitude, f, flim=(2000, 8000)),
            "mean_spectrum_entropy": features.frequency_entropy(power)[0],
            "envelope_entropy": features.temporal_entropy(s),
            "acoustic_event_rate": rate,
            "acoustic_event_fraction": fraction,
            "acoustic_event_duration": duration,
            "background_noise": sound.temporal_snr(s)[1],
            "signal_to_noise_ratio": sound.temporal_snr(s)[2],
            "median_envelope": features.temporal_median(s),
            "spectral_peaks_number": features.number_of_peaks(amplitude, f),
        }
    for name, value in expected.items():
        assert own[name] == pytest.approx(value, rel=1e-3, abs=1e-3), name
