"""Issues of defects: one for each recording and defect, or one for a common defect."""

import numpy as np
import pytest
import soundfile
from defective import SR, voice

from featkit.auditing.audit import audit


def write(folder, name, y):
    soundfile.write(folder / name, y, SR, subtype="PCM_16")


def with_offset(y):
    return 0.5 * y + 0.03


@pytest.fixture
def folder(tmp_path):
    """Recordings of which `a` to `f` are clean."""
    for k, name in enumerate("abcdef"):
        write(tmp_path, f"{name}.wav", voice(2.0, seed=k))
    return tmp_path


def issues(folder, *kinds):
    """The issues of some kinds, or all."""
    every = audit(folder, checks=["defects"]).issues
    return [issue for issue in every if not kinds or issue.kind in kinds]


def test_clean_recordings_have_no_issue(folder):
    assert issues(folder) == []


def test_an_issue_names_the_recording_the_place_and_the_evidence(folder):
    y = voice(2.0)
    y[SR : SR + SR // 2] = 0
    write(folder, "x.wav", y)
    (issue,) = issues(folder, "digital silence")
    assert issue.message == "x.wav: digital silence of up to 0.5 s, from 1.000 to 1.500 s"
    (place,) = issue.places
    assert (place.path, place.start, place.end) == ("x.wav", 1.0, 1.5)
    assert issue.evidence["share"] == pytest.approx(0.25, abs=1e-3)
    assert (issue.kind, issue.severity, issue.remove) == ("digital silence", "low", ())


def test_several_parts_of_a_recording_are_one_issue(folder):
    y = 0.1 * np.random.default_rng(0).standard_normal(2 * SR)
    for begin in (0.2, 0.9, 1.5):
        y[round(begin * SR) : round(begin * SR) + 300] = 0
    write(folder, "x.wav", y)
    (issue,) = issues(folder, "dropouts")
    assert issue.evidence["ranges"] == len(issue.places) == 3
    assert "3 times from 0.200 to 1.51" in issue.message


def test_a_single_sample_has_one_time(folder):
    y = voice(2.0)
    y[SR] += 0.4
    write(folder, "x.wav", y)
    (issue,) = issues(folder)
    assert issue.kind == "clicks"
    assert issue.message.endswith(", at 1.000 s")


def test_a_silent_recording_is_left_out(folder):
    write(folder, "x.wav", np.zeros(SR))
    (issue,) = issues(folder, "digital silence")
    assert issue.message.endswith("throughout")
    assert (issue.severity, issue.remove) == ("high", ("x.wav",))


def test_a_few_recordings_have_an_issue_each(folder):
    for name in ("x.wav", "y.wav"):
        write(folder, name, with_offset(voice(2.0)))
    assert [issue.places[0].path for issue in issues(folder, "DC offset")] == ["x.wav", "y.wav"]


def test_a_common_defect_is_one_issue_with_the_worst_first(folder):
    for name in ("x.wav", "y.wav"):
        write(folder, name, with_offset(voice(2.0)))
    write(folder, "z.wav", with_offset(voice(2.0)) + 0.1)
    (issue,) = issues(folder, "DC offset")
    assert issue.message == ("DC offset in 3 of 9 recordings; the worst are z.wav, x.wav, y.wav")
    assert [place.path for place in issue.places] == ["z.wav", "x.wav", "y.wav"]
    assert issue.evidence["recordings"] == 3
    assert issue.evidence["of"] == 9


def test_a_common_defect_has_an_issue_for_each_severity(folder):
    for name in ("w.wav", "x.wav", "y.wav"):
        write(folder, name, with_offset(voice(2.0)))
    write(folder, "z.wav", with_offset(voice(2.0)) - 0.015)
    medium, low = issues(folder, "DC offset")
    assert (medium.severity, medium.evidence["recordings"]) == ("medium", 3)
    assert (low.severity, [place.path for place in low.places]) == ("low", ["z.wav"])
