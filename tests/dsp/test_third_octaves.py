"""Third-octave filters against the limits of IEC 61260-1."""

import numpy as np
import pytest
from scipy.signal import sosfreqz

from featkit import signals
from featkit.dsp import disk_array
from featkit.dsp.third_octaves import (
    EDGE,
    NOMINAL,
    OCTAVE,
    ThirdOctaves,
    band_sections,
    class_1_limits,
    exact_frequencies,
    halving_sections,
)

# IEC 61260-1:2014, table 1, for octave bands: the exponent of G for the normalised frequency, and
# the limits of the relative attenuation in dB for class 1. The edge itself has both rows.
OCTAVE_LIMITS = [
    (0.0, -0.4, 0.4),
    (0.125, -0.4, 0.5),
    (0.25, -0.4, 0.7),
    (0.375, -0.4, 1.4),
    (0.4999999, -0.4, 5.3),
    (0.5000001, 1.2, np.inf),
    (1.0, 16.6, np.inf),
    (2.0, 40.5, np.inf),
    (3.0, 60.0, np.inf),
    (4.0, 70.0, np.inf),
]

RATES = [8000, 16000, 22050, 32000, 44100, 48000, 96000]


def third_octave_limits():
    """The points of the table on both sides, for bands of a third of an octave."""
    for exponent, lowest, highest in OCTAVE_LIMITS:
        upper = 1 + (OCTAVE ** (1 / 6) - 1) / (OCTAVE**0.5 - 1) * (OCTAVE**exponent - 1)
        yield upper, lowest, highest
        yield 1 / upper, lowest, highest


def test_exact_frequencies_are_those_of_the_base_ten_system():
    exact = exact_frequencies(np.array(NOMINAL))
    np.testing.assert_allclose(exact, np.array(NOMINAL), rtol=0.016)
    np.testing.assert_allclose(
        exact_frequencies(np.array([25.0, 1000.0, 8000.0, 20000.0])),
        [25.1189, 1000.0, 7943.28, 19952.6],
        rtol=1e-5,
    )
    assert abs(EDGE - 1.12202) < 1e-5


def attenuation(middle, sr, frequency):
    """Attenuation in dB by the filters from a sample rate down to the band's."""
    response, rate = np.ones(len(frequency), dtype=complex), float(sr)
    while rate >= 5 * EDGE * middle:
        response *= sosfreqz(halving_sections(), frequency, fs=rate)[1]
        rate /= 2
    response *= sosfreqz(band_sections(middle, rate), frequency, fs=rate)[1]
    return -20 * np.log10(np.maximum(np.abs(response), 1e-12))


@pytest.mark.parametrize("sr", RATES)
def test_filters_meet_class_1(sr):
    points = list(third_octave_limits())
    ratios, lowest, highest = (np.array(column) for column in zip(*points, strict=True))
    n_bands = 0
    for middle in exact_frequencies(np.array(NOMINAL)).tolist():
        if middle * EDGE >= sr / 2:
            continue
        n_bands += 1
        below = ratios * middle < sr / 2
        values = attenuation(middle, sr, ratios[below] * middle)
        assert (values >= lowest[below]).all(), middle
        assert (values <= highest[below]).all(), middle
        between = np.geomspace(0.1, 0.4999 * sr / middle, 997)
        lower, upper = class_1_limits(between)
        values = attenuation(middle, sr, between * middle)
        assert ((values >= lower) & (values <= upper)).all(), middle
    assert n_bands >= 23


def test_limits_between_the_points_are_not_looser_than_the_table():
    for ratio, lowest, highest in third_octave_limits():
        lower, upper = (float(limit) for limit in class_1_limits(np.array(ratio)))
        assert lower >= lowest - 1e-4
        assert min(upper, 1e9) <= min(highest, 1e9) + 1e-4


@pytest.mark.parametrize("sr", [22050, 48000])
def test_tones_are_attenuated_as_the_limits_require(sr):
    """The whole chain in time, with tones that begin and end softly."""
    bands = (100.0, 1000.0, 4000.0)
    filters, fade = ThirdOctaves(bands, sr), np.hanning(4 * sr)
    for hz in [
        31.6,
        80,
        94,
        106,
        128,
        501,
        794,
        944,
        1059,
        1259,
        2600,
        3162,
        3760,
        4217,
        5012,
        9e3,
    ]:
        y = (0.5 * fade * np.sin(2 * np.pi * hz * np.arange(4 * sr) / sr)).astype(np.float32)
        power = filters.power(y) / np.mean(np.square(y, dtype=np.float64))
        lowest, highest = class_1_limits(hz / exact_frequencies(np.array(bands)))
        assert (-10 * np.log10(power) >= lowest).all(), hz
        assert (-10 * np.log10(power) <= highest).all(), hz


@pytest.mark.parametrize("sr", [16000, 44100, 48000])
def test_white_noise_has_the_power_of_ideal_bands(sr):
    bands = (500.0, 1000.0, 2000.0, 4000.0, 6300.0)
    y = signals.noise(sr, duration=60.0)
    ideal = exact_frequencies(np.array(bands)) * (EDGE - 1 / EDGE) / (sr / 2)
    power = ThirdOctaves(bands, sr).power(y) / np.mean(np.square(y, dtype=np.float64))
    np.testing.assert_allclose(10 * np.log10(power / ideal), 0, atol=0.1)


def test_the_noise_bandwidth_is_that_of_an_ideal_filter():
    # IEC 61260-1, 5.11: within 0.4 dB for class 1.
    for sr in RATES:
        for middle in exact_frequencies(np.array(NOMINAL)).tolist():
            if sr / 10 < middle < sr / 2 / EDGE:
                frequency = np.linspace(0, sr / 2, 20001)
                _, gain = sosfreqz(band_sections(middle, sr), frequency, fs=sr)
                bandwidth = np.mean(np.abs(gain) ** 2) * sr / 2
                assert 10 * np.log10(bandwidth / middle / (EDGE - 1 / EDGE)) == pytest.approx(
                    0, abs=0.05
                )


def test_a_band_above_half_the_rate_is_undefined():
    power = ThirdOctaves((4000.0, 8000.0, 10000.0), 22050).power(signals.noise(22050))
    assert np.isnan(power).tolist() == [False, False, True]
    assert np.isnan(ThirdOctaves((25.0,), 2.0).power(np.ones(3, dtype=np.float32))).all()


def test_wind_and_offset_do_not_spread_over_the_bands():
    sr, bands = 22050, (1000.0, 4000.0)
    quiet = signals.noise(sr, 3.0, amplitude=1e-4)
    wind = 0.25 + 0.25 * np.cos(2 * np.pi * 6 * signals.time(sr, 3.0))
    plain, windy = (ThirdOctaves(bands, sr).power(y) for y in (quiet, quiet + np.float32(1) * wind))
    np.testing.assert_allclose(10 * np.log10(windy / plain), 0, atol=0.1)


def test_a_sound_at_either_end_counts_in_full():
    sr, bands = 22050, (63.0, 1000.0)
    for begin in (0.0, 0.9, 1.8):
        t = signals.time(sr, 2.0) - begin
        y = np.where((t >= 0) & (t < 0.2), signals.noise(sr, 2.0, seed=3), 0).astype(np.float32)
        level = 10 * np.log10(ThirdOctaves(bands, sr).power(y) / 0.001)
        ideal = 10 * np.log10(exact_frequencies(np.array(bands)) * (EDGE - 1 / EDGE) / (sr / 2))
        np.testing.assert_allclose(level, ideal, atol=3)  # of a noise of 0.2 s


def test_the_size_of_pieces_does_not_matter(monkeypatch):
    y = signals.noise(22050, 1.234)
    filters = ThirdOctaves(NOMINAL[:26], 22050)
    whole = filters.power(y)
    monkeypatch.setattr(disk_array, "PIECE_SAMPLES", 331)
    np.testing.assert_allclose(filters.power(y), whole, rtol=1e-12)
