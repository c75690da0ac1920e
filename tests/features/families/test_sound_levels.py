"""Sound levels and third-octave levels of clips, with the calibration of a recorder."""

import numpy as np
import pytest

import featkit
from featkit import signals
from featkit.features.calibration import CalibrationParameters

SR = 22050


def levels(y, sr=SR, family="sound_level", **parameters):
    features = featkit.feature_set({"features": [{"family": family, **parameters}]})
    (row,) = featkit.analyse([y], sr, features)
    return dict(zip(features.column_names, row, strict=True))


@pytest.mark.parametrize("sr", [8000, 22050, 44100, 48000, 96000])
def test_a_calibrator_has_94_db(sr):
    """A microphone of 50 mV/Pa, 10 dB of gain, a converter of 2 V."""
    pressure = 20e-6 * 10 ** (94 / 20)
    amplitude = np.sqrt(2) * pressure * 0.05 * 10 ** (10 / 20) / 2.0
    how = {"sensitivity": 20 * np.log10(0.05), "gain": 10.0, "full_scale_voltage": 2.0}
    tone = signals.sine(1000.0, sr, 10.0, amplitude)
    values = levels(tone, sr, **how)
    for name in ("laeq", "lceq", "lzeq", "leq", "la_max", "la10", "la50", "la90"):
        assert values[name] == pytest.approx(94.0, abs=0.02), name
    bands = levels(tone, sr, "third_octave_levels", highest=1250.0, **how)
    assert bands["third_octave_level_1000"] == pytest.approx(94.0, abs=0.02)
    assert bands["third_octave_level_630"] < 94 - 40


def test_levels_shift_by_the_calibration():
    y = signals.noise(SR, 2.0)
    plain = levels(y)
    louder = levels(y, sensitivity=-20.0, gain=6.0, full_scale_voltage=10.0)
    for name, value in plain.items():
        assert louder[name] - value == pytest.approx(20 - 6 + 20, abs=1e-9)


def test_white_noise_has_the_level_of_its_weighted_spectrum():
    from featkit.dsp.weighting import weighting_gain

    y = signals.noise(SR, 30.0)
    frequency = np.linspace(1, SR / 2, 20000)
    values = levels(y)
    for name, weighting in (("laeq", "A"), ("lceq", "C")):
        power = np.mean(weighting_gain(weighting, frequency) ** 2)
        assert values[name] - values["lzeq"] == pytest.approx(10 * np.log10(power), abs=0.1)


def test_percentiles_are_levels_exceeded_for_a_share_of_the_time():
    amplitude = np.where(signals.time(SR, 20.0) < 5, 0.3, 0.003).astype(np.float32)
    y = signals.sine(1000.0, SR, 20.0, amplitude=1.0) * amplitude  # a quarter of the time
    loud, quiet = (93.98 + 20 * np.log10(a / np.sqrt(2)) for a in (0.3, 0.003))
    values = levels(y)
    assert values["la10"] == pytest.approx(loud, abs=0.02)
    assert values["la50"] == pytest.approx(quiet, abs=0.02)
    assert values["la90"] == pytest.approx(quiet, abs=0.02)
    assert values["la_max"] == pytest.approx(loud, abs=0.02)


def test_an_offset_counts_in_leq_only():
    y = signals.noise(SR, 2.0, amplitude=0.001)
    plain, shifted = levels(y), levels(y + np.float32(0.1))
    for name in ("laeq", "lceq", "lzeq", "la_max", "la10", "la50", "la90"):
        assert shifted[name] == pytest.approx(plain[name], abs=0.01), name
    assert shifted["leq"] == pytest.approx(93.98 - 20, abs=0.01)


def test_a_constant_and_a_low_rate_have_no_weighted_levels():
    constant = levels(signals.constant(SR, value=0.5))
    assert constant["leq"] == pytest.approx(93.98 - 6.02, abs=0.01)
    assert np.isnan([constant[name] for name in ("laeq", "lceq", "lzeq", "la50")]).all()
    low = levels(signals.noise(1000), 1000)
    assert np.isnan([low[name] for name in ("laeq", "lceq", "la_max", "la90")]).all()
    assert np.isfinite([low["leq"], low["lzeq"]]).all()


def test_definitions_state_the_calibration():
    features = featkit.feature_set({"features": [{"family": "sound_level"}]})
    assert "without calibration, a sample of full scale has 1 Pa" in features.columns[0].definition
    assert features.columns[0].unit == "dB re 20 µPa"
    calibrated = features.calibrated(sensitivity=-20)
    assert "a sample of full scale has 10 Pa" in calibrated.columns[0].definition


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"lowest": 26.0}, "lowest must be one of 20, 25, 31.5"),
        ({"highest": 44100.0}, "highest must be one of"),
        ({"lowest": 1000.0, "highest": 500.0}, "lowest must be at most highest, 500, got 1000"),
    ],
)
def test_bands_that_do_not_exist_are_errors(parameters, message):
    with pytest.raises(featkit.ParameterError, match=message):
        levels(signals.noise(SR), family="third_octave_levels", **parameters)


def test_a_column_of_an_unknown_band_is_an_error():
    with pytest.raises(featkit.ParameterError, match="no band '999'"):
        featkit.describe("third_octave_level_999")
    assert featkit.describe("third_octave_level_31p5").unit == "dB re 20 µPa"


def test_levels_of_nothing_are_undefined():
    power = np.array([0.0, 1.0, 4e-10])
    expected = [np.nan, 93.9794, 0.0]
    np.testing.assert_allclose(CalibrationParameters().levels(power), expected, atol=1e-4)


def test_levels_are_those_of_scikit_maad():
    spl = pytest.importorskip("maad.spl")
    y = signals.noise(SR, 3.0).astype(np.float64) + 0.01
    leq = spl.wav2leq(y, SR, gain=26, Vadc=2.5, dt=3, sensitivity=-35, dBref=20 * np.log10(5e4))
    values = levels(y.astype(np.float32), sensitivity=-35.0, gain=26.0, full_scale_voltage=1.25)
    assert values["leq"] == pytest.approx(float(np.ravel(leq)[0]), abs=1e-3)


def test_bands_are_those_of_mosqito():
    meter = pytest.importorskip("mosqito.sound_level_meter")
    y = signals.noise(48000, 5.0)
    rms, _ = meter.noct_spectrum(y.astype(np.float64), 48000, 100, 8000)
    own = levels(y, 48000, "third_octave_levels", lowest=100.0)
    expected = 20 * np.log10(np.ravel(rms) / 20e-6)
    np.testing.assert_allclose(list(own.values()), expected, atol=0.15)
