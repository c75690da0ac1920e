"""`featkit.evaluate`: every figure equals scikit-learn's on the same predictions."""

import inspect
import itertools

import numpy as np
import pandas as pd
import pytest
from learning import tones, trained
from progress_steps import into
from scipy.stats import binomtest
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
)

import featkit
from featkit.evaluation import _dataset_evaluator as evaluator  # to explain few rows
from featkit.evaluation.result import CrossEvaluation
from featkit.models.serialization import from_dict
from featkit.table.feature_table import FeatureTable

MAP = {"labels": {"tonal": ["high", "Mid"]}}


@pytest.fixture(scope="module")
def home():
    return trained(tones(90), "logistic")


@pytest.fixture(scope="module")
def forest():
    return trained(tones(90, spread=3.0), "logistic", seed=3)[0].model


def far(rows=60, segments=2, seed=1):
    """Recordings with segments, labels in another spelling, persons, and some unknown labels."""
    data = tones(rows, seed=seed, spread=1.5)
    number = np.arange(rows) // segments
    data["path"] = [f"far/{k}.wav" for k in number]
    data["start"] = (np.arange(rows) % segments) * 2.0
    data["end"] = data["start"] + 2.0
    data["label"] = np.array(["HIGH", "Low", "m-i-d", "polka"], dtype=object)[number % 4]
    data["sex"] = np.where(number % 3, "f", "m")
    data["person"] = [f"p{k % 12}" for k in number]
    return data


def test_all_figures_equal_those_of_scikit_learn(home):
    result = featkit.evaluate(home[0].model, {"far": far()}, by="sex", group="person")
    (one,) = result.evaluation.evaluations
    data = result.predictions
    classes = home[0].model.classes
    P = np.log(data[[f"p_{name}" for name in classes]])
    P = np.exp(P.groupby(data["path"], sort=False).mean())
    P = P.div(P.sum(axis=1), axis=0)
    y = data.groupby("path", sort=False)["label"].first()
    answer = np.array(classes)[P.to_numpy().argmax(axis=1)]
    assert one.scores.accuracy.value == pytest.approx(accuracy_score(y, answer))
    assert one.scores.balanced_accuracy.value == pytest.approx(balanced_accuracy_score(y, answer))
    assert one.scores.macro_f1.value == pytest.approx(f1_score(y, answer, average="macro"))
    assert one.scores.log_loss.value == pytest.approx(log_loss(y, P.to_numpy(), labels=classes))
    assert one.scores.accuracy.low < one.scores.accuracy.value < one.scores.accuracy.high
    assert one.confusion == confusion_matrix(y, answer, labels=classes).tolist()
    expected = precision_recall_fscore_support(y, answer, labels=classes, zero_division=0)
    own = [(c.precision or 0, c.recall, c.f1, c.support) for c in one.per_class]
    np.testing.assert_allclose(np.array(own).T, np.array(expected))
    assert one.segment_scores.accuracy.value == pytest.approx(data["correct"].mean())
    assert (data["correct"] == (data["label"] == data["predicted"])).all()
    for subgroup in one.subgroups[0].subgroups:
        names = far().query("sex == @subgroup.value")["path"]
        inside = y.index.isin(names)
        accuracy = accuracy_score(y[inside], answer[inside])
        assert subgroup.metrics["accuracy"].value == pytest.approx(accuracy)
    assert (one.unit, one.groups) == ("person", 9)
    assert one.counts.unknown == {"polka": 14}
    assert one.counts.scored_rows == len(data) == 46
    assert one.counts.scored_recordings == len(y) == 23


def test_merged_classes_have_the_sum_of_their_probabilities(home):
    plain = featkit.evaluate(home[0].model, {"far": far()}).predictions
    data = far().query("label != 'polka'")
    result = featkit.evaluate(home[0].model, {"far": data}, label_map={**MAP, "unmapped": "keep"})
    merged = result.predictions
    np.testing.assert_allclose(merged["p_tonal"], plain["p_high"] + plain["p_mid"])
    assert set(merged["label"]) == {"tonal", "low"}
    (one,) = result.evaluation.evaluations
    assert one.classes == ["low", "tonal"]
    assert one.home.merged
    assert result.evaluation.label_map["labels"] == {"tonal": ["high", "Mid"]}


def test_home_has_the_scores_of_the_training(home):
    result, table = home
    here = featkit.evaluate(result.model, {"t": table}).evaluation.evaluations[0]
    kept = result.evaluation.kept
    assert here.scores.accuracy.value == kept.accuracy.value == here.home.metrics["accuracy"].value
    assert here.scores.log_loss.value == pytest.approx(kept.log_loss.value)
    assert here.scores.accuracy.low == kept.accuracy.low


def test_the_training_table_of_segments_has_the_scores_at_home():
    rng = np.random.default_rng(4)
    data = tones(60).loc[np.repeat(np.arange(60), 3)].reset_index(drop=True)
    data["pitch"] += rng.normal(scale=2, size=len(data))
    data = data.assign(start=np.tile([0.0, 1.0, 2.0], 60), end=np.tile([1.0, 2.0, 3.0], 60))
    model, table = trained(data, "logistic")
    (one,) = featkit.evaluate(model.model, table).evaluation.evaluations
    home = one.home
    for metric, value in home.recording_metrics.items():
        assert one.scores[metric].value == pytest.approx(value.value)
        assert one.segment_scores[metric].value == pytest.approx(home.metrics[metric].value)
    assert one.scores.accuracy.value != one.segment_scores.accuracy.value
    assert home.by_recording
    assert home.per_class == one.per_class
    assert home.same_classes_balanced_accuracy == pytest.approx(one.scores.balanced_accuracy.value)
    assert home.calibration.brier == pytest.approx(one.calibration.brier)
    assert home.calibration.expected_error == pytest.approx(one.calibration.expected_error)
    label_map = {"labels": {"pitched": ["high", "mid"], "low": ["low"]}}
    (merged,) = featkit.evaluate(model.model, table, label_map=label_map).evaluation.evaluations
    answer = np.array(merged.confusion).diagonal().sum() / 60
    assert merged.scores.accuracy.value == answer
    assert merged.home.recording_metrics.keys() == merged.home.metrics.keys()
    hits = sum(own.recall * own.support for own in merged.home.per_class)
    assert merged.home.recording_metrics["accuracy"].value == pytest.approx(hits / 60)


def test_models_are_compared_on_the_recordings_that_both_predict(home, forest):
    data = far().drop(columns=["start", "end"]).drop_duplicates("path")
    models = {"one": home[0].model, "two": forest}
    result = featkit.evaluate(models, {"far": data, "again": data.iloc[:20]})
    assert [(e.dataset, e.model) for e in result.evaluation.evaluations] == [
        *(("far", "one"), ("far", "two"), ("again", "one"), ("again", "two"))
    ]
    first, _ = result.evaluation.comparisons
    wide = result.predictions.query("dataset == 'far'").pivot(
        index="path", columns="model", values="correct"
    )
    only_one, only_two = (wide["one"] & ~wide["two"]).sum(), (~wide["one"] & wide["two"]).sum()
    assert (first.only_first, first.only_second) == (only_one, only_two)
    assert first.recordings == len(wide)
    assert first.difference.value == pytest.approx(wide["two"].mean() - wide["one"].mean())
    if only_one + only_two:
        p = binomtest(only_one, only_one + only_two).pvalue
        assert first.p_value == pytest.approx(p)


def test_models_that_know_other_labels_of_a_cell_are_each_compared_by_their_own(home):
    small = featkit.train(tones(60, classes=("low", "mid")), model="logistic").model
    data = far(60, segments=1).assign(label=["high;low", "low;mid", "mid;high"] * 20)
    models = {"small": small, "all": home[0].model}
    result = featkit.evaluate(models, data, label_separator=";").evaluation
    (pair,) = result.comparisons
    accuracies = [one.scores.accuracy.value for one in result.evaluations]
    assert [pair.first_accuracy, pair.second_accuracy] == pytest.approx(accuracies)


def test_several_labels_of_a_cell_give_secondary_scores(home):
    data = far(40, segments=1).assign(label=["high;low", "polka;mid;high", "low", "mid"] * 10)
    result = featkit.evaluate(home[0].model, {"far": data}, label_separator=";")
    (one,) = result.evaluation.evaluations
    predictions = result.predictions
    assert predictions["label"].tolist() == ["high", "mid", "low", "mid"] * 10
    assert predictions["secondary"].tolist() == ["low", "high", "", ""] * 10
    either = predictions["correct"] | (predictions["secondary"] == predictions["predicted"])
    assert one.secondary.with_secondary == 20
    assert one.secondary.either_accuracy.value == pytest.approx(either.mean())
    assert one.secondary.primary_accuracy.value == pytest.approx(one.scores.accuracy.value)


def test_the_order_of_rows_and_datasets_does_not_matter(home):
    data = far()
    shuffled = data.sample(frac=1, random_state=0).reset_index(drop=True)
    model = home[0].model
    forward = featkit.evaluate(model, {"a": data, "b": data.iloc[:30]}, by="sex", group="person")
    backward = featkit.evaluate(
        model, {"b": data.iloc[:30], "a": shuffled}, by="sex", group="person"
    )
    scores = {e.dataset: e for e in forward.evaluation.evaluations}
    for one in backward.evaluation.evaluations:
        other = scores[one.dataset]
        assert one.counts == other.counts
        assert one.confusion == other.confusion
        assert one.per_class == other.per_class
        assert one.scores.log_loss.value == pytest.approx(other.scores.log_loss.value, abs=1e-12)
        assert one.scores.accuracy == other.scores.accuracy
        assert one.subgroups[0].difference.value == pytest.approx(
            other.subgroups[0].difference.value
        )


def test_the_training_table_adds_shift_and_importances(home):
    steps = []
    result, table = home
    evaluated = featkit.evaluate(
        result.model,
        {"far": far()},
        training_table=table,
        progress=into(steps),
    )
    (one,) = evaluated.evaluation.evaluations
    assert one.shift.home_rows == 90
    assert {own.column for own in one.shift.columns} == {*result.model.columns}
    assert one.importances.rows == 46
    assert steps[-1][:2] == (5, 5)
    assert all(done <= total for done, total, _ in steps)
    plain = evaluated.scores
    assert from_dict(CrossEvaluation, plain) is not None


def test_the_importances_do_not_depend_on_the_speed_of_the_machine(monkeypatch):
    monkeypatch.setattr(f"{evaluator.__name__}.rows_to_explain", lambda model: 25)
    data = tones(60)
    model = featkit.train(data, model="svm").model
    seconds = itertools.count(0, 1000)
    monkeypatch.setattr("time.monotonic", lambda: next(seconds))
    (one,) = featkit.evaluate(model, far(), training_table=data).evaluation.evaluations
    assert (one.importances.home_rows, one.importances.rows) == (25, 25)


def test_another_training_table_is_refused(home):
    with pytest.raises(featkit.ParameterError, match="trained on none of its rows"):
        featkit.evaluate(home[0].model, {"far": far()}, training_table=FeatureTable.of(far()))


def test_recording_conditions_that_give_the_label_away_come_first(home):
    level = {"HIGH": -10.0, "Low": -30.0, "m-i-d": -50.0, "polka": 0.0}
    data = far(120, segments=1)
    data["quality_level"] = data["label"].map(level)
    (one,) = featkit.evaluate(home[0].model, {"far": data}).evaluation.evaluations
    assert one.conditions.give_label_away
    assert "gives the label away" in one.warnings[0] or "may give" in one.warnings[0]


def test_tables_that_do_not_fit_are_refused_with_the_name_of_the_dataset(home):
    with pytest.raises(featkit.TableError, match=r"far: the table lacks 1 of the model's 4 col"):
        featkit.evaluate(home[0].model, {"far": far().drop(columns="pitch")})


def test_secondary_labels_come_from_one_source_only(home):
    with pytest.raises(featkit.ParameterError, match="secondary_label and label_separator exclude"):
        featkit.evaluate(home[0].model, far(), secondary_label="sex", label_separator=";")


def test_a_model_that_was_trained_with_a_label_map_applies_it_to_other_datasets():
    data = tones(90)
    label_map = {"labels": {"tonal": ["high", "mid"], "deep": ["low"]}}
    model = featkit.train(data, model="logistic", label_map=label_map).model
    result = featkit.evaluate(model, {"far": far(), "home": data})
    one, home_again = result.evaluation.evaluations
    assert one.classes == ["deep", "tonal"]
    assert one.counts.unknown == {"polka": 14}
    assert not one.home.merged
    assert home_again.counts.scored_rows == 90
    expected = home_again.home.metrics["accuracy"].value
    assert home_again.scores.accuracy.value == expected


def test_predictions_of_models_with_other_classes_share_one_table(home):
    small = featkit.train(tones(60, classes=("low", "mid")), model="logistic").model
    data = far().query("label != 'polka'")
    table = featkit.evaluate({"all": home[0].model, "two": small}, {"far": data}).predictions
    assert table.columns[-1] == "correct"
    own = table.query("model == 'two'")
    assert own["p_high"].isna().all()
    assert len(own) < len(table.query("model == 'all'"))


def test_a_path_of_a_model_can_be_given_and_the_signature_is_kept(home, tmp_path):
    home[0].model.save(tmp_path / "m.fk")
    far().to_csv(tmp_path / "far.csv", index=False)
    result = featkit.evaluate(tmp_path / "m.fk", tmp_path / "far.csv")
    in_memory = featkit.evaluate({"m": home[0].model}, {"far": far()})
    pd.testing.assert_frame_equal(result.predictions, in_memory.predictions)
    assert "label_map" in inspect.signature(featkit.evaluate).parameters
    assert result.warnings == list(dict.fromkeys(result.evaluation.evaluations[0].warnings))
