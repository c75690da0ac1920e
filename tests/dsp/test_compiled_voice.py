"""Kernels of the voice refuse arrays that do not fit, instead of reading beyond them."""

import numpy as np
import pytest
from compiled_core import needs_core

from featkit.dsp import _compiled

pytestmark = needs_core


def f(*shape):
    return np.zeros(shape, np.float32)


def d(*shape):
    return np.zeros(shape)


def i(*values):
    return np.array(values, np.int64)


def subharmonics(**changes):
    """Arguments for two frames of 20 samples, transforms of 32, and a bank of 3 rows."""
    arguments = {
        "frames": f(2, 20),
        "window": f(20),
        "roots": f(64),
        "first": i(0, 5, 14),
        "begins": i(0, 3, 6, 9),
        "bank": f(9),
        "shifts": i(0, 1),
        "gains": f(2),
        "weights": f(3),
        "low": 1,
        "high": 2,
        "places": np.zeros((6, 2), np.int64),
        "heights": f(3, 6, 2),
        "mean": f(2),
        "energy": f(2),
    }
    return tuple((arguments | changes).values())


WRONG = {
    "frames of another length": subharmonics(frames=f(41)),
    "a transform shorter than a frame": subharmonics(roots=f(32)),
    "a transform that is no power of two": subharmonics(roots=f(96)),
    "a bank beyond the bins": subharmonics(first=i(0, 5, 15)),
    "a bank before the first bin": subharmonics(first=i(-1, 5, 14)),
    "rows that overlap backwards": subharmonics(begins=i(0, 6, 3, 9)),
    "rows beyond the weights": subharmonics(begins=i(0, 3, 6, 10)),
    "a shift beyond the points": subharmonics(shifts=i(0, 3)),
    "shifts that descend": subharmonics(shifts=i(1, 0)),
    "a peak at the first point": subharmonics(low=0),
    "a peak at the last point": subharmonics(high=3),
    "too many candidates": subharmonics(places=np.zeros((17, 2), np.int64), heights=f(3, 17, 2)),
    "too few heights": subharmonics(heights=f(2, 6, 2)),
}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG)
def test_subharmonics_are_refused(arguments):
    with pytest.raises((ValueError, TypeError)):
        _compiled.core.subharmonics(*arguments)


def test_subharmonics_of_silence_have_no_peaks():
    arguments = subharmonics()
    _compiled.core.subharmonics(*arguments)
    assert (arguments[11] == -1).all()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("best_path", (d(3, 18), d(3, 17), 1.0, 1.0, 1.0, i(0, 0, 0))),
        ("best_path", (d(7), d(4), 1.0, 1.0, 1.0, i(0, 0, 0))),
        ("best_path", (d(0), d(0), 1.0, 1.0, 1.0, i())),
        ("best_path", (d(3, 3), d(3, 3), 1.0, 1.0, 1.0, i(0, 0, 0))),
        ("correlations", (f(2, 8), d(8), i(2), i(0), i(0), d(1))),
        ("correlations", (f(2, 8), d(8), i(-1), i(0), i(0), d(1))),
        ("correlations", (f(2, 8), d(8), i(1), i(-1), i(0), d(1))),
        ("correlations", (f(2, 8), d(8), i(1), i(0), i(8), d(1))),
        ("correlations", (f(0), d(0), i(0), i(0), i(0), d(1))),
        ("periods", (d(50), i(0, 0), i(50), i(4), i(5), i(6), i(0), d(4, 5))),
        ("periods", (d(50), i(0), i(50), i(0), i(5), i(6), i(0), d(4, 5))),
        ("periods", (d(50), i(0), i(50), i(4), i(0), i(6), i(0), d(4, 5))),
        ("periods", (d(50), i(0), i(50), i(4), i(5), i(3), i(0), d(4, 5))),
        ("periods", (d(50), i(0), i(50), i(4), i(5), i(6), i(-1), d(4, 5))),
        ("periods", (d(50), i(0), i(50, 50), i(4), i(5), i(6), i(0), d(4, 5))),
    ],
)
def test_other_calls_are_refused(name, arguments):
    with pytest.raises((ValueError, TypeError)):
        getattr(_compiled.core, name)(*arguments)


def test_periods_stop_at_the_end_of_the_samples_and_of_the_table():
    x = np.sin(2 * np.pi * np.arange(50) / 5)
    for rows in (0, 1, 3, 20):
        table, position = np.full((rows, 5), np.nan), i(0)
        count = _compiled.core.periods(x, i(0), i(99), i(3), i(5), i(7), position, table)
        assert count == min(rows, 8)
        assert position == 5 * count
        assert np.isnan(table[count:]).all()
    assert _compiled.core.periods(x, i(0), i(20), i(3), i(5), i(10**8), i(0), d(4, 5)) == 0
