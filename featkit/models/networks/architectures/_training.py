"""Parameters of the training that all networks share.

They are moderate values, tried on ESC-10 with one or two folds and one seed. Most differences
between trials, such as with and without mixup, were within the error of 80 recordings per fold.
Masks are half as wide as those of SpecAugment, because the training loss is still high after the
number of epochs that a CPU can afford.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

SHARED: Mapping[str, Any] = MappingProxyType(
    {
        "label_smoothing": 0.1,
        "mixup": 0.2,
        "time_shift": 0.5,
        "gain_db": 8.0,
        "frequency_mask": 24 / 128,
        "time_mask": 24 / 128,
    }
)
"""Regularisation and augmentation; a shift of 0.5 is any rotation."""
