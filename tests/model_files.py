"""Model files for tests: models of few rows, whose files are changed and have a correct hash."""

import copy
import dataclasses
import hashlib
import io
import json
import zipfile
from functools import cache

import numpy as np
import pandas as pd

from featkit.errors import ModelError
from featkit.models import pipeline
from featkit.models.model import Model
from featkit.models.model_file import MAGIC, SCHEMA, read_model, write_model
from featkit.models.score_types import Evaluation
from featkit.models.serialization import from_dict
from featkit.models.training import train
from featkit.models.training_metadata import TrainingMetadata

COLUMNS = 6
FEW_TREES = {
    "random_forest": {"n_estimators": 10},
    "xgboost": {"n_estimators": 10},
    "ensemble": {"members": [("random_forest", {"n_estimators": 10}, 0.5), ("svm", {}, 0.5)]},
}
NODE = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": "1"}


def rows():
    """Sixty rows whose first column depends on the class; two columns have missing values."""
    rng = np.random.default_rng(7)
    X = rng.normal(size=(60, COLUMNS))
    X[:, 0] += np.arange(60) % 3
    X[::7, 2] = X[3, 4] = np.nan
    return X


@cache
def trained(name, classes, columns):
    """Training metadata and scores of a model with this name."""
    data = pd.DataFrame(np.random.default_rng(0).normal(size=(60, columns)))
    data.columns = [f"x{k}" for k in range(columns)]
    data["label"] = np.array(list("abcdefghij"))[np.arange(60) % classes]
    model = train(data, model="logistic", folds=2).model
    model.training["kept"]["name"] = name
    training, scores = json.loads(json.dumps([model.training, model.scores]))
    return {
        "training_metadata": from_dict(TrainingMetadata, training),
        "evaluation": from_dict(Evaluation, scores),
    }


@cache
def fitted(name, classes=3, select=None):
    labels = ["a", "b", "c"][:classes]
    made = pipeline(name, select=select, **FEW_TREES.get(name, {}))
    made.fit(rows(), np.array(labels)[np.arange(60) % classes])
    columns = [f"x{k}" for k in range(COLUMNS)]
    provenance = {"columns": [{"name": column, "unit": "Hz"} for column in columns]}
    return Model(made, name, labels, columns, provenance, **trained(name, classes, COLUMNS))


def changed(name, change, **how):
    """A model whose pipeline was changed in place."""
    model = fitted(name, **how)
    made = copy.deepcopy(model.pipeline)
    change(made)
    return dataclasses.replace(model, pipeline=made)


def unpacked(path):
    with zipfile.ZipFile(io.BytesIO(path.read_bytes()[len(MAGIC) + 32 :])) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path, parts, compression=zipfile.ZIP_DEFLATED):
    """Write a file with a correct hash."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", compression) as out:
        for name, content in parts.items():
            out.writestr(name, content)
    content = archive.getvalue()
    path.write_bytes(MAGIC + hashlib.sha256(content).digest() + content)
    return path


def crafted(path, name, change, part=SCHEMA, **how):
    """A file with a changed schema, or other part, and a correct hash."""
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
    """The error when a child process reads a file, or "read" if the model can predict."""
    try:
        model = read_model(path)
    except ModelError as error:
        return str(error)
    model.pipeline.predict_proba(np.random.default_rng(0).normal(size=(5, len(model.columns))))
    return "read"


def part(kind, loader, **more):
    module, _, name = kind.rpartition(".")
    return {"__class__": name, "__module__": module, "__loader__": loader} | more


def of_step(at, **values):
    return lambda made: vars(made.steps[at][1]).update(values)
