"""Training with a column of several labels."""

import functools

import numpy as np
import pytest
from label_data import LABELS, matrix, tagged
from sklearn import metrics
from sklearn.base import clone

from featkit.errors import ParameterError
from featkit.models.label_sets import indicators
from featkit.models.label_thresholds import f1_thresholds
from featkit.models.outer_folds import plan_splits
from featkit.models.preparation import prepare_problem
from featkit.models.settings import Settings
from featkit.models.task import TASKS
from featkit.models.training import train
from featkit.table.feature_table import FeatureTable

LOGISTIC = {"multilabel": "tags", "model": "logistic", "folds": 2}


@functools.cache
def trained(segments=1, **options):
    return train(tagged(segments=segments), **LOGISTIC | options)


def arrays(result, data):
    """True labels, probabilities and predicted labels of the test rows."""
    table = result.predictions
    P = table[[f"p_{name}" for name in LABELS]].to_numpy()
    return matrix(data["tags"]), P, matrix(table["predicted"])


def test_scores_are_those_of_scikit_learn_by_hand():
    result = trained()
    Y, P, D = arrays(result, tagged())
    kept = result.scores["models"]["logistic"]
    expected = {
        "mean_average_precision": metrics.average_precision_score(Y, P, average="macro"),
        "macro_roc_auc": metrics.roc_auc_score(Y, P, average="macro"),
        "micro_roc_auc": metrics.roc_auc_score(Y, P, average="micro"),
        "macro_f1": metrics.f1_score(Y, D, average="macro"),
        "micro_f1": metrics.f1_score(Y, D, average="micro"),
        "samples_f1": metrics.f1_score(Y, D, average="samples", zero_division=1.0),
        "macro_precision": metrics.precision_score(Y, D, average="macro"),
        "micro_precision": metrics.precision_score(Y, D, average="micro"),
        "macro_recall": metrics.recall_score(Y, D, average="macro"),
        "micro_recall": metrics.recall_score(Y, D, average="micro"),
        "hamming_loss": metrics.hamming_loss(Y, D),
        "subset_accuracy": metrics.accuracy_score(Y, D),
    }
    assert {name: kept[name]["value"] for name in expected} == pytest.approx(expected)
    assert kept["mean_average_precision"]["value"] > 0.9
    assert result.predictions["labels"].tolist() == tagged()["tags"].tolist()
    assert result.leaderboard.index[0] == "logistic"
    assert set(expected) <= set(result.leaderboard.columns)


def test_the_baseline_knows_the_shares_of_the_labels():
    shares = matrix(tagged()["tags"]).mean(axis=0)
    baseline = trained().scores["models"]["baseline"]
    assert baseline["mean_average_precision"]["value"] == pytest.approx(shares.mean())
    assert baseline["macro_roc_auc"]["value"] == 0.5
    assert baseline["macro_f1"]["value"] == pytest.approx(np.mean(2 * shares / (1 + shares)))


def test_thresholds_are_chosen_on_inner_folds():
    """The final thresholds, and those of each fold, by hand from out-of-fold probabilities."""
    result = trained()
    settings = Settings(**LOGISTIC)
    problem = prepare_problem(tagged(), settings)
    plan = plan_splits(problem, settings)
    Y = indicators(problem.y, problem.outputs)
    unfitted = clone(result.model.pipeline)

    def by_hand(fold):
        parts = [(rows, clone(unfitted).fit(problem.X[train], problem.y[train])) for train, rows in
                 fold.inner]  # fmt: skip
        rows = np.concatenate([own for own, _ in parts])
        P = np.concatenate([model.predict_proba(problem.X[own]) for own, model in parts])
        return f1_thresholds(Y[rows], P)

    assert result.model.decision.thresholds == pytest.approx(by_hand(plan.final))
    _, P, D = arrays(result, tagged())
    for fold in plan.outer:
        assert np.array_equal(D[fold.test], P[fold.test] >= by_hand(fold))


def test_every_fold_has_its_share_of_every_label():
    settings = Settings(**LOGISTIC)
    problem = prepare_problem(tagged(), settings)
    Y = matrix(tagged()["tags"])
    for fold in plan_splits(problem, settings).outer:
        assert np.abs(Y[fold.test].mean(axis=0) - Y.mean(axis=0)).max() < 0.1
        assert not set(problem.groups[fold.train]) & set(problem.groups[fold.test])


def test_auto_selects_by_the_balanced_log_loss_of_the_labels(monkeypatch):
    from featkit.models import one_vs_rest

    monkeypatch.setattr(one_vs_rest, "ESTIMATORS", {
        name: one_vs_rest.ESTIMATORS[name] for name in ("logistic", "sgd")
    })  # fmt: skip
    result = train(tagged(60), multilabel="tags", folds=2)
    assert set(result.scores["models"]) == {"auto", "logistic", "sgd", "baseline"}
    assert result.model.name in ("logistic", "sgd")
    assert result.model.decision is not None


def test_feature_selection_keeps_columns_of_the_labels():
    result = trained(select=3)
    selected = result.model.pipeline["select"].get_support()
    assert np.array(result.model.columns)[selected].tolist() == ["a", "b", "c"]


def test_segments_of_a_recording_stay_together_and_are_combined_by_their_log_odds():
    data = tagged(segments=3)
    result = trained(segments=3)
    P = result.model.probabilities(FeatureTable.of(data, keys=["path", "tags", "start", "end"]))
    odds = np.log(P / (1 - P)).reshape(-1, 3, 3).mean(axis=1)
    joint = result.model.predict(data).data
    assert joint[[f"p_{name}" for name in LABELS]].to_numpy() == pytest.approx(
        1 / (1 + np.exp(-odds))
    )
    assert joint["predicted"].tolist() == [
        ";".join(np.array(LABELS)[own]) for own in
        1 / (1 + np.exp(-odds)) >= result.model.decision.thresholds
    ]  # fmt: skip
    scores = result.scores["recordings"]["mean_average_precision"]
    Y, P, _ = arrays(result, data)
    odds = np.log(P / (1 - P)).reshape(-1, 3, 3).mean(axis=1)
    assert scores["value"] == pytest.approx(metrics.average_precision_score(Y[::3], odds))


def test_a_row_wise_split_is_compared_by_the_mean_average_precision():
    """Segments are near copies: their features do not depend on the labels."""
    data = tagged(120, segments=4)
    noise = np.random.default_rng(1).normal(size=(30, 5))[np.arange(120) // 4]
    data[["a", "b", "c", "d", "e"]] = noise + np.random.default_rng(2).normal(0, 0.01, (120, 5))
    result = train(data, **LOGISTIC | {"model": "random_forest"}, parameters={"n_estimators": 10})
    by_row = result.scores["by_row"]
    assert by_row["row_wise"] > 0.9
    assert (
        by_row["grouped"]
        == result.scores["models"]["random_forest"]["mean_average_precision"]["value"]
    )
    difference = by_row["difference"]
    assert difference["value"] == pytest.approx(by_row["row_wise"] - by_row["grouped"])
    assert 0 < difference["low"] < difference["value"] < difference["high"]


def test_rows_without_labels_are_left_out_with_a_warning():
    data = tagged()
    data.loc[[3, 7], "tags"] = ["", "nan"]
    result = train(data, **LOGISTIC)
    assert result.scores["rows"] == 88
    assert any("2 rows of 90 without a label" in text for text in result.warnings)


def test_rows_without_labels_can_mean_none_of_the_labels():
    data = tagged()
    data.loc[[3, 7], "tags"] = [" ; ", None]
    result = train(data, **LOGISTIC, empty_is_no_label=True)
    assert result.scores["rows"] == 90
    assert result.predictions["labels"][3] == result.predictions["labels"][7] == ""
    assert any("2 rows have none of the labels" in text for text in result.warnings)


def test_another_separator_joins_predictions_too():
    result = train(tagged(separator="|"), **LOGISTIC, label_separator="|")
    assert result.scores["labels"] == LABELS
    predicted = result.model.predict(tagged(separator="|")).data["predicted"]
    assert any("|" in cell for cell in predicted)
    own, other = result.scores["models"], trained().scores["models"]
    assert own == other


def test_labels_of_one_group_or_of_all_rows_are_left_out_with_a_warning():
    data = tagged()
    data["tags"] = [f"{cell};always" for cell in data["tags"]]
    data.loc[5, "tags"] += ";rare"
    result = train(data, **LOGISTIC)
    assert result.scores["labels"] == LABELS
    assert any("2 labels of column 'tags' left out" in text for text in result.warnings)
    assert result.scores["models"]["logistic"] == trained().scores["models"]["logistic"]


def test_labels_of_one_published_fold_are_left_out():
    data = tagged()
    data["fold"] = np.arange(90) % 3 + 1
    data.loc[[0, 3, 6], "tags"] += ";first"
    result = train(data, multilabel="tags", model="logistic", fold="fold")
    assert result.scores["labels"] == LABELS
    assert any("fewer than 2 folds of column 'fold'" in text for text in result.warnings)


def test_too_few_labels_are_an_error():
    data = tagged(30)
    data["tags"] = "a"
    data.loc[0, "tags"] = "a;b"
    with pytest.raises(ParameterError, match="fewer than two labels"):
        train(data, **LOGISTIC)


def test_a_test_fold_may_lack_a_label():
    data = tagged()
    data["fold"] = np.arange(90) % 3 + 1
    data.loc[[0, 1, 3, 4], "tags"] += ";some"
    result = train(data, multilabel="tags", model="logistic", fold="fold")
    assert result.scores["absent_labels"] == {"3": 1}
    (own,) = [own for own in result.scores["per_label"] if own["label"] == "some"]
    assert own["support"] == 4
    folds = result.scores["models"]["logistic"]["mean_average_precision"]["folds"]
    Y, P = matrix(data["tags"]), result.predictions[[f"p_{name}" for name in LABELS]].to_numpy()
    rows = data["fold"] == 3
    assert folds["3"] == pytest.approx(metrics.average_precision_score(Y[rows], P[rows]))


def test_a_column_for_each_label_is_removed():
    data = tagged()
    data["tag_live"] = [int("live" in cell) for cell in data["tags"]]
    result = train(data, **LOGISTIC)
    assert "tag_live" not in result.model.columns
    assert any("'tag_live'" in text for text in result.warnings)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label": "path"}, "label and multilabel exclude each other"),
        ({"calibrate": "sigmoid"}, "calibrate applies to classes"),
        ({"label_map": {"labels": {"a": ["b"]}}}, "label map applies to one label"),
        ({"label_separator": ""}, "label_separator"),
        ({"label_separator": "|"}, r"(?s)no cell of column 'tags'.*cells contain ';'"),
        ({"multilabel": "none"}, "none"),
    ],
)
def test_options_that_do_not_fit_are_errors(options, message):
    with pytest.raises(ParameterError, match=message):
        train(tagged(20), **LOGISTIC | options)


def test_too_few_groups_for_thresholds_are_an_error():
    data = tagged(40).assign(room=np.where(np.arange(40) % 2, "a", "b"))
    with pytest.raises(ParameterError, match="thresholds of the labels"):
        train(data, **LOGISTIC, group="room")


def test_options_of_labels_need_a_column_of_labels():
    with pytest.raises(ParameterError, match="multilabel"):
        train(tagged(20), label="tags", label_separator="|")


def test_a_label_that_a_fold_cannot_be_trained_on_is_an_error(monkeypatch):
    from featkit.models.tasks import multilabel

    monkeypatch.setattr(multilabel, "MIN_UNITS", 0)
    data = tagged(30)
    data.loc[0, "tags"] += ";rare"
    with pytest.raises(ParameterError, match="label 'rare', or none has it"):
        train(data, **LOGISTIC)


def test_probabilities_of_a_label_that_training_rows_lack_are_undefined():
    result = trained()
    P = TASKS["multilabel"].predict(result.model.pipeline, np.zeros((2, 5)), [*LABELS, "new"])
    assert np.isfinite(P[:, :3]).all()
    assert np.isnan(P[:, 3]).all()
