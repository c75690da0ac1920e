"""The check of recording conditions."""

from dataclasses import replace

import numpy as np
from audited import dataset, issues_of, one_issue, with_tags

from featkit.auditing.check import CHECKS

RNG = np.random.default_rng(0)
Y = np.repeat(["rain", "dog", "sea", "wind"], 25)
PATHS = np.array([f"{k:03d}.wav" for k in RNG.permutation(100)], dtype=object)


def recorded(**quality):
    """A dataset with quality columns; without features."""
    columns = {f"quality_{name}": np.asarray(values) for name, values in quality.items()}
    keys = {"path": PATHS, "label": Y.astype(object)}
    return dataset(keys, np.empty((100, 0)), quality=columns)


def of_files(**values):
    """The same with the formats of files, and without quality columns."""
    columns = {"sample_rate": np.full(100, 44100.0), "channels": np.ones(100)}
    columns |= {"format": np.full(100, "WAV PCM_16")} | values
    measured = {
        path: {"file_format": {name: column[k : k + 1] for name, column in columns.items()}}
        for k, path in enumerate(PATHS.tolist())
    }
    durations = dict.fromkeys(PATHS.tolist(), 5.0)
    return replace(recorded(), measured=measured, durations=durations)


def test_a_class_of_another_rate_is_of_high_severity_with_its_numbers():
    issue = one_issue(
        "recording_conditions", recorded(sample_rate=np.where(Y == "rain", 44100.0, 22050.0))
    )
    assert (issue.severity, issue.kind, issue.certainty) == (
        "high",
        "conditions that predict the label",
        1.0,
    )
    assert "all 25 of 'rain' have 44,100 Hz, and none of the others" in issue.message
    assert "convert all files to one sample rate" in issue.remedy
    assert issue.evidence["classes"]["dog"] == {"sample_rate": "25 22,050 Hz"}
    value, low, high = issue.evidence["balanced_accuracy"]
    assert low <= value <= high
    assert value == 0.5  # one of four classes is certain, and one of the other three is guessed


def test_formats_of_files_suffice():
    issue = one_issue(
        "recording_conditions", of_files(format=np.where(Y < "r", "MP3", "WAV PCM_16"))
    )
    assert issue.severity == "high"
    assert "have MP3" in issue.message


def test_conditions_that_only_an_extraction_measures_are_named():
    limits = CHECKS["recording_conditions"].limits
    assert "level, peak, bandwidth and clipping are measured with the features" in limits(
        of_files()
    )
    assert limits(recorded(level=np.zeros(100))) is None
    assert limits(replace(of_files(), label=None)) is None


def test_levels_are_less_severe_since_they_can_depend_on_the_sounds():
    noise = RNG.normal(0, 1, 100)
    certain = recorded(level=np.searchsorted(np.unique(Y), Y) * 10.0 + noise)
    vague = recorded(level=np.searchsorted(np.unique(Y), Y) * 2.0 + noise)
    assert one_issue("recording_conditions", certain).severity == "medium"
    issue = one_issue("recording_conditions", vague)
    assert issue.severity == "low"
    assert "can depend on the sounds" in issue.message


def test_conditions_that_are_equal_or_independent_are_no_issue():
    rates = np.full(100, 44100.0)
    assert not issues_of("recording_conditions", recorded(sample_rate=rates))
    data = recorded(sample_rate=RNG.permutation(np.repeat([8000.0, 16000.0], 50)))
    assert not issues_of("recording_conditions", data)
    assert not issues_of("recording_conditions", of_files())
    assert not issues_of("recording_conditions", recorded())


def test_a_test_part_of_another_rate_is_reported():
    part = np.where(np.arange(100) % 5 == 0, "test", "train")
    data = recorded(sample_rate=np.where(part == "test", 48000.0, 44100.0))
    data = replace(data, table=data.table.with_key("split", part.astype(object)), split="split")
    issue = one_issue("recording_conditions", data)
    assert (issue.severity, issue.kind) == ("medium", "conditions that differ between parts")
    assert "all 20 of 'test' have 48,000 Hz, and none of the others" in issue.message


def test_labels_without_a_split_are_a_reason():
    data = recorded(sample_rate=np.where(Y == "rain", 44100.0, 22050.0))
    alone = np.where(np.arange(100) == 0, "hail", Y).astype(object)
    issue = one_issue(
        "recording_conditions", replace(data, table=data.table.with_key("label", alone))
    )
    assert (issue.severity, issue.kind) == ("low", "no score")


def test_classes_whose_files_name_another_recorder_are_reported():
    data = recorded()
    tagged = replace(data, measured=with_tags(data, originator=np.where(Y < "r", "ZOOM H4n", "H5")))
    issue = one_issue("recording_conditions", tagged)
    assert (issue.severity, issue.kind) == ("low", "classes of different sources")
    assert "'dog' 100.0% ZOOM H4n, 'rain' 100.0% H5" in issue.message
    mixed = RNG.permutation(np.repeat(["ZOOM H4n", "H5"], 50))
    assert not issues_of(
        "recording_conditions", replace(data, measured=with_tags(data, originator=mixed))
    )
