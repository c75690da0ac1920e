"""Quantities of a block that depend on the frame before it."""

import numpy as np
import pytest

from featkit import signals
from featkit.features.spectra import stack as stack_module
from featkit.features.spectra.parameters import SpectraParameters
from featkit.features.spectra.stack import Stack

SR = 22050
CLIP = signals.clicks(100, SR, duration=2.0) + signals.noise(SR, 2.0, amplitude=0.01)


def over_all_frames(name):
    blocks = Stack([CLIP], SR, SpectraParameters()).blocks()
    return np.concatenate([np.atleast_2d(getattr(block, name)) for block in blocks], axis=1)


@pytest.mark.parametrize("name", ["mel_flux", "median_mel_flux", "flux"])
def test_the_flux_of_a_blocks_first_frame_uses_the_frame_before(name, monkeypatch):
    expected = over_all_frames(name)
    monkeypatch.setattr(stack_module, "BLOCK_FRAMES", 7)
    np.testing.assert_array_equal(over_all_frames(name), expected)
