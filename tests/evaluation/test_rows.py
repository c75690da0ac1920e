"""Which rows of a dataset are scored, and why others are not."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learning import copies, tones, trained

import featkit
from featkit.evaluation.common_classes import common_classes
from featkit.evaluation.rows import DatasetColumns, select_rows
from featkit.table.feature_table import FeatureTable


@pytest.fixture(scope="module")
def home():
    result, table = trained(tones(60), "logistic")
    return result.model, table


def foreign(rows=12, seed=1):
    """Rows that the model was not trained on."""
    data = tones(rows, seed=seed)
    data["path"] = [f"far/{k}.wav" for k in range(rows)]
    return data


def selected(model, data, label_map=None, **columns):
    table = data if isinstance(data, FeatureTable) else FeatureTable.of(data)
    classes = common_classes("m", model.classes, label_map)
    return select_rows("far", table, model, DatasetColumns(**columns), classes, label_map)


def foreign_segments():
    """Two recordings of three segments that the model has not seen."""
    data = copies(recordings=2, segments=3, seed=9)
    data["path"] = "far/" + data["path"]
    return data


def left_out(counts):
    """Rows that are not scored."""
    labels = sum(counts.dropped.values()) + sum(counts.unknown.values())
    return counts.unlabelled + labels + counts.repeated + counts.trained + counts.undefined


def test_all_rows_of_a_new_dataset_are_scored(home):
    rows, positions, counts, training, warnings, *_ = selected(home[0], foreign())
    assert positions.tolist() == list(range(12))
    assert counts.scored_rows == counts.scored_recordings == counts.rows == 12
    assert rows.y.tolist() == foreign()["label"].tolist()
    assert rows.unit == "recording"
    assert rows.groups.tolist() == rows.recordings.tolist() == foreign()["path"].tolist()
    assert training.problem is None
    assert warnings == []


def test_each_row_that_is_left_out_has_one_reason(home):
    data = foreign()
    data.loc[0, "label"] = ""
    data.loc[1, "label"] = "polka"
    data.loc[2, ["pitch", "a", "b", "c"]] = np.nan
    data.loc[3, "path"] = data.loc[4, "path"]  # the first of the two counts
    data.loc[5, "pitch"] = np.inf
    home_data = home[1].data.iloc[:2].copy()
    data = pd.concat([data, home_data], ignore_index=True)
    counts = selected(home[0], data).counts
    assert counts.unlabelled == counts.repeated == 1
    assert counts.undefined == counts.trained == 2
    assert counts.unknown == {"polka": 1}
    assert counts.scored_rows == 14 - left_out(counts) == 7


def test_copies_under_another_name_count_once_unless_they_are_silent(home):
    data = foreign(4)
    data.loc[[1, 2, 3], ["pitch", "a", "b", "c"]] = data.loc[0, ["pitch", "a", "b", "c"]].tolist()
    result = selected(home[0], data)
    assert result.positions.tolist() == [0]
    (warning,) = result.warnings[:1]
    assert "far/0.wav (high) and far/1.wav (low)" in warning
    silent = FeatureTable.of(data.assign(quality_silent=True))
    assert selected(home[0], silent).counts.repeated == 0


def test_names_in_two_joined_datasets_denote_two_recordings_and_groups(home):
    data = foreign(8).assign(dataset=["x"] * 4 + ["y"] * 4, artist=["p", "q"] * 4)
    data["path"] = [f"far/{k}.wav" for k in [0, 1, 2, 3, 0, 1, 2, 3]]
    table = FeatureTable.of(data, keys=["dataset", "artist"])
    result = selected(home[0], table, group="artist")
    assert (result.counts.repeated, result.counts.recordings) == (0, 8)
    assert len(set(result.rows.groups.tolist())) == 4
    (one,) = featkit.evaluate(home[0], data).evaluation.evaluations
    assert one.counts.scored_recordings == 8


def test_equal_segments_of_one_recording_are_no_copies(home):
    data = foreign(4).assign(path="one.wav", start=[0.0, 1.0, 2.0, 2.0], end=3.0, label="low")
    data[["pitch", "a", "b", "c"]] = 1.0
    result = selected(home[0], data)
    assert result.counts.repeated == 1  # twice the same start
    assert result.counts.scored_rows == 3
    assert result.counts.scored_recordings == 1


def test_without_paths_equal_rows_count_each(home):
    data = foreign(3).drop(columns="path")
    data[["pitch", "a", "b", "c"]] = 1.0
    rows = selected(home[0], data).rows
    assert rows.unit == "row"
    assert rows.recordings.tolist() == ["1", "2", "3"]


def test_the_training_table_is_scored_by_the_models_of_its_folds(home):
    result = selected(home[0], home[1])
    assert result.training.problem is not None
    assert result.counts.scored_rows == len(home[1])
    assert "the whole training table" in result.warnings[0]


def test_held_out_rows_of_the_training_table_are_scored_and_its_training_rows_are_not():
    result, table = trained(tones(60), "logistic", shares=(80, 20))
    counts = selected(result.model, table).counts
    assert counts.scored_rows == 12
    assert counts.trained == 48


def test_other_segments_of_training_recordings_are_not_scored():
    result, _ = trained(copies(recordings=20, segments=3), "logistic")
    data = copies(recordings=20, segments=3)
    data.loc[data["start"] > 0, "x0"] += 0.5
    data = pd.concat([data.iloc[:30], foreign_segments()], ignore_index=True)
    counts = selected(result.model, data).counts
    assert (counts.trained, counts.scored_rows) == (30, 6)


def test_silence_does_not_identify_a_training_recording():
    data = copies(recordings=20, segments=3).assign(quality_silent=0)
    names = [f"x{k}" for k in range(20)]
    data.loc[4, names], data.loc[4, "quality_silent"] = 0.0, 1
    result, _ = trained(data, "logistic")
    others = foreign_segments().assign(quality_silent=0)
    others.loc[0, names], others.loc[0, "quality_silent"] = 0.0, 1
    counts = selected(result.model, others).counts
    assert (counts.trained, counts.scored_rows) == (1, 5)


def test_rows_of_a_recording_with_several_classes_are_scored_one_by_one(home):
    data = foreign(4).assign(path=["x", "x", "y", "y"], start=[0.0, 1.0, 0.0, 1.0], end=2.0)
    data["label"] = ["low", "mid", "low", "low"]
    result = selected(home[0], data)
    assert result.rows.recordings.tolist() == ["x, row 1", "x, row 2", "y", "y"]
    assert result.rows.groups.tolist() == ["x", "x", "y", "y"]
    assert "different classes: 1 (x)" in result.warnings[0]


def test_groups_are_those_of_the_option_and_rows_without_one_their_own(home):
    data = foreign(4).assign(artist=["p", "p", "", "q"])
    rows = selected(home[0], data, group="artist").rows
    assert rows.groups.tolist() == ["p", "p", "far/2.wav", "q"]
    assert rows.unit == "artist"


def test_a_recording_in_two_groups_is_an_error(home):
    data = foreign(2).assign(path="x", start=[0.0, 1.0], end=2.0, artist=["p", "q"], label="low")
    with pytest.raises(featkit.TableError, match=r"far: x is in two groups of 'artist', 'p' and"):
        selected(home[0], data, group="artist")


def test_subgroups_are_text_of_keys_features_or_quality_columns(home):
    data = foreign(3).assign(sex=["f", "m", "nan"], quality_channels=[1, 2, 1])
    rows = selected(home[0], data, by=("sex", "quality_channels")).rows
    assert rows.subgroups["sex"].tolist() == ["f", "m", ""]
    assert rows.subgroups["quality_channels"].tolist() == ["1", "2", "1"]


def test_a_column_of_subgroups_that_varies_within_a_recording_is_warned_of(home):
    data = foreign(2).assign(path="x", start=[0.0, 1.0], end=2.0, mic=["p", "q"], label="low")
    (warning,) = selected(home[0], data, by=("mic",)).warnings
    assert warning.startswith("recordings with several values of 'mic': 1 (x)")


@pytest.mark.parametrize(
    ("change", "columns", "message"),
    [
        ({}, {"label": "gnre"}, "far: unknown column 'gnre'"),
        ({}, {"by": ("sex",)}, "far: unknown column 'sex'"),
        ({}, {"group": "artist"}, "far: unknown column 'artist'"),
        ({}, {"secondary_label": "second"}, "far: unknown column 'second'"),
        ({"label": "polka"}, {}, "far: no label in common: column 'label' holds polka; the cl"),
        ({"label": ""}, {}, "far: column 'label' is empty"),
        ({"pitch": np.nan, "a": np.nan, "b": np.nan, "c": np.nan}, {}, "no row can be scored: 12"),
    ],
)
def test_columns_and_labels_that_do_not_fit_are_errors(home, change, columns, message):
    with pytest.raises((featkit.ParameterError, featkit.TableError), match=message):
        selected(home[0], foreign().assign(**change), **columns)


@settings(max_examples=40)
@given(st.lists(st.tuples(*[st.integers(0, 5)] * 3), min_size=1, max_size=25))
def test_the_counts_add_up_to_the_rows_of_the_table(home, choices):
    pool = pd.concat([foreign(6), home[1].data.iloc[:3]], ignore_index=True)
    data = pool.iloc[[row for row, _, _ in choices]].reset_index(drop=True)
    data["label"] = [("low", "mid", "high", "", "polka", "MID")[k] for _, k, _ in choices]
    data["path"] = [f"far/{k}.wav" for _, _, k in choices]
    try:
        result = selected(home[0], data)
    except featkit.FeatkitError:
        assert not data["label"].isin(["low", "mid", "high", "MID"]).any()
        return
    counts = result.counts
    assert counts.rows == len(data)
    assert counts.scored_rows + left_out(counts) == counts.rows
    assert counts.scored_rows == len(result.rows) == len(result.positions)
    assert counts.scored_recordings <= counts.recordings
    assert len(set(result.rows.recordings.tolist())) == counts.scored_rows
