"""Predictions of the label of every recording, out of fold."""

import numpy as np
import pytest
from labelled_tables import audited, labelled, predict_labels_fast

from featkit.auditing.labels import label_predictions
from featkit.auditing.labels.confident_learning import label_quality
from featkit.auditing.labels.label_predictions import predict_labels
from featkit.errors import ParameterError


@pytest.fixture(autouse=True)
def fast_estimators(monkeypatch):
    predict_labels_fast(monkeypatch)


def test_every_recording_is_predicted_without_its_own_group():
    data = labelled(60, distance=0)
    data["singer"] = [f"s{k // 3}" for k in range(60)]
    # Features of a group name its class, which must be of no use.
    for column in [name for name in data if name.startswith("mfcc")]:
        data[column] = np.random.default_rng(1).normal(size=20)[np.arange(60) // 3]
    data["label"] = np.random.default_rng(2).permutation(np.repeat(["cat", "dog"], 10)).repeat(3)
    predictions = predict_labels(audited(data, group="singer"))
    assert len(predictions.places) == 60
    assert predictions.unit == "singer"
    assert (predictions.P.argmax(axis=1) == predictions.labels).mean() < 0.75
    np.testing.assert_allclose(predictions.P.sum(axis=1), 1)


def test_wrong_labels_have_the_lowest_quality():
    data = labelled(150)
    wrong = [3, 40, 77, 120]
    data.loc[wrong, "label"] = [
        {"cat": "dog", "dog": "owl", "owl": "cat"}[name] for name in data["label"][wrong]
    ]
    predictions = predict_labels(audited(data))
    worst = np.argsort(label_quality(predictions.labels, predictions.P))[:4]
    assert sorted(predictions.places[k].path for k in worst) == [f"{k:03}.wav" for k in wrong]


def test_segments_of_a_recording_are_one_prediction():
    data = labelled(90)
    data["path"] = [f"{k // 9}-{k % 3}.wav" for k in range(90)]
    predictions = predict_labels(audited(data))
    assert len(predictions.places) == len(predictions.P) == 30
    assert len({place.path for place in predictions.places}) == 30
    assert all(place.start is None for place in predictions.places)


def test_intervals_with_labels_of_their_own_are_predicted_one_by_one():
    data = labelled(90)
    data["path"] = [f"{k // 9}.wav" for k in range(90)]
    data["start"], data["end"] = np.arange(90) % 9 * 1.0, np.arange(90) % 9 + 1.0
    predictions = predict_labels(audited(data))
    assert len(predictions.places) == 90
    assert (predictions.places[10].start, predictions.places[10].end) == (1, 2)


def test_classes_of_too_few_groups_are_left_out():
    data = labelled(62)
    data.loc[60:, "label"] = "elk"
    predictions = predict_labels(audited(data))
    assert predictions.left_out == {"elk": 2}
    assert predictions.classes == ["cat", "dog", "owl"]
    assert len(predictions.places) == 60


def test_a_class_with_fewer_groups_than_folds_is_predicted():
    data = labelled(64)
    data.loc[60:, "label"] = "elk"
    predictions = predict_labels(audited(data))
    assert predictions.classes == ["cat", "dog", "elk", "owl"]
    assert "4 folds" in predictions.description
    assert len(predictions.places) == 64


def test_two_classes_with_enough_groups_are_required():
    data = labelled(40, classes=("cat", "dog"))
    data["label"] = ["cat"] * 38 + ["dog"] * 2
    with pytest.raises(ParameterError, match="1 of 2 classes have 3 or more groups"):
        predict_labels(audited(data))
    assert "two are needed" in audited(data).label_error


def test_columns_are_normalised_within_groups_if_this_predicts_better():
    data = labelled(180, distance=3)
    speaker = np.arange(180) // 18
    features = [name for name in data if name.startswith("mfcc")]
    data[features] += 20 * np.random.default_rng(3).normal(size=(10, len(features)))[speaker]
    data["speaker"] = [f"s{k}" for k in speaker]
    assert "normalised by speaker" in predict_labels(audited(data, group="speaker")).description
    data = labelled(180, distance=3)
    # Groups of one class: normalisation would remove the class.
    data = data.sort_values("label", kind="stable", ignore_index=True)
    data["speaker"] = [f"s{k // 12}" for k in range(180)]
    assert "normalised" not in predict_labels(audited(data, group="speaker")).description


def test_published_folds_are_the_folds():
    data = labelled(60)
    data["fold"] = [str(1 + k // 3 % 4) for k in range(60)]
    predictions = predict_labels(audited(data, fold="fold"))
    assert predictions.description == "logistic, 4 folds by fold of column 'fold'"


def folds_of(monkeypatch, dataset):
    """Groups of the training and test rows of all folds in which labels are predicted."""
    predict, folds = label_predictions._out_of_fold, []

    def spy(fits, models, pairs, problem, classes):
        folds.extend((problem.groups[train], problem.groups[test]) for train, test in pairs)
        return predict(fits, models, pairs, problem, classes)

    monkeypatch.setattr(label_predictions, "_out_of_fold", spy)
    return predict_labels(dataset), folds


@pytest.mark.parametrize("n_folds", [2, 6])
def test_published_folds_do_not_divide_groups(monkeypatch, n_folds):
    data = labelled(90)
    data["fold"] = [str(k // 3 % n_folds) for k in range(90)]
    data["speaker"] = [f"s{k // 3}" for k in range(90)]
    data.loc[[0, 4], "speaker"] = "both"
    predictions, folds = folds_of(monkeypatch, audited(data, fold="fold", group="speaker"))
    assert len(predictions.places) == 90
    assert folds
    assert all(not {*train} & {*test} for train, test in folds)


def test_a_recording_without_a_group_is_its_own():
    data = labelled(60)
    data["speaker"] = [f"s{k // 5}" for k in range(60)]
    data.loc[:3, "speaker"] = ""
    predictions = predict_labels(audited(data, group="speaker"))
    assert predictions.groups[:4].tolist() == ["000.wav", "001.wav", "002.wav", "003.wav"]


def test_large_tables_use_fewer_folds_and_fits(monkeypatch):
    monkeypatch.setattr(label_predictions, "SMALL_ROWS", 50)
    monkeypatch.setattr(label_predictions, "LARGE_FOLDS", 3)
    assert predict_labels(audited(labelled(60))).description == "logistic, 3 folds by recording"
