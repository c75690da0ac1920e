"""Pictures and players of issues within the room of the page."""

import numpy as np
import pytest
from made_audits import (
    clipping,
    dataset,
    dead_channel,
    exact_pair,
    made_audit,
    mislabel,
    pair,
    write_recordings,
)

from featkit.auditing.issue import Issue, Place
from featkit.auditing.result import Audit
from featkit.report._issue_clips import MAX_CLIPS, ClipMaker, other_places, room, times_text
from featkit.report._windows import Window
from featkit.report.audit_page import audit_page
from featkit.report.sections import audit_issues


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    write_recordings(folder)
    return folder


@pytest.fixture
def audit(folder):
    return made_audit(folder)


def test_clips_have_label_times_picture_and_sound(audit):
    first, second = ClipMaker(audit).clips(pair(), 1)
    assert (first.path, first.label, first.times) == (
        "rain/original.wav",
        "rain",
        "1\u00a0s to 3\u00a0s",
    )
    assert first.picture.address.startswith("data:image/png;base64,")
    assert second.audio.startswith("data:audio/mpeg;base64,")
    assert first.marks == second.marks is not None


def test_defects_are_shown_as_they_are_seen_best(audit):
    maker = ClipMaker(audit)
    (clipped,), (dead,) = maker.clips(clipping(), 1), maker.clips(dead_channel(), 2)
    assert len(clipped.picture.waveforms) == 1
    assert float(clipped.axis[1].split()[0]) - float(clipped.axis[0].split()[0]) < 0.1
    assert len(dead.picture.waveforms) == 2
    assert "1 other part" in clipped.times


def test_the_same_picture_is_in_the_page_once(audit):
    maker = ClipMaker(audit)
    (first,) = maker.clips(mislabel("rain/001.wav"), 3)
    (second,) = maker.clips(mislabel("rain/001.wav"), 8)
    assert first.audio
    assert (second.same_as, second.audio, second.picture) == (3, "", None)


def size(clips):
    return sum(len(clip.audio) + clip.picture.size for clip in clips if clip.picture)


def test_issues_without_room_are_counted(audit):
    issues = [exact_pair(), exact_pair("dog/006.wav", "dog/009.wav"), mislabel()]
    limit = size(ClipMaker(audit).clips(issues[0], 1)) * 3 // 2
    maker = ClipMaker(audit, limit)
    first, second, third = (maker.clips(issue, k) for k, issue in enumerate(issues, start=1))
    assert size(first) <= limit
    assert size(second) == size(third) == 0
    assert maker.without_sound == [2, 3]
    assert [clip.path for clip in second] == ["dog/006.wav", "dog/009.wav"]


def test_the_first_issues_of_each_kind_have_pictures_first(audit, folder, monkeypatch):
    issues = [exact_pair(), exact_pair("dog/006.wav", "dog/009.wav"), mislabel()]
    maker = ClipMaker(audit)
    limit = size(maker.clips(issues[0], 1)) + size(maker.clips(issues[2], 3))
    monkeypatch.setattr(audit_issues, "ROUND", 1)
    monkeypatch.setattr(audit_issues, "room", lambda n_issues: limit)
    html = audit_page(Audit(dataset(folder), issues, ["exact_copies", "label_errors"]))
    articles = html.split('<article class="issue"')[1:]
    assert [article.count("<audio") for article in articles] == [2, 0, 1]
    assert "1 issue of lower severity or certainty has no picture and sound" in html


def test_many_issues_leave_less_room_for_pictures():
    rooms = [room(number) for number in (0, 100, 1000, 100_000)]
    assert rooms == sorted(rooms, reverse=True)
    assert 9_000_000 < rooms[1] < 10_000_000 - 100 * 3000
    assert rooms[-1] > 0


def test_recordings_beyond_the_clips_are_listed_with_their_times():
    places = [Place(f"{k}", k, k + 0.5) for k in range(MAX_CLIPS + 2)]
    assert other_places(places) == ["4: 4\u00a0s to 4.5\u00a0s", "5: 5\u00a0s to 5.5\u00a0s"]


def test_times_have_three_decimals_and_a_minus_sign():
    assert times_text([Window(-0.5, 1.23456)]) == "−0.5\u00a0s to 1.235\u00a0s"
    assert times_text([]) == ""


def test_durations_are_read_if_no_check_measured_them(audit):
    unmeasured = Audit(dataset(), [], [])
    maker = ClipMaker(audit)
    maker._durations = dict(unmeasured.dataset.durations)
    (clip,) = maker.clips(mislabel(), 1)
    assert clip.axis == ("0\u00a0s", "2\u00a0s")


def test_a_place_that_is_not_a_number_of_the_recording_is_an_error(audit):
    issue = Issue("near_copies", "k", "high", "m", "r", (Place("rain/001.wav", 1e6, 2e6),))
    (clip,) = ClipMaker(audit).clips(issue, 1)
    assert clip.error or clip.picture


def test_segments_of_a_table_are_pictured(folder):
    made = dataset(folder)
    issue = Issue("label_errors", "k", "low", "m", "r", (Place("rain/original.wav", 1.0, 2.0),))
    (clip,) = ClipMaker(Audit(made, [issue], [])).clips(issue, 1)
    assert clip.marks is not None
    assert np.isclose(float(clip.axis[1].split()[0]), 3.0)
