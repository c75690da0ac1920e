"""Shift between the training table and another dataset: what differs is flagged, and only that."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from two_datasets import dataset, rows

from featkit.errors import ParameterError
from featkit.evaluation import shift as module
from featkit.evaluation.shift import _median, measure_shift
from featkit.models.serialization import from_dict, to_dict

SCHEMA = {f"x{k}": {"family": "mfcc" if k < 4 else "rms", "unit": "dB"} for k in range(7)}


def pair(**settings):
    """Two datasets with other class frequencies, whose third column differs."""
    home = dataset("home", seed=0, groups=60, columns=8, shares=(0.7, 0.3), **settings)
    here = dataset("here", seed=1, groups=50, columns=8, shares=(0.3, 0.7), **settings)
    here.X[:, 2] += 2.5
    return home, here


@pytest.fixture(scope="module")
def shift():
    return measure_shift(*pair(segments=3), SCHEMA)


def test_the_column_that_differs_leads_and_no_other_is_flagged(shift):
    first, *others = shift.columns
    assert (first.column, first.family, first.unit, first.differs) == ("x2", "mfcc", "dB", True)
    assert first.distance.value > shift.threshold >= others[0].distance.value
    assert not any(column.differs for column in others)
    assert len(others) == 7
    assert first.median - first.home_median > 2


def test_distances_are_in_order_and_within_their_intervals(shift):
    for listed in (shift.columns, shift.families):
        values = [entry.distance.value for entry in listed]
        assert values == sorted(values, reverse=True)
        for entry in listed:
            assert 0 <= entry.distance.low <= entry.distance.value <= entry.distance.high <= 1


def test_the_distance_of_a_family_is_the_mean_over_its_columns(shift):
    families = {family.family: family for family in shift.families}
    assert {name: f.columns for name, f in families.items()} == {"mfcc": 4, "rms": 3, "": 1}
    assert {name: f.differing for name, f in families.items()} == {"mfcc": 1, "rms": 0, "": 0}
    for name, family in families.items():
        own = [c.distance.value for c in shift.columns if c.family == name]
        assert family.distance.value == pytest.approx(np.mean(own))


def test_the_classifier_finds_the_column(shift):
    assert shift.classifier.auc.low > 0.8
    assert shift.classifier.columns[0].column == "x2"
    assert shift.conditions_classifier is None


def test_the_result_is_the_same_for_the_same_seed_and_can_be_stored(shift):
    again = measure_shift(*pair(segments=3), SCHEMA)
    assert again == shift
    assert to_dict(from_dict(module.Shift, to_dict(shift))) == to_dict(shift)


def test_other_class_frequencies_are_no_shift():
    home = dataset("home", seed=0, groups=80, shares=(0.9, 0.1), effect=3)
    here = dataset("here", seed=1, groups=80, shares=(0.1, 0.9), effect=3)
    result = measure_shift(home, here, {})
    assert not any(column.differs for column in result.columns)
    assert result.classifier.auc.low < 0.5


def test_missing_values_are_a_difference():
    home, here = dataset("home", seed=0, groups=60), dataset("here", seed=1, groups=60)
    here.X[::2, 1] = np.nan
    result = measure_shift(home, here, {})
    assert [column.column for column in result.columns if column.differs] == ["x1"]


def recorded(name, seed, peak, suffix, **quality):
    own = dataset(name, seed=seed, groups=50, columns=3)
    rng = np.random.default_rng(seed + 100)
    columns = {
        "peak": rng.normal(peak, 0.03, 50),
        "duration": rng.normal(5, 1, 50),
        "sample_rate": np.full(50, 44100.0),
        **quality,
    }
    files = np.array([path.replace(".wav", suffix) for path in own.groups.tolist()])
    return rows(name, own.X, own.y, files, quality=columns)


def test_recording_conditions_are_set_apart():
    home, here = recorded("home", 0, 0.5, ".wav"), recorded("here", 1, 0.3, ".mp3")
    result = measure_shift(home, here, {})
    assert not any(column.differs for column in result.columns)
    conditions = {condition.column: condition for condition in result.conditions}
    assert [name for name, own in conditions.items() if own.differs] == ["peak"]
    assert conditions["peak"].distance.value > 0.9
    assert conditions["sample_rate"].distance.value == 0
    assert conditions["duration"].unit == "s"
    assert conditions["peak"].home_median == pytest.approx(0.5, abs=0.02)
    shares = {share.format: (share.home, share.here) for share in result.formats}
    assert shares == {"wav": (1.0, 0.0), "mp3": (0.0, 1.0)}
    assert result.conditions_classifier.auc.value == pytest.approx(1)
    used = [column.column for column in result.conditions_classifier.columns]
    assert set(used) >= {"format", "peak"}
    assert len(set(used)) == len(used)
    assert result.classifier.auc.value < 0.7  # of 50 rows a side


def test_conditions_of_one_table_only_are_named():
    home = recorded("home", 0, 0.5, ".wav", channels=np.full(50, 2))
    here = recorded("here", 1, 0.5, ".wav")
    result = measure_shift(home, here, {})
    assert {own.column for own in result.conditions} == {"peak", "duration", "sample_rate"}
    assert "Recording conditions that only home has: channels." in result.notes
    without = measure_shift(home, dataset("here", seed=1), {})
    assert without.conditions == without.formats == []
    assert any("no quality columns in here" in note for note in without.notes)


def test_classes_of_one_side_are_left_out():
    home = dataset("home", seed=0, shares=(0.4, 0.3, 0.3))
    here = dataset("here", seed=1, shares=(0.5, 0.5))
    result = measure_shift(home, here, {})
    assert list(result.classes) == ["ash", "birch"]
    assert result.home_rows == np.sum(home.y != "cedar")
    assert any(note.startswith("Rows of home of 1 class are not compared") for note in result.notes)


def test_many_rows_are_sampled(monkeypatch):
    monkeypatch.setattr(module, "MAX_ROWS", 100)
    result = measure_shift(
        dataset("home", seed=0, groups=70, segments=2), dataset("here", seed=1, groups=30), {}
    )
    assert (result.home_rows, result.rows) == (100, 30)
    assert "100 of 140 rows of home were drawn at random." in result.notes


def test_a_sample_keeps_the_shares_of_classes_and_rows_of_rare_ones(monkeypatch):
    monkeypatch.setattr(module, "MAX_ROWS", 100)
    y = np.repeat(["a", "b", "c"], [6000, 3990, 10])
    home = rows("home", np.zeros((10_000, 1)), y, np.arange(10_000).astype(str))
    sample = module._sample(home, ["a", "b", "c"], np.random.default_rng(0))
    assert len(set(sample.tolist())) == 100
    counts = {name: int(np.sum(y[sample] == name)) for name in "abc"}
    assert counts["c"] == 5
    assert counts["a"] == pytest.approx(57, abs=2)
    assert counts["b"] == pytest.approx(38, abs=2)


def test_with_few_groups_nothing_is_flagged_and_a_note_says_why():
    home, here = (dataset(name, seed=0, groups=3, segments=9, shares=(1.0,)) for name in "ab")
    here.X[:] += 100
    result = measure_shift(home, here, {})
    assert result.columns[0].distance.value == 1
    assert not any(column.differs for column in result.columns)
    assert result.classifier is None
    assert any(
        note.startswith("No column can be flagged: with 3 recordings") for note in result.notes
    )
    assert any("needs 5 recordings on each side" in note for note in result.notes)


def test_one_group_on_a_side_has_no_interval():
    home = dataset("home", seed=0, groups=9, shares=(1.0,))
    here = dataset("here", seed=1, groups=1, segments=4, shares=(1.0,))
    result = measure_shift(home, here, {})
    assert result.columns[0].distance.low is None
    assert result.columns[0].distance.high is None


def test_copies_with_other_names_are_noticed():
    home = dataset("home", seed=0, groups=60)
    result = measure_shift(
        home, rows("here", home.X, home.y, np.char.add("copy ", home.groups)), {}
    )
    assert any("copies of each other" in note for note in result.notes)


def test_datasets_without_a_common_class_are_refused():
    home = dataset("home", seed=0)
    here = dataclasses.replace(home, name="here", y=np.full(len(home), "elm"))
    with pytest.raises(ParameterError, match="'home' and 'here' have no class in common"):
        measure_shift(home, here, {})


def test_other_columns_are_refused():
    with pytest.raises(ParameterError, match="different feature columns"):
        measure_shift(dataset("home", seed=0), dataset("here", seed=0, columns=2), {})


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=9), st.data())
@settings(deadline=None)
def test_the_weighted_median_is_that_of_repeated_values(values, data):
    times = data.draw(st.lists(st.integers(1, 3), min_size=len(values), max_size=len(values)))
    x, weights = np.array(values, dtype=float), np.array(times, dtype=float)
    assert _median(x, weights / weights.sum()) == np.median(np.repeat(x, times))


def test_a_column_without_values_has_no_median():
    assert _median(np.full(3, np.nan), np.ones(3)) is None
