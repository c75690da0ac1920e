"""Model files are read as they were written, and other files are refused without being executed.

Files that could crash the interpreter are read by a child process: a crash is a failed test.
"""

import dataclasses
import hashlib
import io
import json
import os
import pickle
import time
import zipfile

import joblib
import numpy as np
import pytest
import skops.io
from model_files import (
    COLUMNS,
    NODE,
    attributes,
    changed,
    crafted,
    fitted,
    outcome,
    pack,
    part,
    rows,
    step,
    trained,
    unpacked,
)

from featkit.errors import ModelError
from featkit.models import model_file, pipeline
from featkit.models._metadata_schema import metadata_of
from featkit.models.estimator import ESTIMATORS
from featkit.models.model import Model
from featkit.models.model_file import MAGIC, METADATA, SCHEMA, read_model, write_model

# Round trip


@pytest.mark.parametrize("select", [None, 3])
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_model_is_read_bit_by_bit_as_it_was_written(tmp_path, name, classes, select):
    model = fitted(name, classes, select)
    write_model(model, tmp_path / "a.fk")
    back = read_model(tmp_path / "a.fk")
    np.testing.assert_array_equal(
        back.pipeline.predict_proba(rows()), model.pipeline.predict_proba(rows()), strict=True
    )
    assert metadata_of(back) == metadata_of(model)
    write_model(back, tmp_path / "b.fk")
    assert json.loads(unpacked(tmp_path / "b.fk")[METADATA]) == json.loads(
        unpacked(tmp_path / "a.fk")[METADATA]
    )


def test_a_forest_of_300_trees_is_read_in_seconds(tmp_path):
    X = np.random.default_rng(0).normal(size=(1000, 20))
    made = pipeline("random_forest").fit(X, np.array(list("abcdefghij"))[np.arange(1000) % 10])
    about = trained("random_forest", 10, 20)
    columns = [f"x{k}" for k in range(20)]
    model = Model(made, "random_forest", list("abcdefghij"), columns, **about)
    write_model(model, tmp_path / "a.fk")
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        read_model(tmp_path / "a.fk")
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 4.0  # 0.5 s on an idle machine; a busy one is slow


def test_a_file_of_another_scikit_learn_is_refused_with_both_versions(tmp_path):
    def without(made):
        del made[-1].coef_

    model = changed("logistic", without)
    for then in ("0.1", "\x1b[2J" + "9" * 999):
        metadata = dataclasses.replace(model.trained, versions={"scikit-learn": then})
        write_model(dataclasses.replace(model, training_metadata=metadata), tmp_path / "a.fk")
        with pytest.raises(
            ModelError, match=r"trained with scikit-learn .*train it again"
        ) as error:
            read_model(tmp_path / "a.fk")
        assert str(error.value).isprintable()
        assert len(str(error.value)) < 999


# Other files


def test_200_altered_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(model_file, "build", lambda *a, **k: pytest.fail("it was built"))
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
    """Creates a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (os.fspath(self.marker),)


OTHER_FILES = {
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
        path, {METADATA: pickle.dumps(load), SCHEMA: pickle.dumps(load)}
    ),
}


@pytest.mark.parametrize("kind", OTHER_FILES)
def test_other_files_are_refused_by_name_and_never_executed(tmp_path, kind):
    path, marker = tmp_path / "x.fk", tmp_path / "marker"
    OTHER_FILES[kind](path, Payload(marker))
    with pytest.raises(ModelError, match=r"x\.fk: ."):
        read_model(path)
    assert not marker.exists()


# Types and loaders


MALICIOUS = {
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
    "a parameter": lambda schema, malicious: attributes(step(schema, -1)).update(C=malicious),
    "a step": lambda schema, malicious: attributes(schema)["steps"]["content"][0].update(malicious),
    "a score": lambda schema, malicious: attributes(step(schema, 2)).update(score_func=malicious),
    "a key": lambda schema, malicious: schema["content"]["key_types"]["content"].append(malicious),
    "where skops never looks": lambda schema, malicious: schema.update(
        nowhere=[{"a": [malicious]}]
    ),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("malicious", MALICIOUS)
def test_unlisted_types_are_refused_everywhere(tmp_path, monkeypatch, malicious, place):
    monkeypatch.setattr(model_file, "build", lambda *a, **k: pytest.fail("it was built"))
    path = tmp_path / "a.fk"
    crafted(path, "logistic", lambda schema: PLACES[place](schema, MALICIOUS[malicious]), select=3)
    with pytest.raises(ModelError, match=r"names a type|in a way"):
        read_model(path)


def test_a_part_cannot_replace_another_by_its_number(tmp_path):
    """skops returns the first part with a number, whatever its type."""

    def borrow(schema):
        attributes(schema)["memory"]["__id__"] = step(schema, 0)["__id__"]

    crafted(tmp_path / "a.fk", "logistic", borrow)
    assert read_model(tmp_path / "a.fk").pipeline.memory is None


@pytest.mark.parametrize("protocol", [0, 1, -1, "2", None, []])
def test_older_protocols_are_refused(tmp_path, protocol):
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
def test_arrays_of_other_types_and_shapes_are_refused(tmp_path, array, use):
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


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path):
    path = tmp_path / "a.fk"
    write_model(fitted("logistic"), path)
    pack(path, unpacked(path) | {"bomb.npy": bytes(2**26)})
    assert path.stat().st_size < 2**17
    with pytest.raises(ModelError, match="unpacks to more"):
        read_model(path)


def test_an_array_that_is_used_too_often_is_refused(tmp_path):
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
        ("MAX_BYTES", 999, "larger than a model file"),
        ("MAX_PARTS", 9, "more parts"),
        ("MAX_JSON_BYTES", 99, "schema or metadata are larger"),
        ("MAX_UNPACKED", 999, "unpacks to more"),
    ],
)
def test_files_beyond_a_bound_are_refused(tmp_path, monkeypatch, bound, value, match):
    write_model(fitted("logistic"), tmp_path / "a.fk")
    read_model(tmp_path / "a.fk")
    monkeypatch.setattr(model_file, bound, value)
    with pytest.raises(ModelError, match=match):
        read_model(tmp_path / "a.fk")


def test_other_compression_is_refused(tmp_path):
    path = tmp_path / "a.fk"
    write_model(fitted("logistic"), path)
    pack(path, unpacked(path), zipfile.ZIP_LZMA)
    with pytest.raises(ModelError, match="compressed by a method"):
        read_model(path)


def nested(depth):
    return "[" * depth + "]" * depth


@pytest.mark.parametrize("depth", [900, 100_000])
@pytest.mark.parametrize("where", [METADATA, SCHEMA, "a value", "lists"])
def test_deeply_nested_data_are_refused_without_a_crash(tmp_path, child, where, depth):
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


# Random bytes


def shaken(path, seed):
    """A file with a correct hash and random bytes in one of its parts."""
    rng = np.random.default_rng(seed)
    parts = unpacked(path)
    which = sorted(parts)[int(rng.integers(len(parts)))]
    content = bytearray(parts[which])
    for place in rng.integers(min(128, len(content) - 1), len(content), size=1 + seed % 4):
        content[place] = rng.integers(256)
    target = path.with_name(f"{seed}.fk")
    return pack(target, parts | {which: bytes(content)})


@pytest.mark.parametrize("name", ESTIMATORS)
def test_files_with_random_bytes_are_read_or_refused_without_a_crash(tmp_path, child, name):
    path = tmp_path / "a.fk"
    write_model(fitted(name, select=3), path)
    outcomes = {}
    for seed in range(60):
        shaken_path = shaken(path, seed)
        outcomes[seed] = child.submit(outcome, shaken_path).result(timeout=30)
        assert outcomes[seed] == "read" or outcomes[seed].startswith(f"{shaken_path}: "), seed
    assert len(set(outcomes.values())) > 10
