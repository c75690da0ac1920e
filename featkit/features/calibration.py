"""Calibration: the sound pressure of a sample, from the recorder's sensitivity and gain.

A sample of full scale is the peak voltage of the converter. Divided by the gain and by the
sensitivity of the microphone, it is a pressure.
"""

from __future__ import annotations

from featkit._utils.parameters import Parameters, parameter

REFERENCE_PRESSURE = 20e-6
"""Reference of sound pressure levels in Pa, ISO 1683."""


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
