"""Charts for comparisons: marks are at their values and within the chart."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featkit.report import _svg

SHARES = st.floats(0, 1)
UNKNOWN = st.none() | SHARES


def positions(chart):
    """Horizontal positions of dots, lines and bars."""
    dots = [float(x) for x in re.findall(r"M(-?\d+) \d+h0", chart)]
    lines = re.findall(r'd="M(-?\d+) \d+H(-?\d+)"', chart)
    bars = [float(width) for width in re.findall(r'\swidth="([^"]+)"', chart)]
    return [*dots, *[float(x) for line in lines for x in line], *bars]


def test_a_dumbbell_joins_home_and_here():
    chart = _svg.dumbbell(0.75, 0.25)
    assert 'class="change against" d="M750 50H250"' in chart
    assert 'class="dots ring" d="M750 50h0"' in chart
    assert 'class="dots big" d="M250 50h0"' in chart
    assert "change for" in _svg.dumbbell(0.25, 0.75)
    assert "change" not in _svg.dumbbell(None, 0.75)
    assert "big" not in _svg.dumbbell(0.25, None)


def test_a_difference_is_on_both_sides_of_zero():
    chart = _svg.difference(-0.1, -0.2, 0.05, limit=0.2)
    assert 'd="M250 50h0"' in chart
    assert 'd="M0 50H625"' in chart
    assert 'class="rule zero" d="M500 0V100"' in chart


def test_paired_bars_have_intervals_if_known():
    chart = _svg.paired_bars(0.2, 0.1, 0.4, (0.1, 0.3))
    assert re.findall(r'class="(\w+)" y="\d+" height="38" width="([\d.]+)"', chart) == [
        ("for", "500"),
        ("against", "250"),
    ]
    assert chart.count('class="range"') == 1


def test_a_value_without_interval_is_a_dot():
    chart = _svg.interval(0.5, None, None, limit=1, baseline=None)
    assert positions(chart) == [500]


@given(SHARES, UNKNOWN, UNKNOWN, st.sampled_from([0.0, 1.0]))
def test_no_mark_is_outside_of_the_chart(value, low, high, limit):
    ends = None if low is None or high is None else (low, high)
    value = value * limit
    charts = [
        _svg.interval(value, low, high, limit=limit, baseline=low),
        _svg.difference(value, low, high, limit=limit),
        _svg.dumbbell(low, high),
        _svg.paired_bars(value, value, limit, ends, ends),
    ]
    for chart in charts:
        assert all(0 <= x <= _svg.WIDTH for x in positions(chart))
        assert not re.search(r"nan|inf\b", chart)


@pytest.mark.parametrize("value", [-3.0, 0.0, 3.0])
def test_a_diverging_bar_ends_at_the_limit(value):
    assert all(0 <= x <= _svg.WIDTH for x in positions(_svg.diverging(value, 3.0)))
