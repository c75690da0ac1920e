"""Families of columns of a table without provenance: the catalogue knows names of featkit."""

import numpy as np
import pandas as pd

import featkit
from featkit.explanation import importance


def plain(names, keys=("path", "start", "end")):
    rng = np.random.default_rng(0)
    label = np.array(["low", "high"] * 15)
    values = rng.normal(size=(30, len(names))) + (label == "high")[:, None]
    cells = {"path": [f"{k}.wav" for k in range(30)], "start": 0.0, "end": 1.0, "label": label}
    data = pd.DataFrame(values, columns=list(names))
    return data.assign(**{key: cells[key] for key in (*keys, "label")})


def families(data):
    model = featkit.train(data, model="logistic", folds=2).model
    ranking = importance(featkit.explain(model, data), by="family")
    return model.units, set(ranking["feature"])


def test_families_and_units_come_from_the_catalogue():
    units, names = families(plain(["rms_mean", "spectral_centroid_mean"]))
    assert names == {"rms", "spectral_centroid"}
    assert units["spectral_centroid_mean"] == "Hz"


def test_columns_of_other_programs_have_no_family():
    units, names = families(plain(["rms_mean", "b"], keys=("path",)))
    assert names == {"(unknown)"}
    assert units == {}
