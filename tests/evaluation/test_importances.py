"""Importances at home and in another dataset, side by side."""

import dataclasses

import numpy as np
import pytest
from learning import tones, trained
from reporting import made
from scipy.stats import spearmanr

from featkit.errors import ParameterError
from featkit.evaluation import importances
from featkit.evaluation.importances import compare_importances, rows_to_explain
from featkit.explanation import importance


@pytest.fixture(scope="module")
def explanations():
    home, here = (made(rows=40 + 20 * seed, seed=seed)[1] for seed in (0, 1))
    return home, dataclasses.replace(here, folds=np.full(len(here), ""))


def test_shares_are_those_of_the_mean_absolute_shap_values(explanations):
    home, here = explanations
    comparison = compare_importances(home, here)
    assert (comparison.home_rows, comparison.rows) == (40, 60)
    for explanation, side in ((home, "home"), (here, "here")):
        sizes = np.abs(explanation.values).sum(axis=2).mean(axis=0)
        shares = dict(zip(explanation.columns, sizes / sizes.sum(), strict=True))
        for pair in comparison.columns:
            assert getattr(pair, side).value == pytest.approx(shares[pair.name])


def test_intervals_are_shares_of_the_same_sum(explanations):
    table = importance(explanations[1]).set_index("feature")
    total = table["mean_abs_shap"].sum()
    for pair in compare_importances(*explanations).columns:
        own = table.loc[pair.name]
        assert (pair.here.low, pair.here.high) == (own["low"] / total, own["high"] / total)
        assert pair.here.low <= pair.here.value <= pair.here.high


def test_families_are_compared_by_their_summed_contributions(explanations):
    families = compare_importances(*explanations).families
    table = importance(explanations[0], by="family")
    assert [pair.name for pair in families] == table["feature"].tolist()
    assert [pair.home.value for pair in families] == table["share"].tolist()


def test_the_most_important_at_home_comes_first(explanations):
    comparison = compare_importances(*explanations)
    for pairs in (comparison.columns, comparison.families):
        values = [pair.home.value for pair in pairs]
        assert values == sorted(values, reverse=True)


def test_the_rank_correlation_is_spearmans(explanations):
    home, here = explanations
    sizes = [np.abs(own.values).sum(axis=(0, 2)) / len(own) for own in explanations]
    expected = spearmanr(*sizes).statistic
    assert compare_importances(home, here).rank_correlation == pytest.approx(expected)
    assert compare_importances(home, home).rank_correlation == pytest.approx(1)


def test_few_columns_or_equal_importances_have_no_rank_correlation(explanations):
    two = made(number=2)[1]
    assert compare_importances(two, two).rank_correlation is None
    equal = dataclasses.replace(explanations[0], values=np.ones_like(explanations[0].values))
    assert compare_importances(equal, explanations[1]).rank_correlation is None


def test_contributions_of_zero_have_shares_of_zero(explanations):
    home, here = explanations
    nothing = dataclasses.replace(here, values=np.zeros_like(here.values), output=here.base)
    shares = {pair.here.value for pair in compare_importances(home, nothing).columns}
    assert shares == {0.0}


def test_notes_name_the_models_and_the_sample(explanations):
    home, here = explanations
    notes = compare_importances(home, dataclasses.replace(here, rows_there=5000)).notes
    assert any("60 of 5,000 rows" in note for note in notes)
    assert any("the model of the fold in which it is a test row" in note for note in notes)


def test_a_sum_that_does_not_add_up_is_noted(explanations):
    home, here = explanations
    wrong = dataclasses.replace(here, output=here.output + 1)
    assert any("do NOT add up" in note for note in compare_importances(home, wrong).notes)


def test_other_columns_or_scales_are_refused(explanations):
    home, here = explanations
    with pytest.raises(ParameterError, match="different feature columns"):
        compare_importances(home, made(number=3)[1])
    with pytest.raises(ParameterError, match="log odds and in probability"):
        compare_importances(home, dataclasses.replace(here, scale="probability"))


def test_slow_models_are_explained_by_fewer_rows(monkeypatch):
    assert rows_to_explain(trained(tones(30), "logistic", folds=2)[0].model) == 300
    forest = trained(tones(30), "random_forest", folds=2)[0].model
    leaves = sum(tree.get_n_leaves() for tree in forest.pipeline[-1].estimators_)
    monkeypatch.setattr(importances, "MAX_SECONDS", 5e-8 * leaves * 70.5)
    assert rows_to_explain(forest) == 70
    monkeypatch.setattr(importances, "MAX_SECONDS", 0.01)
    assert rows_to_explain(trained(tones(30), "svm", folds=2)[0].model) == 30
