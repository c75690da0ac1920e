"""Columns that give the class away are left out or named; honest ones are not."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import featkit
from featkit.errors import ParameterError
from featkit.models._leaking_columns import leaking_columns
from featkit.models.problem import make_problem
from featkit.table.feature_table import FeatureTable

CLASSES = np.repeat(["x", "y", "z"], 30)


def noise(rows=90, columns=3, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(rows, columns)), columns=list("abcdefgh")[:columns])


def leaks(data, y=CLASSES):
    table = FeatureTable.of(data.assign(label=y), keys=["label"])
    return leaking_columns(make_problem(table), label="label")


def dummies(values, **how):
    return pd.get_dummies(pd.Series(values, name="genre"), prefix="genre", dtype=int, **how)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("code", np.repeat([7, 8, 9], 30)),
        ("mean_of_the_class", np.repeat([0.31, -1.4, 0.02], 30)),
        ("coarser", np.repeat([0, 1, 1], 30)),
        ("with_gaps", np.where(np.arange(90) % 7, np.repeat([7.0, 8, 9], 30), np.nan)),
    ],
)
def test_columns_with_one_value_a_class_are_not_learnt_from(name, values):
    found = leaks(noise().assign(**{name: values}))
    assert set(found.certain) == {name}
    assert not found.likely


@pytest.mark.parametrize("drop_first", [False, True])
def test_one_hot_columns_of_the_label_are_not_learnt_from(drop_first):
    hot = dummies(CLASSES, drop_first=drop_first)
    result = featkit.train(
        pd.concat([noise(), hot], axis=1).assign(label=CLASSES), model="logistic", folds=2
    )
    assert result.model.columns == ["a", "b", "c"]
    for name in hot:
        assert any(f"column '{name}' tells the class" in text for text in result.warnings)
    assert result.scores["models"]["logistic"]["accuracy"]["value"] < 0.6


def test_a_column_that_is_included_is_learnt_from():
    data = noise().assign(code=np.repeat([7, 8, 9], 30), label=CLASSES)
    without = featkit.train(data, model="logistic", folds=2)
    assert "unless you include it" in " ".join(without.warnings)
    result = featkit.train(data, model="logistic", folds=2, include=["code"])
    assert "code" in result.model.columns
    assert not any("'code'" in text for text in result.warnings)


def test_a_table_of_nothing_else_is_learnt_from_with_a_warning():
    data = pd.DataFrame({"code": np.repeat([7, 8, 9], 30), "label": CLASSES})
    result = featkit.train(data, model="logistic", folds=2)
    assert result.model.columns == ["code"]
    assert any("'code' is the class under another name; exclude it" in w for w in result.warnings)


def test_what_to_include_must_be_a_column_of_numbers_that_is_not_excluded():
    data = noise().assign(label=CLASSES, mood="good")
    with pytest.raises(ParameterError, match="unknown column of numbers to include 'mood'"):
        featkit.train(data, model="logistic", include=["mood"])
    with pytest.raises(ParameterError, match="'a' is to be excluded and included"):
        featkit.train(data, model="logistic", include=["a"], exclude=["a"])
    with pytest.raises(ParameterError, match="include must be a list of columns"):
        featkit.train(data, model="logistic", include="a")


@pytest.mark.parametrize(
    "values",
    [
        np.arange(90),
        np.arange(90)[::-1] + 1,
        np.arange(90) * 10 + 1000,
        np.arange(90) / 89,
        (np.arange(90) - 44.5) / 26,
        np.delete(np.arange(100), np.arange(0, 100, 10)),
        np.concatenate([np.arange(30), 1000 + np.arange(30), 5000 + np.arange(30)]),
    ],
)
def test_numbers_of_shuffled_rows_are_not_learnt_from(values):
    shuffled = np.random.default_rng(0).permutation(90)
    found = leaks(noise().assign(number=np.asarray(values, float)[shuffled]), CLASSES[shuffled])
    assert set(found.certain) == {"number"}
    assert "numbers the rows" in found.certain["number"]
    assert "gives the class away" in found.certain["number"]


def test_numbers_of_rows_that_stand_twice_are_numbers_of_rows_still():
    rng = np.random.default_rng(0)
    rows = np.r_[0:600, rng.choice(600, 20, replace=False)]
    y = np.repeat(["x", "y"], 300)[rows]
    assert set(leaks(noise(620).assign(number=rows), y).certain) == {"number"}


def test_numbers_of_a_tenth_of_the_rows_are_named_where_they_tell_the_class():
    rng = np.random.default_rng(1)
    kept = np.sort(rng.choice(3000, 300, replace=False))
    order = rng.permutation(300)
    y = np.repeat(["x", "y", "z"], 1000)[kept[order]]
    found = leaks(noise(300).assign(number=kept[order]), y)
    assert "numbers the rows" in {**found.certain, **found.likely}["number"]
    mixed = rng.permutation(y)
    assert "number" not in leaks(noise(300).assign(number=kept[order]), mixed).likely


@pytest.mark.parametrize("name", ["id", "ID", "patient_id", "subject#", "recordID", "Speaker"])
def test_numbers_called_as_identifiers_are_not_learnt_from(name):
    ids = np.random.default_rng(0).integers(10**6, 10**7, 90)
    found = leaks(noise().assign(**{name: ids}))
    assert re.search("as its name says", found.certain[name])


@pytest.mark.parametrize("name", ["tempo", "valid", "num_pulses", "zcr_number", "rapid", "width"])
def test_numbers_called_otherwise_are_learnt_from(name):
    values = np.random.default_rng(0).integers(0, 300, 90)
    found = leaks(noise().assign(**{name: values}))
    assert not found.certain
    assert not found.likely


def test_times_of_recording_in_whose_order_classes_come_are_named():
    rng = np.random.default_rng(0)
    times = 1.6e9 + np.sort(rng.choice(10**6, 90, replace=False))
    found = leaks(noise().assign(timestamp=times).iloc[::-1], CLASSES[::-1])
    assert "numbers the rows" in found.certain["timestamp"]
    mixed = rng.permutation(90)
    found = leaks(noise().assign(timestamp=times[mixed]), CLASSES[mixed])
    assert "is a time, and gives the class away" in found.likely["timestamp"]
    assert not leaks(noise().assign(timestamp=times[mixed])).likely
    assert not leaks(noise().assign(attack_time=times[mixed]), CLASSES[mixed]).likely


def test_a_finer_code_of_the_class_is_named():
    data = noise().assign(subgenre=np.arange(90) // 10)
    assert "each in one class only" in leaks(data).likely["subgenre"]
    hot = pd.concat([noise(), dummies(np.arange(90) // 10)], axis=1)
    found = leaks(hot)
    assert "9 flags called 'genre'" in found.likely["genre_0"]
    assert not found.certain


def test_values_that_only_some_classes_have_are_named():
    rng = np.random.default_rng(0)
    some = rng.random(90) + 1
    data = noise().assign(
        price=np.where(CLASSES == "x", some, np.nan),
        fee=np.where(CLASSES == "y", some, 0),
        lost=np.where((CLASSES == "z") & (np.arange(90) % 2 == 0), np.nan, some),
        fine=np.where(rng.random(90) < 0.3, np.nan, some),
    )
    found = leaks(data)
    assert "has values only where 'label' is x" in found.likely["price"]
    assert "is 0 wherever 'label' is x, z, and nowhere else" in found.likely["fee"]
    assert "lacks values only where 'label' is z" in found.likely["lost"]
    assert set(found.likely) == {"price", "fee", "lost"}
    assert not found.certain


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    rows=st.integers(6, 150),
    classes=st.integers(2, 5),
    apart=st.floats(0, 50),
    gaps=st.floats(0, 0.5),
    decimals=st.sampled_from([0, 1, 3, 12]),
)
def test_honest_columns_are_left_in_peace(seed, rows, classes, apart, gaps, decimals):
    """Normal features that separate classes as well as may be, with gaps, counts and flags."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(rows) % classes)
    data = noise(rows, 8, seed)
    data["a"] += apart * y
    data["b"] = np.where(rng.random(rows) < gaps, np.nan, data["b"])
    data["c"] = np.round(data["c"] * 30, decimals)
    data["count"] = rng.poisson(20, rows)
    data["length"] = rng.integers(1000, 10**6, rows) + 10**5 * y
    data["flag"] = rng.random(rows) < 0.5
    data["d"] = np.argsort(data["d"])[::1] * 0.37 + rng.random(rows)
    found = leaks(data.astype(float), np.array([f"c{k}" for k in y]))
    certain = set(found.certain) - {"flag"}
    assert not certain
    assert not set(found.likely) - {"flag"}


def test_a_large_table_is_looked_at_in_no_time():
    import time

    rng = np.random.default_rng(0)
    table = FeatureTable(
        {"label": rng.choice(["x", "y", "z"], 10_000).tolist()},
        [f"f{k}" for k in range(500)],
        rng.normal(size=(10_000, 500)),
    )
    problem = make_problem(table)
    times = []
    for _ in range(2):
        begun = time.process_time()
        leaking_columns(problem, label="label")
        times.append(time.process_time() - begun)
    assert min(times) < 1.5
