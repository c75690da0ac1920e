"""Cost matrices, and the decisions and scores that follow from them."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learning import tones
from sklearn.metrics import accuracy_score

import featkit
from featkit.errors import ModelError, ParameterError, TableError
from featkit.models.cost_scores import cost_scores
from featkit.models.costs import CostMatrix, as_cost_matrix, read_cost_matrix
from featkit.models.decisions import decide, decision_arrays
from featkit.models.probabilities import prediction_arrays

COSTS = {"high": {"low": 1, "mid": 2}, "low": {"high": 30, "mid": 1}, "mid": {"high": 1, "low": 1}}
TEXT = "true,high,low,mid\nhigh,0,1,2\nlow,30,0,1\nmid,1,1,0\n"


def costly(**options):
    return featkit.train(tones(60, spread=3.0), model="logistic", folds=3, costs=COSTS, **options)


@pytest.fixture(scope="module")
def result():
    return costly()


def test_all_forms_give_the_same_matrix(tmp_path):
    (tmp_path / "c.csv").write_text(TEXT)
    (tmp_path / "c.tsv").write_text(TEXT.replace(",", "\t"))
    frame = pd.DataFrame([[0, 1, 2], [30, 0, 1], [1, 1, 0]], index=[*COSTS], columns=[*COSTS])
    matrix = CostMatrix(classes=[*COSTS], cost=frame.to_numpy())
    plain = {"classes": [*COSTS], "cost": frame.to_numpy().tolist()}
    for form in (tmp_path / "c.csv", str(tmp_path / "c.tsv"), COSTS, frame, matrix, plain):
        assert as_cost_matrix(form) == matrix
    np.testing.assert_array_equal(matrix.of(["mid", "high", "low"])[0], [0, 1, 1])


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", ParameterError, "got nothing"),
        ("true,a\na,0\n", ParameterError, "two or more different predicted classes"),
        ("true,a,a\na,0,1\n", ParameterError, "two or more different predicted classes"),
        ("true,a,b\na,0,1\n", ParameterError, "'b' has a column, but no row"),
        ("true,a,b\na,0,1\nb,1,0\nb,1,0\n", ParameterError, "line 4: the true class 'b' has two"),
        (
            "true,a,b\na,0,1\nb,1\n",
            ParameterError,
            "line 3: 'b' has 1 cost, but the header names 2",
        ),
        ("true,a,b\na,0,x\nb,1,0\n", TableError, "line 2: the cost of predicting 'b' is 'x'"),
        ("true,a,b\na,0,-1\nb,1,0\n", ParameterError, "finite number from 0, got -1"),
        ("true,a,b\na,0,inf\nb,1,0\n", ParameterError, "finite number from 0, got inf"),
        ("true,a,b\na,0,nan\nb,1,0\n", ParameterError, "finite number from 0, got nan"),
        ("true,a,b\na,2,1\nb,1,0\n", ParameterError, "correct prediction of 'a' costs 2, more"),
        ("true,a,b\na,1,1\nb,1,1\n", ParameterError, "no decision matters"),
        ("true,a,b\na,0,1\nb,1,0\nc,1,1\n", ParameterError, "the cost of predicting 'c'"),
    ],
)
def test_an_invalid_file_is_an_error_with_its_place(tmp_path, text, error, message):
    (tmp_path / "c.csv").write_text(text)
    with pytest.raises(error, match=message):
        read_cost_matrix(tmp_path / "c.csv")


@pytest.mark.parametrize(
    ("costs", "message"),
    [
        (3, "costs must be a file"),
        ({}, "costs must be a file"),
        ({"a": 1, "b": 2}, "must be a mapping of predicted classes"),
        ({"a": {"b": 1}, "b": {}}, "the cost of predicting 'a' for 'b' is missing"),
        ({"a": {"b": 1, "z": 2}, "b": {"a": 1}}, "the predicted class 'z', which has no row"),
        ({"a": {"b": "dear"}, "b": {"a": 1}}, "must be a finite number from 0, got 'dear'"),
        ({"a": {"b": True}, "b": {"a": 1}}, "must be a finite number from 0, got True"),
        ({"classes": ["a", "b"], "cost": [[0, 1]]}, "needs 2 rows of 2 costs"),
    ],
)
def test_an_invalid_matrix_is_an_error(costs, message):
    with pytest.raises(ParameterError, match=message):
        as_cost_matrix(costs)


def test_a_matrix_of_other_classes_is_an_error():
    with pytest.raises(ParameterError, match="the cost matrix has no class 'mid'"):
        featkit.train(tones(), model="logistic", costs={"high": {"low": 1}, "low": {"high": 1}})
    more = COSTS | {"hig": dict.fromkeys(COSTS, 1)}
    more = {true: {**dict.fromkeys(more, 1), **row, true: 0} for true, row in more.items()}
    with pytest.raises(ParameterError, match="unknown class 'hig'"):
        featkit.train(tones(), model="logistic", costs=more)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 5), st.integers(1, 20))
def test_a_decision_has_the_least_expected_cost(seed, k, rows):
    rng = np.random.default_rng(seed)
    P, costs = rng.dirichlet(np.ones(k), rows), rng.uniform(0, 10, (k, k))
    best = decide(P, costs)
    expected = [[sum(p[j] * costs[j, c] for j in range(k)) for c in range(k)] for p in P]
    assert best.tolist() == np.argmin(expected, axis=1).tolist()
    np.testing.assert_array_equal(best, [decide(p[None], costs)[0] for p in P])
    np.testing.assert_array_equal(decide(P, 1 - np.eye(k)), P.argmax(axis=1))
    np.testing.assert_array_equal(decide(P), P.argmax(axis=1))


def test_columns_have_the_probability_of_the_decision():
    P = np.array([[0.7, 0.3], [0.95, 0.05]])
    costs = np.array([[0, 1], [9, 0]])
    columns = decision_arrays(P, ["a", "b"], costs)
    assert columns["predicted"].tolist() == ["b", "a"]
    assert columns["probability"].tolist() == [0.3, 0.95]
    assert [*prediction_arrays(P, ["a", "b"], costs)] == ["predicted", "probability", "p_a", "p_b"]
    assert len(prediction_arrays(np.zeros((0, 2)), ["a", "b"])["predicted"]) == 0


def test_scores_are_of_the_decisions(result):
    data, classes = result.predictions, result.model.classes
    P = data[[f"p_{name}" for name in classes]].to_numpy()
    expected = np.array(classes)[decide(P, result.model.costs)]
    assert (data["predicted"] == expected).all()
    kept = result.evaluation.kept
    assert kept.accuracy.value == accuracy_score(data["label"], expected)
    confusion = np.array(result.evaluation.confusion)
    assert confusion.sum(axis=0).tolist() == [np.sum(expected == name) for name in classes]
    # Probabilities and the metrics of probabilities are as without costs.
    plain = featkit.train(tones(60, spread=3.0), model="logistic", folds=3)
    assert kept.log_loss == plain.evaluation.kept.log_loss
    assert result.evaluation.calibration == plain.evaluation.calibration
    assert (plain.predictions["predicted"] != data["predicted"]).sum() > 0


def test_mean_costs_are_those_of_the_predictions(result):
    data, scores = result.predictions, result.evaluation.costs
    table = {(true, p): cost for true, row in COSTS.items() for p, cost in row.items()}

    def mean(predicted):
        pairs = zip(data["label"], predicted, strict=True)
        return np.mean([table.get(pair, 0) for pair in pairs])

    probable = data[["p_high", "p_low", "p_mid"]].idxmax(axis=1).str[2:]
    assert scores.mean.value == pytest.approx(mean(data["predicted"]))
    assert scores.most_probable.value == pytest.approx(mean(probable))
    assert scores.difference.value == pytest.approx(scores.mean.value - scores.most_probable.value)
    assert scores.mean.value < scores.most_probable.value
    assert scores.changed == (probable != data["predicted"]).sum()
    constants = {name: mean(itertools.repeat(name, len(data))) for name in COSTS}
    assert scores.constant.value == pytest.approx(min(constants.values()))
    assert scores.constant_class == min(constants, key=constants.__getitem__)
    for cost in (scores.mean, scores.most_probable, scores.constant):
        assert cost.low <= cost.value <= cost.high


def test_intervals_of_costs_draw_groups():
    rng = np.random.default_rng(0)
    y, P = np.array(["a", "b"])[rng.integers(2, size=200)], rng.dirichlet([1, 1], 200)
    costs = np.array([[0.0, 1], [3, 0]])
    single = cost_scores(y, P, ["a", "b"], np.arange(200), costs).mean
    pairs = cost_scores(
        np.repeat(y, 2), np.repeat(P, 2, axis=0), ["a", "b"], np.repeat(np.arange(200), 2), costs
    ).mean
    assert pairs.value == pytest.approx(single.value)
    assert (pairs.low, pairs.high) == pytest.approx((single.low, single.high))


def test_a_model_file_predicts_and_evaluates_with_its_costs(result, tmp_path):
    result.model.save(tmp_path / "m.fk")
    model = featkit.load_model(tmp_path / "m.fk")
    np.testing.assert_array_equal(model.costs, result.model.costs)
    data = tones(60, seed=1, spread=3.0).drop(columns="label")
    predicted = model.predict(data).data
    P = predicted[[f"p_{name}" for name in model.classes]].to_numpy()
    assert (
        predicted["predicted"].tolist() == np.array(model.classes)[decide(P, model.costs)].tolist()
    )
    assert (predicted["predicted"] != np.array(model.classes)[P.argmax(axis=1)]).any()
    own = np.array([model.classes.index(name) for name in predicted["predicted"]])
    np.testing.assert_array_equal(predicted["probability"], P[np.arange(len(P)), own])
    evaluated = featkit.evaluate(model, {"home": tones(60, spread=3.0)})
    (scores,) = evaluated.evaluation.evaluations
    assert scores.scores.accuracy.value == result.evaluation.kept.accuracy.value
    assert scores.confusion == result.evaluation.confusion


def test_a_model_file_with_costs_of_other_classes_is_refused(result):
    from featkit.models._metadata_schema import metadata_of, read_metadata

    data = metadata_of(result.model)
    costs = {"classes": ["x", "y"], "cost": [[0, 1], [1, 0]]}
    settings = data["training"]["settings"] | {"costs": costs}
    data["training"] = data["training"] | {"settings": settings}
    with pytest.raises((ModelError, ValueError), match="cost matrix has no class"):
        read_metadata(data)
