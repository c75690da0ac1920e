"""Model files: what is written is read to the bit, and what was made to do harm is refused.

Files that could crash the interpreter are read by a child, so that a crash is a failed test.
"""

import copy
import dataclasses
import hashlib
import io
import json
import os
import pickle
import struct
import time
import zipfile
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.tree._tree import Tree

from featkit.errors import ModelError
from featkit.models import model_file, pipeline
from featkit.models._metadata_schema import CARRIED
from featkit.models._ubj import decode
from featkit.models.classifier import Classifier
from featkit.models.estimator import names
from featkit.models.model_file import CARD, MAGIC, SCHEMA, read_model, write_model
from featkit.models.training import train

COLUMNS = 6
FEW_TREES = {"random_forest": {"n_estimators": 10}, "xgboost": {"n_estimators": 10}}
NODE = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": "1"}


def rows():
    """Sixty rows of which the first column tells the class; two columns have gaps."""
    rng = np.random.default_rng(7)
    X = rng.normal(size=(60, COLUMNS))
    X[:, 0] += np.arange(60) % 3
    X[::7, 2] = X[3, 4] = np.nan
    return X


@cache
def trained(name, classes, columns):
    """How a model of this name came about, and its scores, as plain data."""
    data = pd.DataFrame(np.random.default_rng(0).normal(size=(60, columns)))
    data.columns = [f"x{k}" for k in range(columns)]
    data["label"] = np.array(list("abcdefghij"))[np.arange(60) % classes]
    model = train(data, model="logistic", folds=2).model
    model.training["kept"]["name"] = name
    return json.dumps({"training": model.training, "scores": model.scores})


@cache
def fitted(name, classes=3, select=None):
    labels = ["a", "b", "c"][:classes]
    made = pipeline(name, select=select, **FEW_TREES.get(name, {}))
    made.fit(rows(), np.array(labels)[np.arange(60) % classes])
    columns = [f"x{k}" for k in range(COLUMNS)]
    provenance = {"columns": [{"name": column, "unit": "Hz"} for column in columns]}
    about = json.loads(trained(name, classes, COLUMNS))
    return Classifier(made, name, labels, columns, provenance, **about)


def changed(name, change, **how):
    """A model whose pipeline was changed in place."""
    model = fitted(name, **how)
    made = copy.deepcopy(model.pipeline)
    change(made)
    return dataclasses.replace(model, pipeline=made, training=dict(model.training))


def unpacked(path):
    with zipfile.ZipFile(io.BytesIO(path.read_bytes()[len(MAGIC) + 32 :])) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path, parts, compression=zipfile.ZIP_DEFLATED):
    """A file with a right digest."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", compression) as out:
        for name, content in parts.items():
            out.writestr(name, content)
    content = archive.getvalue()
    path.write_bytes(MAGIC + hashlib.sha256(content).digest() + content)
    return path


def crafted(path, name, change, part=SCHEMA, **how):
    """A file whose schema, or card, was changed in place, and whose digest is right."""
    write_model(fitted(name, **how), path)
    parts = unpacked(path)
    content = json.loads(parts[part])
    change(content)
    return pack(path, parts | {part: json.dumps(content)})


def attributes(node):
    return node["content"]["content"]


def step(schema, at):
    """The schema of a step; the last is the model."""
    return attributes(schema)["steps"]["content"][at]["content"][1]


def tree_node(schema):
    """The schema of a forest's first tree."""
    member = attributes(step(schema, -1))["estimators_"]["content"][0]
    return attributes(member)["tree_"]


def outcome(path):
    """What a child says of a file; if it can be read, it must be able to predict."""
    try:
        model = read_model(path)
    except ModelError as error:
        return str(error)
    model.pipeline.predict_proba(np.random.default_rng(0).normal(size=(5, len(model.columns))))
    return "read"


@pytest.fixture(scope="module")
def child():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool


# What is written is read


@pytest.mark.parametrize("select", [None, 3])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", names())
def test_a_model_comes_back_to_the_bit(tmp_path, name, classes, select):
    model = fitted(name, classes, select)
    write_model(model, tmp_path / "a.fk")
    back = read_model(tmp_path / "a.fk")
    np.testing.assert_array_equal(
        back.pipeline.predict_proba(rows()), model.pipeline.predict_proba(rows()), strict=True
    )
    for field in CARRIED:
        assert getattr(back, field) == getattr(model, field)
    write_model(back, tmp_path / "b.fk")
    assert json.loads(unpacked(tmp_path / "b.fk")[CARD]) == json.loads(
        unpacked(tmp_path / "a.fk")[CARD]
    )


def test_a_forest_of_300_trees_is_read_soon(tmp_path):
    X = np.random.default_rng(0).normal(size=(1000, 20))
    made = pipeline("random_forest").fit(X, np.array(list("abcdefghij"))[np.arange(1000) % 10])
    about = json.loads(trained("random_forest", 10, 20))
    columns = [f"x{k}" for k in range(20)]
    model = Classifier(made, "random_forest", list("abcdefghij"), columns, **about)
    write_model(model, tmp_path / "a.fk")
    took = []
    for _ in range(3):
        start = time.perf_counter()
        read_model(tmp_path / "a.fk")
        took.append(time.perf_counter() - start)
    assert min(took) < 4.0  # 0.5 s on an idle machine; a busy one is slow


def test_trees_are_decoded_whole():
    raw = fitted("xgboost").pipeline[-1].ubj_.tobytes()
    assert encoded(decode(raw)) == raw


def test_another_scikit_learn_is_named_where_it_matters(tmp_path):
    def without(made):
        del made[-1].coef_

    model = changed("logistic", without)
    for then in ("0.1", "\x1b[2J" + "9" * 999):
        model.training["versions"] = {"scikit-learn": then}
        write_model(model, tmp_path / "a.fk")
        with pytest.raises(
            ModelError, match=r"trained with scikit-learn .*train it again"
        ) as found:
            read_model(tmp_path / "a.fk")
        assert str(found.value).isprintable()
        assert len(str(found.value)) < 999


# Files that are something else


def test_200_altered_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(model_file, "built", lambda *a, **k: pytest.fail("it was built"))
    path, rng = tmp_path / "a.fk", np.random.default_rng(11)
    write_model(fitted("logistic"), path)
    whole = path.read_bytes()
    for turn in range(50):
        at = int(rng.integers(len(whole)))
        some = rng.bytes(int(rng.integers(1, 9)))
        flipped = bytearray(whole)
        flipped[at] ^= 1 << (turn % 8)
        for altered in (flipped, whole[:at], whole + some, whole[:at] + some + whole[at:]):
            path.write_bytes(altered)
            with pytest.raises(ModelError, match=r"a\.fk: "):
                read_model(path)


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (os.fspath(self.marker),)


OTHERS = {
    "pickle0": lambda path, load: path.write_bytes(pickle.dumps(load, protocol=0)),
    "pickle4": lambda path, load: path.write_bytes(pickle.dumps(load, protocol=4)),
    "joblib": lambda path, load: joblib.dump(load, path),
    "skops": lambda path, load: skops.io.dump(fitted("logistic").pipeline, path),
    "empty": lambda path, load: path.touch(),
    "folder": lambda path, load: path.mkdir(),
    "pipe": lambda path, load: os.mkfifo(path),
    "missing": lambda path, load: None,
    "text": lambda path, load: path.write_text("no model\n" * 99),
    "magic": lambda path, load: path.write_bytes(MAGIC),
    "newer": lambda path, load: path.write_bytes(b"featkit model 2\n" + bytes(99)),
    "pickle in the frame": lambda path, load: path.write_bytes(
        MAGIC + hashlib.sha256(pickle.dumps(load)).digest() + pickle.dumps(load)
    ),
    "pickle in an archive": lambda path, load: pack(
        path, {CARD: pickle.dumps(load), SCHEMA: pickle.dumps(load)}
    ),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_no_model_is_refused_by_its_name_and_never_run(tmp_path, kind):
    path, marker = tmp_path / "x.fk", tmp_path / "marker"
    OTHERS[kind](path, Payload(marker))
    with pytest.raises(ModelError, match=r"x\.fk: ."):
        read_model(path)
    assert not marker.exists()


# Types, and how they are built


def part(kind, loader, **more):
    module, _, name = kind.rpartition(".")
    return {"__class__": name, "__module__": module, "__loader__": loader} | more


EVIL = {
    "eval": part("builtins.eval", "FunctionNode"),
    "a type": part("os.system", "TypeNode"),
    "partial": part("functools.partial", "PartialNode"),
    "caller": part("operator.methodcaller", "OperatorFuncNode", attrs=NODE),
    "transformer": part("sklearn.pipeline.FunctionTransformer", "ObjectNode"),
    "unknown": part("nowhere.Nothing", "ObjectNode"),
    "no loader": {"__class__": "str", "__module__": "builtins"},
    "no class": {"__loader__": "JsonNode", "content": "1"},
    "a method": part("builtins.str", "MethodNode"),
    "a call": part("builtins.str", "ConstructorFromReduceNode", content=NODE),
    "a list that is called": part("builtins.list", "TypeNode"),
    "memory": part("numpy.ndarray", "LossNode"),
    "a loss": part(
        "sklearn._loss._loss.CyHalfBinomialLoss",
        "LossNode",
        __reduce__={"args": part("builtins.tuple", "TupleNode", content=[NODE])},
    ),
    "another estimator's": part("sklearn.svm._classes.SVC", "ObjectNode"),
    "bytes": part("builtins.bytes", "BytesNode", file="a"),
}

PLACES = {
    "a parameter": lambda schema, evil: attributes(step(schema, -1)).update(C=evil),
    "a step": lambda schema, evil: attributes(schema)["steps"]["content"][0].update(evil),
    "a score": lambda schema, evil: attributes(step(schema, 2)).update(score_func=evil),
    "a key": lambda schema, evil: schema["content"]["key_types"]["content"].append(evil),
    "where skops never looks": lambda schema, evil: schema.update(nowhere=[{"a": [evil]}]),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("evil", EVIL)
def test_other_types_are_refused_wherever_they_are(tmp_path, monkeypatch, evil, place):
    monkeypatch.setattr(model_file, "built", lambda *a, **k: pytest.fail("it was built"))
    path = tmp_path / "a.fk"
    crafted(path, "logistic", lambda schema: PLACES[place](schema, EVIL[evil]), select=3)
    with pytest.raises(ModelError, match=r"names a type|wants to build"):
        read_model(path)


def test_a_part_cannot_stand_for_another_by_its_number(tmp_path):
    """skops answers a number that it knows with the part that had it first, whatever the type."""

    def borrow(schema):
        attributes(schema)["memory"]["__id__"] = step(schema, 0)["__id__"]

    crafted(tmp_path / "a.fk", "logistic", borrow)
    assert read_model(tmp_path / "a.fk").pipeline.memory is None


@pytest.mark.parametrize("protocol", [0, 1, -1, "2", None, []])
def test_older_ways_to_build_are_refused(tmp_path, protocol):
    crafted(tmp_path / "a.fk", "logistic", lambda schema: schema.update(protocol=protocol))
    with pytest.raises(ModelError, match=r"a\.fk: "):
        read_model(tmp_path / "a.fk")


# Arrays, sizes and depths


def saved(array, **how):
    out = io.BytesIO()
    np.save(out, array, **how)
    return out.getvalue()


def npz():
    out = io.BytesIO()
    np.savez(out, a=np.zeros(COLUMNS))
    return out.getvalue()


ARRAYS = {
    "pickled": lambda marker: saved(np.array([Payload(marker)], dtype=object), allow_pickle=True),
    "a pickle": lambda marker: pickle.dumps(Payload(marker)),
    "an archive": lambda marker: npz(),
    "records": lambda marker: saved(np.zeros(COLUMNS, dtype=[("a", "f8")])),
    "nothing, often": lambda marker: saved(np.zeros(2, "V1")).replace(b"|V1", b"|V0"),
    "empty texts": lambda marker: saved(np.zeros(COLUMNS, "U1")).replace(b"<U1", b"<U0"),
    "more than there is": lambda marker: (
        saved(np.zeros(9))
        .replace(b"(9,), }  ", b"(1" + b"0" * 15)
        .replace(b"(1" + b"0" * 15, b"(9" + b"0" * 3 + b",)}")
    ),
    "texts": lambda marker: saved(np.array(["a"] * COLUMNS)),
    "complex": lambda marker: saved(np.zeros(COLUMNS, complex)),
    "longer": lambda marker: saved(np.zeros(COLUMNS + 1)),
    "one that spreads": lambda marker: saved(np.zeros(1)),
    "two axes": lambda marker: saved(np.zeros((1, COLUMNS))),
    "NaN": lambda marker: saved(np.full(COLUMNS, np.nan)),
    "no array": lambda marker: b"",
}

USES = {
    "medians": lambda schema: attributes(step(schema, 0))["statistics_"],
    "indicator": lambda schema: attributes(attributes(step(schema, 0))["indicator_"])["features_"],
    "means": lambda schema: attributes(step(schema, 1))["mean_"],
    "scales": lambda schema: attributes(step(schema, 1))["scale_"],
    "scores": lambda schema: attributes(step(schema, 2))["scores_"],
    "coefficients": lambda schema: attributes(step(schema, -1))["coef_"],
    "intercepts": lambda schema: attributes(step(schema, -1))["intercept_"],
    "classes": lambda schema: attributes(step(schema, -1))["classes_"],
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("array", ARRAYS)
def test_other_arrays_are_refused(tmp_path, array, use):
    if (array, use) == ("NaN", "scores"):
        pytest.skip("a score that is NaN is below all others")
    path, marker = tmp_path / "a.fk", tmp_path / "marker"
    write_model(fitted("logistic", select=3), path)
    parts = unpacked(path)
    parts[USES[use](json.loads(parts[SCHEMA]))["file"]] = ARRAYS[array](marker)
    pack(path, parts)
    with pytest.raises(ModelError, match=r"a\.fk: "):
        read_model(path)
    assert not marker.exists()


def test_arrays_of_objects_are_refused(tmp_path):
    def objects(schema):
        attributes(step(schema, -1))["coef_"].update(type="json", content=[NODE], shape=NODE)

    crafted(tmp_path / "a.fk", "logistic", objects)
    with pytest.raises(ModelError, match="an array of objects"):
        read_model(tmp_path / "a.fk")


def test_what_unpacks_to_too_much_is_refused(tmp_path):
    path = tmp_path / "a.fk"
    write_model(fitted("logistic"), path)
    pack(path, unpacked(path) | {"bomb.npy": bytes(2**26)})
    assert path.stat().st_size < 2**17
    with pytest.raises(ModelError, match="unpacks to more"):
        read_model(path)


def test_what_is_used_too_often_is_refused(tmp_path):
    path = tmp_path / "a.fk"
    write_model(fitted("logistic"), path)
    parts = unpacked(path) | {"big.npy": saved(np.zeros(2**17))}
    schema = json.loads(parts[SCHEMA])
    node = part("numpy.ndarray", "NdArrayNode", type="numpy", file="big.npy")
    schema["nowhere"] = [node] * 100
    pack(path, parts | {SCHEMA: json.dumps(schema)})
    with pytest.raises(ModelError, match="unpacks to more"):
        read_model(path)


@pytest.mark.parametrize(
    ("bound", "value", "match"),
    [
        ("MOST_BYTES", 999, "larger than a model file"),
        ("MOST_PARTS", 9, "more parts"),
        ("MOST_TEXT", 99, "description is larger"),
        ("MOST_UNPACKED", 999, "unpacks to more"),
    ],
)
def test_bounds_are_kept(tmp_path, monkeypatch, bound, value, match):
    write_model(fitted("logistic"), tmp_path / "a.fk")
    read_model(tmp_path / "a.fk")
    monkeypatch.setattr(model_file, bound, value)
    with pytest.raises(ModelError, match=match):
        read_model(tmp_path / "a.fk")


def test_other_compression_is_refused(tmp_path):
    path = tmp_path / "a.fk"
    write_model(fitted("logistic"), path)
    pack(path, unpacked(path), zipfile.ZIP_LZMA)
    with pytest.raises(ModelError, match="packed otherwise"):
        read_model(path)


def nested(depth):
    return "[" * depth + "]" * depth


@pytest.mark.parametrize("depth", [900, 100_000])
@pytest.mark.parametrize("where", [CARD, SCHEMA, "a value", "lists"])
def test_any_depth_is_refused_without_a_crash(tmp_path, child, where, depth):
    path = tmp_path / "a.fk"
    if where == "a value":
        crafted(
            path,
            "logistic",
            lambda schema: attributes(step(schema, -1))["C"].update(content=nested(depth)),
        )
    else:
        write_model(fitted("logistic"), path)
        parts = unpacked(path)
        text = nested(depth)
        if where == "lists":
            a, b = json.dumps(part("builtins.list", "ListNode", content=0)).split("0")
            text = parts[SCHEMA].decode().replace("{", '{"x": ' + (a + "[") * depth + "]" * 0, 1)
            text = text[: text.index("[") + 1] + (a + "[") * depth + ("]" + b) * depth + "}"
        pack(path, parts | {SCHEMA if where == "lists" else where: text})
    assert child.submit(outcome, path).result().startswith(f"{path}: ")


# The card

CARDS = {
    "no name": lambda card: card.pop("name"),
    "more": lambda card: card.update(pipeline=1),
    "unknown estimator": lambda card: card.update(name="oracle"),
    "a path for an estimator": lambda card: card.update(name="../svm"),
    "a list for an estimator": lambda card: card.update(name=["logistic"]),
    "another estimator": lambda card: card.update(name="sgd"),
    "columns twice": lambda card: card.update(columns=["x0"] * COLUMNS),
    "columns as a text": lambda card: card.update(columns="abcdef"),
    "columns of numbers": lambda card: card.update(columns=list(range(COLUMNS))),
    "fewer columns": lambda card: card["columns"].pop(),
    "more columns": lambda card: card["columns"].append("x9"),
    "no columns": lambda card: card.update(columns=[]),
    "other classes": lambda card: card.update(classes=["a", "b", "d"]),
    "fewer classes": lambda card: card["classes"].pop(),
    "one class": lambda card: card.update(classes=["a"]),
    "classes out of order": lambda card: card.update(classes=["b", "a", "c"]),
    "classes twice": lambda card: card.update(classes=["a", "a", "b"]),
    "classes of numbers": lambda card: card.update(classes=[1, 2, 3]),
    "provenance as a list": lambda card: card.update(provenance=[]),
    "training as a text": lambda card: card.update(training="well"),
    "scores as nothing": lambda card: card.update(scores=None),
    "columns without units": lambda card: card.update(provenance={"columns": [{"name": "x0"}]}),
    "columns as a number": lambda card: card.update(provenance={"columns": 1}),
    "units of numbers": lambda card: card["provenance"]["columns"][0].update(unit=1),
    "no training": lambda card: card.update(training={}),
    "settings of another version": lambda card: card["training"]["settings"].update(more=1),
    "settings as a text": lambda card: card["training"].update(settings="svm"),
    "a label of numbers": lambda card: card["training"]["settings"].update(label=1),
    "folds without end": lambda card: card["training"]["settings"].update(folds=10**9),
    "a kept one of another": lambda card: card["training"]["kept"].update(name="svm"),
    "a kept one without end": lambda card: card["training"]["kept"].update(parameters={"C": 1e99}),
    "versions as a number": lambda card: card["training"].update(versions=5),
    "no reference": lambda card: card["training"].pop("reference"),
    "other scores": lambda card: card.update(scores={"x": 1}),
    "scores without what was chosen": lambda card: card["scores"].pop("chosen"),
    "a score as a text": lambda card: card["scores"]["models"]["logistic"]["accuracy"].update(
        value="1"
    ),
    "a comparison that is none": lambda card: card["scores"].update(by_row={"candidate": "x"}),
    "a class as a list": lambda card: card["scores"]["per_class"][0].update({"class": ["<b>"]}),
    "a confusion of fewer": lambda card: card["scores"]["confusion"].pop(),
    "a confusion as a text": lambda card: card["scores"].update(confusion="x"),
    "scores of other classes": lambda card: card["scores"].update(classes=["x", "y", "z"]),
    "scores of no model": lambda card: card["scores"].update(model="oracle"),
    "feature set as a text": lambda card: card.update(provenance={"feature_set": "standard"}),
    "feature set alone": lambda card: card.update(
        provenance={"feature_set": {"name": "standard", "version": 1}}
    ),
}


@pytest.mark.parametrize("how", CARDS)
def test_other_cards_are_refused(tmp_path, how):
    crafted(tmp_path / "a.fk", "logistic", CARDS[how], part=CARD)
    with pytest.raises(ModelError, match=r"a\.fk: "):
        read_model(tmp_path / "a.fk")


@pytest.mark.parametrize("card", [b"", b"[]", b"1", b"{", b"\xff\xfe"])
def test_a_card_that_is_none_is_refused(tmp_path, card):
    path = tmp_path / "a.fk"
    write_model(fitted("logistic"), path)
    pack(path, unpacked(path) | {CARD: card})
    with pytest.raises(ModelError, match=r"a\.fk: "):
        read_model(path)


# Steps, and what they carry


def put(**values):
    return lambda thing: vars(thing).update(values)


def of_step(at, **values):
    return lambda made: vars(made.steps[at][1]).update(values)


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
    "an indicator that is none": of_step(0, indicator_=StandardScaler()),
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
def test_other_steps_are_refused(tmp_path, how):
    write_model(changed("logistic", STEPS[how]), tmp_path / "a.fk")
    with pytest.raises(ModelError, match=r"a\.fk: "):
        read_model(tmp_path / "a.fk")


@pytest.mark.parametrize("k", [0, -1, "all", 2.5, True])
def test_other_numbers_of_columns_to_keep_are_refused(tmp_path, k):
    write_model(changed("logistic", of_step(2, k=k), select=3), tmp_path / "a.fk")
    with pytest.raises(ModelError, match="to keep"):
        read_model(tmp_path / "a.fk")


@pytest.mark.parametrize("indicated", [[7], [-1], [4, 2], [2, 2], [2.0, 4.0]])
def test_other_indicators_are_refused(tmp_path, indicated):
    def change(made):
        made[0].indicator_.features_ = np.array(indicated)

    write_model(changed("logistic", change), tmp_path / "a.fk")
    with pytest.raises(ModelError, match="indicators"):
        read_model(tmp_path / "a.fk")


# Linear models, and the machine

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
def test_other_coefficients_are_refused(tmp_path, name, how):
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
    """The sum is right, and one of them is negative."""
    counts = made[-1].svc_._n_support
    made[-1].svc_._n_support = counts + np.array([1000, -1000, 0], np.int32)


MACHINES = {
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


def test_other_machines_are_refused_without_a_crash(tmp_path, child):
    for how, change in MACHINES.items():
        path = tmp_path / f"{how}.fk"
        write_model(changed("svm", change), path)
        assert child.submit(outcome, path).result().startswith(f"{path}: "), how


# Forests


def regrown(**arrays):
    """Change the first tree of a forest; each array by a function of it."""

    def change(made):
        member = made[-1].estimators_[0]
        _, args, state = member.tree_.__reduce__()
        nodes = state["nodes"].copy()
        for name, of in arrays.items():
            if name == "values":
                state["values"] = of(state["values"].copy())
            else:
                of(nodes[name])
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
    """Nodes whose two children are the next one: as many paths as 2 to the power of 200."""
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
    """A tree that was made for something else."""

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
"""What can only be written in the schema, since scikit-learn would crash on it."""


def test_other_forests_are_refused_without_a_crash_or_an_endless_loop(tmp_path, child):
    for how, change in FORESTS.items():
        path = tmp_path / f"{how}.fk"
        write_model(changed("random_forest", change), path)
        said = child.submit(outcome, path).result(timeout=30)
        assert said.startswith(f"{path}: "), how
    for how, change in GROWN.items():
        path = crafted(
            tmp_path / f"{how}.fk",
            "random_forest",
            lambda schema, change=change: change(tree_node(schema)),
        )
        said = child.submit(outcome, path).result(timeout=30)
        assert said.startswith(f"{path}: "), how


def test_a_tree_cannot_be_read_behind_its_end(tmp_path):
    """scikit-learn takes as many nodes as there are."""

    def more(schema):
        attributes(tree_node(schema))["node_count"].update(content=str(10**8))

    back = read_model(crafted(tmp_path / "a.fk", "random_forest", more))
    tree = back.pipeline[-1].estimators_[0].tree_
    assert tree.node_count == tree.capacity < 100


# Boosted trees


def encoded(value):
    """What `decode` decodes, as XGBoost writes it."""
    markers = {"i1": b"i", "u1": b"U", "i2": b"I", "i4": b"l", "i8": b"L", "f4": b"d", "f8": b"D"}

    def marker(dtype):
        return markers[f"{dtype.kind}{dtype.itemsize}"]

    def length(number):
        return b"L" + struct.pack(">q", number)

    if isinstance(value, dict):
        pairs = (length(len(k)) + k.encode() + encoded(each) for k, each in value.items())
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


def said_of_tree(**values):
    return boosted(lambda learner, grown: grown["trees"][0]["tree_param"].update(values))


def said(**values):
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
    "large leaves": said_of_tree(size_leaf_vector="1000"),
    "more nodes": said_of_tree(num_nodes="100000000"),
    "negative nodes": said_of_tree(num_nodes="-1"),
    "deleted nodes": said_of_tree(num_deleted="3"),
    "columns of a tree": said_of_tree(num_feature="99"),
    "no root": of_tree(left_children=np.zeros(0, ">i4")),
    "another's place": of_tree(id=1),
    "a place outside": of_tree(id=10**6),
    "more": of_tree(more=1),
    "more classes": said(num_class="100000"),
    "fewer classes": said(num_class="2"),
    "more columns": said(num_feature="100000"),
    "more outputs": said(num_target="3"),
    "scores of fewer": said(base_score="[0E0,0E0]"),
    "a score that is NaN": said(base_score="[NaN]"),
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


def test_other_boosted_trees_are_refused_without_a_crash(tmp_path, child):
    for how, change in BOOSTED.items():
        path = tmp_path / f"{how}.fk"
        write_model(changed("xgboost", change), path)
        said = child.submit(outcome, path).result(timeout=30)
        assert said.startswith(f"{path}: "), how


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
def test_what_xgboost_does_not_write_is_not_decoded(data):
    with pytest.raises((ValueError, KeyError)):
        decode(data)


# Anything at all


def shaken(path, seed):
    """A file with a right digest, of which some bytes of some part are others."""
    rng = np.random.default_rng(seed)
    parts = unpacked(path)
    which = sorted(parts)[int(rng.integers(len(parts)))]
    content = bytearray(parts[which])
    for place in rng.integers(min(128, len(content) - 1), len(content), size=1 + seed % 4):
        content[place] = rng.integers(256)
    target = path.with_name(f"{seed}.fk")
    return pack(target, parts | {which: bytes(content)})


@pytest.mark.parametrize("name", names())
def test_files_with_other_bytes_are_read_or_refused_without_a_crash(tmp_path, child, name):
    path = tmp_path / "a.fk"
    write_model(fitted(name, select=3), path)
    said = {}
    for seed in range(60):
        shaken_path = shaken(path, seed)
        said[seed] = child.submit(outcome, shaken_path).result(timeout=30)
        assert said[seed] == "read" or said[seed].startswith(f"{shaken_path}: "), seed
    assert len(set(said.values())) > 10
