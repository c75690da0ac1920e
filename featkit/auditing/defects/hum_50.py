"""Hum of mains at 50 Hz, as in Europe, Africa, Australia and most of Asia."""

from __future__ import annotations

from featkit.auditing.signal.mains_hum import hum_defect

DEFECT = hum_defect("hum_50", 50.0)
