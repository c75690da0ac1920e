"""Counts, durations, shares and rates as text."""

import pytest

from featkit._utils.formatting import (
    counted,
    duration,
    percent,
    printable,
    rounded,
    sample_rate,
    significant,
)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, "0 s"),
        (0.00021, "0.21 ms"),
        (0.35, "0.35 s"),
        (1.0, "1 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (45.2, "45 s"),
        (99.4, "99 s"),
        (99.6, "2 min"),
        (12 * 60, "12 min"),
        (3 * 3600 + 20 * 60, "3 h 20 min"),
        (2 * 3600 - 1, "2 h"),
        (48 * 3600, "2 d"),
        (52.4 * 3600, "2 d 4 h"),
    ],
)
def test_a_duration_is_in_suitable_units(seconds, expected):
    assert duration(seconds) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(-0.0, "0"), (2.0, "2"), (0.034567, "0.03457"), (12345.6, "12346"), (-1922.4, "-1922")],
)
def test_a_value_has_four_significant_digits(value, expected):
    assert significant(value) == expected


@pytest.mark.parametrize(
    ("count", "total", "expected"),
    [
        (0, 7, "0.0%"),
        (1, 30000, "<0.1%"),
        (1, 8, "12.5%"),
        (29999, 30000, ">99.9%"),
        (7, 7, "100.0%"),
    ],
)
def test_a_small_share_is_not_shown_as_0_nor_a_large_one_as_100_percent(count, total, expected):
    assert percent(count / total) == expected


def test_a_noun_follows_its_count():
    assert [counted(n, "row") for n in (0, 1, 2000)] == ["0 rows", "1 row", "2,000 rows"]


def test_a_small_number_is_not_rounded_to_0():
    assert [rounded(rate) for rate in (0.034, 3.26, 1234.5)] == ["0.034", "3.3", "1234"]
    assert [rounded(seconds, 1) for seconds in (0.35, 2.25, 72.04)] == ["0.35", "2.2", "72.0"]


def test_a_rate_has_all_its_digits():
    assert [sample_rate(rate) for rate in (22050.0, 1e6, "native")] == [
        *("22,050 Hz", "1,000,000 Hz", "native")
    ]


def test_a_percent_sign_may_follow_a_space():
    assert percent(0.5, "\u00a0") == "50.0\u00a0%"


def test_control_characters_are_escaped():
    assert printable("é\x1b[31m\n") == "é\\x1b[31m\\n"
