"""The contract tests of `featkit.testing` pass for the items of featkit and find planted faults."""

import dataclasses

import numpy as np
import pytest

from featkit.datasets.recordings import DATASET_FORMATS
from featkit.features.family import FAMILIES
from featkit.features.sets.loading import feature_set, feature_sets
from featkit.table.table_files import TABLE_FORMATS
from featkit.testing import (
    FAMILY_CHECKS,
    check_dataset_format,
    check_family,
    check_feature_set,
    check_table_format,
)

RMS = FAMILIES["rms"]


@pytest.fixture
def registered(monkeypatch):
    """A function that replaces the family rms by a faulty one."""
    return lambda **faults: monkeypatch.setitem(
        FAMILIES._loaded, "rms", dataclasses.replace(RMS, **faults)
    )


def scaled(factor):
    """The computation of rms with another result."""

    def compute(p, *, signal, n_fft):
        return factor(RMS.compute(p, signal=signal, n_fft=n_fft))

    return compute


CALLS = []

FAULTS = {
    "values lie within their range": {"compute": scaled(lambda x: -x)},
    "no clip gives infinity": {"compute": scaled(lambda x: np.where(x > 1e3, np.inf, x))},
    "returns a row for each name": {"compute": scaled(lambda x: np.concatenate([x, x]))},
    "amplitude changes only families that measure level": {"measures_level": False},
    "silence is undefined where documented": {
        "compute": scaled(lambda x: np.where(x > 0, x, np.nan))
    },
    "is the same alone and among others": {
        "compute": scaled(lambda x: x * (1 + 1e-3 * (CALLS.append(1) or len(CALLS))))
    },
    "has the values of its reference cases": {"compute": scaled(lambda x: x * 1.5)},
}


@pytest.mark.parametrize("rule", FAULTS)
def test_a_faulty_family_fails_the_check_of_its_fault(rule, registered):
    registered(**FAULTS[rule])
    (check,) = (c for c in FAMILY_CHECKS if c.__name__ == f"_{rule.replace(' ', '_')}")
    with pytest.raises(AssertionError, match=f"family 'rms': check '{rule}'"):
        check_family(FAMILIES["rms"], [check])


def test_a_family_that_is_not_registered_fails():
    for faults in ({"name": "loud"}, {"measures_level": False}):
        with pytest.raises(AssertionError, match="is not registered, or another one is: install"):
            check_family(dataclasses.replace(RMS, **faults))


@pytest.mark.parametrize("name", ["genre75", "gtzan57"])
def test_feature_sets_pass(name):
    check_feature_set(name)


def test_a_feature_set_without_a_title_fails():
    with pytest.raises(AssertionError, match="it has no title"):
        check_feature_set(dataclasses.replace(feature_set("genre75"), title=""))


@pytest.mark.parametrize("name", [n for n, f in TABLE_FORMATS.items() if f.suffixes])
def test_table_formats_pass(name):
    check_table_format(TABLE_FORMATS[name])


def test_a_table_format_that_loses_digits_fails(monkeypatch):
    csv = TABLE_FORMATS["csv"]

    def write(path, tables):
        csv.write(
            path,
            [dataclasses.replace(t, values=np.minimum(t.values, 1e300).round(3)) for t in tables],
        )

    rounding = dataclasses.replace(csv, write=write)
    monkeypatch.setitem(TABLE_FORMATS._loaded, "csv", rounding)
    with pytest.raises(AssertionError, match="values"):
        check_table_format(rounding)


@pytest.mark.parametrize("name", DATASET_FORMATS)
def test_dataset_formats_pass(name):
    check_dataset_format(DATASET_FORMATS[name])


def test_a_dataset_format_that_matches_everything_fails():
    greedy = dataclasses.replace(DATASET_FORMATS["esc50"], matches=lambda lines: True)
    with pytest.raises(AssertionError, match="is a match"):
        check_dataset_format(greedy)


def test_all_feature_sets_have_a_title():
    assert all(feature_set(name).title for name in feature_sets())
