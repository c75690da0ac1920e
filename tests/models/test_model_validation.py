"""Model files whose fitted parts do not fit together are refused.

Files that could crash the interpreter are read by a child process: a crash is a failed test.
"""

import copy

import numpy as np
import pytest
from model_files import (
    NODE,
    attributes,
    changed,
    crafted,
    of_step,
    outcome,
    part,
    tree_node,
)
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.tree._tree import Tree

from featkit.errors import ModelError
from featkit.models.model_file import read_model, write_model

# Steps and their attributes


def put(**values):
    return lambda thing: vars(thing).update(values)


def replaced(at, name, thing):
    def change(made):
        made.steps[at] = (name, thing)

    return change


STEPS = {
    "a cache": put(memory="/tmp/cache"),
    "a cache that is an estimator": put(memory=StandardScaler()),
    "what is transformed": put(transform_input=["a"]),
    "words": put(verbose=True),
    "a method": put(predict_proba=[1]),
    "a step left out": replaced(1, "scale", "passthrough"),
    "no step": replaced(1, "scale", None),
    "another step": replaced(0, "impute", StandardScaler()),
    "another model": replaced(-1, "model", StandardScaler()),
    "another name": replaced(1, "scaler", StandardScaler()),
    "no pairs": put(steps=[1, 2, 3]),
    "no steps": put(steps=[]),
    "too few steps": lambda made: made.steps.pop(0),
    "a step twice": lambda made: made.steps.insert(0, made.steps[0]),
    "another median": of_step(0, strategy="constant"),
    "a filling of its own": of_step(0, fill_value=StandardScaler()),
    "an invalid indicator": of_step(0, indicator_=StandardScaler()),
    "no scaling": of_step(1, with_mean=False),
    "a list for a parameter": of_step(-1, C=[1.0]),
    "an array for a parameter": of_step(-1, C=np.ones(3)),
    "an estimator for a parameter": of_step(-1, C=LogisticRegression()),
    "an estimator among the rest": of_step(-1, more_=LogisticRegression()),
    "an estimator in a list": of_step(-1, more_=[{"a": (LogisticRegression(),)}]),
    "a method of the model": of_step(-1, decision_function="a"),
    "a class": of_step(-1, more_=dict),
    "no coefficients": lambda made: vars(made[-1]).pop("coef_"),
}


@pytest.mark.parametrize("how", STEPS)
def test_changed_steps_are_refused(tmp_path, how):
    write_model(changed("logistic", STEPS[how]), tmp_path / "a.fk")
    with pytest.raises(ModelError, match=r"a\.fk: "):
        read_model(tmp_path / "a.fk")


@pytest.mark.parametrize("k", [0, -1, "all", 2.5, True])
def test_wrong_numbers_of_columns_to_keep_are_refused(tmp_path, k):
    write_model(changed("logistic", of_step(2, k=k), select=3), tmp_path / "a.fk")
    with pytest.raises(ModelError, match="to keep"):
        read_model(tmp_path / "a.fk")


@pytest.mark.parametrize("indicated", [[7], [-1], [4, 2], [2, 2], [2.0, 4.0]])
def test_wrong_indicators_are_refused(tmp_path, indicated):
    def change(made):
        made[0].indicator_.features_ = np.array(indicated)

    write_model(changed("logistic", change), tmp_path / "a.fk")
    with pytest.raises(ModelError, match="indicators"):
        read_model(tmp_path / "a.fk")


# Linear models and the SVM

LINEAR = {
    "one row": of_step(-1, coef_=np.zeros((1, 8))),
    "fewer columns": of_step(-1, coef_=np.zeros((3, 7))),
    "one intercept": of_step(-1, intercept_=np.zeros(1)),
    "whole numbers": of_step(-1, coef_=np.zeros((3, 8), int)),
    "NaN": of_step(-1, coef_=np.full((3, 8), np.nan)),
    "another loss": of_step(-1, loss="hinge"),
}


@pytest.mark.parametrize("how", LINEAR)
@pytest.mark.parametrize("name", ["logistic", "sgd"])
def test_wrong_coefficients_are_refused(tmp_path, name, how):
    if name == "logistic" and "loss" in how:
        pytest.skip("it has no other")
    write_model(changed(name, LINEAR[how]), tmp_path / "a.fk")
    with pytest.raises(ModelError, match=r"a\.fk: "):
        read_model(tmp_path / "a.fk")


def of_svc(**values):
    return lambda made: vars(made[-1].svc_).update(values)


def shortened(name):
    return lambda made: vars(made[-1].svc_).update({name: getattr(made[-1].svc_, name)[..., :-1]})


def counted(*counts):
    return of_svc(_n_support=np.array(counts, np.int32))


def n_support(k, by):
    def change(made):
        counts = made[-1].svc_._n_support.copy()
        counts[k] += by
        made[-1].svc_._n_support = counts

    return change


def shifted(made):
    """The sum is correct, and one count is negative."""
    counts = made[-1].svc_._n_support
    made[-1].svc_._n_support = counts + np.array([1000, -1000, 0], np.int32)


SVMS = {
    "fewer vectors": lambda made: vars(made[-1].svc_).update(
        support_vectors_=made[-1].svc_.support_vectors_[:-1].copy()
    ),
    "narrower vectors": shortened("support_vectors_"),
    "fewer places": shortened("support_"),
    "fewer coefficients": shortened("dual_coef_"),
    "fewer of its own": shortened("_dual_coef_"),
    "fewer intercepts": shortened("_intercept_"),
    "fewer public intercepts": shortened("intercept_"),
    "one axis": of_svc(_dual_coef_=np.zeros(9)),
    "no vectors": of_svc(support_=np.zeros(0, np.int32)),
    "a vector more": n_support(0, 1),
    "two billion more": n_support(0, 2**31 - 100),
    "negative": shifted,
    "fewer counts": counted(1, 2),
    "no counts": counted(),
    "long counts": of_svc(_n_support=np.zeros(3, np.float64)),
    "probabilities": of_svc(_probA=np.ones(3), _probB=np.ones(3)),
    "half the probabilities": of_svc(_probA=np.ones(1)),
    "many probabilities": of_svc(_probB=np.ones(100_000)),
    "gamma as a text": of_svc(_gamma="auto"),
    "gamma NaN": of_svc(_gamma=float("nan")),
    "gamma negative": of_svc(_gamma=-1.0),
    "gamma as an array": of_svc(_gamma=np.ones(3)),
    "precomputed": of_svc(kernel="precomputed"),
    "linear": of_svc(kernel="linear"),
    "a type for a kernel": of_svc(kernel=str),
    "an array for a kernel": of_svc(kernel=np.array("rbf")),
    "sparse": of_svc(_sparse=True),
    "all against all": of_svc(decision_function_shape="ovr"),
    "other columns": of_svc(shape_fit_=(60, 9)),
    "other classes": of_svc(classes_=np.array(["a", "b"])),
    "no machine": of_step(-1, svc_=None),
    "a machine in its place": of_svc(more_=None, svc_=StandardScaler()),
    "no temperature": of_step(-1, temperature_=0.0),
    "infinite temperature": of_step(-1, temperature_=float("inf")),
    "temperatures": of_step(-1, temperature_=np.ones(3)),
}


def test_changed_svms_are_refused_without_a_crash(tmp_path, child):
    for how, change in SVMS.items():
        path = tmp_path / f"{how}.fk"
        write_model(changed("svm", change), path)
        assert child.submit(outcome, path).result().startswith(f"{path}: "), how


# Forests


def regrown(**arrays):
    """Change arrays of the first tree of a forest, each by a function."""

    def change(made):
        member = made[-1].estimators_[0]
        _, args, state = member.tree_.__reduce__()
        nodes = state["nodes"].copy()
        for name, change_array in arrays.items():
            if name == "values":
                state["values"] = change_array(state["values"].copy())
            else:
                change_array(nodes[name])
        tree = Tree(*args)
        tree.__setstate__(state | {"nodes": nodes})
        member.tree_ = tree

    return change


def chain(made):
    """A tree of 100,000 levels, each with a leaf to the left."""
    member = made[-1].estimators_[0]
    _, args, state = member.tree_.__reduce__()
    nodes = np.zeros(200_001, state["nodes"].dtype)
    nodes["left_child"] = nodes["right_child"] = -1
    nodes["left_child"][:-1:2] = np.arange(1, 200_001, 2)
    nodes["right_child"][:-1:2] = np.arange(2, 200_001, 2)
    values = np.full((len(nodes), 1, 3), 1 / 3)
    tree = Tree(*args)
    tree.__setstate__(
        {"max_depth": 100_000, "node_count": len(nodes), "nodes": nodes, "values": values}
    )
    member.tree_ = tree


def doubling(made):
    """Nodes whose two children are the next node: there are 2 ** 200 paths."""
    member = made[-1].estimators_[0]
    _, args, state = member.tree_.__reduce__()
    nodes = np.zeros(201, state["nodes"].dtype)
    nodes["left_child"] = nodes["right_child"] = [*range(1, 201), -1]
    values = np.full((201, 1, 3), 1 / 3)
    tree = Tree(*args)
    tree.__setstate__({"max_depth": 200, "node_count": 201, "nodes": nodes, "values": values})
    member.tree_ = tree


def at(place, value):
    def change(array):
        array[place] = value
        return array

    return change


def other_tree(*args, nodes=slice(None)):
    """A tree that was built with other arguments."""

    def change(made):
        member = made[-1].estimators_[0]
        _, own, state = member.tree_.__reduce__()
        args_ = [
            given if given is not None else kept for given, kept in zip(args, own, strict=True)
        ]
        tree = Tree(*args_)
        shape = (len(state["nodes"]), args_[2], max(args_[1]))
        tree.__setstate__(state | {"values": np.full(shape, 1 / shape[2])})
        member.tree_ = tree

    return change


def of_member(**values):
    return lambda made: vars(made[-1].estimators_[0]).update(values)


def replaced_tree(made):
    made[-1].estimators_[0] = copy.deepcopy(made[-1])


FORESTS = {
    "a child outside": regrown(left_child=at(0, 10**6)),
    "a child far outside": regrown(right_child=at(0, 2**60)),
    "a child behind the last": regrown(right_child=lambda right: at(0, len(right))(right)),
    "a child before its parent": regrown(left_child=at(1, 0)),
    "its own child": regrown(left_child=at(0, 0)),
    "a negative child": regrown(left_child=at(0, -5)),
    "one child": regrown(left_child=at(0, -1)),
    "a hundred thousand levels": chain,
    "a child of two": regrown(right_child=at(0, 1)),
    "children of two on every level": doubling,
    "a column that there is not": regrown(feature=at(0, 10**6)),
    "a column behind the last": regrown(feature=at(0, 8)),
    "a negative column": regrown(feature=at(0, -2)),
    "NaN in a leaf": regrown(values=at(-1, np.nan)),
    "infinite leaves": regrown(values=at(-1, np.inf)),
    "negative leaves": regrown(values=at(-1, -1.0)),
    "leaves of more than 1": regrown(values=at(-1, 7.0)),
    "a node without training rows": regrown(weighted_n_node_samples=at(1, 0.0)),
    "NaN training rows": regrown(weighted_n_node_samples=at(1, np.nan)),
    "more classes": other_tree(None, np.array([9]), 1),
    "fewer classes": other_tree(None, np.array([2]), 1),
    "two outputs": other_tree(None, np.array([3, 3]), 2),
    "other columns": other_tree(99, None, None),
    "more trees than there are": of_step(-1, n_estimators=99),
    "fewer trees than there are": of_step(-1, n_estimators=1),
    "no trees": of_step(-1, estimators_=[]),
    "other trees": of_step(-1, estimators_=[StandardScaler()] * 10),
    "forests in a forest": replaced_tree,
    "trees in a tuple": lambda made: vars(made[-1]).update(estimators_=tuple(made[-1].estimators_)),
    "outputs of the forest": of_step(-1, n_outputs_=2),
    "classes of the forest": of_step(-1, n_classes_=99),
    "outputs of a tree": of_member(n_outputs_=2),
    "classes of a tree": of_member(n_classes_=99),
    "no tree": of_member(tree_=None),
    "a method of a tree": of_member(predict_proba=None),
    "a tree that is fitted elsewhere": of_step(-1, estimator_=LogisticRegression()),
}

GROWN = {
    "another depth": lambda node: attributes(node)["max_depth"].update(content="0"),
    "fewer nodes": lambda node: attributes(node)["node_count"].update(content="1"),
    "negative nodes": lambda node: attributes(node)["node_count"].update(content="-5"),
    "a hundred million outputs": lambda node: node["__reduce__"]["args"]["content"][2].update(
        content=str(10**8)
    ),
    "negative outputs": lambda node: node["__reduce__"]["args"]["content"][2].update(content="-1"),
    "outputs by a number": lambda node: node["__reduce__"]["args"]["content"][2].update(
        part("numpy.int64", "NdArrayNode", type="numpy", file="x")
    ),
    "arguments twice": lambda node: node["__reduce__"]["args"]["content"].append(NODE),
    "values for nodes": lambda node: attributes(node).update(nodes=attributes(node)["values"]),
    "no nodes": lambda node: attributes(node).pop("nodes"),
}
"""Changes of the schema; on the objects, scikit-learn would crash."""


def test_changed_forests_are_refused_without_a_crash_or_an_endless_loop(tmp_path, child):
    for how, change in FORESTS.items():
        path = tmp_path / f"{how}.fk"
        write_model(changed("random_forest", change), path)
        answer = child.submit(outcome, path).result(timeout=30)
        assert answer.startswith(f"{path}: "), how
    for how, change in GROWN.items():
        path = crafted(
            tmp_path / f"{how}.fk",
            "random_forest",
            lambda schema, change=change: change(tree_node(schema)),
        )
        answer = child.submit(outcome, path).result(timeout=30)
        assert answer.startswith(f"{path}: "), how


def test_a_tree_is_not_read_beyond_its_end(tmp_path):
    """scikit-learn takes the nodes that exist."""

    def more(schema):
        attributes(tree_node(schema))["node_count"].update(content=str(10**8))

    back = read_model(crafted(tmp_path / "a.fk", "random_forest", more))
    tree = back.pipeline[-1].estimators_[0].tree_
    assert tree.node_count == tree.capacity < 100
