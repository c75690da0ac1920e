"""SHAP values of trees equal those of shap and of the definition, for any rows together."""

import itertools
import math
import sys
import warnings
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from featkit.models.estimators import random_forest
from featkit.models.tree_shap import _compiled_pass
from featkit.models.tree_shap.values import shap_values

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import shap

CORES = ["compiled", "numpy"]


@pytest.fixture(params=CORES)
def core(request, monkeypatch):
    if request.param == "numpy":
        monkeypatch.setattr(_compiled_pass, "core", None)
    elif _compiled_pass.core is None:
        pytest.skip("installed without a compiler")
    return request.param


def data(rows=60, columns=6, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns))
    return X, (X[:, 0] + X[:, 1] * X[:, 2] + rng.normal(size=rows)).argsort() % classes


def trees_of(model):
    return [member.tree_ for member in getattr(model, "estimators_", [model])]


def deep_tree(columns):
    """A tree that tests another column at each level, and rows to explain."""
    X = np.concatenate([np.eye(columns), np.eye(columns, k=1) + np.eye(columns, k=-3)])
    tree = DecisionTreeRegressor(random_state=0).fit(X, np.arange(2 * columns) % columns)
    return tree, X[:: columns // 2 + 1]


def forests():
    """Name, fitted model, and rows to explain."""
    X, y = data()
    forest = {"n_estimators": 5, "random_state": 0}
    yield "two classes", RandomForestClassifier(**forest).fit(X, y % 2), X
    X_many, many = data(rows=120, classes=12)
    yield "many classes", RandomForestClassifier(**forest).fit(X_many, many), X_many[:20]
    mixed = RandomForestClassifier(min_samples_leaf=5, class_weight="balanced", **forest)
    yield "leaves of several classes", mixed.fit(X, y), X
    yield "regression", RandomForestRegressor(**forest).fit(X, X[:, 0] - y), X
    weights = np.random.default_rng(1).uniform(0.1, 5, len(X))
    yield "sample weights", RandomForestClassifier(**forest).fit(X, y, weights), X
    best_first = DecisionTreeClassifier(max_leaf_nodes=12, random_state=0)
    yield "grown best first", best_first.fit(X, y), X
    yield "single leaf", RandomForestRegressor(**forest).fit(X[:3], [2.0, 2.0, 2.0]), X
    yield "forty levels and columns", *deep_tree(43)
    wave = np.arange(200.0)[:, None] / 200
    repeated = DecisionTreeRegressor(splitter="random", random_state=3)
    yield "one column many times", repeated.fit(wave, np.sin(90 * wave[:, 0])), wave[::11]


FORESTS = {name: (model, X) for name, model, X in forests()}


@pytest.mark.parametrize("name", FORESTS)
def test_values_equal_those_of_shap(name, core):
    model, X = FORESTS[name]
    explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
    expected = explainer.shap_values(X, check_additivity=False).reshape(*X.shape, -1)
    values, base = shap_values(trees_of(model), X)
    scale = np.abs(expected).max(initial=1e-9)
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-6 * scale)
    np.testing.assert_allclose(base, np.atleast_1d(explainer.expected_value), rtol=1e-9)


def test_the_deep_trees_are_deep():
    assert FORESTS["forty levels and columns"][0].get_depth() >= 40
    assert FORESTS["one column many times"][0].get_depth() >= 12


def in_many_digits(tree, x):
    """Shapley values of a tree that tests no column twice, leaf by leaf, with 150 digits."""
    values, counts = [Decimal(0)] * len(x), tree.n_node_samples.tolist()

    def add_leaves(node, path):
        if tree.children_left[node] == -1:
            for column, change in of_leaf(path).items():
                values[column] += change * Decimal(float(tree.value[node, 0, 0]))
            return
        column = int(tree.feature[node])
        goes_left = x[column] <= tree.threshold[node]
        for child, satisfied in (("children_left", goes_left), ("children_right", not goes_left)):
            place = int(getattr(tree, child)[node])
            edge = (int(satisfied), Decimal(counts[place]) / counts[node])
            add_leaves(place, path | {column: edge})

    add_leaves(0, {})
    return [float(value) for value in values]


def of_leaf(path):
    """Contribution of each column of a path: o is 1 for a satisfied edge, and w its weight."""
    length, whole = len(path), [Decimal(1)]  # coefficients of the product of w + o y
    for o, w in path.values():
        whole = [a * w + b * o for a, b in zip([*whole, 0], [0, *whole], strict=True)]
    contributions = {}
    for column, (o, w) in path.items():
        others = [Decimal(0)]
        for coefficient in whole[:-1]:
            others.append((coefficient - others[-1] * o) / w)
        weights = [
            Decimal(math.factorial(k) * math.factorial(length - 1 - k)) / math.factorial(length)
            for k in range(length)
        ]
        total = sum(a * b for a, b in zip(weights, others[1:], strict=True))
        contributions[column] = (o - w) * total
    return contributions


def test_values_of_trees_that_are_too_deep_for_shap_are_accurate(core):
    """shap is wrong by 1e-5 at fifty levels, and by 1 at seventy."""
    model, X = deep_tree(60)
    assert model.get_depth() >= 55
    with localcontext(prec=150):
        expected = in_many_digits(model.tree_, X[0])
    values, _ = shap_values([model.tree_], X[:1])
    np.testing.assert_allclose(values[0, :, 0], expected, atol=1e-12 * np.abs(expected).max())


def value_of(tree, x, known, node=0):
    """Expected output if only some columns are known, from the training rows at each node."""
    left, right, column = tree.children_left[node], tree.children_right[node], tree.feature[node]
    if left == -1:
        return tree.value[node, 0]
    if column in known:
        goes_left = x[column] <= tree.threshold[node]
        if np.isnan(x[column]):
            goes_left = bool(tree.missing_go_to_left[node])
        return value_of(tree, x, known, left if goes_left else right)
    weights = tree.weighted_n_node_samples
    total = sum(weights[child] * value_of(tree, x, known, child) for child in (left, right))
    return total / weights[node]


def by_definition(tree, x):
    """Shapley values, from all subsets of the columns."""
    columns = range(len(x))
    values = np.zeros((len(x), tree.value.shape[2]))
    for size in columns:
        weight = math.factorial(size) * math.factorial(len(x) - size - 1) / math.factorial(len(x))
        for known in itertools.combinations(columns, size):
            before = value_of(tree, x, known)
            for column in set(columns) - set(known):
                values[column] += weight * (value_of(tree, x, (*known, column)) - before)
    return values


@pytest.mark.parametrize("kind", [DecisionTreeClassifier, DecisionTreeRegressor])
def test_values_are_those_of_the_definition_with_missing_values_too(kind, core):
    X, y = data(rows=40, columns=5)
    X[::3, 0], X[1::4, 2] = np.nan, np.nan
    tree = kind(max_depth=5, random_state=0).fit(X, y).tree_
    assert set(tree.missing_go_to_left[tree.children_left != -1]) == {0, 1}
    rows = np.concatenate([X[:5], np.full((1, 5), np.nan)])
    values, base = shap_values([tree], rows)
    np.testing.assert_allclose(values, [by_definition(tree, x) for x in rows], atol=1e-13)
    np.testing.assert_allclose(base, value_of(tree, rows[0], ()), rtol=1e-12)


small_forests = st.builds(
    lambda seed, depth, leaf, classes: RandomForestClassifier(
        3, max_depth=depth, min_samples_leaf=leaf, random_state=seed
    ).fit(*data(seed=seed, classes=classes)),
    seed=st.integers(0, 99),
    depth=st.integers(1, 12),
    leaf=st.integers(1, 9),
    classes=st.integers(2, 5),
)


@given(forest=small_forests, seed=st.integers(0, 99))
@settings(max_examples=10)
def test_values_and_base_add_up_to_the_output(forest, seed):
    X = np.random.default_rng(seed).normal(size=(9, 6))
    values, base = shap_values(trees_of(forest), X)
    np.testing.assert_allclose(base + values.sum(axis=1), forest.predict_proba(X), atol=1e-13)


@given(forest=small_forests, chosen=st.lists(st.integers(0, 59), min_size=1, max_size=30))
@settings(max_examples=10)
def test_the_values_of_a_row_depend_on_that_row_alone_to_the_bit(forest, chosen):
    X, _ = data(seed=1)
    for name in CORES:
        with pytest.MonkeyPatch.context() as patch:
            if name == "numpy":
                patch.setattr(_compiled_pass, "core", None)
            every, _ = shap_values(trees_of(forest), X)
            some, _ = shap_values(trees_of(forest), X[chosen])
        assert some.tobytes() == every[chosen].tobytes()


def test_values_do_not_need_shap(monkeypatch):
    monkeypatch.setitem(sys.modules, "shap", None)
    model, X = FORESTS["two classes"]
    contributions = random_forest.ESTIMATOR.contributions(model, X)
    total = contributions.base + contributions.values.sum(axis=1)
    np.testing.assert_allclose(total, contributions.output, atol=1e-13)


def test_rows_are_rounded_as_in_predictions():
    model, _ = FORESTS["regression"]
    tree = model.estimators_[0].tree_
    X = np.zeros((2, 6))
    X[:, tree.feature[0]] = tree.threshold[0] + [0, 1e-12]  # equal in single precision
    values, base = shap_values(trees_of(model), X)
    np.testing.assert_array_equal(values[0], values[1])
    np.testing.assert_allclose(base + values.sum(axis=1), model.predict(X)[:, None], atol=1e-12)
