"""Leaking columns are left out or a warning; ordinary features are neither."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learning import noise, problem_of

import featkit
from featkit.errors import ParameterError
from featkit.models._leaking_columns import leaking_columns
from featkit.models.problem import make_problem
from featkit.models.settings import Settings
from featkit.table.feature_table import FeatureTable

CLASSES = np.repeat(["x", "y", "z"], 30)


def leaks_of(data, y=CLASSES):
    return leaking_columns(problem_of(data.assign(label=y)), Settings())


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
def test_columns_with_one_value_per_class_are_left_out(name, values):
    leaks = leaks_of(noise().assign(**{name: values}))
    assert set(leaks.certain) == {name}
    assert not leaks.likely


@pytest.mark.parametrize("drop_first", [False, True])
def test_one_hot_columns_of_the_label_are_left_out(drop_first):
    hot = dummies(CLASSES, drop_first=drop_first)
    result = featkit.train(
        pd.concat([noise(), hot], axis=1).assign(label=CLASSES), model="logistic", folds=2
    )
    assert result.model.columns == ["a", "b", "c"]
    for name in hot:
        assert any(f"column '{name}' reveals the class" in text for text in result.warnings)
    assert result.scores["models"]["logistic"]["accuracy"]["value"] < 0.6


def test_an_included_column_is_a_feature():
    data = noise().assign(code=np.repeat([7, 8, 9], 30), label=CLASSES)
    without = featkit.train(data, model="logistic", folds=2)
    assert "to use it, add --include" in " ".join(without.warnings)
    result = featkit.train(data, model="logistic", folds=2, include=["code"])
    assert "code" in result.model.columns
    assert not any("'code'" in text for text in result.warnings)


def test_a_table_of_leaking_columns_only_is_a_warning():
    data = pd.DataFrame({"code": np.repeat([7, 8, 9], 30), "label": CLASSES})
    result = featkit.train(data, model="logistic", folds=2)
    assert result.model.columns == ["code"]
    assert any("'code' is the class under another name; unless" in w for w in result.warnings)


def test_include_takes_columns_of_numbers_that_are_not_excluded():
    data = noise().assign(label=CLASSES, mood="good")
    with pytest.raises(ParameterError, match="unknown column of numbers to include 'mood'"):
        featkit.train(data, model="logistic", include=["mood"])
    with pytest.raises(ParameterError, match="'a' is in exclude and in include"):
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
def test_numbers_of_shuffled_rows_are_left_out(values):
    shuffled = np.random.default_rng(0).permutation(90)
    leaks = leaks_of(noise().assign(number=np.asarray(values, float)[shuffled]), CLASSES[shuffled])
    assert set(leaks.certain) == {"number"}
    assert "numbers the rows" in leaks.certain["number"]
    assert "reveals the class" in leaks.certain["number"]


def test_row_numbers_with_a_few_repeats_are_left_out():
    rng = np.random.default_rng(0)
    rows = np.r_[0:600, rng.choice(600, 20, replace=False)]
    y = np.repeat(["x", "y"], 300)[rows]
    assert set(leaks_of(noise(620).assign(number=rows), y).certain) == {"number"}


def test_row_numbers_of_a_tenth_of_the_rows_are_reported_if_they_reveal_the_class():
    rng = np.random.default_rng(1)
    kept = np.sort(rng.choice(3000, 300, replace=False))
    order = rng.permutation(300)
    y = np.repeat(["x", "y", "z"], 1000)[kept[order]]
    leaks = leaks_of(noise(300).assign(number=kept[order]), y)
    assert "numbers the rows" in {**leaks.certain, **leaks.likely}["number"]
    mixed = rng.permutation(y)
    assert "number" not in leaks_of(noise(300).assign(number=kept[order]), mixed).likely


@pytest.mark.parametrize("name", ["id", "ID", "patient_id", "subject#", "recordID", "Speaker"])
def test_numbers_named_like_identifiers_are_left_out(name):
    ids = np.random.default_rng(0).integers(10**6, 10**7, 90)
    leaks = leaks_of(noise().assign(**{name: ids}))
    assert re.search("according to its name", leaks.certain[name])


@pytest.mark.parametrize("name", ["tempo", "valid", "num_pulses", "zcr_number", "rapid", "width"])
def test_numbers_with_other_names_are_features(name):
    values = np.random.default_rng(0).integers(0, 300, 90)
    leaks = leaks_of(noise().assign(**{name: values}))
    assert not leaks.certain
    assert not leaks.likely


def test_times_of_recording_that_sort_the_classes_are_reported():
    rng = np.random.default_rng(0)
    times = 1.6e9 + np.sort(rng.choice(10**6, 90, replace=False))
    leaks = leaks_of(noise().assign(timestamp=times).iloc[::-1], CLASSES[::-1])
    assert "numbers the rows" in leaks.certain["timestamp"]
    mixed = rng.permutation(90)
    leaks = leaks_of(noise().assign(timestamp=times[mixed]), CLASSES[mixed])
    assert "is a time, and reveals the class" in leaks.likely["timestamp"]
    assert not leaks_of(noise().assign(timestamp=times[mixed])).likely
    assert not leaks_of(noise().assign(attack_time=times[mixed]), CLASSES[mixed]).likely


def test_a_finer_code_of_the_class_is_a_warning():
    data = noise().assign(subgenre=np.arange(90) // 10)
    assert "each in one class only" in leaks_of(data).likely["subgenre"]
    hot = pd.concat([noise(), dummies(np.arange(90) // 10)], axis=1)
    leaks = leaks_of(hot)
    assert "9 flags called 'genre'" in leaks.likely["genre_0"]
    assert not leaks.certain


def test_values_of_some_classes_only_are_a_warning():
    rng = np.random.default_rng(0)
    some = rng.random(90) + 1
    data = noise().assign(
        price=np.where(CLASSES == "x", some, np.nan),
        fee=np.where(CLASSES == "y", some, 0),
        lost=np.where((CLASSES == "z") & (np.arange(90) % 2 == 0), np.nan, some),
        fine=np.where(rng.random(90) < 0.3, np.nan, some),
    )
    leaks = leaks_of(data)
    assert "has values only where 'label' is x" in leaks.likely["price"]
    assert "is 0 wherever 'label' is x, z, and nowhere else" in leaks.likely["fee"]
    assert "has missing values only where 'label' is z" in leaks.likely["lost"]
    assert set(leaks.likely) == {"price", "fee", "lost"}
    assert not leaks.certain


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    rows=st.integers(6, 150),
    classes=st.integers(2, 5),
    apart=st.floats(0, 50),
    gaps=st.floats(0, 0.5),
    decimals=st.sampled_from([0, 1, 3, 12]),
)
def test_ordinary_features_are_no_leaks(seed, rows, classes, apart, gaps, decimals):
    """Normal features that may separate the classes, with gaps, counts and flags."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(rows) % classes)
    data = noise(rows, "abcdefgh", seed)
    data["a"] += apart * y
    data["b"] = np.where(rng.random(rows) < gaps, np.nan, data["b"])
    data["c"] = np.round(data["c"] * 30, decimals)
    data["count"] = rng.poisson(20, rows)
    data["length"] = rng.integers(1000, 10**6, rows) + 10**5 * y
    data["flag"] = rng.random(rows) < 0.5
    data["d"] = np.argsort(data["d"])[::1] * 0.37 + rng.random(rows)
    leaks = leaks_of(data.astype(float), np.array([f"c{k}" for k in y]))
    certain = set(leaks.certain) - {"flag"}
    assert not certain
    assert not set(leaks.likely) - {"flag"}


def test_a_large_table_is_checked_in_seconds():
    import time

    rng = np.random.default_rng(0)
    table = FeatureTable(
        {"label": rng.choice(["x", "y", "z"], 10_000).tolist()},
        [f"f{k}" for k in range(500)],
        rng.normal(size=(10_000, 500)),
    )
    problem = make_problem(table, Settings())
    times = []
    for _ in range(2):
        begun = time.process_time()
        leaking_columns(problem, Settings())
        times.append(time.process_time() - begun)
    assert min(times) < 1.5
