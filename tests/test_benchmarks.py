"""A benchmark says which of its bars were tried, and fails where one is missed."""

import importlib
import os
from pathlib import Path

import numpy as np
import pytest

FASTER, ACCURACY = "times faster", "accuracy"


@pytest.fixture
def common(monkeypatch):
    """What the benchmarks share, but for the one thread that it sets for its process."""
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.syspath_prepend(Path(__file__).parent.parent / "benchmarks")
    return importlib.import_module("_common")


def test_bars_that_were_not_tried_are_listed_and_not_counted(common, capsys):
    bars = [common.Bar(FASTER, 8.0, least=8), common.Bar(ACCURACY, None, least=0.88)]
    assert not common.missed(bars)
    *_, listed, counted = capsys.readouterr().out.splitlines()
    assert listed == "not tried: accuracy, at least 0.88"
    assert counted == "bars tried: 1, missed: none"


@pytest.mark.parametrize(
    ("value", "bounds", "said"),
    [
        (7.99, {"least": 8}, "times faster, at least 8: 7.99"),
        (61.0, {"most": 60}, "times faster, at most 60: 61"),
        (np.nan, {"least": 8}, "times faster, at least 8: nan"),
    ],
)
def test_a_bar_that_is_missed_is_named(common, capsys, value, bounds, said):
    bars = [common.Bar(FASTER, value, **bounds), common.Bar(ACCURACY, 0.9, least=0.88)]
    assert common.missed(bars)
    *_, named, counted = capsys.readouterr().out.splitlines()
    assert named == f"missed: {said}"
    assert counted == "bars tried: 2, missed: 1"
