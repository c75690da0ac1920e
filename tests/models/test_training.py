"""Training: scores that can be believed."""

import contextlib
import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from learning import copies, few_trees, tones
from sklearn import metrics as reference
from sklearn.model_selection import cross_validate

import featkit
from featkit.errors import ModelError, ParameterError, TableError
from featkit.models import pipeline, training
from featkit.models._outer_folds import make_plan
from featkit.models.estimator import ESTIMATORS, candidates, names
from featkit.models.estimators import logistic
from featkit.models.problem import make_problem
from featkit.models.result import RANKED_BY
from featkit.models.scores import calibration, intervals, metrics, of_confusions, per_class, scores
from featkit.models.settings import Settings
from featkit.report.sections.performance import good
from featkit.table.feature_table import FeatureTable


def problem_of(data, **how):
    keys = [how.get("label", "label"), *([how["group"]] if "group" in how else [])]
    return make_problem(FeatureTable.of(data, keys=keys), **how)


def accuracy(result, model):
    return result.scores["models"][model]["accuracy"]["value"]


# No leak


@pytest.mark.parametrize("model", ["svm", "random_forest"])
def test_near_copies_are_known_again_by_row_and_not_by_recording(model, monkeypatch):
    few_trees(monkeypatch)
    honest = featkit.train(copies(), model=model)
    assert 0.3 < accuracy(honest, model) < 0.7
    assert honest.scores["by_row"]["scores"]["accuracy"] > 0.98
    assert honest.scores["by_row"]["difference"]["low"] > 0.2
    assert honest.scores["by_row"]["honest"]["accuracy"] == accuracy(honest, model)
    by_row = featkit.train(copies(), model=model, split_by_row=True)
    assert accuracy(by_row, model) > 0.98
    assert "split by row" in by_row.warnings[0]
    assert by_row.scores["by_row"] is None
    assert not honest.warnings


def test_a_group_is_not_divided_either():
    data = copies()
    data["song"] = data["path"]
    data["path"] = [f"{k}.wav" for k in range(len(data))]
    blind = featkit.train(data.drop(columns="song"), model="svm")
    told = featkit.train(data, group="song", model="svm")
    assert accuracy(blind, "svm") > 0.98
    assert accuracy(told, "svm") < 0.7
    assert told.scores["unit"] == "song"


def test_what_chooses_lies_inside_what_teaches():
    data = copies(segments=3)
    problem = problem_of(data)
    plan = make_plan(problem, folds=4)
    for one in [*plan.rounds, plan.final]:
        assert one.inner
        for train, test in one.inner:
            assert not set(train) & set(test)
            assert set(train) | set(test) == set(one.train)
            assert not set(problem.groups[train]) & set(problem.groups[test])
        assert not set(one.train) & set(one.test)
        assert not set(problem.groups[one.train]) & set(problem.groups[one.test])


def test_nothing_of_the_rows_that_are_judged_is_fitted():
    """Were the scaler, say, fitted on all, wild values in fold two would change its own answers."""
    columns = ["pitch", "a", "b", "c"]
    data = tones(rows=60).assign(fold=["one", "two"] * 30)
    two = data["fold"] == "two"
    data.loc[two, columns] *= 1e6
    said = featkit.train(data, fold="fold", model="svm").predictions
    taught_by_one = pipeline("svm")
    taught_by_one.fit(data.loc[~two, columns].to_numpy(), data.loc[~two, "label"].to_numpy(str))
    np.testing.assert_allclose(
        said.loc[two, ["p_high", "p_low", "p_mid"]],
        taught_by_one.predict_proba(data.loc[two, columns].to_numpy()),
        rtol=1e-12,
    )


def test_a_split_by_row_is_told_apart_from_noise():
    """Where there is nothing to leak, the interval of the difference holds 0."""
    apart = []
    for seed in range(4):
        data = tones(seed=seed, spread=3.0)
        data.loc[3, "path"] = "000.wav"
        found = featkit.train(data, model="logistic").scores["by_row"]["difference"]
        apart.append(found["low"] <= 0 <= found["high"])
    assert all(apart)


def test_intervals_are_of_groups_also_where_these_are_divided():
    by_row = featkit.train(copies(), model="logistic", split_by_row=True).scores["models"]
    honest = featkit.train(copies(), model="logistic").scores["models"]
    width, expected = (
        of["baseline"]["accuracy"]["high"] - of["baseline"]["accuracy"]["low"]
        for of in (by_row, honest)
    )
    assert width == pytest.approx(expected, rel=0.2)


def test_artists_of_several_classes_never_leave_a_class_untaught():
    data = tones(rows=24, classes=("a", "b"))
    data["artist"] = np.repeat(["v", "w", "x", "y"], [11, 5, 5, 3])
    judged = 0
    for seed in range(6):
        data["label"] = np.random.default_rng(seed).permutation(data["label"])
        for model in ("logistic", "svm"):
            with contextlib.suppress(ParameterError):  # the one alternative to finite scores
                result = featkit.train(data, group="artist", folds=2, model=model, seed=seed)
                assert np.isfinite(result.predictions["probability"]).all()
                judged += 1
    assert judged >= 6


@pytest.mark.parametrize("model", ["logistic", "xgboost", "svm"])
def test_a_fold_that_judges_what_no_other_teaches_is_an_error(model):
    data = tones().assign(fold=np.arange(60) % 3)  # the fold is the class
    with pytest.raises(ParameterError, match="class 'high' is in '0' of 3 folds"):
        featkit.train(data, fold="fold", model=model)
    data = tones().assign(fold=np.arange(60) // 3 % 4)
    data.loc[7, "label"] = "rare"
    with pytest.raises(ParameterError, match="class 'rare' is in '2'"):
        featkit.train(data, fold="fold", model=model)


def test_what_chooses_needs_two_classes_that_are_taught():
    data = tones(rows=60, classes=("a", "b")).assign(split=["train", "validation", "test"] * 20)
    data.loc[data["split"] == "train", "label"] = "a"
    with pytest.raises(ParameterError, match="not two classes to choose a model by"):
        featkit.train(data, split="split")


# Ways to split


def test_published_folds_are_taken_as_they_are():
    data = tones()
    data["fold"] = np.arange(60) // 3 % 4 + 1
    result = featkit.train(data, fold="fold", model="logistic")
    assert list(result.predictions["fold"]) == [str(fold) for fold in data["fold"]]
    assert result.scores["protocol"] == "4 folds of column 'fold'"
    assert len(result.scores["models"]["logistic"]["accuracy"]["folds"]) == 4
    assert result.model.training["rows"] == 60
    assert "fold" not in result.model.columns


def test_a_published_split_is_judged_by_its_test_and_learnt_from_the_rest(monkeypatch):
    few_trees(monkeypatch)
    monkeypatch.setattr(training, "candidates", lambda name: candidates(name)[:1])
    data = tones()
    data["split"] = ["training", "training", "valid", "TEST", "training"] * 12
    result = featkit.train(data, split="split", model="auto")
    assert len(result.predictions) == 12
    assert result.scores["judged"] == 12
    assert result.model.training["rows"] == 48
    inner = make_plan(problem_of(data.assign(split=data["split"])), split="split").rounds[0].inner
    ((train, validation),) = inner
    assert (len(train), len(validation)) == (36, 12)


def test_a_ratio_keeps_the_test_from_the_final_model():
    result = featkit.train(tones(), shares=(60, 20, 20), model="logistic")
    assert result.scores["judged"] == 12
    assert result.model.training["rows"] == 48
    assert result.scores["protocol"] == "60/20/20 by recording"


def test_two_ways_at_once_are_refused():
    with pytest.raises(ParameterError, match=r"one way to split: got folds and shares \(--ratio\)"):
        featkit.train(tones(), folds=3, shares=(80, 20), model="svm")


def test_a_group_of_one_value_is_told():
    with pytest.raises(ParameterError, match="'artist' has one value, 'ann': all rows would stay"):
        featkit.train(tones().assign(artist="ann"), group="artist", model="logistic")


@pytest.mark.parametrize(
    ("column", "values", "how", "error", "message"),
    [
        ("fold", ["1"] * 60, {"fold": "fold"}, ParameterError, "one fold, '1'"),
        ("fold", [""] + ["1", "2"] * 29 + ["1"], {"fold": "fold"}, TableError, "1 row has no 'f"),
        ("split", ["train"] * 60, {"split": "split"}, ParameterError, "says 'test' of no row"),
        ("split", ["train", "1"] * 30, {"split": "split"}, ParameterError, "says '1', too"),
        (
            "split",
            ["test", "train", "train"] * 20,
            {"split": "split"},
            ParameterError,
            "in 'test' of col",
        ),
    ],
)
def test_a_published_split_that_cannot_be_is_told(column, values, how, error, message):
    with pytest.raises(error, match=message):
        featkit.train(tones().assign(**{column: values}), model="logistic", **how)


def test_a_published_split_that_divides_a_recording_is_refused():
    data = copies(segments=2).assign(fold=["1", "2"] * 40)
    with pytest.raises(TableError, match=r"column 'fold' divides the recording 'song000\.wav'"):
        featkit.train(data, fold="fold", model="logistic")
    data = copies(segments=1).assign(fold=["1", "2"] * 20, artist=["x"] * 2 + ["y", "z"] * 19)
    with pytest.raises(TableError, match="column 'fold' divides the artist 'x'"):
        featkit.train(data, fold="fold", group="artist", model="logistic")


def test_a_published_split_may_divide_recordings_if_that_is_said_out_loud():
    data = copies(segments=2).assign(fold=["1", "2"] * 40, part=["train", "test"] * 40)
    for how in ({"fold": "fold"}, {"split": "part"}):
        result = featkit.train(data, split_by_row=True, model="logistic", **how)
        assert accuracy(result, "logistic") > 0.75
        assert "split by row: rows of one recording or group are on both" in result.warnings[0]
        assert result.scores["by_row"] is None


@pytest.mark.parametrize("part", ["Testing", " test ", "eval", "Evaluation", "HOLDOUT", "test"])
def test_parts_have_the_names_that_datasets_give_them(part):
    data = tones().assign(split=["Training ", "train", "development", part, "dev"] * 12)
    result = featkit.train(data, split="split", model="logistic")
    assert result.scores["judged"] == 12
    (inner,) = make_plan(problem_of(data), split="split").rounds[0].inner
    assert [len(rows) for rows in inner] == [24, 24]


def test_many_published_folds_are_put_together_to_choose_by():
    data = tones(rows=120).assign(fold=np.repeat(np.arange(20), 6))
    plan = make_plan(problem_of(data), fold="fold")
    names = data["fold"].to_numpy()
    for of in [*plan.rounds, plan.final]:
        assert len(of.inner) == 5
        for train, test in of.inner:
            assert not set(names[train]) & set(names[test])
            assert set(train) | set(test) == set(of.train)
            assert len(test) in (18, 24)


def test_few_published_folds_choose_as_they_are():
    data = tones(rows=50).assign(fold=np.repeat(np.arange(5), 10))
    plan = make_plan(problem_of(data), fold="fold")
    assert [len(of.inner) for of in plan.rounds] == [4] * 5
    names = data["fold"].to_numpy()
    assert all(len(set(names[test])) == 1 for of in plan.rounds for _, test in of.inner)


def test_numbers_may_be_numpys():
    one, other = (
        featkit.train(tones(), model="logistic", folds=kind(3), seed=kind(2), select=kind(2))
        for kind in (int, np.int64)
    )
    assert one.scores == other.scores
    assert json.dumps(one.model.training) == json.dumps(other.model.training)
    shares = featkit.train(tones(), model="logistic", shares=np.array([60, 20, 20]))
    assert shares.scores["protocol"] == "60/20/20 by recording"
    json.dumps(shares.model.training)


def test_settings_are_told_by_the_model_or_it_is_to_be_trained_again():
    training = featkit.train(tones(), model="logistic", folds=3).model.training
    assert Settings.of(training).folds == 3
    for settings in ({"settings": {"more": 1}}, {"settings": {"label": 3}}, {"settings": 1}, {}):
        with pytest.raises(ModelError, match="does not say how it was trained: train it again"):
            Settings.of(settings)


# Bad input


def test_one_class_is_an_error():
    with pytest.raises(ParameterError, match="column 'label' has one class, 'low'"):
        featkit.train(tones().assign(label="low"))


def test_a_class_of_one_row_is_an_error_that_names_it():
    data = tones()
    data.loc[0, "label"] = "rare"
    with pytest.raises(ParameterError, match="class 'rare' has 1 row "):
        featkit.train(data, model="svm")


def test_a_missing_label_column_is_an_error_that_helps():
    with pytest.raises(ParameterError, match="did you mean 'label'"):
        featkit.train(tones(), label="lable")
    with pytest.raises(ParameterError, match="no row has a class"):
        featkit.train(tones().assign(label=""))


def test_rows_without_a_label_are_left_out_with_a_warning():
    data = tones()
    data.loc[[3, 7], "label"] = None
    result = featkit.train(data, model="logistic")
    assert len(result.predictions) == 58
    assert result.warnings == ["2 of 60 rows have no 'label': left out"]


def test_columns_without_a_value_are_left_out_with_a_warning():
    result = featkit.train(tones().assign(none=np.nan), model="logistic")
    assert result.warnings == ["columns that hold no value are left out: none"]
    assert "none" not in result.model.columns


@pytest.mark.parametrize("model", ["logistic", "xgboost"])
def test_a_column_that_is_empty_in_some_folds_only_is_no_trouble(model):
    data = tones().assign(some=np.nan, fold=np.arange(60) // 3 % 4)
    data.loc[data["fold"] == 0, "some"] = 1.0
    result = featkit.train(data, fold="fold", model=model)
    assert "some" in result.model.columns
    assert np.isfinite(result.predictions["probability"]).all()


def test_an_infinite_value_is_an_error_that_names_file_and_column():
    data = tones()
    data.loc[5, "a"] = np.inf
    with pytest.raises(TableError, match=r"005\.wav: column 'a' is infinite"):
        featkit.train(data)
    featkit.train(data, exclude=["a"], model="logistic")


def test_paths_that_stand_twice_are_parts_of_one_recording_with_a_warning():
    data = tones()
    data.loc[3, "path"] = "000.wav"
    result = featkit.train(data, model="logistic")
    assert "paths that stand in the table more than once: 1 (000.wav)" in result.warnings[0]
    assert result.scores["groups"] == 59
    assert result.scores["recordings"] is not None


def test_a_group_that_is_the_class_is_an_error():
    data = tones()
    with pytest.raises(ParameterError, match="the group 'genre' is the class under another name"):
        featkit.train(data.assign(genre=data["label"].str.upper()), group="genre")
    with pytest.raises(ParameterError, match="is the class under another name"):
        featkit.train(data, group="label")


def test_a_recording_in_two_groups_and_a_row_in_none_are_errors():
    data = copies(segments=2).assign(artist=["x", "y"] * 40)
    with pytest.raises(TableError, match=r"song000\.wav is in two groups, 'x' and 'y'"):
        featkit.train(data, group="artist")
    with pytest.raises(TableError, match="60 rows have no 'artist'"):
        featkit.train(tones().assign(artist=""), group="artist")


def test_the_same_numbers_under_two_names_are_a_warning():
    data = tones()
    data.loc[9, ["pitch", "a", "b", "c"]] = data.loc[0, ["pitch", "a", "b", "c"]]
    (warning,) = featkit.train(data, model="logistic").warnings
    assert "of a row of another recording: 000.wav = 009.wav; copies of one" in warning


def test_copies_are_named_once_and_silence_is_none():
    data = copies(recordings=20, segments=3)
    data["quality_silent"] = False
    features = [f"x{k}" for k in range(20)]
    data.loc[6:8, features] = data.loc[0:2, features].to_numpy()
    (warning,) = featkit.train(data, model="logistic").warnings
    assert "another recording: song000.wav = song002.wav; copies" in warning
    assert featkit.train(data.assign(quality_silent=True), model="logistic").warnings == []


def test_a_table_without_paths_says_that_it_cannot_know_recordings():
    result = featkit.train(tones().drop(columns="path"), model="logistic")
    assert "no column 'path'" in result.warnings[0]
    assert result.scores["unit"] == "row"


def test_a_value_that_no_tree_can_hold_is_as_bad_as_an_infinite_one():
    data = tones()
    data.loc[5, "a"] = 1e39
    with pytest.raises(TableError, match=r"005\.wav: column 'a' is infinite \(or beyond 3.4e38"):
        featkit.train(data)


def test_columns_that_give_the_class_away_and_text_are_warnings():
    data = tones().drop(columns="path")
    data["label_id"] = data["label"].map({"high": 7, "low": 8, "mid": 9})
    data["mood"] = "good"
    result = featkit.train(data, model="logistic", group=None)
    assert "columns of text are not learnt from: mood" in result.warnings
    assert any("'label_id' is the class under another name" in text for text in result.warnings)


def test_a_column_that_numbers_the_rows_is_a_warning():
    data = tones().sort_values("label").assign(take=np.arange(60)[::-1] * 3)
    (warning,) = featkit.train(data, model="logistic").warnings
    assert "column 'take' numbers the rows, from 0 to 177 in their order, and gives" in warning
    for column in (np.arange(60) % 7, np.arange(60) ** 1.5, np.full(60, 3)):
        assert not featkit.train(data.assign(take=column), model="logistic").warnings


def test_labels_that_look_alike_are_a_warning_and_blanks_are_none():
    data = tones()
    data.loc[data.index % 6 == 0, "label"] = "High "
    data.loc[[1, 7], "label"] = "  "
    result = featkit.train(data, model="logistic")
    assert result.warnings == [
        "2 of 60 rows have no 'label': left out",
        "label: 'High ', 'high' look alike, and are different values (in 10, 10 rows): write them"
        " alike if they mean the same",
    ]
    grouped = tones().assign(artist=["ann", "Ann", "bob", "cid", "dee"] * 12)
    (warning,) = featkit.train(grouped, group="artist", folds=2, model="logistic").warnings
    assert warning.startswith("artist: 'ann', 'Ann' look alike")


@pytest.mark.parametrize(
    ("column", "values", "hint"),
    [
        ("artist", np.arange(60) // 2, "column 'artist' may say what belongs together"),
        ("Speaker_ID", np.arange(60) % 8, "column 'Speaker_ID' may say what belongs together"),
        ("take", [f"t{k // 6}-{k % 3}" for k in range(60)], "column 'take' may say what belongs"),
        ("fold", np.arange(60) % 5, "column 'fold' is not used: if it is a published split"),
        ("split", ["train", "test", "train"] * 20, "column 'split' is not used"),
        ("mood", [f"m{k % 4}" for k in range(60)], None),
        ("title", [f"t{k}" for k in range(60)], None),
        ("split", ["train"] * 60, None),
        ("group", ["x"] * 60, None),
    ],
)
def test_what_may_keep_rows_together_and_is_not_used_is_a_warning(column, values, hint):
    data = tones().assign(**{column: values})
    found = featkit.train(data, model="logistic", folds=3).warnings
    found = [text for text in found if "belongs together" in text or "is not used" in text]
    assert len(found) == (hint is not None)
    assert hint is None or found[0].startswith(hint)
    quiet = featkit.train(data, model="logistic", exclude=[column]).warnings
    assert not any("belongs together" in text or "is not used" in text for text in quiet)


def test_numbers_beside_featkits_own_are_named_as_not_learnt_from():
    data = copies(segments=1).rename(columns={"x0": "mfcc_1_mean", "x1": "mfcc_2_mean"})
    data = data[["path", "start", "end", "label", "mfcc_1_mean", "mfcc_2_mean"]]
    data = data.assign(mine=np.arange(40.0) % 7, note="x")
    result = featkit.train(data, model="logistic")
    assert result.model.columns == ["mfcc_1_mean", "mfcc_2_mean"]
    (warning,) = result.warnings
    assert "columns of numbers that are not featkit's are not learnt from: mine;" in warning
    advised = featkit.train(data.drop(columns=["start", "end"]), model="logistic")
    assert "mine" in advised.model.columns


def test_a_recording_of_two_classes_is_a_warning_and_no_score():
    data = copies(segments=2)
    data.loc[[0, 4], "label"] = "rock"
    result = featkit.train(data, model="logistic")
    assert (
        "recordings of which rows have different classes: 2 (song000.wav, song002"
        in (result.warnings[0])
    )
    assert result.scores["recordings"] is not None


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"seed": 2**32}, "seed must be a whole number from 0"),
        ({"seed": "a"}, "seed must be a whole number from 0"),
        ({"select": 2.0}, "select must be a whole number, got 2.0"),
        ({"exclude": "ab"}, "exclude must be a list of columns, got 'ab'"),
        ({"label": 1}, "label must be the name of a column, got 1"),
        ({"group": ["a"]}, "group must be the name of a column"),
        ({"seed": True}, "seed must be a whole number from 0"),
        ({"folds": 10**9}, "class 'high' has 20 rows"),
        ({"shares": 5}, "shares must be those of train, validation and test"),
        ({"shares": np.array([60, -1])}, "shares must be those of train, validation and test"),
        ({"split_by_row": "no"}, "split_by_row True or False"),
    ],
)
def test_wrong_settings_are_told(how, message):
    with pytest.raises(ParameterError, match=message):
        featkit.train(tones(), model="logistic", **how)


def test_no_columns_and_no_such_model_are_errors():
    with pytest.raises(ParameterError, match="no column of numbers"):
        featkit.train(tones()[["path", "label"]].assign(x=np.nan))
    with pytest.raises(ParameterError, match=r"unknown model 'smv'.*did you mean 'svm'"):
        featkit.train(tones(), model="smv")
    with pytest.raises(ParameterError, match="select must be from 1 to the number of columns, 4"):
        featkit.train(tones(), select=5)
    with pytest.raises(ParameterError, match="unknown column 'filename'"):
        featkit.train(tones(), exclude=["filename"], model="svm")


def test_a_class_too_rare_to_choose_by_is_an_error():
    data = tones(rows=20, classes=("a", "b"))
    data.loc[[0, 1], "label"] = "rare"
    with pytest.raises(ParameterError, match=r"class 'rare' has too few groups .* name a model"):
        featkit.train(data, folds=2)
    featkit.train(data, folds=2, model="logistic")


# Scores


@pytest.fixture(scope="module")
def result():
    data = tones(rows=90, spread=4.0)
    return featkit.train(data, folds=3, model="random_forest")


def test_scores_are_scikit_learns_on_the_same_predictions(result):
    said = result.predictions
    P = said[["p_high", "p_low", "p_mid"]].to_numpy()
    y, answer = said["label"], said["predicted"]
    found = result.scores["models"]["random_forest"]
    expected = {
        "accuracy": reference.accuracy_score(y, answer),
        "balanced_accuracy": reference.balanced_accuracy_score(y, answer),
        "macro_f1": reference.f1_score(y, answer, average="macro"),
        "log_loss": reference.log_loss(y, P),
    }
    assert 0.4 < expected["accuracy"] < 1
    for name, value in expected.items():
        assert found[name]["value"] == pytest.approx(value, rel=1e-14)
        assert found[name]["low"] < value < found[name]["high"]
        assert len(found[name]["folds"]) == 3
    np.testing.assert_array_equal(result.scores["confusion"], reference.confusion_matrix(y, answer))
    report = reference.classification_report(y, answer, output_dict=True)
    for of in result.scores["per_class"]:
        for ours, theirs in (("precision",) * 2, ("recall",) * 2, ("f1", "f1-score")):
            assert of[ours] == report[of["class"]][theirs]
        assert of["support"] == report[of["class"]]["support"]
    one_hot = np.eye(3)[np.searchsorted(["high", "low", "mid"], y)]
    brier = np.mean(np.sum((P - one_hot) ** 2, axis=1))
    assert result.scores["calibration"]["brier"] == pytest.approx(brier, rel=1e-12)


def test_the_reliability_holds_every_row_once(result):
    bins = result.scores["calibration"]["reliability"]
    assert sum(b["rows"] for b in bins) == 90
    hits = sum(b["rows"] * b["accuracy"] for b in bins)
    assert hits / 90 == pytest.approx(accuracy(result, "random_forest"))
    assert all(b["from"] <= b["confidence"] <= b["to"] for b in bins)


def test_the_baseline_says_the_commonest_class():
    data = tones(rows=60)
    data.loc[data.index[:30], "label"] = "low"
    found = featkit.train(data, model="logistic").scores["models"]["baseline"]
    assert found["accuracy"]["value"] == pytest.approx((data["label"] == "low").mean())
    assert found["balanced_accuracy"]["value"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(("rows", "classes", "folds"), [(24, 2, 5), (60, 3, 8), (50, 2, 7)])
def test_the_baseline_is_no_worse_than_chance(rows, classes, folds):
    """The commonest of equal classes where it learns would be the rarest where it is judged."""
    data = tones(rows=rows, classes=("high", "low", "mid")[:classes])
    found = featkit.train(data, model="logistic", folds=folds).scores["models"]["baseline"]
    assert found["accuracy"]["value"] == pytest.approx(1 / classes)
    assert found["balanced_accuracy"]["value"] == pytest.approx(1 / classes)


def test_probabilities_that_are_as_if_classes_were_equally_common_are_called_that():
    """Weights find rare classes; the price is told in the scores, and by class."""
    rng = np.random.default_rng(1)
    data = pd.DataFrame(rng.normal(size=(400, 4)), columns=list("abcd"))
    data["label"] = np.where(np.arange(400) < 20, "rare", "common")
    result = featkit.train(data, model="logistic")
    common, rare = result.scores["calibration"]["classes"]
    assert (common["share"], rare["share"]) == (0.95, 0.05)
    assert rare["probability"] == pytest.approx(result.predictions["p_rare"].mean())
    assert rare["expected_error"] > 0.2
    assert rare["brier"] + common["brier"] == pytest.approx(result.scores["calibration"]["brier"])
    (warning,) = (text for text in result.warnings if "equally common" in text)
    assert f"that of 'rare' is {rare['probability']:.3f} on average, where 0.050" in warning
    said = good(result.scores).calibration
    assert "as sure as it should be" not in said
    assert "that of “rare” is" in said
    balanced = featkit.train(tones(spread=4.0), model="logistic")
    assert not any("equally common" in text for text in balanced.warnings)
    assert "on the whole it is" in good(balanced.scores).calibration


@given(
    st.integers(2, 4).flatmap(
        lambda k: st.lists(
            st.tuples(st.integers(0, k - 1), st.lists(st.floats(0.01, 1), min_size=k, max_size=k)),
            min_size=1,
            max_size=40,
        ).map(lambda drawn: (k, drawn))
    )
)
def test_errors_of_calibration_are_shares(drawn):
    k, rows = drawn
    classes = [f"c{n}" for n in range(k)]
    P = np.array([row for _, row in rows])
    P /= P.sum(axis=1, keepdims=True)
    found = calibration(np.array([classes[true] for true, _ in rows]), P, classes)
    assert 0 <= found["expected_error"] <= 1
    for of in found["classes"]:
        # What is off on the whole is off in the bins, at least.
        assert abs(of["probability"] - of["share"]) <= of["expected_error"] + 1e-9 <= 1 + 1e-9
    assert sum(of["brier"] for of in found["classes"]) == pytest.approx(found["brier"])
    assert sum(of["share"] for of in found["classes"]) == pytest.approx(1)


def test_a_spread_that_there_is_not_is_none_and_no_interval_has_no_width():
    result = featkit.train(tones(rows=75, spread=0.1), model="logistic", shares=(80, 20))
    found = result.scores["models"]["logistic"]["accuracy"]
    assert (found["value"], found["std"]) == (1.0, None)
    assert found["low"] == pytest.approx(0.025 ** (1 / 15))
    assert found["high"] == 1
    json.dumps(result.scores, allow_nan=False)
    low, high = intervals(
        np.array(["a", "a", "b", "b"]),
        np.array([[0.1, 0.9], [0.1, 0.9], [0.9, 0.1], [0.9, 0.1]]),
        ["a", "b"],
        np.array([1, 1, 2, 2]),
    )
    assert low["accuracy"] == 0
    assert high["accuracy"] == pytest.approx(1 - 0.025**0.5)


def test_what_has_nothing_to_share_is_none():
    y, said = np.array(["a", "a", "b"]), np.array(["a", "d", "a"])
    a, b, c, d = per_class(y, said, ["a", "b", "c", "d"])
    assert (a["precision"], a["recall"], a["f1"]) == (0.5, 0.5, 0.5)
    assert (b["precision"], b["recall"], b["f1"]) == (None, 0, 0)
    assert (c["precision"], c["recall"], c["f1"]) == (None, None, None)
    assert (d["precision"], d["recall"], d["f1"]) == (0, None, None)
    P = np.eye(4)[[0, 3, 0]] * 0.9 + 0.025
    of_rows = metrics(y, P, ["a", "b", "c", "d"])
    there = [each for each in (a, b, c, d) if each["recall"] is not None]
    recall, f1 = (np.mean([each[name] for each in there]) for name in ("recall", "f1"))
    assert of_rows["balanced_accuracy"] == pytest.approx(recall)
    assert of_rows["macro_f1"] == pytest.approx(f1)


@given(
    st.integers(2, 4).flatmap(
        lambda k: st.lists(
            st.tuples(st.integers(0, k - 1), st.integers(0, k - 1)), min_size=8, max_size=40
        ).map(lambda pairs: (k, pairs))
    )
)
def test_scores_of_a_confusion_are_those_of_the_rows(drawn):
    k, pairs = drawn
    true, said = np.array(pairs).T
    confusion = np.zeros((k, k))
    np.add.at(confusion, (true, said), 1)
    classes = [f"c{n}" for n in range(k)]
    P = np.full((len(true), k), 0.1 / k)
    P[np.arange(len(true)), said] += 0.9
    expected = metrics(np.array(classes)[true], P, classes)
    for name, value in of_confusions(confusion).items():
        assert value == pytest.approx(expected[name], abs=1e-12), name


def test_intervals_are_wider_where_rows_come_in_groups():
    data = copies(recordings=30, segments=20)
    rng = np.random.default_rng(0)
    right = np.repeat(rng.random(30) < 0.7, 20)
    y = data["label"].to_numpy(str)
    classes = ["jazz", "rock"]
    says_jazz = (y == "jazz") == right
    P = np.where(says_jazz[:, None], [[0.8, 0.2]], [[0.2, 0.8]])
    (low, high), (low_rows, high_rows) = (
        [end["accuracy"] for end in intervals(y, P, classes, groups)]
        for groups in (data["path"].to_numpy(str), np.arange(600))
    )
    mean = right.mean()
    spread = 1.96 * np.sqrt(mean * (1 - mean) / 30)  # of thirty songs that are right or wrong
    assert high - low == pytest.approx(2 * spread, rel=0.15)
    assert high_rows - low_rows < (high - low) / 3


def test_a_class_that_is_in_no_test_row_leaves_no_nan():
    y = np.array(["a", "b", "a", "b"])
    P = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.2, 0.6, 0.2], [0.1, 0.1, 0.8]])
    found = scores(y, P, ["a", "b", "c"], np.arange(4), np.array([1, 1, 2, 2]))
    assert found["balanced_accuracy"]["value"] == 0.5
    assert np.isfinite([value["low"] for value in found.values()]).all()


def test_segments_are_put_together_by_recording():
    data = copies(recordings=40, segments=5)
    shift = np.where(data["label"] == "rock", 0.6, -0.6)
    data["x0"] += shift + np.random.default_rng(1).normal(scale=1.5, size=len(data))
    result = featkit.train(data, model="logistic")
    together = result.scores["recordings"]["accuracy"]["value"]
    said = result.predictions
    logs = np.log(said[["p_jazz", "p_rock"]]).groupby(said["path"]).mean()
    answer = logs.idxmax(axis=1).str.removeprefix("p_")
    true = said.groupby("path")["label"].first()
    assert together == pytest.approx((answer == true).mean())


# Models


def test_auto_is_one_of_those_it_compares(monkeypatch):
    few_trees(monkeypatch)
    monkeypatch.setattr(training, "candidates", lambda name: candidates(name)[:2])
    data = tones(rows=45)
    told = []
    result = featkit.train(
        data,
        folds=2,
        progress=lambda done, total, doing: told.append((done, total, doing)),
    )
    board = result.leaderboard
    assert set(board.index) == {"auto", "baseline", *names()}
    assert list(board["balanced_accuracy"]) == sorted(board["balanced_accuracy"], reverse=True)
    possible = {str(candidate) for name in names() for candidate in candidates(name)}
    assert set(result.scores["chosen"].values()) <= possible
    assert result.model.training["candidate"] in possible
    total = told[0][1]
    assert [done for done, _, _ in told] == list(range(1, total + 1))
    assert {doing for _, _, doing in told} == {"choosing", "scoring", "fitting"}
    json.dumps(result.scores, allow_nan=False)


@pytest.mark.parametrize("model", names())
def test_the_same_command_gives_the_same_scores_on_any_number_of_workers(model):
    data = tones(rows=45, spread=3.0)
    data.loc[4, "b"] = np.nan
    one, two = (featkit.train(data, folds=2, model=model, n_jobs=jobs) for jobs in (1, 2))
    assert one.scores == two.scores
    pd.testing.assert_frame_equal(one.predictions, two.predictions, check_exact=True)


@pytest.mark.parametrize("model", names())
def test_the_final_model_has_learnt_from_everything(model):
    data = tones(rows=60)
    result = featkit.train(data, folds=3, model=model)
    table = FeatureTable.of(data)
    by_hand = pipeline(model, seed=0)
    groups = {"model__groups": data["path"].to_numpy(str)} if model == "svm" else {}
    by_hand.fit(table.values, data["label"].to_numpy(str), **groups)
    np.testing.assert_allclose(
        result.model.probabilities(table), by_hand.predict_proba(table.values), rtol=0, atol=1e-6
    )
    assert list(result.model.predict_table(table)["predicted"]) == list(
        by_hand.predict(table.values)
    )


@pytest.mark.parametrize("model", names())
def test_pipelines_can_be_taken_apart(model):
    data = tones(rows=60)
    X, y = data[["pitch", "a", "b", "c"]].to_numpy(), data["label"].to_numpy(str)
    X[3, 2] = np.nan
    found = cross_validate(pipeline(model, select=2), X, y, cv=3)
    assert found["test_score"].mean() > 0.8


@pytest.mark.parametrize("model", ["logistic", "sgd", "svm", "xgboost"])
def test_rare_classes_count_as_much(model):
    """Not so a forest: weights hardly move trees that are grown to pure leaves."""
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"x": np.r_[rng.normal(0, 1, 270), rng.normal(2, 1, 30)]})
    data["label"] = ["common"] * 270 + ["rare"] * 30
    found = featkit.train(data, model=model).scores["per_class"]
    assert found[1]["recall"] > 0.35


def test_a_fit_that_does_not_converge_is_a_warning(monkeypatch):
    build = logistic.build
    hasty = dataclasses.replace(
        logistic.ESTIMATOR, build=lambda seed: build(seed).set_params(max_iter=1)
    )
    monkeypatch.setattr(logistic, "ESTIMATOR", hasty)
    ESTIMATORS.clear()
    result = featkit.train(tones(), folds=3, model="logistic")
    ESTIMATORS.clear()
    assert result.warnings == ["logistic did not converge (4 fits)"]


def test_a_file_is_as_good_as_a_table(tmp_path):
    tones().assign(take=7).to_csv(tmp_path / "t.csv", index=False)
    from_file = featkit.train(tmp_path / "t.csv", model="logistic", exclude=["take"])
    from_table = featkit.train(tones(), model="logistic")
    pd.testing.assert_frame_equal(from_file.predictions, from_table.predictions, check_exact=True)


def test_labels_may_be_numbers():
    data = tones().assign(label=np.arange(60) % 3)
    result = featkit.train(data, model="svm")
    assert result.model.classes == ["0", "1", "2"]
    assert "label" not in result.model.columns
    assert RANKED_BY in result.leaderboard
