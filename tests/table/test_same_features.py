"""The same data give the same features as CSV, as Parquet and as a DataFrame."""

import datetime
import decimal

import hypothesis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st

import featkit
from featkit.errors import TableError
from featkit.table.feature_table import FeatureTable

ROWS = 6

floats = st.floats(allow_nan=False, allow_infinity=False)
integers = st.integers(-(2**53), 2**53)
decimals = st.decimals(-(10**6), 10**6, places=4)
lengths = st.timedeltas(
    min_value=datetime.timedelta(days=-400), max_value=datetime.timedelta(days=400)
)
words = st.sampled_from(["rock", "a b", "x,y", 'a "b"', "naïve", "nan", "?", "12 Hz", "=1+1", "-"])
dates = st.datetimes(datetime.datetime(1980, 1, 1), datetime.datetime(2100, 1, 1))


def cells(values):
    return st.lists(values | st.none(), min_size=ROWS, max_size=ROWS)


def with_type(values, dtype):
    return cells(values).map(lambda given: pd.Series(given, dtype=dtype))


COLUMNS = st.one_of(
    with_type(floats, "float64"),
    with_type(floats, "Float64"),
    with_type(integers, "Int64"),
    with_type(st.integers(0, 255), "UInt8"),
    with_type(st.booleans(), "boolean"),
    with_type(st.booleans(), object),
    with_type(decimals, object),
    with_type(floats, object),
    with_type(floats.map(repr), object),
    with_type(st.sampled_from(["true", "False", "TRUE"]), object),
    with_type(lengths, "timedelta64[ns]"),
    with_type(dates, "datetime64[ns]"),
    with_type(words, object),
    with_type(st.integers(0, 3), "category"),
    with_type(words, "category"),
    with_type(st.booleans(), "category"),
    st.lists(st.booleans(), min_size=ROWS, max_size=ROWS).map(pd.Series),
    st.lists(integers, min_size=ROWS, max_size=ROWS).map(pd.Series),
)


@hypothesis.settings(max_examples=60)
@hypothesis.given(st.lists(COLUMNS, min_size=1, max_size=5))
def test_any_columns_give_the_same_features_from_csv_parquet_and_a_dataframe(
    tmp_path_factory, columns
):
    folder = tmp_path_factory.mktemp("same")
    data = pd.DataFrame({"x": np.arange(ROWS) / 3}).assign(
        **{f"c{k}": column for k, column in enumerate(columns)}
    )
    data.to_csv(folder / "a.csv", index=False)
    data.to_parquet(folder / "a.parquet")
    expected = read(lambda: FeatureTable.of(data))
    for name in ("a.csv", "a.parquet"):
        found = read(lambda name=name: FeatureTable.read(folder / name))
        assert list(found) == list(expected)
        for column, values in expected.items():
            np.testing.assert_array_equal(found[column], values, err_msg=f"{name}: {column}")


def read(table):
    """The features by their names; the cell that is no number, where a table is refused."""
    try:
        found = table()
    except TableError as error:
        return {str(error).partition(": c")[2].partition(" is not a number")[0]: np.zeros(0)}
    return dict(zip(found.feature_names, found.values.T, strict=True))


def arrow_values():
    """Columns of Arrow's types, and what they are as features; None of what is none."""
    yield "decimal", pa.array([decimal.Decimal("1.50"), None], pa.decimal128(9, 2)), [1.5, np.nan]
    yield "dictionary of numbers", pa.array([7, None]).dictionary_encode(), [7, np.nan]
    yield "dictionary of text", pa.array(["a", "b"]).dictionary_encode(), None
    if int(pa.__version__.partition(".")[0]) >= 15:  # Parquet could not hold it before
        yield "half precision", pa.array(np.array([0.5, 2], dtype=np.float16)), [0.5, 2]
    yield "flags", pa.array([True, None]), [1, np.nan]
    yield "flags as text", pa.array(["TRUE", "false"]), [1, 0]
    yield "numbers as text", pa.array(["1.5", " ?"]), [1.5, np.nan]
    yield "numbers as large text", pa.array(["1.5", ""], pa.large_string()), [1.5, np.nan]
    yield "numbers as bytes", pa.array([b"1.5", None]), [1.5, np.nan]
    yield "seconds", pa.array([90, None], pa.duration("s")), [90, np.nan]
    yield "nanoseconds", pa.array([1_500_000_000, None], pa.duration("ns")), [1.5, np.nan]
    yield "times of day", pa.array([datetime.time(0, 1, 2, 500_000), None]), [62.5, np.nan]
    yield "dates", pa.array([datetime.date(2020, 1, 1), None]), None
    yield "moments", pa.array([datetime.datetime(9999, 1, 1), None], pa.timestamp("us")), None
    yield "nothing", pa.nulls(2), [np.nan, np.nan]
    yield "lists", pa.array([[1.0], [2.0, 3.0]]), None
    yield "mappings", pa.array([{"a": 1.0}, {"a": 2.0}]), None
    for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"):
        yield name, pa.array([100, None], getattr(pa, name)()), [100, np.nan]


@pytest.mark.parametrize(
    ("kind", "column", "values"), [pytest.param(*c, id=c[0]) for c in arrow_values()]
)
def test_columns_of_any_type_of_parquet_are_read(tmp_path, kind, column, values):
    pq.write_table(pa.table({"x": [1.0, 2.0], "c": column}), tmp_path / "a.parquet")
    table = FeatureTable.read(tmp_path / "a.parquet")
    assert table.feature_names == (["x"] if values is None else ["x", "c"])
    if values is not None:
        np.testing.assert_array_equal(table.values[:, 1], values)
    named = [note for note in table.notes if "'c'" in note]
    assert len(named) == (kind in ("lists", "mappings"))


def test_periods_are_no_features(tmp_path):
    data = pd.DataFrame({"x": [1.0, 2.0], "month": pd.period_range("2020-01", periods=2, freq="M")})
    data.to_parquet(tmp_path / "a.parquet")
    for table in (FeatureTable.of(data), FeatureTable.read(tmp_path / "a.parquet")):
        assert table.feature_names == ["x"]
        assert table.column("month").tolist() == ["2020-01", "2020-02"]


def test_an_extension_type_is_read_as_what_it_is_stored_as(tmp_path):
    class Loudness(pa.ExtensionType):
        def __init__(self):
            super().__init__(pa.float64(), "featkit.tests.loudness")

        def __arrow_ext_serialize__(self):
            return b""

        @classmethod
        def __arrow_ext_deserialize__(cls, storage, serialized):
            return cls()

    pa.register_extension_type(Loudness())
    try:
        column = pa.ExtensionArray.from_storage(Loudness(), pa.array([-3.5, None]))
        pq.write_table(pa.table({"c": column}), tmp_path / "a.parquet")
        table = FeatureTable.read(tmp_path / "a.parquet")
    finally:
        pa.unregister_extension_type("featkit.tests.loudness")
    np.testing.assert_array_equal(table.values, [[-3.5], [np.nan]])


@pytest.mark.parametrize(
    "column",
    [
        pd.arrays.SparseArray([0.0, 1.0]),
        pd.array([0, 1], dtype="int64[pyarrow]"),
        pd.array([False, True], dtype="bool[pyarrow]"),
        pd.Series([decimal.Decimal(0), decimal.Decimal(1)], dtype=pd.ArrowDtype(pa.decimal128(3))),
        pd.Series(pd.to_timedelta([0, 1], unit="s")).astype(pd.ArrowDtype(pa.duration("us"))),
        np.array([np.float32(0), np.int8(1)], dtype=object),
        np.array([np.False_, np.True_], dtype=object),
    ],
)
def test_columns_of_any_type_of_pandas_are_read(column):
    table = FeatureTable.of(pd.DataFrame({"c": column}))
    np.testing.assert_array_equal(table.values, [[0], [1]])


@pytest.mark.parametrize(
    "column", [np.array([1 + 2j, 3 + 4j]), np.array([1 + 2j, None], dtype=object)]
)
def test_complex_numbers_are_left_out_with_a_note(column):
    table = FeatureTable.of(pd.DataFrame({"x": [1.0, 2.0], "z": column}))
    assert table.feature_names == ["x"]
    assert table.notes == [
        "column 'z' is not used as a feature: it holds complex numbers; write real and imaginary"
        " part, or magnitude and phase, as two columns"
    ]
    with pytest.raises(TableError, match="z: holds complex numbers"):
        FeatureTable.of(pd.DataFrame({"z": column}), features=["z"])


def test_a_model_predicts_flags_from_whatever_file_it_learnt_them(tmp_path):
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"a": rng.normal(size=40), "voiced": rng.random(40) < 0.5})
    data["label"] = np.repeat(["x", "y"], 20)
    data.to_csv(tmp_path / "t.csv", index=False)
    data.to_parquet(tmp_path / "t.parquet")
    predictions = []
    for learnt in ("t.csv", "t.parquet"):
        model = featkit.train(tmp_path / learnt, model="logistic", folds=2).model
        assert model.columns == ["a", "voiced"]
        predictions += [model.predict(tmp_path / name).data for name in ("t.csv", "t.parquet")]
    for other in predictions[1:]:
        pd.testing.assert_frame_equal(predictions[0], other)


STARTS = {
    "lengths": pd.to_timedelta([1.5, 62.25], unit="s"),
    "texts": ["00:00:01.5", "00:01:02.25"],
    "texts of pandas": ["0 days 00:00:01.500000", "0 days 00:01:02.250000"],
    "numbers": ["1.5", "62.25"],
}


@pytest.mark.parametrize("kind", STARTS)
@pytest.mark.parametrize("ending", ["csv", "parquet", "frame"])
def test_start_and_end_count_in_seconds(tmp_path, kind, ending):
    data = pd.DataFrame({"path": ["a", "b"], "start": STARTS[kind], "x": [1.0, 2.0]})
    assert read_as(tmp_path, data, ending).keys["start"].tolist() == [1.5, 62.25]


@pytest.mark.parametrize("ending", ["csv", "parquet", "frame"])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_dates_of_start_and_end_count_in_seconds(tmp_path, ending, zone):
    dates = pd.Series(pd.to_datetime(["2020-06-01T12:00:00.000", "2020-06-01T12:00:02.500"]))
    data = pd.DataFrame({"start": dates.dt.tz_localize(zone), "x": [1.0, 2.0]})
    first = datetime.datetime(2020, 6, 1, 10 if zone else 12, tzinfo=datetime.UTC).timestamp()
    assert read_as(tmp_path, data, ending).keys["start"].tolist() == [first, first + 2.5]


@pytest.mark.parametrize("ending", ["csv", "parquet", "frame"])
def test_periods_of_start_count_from_their_beginning(tmp_path, ending):
    data = pd.DataFrame({"start": pd.period_range("1970-01-02", periods=2), "x": [1.0, 2.0]})
    assert read_as(tmp_path, data, ending).keys["start"].tolist() == [86400.0, 172800.0]


def test_minutes_that_may_be_hours_are_refused(tmp_path):
    data = pd.DataFrame({"start": ["1:02", "3:45"], "x": [1.0, 2.0]})
    with pytest.raises(TableError, match=r"line 2: start: '1:02' is not a time: write seconds, or"):
        read_as(tmp_path, data, "csv")


def read_as(folder, data, ending):
    file = folder / f"t.{ending}"
    if ending == "frame":
        return FeatureTable.of(data)
    data.to_csv(file, index=False) if ending == "csv" else data.to_parquet(file)
    return FeatureTable.read(file)


def test_a_named_index_is_a_key_and_never_a_feature(tmp_path):
    index = pd.Index([7, 8, 9], name="track")
    data = pd.DataFrame({"x": [1.0, 2.0, 3.0]}, index=index)
    data.to_parquet(tmp_path / "a.parquet")
    for table in (FeatureTable.of(data), FeatureTable.read(tmp_path / "a.parquet")):
        assert table.feature_names == ["x"]
        assert table.column("track").tolist() == ["7", "8", "9"]


def test_mixed_columns_are_text_with_a_note_or_name_the_cell_that_is_none():
    data = pd.DataFrame({"x": range(6), "y": [1, "a", "b", 2, "c", "d"]})
    table = FeatureTable.of(data)
    assert table.feature_names == ["x"]
    (note,) = table.notes
    assert note == (
        "column 'y' is read as text: 2 of 6 cells are numbers, and others are not, such as 'a'"
    )
    with pytest.raises(TableError, match="row 2: y: 'a' is not a number: correct it, or exclude"):
        FeatureTable.of(data.assign(y=[1, "a", 2, 3, 4, 5]))
