"""Parameters that the families of Zwicker's loudness share."""

from __future__ import annotations

from featkit._utils.parameters import parameter
from featkit.features.calibration import CalibrationParameters


class ZwickerParameters(CalibrationParameters):
    """Method of ISO 532-1, sound field and calibration."""

    method: str = parameter(
        "time_varying",
        "a value every 2 ms (time_varying), or one of the mean spectrum of the clip (stationary)",
        choices=("time_varying", "stationary"),
    )
    sound_field: str = parameter(
        "free", "sound field in which it was recorded", choices=("free", "diffuse")
    )
