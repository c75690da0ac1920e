"""Calibration: the sound pressure of a sample, from the recorder's sensitivity and gain.

A sample of full scale is the peak voltage of the converter. Divided by the gain and by the
sensitivity of the microphone, it is a pressure.
"""

from __future__ import annotations

import math

import numpy as np

from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array

REFERENCE_PRESSURE = 20e-6
"""Reference of sound pressure levels in Pa, ISO 1683."""

LEVEL_UNIT = "dB re 20 µPa"
"""Unit of sound pressure levels."""


class CalibrationParameters(Parameters):
    """Sensitivity of the microphone, gain, and range of the converter.

    The defaults give a sample of full scale a pressure of 1 Pa: levels are then relative to
    full scale, plus 94 dB.
    """

    sensitivity: float = parameter(
        0.0, "sensitivity of the microphone in dB re 1 V/Pa", at_least=-200, at_most=100
    )
    gain: float = parameter(
        0.0, "gain between microphone and converter in dB", at_least=-200, at_most=200
    )
    full_scale_voltage: float = parameter(
        1.0, "voltage of a sample of full scale, in V", above=0, at_most=1e6
    )

    @property
    def pascals(self) -> float:
        """Sound pressure of a sample of full scale, in Pa."""
        amplification = float(10 ** ((self.sensitivity + self.gain) / 20))
        return self.full_scale_voltage / amplification

    @property
    def full_scale_level(self) -> float:
        """Sound pressure level of a constant signal of full scale, in dB re 20 µPa."""
        return float(20 * math.log10(self.pascals / REFERENCE_PRESSURE))

    @property
    def text(self) -> str:
        """The pressure of a sample of full scale, for a definition."""
        if self.pascals == 1:
            return "without calibration, a sample of full scale has 1 Pa (94 dB)"
        return f"a sample of full scale has {self.pascals:g} Pa"

    def levels(self, power: Array) -> Array:
        """Convert mean squares of samples to sound pressure levels.

        Parameters
        ----------
        power : array
            Mean squares; full scale is 1.

        Returns
        -------
        array of float64
            dB re 20 µPa, of the shape of `power`; NaN for 0.
        """
        squares = np.where(power > 0, power, np.nan)
        return np.asarray(10 * np.log10(squares) + self.full_scale_level)
