"""Contrasts of two classes, and unusual values."""

import numpy as np
import pytest
from learning import tones, trained

from featkit.errors import ParameterError
from featkit.explanation import contrast, contributions, explain, unusual_values
from featkit.explanation.contrast import FENCE, rival_class
from featkit.table.feature_table import FeatureTable


@pytest.fixture(scope="module")
def explanation():
    """Rows of a table that the model was not trained on; one of them is far from all others."""
    result, _ = trained(tones(60, spread=2.0), "logistic", folds=3)
    other = tones(12, seed=5, spread=2.0)
    other.loc[0, "a"] = 50.0
    other.loc[1, "b"] = np.nan
    return explain(result.model, FeatureTable.of(other))


def test_differences_add_up_to_the_difference_of_the_outputs(explanation):
    k, j = (explanation.classes.index(name) for name in ("low", "mid"))
    for row in range(len(explanation)):
        table = contrast(explanation, row, "low", "mid", top=99)
        base = explanation.base[row, k] - explanation.base[row, j]
        output = explanation.output[row, k] - explanation.output[row, j]
        assert table["shap"].sum() + base == pytest.approx(output)
        assert list(table["shap"].abs()) == sorted(table["shap"].abs(), reverse=True)
        swapped = contrast(explanation, row, "mid", "low", top=99)
        assert list(swapped["shap"]) == pytest.approx(list(-table["shap"]))
        np.testing.assert_array_equal(swapped["usual_low"], table["against_low"])


def test_the_rival_is_the_true_class_or_the_most_probable_other_one(explanation):
    wrong = np.flatnonzero(explanation.predicted != explanation.y)
    assert len(wrong)
    for row in range(len(explanation)):
        rival = rival_class(explanation, row)
        if row in wrong:
            assert rival == explanation.y[row]
        else:
            probabilities = dict(
                zip(explanation.classes, explanation.probabilities[row], strict=True)
            )
            del probabilities[explanation.predicted[row]]
            assert rival == max(probabilities, key=probabilities.get)
    table = contrast(explanation, int(wrong[0]), top=1)
    expected = contrast(
        explanation, int(wrong[0]), explanation.predicted[wrong[0]], explanation.y[wrong[0]], top=1
    )
    assert table.equals(expected)


def test_values_beyond_the_fences_of_a_class_are_unusual(explanation):
    low, high = explanation.usual
    for row in range(len(explanation)):
        flags = unusual_values(explanation, row)
        x = explanation.X[row]
        expected = (x > high + FENCE * (high - low)) * 1 - (x < low - FENCE * (high - low)) * 1
        np.testing.assert_array_equal(flags, expected)
    column = explanation.columns.index("a")
    assert (unusual_values(explanation, 0)[:, column] == 1).all()
    assert not unusual_values(explanation, 1)[:, explanation.columns.index("b")].any()
    far = contrast(explanation, 0, top=99).set_index("feature")
    assert far["unusual"]["a"] == far["extreme"]["a"] == "high"
    assert contributions(explanation, 0, top=99).set_index("feature")["unusual"]["a"] == "high"


def test_unusual_for_one_class_is_not_extreme(explanation):
    place = explanation.columns.index("pitch")
    rows = [
        row
        for row in range(len(explanation))
        if len(set(unusual_values(explanation, row)[:, place].tolist())) > 1
    ]
    assert rows
    for row in rows:
        assert contrast(explanation, row, top=99).set_index("feature")["extreme"]["pitch"] == ""


@pytest.mark.parametrize(
    ("of_class", "against", "message"),
    [("low", "low", "contrasted with itself: 'low'"), ("low", "deep", "'deep'")],
)
def test_faults(explanation, of_class, against, message):
    with pytest.raises(ParameterError, match=message):
        contrast(explanation, 0, of_class, against)
