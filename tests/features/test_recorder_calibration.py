"""Calibration: pressure of full scale from sensitivity, gain and voltage."""

import pytest

from featkit.features.calibration import CalibrationParameters


def test_full_scale_is_one_pascal_by_default():
    assert CalibrationParameters().pascals == 1.0


def test_sensitivity_and_gain_divide_and_the_voltage_multiplies():
    """-35 dB re 1 V/Pa and 42 dB are 7 dB; 2 V of full scale."""
    p = CalibrationParameters(sensitivity=-35.0, gain=42.0, full_scale_voltage=2.0)
    assert p.pascals == pytest.approx(2 / 10 ** (7 / 20))
