"""Targets of the benchmarks: those that were not measured are listed, a missed one fails."""

import importlib
import os
from pathlib import Path

import numpy as np
import pytest

FASTER, ACCURACY = "times faster", "accuracy"


@pytest.fixture
def common(monkeypatch):
    """The shared module of the benchmarks, without its setting of one thread per process."""
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.syspath_prepend(Path(__file__).parent.parent / "benchmarks")
    return importlib.import_module("_common")


def test_targets_that_were_not_measured_are_listed_and_not_counted(common, capsys):
    targets = [common.Target(FASTER, 8.0, at_least=8), common.Target(ACCURACY, None, at_least=0.88)]
    assert not common.any_missed(targets)
    *_, listed, counted = capsys.readouterr().out.splitlines()
    assert listed == "not measured: accuracy, at least 0.88"
    assert counted == "targets measured: 1, missed: none"


@pytest.mark.parametrize(
    ("value", "bounds", "line"),
    [
        (7.99, {"at_least": 8}, "times faster, at least 8: 7.99"),
        (61.0, {"at_most": 60}, "times faster, at most 60: 61"),
        (np.nan, {"at_least": 8}, "times faster, at least 8: nan"),
    ],
)
def test_a_missed_target_is_named(common, capsys, value, bounds, line):
    targets = [common.Target(FASTER, value, **bounds), common.Target(ACCURACY, 0.9, at_least=0.88)]
    assert common.any_missed(targets)
    *_, named, counted = capsys.readouterr().out.splitlines()
    assert named == f"missed: {line}"
    assert counted == "targets measured: 2, missed: 1"
