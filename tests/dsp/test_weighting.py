"""Frequency weightings A and C, time weighting F, against IEC 61672-1."""

import numpy as np
import pytest
from scipy.signal import sosfreqz

from featkit import signals
from featkit.dsp import disk_array
from featkit.dsp.weighting import (
    LOWEST_RATE,
    SoundLevel,
    weighting_gain,
    weighting_sections,
)

# IEC 61672-1:2013, table 3: nominal frequency in Hz, weightings A and C in dB, and the acceptance
# limits of class 1 in dB.
TABLE = [
    (10, -70.4, -14.3, 3.0, -np.inf),
    (12.5, -63.4, -11.2, 2.5, -np.inf),
    (16, -56.7, -8.5, 2.0, -4.0),
    (20, -50.5, -6.2, 2.0, -2.0),
    (25, -44.7, -4.4, 2.0, -1.5),
    (31.5, -39.4, -3.0, 1.5, -1.5),
    (40, -34.6, -2.0, 1.0, -1.0),
    (50, -30.2, -1.3, 1.0, -1.0),
    (63, -26.2, -0.8, 1.0, -1.0),
    (80, -22.5, -0.5, 1.0, -1.0),
    (100, -19.1, -0.3, 1.0, -1.0),
    (125, -16.1, -0.2, 1.0, -1.0),
    (160, -13.4, -0.1, 1.0, -1.0),
    (200, -10.9, 0.0, 1.0, -1.0),
    (250, -8.6, 0.0, 1.0, -1.0),
    (315, -6.6, 0.0, 1.0, -1.0),
    (400, -4.8, 0.0, 1.0, -1.0),
    (500, -3.2, 0.0, 1.0, -1.0),
    (630, -1.9, 0.0, 1.0, -1.0),
    (800, -0.8, 0.0, 1.0, -1.0),
    (1000, 0.0, 0.0, 0.7, -0.7),
    (1250, 0.6, 0.0, 1.0, -1.0),
    (1600, 1.0, -0.1, 1.0, -1.0),
    (2000, 1.2, -0.2, 1.0, -1.0),
    (2500, 1.3, -0.3, 1.0, -1.0),
    (3150, 1.2, -0.5, 1.0, -1.0),
    (4000, 1.0, -0.8, 1.0, -1.0),
    (5000, 0.5, -1.3, 1.5, -1.5),
    (6300, -0.1, -2.0, 1.5, -2.0),
    (8000, -1.1, -3.0, 1.5, -2.5),
    (10000, -2.5, -4.4, 2.0, -3.0),
    (12500, -4.3, -6.2, 2.0, -5.0),
    (16000, -6.6, -8.5, 2.5, -16.0),
    (20000, -9.3, -11.2, 3.0, -np.inf),
]

RATES = [2000, 4000, 8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000]


def exact(nominal):
    """The base-ten frequency of a nominal one, in Hz."""
    return 1000 * 10 ** (np.round(10 * np.log10(np.asarray(nominal) / 1000)) / 10)


def response(weighting, frequency, sr):
    """Level in dB."""
    _, gain = sosfreqz(weighting_sections(weighting, sr), frequency, fs=sr)
    return 20 * np.log10(np.abs(gain))


@pytest.mark.parametrize(("weighting", "column"), [("A", 1), ("C", 2)])
def test_the_analogue_gain_is_that_of_the_table(weighting, column):
    table = np.array(TABLE)
    gain = 20 * np.log10(weighting_gain(weighting, exact(table[:, 0])))
    np.testing.assert_allclose(gain, table[:, column], atol=0.051)  # the table has 0.1 dB


@pytest.mark.parametrize("sr", RATES)
@pytest.mark.parametrize(("weighting", "column"), [("A", 1), ("C", 2)])
def test_filters_are_within_a_tenth_of_the_class_1_limits(weighting, column, sr):
    table = np.array([row for row in TABLE if exact(row[0]) <= 0.45 * sr])
    error = response(weighting, exact(table[:, 0]), sr) - table[:, column]
    assert (error <= table[:, 3] / 5 + 0.05).all()
    assert (error >= table[:, 4] / 5 - 0.05).all()


@pytest.mark.parametrize("sr", RATES)
@pytest.mark.parametrize("weighting", ["A", "C"])
def test_the_digital_response_is_the_analogue_one(weighting, sr):
    frequency = np.geomspace(10, 0.4999 * sr, 1000)
    error = response(weighting, frequency, sr)
    error -= 20 * np.log10(weighting_gain(weighting, frequency))
    assert np.abs(error[frequency <= 0.45 * sr]).max() < 0.1
    assert np.abs(error).max() < 0.4


@pytest.mark.parametrize("weighting", ["A", "C"])
def test_filters_are_stable(weighting):
    for sr in RATES:
        poles = np.concatenate([np.roots(row[3:]) for row in weighting_sections(weighting, sr)])
        assert np.abs(poles).max() < 1


def decay(sr):
    """The level in dB after a tone of 4 kHz ends in the middle of two seconds."""
    y = signals.sine(4000.0, sr, 2.0) * (signals.time(sr, 2.0) < 1)
    return 10 * np.log10(SoundLevel(y.astype(np.float32), sr, "A").fast)


@pytest.mark.parametrize("sr", [16000, 22050, 44100])
def test_the_level_decays_by_34_point_7_db_per_second(sr):
    # IEC 61672-1, 5.8: the design goal of F.
    level = decay(sr)
    assert level[150] - level[110] == pytest.approx(-0.4 * 10 / np.log(10) / 0.125, abs=0.01)
    assert len(level) == 200


@pytest.mark.parametrize(("burst", "expected"), [(0.2, -1.0), (0.05, -4.8), (0.01, -11.1)])
def test_tone_bursts_have_the_levels_of_table_4(burst, expected):
    # IEC 61672-1, table 4: maximum level of a burst of 4 kHz relative to the steady tone.
    sr = 48000
    t = signals.time(sr, 2.0)
    steady = signals.sine(4000.0, sr, 2.0)
    y = steady * ((t >= 1) & (t < 1 + burst))
    level = SoundLevel(y.astype(np.float32), sr, "A").fast.max()
    reference = SoundLevel(steady, sr, "A").mean
    # Levels every 10 ms miss up to half a step of the decay, 0.35 dB.
    assert 10 * np.log10(level / reference) == pytest.approx(expected, abs=0.4)


def test_an_offset_does_not_count():
    y = signals.noise(22050, 1.0, amplitude=1e-3)
    plain, shifted = (SoundLevel(x, 22050, "A") for x in (y, y + np.float32(0.25)))
    assert shifted.mean == pytest.approx(plain.mean, rel=1e-4)
    assert shifted.fast.max() == pytest.approx(plain.fast.max(), rel=1e-3)


def test_low_frequencies_at_the_ends_do_not_spread():
    # At its maximum, a tone of 10 Hz would begin with a step, of which the A-weighting lets pass
    # what is above 1 kHz: 30 dB more than the tone itself.
    y = (0.5 * np.cos(2 * np.pi * 10 * signals.time(22050, 2.0))).astype(np.float32)
    level = SoundLevel(y, 22050, "A")
    expected = 20 * np.log10(0.5 / np.sqrt(2) * weighting_gain("A", np.array(10.0)))
    assert 10 * np.log10(level.mean) == pytest.approx(expected, abs=0.5)
    assert 10 * np.log10(level.fast.max()) < expected + 3


def test_pieces_do_not_matter(monkeypatch):
    y = signals.noise(22050, 2.345)
    whole = SoundLevel(y, 22050, "A")
    monkeypatch.setattr(disk_array, "PIECE_SAMPLES", 777)
    parts = SoundLevel(y, 22050, "A")
    np.testing.assert_allclose(parts.fast, whole.fast, rtol=1e-12)
    assert parts.mean == pytest.approx(whole.mean, rel=1e-12)


def test_the_lowest_rate_keeps_the_poles_below_half_of_it():
    assert LOWEST_RATE / 2 > 737.9
