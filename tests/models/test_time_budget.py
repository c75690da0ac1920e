"""A budget of time: what is left out, in all folds alike, and where that is stated."""

import json

import pytest
from learning import few_estimators, tones
from progress_steps import into

import featkit
from featkit.errors import ModelError, ParameterError
from featkit.models import compared_models, time_budget
from featkit.models.budget_use import BudgetUse
from featkit.models.estimator import candidates
from featkit.models.time_budget import TimeBudget, _affordable, _Cost

COSTS = [_Cost("slow", 40.0, 80.0, 20.0), _Cost("fast", 1.0, 4.0, 1.0), _Cost("mid", 5, 30, 5)]


@pytest.fixture
def three(monkeypatch):
    """Let ``auto`` compare two candidates each of three estimators, which take known times."""
    few_estimators(monkeypatch, "logistic", "sgd", "svm", "ensemble")
    monkeypatch.setattr(compared_models, "candidates", lambda name, _: candidates(name)[:2])
    seconds = {"logistic": 0.01, "sgd": 0.1, "svm": 1.0}
    monkeypatch.setattr(
        time_budget, "_seconds_of_a_fit", lambda fits, candidate, *_: seconds[candidate.name]
    )


def data():
    return tones(rows=36, spread=3.0)


@pytest.mark.parametrize(
    ("left", "names", "full"),
    [
        (0, {"fast"}, set()),
        (11, {"fast"}, {"fast"}),
        (14, {"fast", "mid"}, set()),
        (20, {"fast", "mid"}, {"fast"}),
        (72, {"fast", "mid", "slow"}, set()),
        (200, {"fast", "mid", "slow"}, {"fast", "mid", "slow"}),
    ],
)
def test_the_fastest_come_first_and_defaults_come_before_other_candidates(left, names, full):
    assert _affordable(COSTS, left) == (names, full)


def test_a_long_budget_gives_the_result_without_a_budget(three):
    plain = featkit.train(data(), folds=2)
    steps = []
    long = featkit.train(data(), folds=2, budget=1e6, progress=into(steps))
    assert long.scores == plain.scores
    assert long.predictions.equals(plain.predictions)
    assert long.model.trained.budget == BudgetUse(seconds=1e6, untried={})
    assert long.model.trained.budget.summary.startswith("all candidates were tried within")
    assert plain.model.trained.budget is None
    assert [done for done, *_ in steps] == list(range(1, steps[-1][1] + 1))


def test_what_there_is_no_time_for_is_left_out_in_all_folds_and_stated(three, tmp_path):
    result = featkit.train(data(), folds=2, budget=10)
    assert {*result.scores["models"]} == {"logistic", "sgd", "auto", "baseline"}
    use = result.model.trained.budget
    assert use.omitted == ("svm",)
    assert use.untried["svm"] == [str(one) for one in candidates("svm")[:2]]
    assert "svm (2 candidates)" in use.summary
    assert sum(use.summary in warning for warning in result.warnings) == 1
    result.model.save(tmp_path / "m.fk")
    loaded = featkit.load_model(tmp_path / "m.fk")
    assert loaded.trained.budget.summary == use.summary
    assert json.loads(json.dumps(loaded.training))["budget"]["seconds"] == 10


def test_at_least_one_estimator_is_trained(three):
    result = featkit.train(data(), folds=2, budget=1e-3)
    assert {*result.scores["models"]} == {"logistic", "auto", "baseline"}
    assert result.model.trained.budget.untried["logistic"] == ["logistic (C=0.01)"]
    assert "logistic (1 candidate besides the defaults)" in result.model.trained.budget.summary


def test_estimators_are_not_probed_when_their_share_of_the_budget_is_over(three, monkeypatch):
    probed = []

    def seconds(fits, candidate, *_):
        probed.append(candidate.name)
        return 1e-4

    monkeypatch.setattr(time_budget, "_seconds_of_a_fit", seconds)
    monkeypatch.setattr(TimeBudget, "elapsed", property(lambda self: 30.0))
    result = featkit.train(data(), folds=2, budget=100)
    assert probed == ["logistic"]
    assert result.model.trained.budget.omitted == ("sgd", "svm")


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_a_budget_that_is_over_at_once_keeps_an_estimator_without_trees(kind, monkeypatch):
    monkeypatch.setattr(TimeBudget, "elapsed", property(lambda self: 30.0))
    table = data()
    options = {} if kind == "classes" else {"target": "pitch", "exclude": ["label"]}
    result = featkit.train(table, folds=2, budget=1, compare_splits=False, **options)
    first = "logistic" if kind == "classes" else "ridge"
    assert {*result.scores["models"]} == {first, "auto", "baseline"}


def test_a_search_that_takes_longer_than_planned_is_shortened(three, monkeypatch):
    monkeypatch.setattr(compared_models, "candidates", lambda name, _: candidates(name)[:4])
    monkeypatch.setattr(TimeBudget, "is_late", lambda self: True)
    steps = []
    result = featkit.train(data(), folds=2, budget=1e6, progress=into(steps))
    use = result.model.trained.budget
    assert (use.untried, use.last_compared) == ({}, 1)
    assert use.summary.endswith(
        ": after 1 inner fold of each outer fold, only the best candidate of each estimator went on"
    )
    assert steps[-1][0] == steps[-1][1]


def test_time_counts_from_the_beginning():
    now = 5.0
    budget = TimeBudget(10, clock=lambda: now)
    budget.search_end = 6
    assert not budget.is_late()
    now = 12.0
    assert budget.elapsed == 7
    assert budget.is_late()


def test_a_budget_needs_auto():
    with pytest.raises(ParameterError, match="svm has nothing to try"):
        featkit.train(data(), model="svm", budget=10)
    with pytest.raises(ParameterError, match="budget must be above 0"):
        featkit.train(data(), budget=0)


@pytest.mark.parametrize(
    "use",
    [
        BudgetUse(seconds=-1.0, untried={}),
        BudgetUse(seconds=1.0, untried={}, omitted=["svm"]),
    ],
)
def test_a_record_of_a_file_is_checked(use):
    with pytest.raises(ModelError, match="budget of time is invalid"):
        use.check()
