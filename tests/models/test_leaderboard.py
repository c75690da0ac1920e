"""Several models on the same outer folds: scores, inner folds, effort, differences."""

import json

import numpy as np
import pytest
from fake_networks import EPOCHS, add_fake_network, recordings
from learning import few_estimators, tones
from progress_steps import into
from scipy.stats import binomtest

import featkit
from featkit.models import compared_models, fitting
from featkit.models.estimator import candidates
from featkit.models.leaderboard import FitCounter
from featkit.models.model_differences import mcnemar_p_value
from featkit.models.serialization import from_dict, to_dict


def few_candidates(monkeypatch):
    """Let ``auto`` compare two candidates of two estimators."""
    few_estimators(monkeypatch, "logistic", "sgd", "ensemble")
    monkeypatch.setattr(compared_models, "candidates", lambda name, _: candidates(name)[:2])


def scores_of(result, model):
    return result.evaluation.models[model]


def test_each_model_has_the_scores_that_it_has_alone(monkeypatch):
    add_fake_network(monkeypatch)
    table = recordings(columns=["a", "b"])
    both = featkit.train(table, model="fake,logistic,svm", folds=3)
    assert both.model.name == "fake"
    assert {*both.scores["models"]} == {"fake", "logistic", "svm", "baseline"}
    for name in ("fake", "logistic", "svm"):
        alone = featkit.train(table, model=name, folds=3)
        assert scores_of(both, name) == scores_of(alone, name)
        assert scores_of(both, "baseline") == scores_of(alone, "baseline")


def test_the_first_model_is_kept_as_if_it_were_alone(monkeypatch):
    add_fake_network(monkeypatch)
    table = recordings(columns=["a", "b"])
    alone = featkit.train(table, model="logistic", folds=3)
    first = featkit.train(table, model=["logistic", "fake"], folds=3)
    assert first.model.columns == alone.model.columns
    assert first.model.trained.digest == alone.model.trained.digest
    assert first.model.provenance == alone.model.provenance
    np.testing.assert_array_equal(
        first.model.probabilities(table), alone.model.probabilities(table)
    )
    assert first.predictions.equals(alone.predictions)
    network = featkit.train(table, model="fake,logistic", folds=3)
    assert network.model.columns == []
    assert network.model.novelty is None
    assert network.model.provenance == table.sequences.provenance
    assert network.scores["columns"] == 0


def test_auto_beside_named_models_is_auto_alone(monkeypatch):
    few_candidates(monkeypatch)
    data = tones(rows=36, spread=3.0)
    auto = featkit.train(data, folds=2, ensemble=False)
    both = featkit.train(data, folds=2, ensemble=False, model="auto,logistic")
    assert both.scores["chosen"] == auto.scores["chosen"]
    assert scores_of(both, "auto") == scores_of(auto, "auto")
    assert scores_of(both, "sgd") == scores_of(auto, "sgd")
    named = featkit.train(data, folds=2, model="logistic")
    assert scores_of(both, "logistic") == scores_of(named, "logistic")
    kept = featkit.train(data, folds=2, ensemble=False, model="logistic,auto")
    assert kept.model.name == "logistic"
    assert scores_of(kept, "auto") == scores_of(auto, "auto")
    assert kept.evaluation.prediction_sets is None


@pytest.mark.parametrize(
    ("options", "n_fits"),
    [
        ({}, 2 + 1),
        ({"prediction_sets": True}, 2 * (3 + 1) + 3 + 1),
        ({"calibrate": "temperature"}, 2 * (3 + 1) + 3 + 1),
        ({"model": "logistic,fake"}, 2),
        ({"model": "logistic,fake", "prediction_sets": True}, 2),
        ({"model": "logistic,fake", "calibrate": "temperature"}, 2 * (3 + 1)),
    ],
)
def test_a_network_is_fitted_on_inner_folds_only_if_something_needs_them(
    options, n_fits, monkeypatch
):
    fits = add_fake_network(monkeypatch)
    table = recordings(columns=["a", "b"])
    steps = []
    options = {"model": "fake,logistic", **options}
    result = featkit.train(table, folds=2, **options, progress=into(steps))
    assert len(fits) == n_fits
    done, total, _ = zip(*steps, strict=True)
    assert list(done) == list(range(1, total[0] + 1))
    has_sets = options.get("prediction_sets") or options.get("calibrate")
    assert (result.model.sets is not None) == bool(has_sets)


def test_auto_gives_inner_folds_to_its_own_candidates_only(monkeypatch):
    few_candidates(monkeypatch)
    fits = add_fake_network(monkeypatch)
    result = featkit.train(recordings(columns=["a", "b"]), folds=2, model="fake,auto")
    assert len(fits) == 2 + 1
    assert {*result.scores["models"]} == {"fake", "auto", "logistic", "sgd", "baseline"}


def test_comparison_of_splits_can_be_left_out(monkeypatch):
    fits = add_fake_network(monkeypatch)
    table = recordings(take=["1", "2"] * 18, song=[f"{k // 2}" for k in range(36)])
    steps = []
    options = {"model": "fake", "group": "take", "folds": 2}
    full = featkit.train(table, **options, progress=lambda p: steps.append(p.note))
    assert full.scores["by_row"] is not None
    assert any("--no-compare-splits leaves it out" in step for step in steps)
    assert len(fits) == 2 + 2 + 1
    fits.clear()
    short = featkit.train(table, **options, compare_splits=False)
    assert short.scores["by_row"] is None
    assert len(fits) == 2 + 1
    assert short.evaluation.models == full.evaluation.models


@pytest.mark.parametrize("options", [{}, {"calibrate": "temperature"}])
def test_a_network_is_fitted_once_for_a_single_split(options, monkeypatch):
    fits = add_fake_network(monkeypatch)
    table = recordings(columns=["a", "b"])
    steps = []
    result = featkit.train(
        table,
        model="fake,logistic",
        shares=(60, 40),
        **options,
        progress=into(steps),
    )
    assert len(fits) == 1 + (3 if options else 0)
    assert [done for done, _, _ in steps] == list(range(1, steps[0][1] + 1))
    rows = result.predictions["row"].to_numpy() - 1
    P = result.model.probabilities(table.rows(rows))
    np.testing.assert_array_equal(result.predictions[["p_high", "p_low", "p_mid"]], P)


def test_effort_is_shown_but_not_stored(monkeypatch):
    few_candidates(monkeypatch)
    add_fake_network(monkeypatch)
    result = featkit.train(recordings(columns=["a", "b"]), folds=2, model="fake,auto")
    board = result.leaderboard
    effort = board[["processor_seconds", "seconds", "model_bytes"]]
    assert effort.loc["baseline"].isna().all()
    assert (effort.drop(index="baseline") > 0).all(axis=None)
    # Fits on inner folds, of all candidates, are effort of auto.
    assert board.seconds["auto"] > board.seconds["logistic"]
    assert "seconds" not in json.dumps(result.scores)
    assert "bytes" not in json.dumps(result.scores)


def test_learning_curves_are_those_of_the_outer_folds(monkeypatch):
    add_fake_network(monkeypatch)
    result = featkit.train(recordings(columns=["a", "b"]), folds=2, model="logistic,fake")
    curves = result.learning_curves
    assert list(curves.fold) == ["1"] * EPOCHS + ["2"] * EPOCHS
    assert list(curves.epoch) == [1, 2, 3] * 2
    assert list(curves.training_loss) == [1, 1 / 2, 1 / 3] * 2
    assert curves.validation_loss.isna().all()
    assert list(curves.kept) == [False, True, False] * 2
    stored = json.loads(json.dumps(to_dict(result.evaluation), allow_nan=False))
    again = from_dict(type(result.evaluation), stored)
    again.check()
    assert to_dict(again) == stored
    stored["learning_curves"][0]["training_loss"].pop()
    with pytest.raises(ValueError, match="values of different epochs"):
        from_dict(type(result.evaluation), stored).check()


def test_scores_of_one_model_have_no_new_fields():
    result = featkit.train(tones(), model="logistic", folds=2)
    assert not {"differences", "learning_curves"} & {*result.scores}
    assert result.learning_curves.empty
    assert list(result.learning_curves.columns[:3]) == ["model", "fold", "epoch"]


def test_differences_are_those_of_the_predictions():
    data = tones(rows=60, spread=4.0)
    both = featkit.train(data, model="logistic,svm", folds=3)
    first, second = (
        featkit.train(data, model=name, folds=3).predictions for name in ("logistic", "svm")
    )
    right, other = (own.predicted == own.label for own in (first, second))
    difference = both.evaluation.differences[0]
    assert (difference.model, difference.per, difference.count) == ("svm", "segment", 60)
    assert difference.accuracy == pytest.approx(right.mean() - other.mean())
    assert difference.only_kept == (right & ~other).sum()
    assert difference.only_other == (other & ~right).sum()
    discordant = difference.only_kept + difference.only_other
    assert discordant > 0
    expected = binomtest(difference.only_kept, discordant).pvalue
    assert difference.p_value == pytest.approx(expected)
    # The normal interval of a paired difference; each row is a group.
    error = 1.96 * (right.astype(float) - other).std() / np.sqrt(len(data))
    assert difference.high - difference.low == pytest.approx(2 * error, rel=0.15)
    assert both.evaluation.differences[-1].model == "baseline"


def test_segments_of_recordings_are_compared_together():
    data = tones(rows=60, spread=4.0)
    data["path"] = [f"{k // 6}-{k % 3}.wav" for k in range(60)]
    (difference, _) = featkit.train(data, model="logistic,svm", folds=3).evaluation.differences
    assert (difference.per, difference.count) == ("recording", 30)


def test_equal_models_do_not_differ():
    assert mcnemar_p_value(0, 0) == 1


def test_torch_is_loaded_by_the_first_fit_of_a_worker_and_only_beside_networks(monkeypatch):
    """Otherwise loky takes the growth of the worker for a leak, and starts another one."""
    fits = add_fake_network(monkeypatch)
    loaded = []
    monkeypatch.setattr(fitting, "import_extra", lambda: loaded.append(len(fits)))
    table = recordings(columns=["a", "b"])
    featkit.train(table, model="logistic", folds=2)
    assert not loaded
    featkit.train(table, model="logistic,fake", folds=2, compare_splits=False)
    assert loaded == [0, 0, 1, 1, 2]


def test_counts_and_messages_reach_the_caller():
    calls = []
    counter = FitCounter(into(calls))
    counter.expect(2)
    counter.fitted("scoring")
    counter.show("scoring: cnn, epoch 1 of 3")
    counter.fitted("fitting")
    assert calls == [(1, 2, "scoring"), (1, 2, "scoring: cnn, epoch 1 of 3"), (2, 2, "fitting")]
    FitCounter(None).fitted("fitting")
