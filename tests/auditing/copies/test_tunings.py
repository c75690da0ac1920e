"""A recording out of tune is found in a group that is in tune."""

import numpy as np
import pytest

from featkit.auditing.copies.tunings import find_detuned


def tuning(cents: float, agreement: float = 0.7, peaks: int = 1000) -> np.ndarray:
    """The sums of a recording with a tuning."""
    turns = peaks * agreement * np.exp(2j * np.pi * cents / 100)
    return np.array([[turns.real, turns.imag, peaks, peaks]])


def group_of(cents: list[float], **options: float) -> dict[str, np.ndarray]:
    return {f"r{k}": tuning(one, **options) for k, one in enumerate(cents)}


@pytest.mark.parametrize("centre", [0, 30, 48])
@pytest.mark.parametrize("deviation", [-35, 28])
def test_an_outlier_is_reported_with_its_deviation(centre: float, deviation: float) -> None:
    cents = [centre + one for one in (-3, 1, 0, 2, -1, 4, -2, 0, 1, deviation)]
    (one,) = find_detuned(group_of(cents), dict.fromkeys([f"r{k}" for k in range(10)], "a"))
    assert one.name == "r9"
    assert one.cents == pytest.approx(deviation, abs=2)
    assert one.size == 10


@pytest.mark.parametrize(
    "cents",
    [
        [-40, -25, -10, 0, 10, 20, 30, 45, 5, -5],
        [0, 1, -1, 2, -2, 3, 0, 1, 2, 12],
        [0, 0, 0, 40],
    ],
    ids=["no common tuning", "a small deviation", "few recordings"],
)
def test_nothing_is_reported_of(cents: list[float]) -> None:
    groups = {f"r{k}": "a" for k in range(len(cents))}
    assert find_detuned(group_of(cents), groups) == []


def test_noise_has_no_tuning() -> None:
    values = group_of([0.0] * 9) | {"noise": tuning(40, agreement=0.05), "short": np.empty((0, 4))}
    assert find_detuned(values, dict.fromkeys(values, "a")) == []
