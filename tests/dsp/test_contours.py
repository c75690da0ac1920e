"""Rising and falling parts of a curve."""

import numpy as np
import pytest

from featkit.dsp.contours import opensmile_slopes, part_slopes, turning_points


def test_a_triangle_turns_at_its_ends_and_at_its_peak():
    curve = np.concatenate([np.arange(10.0), np.arange(8, -1, -2.0)])
    assert turning_points(curve, 1.0).tolist() == [0, 9, 14]
    rising, falling = part_slopes(curve, 0.1, 1.0)
    np.testing.assert_allclose(rising, [10])
    np.testing.assert_allclose(falling, [9 / 0.5])


def test_small_changes_of_direction_do_not_count():
    curve = np.array([0, 2, 1.5, 4, 3.8, 6, 0, 0.3, 0.1, 5])
    assert turning_points(curve, 1.0).tolist() == [0, 5, 6, 9]
    assert turning_points(curve, 0.0).tolist() == list(range(10))
    assert turning_points(curve, 10.0).tolist() == [0, 9]


@pytest.mark.parametrize("curve", [[1.0], [1.0, 1.0, 1.0]])
def test_a_constant_has_no_parts(curve):
    rising, falling = part_slopes(np.array(curve), 0.01, 0.0)
    assert len(rising) == len(falling) == 0


def test_a_plateau_belongs_to_one_part():
    assert turning_points(np.array([0.0, 2, 2, 2, 0]), 0.5).tolist() in ([0, 1, 4], [0, 3, 4])


def test_a_mirrored_curve_exchanges_rising_and_falling():
    curve = np.cumsum(np.random.default_rng(0).standard_normal(500))
    once, mirrored = part_slopes(curve, 0.01, 2.0), part_slopes(-curve, 0.01, 2.0)
    np.testing.assert_allclose(once.rising, mirrored.falling)
    np.testing.assert_allclose(once.falling, mirrored.rising)


def test_turning_points_alternate_and_differ_by_more_than_the_smallest_change():
    curve = np.cumsum(np.random.default_rng(1).standard_normal(2000))
    points = turning_points(curve, 3.0)
    steps = np.diff(curve[points])
    assert (np.abs(steps[1:-1]) > 3).all()
    assert (steps[1:-2] * steps[2:-1] < 0).all()


@pytest.mark.parametrize(
    ("curve", "rising", "falling"),
    [
        ([0, 4, 0, 6, 3], [4, 6], [4, -3]),
        ([0, 4, 0, 6, 2, 3], [4, 6, 1], [4, 4]),
        ([5, 3, 3.5, 1, 4], [3], [4 / 3]),  # the turn at 3.5 is too small
        ([3, 2, 1], [], [-1]),
        ([1, 2, 3], [1], []),
        ([2, 2], [], []),
        ([2], [], []),
    ],
)
def test_the_last_part_in_opensmile_keeps_its_sign(curve, rising, falling):
    means, deviations = opensmile_slopes(np.array(curve, dtype=float), 1.0, 1.5)
    np.testing.assert_allclose(means.rising, rising)
    np.testing.assert_allclose(means.falling, falling)
    inner = len(deviations.rising) + len(deviations.falling)
    assert inner == max(0, len(rising) + len(falling) - 1)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_small_turn_at_the_beginning_does_not_end_the_first_part(sign):
    curve = sign * np.concatenate([np.linspace(0, 0.5, 6), np.linspace(0.4, -10, 14)])
    parts = part_slopes(curve, 0.1, 1.0)
    falling = parts.falling if sign > 0 else parts.rising
    np.testing.assert_allclose(falling, [10 / 1.9])
    assert len(parts.rising) + len(parts.falling) == 1
