"""The feature table: keys, features, quality columns and rows."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from table_examples import (
    ENDINGS,
    FORMATS,
    TEXT_KEYS,
    assert_same,
    keyed_table,
    read_text,
    table_with_quality,
)

import featkit
from featkit.errors import TableError
from featkit.schema import MEASURED_QUALITY, QUALITY_COLUMNS, QUALITY_DTYPES, QUALITY_FORMAT
from featkit.table.feature_table import FeatureTable

# Keys and features


def test_all_columns_except_keys_are_features(extracted):
    assert len(extracted) == 3
    assert not {"path", "start", "end", "label"} & set(extracted.feature_names)
    assert list(extracted.features.columns) == extracted.feature_names
    assert (extracted.features.dtypes == np.float64).all()


def test_a_table_without_labels_has_none():
    assert FeatureTable({}, ["x"], np.zeros((2, 1))).labels is None


def test_keys_come_first_in_their_order_and_others_after_them():
    names = ["path", "start", "end", "label", "group", "split", "fold", "take"]
    assert list(keyed_table().keys) == names
    assert list(keyed_table().data.columns) == [*names, "rms_mean", "tempo"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_keys_return_as_the_same_text(tmp_path, ending):
    keyed_table().write(tmp_path / f"a.{ending}")
    back = FeatureTable.read(tmp_path / f"a.{ending}")
    assert {name: back.column(name).tolist() for name in TEXT_KEYS} == TEXT_KEYS
    assert back.labels.tolist() == ["1e5", "nan"]
    assert back.feature_names == ["rms_mean", "tempo"]
    back.write(tmp_path / f"b.{ending}")
    assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


def test_all_keys_except_times_are_text_in_parquet(tmp_path):
    keyed_table().write(tmp_path / "a.parquet")
    schema = pq.read_schema(tmp_path / "a.parquet")
    texts = [name for name in schema.names if schema.field(name).type == pa.string()]
    assert texts == ["path", "label", "group", "split", "fold", "take"]


def test_a_missing_column_is_named_with_a_suggestion():
    with pytest.raises(TableError, match=r"unknown column 'grup': did you mean 'group'\?"):
        keyed_table().column("grup")


def test_rows_can_be_selected_by_number_and_by_mask():
    for which in (np.array([1]), np.array([False, True])):
        part = keyed_table().rows(which)
        assert part.column("take").tolist() == ["B"]
        assert part.values.tolist()[0][1] == 2.0


def test_a_duplicate_name_is_refused():
    data = pd.DataFrame([[1.0, 2.0]], columns=["x", "x"])
    with pytest.raises(TableError, match="duplicate column 'x'"):
        FeatureTable.of(data)


def test_a_feature_without_numbers_is_refused():
    data = keyed_table().data.assign(rms_mean=["much", "little"])
    with pytest.raises(TableError, match="row 1: rms_mean: 'much' is not a number"):
        FeatureTable.of(data)
    assert FeatureTable.of(data, keys=["rms_mean"]).feature_names == ["tempo"]


# Quality columns


def test_quality_columns_come_between_keys_and_features_and_are_neither():
    table = table_with_quality()
    names = [column.name for column in QUALITY_COLUMNS]
    assert list(table.quality) == names
    assert list(table.data.columns) == [*table.keys, *names, "rms_mean", "tempo"]
    assert not {*names} & {*table.keys, *table.feature_names, *table.features.columns}


@pytest.mark.parametrize("ending", ENDINGS)
def test_quality_columns_return_in_their_types(tmp_path, ending):
    table_with_quality().write(tmp_path / f"a.{ending}")
    back = FeatureTable.read(tmp_path / f"a.{ending}")
    assert_same(back, table_with_quality())
    dtypes = {**QUALITY_DTYPES, QUALITY_FORMAT: "object"}
    assert {name: str(column.dtype) for name, column in back.quality.items()} == dtypes
    assert back.quality[QUALITY_FORMAT].tolist() == FORMATS
    back.write(tmp_path / f"b.{ending}")
    assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


def test_flags_are_flags_in_files(tmp_path):
    table_with_quality().write(tmp_path / "a.parquet")
    schema = pq.read_schema(tmp_path / "a.parquet")
    assert schema.field("quality_silent").type == pa.bool_()
    assert schema.field("quality_channels").type == pa.int64()
    assert schema.field("quality_peak").type == pa.float64()
    assert schema.field("quality_format").type == pa.string()
    table_with_quality().write(tmp_path / "a.csv")
    rows = (tmp_path / "a.csv").read_text().splitlines()
    assert ",29.9,44100.0,2,0.98,0.0,0.25,false,false,false,true,false," in rows[1]
    assert pd.read_csv(tmp_path / "a.csv")["quality_truncated"].tolist() == [True, False]


@pytest.mark.parametrize("ending", ENDINGS)
def test_missing_quality_values_stay_missing(tmp_path, ending):
    joined = pd.concat([table_with_quality().data, keyed_table().data], ignore_index=True)
    table = FeatureTable.of(joined)
    assert table.quality["quality_silent"].tolist()[:2] == [0.0, 1.0]
    assert table.quality[QUALITY_FORMAT].tolist() == [*FORMATS, "", ""]
    numbers = (table.quality[column.name] for column in MEASURED_QUALITY)
    assert all(np.isnan(column[2:]).all() for column in numbers)
    table.write(tmp_path / f"a.{ending}")
    assert_same(FeatureTable.read(tmp_path / f"a.{ending}"), table)
    assert_same(table.rows(np.arange(2)), table_with_quality())


def test_models_do_not_use_quality_columns(tmp_path):
    rng = np.random.default_rng(0)
    labels = np.repeat(["a", "b"], 20)
    data = pd.DataFrame(
        {
            "path": [f"{k}.wav" for k in range(40)],
            "start": 0.0,
            "end": 1.0,
            "label": labels,
            **dict.fromkeys(QUALITY_DTYPES, 1.0 * (labels == "b")),
            "rms_mean": rng.standard_normal(40),
        }
    )
    data.to_csv(tmp_path / "a.csv", index=False)
    result = featkit.train(tmp_path / "a.csv", model="logistic", folds=2)
    assert result.model.columns == ["rms_mean"]
    table = FeatureTable.read(tmp_path / "a.csv", keys=["quality_silent"])
    assert "quality_silent" not in table.quality
    assert list(table.keys["quality_silent"]) == ["0.0"] * 20 + ["1.0"] * 20


def test_only_reserved_names_are_quality_columns(tmp_path):
    table = read_text(tmp_path, "label,quality_peak,quality_score,quality\na,0.5,3,4\nb,1,4,5\n")
    assert list(table.quality) == ["quality_peak"]
    assert table.feature_names == ["quality_score", "quality"]


@pytest.mark.parametrize("cells", ["true,FALSE", "1,0", " True ,0.0"])
def test_flags_are_read_in_several_spellings(tmp_path, cells):
    one, two = cells.split(",")
    table = read_text(tmp_path, f"x,quality_short\n1,{one}\n2,{two}\n")
    assert table.quality["quality_short"].tolist() == [True, False]
    assert table.quality["quality_short"].dtype == bool


@pytest.mark.parametrize(
    ("name", "cell", "message"),
    [
        ("quality_short", "yes", r"t\.csv: line 2: quality_short: 'yes' is not a number"),
        ("quality_short", "2", r"t\.csv: quality_short: holds 2, where true and false"),
        ("quality_channels", "1.5", r"t\.csv: quality_channels: holds 1\.5, where whole numbers"),
        ("quality_channels", "inf", r"t\.csv: quality_channels: holds inf, where whole numbers"),
    ],
)
def test_impossible_quality_values_are_refused(tmp_path, name, cell, message):
    with pytest.raises(TableError, match=message):
        read_text(tmp_path, f"x,{name}\n1,{cell}\n")


@pytest.mark.parametrize("ending", ENDINGS)
def test_any_text_is_a_format(tmp_path, ending):
    texts = ["=1+1", "7", "NA", "WAV, PCM_16\n"]
    data = pd.DataFrame({"rms_mean": np.arange(4.0), QUALITY_FORMAT: texts})
    FeatureTable.of(data).write(tmp_path / f"a.{ending}")
    back = FeatureTable.read(tmp_path / f"a.{ending}")
    assert back.quality[QUALITY_FORMAT].tolist() == texts
    assert back.feature_names == ["rms_mean"]


def test_a_level_of_silence_is_missing_in_files(tmp_path):
    data = pd.DataFrame({"rms_mean": [1.0, 2.0], "quality_level": [-3.5, np.nan]})
    FeatureTable.of(data).write(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text().splitlines()[1:] == ["-3.5,1.0", ",2.0"]
    np.testing.assert_array_equal(
        FeatureTable.read(tmp_path / "a.csv").quality["quality_level"], [-3.5, np.nan]
    )


def test_quality_without_numbers_is_refused():
    data = keyed_table().data.assign(quality_peak=["high", "low"])
    with pytest.raises(TableError, match="quality_peak: holds no numbers"):
        FeatureTable.of(data)
