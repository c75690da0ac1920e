"""SHAP values of models of several labels add up for every label."""

import functools

import numpy as np
import pytest
from label_data import LABELS, matrix, tagged

from featkit.explanation import explain
from featkit.explanation.ranking import rank
from featkit.models.one_vs_rest import LabelEstimators
from featkit.models.training import train

FEW_TREES = {"random_forest": {"n_estimators": 8}, "xgboost": {"n_estimators": 8}}


@functools.cache
def trained(name="logistic"):
    return train(
        tagged(60), multilabel="tags", model=name, folds=2, parameters=FEW_TREES.get(name)
    ).model


@pytest.mark.parametrize("name", LabelEstimators())
def test_contributions_and_base_value_add_up_to_the_output_of_every_label(name):
    explanation = explain(trained(name), tagged(60, seed=1).iloc[:1], n_jobs=1)
    assert explanation.flaw == ""
    assert explanation.values.shape == (1, 5, 3)
    assert explanation.classes == LABELS
    P = explanation.probabilities
    output = np.log(P / (1 - P)) if explanation.scale == "log odds" else P
    assert explanation.output == pytest.approx(output, abs=1e-4)
    assert explanation.base + explanation.values.sum(axis=1) == pytest.approx(
        explanation.output, abs=1e-5
    )


def test_each_label_is_explained_by_its_own_column():
    explanation = explain(trained(), tagged(60), n_jobs=1)
    leading = [rank(explanation, of_class=name).table["feature"][0] for name in LABELS]
    assert leading == ["a", "b", "c"]
    assert "of the label" in explanation.meaning


def test_training_rows_are_explained_by_the_models_of_their_folds():
    explanation = explain(trained(), tagged(60), n_jobs=1)
    assert set(explanation.folds) == {"1", "2"}
    scores = trained().evaluation
    Y, P = matrix(tagged(60)["tags"]), explanation.probabilities
    from sklearn.metrics import average_precision_score

    assert scores.kept.mean_average_precision.value == pytest.approx(
        average_precision_score(Y, P, average="macro")
    )


def test_true_and_predicted_labels_are_joined():
    data = tagged(30, seed=5)
    data.loc[0, "tags"] = "live; unheard ;drums"
    explanation = explain(trained(), data, n_jobs=1)
    assert explanation.y[0] == "drums;live"
    assert any("1 label of these rows is unknown" in note for note in explanation.notes)
    D = explanation.probabilities >= trained().decision.thresholds
    assert explanation.answer.tolist() == [";".join(np.array(LABELS)[own]) for own in D]


def test_two_labels_are_not_two_sides_of_one():
    data = tagged(60)
    data["tags"] = [cell.replace(";live", "").replace("live", "drums") for cell in data["tags"]]
    model = train(data, multilabel="tags", model="logistic", folds=2).model
    explanation = explain(model, data, n_jobs=1)
    sums = np.abs(explanation.values).sum(axis=2).mean(axis=0)
    table = rank(explanation).table.set_index("feature")
    assert table["mean_abs_shap"][explanation.columns].to_numpy() == pytest.approx(sums)


def test_figures_group_the_rows_with_and_without_a_label():
    pytest.importorskip("matplotlib")
    from featkit.plots import dependence, importance

    data = tagged(30, seed=5)
    explanation = explain(trained(), data, n_jobs=1)
    ax = dependence(explanation, "c", of_class="live")
    sizes = {points.get_label(): len(points.get_offsets()) for points in ax.collections}
    live = int(matrix(data["tags"])[:, LABELS.index("live")].sum())
    assert sizes == {"without the label": 30 - live, "with the label": live}
    assert "all labels" in importance(explanation).get_title()
