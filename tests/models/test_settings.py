"""Settings of a training are validated once, and stored as plain data."""

import json

import numpy as np
import pytest
from learning import tones

import featkit
from featkit.errors import ParameterError
from featkit.models.serialization import from_dict
from featkit.models.settings import Settings


def test_settings_may_be_numpy_numbers():
    one, other = (
        featkit.train(tones(), model="logistic", folds=kind(3), seed=kind(2), select=kind(2))
        for kind in (int, np.int64)
    )
    assert one.scores == other.scores
    assert json.dumps(one.model.training) == json.dumps(other.model.training)
    shares = featkit.train(tones(), model="logistic", shares=np.array([60, 20, 20]))
    assert shares.scores["protocol"] == "60/20/20 by recording"
    json.dumps(shares.model.training)


def test_stored_settings_are_read_back_and_checked():
    stored = featkit.train(tones(), model="logistic", folds=3).model.training["settings"]
    assert from_dict(Settings, stored).folds == 3
    for wrong in ({"more": 1}, {"label": 3}, 1):
        with pytest.raises(ValueError, match=r"unknown key|must be|expected"):
            from_dict(Settings, wrong)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"seed": 2**32}, "seed must be at most 4294967295, got 4294967296"),
        ({"seed": "a"}, "seed must be a whole number, got 'a'"),
        ({"select": 2.0}, "select must be a whole number or None, got 2.0"),
        ({"exclude": "ab"}, "exclude must be a list of columns, got 'ab'"),
        ({"label": 1}, "label must be the name of a column, got 1"),
        ({"group": ["a"]}, "group must be the name of a column"),
        ({"seed": True}, "seed must be a whole number, got True"),
        ({"folds": 1}, "folds must be at least 2, got 1"),
        ({"folds": 10**9}, "class 'high' has 20 rows"),
        ({"shares": 5}, "shares must be two or three positive numbers"),
        ({"shares": np.array([60, -1])}, "shares must be two or three positive numbers"),
        ({"split_by_row": "no"}, "split_by_row must be True or False"),
    ],
)
def test_invalid_settings_are_errors(how, message):
    with pytest.raises(ParameterError, match=message):
        featkit.train(tones(), model="logistic", **how)
