"""Windows of pictures and players: what is concerned is in them, and copies are aligned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featkit.report._sounds import MAX_SECONDS
from featkit.report._windows import (
    MAX_PICTURE,
    Window,
    aligned_windows,
    picture_window,
    played_common_part,
    played_part,
    zoomed_window,
)

seconds = st.floats(0, 1e5)


@st.composite
def recordings(draw):
    """A duration, and ranges within it."""
    duration = draw(st.floats(0.001, 1e5))
    ends = draw(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=5))
    return duration, [Window(*(duration * end for end in sorted(pair))) for pair in ends]


@given(recordings())
def test_a_picture_shows_the_longest_range_and_what_is_played(recording):
    duration, ranges = recording
    window, played = picture_window(ranges, duration), played_part(ranges, duration)
    assert 0 <= window.start <= played.start
    assert played.end <= window.end + 1e-6
    assert window.duration <= MAX_PICTURE + 1e-6
    if ranges:
        start = max(ranges, key=lambda one: one.duration).start
        assert window.start <= start <= window.end + 1e-9
    if duration <= MAX_PICTURE:
        assert window.start == 0
        assert window.end >= duration


@given(recordings())
def test_a_player_plays_part_of_the_recording_and_the_beginning_of_the_longest_range(recording):
    duration, ranges = recording
    played = played_part(ranges, duration)
    assert 0 <= played.start <= played.end <= duration + 1e-9
    assert played.duration <= MAX_SECONDS + 1e-9
    assert played.duration >= min(duration, MAX_SECONDS) - 1e-6
    if ranges:
        start = max(ranges, key=lambda one: one.duration).start
        assert played.start <= start <= played.end + 1e-9


@given(
    st.lists(st.tuples(seconds, seconds), min_size=2, max_size=4),
    st.floats(0.001, 1e4),
)
def test_the_common_part_has_the_same_place_in_all_pictures(margins, common):
    ranges = [Window(before, before + common) for before, _ in margins]
    durations = [before + common + after for before, after in margins]
    windows = aligned_windows(ranges, durations)
    places = [one.start - window.start for one, window in zip(ranges, windows, strict=True)]
    assert places == pytest.approx([places[0]] * len(places), abs=1e-6)
    widths = [window.duration for window in windows]
    assert widths == pytest.approx([widths[0]] * len(widths), abs=1e-6)
    assert widths[0] <= MAX_PICTURE + 1e-6
    assert any(window.start > -1e-6 for window in windows)


def test_the_pictures_of_a_cut_copy_show_what_it_lacks():
    windows = aligned_windows([Window(1.7, 4.0), Window(0.0, 2.3)], [5.0, 2.3])
    assert windows[0] == pytest.approx((0.0, 5.0))
    assert windows[1] == pytest.approx((-1.7, 3.3))


def test_copies_play_the_same_part():
    assert played_common_part(Window(2.0, 10.0), 12.0) == (2.0, 7.0)
    assert played_common_part(Window(0.0, 8.0), 7.999) == (0.0, 5.0)
    assert played_common_part(Window(1.0, 3.0), 2.5) == (1.0, 2.5)


def test_single_samples_show_a_short_range_or_the_peak_of_a_long_one():
    short = zoomed_window(Window(1.0, 1.02), peak=1.01)
    assert short == pytest.approx((0.99, 1.03))
    assert zoomed_window(Window(1.0, 5.0), peak=3.0) == pytest.approx((2.99, 3.01))
    assert zoomed_window(Window(0.0, 0.0), peak=0.0) == pytest.approx((0.0, 0.01))


def test_what_a_truncated_file_lacks_is_in_its_picture():
    assert picture_window([Window(2.0, 3.0)], 2.0) == (0.0, 3.0)
