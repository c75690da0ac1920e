"""Exact copies: which recordings, how severe, and what follows."""

import shutil

import numpy as np
import pandas as pd
import pytest
import soundfile
from extracting import SR, clip, write_audio

import featkit


def audited(data, **options):
    return featkit.audit(data, checks=["exact_copies"], **options).issues


def recordings_of(issue):
    return [place.path for place in issue.places]


def table(rows=40, columns=6, seed=0):
    X = np.random.default_rng(seed).normal(size=(rows, columns))
    data = pd.DataFrame(X, columns=[f"x{k}" for k in range(columns)])
    return data.assign(path=[f"{k}.wav" for k in range(rows)], label="a")


def with_copy(data, *rows):
    features = [name for name in data if name.startswith("x")]
    data.loc[list(rows[1:]), features] = data.loc[rows[0], features].to_numpy()
    return data


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Copies in other files, containers, channels and levels, and recordings that are no copies."""
    folder = tmp_path_factory.mktemp("copies")
    for number in range(5):
        write_audio(folder / f"{number}.wav", clip(number, 0.4))
    shutil.copy(folder / "0.wav", folder / "0 copy.WAV")
    y, _ = soundfile.read(folder / "1.wav", dtype="int16")
    soundfile.write(folder / "1.flac", y, SR)
    soundfile.write(folder / "1.aiff", np.stack([y, y], axis=1), SR)
    y, _ = soundfile.read(folder / "2.wav")
    soundfile.write(folder / "2 quiet.wav", -0.5 * y, SR, subtype="PCM_16")
    y, _ = soundfile.read(folder / "3.wav", dtype="int16")
    soundfile.write(folder / "3.aiff", y, 2 * SR)
    for name in ("silence.wav", "silence 2.wav"):
        write_audio(folder / name, np.zeros(SR // 2))
    return folder


def test_copies_of_sound_are_reported_by_kind(folder):
    issues = {issue.kind: issue for issue in audited(folder) if "rates" not in issue.message}
    assert recordings_of(issues["same file"]) == ["0 copy.WAV", "0.wav"]
    assert recordings_of(issues["same samples"]) == ["1.aiff", "1.flac", "1.wav"]
    level = issues["same samples at another level"]
    assert recordings_of(level) == ["2 quiet.wav", "2.wav"]
    assert level.evidence["inverted"]
    assert level.evidence["gains"] == [pytest.approx(6.02, abs=0.01)]
    assert "(+6.0 dB, with inverted polarity)" in level.message


def test_the_same_samples_at_another_stated_rate_are_copies(folder):
    (issue,) = [issue for issue in audited(folder) if "rates" in issue.message]
    assert recordings_of(issue) == ["3.aiff", "3.wav"]
    assert issue.message.endswith("their headers state different sample rates, 22050 and 44100 Hz")


def test_silent_recordings_are_no_copies(folder):
    issues = audited(folder)
    assert len(issues) == 4
    assert not any("silence" in path for issue in issues for path in recordings_of(issue))


def test_sound_and_features_of_copies_are_one_issue(folder):
    extracted = featkit.extract(folder, features="genre75").table
    assert [issue.kind for issue in audited(extracted, sound=folder)].count("same features") == 0
    without_sound = audited(extracted)
    assert {issue.kind for issue in without_sound} == {"same features"}
    assert ["0 copy.WAV", "0.wav"] in [recordings_of(issue) for issue in without_sound]


def test_every_planted_pair_of_rows_is_found_and_no_other():
    data, rng = table(1000, 20), np.random.default_rng(1)
    pairs = rng.permutation(1000)[:28].reshape(14, 2).tolist()
    for pair in pairs:
        with_copy(data, *pair)
    found = {frozenset(recordings_of(issue)) for issue in audited(data)}
    assert found == {frozenset(f"{k}.wav" for k in pair) for pair in pairs}


def test_copies_with_other_labels_are_severe_and_all_are_left_out():
    data = with_copy(table(), 3, 9)
    (issue,) = audited(data)
    assert (issue.severity, issue.remove) == ("medium", ("9.wav",))
    data.loc[9, "label"] = "b"
    (issue,) = audited(data)
    assert (issue.severity, issue.remove) == ("high", ("3.wav", "9.wav"))
    assert issue.message.endswith("their labels differ: a, b")
    (issue,) = audited(with_copy(data, 3, 9, 12))
    assert issue.remove == ("9.wav", "12.wav")  # the label of most copies is right
    assert issue.together == ("3.wav", "9.wav", "12.wav")


def test_copies_in_training_and_test_are_severe_and_the_test_row_stays():
    data = with_copy(table(), 3, 9).assign(split="train")
    data.loc[9, "split"] = "test"
    (issue,) = audited(data, split="split")
    assert issue.severity == "high"
    assert issue.remove == ("3.wav",)
    assert "different parts of 'split': test, train" in issue.message


def test_rows_of_one_recording_may_be_equal():
    data = with_copy(table(), 3, 4)
    data.loc[4, "path"] = "3.wav"
    assert audited(data) == []


def test_segments_of_two_recordings_are_counted():
    data = table()
    data["path"] = [f"{k // 4}.wav" for k in range(40)]
    with_copy(data, 0, 20)
    with_copy(data, 1, 21)
    (issue,) = audited(data)
    assert issue.message.startswith("2 recordings have exactly the same features in 2 rows")


def test_equal_rows_of_few_possible_values_are_no_copies():
    data = table(200, 4).round()
    assert data.duplicated(["x0", "x1", "x2", "x3"]).any()
    assert audited(data) == []


def test_rows_without_any_value_are_no_copies():
    data = table()
    data.loc[[3, 9], [f"x{k}" for k in range(6)]] = np.nan
    assert audited(data) == []
