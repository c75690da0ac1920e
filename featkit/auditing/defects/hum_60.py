"""Hum of mains at 60 Hz, as in America, Korea, Taiwan and western Japan."""

from __future__ import annotations

from featkit.auditing.signal.mains_hum import hum_defect

DEFECT = hum_defect("hum_60", 60.0)
