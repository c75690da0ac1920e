"""The check of mislabels."""

import numpy as np
import pytest
from labelled_tables import audited, labelled, paths, predict_labels_fast

from featkit.auditing.checks import label_errors
from featkit.auditing.labels.confident_learning import confident_joint

RUN = label_errors.CHECK.run


@pytest.fixture(autouse=True)
def fast_estimators(monkeypatch):
    predict_labels_fast(monkeypatch)


def with_wrong_labels(wrong, distance=8):
    data = labelled(150, distance=distance)
    other = {"cat": "dog", "dog": "owl", "owl": "cat"}
    data.loc[wrong, "label"] = [other[name] for name in data["label"][wrong]]
    return data


def test_wrong_labels_are_reported_with_the_right_one():
    wrong = [5, 60, 100]
    confusion, *issues = RUN(audited(with_wrong_labels(wrong)))
    assert sorted(path for one in issues for path in paths(one)) == [
        "005.wav",
        "060.wav",
        "100.wav",
    ]
    right = dict(zip(labelled(150)["path"], labelled(150)["label"], strict=True))
    for issue in issues:
        assert issue.kind == "probable mislabel"
        assert issue.severity == "medium"
        assert issue.evidence["suggested"] == right[paths(issue)[0]] == issue.evidence["classes"][0]
        assert issue.evidence["suggested_probability"] > 0.5 > issue.evidence["label_probability"]
        assert not issue.remove
    assert confusion.kind == "confusion of labels"
    assert not confusion.places
    assert np.sum(confusion.evidence["joint"]) == 150
    assert "3 labels of 150 may be wrong" in confusion.message


def test_right_labels_give_no_issue():
    assert not list(RUN(audited(labelled(150, distance=8))))


@pytest.mark.parametrize("distance", [0, 1, 2])
def test_labels_of_classes_that_overlap_are_hardly_doubted(distance):
    issues = [
        issue
        for seed in range(3)
        for issue in RUN(audited(labelled(150, distance=distance, seed=seed)))
        if issue.places
    ]
    assert len(issues) <= 6
    assert sum(issue.severity == "medium" for issue in issues) <= 2


def test_a_message_names_recording_label_and_prediction():
    issue = list(RUN(audited(with_wrong_labels([5]))))[1]
    assert issue.message.startswith(
        "005.wav is labelled 'cat', but models trained on others predict 'owl': probability"
    )


def test_the_number_of_issues_is_bounded_by_the_estimated_noise(monkeypatch):
    monkeypatch.setattr(label_errors, "MAX_LISTED", 4)
    dataset = audited(with_wrong_labels(range(0, 150, 14), distance=5))
    confusion, *issues = RUN(dataset)
    joint = confident_joint(dataset.label_predictions.labels, dataset.label_predictions.P)
    number = sum(len(issue.places) for issue in issues)
    assert 4 < number <= joint.sum() - joint.trace()
    assert [issue.kind for issue in issues[3:]] == ["probable mislabel", "further mislabels"]
    assert confusion.evidence["recordings"] == number


def test_labels_that_cannot_be_predicted_are_reported_with_the_reason():
    data = labelled(30)
    data["label"] = ["cat"] * 29 + ["dog"]
    (issue,) = RUN(audited(data))
    assert issue.kind == "not checked"
    assert "two are needed" in issue.message


def test_intervals_are_named_with_their_times():
    data = with_wrong_labels([5])
    data["path"] = [f"{k // 10}.wav" for k in range(150)]
    data["start"], data["end"] = np.arange(150) % 10 * 1.5, np.arange(150) % 10 * 1.5 + 1
    messages = [issue.message for issue in RUN(audited(data))]
    assert any(text.startswith("0.wav, 7.5 to 8.5 s, is labelled 'cat', but") for text in messages)
