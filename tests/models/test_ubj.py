"""Boosted trees that XGBoost does not write are refused before XGBoost reads them."""

import struct

import numpy as np
import pytest
from model_files import (
    COLUMNS,
    changed,
    fitted,
    of_step,
    outcome,
)

from featkit.models._ubj import decode
from featkit.models.model_file import write_model


def test_decoded_trees_are_encoded_to_the_same_bytes():
    raw = fitted("xgboost").pipeline[-1].ubj_.tobytes()
    assert encoded(decode(raw)) == raw


def encoded(value):
    """The encoding of a value, as XGBoost writes it."""
    markers = {"i1": b"i", "u1": b"U", "i2": b"I", "i4": b"l", "i8": b"L", "f4": b"d", "f8": b"D"}

    def marker(dtype):
        return markers[f"{dtype.kind}{dtype.itemsize}"]

    def length(number):
        return b"L" + struct.pack(">q", number)

    if isinstance(value, dict):
        pairs = (length(len(k)) + k.encode() + encoded(item) for k, item in value.items())
        return b"{" + b"".join(pairs) + b"}"
    if isinstance(value, str):
        return b"S" + length(len(value)) + value.encode()
    if isinstance(value, list):
        return b"[#" + length(len(value)) + b"".join(map(encoded, value))
    if isinstance(value, np.ndarray):
        return b"[$" + marker(value.dtype) + b"#" + length(len(value)) + value.tobytes()
    if isinstance(value, int):
        value = np.array(value, ">i8")[()]
    return marker(value.dtype) + value.tobytes()


def boosted(change):
    def changing(made):
        document = decode(made[-1].ubj_.tobytes())
        change(document["learner"], document["learner"]["gradient_booster"]["model"])
        made[-1].ubj_ = np.frombuffer(encoded(document), np.uint8)

    return changing


def in_tree(name, place, value):
    def change(learner, grown):
        array = grown["trees"][0][name].copy()
        array[place] = value
        grown["trees"][0][name] = array

    return boosted(change)


def of_tree(**values):
    return boosted(lambda learner, grown: grown["trees"][0].update(values))


def tree_parameter(**values):
    return boosted(lambda learner, grown: grown["trees"][0]["tree_param"].update(values))


def model_parameter(**values):
    return boosted(lambda learner, grown: learner["learner_model_param"].update(values))


def categorical(learner, grown):
    """XGBoost 3.2 crashes while it loads this."""
    tree = grown["trees"][0]
    tree["split_type"] = np.ones_like(tree["split_type"])
    tree["categories"] = np.array([1], ">i4")
    tree["categories_nodes"] = np.array([0], ">i4")
    tree["categories_segments"] = tree["categories_sizes"] = np.array([10**9], ">i8")


BOOSTED = {
    "a child outside": in_tree("left_children", 0, 10**6),
    "a child behind the last": in_tree("left_children", 0, 99),
    "a child before its parent": in_tree("left_children", 2, 0),
    "its own child": in_tree("left_children", 0, 0),
    "one child": in_tree("left_children", 0, -1),
    "a negative child": in_tree("left_children", 0, -7),
    "another parent": in_tree("parents", 1, 10**6),
    "a root with a parent": in_tree("parents", 0, 0),
    "a column that there is not": in_tree("split_indices", 0, 10**6),
    "a column behind the last": in_tree("split_indices", 0, COLUMNS),
    "a negative column": in_tree("split_indices", 0, -1),
    "categories without any": in_tree("split_type", 0, 1),
    "categories outside": boosted(categorical),
    "NaN in a leaf": in_tree("split_conditions", -1, np.nan),
    "large leaves": tree_parameter(size_leaf_vector="1000"),
    "more nodes": tree_parameter(num_nodes="100000000"),
    "negative nodes": tree_parameter(num_nodes="-1"),
    "deleted nodes": tree_parameter(num_deleted="3"),
    "columns of a tree": tree_parameter(num_feature="99"),
    "no root": of_tree(left_children=np.zeros(0, ">i4")),
    "another's place": of_tree(id=1),
    "a place outside": of_tree(id=10**6),
    "more": of_tree(more=1),
    "more classes": model_parameter(num_class="100000"),
    "fewer classes": model_parameter(num_class="2"),
    "more columns": model_parameter(num_feature="100000"),
    "more outputs": model_parameter(num_target="3"),
    "scores of fewer": model_parameter(base_score="[0E0,0E0]"),
    "a score that is NaN": model_parameter(base_score="[NaN]"),
    "another objective": boosted(lambda learner, grown: learner["objective"].update(name="x")),
    "classes of the objective": boosted(
        lambda learner, grown: learner["objective"]["softmax_multiclass_param"].update(
            num_class="9"
        )
    ),
    "another booster": boosted(
        lambda learner, grown: learner["gradient_booster"].update(name="dart")
    ),
    "names of columns": boosted(lambda learner, grown: learner.update(feature_names=["a"])),
    "attributes": boosted(lambda learner, grown: learner.update(attributes={"a": "b"})),
    "a class outside": boosted(
        lambda learner, grown: grown.update(tree_info=[10**6, *grown["tree_info"][1:]])
    ),
    "a negative class": boosted(
        lambda learner, grown: grown.update(tree_info=[-1, *grown["tree_info"][1:]])
    ),
    "fewer classes of trees": boosted(lambda learner, grown: grown.update(tree_info=[0])),
    "fewer trees": boosted(lambda learner, grown: grown["trees"].pop()),
    "no trees": boosted(lambda learner, grown: grown.update(trees=[], tree_info=[])),
    "rounds outside": boosted(lambda learner, grown: grown.update(iteration_indptr=[0, 10**6])),
    "no rounds": boosted(lambda learner, grown: grown.update(iteration_indptr=[])),
    "more trees": boosted(
        lambda learner, grown: grown["gbtree_model_param"].update(num_trees="1000000")
    ),
    "trees in parallel": boosted(
        lambda learner, grown: grown["gbtree_model_param"].update(num_parallel_tree="3")
    ),
    "JSON": lambda made: vars(made[-1]).update(
        ubj_=np.frombuffer(bytes(made[-1].booster().save_raw("json")), np.uint8)
    ),
    "an older form": lambda made: vars(made[-1]).update(ubj_=np.zeros(999, np.uint8)),
    "nothing": of_step(-1, ubj_=np.zeros(0, np.uint8)),
    "bytes left over": lambda made: vars(made[-1]).update(
        ubj_=np.append(made[-1].ubj_, made[-1].ubj_)
    ),
    "cut": lambda made: vars(made[-1]).update(ubj_=made[-1].ubj_[:-1].copy()),
    "wide bytes": lambda made: vars(made[-1]).update(ubj_=made[-1].ubj_.astype(np.uint16)),
    "two axes": lambda made: vars(made[-1]).update(ubj_=made[-1].ubj_[None]),
    "a text": of_step(-1, ubj_="{}"),
}

NODES = ("base_weights", "default_left", "left_children", "loss_changes", "parents")
NODES += ("right_children", "split_conditions", "split_indices", "split_type", "sum_hessian")


def cut_array(name):
    def change(learner, grown):
        grown["trees"][0][name] = grown["trees"][0][name][:-1]

    return boosted(change)


BOOSTED |= {f"fewer {name}": cut_array(name) for name in NODES}


def test_changed_boosted_trees_are_refused_without_a_crash(tmp_path, child):
    for how, change in BOOSTED.items():
        path = tmp_path / f"{how}.fk"
        write_model(changed("xgboost", change), path)
        answer = child.submit(outcome, path).result(timeout=30)
        assert answer.startswith(f"{path}: "), how


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"}",
        b"{}x",
        b"[",
        b"[$",
        b"[$d",
        b"[#L" + b"\x7f" * 8,
        b"[$d#L" + b"\x7f" * 8,
        b"[$d#L" + b"\xff" * 8,
        b"[#L" + b"\xff" * 8,
        b"SL" + b"\xff" * 8,
        b"SL" + struct.pack(">q", 1) + b"\xff",
        b"Si\x01a",
        b"[$S#L" + bytes(8),
        b"[#L" + struct.pack(">q", 1) + b"]",
        b"{L" + struct.pack(">q", 1) + b"aT" + b"L" + struct.pack(">q", 1) + b"aF}",
        (b"[#L" + struct.pack(">q", 1)) * 100_000,
        b"N",
    ],
)
def test_other_data_are_not_decoded(data):
    with pytest.raises((ValueError, KeyError)):
        decode(data)
