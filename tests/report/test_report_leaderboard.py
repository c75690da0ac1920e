"""Leaderboards on a zoomed axis, and the axis itself."""

import re
from dataclasses import replace

import numpy as np
import pytest
from reporting import made

from featkit.models.score_types import METRICS
from featkit.report._leaderboard import Entry, leaderboard
from featkit.report._score_entries import score_entries, score_leaderboard
from featkit.report._zoomed_axis import axis_ticks, tick_labels, tick_text, zoomed_interval

ENTRIES = [
    Entry("best", "", 0.89, 0.85, 0.925, kind="score"),
    Entry("other", "", 0.88, 0.846, 0.928),
    Entry("baseline", "", 0.1, 0.07, 0.13, kind="baseline"),
]


@pytest.mark.parametrize(
    ("ends", "limits", "expected"),
    [
        ((0.846, 0.928), (0, 1), [0.84, 0.86, 0.88, 0.9, 0.92, 0.94]),
        ((0.97, 1.0), (0, 1), [0.97, 0.98, 0.99, 1.0]),
        ((0.0, 0.3), (0, 1), [0.0, 0.1, 0.2, 0.3]),
        ((0.5, 0.5), (0, 1), [0.495, 0.5, 0.505]),
        ((-0.31, 0.62), (-np.inf, 1), [-0.5, 0.0, 0.5, 1.0]),
        ((1234.0, 1890.0), (0, np.inf), [1200, 1400, 1600, 1800, 2000]),
    ],
)
def test_an_axis_covers_its_ends_with_round_ticks(ends, limits, expected):
    ticks = axis_ticks(ends, limits)
    assert ticks == pytest.approx(expected)
    assert ticks[0] <= ends[0] + 1e-9
    assert ticks[-1] >= ends[1] - 1e-9
    assert limits[0] <= ticks[0] + 1e-9
    assert ticks[-1] <= limits[1] + 1e-9


def test_random_axes_are_covered_by_few_ticks():
    rng = np.random.default_rng(0)
    for _ in range(300):
        low, high = np.sort(rng.uniform(0, 1, 2))
        ticks = axis_ticks((low, high), (0, 1))
        assert ticks[0] <= low + 1e-9
        assert ticks[-1] >= high - 1e-9
        assert 2 <= len(ticks) <= 6
        assert (ticks[-1] - ticks[0]) <= max(3 * (high - low), 0.1)
        assert np.ptp(np.diff(ticks)) < 1e-9


def test_ticks_have_the_decimal_places_that_they_need():
    assert [tick_text(tick, [0.84, 0.86]) for tick in (0.84, 0.9)] == ["0.84", "0.90"]
    assert tick_text(1500, [1000, 1500]) == "1,500"
    assert tick_text(-0.2, [-0.2, 0]) == "−0.2"
    texts = re.findall(r'x="([\d.]+)%"[^>]*>([^<]+)<', tick_labels([0.8, 0.85, 0.9]))
    assert texts == [("0", "0.80"), ("50", "0.85"), ("100", "0.90")]


def test_a_far_baseline_does_not_widen_the_axis():
    board = leaderboard("Accuracy", "", ENTRIES, limits=(0, 1))
    assert "0.84" in board.axis
    best, _, baseline = board.rows
    assert (best.value, best.interval, best.kind) == ("0.890", "0.850 to 0.925", "score")
    assert baseline.value == "0.100"
    assert "dots" not in baseline.chart  # an arrow at the left end
    assert "M30 20L4 50L30 80" in baseline.chart
    assert "rule against" not in best.chart


def test_a_near_baseline_is_a_line_on_the_axis():
    near = [*ENTRIES[:2], replace(ENTRIES[2], value=0.8)]
    board = leaderboard("Accuracy", "", near, limits=(0, 1))
    assert all("rule against" in row.chart for row in board.rows)
    assert "dots" in board.rows[2].chart


def test_a_strip_is_drawn_at_its_place():
    chart = zoomed_interval(0.9, 0.85, 0.95, ticks=[0.8, 0.9, 1.0])
    assert "M250 50H750" in chart
    assert "M500 50h0" in chart
    assert "ring" not in chart
    home = zoomed_interval(0.9, 0.85, 0.95, ticks=[0.8, 0.9, 1.0], home=0.85)
    assert '<path class="dots ring" d="M250 50h0"' in home


def test_a_score_at_the_end_of_the_axis_is_a_dot():
    ticks = axis_ticks((0.7, 0.95))
    assert ticks[0] > 0.7  # by rounding
    assert "M0 50h0" in zoomed_interval(0.7, None, None, ticks=ticks)


def test_rows_have_baselines_and_scores_at_home_of_their_own():
    entries = [
        Entry("a", "", 0.8, 0.75, 0.85, baseline=0.7, home=0.95),
        Entry("b", "", 0.82, 0.8, 0.84, baseline=0.1),
    ]
    first, second = leaderboard("Accuracy", "", entries, limits=(0, 1)).rows
    assert "rule against" in first.chart
    assert "ring" in first.chart
    assert "rule against" not in second.chart  # too far away for this axis
    assert "ring" not in second.chart


def test_every_score_is_named_by_how_it_came_about():
    scores = made()[0].evaluation
    entries = score_entries(scores, "accuracy")
    assert [entry.kind for entry in entries] == ["score", "other", "claim", "baseline"]
    own, recordings, claim, _ = entries
    assert own.note == "the score: held-out test rows"
    assert recordings.name == "xgboost, whole recordings"
    assert claim.name == "row-wise split"
    assert claim.value == scores.by_row.row_wise.accuracy
    grouped = scores.by_row.grouped.accuracy
    assert claim.note == f"too good: ignores groups; xgboost, grouped: {grouped:.3f}"
    nested = replace(
        scores, model="auto", models={**scores.models, "auto": scores.models["xgboost"]}
    )
    notes = {entry.name: entry.note for entry in score_entries(nested, "accuracy")}
    assert notes["auto"] == "the score: nested cross-validation of the choice"
    assert notes["xgboost"] == "compared by auto"


def test_a_short_leaderboard_keeps_the_score_and_the_baseline():
    scores = made()[0].evaluation
    models = {**scores.models, **{f"m{k}": scores.models["xgboost"] for k in range(6)}}
    board = score_leaderboard(replace(scores, models=models), most=2)
    assert [row.kind for row in board.rows] == ["score", "other", "other", "claim", "baseline"]
    assert len(score_entries(replace(scores, models=models), next(iter(METRICS)))) == 10
