"""Outer and inner folds: published and made, with every group on one side."""

import contextlib

import numpy as np
import pytest
from learning import accuracy, copies, few_trees, problem_of, tones

import featkit
from featkit.errors import ParameterError, TableError
from featkit.models import compared_models
from featkit.models.estimator import candidates
from featkit.models.outer_folds import plan_splits
from featkit.models.settings import Settings


def test_inner_folds_lie_inside_the_training_rows():
    data = copies(segments=3)
    problem = problem_of(data)
    plan = plan_splits(problem, Settings(folds=4))
    for fold in [*plan.outer, plan.final]:
        assert fold.inner
        for train, test in fold.inner:
            assert not set(train) & set(test)
            assert set(train) | set(test) == set(fold.train)
            assert not set(problem.groups[train]) & set(problem.groups[test])
        assert not set(fold.train) & set(fold.test)
        assert not set(problem.groups[fold.train]) & set(problem.groups[fold.test])


def test_model_selection_needs_two_classes_in_training():
    data = tones(rows=60, classes=("a", "b")).assign(split=["train", "validation", "test"] * 20)
    data.loc[data["split"] == "train", "label"] = "a"
    with pytest.raises(ParameterError, match="model selection needs two classes"):
        featkit.train(data, split="split")


def test_folds_that_are_the_classes_are_an_error():
    data = tones().assign(fold=np.arange(60) % 3)
    with pytest.raises(ParameterError, match="each class occurs in one fold only of 3 folds"):
        featkit.train(data, fold="fold", model="logistic")


def test_a_class_in_the_test_part_only_is_an_error():
    data = tones().assign(split=["train", "test"] * 30)
    data.loc[7, "label"] = "rare"
    with pytest.raises(ParameterError, match="class 'rare' occurs only in 'test'"):
        featkit.train(data, split="split", model="logistic")


def test_a_class_too_rare_for_model_selection_is_an_error():
    data = tones(rows=20, classes=("a", "b"))
    data.loc[[0, 1], "label"] = "rare"
    with pytest.raises(ParameterError, match=r"class 'rare' has too few groups .* name a model"):
        featkit.train(data, folds=2)
    featkit.train(data, folds=2, model="logistic")


def test_groups_of_several_classes_leave_every_class_in_training():
    data = tones(rows=24, classes=("a", "b"))
    data["artist"] = np.repeat(["v", "w", "x", "y"], [11, 5, 5, 3])
    n_trained = 0
    for seed in range(6):
        data["label"] = np.random.default_rng(seed).permutation(data["label"])
        for model in ("logistic", "svm"):
            with contextlib.suppress(ParameterError):  # the one alternative to finite scores
                result = featkit.train(data, group="artist", folds=2, model=model, seed=seed)
                assert np.isfinite(result.predictions["probability"]).all()
                n_trained += 1
    assert n_trained >= 6


def test_published_folds_are_used_unchanged():
    data = tones()
    data["fold"] = np.arange(60) // 3 % 4 + 1
    result = featkit.train(data, fold="fold", model="logistic")
    assert list(result.predictions["fold"]) == [str(fold) for fold in data["fold"]]
    assert result.scores["protocol"] == "4 folds of column 'fold'"
    assert len(result.scores["models"]["logistic"]["accuracy"]["folds"]) == 4
    assert result.model.training["rows"] == 60
    assert "fold" not in result.model.columns


def test_a_published_split_is_scored_on_its_test_rows(monkeypatch):
    few_trees(monkeypatch)
    monkeypatch.setattr(compared_models, "candidates", lambda name, _: candidates(name)[:1])
    data = tones()
    data["split"] = ["training", "training", "valid", "TEST", "training"] * 12
    result = featkit.train(data, split="split", model="auto")
    assert len(result.predictions) == 12
    assert result.scores["judged"] == 12
    assert result.model.training["rows"] == 48
    plan = plan_splits(problem_of(data, split="split"), Settings(split="split"))
    ((train, validation),) = plan.outer[0].inner
    assert (len(train), len(validation)) == (36, 12)


def test_a_ratio_keeps_test_rows_out_of_the_final_model():
    result = featkit.train(tones(), shares=(60, 20, 20), model="logistic")
    assert result.scores["judged"] == 12
    assert result.model.training["rows"] == 48
    assert result.scores["protocol"] == "60/20/20 by recording"


def test_two_ways_to_split_are_an_error():
    with pytest.raises(ParameterError, match=r"one way to split: got folds and shares \(--ratio\)"):
        featkit.train(tones(), folds=3, shares=(80, 20), model="svm")


@pytest.mark.parametrize(
    ("column", "values", "how", "error", "message"),
    [
        ("fold", ["1"] * 60, {"fold": "fold"}, ParameterError, "one fold, '1'"),
        ("fold", [""] + ["1", "2"] * 29 + ["1"], {"fold": "fold"}, TableError, "1 row has no 'f"),
        ("split", ["train"] * 60, {"split": "split"}, ParameterError, "has no row of 'test'"),
        (
            "split",
            ["train", "1"] * 30,
            {"split": "split"},
            ParameterError,
            "train, validation and test, got '1'",
        ),
        (
            "split",
            ["test", "train", "train"] * 20,
            {"split": "split"},
            ParameterError,
            "in 'test' of col",
        ),
    ],
)
def test_an_invalid_published_split_is_an_error(column, values, how, error, message):
    with pytest.raises(error, match=message):
        featkit.train(tones().assign(**{column: values}), model="logistic", **how)


def test_a_published_split_that_divides_a_group_is_an_error():
    data = copies(segments=2).assign(fold=["1", "2"] * 40)
    with pytest.raises(TableError, match=r"column 'fold' divides the recording 'song000\.wav'"):
        featkit.train(data, fold="fold", model="logistic")
    data = copies(segments=1).assign(fold=["1", "2"] * 20, artist=["x"] * 2 + ["y", "z"] * 19)
    with pytest.raises(TableError, match="column 'fold' divides the artist 'x'"):
        featkit.train(data, fold="fold", group="artist", model="logistic")


def test_a_published_split_may_divide_recordings_in_a_row_wise_split():
    data = copies(segments=2).assign(fold=["1", "2"] * 40, part=["train", "test"] * 40)
    for how in ({"fold": "fold"}, {"split": "part"}):
        result = featkit.train(data, split_by_row=True, model="logistic", **how)
        assert accuracy(result, "logistic") > 0.75
        assert (
            "split by row: rows of one recording or group are in both training"
            in result.warnings[0]
        )
        assert result.scores["by_row"] is None


@pytest.mark.parametrize("part", ["Testing", " test ", "eval", "Evaluation", "HOLDOUT", "test"])
def test_parts_may_have_other_common_names(part):
    data = tones().assign(split=["Training ", "train", "development", part, "dev"] * 12)
    result = featkit.train(data, split="split", model="logistic")
    assert result.scores["judged"] == 12
    plan = plan_splits(problem_of(data, split="split"), Settings(split="split"))
    (inner,) = plan.outer[0].inner
    assert [len(rows) for rows in inner] == [24, 24]


def test_many_published_folds_are_merged_for_model_selection():
    data = tones(rows=120).assign(fold=np.repeat(np.arange(20), 6))
    plan = plan_splits(problem_of(data, fold="fold"), Settings(fold="fold"))
    names = data["fold"].to_numpy()
    for fold in [*plan.outer, plan.final]:
        assert len(fold.inner) == 5
        for train, test in fold.inner:
            assert not set(names[train]) & set(names[test])
            assert set(train) | set(test) == set(fold.train)
            assert len(test) in (18, 24)


def test_few_published_folds_are_not_merged():
    data = tones(rows=50).assign(fold=np.repeat(np.arange(5), 10))
    plan = plan_splits(problem_of(data, fold="fold"), Settings(fold="fold"))
    assert [len(fold.inner) for fold in plan.outer] == [4] * 5
    names = data["fold"].to_numpy()
    assert all(len(set(names[test])) == 1 for fold in plan.outer for _, test in fold.inner)
