"""The audit as a whole: the same result in any way, and no issue that repeats another."""

import json

import pytest
import soundfile
from extracting import SR, clip, write_audio

import featkit
from featkit.auditing.audit import _without_repeated
from featkit.auditing.check import CHECKS, Check
from featkit.auditing.issue import Issue, Place


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two classes of recordings, with a copy at another level and a file without samples."""
    folder = tmp_path_factory.mktemp("audited")
    for number in range(12):
        write_audio(folder / "ab"[number % 2] / f"{number}.wav", clip(number, 0.6))
    y, _ = soundfile.read(folder / "a" / "0.wav")
    soundfile.write(folder / "b" / "copy.flac", 0.5 * y, SR, subtype="PCM_16")
    (folder / "a" / "text.wav").write_text("no samples")
    return folder


def test_the_result_does_not_depend_on_workers_and_resuming(folder, tmp_path):
    checks = ["files", "exact_copies", "near_copies", "defects", "balance"]
    options = {"labels": "folder", "features": "genre75", "checks": checks}
    alone = featkit.audit(folder, **options).as_dict()
    checkpoint = tmp_path / "a.parquet"
    for n_jobs in (2, 1):  # the second one resumes
        other = featkit.audit(folder, checkpoint=checkpoint, n_jobs=n_jobs, **options)
        assert json.dumps(other.as_dict()) == json.dumps(alone)
    kinds = [issue["kind"] for issue in alone["issues"]]
    assert "unreadable recording" in kinds
    assert "same samples at another level" in kinds


def test_checks_are_announced_in_order(folder):
    seen = []
    checks = ["exact_copies", "files"]
    featkit.audit(folder, checks=checks, progress=seen.append)
    titles = [CHECKS[name].title.lower() for name in ("files", "exact_copies")]
    checking = [(own.done, own.total, own.note) for own in seen if own.activity == "checking"]
    assert checking == [(0, 2, titles[0]), (1, 2, titles[1])]
    assert seen[0].activity == "measuring"


def issue(check, *paths):
    return Issue(check, "copies", "low", "copies", "remove", places=tuple(map(Place, paths)))


def test_an_issue_that_a_stronger_check_has_is_left_out():
    weak = Check("near_copies", "", "", 20, lambda dataset: (), weaker_than=("exact_copies",))
    before = [issue("exact_copies", "a", "b", "c"), issue("labels", "d", "e")]
    issues = [issue("near_copies", *names) for names in ("ab", "cb", "ad", "de", "")]
    assert _without_repeated(weak, issues, before) == issues[2:]
    assert _without_repeated(CHECKS["exact_copies"], issues, before) == issues


@pytest.mark.parametrize("name", CHECKS.names)
def test_stronger_checks_exist_and_run_before(name):
    for stronger in CHECKS[name].weaker_than:
        assert CHECKS[stronger].order < CHECKS[name].order


def test_copies_are_reported_once(folder):
    issues = featkit.audit(folder, checks=["exact_copies", "near_copies"]).issues
    pairs = [frozenset(place.path for place in one.places) for one in issues]
    assert pairs.count(frozenset({"a/0.wav", "b/copy.flac"})) == 1
