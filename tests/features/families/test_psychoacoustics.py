"""Psychoacoustic families agree with published values, with their definitions, and with MoSQITo."""

import numpy as np
import pytest

import featkit
from featkit import signals
from featkit.dsp import zwicker_levels
from featkit.dsp.calibrated_signals import band_noise, modulated_tone, pressure, tone
from featkit.dsp.discrete_tones import (
    critical_band,
    critical_bandwidth,
    discrete_tones,
    prominence_criterion,
    tone_to_noise_criterion,
)
from featkit.dsp.zwicker_decay import decayed
from featkit.dsp.zwicker_levels import LEVEL_RATE
from featkit.dsp.zwicker_time import ZwickerLoudness

SR = 22050


def values_of(y, family, sr=SR, statistic="mean", **parameters):
    entry = {"family": family, **parameters}
    if family != "tonality":
        entry["statistics"] = [statistic]
    features = featkit.feature_set({"features": [entry]})
    return featkit.analyse([np.asarray(y, dtype=np.float32)], sr, features)[0]


def loudness(y, sr=SR, **parameters):
    return values_of(y, "zwicker_loudness", sr, **parameters)[0]


def stationary(y, sr=SR, **parameters):
    return loudness(y, sr, method="stationary", **parameters)


@pytest.mark.parametrize("sr", [8000, 16000, 44100, 96000])
@pytest.mark.parametrize(
    ("frequency", "level", "sone"),
    [(1000, 40, 1.0), (1000, 60, 4.019), (250, 80, 14.655)],
)
def test_the_loudness_of_tones_does_not_depend_on_the_sample_rate(frequency, level, sone, sr):
    assert stationary(tone(frequency, level, sr, 1.0), sr) == pytest.approx(sone, rel=0.02)


def test_a_steady_tone_is_as_loud_over_time():
    y = tone(1000, 60, SR, 1.0)
    assert values_of(y, "zwicker_loudness", statistic="p95")[0] == pytest.approx(4.019, rel=0.005)


def test_10_phon_more_are_twice_the_loudness():
    soft, loud = (
        values_of(tone(1000, level, SR, 1.0), "zwicker_loudness", method="stationary")
        for level in (60, 70)
    )
    assert loud[0] / soft[0] == pytest.approx(2, rel=0.02)
    assert loud[1] - soft[1] == pytest.approx(10, abs=0.2)


def over_time(y, sr=SR):
    """Loudness every 2 ms."""
    return ZwickerLoudness([np.asarray(y, dtype=np.float32)], sr).values(
        "time_varying", 20 * np.log10(1 / 20e-6), diffuse=False
    )[0][0]


def burst(seconds):
    """A tone with fades of 5 ms, after 0.1 s of silence and before at least 0.4 s."""
    t = signals.time(SR, seconds)
    fades = np.clip(np.minimum(t, seconds - t) / 0.005, 0, 1)
    y = np.zeros(SR)
    y[2205 : 2205 + len(t)] = tone(1000, 60, SR, seconds) * np.sin(np.pi / 2 * fades) ** 2
    return y


def test_a_short_tone_is_softer():
    peaks = [over_time(burst(seconds)).max() for seconds in (0.02, 0.1, 0.5)]
    assert peaks[0] < 0.75 * peaks[1]
    assert peaks[1] < 0.95 * peaks[2]
    assert peaks[2] == pytest.approx(4.019, rel=0.01)


def test_loudness_decays_after_a_tone_and_slower_after_a_long_one():
    short, long = (over_time(burst(seconds)) for seconds in (0.02, 0.5))
    after_short, after_long = short[60:], long[300:]  # from the end of the tone
    # Half of the loudness has gone after 10 to 100 ms.
    halves = [np.argmax(n < n[0] / 2) / 500 for n in (after_short, after_long)]
    assert 0.01 < halves[0] < 0.1
    assert 0.01 < halves[1] < 0.1
    assert (np.diff(after_long[10:]) <= 1e-9).all()


def test_a_second_of_the_decay_does_not_depend_on_the_others():
    core = np.random.default_rng(0).uniform(0, 1, (3, 6 * LEVEL_RATE)) ** 20
    whole, last = decayed(core, 6), decayed(core, 2)
    np.testing.assert_allclose(last, whole[:, -2 * LEVEL_RATE :], rtol=1e-8)
    assert (whole >= core).all()


def test_frames_do_not_depend_on_the_batches(monkeypatch):
    y = band_noise(50, 8000, 60, SR, 5.0) * (signals.time(SR, 5.0) % 0.5 < 0.2)
    whole = over_time(y)
    monkeypatch.setattr(zwicker_levels, "BATCH", 4)
    np.testing.assert_allclose(over_time(y), whole, rtol=1e-5, atol=1e-5)


def test_sensitivity_and_gain_are_a_change_of_the_level():
    y = tone(1000, 60, SR, 1.0)
    assert stationary(y, sensitivity=-20.0) == pytest.approx(stationary(10 * y), rel=1e-6)
    assert stationary(y, gain=20.0) == pytest.approx(stationary(y / 10), rel=1e-6)
    assert stationary(y, full_scale_voltage=10.0) == pytest.approx(stationary(10 * y), rel=1e-6)


def test_a_diffuse_field_differs():
    y = tone(4000, 60, SR, 1.0)
    assert stationary(y, sound_field="diffuse") != pytest.approx(stationary(y), rel=0.02)


@pytest.mark.parametrize(
    ("low", "high", "acum"), [(200, 300, 0.38), (920, 1080, 1.0), (2320, 2700, 1.78)]
)
def test_bands_of_4_sone_have_the_sharpness_of_din_45692(low, high, acum):
    y = band_noise(low, high, 60, SR, 2.0)
    level = 60.0
    for _ in range(4):  # to 4 sone, as in the standard
        level += 33 * np.log10(4 / stationary(y * (pressure(level) / pressure(60))))
    y = y * (pressure(level) / pressure(60))
    sharpness = values_of(y, "sharpness", method="stationary")[0]
    assert sharpness == pytest.approx(acum, abs=0.05)


def test_high_sounds_are_sharper_with_the_weighting_of_aures():
    y = band_noise(3700, 4400, 60, SR, 2.0)
    din, bismarck, aures = (
        values_of(y, "sharpness", method="stationary", weighting=weighting)[0]
        for weighting in ("din", "bismarck", "aures")
    )
    assert din == pytest.approx(2.82, rel=0.05)
    assert bismarck == pytest.approx(din, rel=0.05)
    assert aures > 1.3 * din


def roughness(y, sr=SR):
    return values_of(y, "roughness", sr)[0]


def test_roughness_is_a_band_pass_over_modulation_frequency():
    rates = [10, 20, 40, 70, 100, 160, 300]
    values = [roughness(modulated_tone(1000, rate, 60, SR, 0.5)) for rate in rates]
    assert np.argmax(values) == 3
    assert values[3] == pytest.approx(1, abs=0.06)
    assert (np.diff(values[:4]) > 0).all()
    assert (np.diff(values[3:]) < 0).all()
    assert 0.4 < values[2] < 0.7  # Fastl and Zwicker 2007, chapter 11: 0.6 at 40 Hz
    assert 0.5 < values[4] < 0.85  # 0.75 at 100 Hz


def test_roughness_grows_with_the_depth_of_modulation():
    depths = np.array([0.125, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0])
    values = [roughness(modulated_tone(1000, 70, 60, SR, 0.5, depth)) for depth in depths]
    # A power of the depth: 1.6 in Fastl and Zwicker 2007, chapter 11.
    np.testing.assert_allclose(values, depths**1.6, atol=0.08)


def test_roughness_does_not_depend_on_the_place_of_a_tone_between_channels():
    values = [roughness(modulated_tone(f, 70, 60, SR, 0.5)) for f in range(940, 1081, 20)]
    assert np.ptp(values) < 0.12


@pytest.mark.parametrize(("frequency", "rate"), [(250, 40), (500, 50), (2000, 70), (4000, 70)])
def test_tones_of_other_frequencies_are_less_rough(frequency, rate):
    assert 0.3 < roughness(modulated_tone(frequency, rate, 60, SR, 0.5)) < 0.9


def fluctuation(y, sr=SR):
    return values_of(y, "fluctuation_strength", sr)[0]


def test_fluctuation_strength_follows_the_formula_of_fastl_and_zwicker():
    for rate in (1, 2, 4, 8, 16, 32):
        value = fluctuation(modulated_tone(1000, rate, 60, SR, 2.0))
        assert value == pytest.approx(2 / (rate / 4 + 4 / rate), abs=0.03)


def test_modulated_noise_has_the_fluctuation_strength_of_fastl_and_zwicker():
    y = band_noise(50, 10000, 60, SR, 2.0)
    modulated = y * (1 + np.sin(2 * np.pi * 4 * signals.time(SR, 2.0))) / np.sqrt(1.5)
    # 5.8 (1.25 m - 0.25) (0.05 L - 1) / ((f / 5)^2 + 4 / f + 1.5), chapter 10
    assert fluctuation(modulated) == pytest.approx(5.8 * 2 / (0.8**2 + 1 + 1.5), rel=0.2)


def test_fluctuation_strength_is_tripled_by_40_db():
    soft, loud = (fluctuation(modulated_tone(1000, 4, level, SR, 2.0)) for level in (40, 80))
    assert 2 < loud / soft < 4  # Fastl and Zwicker 2007, chapter 10


def test_noise_has_less_fluctuation_strength_than_modulated_noise():
    y = band_noise(50, 8000, 60, SR, 2.0)
    modulated = y * (1 + np.sin(2 * np.pi * 4 * signals.time(SR, 2.0)))
    assert fluctuation(y) < 0.02 * fluctuation(modulated)


def test_critical_bands_are_those_of_ecma_418_1():
    assert critical_bandwidth(np.array([1000.0, 500.0])) == pytest.approx([162.2, 117.3], abs=0.05)
    low, high = critical_band(np.array([1000.0]))
    assert [low[0], high[0]] == pytest.approx([922.2, 1084.4], abs=0.05)
    assert tone_to_noise_criterion(np.array([2000.0, 100.0])) == pytest.approx([8, 16.33])
    assert prominence_criterion(np.array([2000.0, 100.0])) == pytest.approx([9, 19])


@pytest.mark.parametrize(("frequency", "above"), [(200, 12), (1000, 20), (1000, 6), (5000, 15)])
def test_tone_to_noise_ratio_is_that_of_the_powers(frequency, above):
    noise = signals.noise(SR, 20.0, amplitude=0.01)
    density = 0.01**2 / (SR / 2)
    power = 10 ** (above / 10) * density * float(critical_bandwidth(np.array(frequency)))
    y = noise + signals.sine(frequency, SR, 20.0, float(np.sqrt(2 * power)))
    ratio, found_at, prominence, _ = values_of(y, "tonality")
    assert ratio == pytest.approx(above, abs=0.6)
    assert found_at == pytest.approx(frequency, abs=1)
    assert prominence == pytest.approx(10 * np.log10(1 + 10 ** (above / 10)), abs=0.8)


def test_two_close_tones_are_one_and_others_are_no_noise():
    noise = signals.noise(SR, 10.0, amplitude=0.01)
    one = noise + signals.sine(150, SR, 10.0, 0.02)
    close = one + signals.sine(160, SR, 10.0, 0.02)
    far = noise + signals.sine(1000, SR, 10.0, 0.02)
    others = far + signals.sine(1050, SR, 10.0, 0.02)
    alone, joined, single, second = (
        discrete_tones(y, SR).tone_to_noise[0] for y in (one, close, far, others)
    )
    assert joined - alone == pytest.approx(10 * np.log10(2), abs=0.3)
    assert second == pytest.approx(single, abs=0.5)


def test_mosqito_has_the_same_values():
    pytest.importorskip("mosqito")
    from mosqito import sq_metrics

    sr = 48000
    y = band_noise(100, 12000, 70, sr, 1.0) + tone(800, 65, sr, 1.0)
    precise = y.astype(np.float64)
    assert stationary(y, sr) == pytest.approx(sq_metrics.loudness_zwst(precise, sr)[0], rel=0.02)
    own = values_of(y, "sharpness", sr, method="stationary")[0]
    assert own == pytest.approx(sq_metrics.sharpness_din_st(precise, sr), rel=0.02)
    reference = np.max(sq_metrics.loudness_zwtv(precise[:9600], sr)[0])
    assert over_time(y[:9600], sr).max() == pytest.approx(reference, rel=0.01)
    reference = np.mean(sq_metrics.roughness_dw(modulated_tone(1000, 70, 60, sr, 0.4), sr)[0])
    assert roughness(modulated_tone(1000, 70, 60, sr, 0.4), sr) == pytest.approx(reference, rel=0.1)
