"""Model files of networks for tests, whose parts are changed and have a correct hash."""

import json
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
from model_files import pack, unpacked
from tiny_sequences import FAST, tiny_sequences

from featkit.models.model_file import write_model
from featkit.models.training import train
from featkit.table.feature_table import FeatureTable

LENGTH = 8
"""Bytes of the length of a safetensors header."""


def table_of(sequences, y):
    """A table without columns, whose rows have sequences."""
    keys = {"path": np.array([f"{k}.wav" for k in range(len(y))]), "label": y}
    return FeatureTable(keys, [], np.empty((len(y), 0)), {}, sequences=sequences)


def trained_network(**parameters):
    """A model of three classes, trained within a second."""
    table = table_of(*tiny_sequences())
    own = {**FAST, "epochs": 2, **parameters}
    return train(table, model="cnn", folds=2, parameters=own).model


cached_network = cache(trained_network)


def packed(path, parts):
    """Write a file with a correct hash, whose parts are not compressed."""
    return pack(path, parts, zipfile.ZIP_STORED)


@cache
def network_parts():
    """The parts of the file of a network, by name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.fk"
        write_model(cached_network(), path)
        return unpacked(path)


def header_of(weights):
    length = int.from_bytes(weights[:LENGTH], "little")
    return json.loads(weights[LENGTH : LENGTH + length]), weights[LENGTH + length :]


def with_header(weights, change):
    """Weights whose header was changed in place; its length is correct."""
    header, numbers = header_of(weights)
    change(header)
    return with_header_text(json.dumps(header).encode(), numbers)


def with_header_text(text, numbers):
    return len(text).to_bytes(LENGTH, "little") + text + numbers
