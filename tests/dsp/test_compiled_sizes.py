"""The compiled core stays within its arrays, also for sizes whose products overflow."""

import numpy as np
import pytest
from compiled_core import needs_core

from featkit.dsp import _compiled

pytestmark = needs_core

LARGEST = 2**63 - 1


def f(*shape):
    return np.zeros(shape, np.float32)


def d(*shape):
    return np.zeros(shape)


def i(*values):
    return np.array(values, np.int64)


def kinds(*values):
    return np.array(values, np.int32)


def pitches(shortest, longest):
    arrays = [f(64), d(5, 16), d(1), d(1), d(1), np.zeros(1, bool)]
    return (f(16), i(0), 16, 16, shortest, longest, 0.1, 1e-9, *arrays)


WRONG = {
    "spectra of too many rows": ("transforms", (f(0), 2**62, f(32), f(0))),
    "bins times frames": ("rolloffs", (f(0), 2**62, f(0), 2**62, (0.5,), 0.1, kinds(), f(4) > 0)),
    "halves of the largest size": ("cosines", (f(0), LARGEST, f(0), f(0))),
    "statistics of too many rows": (
        "statistics",
        (f(0), True, 2**62, i(0, 0), kinds(0, 1, 2, 3), d(4), d(0)),
    ),
    "derivatives of too many rows": ("deltas", (f(0), 2**62, i(0), f(1), f(1), f(0))),
    "peaks of too many bins": (
        "peaks",
        (f(0), 2**62, f(0), 1, 2**61, 22050.0, 2048.0, i(), d(0), d(0)),
    ),
    "envelopes of too many intervals": (
        "envelopes",
        (d(4), i(0, 4), 2**61, 0.2, 0.8, 0.5, d(4, 1)),
    ),
    "a sample before the first": (
        "intervals",
        (f(8), 2**53 + 1, 2**53, 2**53 + 4, 1.0, d(4)),
    ),
    "an end beyond the greatest number": ("intervals", (f(8), LARGEST, 0, 1, 2.0, d(1))),
    "too few samples to mirror": (
        "bands",
        (f(1, 1), 1, 1, True, d(64), d(64), d(1, 1, 64), i(0), d(1, 2, 5)),
    ),
    "the greatest period": ("pitch", pitches(LARGEST, 9)),
    "the least period": ("pitch", pitches(2, -LARGEST - 1)),
    "weights from the least number on": (
        "bank",
        (f(4, 8), 4, 0, 8, i(0), i(-LARGEST - 1, LARGEST), f(3), f(1, 8)),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_sizes_that_do_not_fit_the_arrays_are_refused(case):
    function, arguments = WRONG[case]
    with pytest.raises(ValueError, match=r"must|not within|out of range|at most|do not fit"):
        getattr(_compiled.core, function)(*arguments)


@pytest.mark.parametrize("begin", [-LARGEST - 1, -1, 0, 16, LARGEST])
@pytest.mark.parametrize("end", [-LARGEST - 1, 0, 16, LARGEST])
def test_clips_may_lie_beyond_the_samples(begin, end):
    y = np.tile(np.array([1, -1], np.float32), 8)
    crossings = np.empty(1, np.int32)
    _compiled.core.frames(y, i(0), 16, 16, i(begin), i(end), 0.0, False, crossings)
    inside = begin <= 0 and end >= 16
    assert crossings.tolist() == [15 if inside else 0]


@pytest.mark.parametrize("function", ["transforms", "cosines", "deltas", "decibels"])
def test_no_frames_are_no_values(function):
    arguments = {
        "transforms": (f(1, 0), 1, f(32), f(1, 18)),
        "cosines": (f(4, 0), 4, f(2, 2), f(2, 0)),
        "deltas": (f(3, 0), 3, i(0, 0), f(3), f(3), f(2, 3, 0)),
        "decibels": (f(0), 1e-10, f(0)),
    }
    assert getattr(_compiled.core, function)(*arguments[function]) is None
