"""Recordings that one machine of a cluster cannot read."""

import pytest

from featkit.batch import unreadable_files
from featkit.batch.outcomes import Outcome
from featkit.batch.unreadable_files import MAX_UNREADABLE, host_without, results_read_twice
from featkit.datasets.files import Recording
from featkit.errors import FeatkitError
from featkit.executors.executor import Crash
from featkit.schema import Failure


def failed(recording, host):
    return Outcome(failure=Failure(recording.path, "open", "AudioError", "no such file"), host=host)


@pytest.fixture
def recordings(tmp_path):
    """Twenty files, one of which is removed before it is read."""
    made = [Recording(str(tmp_path / f"{k}.wav"), f"{k}.wav") for k in range(20)]
    for recording in made[1:]:
        open(recording.file, "wb").close()
    return made


def read(recordings, blind, *, passes=2):
    """Read recordings on hosts; those in `blind` cannot be read in the first passes."""
    asked = []

    def process(places):
        asked.append(list(places))
        for k in places:
            is_blind = k == 0 or (k in blind and len(asked) <= passes)
            yield [(k, failed(recordings[k], "worker4") if is_blind else Outcome())]

    results = results_read_twice(process, recordings, range(len(recordings)))
    return dict(pair for pairs in results for pair in pairs), asked


def test_what_another_host_cannot_read_is_read_again_at_the_end(recordings):
    results, asked = read(recordings, {3, 7}, passes=1)
    assert asked == [list(range(20)), [3, 7]]
    assert results[3].failure is results[7].failure is None
    assert results[0].failure.message == "no such file"  # it is missing here, too


def test_what_cannot_be_read_again_is_a_failure_that_names_the_host(recordings):
    results, _ = read(recordings, {3, 7})
    messages = {k: result.failure.message for k, result in results.items() if result.failure}
    named = "no such file on host worker4"
    assert messages == {0: "no such file", 3: named, 7: named}


def test_a_host_that_cannot_read_many_recordings_is_an_error(recordings):
    few, many = set(range(1, MAX_UNREADABLE + 1)), set(range(1, MAX_UNREADABLE + 2))
    assert len(read(recordings, few)[0]) == 20
    with pytest.raises(FeatkitError, match=r"host worker4 cannot read .*9.wav and 8 other files"):
        read(recordings, many)


def test_a_file_that_cannot_be_read_on_the_same_host_is_a_failure(recordings, monkeypatch):
    monkeypatch.setattr(unreadable_files.platform, "node", lambda: "worker4")
    assert host_without(recordings[0].file) == "worker4"
    assert host_without(recordings[1].file) == ""
    results, asked = read(recordings, {3})
    assert results[3].failure.message == "no such file"
    assert asked[1] == []


def test_a_crash_is_no_missing_file(recordings):
    crash = Crash("SIGKILL", is_timeout=False)
    results = results_read_twice(lambda places: [[(k, crash) for k in places]], recordings, [1])
    assert list(results) == [[(1, crash)], []]


def test_a_file_in_a_store_is_not_looked_for_on_the_disk():
    assert host_without("s3://bucket/song.wav") == ""
