"""The check of outliers."""

import numpy as np
import pandas as pd
import pytest
from labelled_tables import audited, labelled, paths

from featkit.auditing.checks import outliers

RUN = outliers.CHECK.run


def test_a_recording_far_from_everything_is_reported():
    data = labelled(200)
    data.loc[17, [f"mfcc_{k}_mean" for k in range(1, 9)]] = [20, -20, 20, -20, 20, 20, -20, -20]
    issue = next(iter(RUN(audited(data))))
    assert paths(issue) == ["017.wav"]
    assert issue.kind == "unlike everything"
    assert issue.severity == "medium"
    assert issue.certainty == 1
    assert "interquartile ranges" in issue.message
    assert "the dataset" in issue.message
    assert len(issue.evidence["features"]) == 3
    assert issue.evidence["expected_by_chance"] == 2
    assert max(map(abs, issue.evidence["deviations"])) > 3


def test_a_recording_of_another_class_is_unlike_its_class():
    data = labelled(200, distance=8)
    data.loc[17, "label"] = {"cat": "dog", "dog": "owl", "owl": "cat"}[data["label"][17]]
    issues = [issue for issue in RUN(audited(data)) if issue.kind == "unlike its class"]
    assert paths(issues[0]) == ["017.wav"]
    assert issues[0].severity == "medium"
    assert issues[0].evidence["nearest_class"] == labelled(200)["label"][17]
    assert "the nearest recordings are of" in issues[0].message


def test_recordings_without_labels_can_be_unlike_everything():
    data = labelled(200).drop(columns="label")
    data.loc[17, [f"mfcc_{k}_mean" for k in range(1, 9)]] = [20, -20, 20, -20, 20, 20, -20, -20]
    issues = list(RUN(audited(data, label=None)))
    assert paths(issues[0]) == ["017.wav"]


@pytest.mark.parametrize("tails", [None, 5])
def test_few_recordings_are_reported_by_chance(tails):
    counts = []
    for seed in range(6):
        data = labelled(300, seed=seed)
        if tails:
            rng = np.random.default_rng(seed)
            columns = [name for name in data if name.startswith("mfcc")]
            data[columns] += rng.standard_t(tails, size=(300, len(columns)))
        counts.append(sum(len(issue.places) for issue in RUN(audited(data))))
    # Two kinds, each with 1 % of 300 recordings at most.
    assert np.mean(counts) <= 6


def test_recordings_of_the_same_group_are_no_neighbours():
    data = labelled(200)
    features = [f"mfcc_{k}_mean" for k in range(1, 9)]
    data.loc[10:15, features] = [20, -20, 20, -20, 20, 20, -20, -20]
    data["session"] = [str(k) for k in range(200)]
    data.loc[10:15, "session"] = "strange"
    alone = {path for issue in RUN(audited(data, group="session")) for path in paths(issue)}
    assert alone >= {f"{k:03}.wav" for k in range(10, 16)}


def test_segments_count_as_one_recording():
    data = labelled(240)
    data["path"] = [f"{k // 6:02}-{k % 3}.wav" for k in range(240)]
    rows = [60, 63]
    data.loc[rows, [f"mfcc_{k}_mean" for k in range(1, 9)]] = [20, -20, 20, -20, 20, 20, -20, -20]
    assert paths(next(iter(RUN(audited(data))))) == ["10-0.wav"]


def test_a_dataset_of_few_recordings_has_no_tail():
    assert not list(RUN(audited(labelled(49))))


def test_less_clear_outliers_are_one_issue(monkeypatch):
    monkeypatch.setattr(outliers, "MAX_LISTED", 1)
    data = labelled(200)
    for row in (17, 50, 90):
        values = np.random.default_rng(row).choice([-20, 20], 8) * (1 + row / 100)
        data.loc[row, [f"mfcc_{k}_mean" for k in range(1, 9)]] = values
    first, *rest = RUN(audited(data))
    assert len(first.places) == 1
    assert rest[0].kind == "further recordings unlike everything"


@pytest.mark.parametrize("value", [np.nan, 1.0])
def test_features_without_variation_give_no_issue(value):
    data = labelled(60)
    data[[name for name in data if name.startswith("mfcc")]] = value
    assert not list(RUN(audited(data)))


def test_copies_of_everything_and_one_group_give_no_issue():
    data = pd.concat([labelled(40)] * 6, ignore_index=True)
    data["path"] = [f"{k}.wav" for k in range(240)]
    assert not list(RUN(audited(data)))
    assert not list(RUN(audited(labelled(60).assign(farm="a"), group="farm")))


def test_recordings_without_a_label_are_no_class():
    data = labelled(90)
    data.loc[::3, "label"] = ""
    data.loc[1, "mfcc_1_mean"] += 30
    data.loc[0:60:3, "mfcc_1_mean"] += 30
    assert all(issue.evidence.get("nearest_class") != "" for issue in RUN(audited(data)))


def test_random_numbers_are_hardly_of_medium_severity():
    issues = [
        one for seed in range(20) for one in RUN(audited(labelled(90, distance=1, seed=seed)))
    ]
    assert len(issues) <= 2 * 20
    assert sum(issue.severity == "medium" for issue in issues) <= 4
