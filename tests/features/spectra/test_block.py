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


@pytest.mark.parametrize("name", ["mel_flux", "median_mel_flux"])
def test_the_flux_of_a_blocks_first_frame_uses_the_frame_before(name, monkeypatch):
    expected = over_all_frames(name)
    monkeypatch.setattr(stack_module, "BLOCK_FRAMES", 7)
    np.testing.assert_array_equal(over_all_frames(name), expected)


def test_the_previous_spectrum_is_that_of_the_frame_before(monkeypatch):
    first, *_ = Stack([CLIP], SR, SpectraParameters()).blocks()
    monkeypatch.setattr(stack_module, "BLOCK_FRAMES", 1)
    previous = over_all_frames("previous_normalised_S")
    np.testing.assert_array_equal(previous[:, 1:], first.normalised_S[:, :-1])
