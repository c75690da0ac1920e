"""What a table is said to hold, and what differs between two: held to tables made by hand."""

import dataclasses
import json
import re

import hypothesis
import numpy as np
import pandas as pd
import pytest
import soundfile
from click.testing import CliRunner
from hypothesis import strategies as st

import featkit
from featkit import signals
from featkit.cli._main import main
from featkit.errors import ParameterError, TableError
from featkit.schema import COLUMNS
from featkit.table import inspection
from featkit.table.feature_table import FeatureTable


def run(*arguments, status=0):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == status, result.output
    return result


def sections(output):
    """The facts of an answer, and its tables by their titles: rows of fields."""
    first, *others = output.split("\n\n")
    facts = dict(line.split("\t") for line in first.splitlines())
    tables = {}
    for other in others:
        title, *rows = other.splitlines()
        tables[title] = [row.split("\t") for row in rows]
    return facts, tables


def table_of(**columns):
    """Segments of two recordings, some of them odd."""
    data = {
        "path": ["a.wav", "a.wav", "b.wav", "b.wav", "c\x1b.wav"],
        "start": [0.0, 1.0, 0.0, 1.0, 0.5],
        "end": [1.0, 2.0, 1.0, 2.5, 4.5],
        "label": ["rock", "rock", "jazz", "jazz", ""],
        "rms_mean": [0.1, 0.2, np.nan, 0.4, np.inf],
        "tempo": [120.0] * 5,
    }
    return FeatureTable.of(pd.DataFrame(data | columns))


def measured():
    values = {"float64": [0.5, 1.0, 2.0, 4.0, np.nan], "int64": [2] * 5}
    flags = {"quality_silent": [True, True, False, True, False]}
    quality = {c.name: flags.get(c.name, values.get(c.dtype, [False] * 5)) for c in COLUMNS}
    return table_of(**quality)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A folder with two recordings and one that cannot be read, and its table."""
    folder = tmp_path_factory.mktemp("corpus")
    for name, seed in (("rock", 1), ("jazz", 2)):
        (folder / name).mkdir()
        soundfile.write(folder / name / "a.wav", signals.noise(22050, 1.0, seed=seed), 22050)
    (folder / "jazz" / "bad.wav").write_text("no sound")
    featkit.extract(folder, features="genre75", labels="folder").write(folder / "a.parquet")
    return folder


# inspect


def test_rows_recordings_and_their_sound_are_counted():
    found = featkit.inspect(table_of())
    assert (found.rows, found.recordings) == (5, 3)
    assert found.seconds.tolist() == [2.0, 2.5, 4.0]
    assert found.as_dict()["seconds"] == 8.5
    assert found.as_dict()["median_seconds"] == 2.5


def test_keys_are_counted_the_commonest_first():
    (label,) = featkit.inspect(table_of(label=["b", "a", "a", "", "a"])).keys.to_dict("records")
    assert label == {"key": "label", "values": 2, "missing": 1, "largest": [("a", 3), ("b", 1)]}


def test_flags_name_some_recordings():
    found = featkit.inspect(measured())
    flags = found.flags.set_index("flag")
    assert flags.index.tolist() == [c.name for c in COLUMNS if c.dtype == "bool"]
    assert flags.loc["quality_silent", "rows"] == 3
    assert flags.loc["quality_silent", "examples"] == ["a.wav", "b.wav"]
    assert flags["rows"].sum() == 3
    peak = found.measures.set_index("measure").loc["quality_peak"]
    assert (peak["missing"], peak["min"], peak["median"], peak["max"]) == (1, 0.5, 1.5, 4.0)
    assert not {c.name for c in COLUMNS} & {*found.columns["column"]}


def test_what_is_odd_about_features_is_told():
    columns = featkit.inspect(table_of()).columns.set_index("column")
    rms = columns.loc["rms_mean"]
    assert (rms["nan"], rms["infinite"], rms["constant"]) == (1, 1, False)
    assert (rms["min"], rms["median"], rms["max"]) == (0.1, 0.2, 0.4)
    assert columns.loc["tempo", "constant"]
    assert columns.loc["tempo", "unit"] == "BPM"


def test_a_table_of_featkits_says_where_it_came_from(corpus):
    found = featkit.inspect(corpus / "a.parquet")
    assert found.provenance["feature_set.name"] == "genre75"
    assert found.provenance["feature_set.features.mfcc.n_mfcc"] == 20
    assert found.provenance["versions.featkit"] == featkit.__version__
    assert found.families["columns"].sum() == 75
    assert found.families["family"].tolist()[:2] == ["mfcc", "chroma"]
    (failure,) = found.failures.to_dict("records")
    assert failure == {
        "stage": "decode",
        "error": "AudioError",
        "files": 1,
        "examples": ["jazz/bad.wav"],
    }
    assert list(found.first.columns[:4]) == ["path", "start", "end", "label"]


def test_families_that_stand_twice_in_a_feature_set_stay_apart():
    entry = {"family": "mfcc", "n_mfcc": 3}
    flat = inspection.flat({"feature_set": {"features": [entry, entry | {"n_mfcc": 4}]}})
    assert flat == {
        "feature_set.features.mfcc.n_mfcc": 3,
        "feature_set.features.mfcc[2].n_mfcc": 4,
    }


def test_a_table_of_somebody_else_is_told_as_far_as_it_tells(tmp_path):
    (tmp_path / "a.csv").write_text("file,x,y,class\na,1,2,k\nb,1,3,l\n")
    found = featkit.inspect(tmp_path / "a.csv", keys=["y"])
    assert (found.rows, found.recordings, len(found.seconds)) == (2, None, 0)
    assert found.keys["key"].tolist() == ["file", "y", "class"]
    assert found.columns["column"].tolist() == ["x"]
    assert (found.columns.loc[0, "family"], found.columns.loc[0, "unit"]) == ("", "")
    assert found.provenance == {}
    facts, _ = sections(run("inspect", tmp_path / "a.csv", "--exclude", "y,class").stdout)
    assert facts["provenance"] == "the table does not say where its numbers came from"


def test_a_table_without_rows_is_told_to_have_none():
    found = featkit.inspect(measured().rows(np.arange(0)))
    assert (found.rows, found.recordings, len(found.seconds)) == (0, 0, 0)
    assert not found.columns["constant"].any()
    json.dumps(found.as_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("labels", "doubtful"),
    [
        (["é", "e\u0301"], True),
        (["Rock", "rock"], True),
        (["rock ", "rock"], True),
        (["rock", "jazz"], False),
    ],
)
def test_labels_that_look_alike_are_doubtful(labels, doubtful):
    found = featkit.inspect(table_of(label=[*labels, *labels, ""]))
    assert len(found.warnings) == doubtful
    assert all("label: " in warning and "look alike" in warning for warning in found.warnings)


def test_a_list_of_failures_that_is_none_is_an_error(tmp_path):
    table_of().write(tmp_path / "a.csv")
    (tmp_path / "a.csv.failures.csv").write_text("name\nx\n")
    with pytest.raises(TableError, match=r"a\.csv\.failures\.csv: not a list of failures"):
        featkit.inspect(tmp_path / "a.csv")


def test_inspect_says_it_in_plain_lines(tmp_path, corpus):
    facts, tables = sections(run("inspect", corpus / "a.parquet").stdout)
    assert (facts["rows"], facts["failures"], facts["sound"][:4]) == ("2", "1", "2 s,")
    assert facts["feature set"].startswith("genre75, version 1: 75 columns")
    assert facts["sample rate"] == "22,050 Hz"
    assert "mfcc.n_mfcc 20" in facts["parameters"]
    assert "numpy " in facts["versions"]
    assert ["label", "2", "0", "jazz: 1, rock: 1"] in tables["what is known about the rows"]
    assert ["tempo", "1", "BPM", "tempo"] in tables["features by family: 75"]
    failed = next(rows for title, rows in tables.items() if title.startswith("failed, see"))
    assert failed[1] == ["decode", "AudioError", "1", "jazz/bad.wav"]
    assert tables["the first 2 of 2 rows"][1][:4] == ["jazz/a.wav", "0", "1", "jazz"]


def test_inspect_shows_flags_and_odd_columns_and_no_word_for_the_terminal(tmp_path):
    table = dataclasses.replace(measured(), keys={**measured().keys, "label": ["\x1b[31m"] * 5})
    table.write(tmp_path / "a.parquet")
    output = run("inspect", tmp_path / "a.parquet").stdout
    assert "\x1b" not in output
    _, tables = sections(output)
    assert ["quality_silent", "3", "0", "a.wav, b.wav"] in tables["flags"]
    assert tables["features with nan values: 1"][1] == ["rms_mean", "1", "20.0%"]
    assert tables["features with infinite values: 1"][1][:2] == ["rms_mean", "1"]
    assert "constant\ttempo" in output


def test_inspect_lists_columns_on_demand(corpus):
    header, *rows = run("inspect", corpus / "a.parquet", "--columns").stdout.splitlines()
    assert header.split("\t")[:3] == ["column", "family", "unit"]
    assert [row.split("\t")[0] for row in rows] == list(featkit.feature_set("genre75").column_names)


def test_inspect_says_it_to_programs(tmp_path):
    measured().write(tmp_path / "a.parquet")
    told = json.loads(run("inspect", tmp_path / "a.parquet", "--json").stdout)
    assert told["rows"] == 5
    assert told["columns"][0]["column"] == "rms_mean"
    assert told["flags"][0]["flag"] == "quality_silent"
    assert told["keys"][0]["largest"] == [["rock", 2], ["jazz", 2]]


# diff


def test_a_table_is_the_same_as_itself():
    found = featkit.diff(measured(), measured())
    assert found.same
    assert found.rows == 5
    json.dumps(found.as_dict(), allow_nan=False)


@hypothesis.settings(max_examples=50)
@hypothesis.given(st.permutations(range(5)))
def test_rows_are_found_in_any_order(order):
    found = featkit.diff(measured(), measured().rows(np.array(order)))
    assert found.reordered == (order != sorted(order))
    assert found.same == (not found.reordered)
    assert not any(map(len, (found.only_a, found.only_b, found.columns, found.keys)))


def test_rows_that_are_only_in_one_are_named():
    found = featkit.diff(table_of().rows(np.arange(4)), table_of().rows(np.arange(1, 5)))
    assert found.only_a.to_dict("records") == [{"path": "a.wav", "start": 0.0}]
    assert found.only_b.to_dict("records") == [{"path": "c\x1b.wav", "start": 0.5}]
    assert (found.rows, found.same, found.reordered) == (3, False, False)


def test_rows_without_a_path_are_known_by_their_number():
    one = FeatureTable({}, ["x"], np.array([[1.0], [2.0], [3.0]]))
    two = FeatureTable({}, ["x"], np.array([[1.0], [2.5]]))
    found = featkit.diff(one, two)
    assert found.only_a.to_dict("records") == [{"row": 3}]
    assert found.columns["worst"].tolist() == ["row 2"]


def test_several_rows_of_one_name_count_in_their_order():
    keys = {"path": ["a", "a", "b"]}
    one = FeatureTable(keys, ["x"], np.array([[1.0], [2.0], [3.0]]))
    found = featkit.diff(one, FeatureTable(keys, ["x"], np.array([[1.0], [9.0], [3.0]])))
    assert found.columns[["rows", "worst"]].to_numpy().tolist() == [[1, "a (no. 2)"]]


def test_what_differs_is_told_by_how_much():
    one = table_of(rms_mean=[1.0, 2.0, 3.0, 4.0, 5.0])
    two = table_of(rms_mean=[1.0, 2.0, 3.5, 4.0, 5.1])
    (told,) = featkit.diff(one, two).columns.to_dict("records")
    both = np.array([1, 2, 3, 4, 5, 1, 2, 3.5, 4, 5.1])
    assert (told["column"], told["unit"], told["rows"]) == ("rms_mean", "full scale", 2)
    assert told["max_absolute"] == 0.5
    assert told["max_relative"] == pytest.approx(0.5 / 3.5)
    assert told["max_in_spread"] == pytest.approx(0.5 / both.std())
    assert (told["worst"], told["a"], told["b"]) == ("b.wav", 3.0, 3.5)
    assert featkit.diff(one, two, atol=0.5).same
    assert featkit.diff(one, two, rtol=0.5 / 3.5 + 1e-12).same
    assert len(featkit.diff(one, two, atol=0.2).columns) == 1


def test_nan_against_a_number_differs_whatever_the_tolerance():
    one = table_of(rms_mean=[np.nan, np.nan, 1.0, 1.0, np.inf], tempo=[1.0, 2, 3, 4, np.inf])
    two = table_of(rms_mean=[np.nan, 5.0, np.nan, 1.5, np.inf], tempo=[1.0, 2, 3, 4, -np.inf])
    found = featkit.diff(one, two, atol=1e9, rtol=1e9).columns.set_index("column")
    assert found.loc["rms_mean", ["rows", "only_a_nan", "only_b_nan"]].tolist() == [2, 1, 1]
    assert found.loc["rms_mean", "worst"] == "a.wav at 1 s"
    assert np.isnan(found.loc["rms_mean", "max_absolute"])
    assert found.loc["tempo", "max_absolute"] == np.inf
    json.dumps(featkit.diff(one, two).as_dict(), allow_nan=False)


@hypothesis.settings(max_examples=50)
@hypothesis.given(
    st.lists(st.floats(), min_size=5, max_size=5),
    st.lists(st.floats(), min_size=5, max_size=5),
    st.floats(0, 1e300),
    st.floats(0, 10),
)
def test_the_difference_is_the_same_from_either_side(one, two, atol, rtol):
    a, b = table_of(rms_mean=one), table_of(rms_mean=two)
    there = featkit.diff(a, b, atol=atol, rtol=rtol)
    back = featkit.diff(b, a, atol=atol, rtol=rtol)
    assert there.same == back.same == (not len(there.columns))
    names = ["rows", "max_absolute", "max_relative", "max_in_spread", "worst"]
    pd.testing.assert_frame_equal(there.columns[names], back.columns[names], rtol=1e-12)


def test_quality_and_keys_and_ends_are_compared_too():
    one = measured()
    two = FeatureTable.of(
        one.data.assign(
            quality_silent=[True] * 5, label=["rock"] * 5, end=[1.0, 2.0, 1.0, 2.5, 4.6]
        )
    )
    found = featkit.diff(one, two)
    assert found.columns[["column", "rows"]].to_numpy().tolist() == [["quality_silent", 2]]
    keys = found.keys.set_index("key")
    assert keys.loc["label"].tolist() == [3, "b.wav", "jazz", "rock"]
    assert keys.loc["end"].tolist() == [1, "c\x1b.wav at 0.5 s", "4.5", "4.6"]


def test_columns_that_are_only_in_one_are_named():
    found = featkit.diff(table_of(rms_std=[0.0] * 5), table_of(take=["x"] * 5))
    assert (found.columns_only_a, found.columns_only_b) == (["rms_std"], ["take"])
    assert not found.same


def test_another_unit_is_a_difference_and_another_version_none():
    def told(unit, version):
        columns = [{"name": name, "unit": unit, "definition": ""} for name in ("rms_mean", "tempo")]
        entry = {"family": "mfcc", "n_mfcc": version}
        provenance = {"columns": columns, "versions": {"numpy": version}}
        return dataclasses.replace(
            table_of(), provenance=provenance | {"feature_set": {"features": [entry]}}
        )

    found = featkit.diff(told("dB", 1), told("1", 1))
    assert found.meanings.iloc[0].tolist() == ["rms_mean", "unit", "dB", "1"]
    assert not found.same
    found = featkit.diff(told("dB", 1), told("dB", 2))
    assert found.same
    assert found.provenance.to_numpy().tolist() == [
        ["versions.numpy", 1, 2],
        ["feature_set.features.mfcc.n_mfcc", 1, 2],
    ]


def test_a_table_that_does_not_say_where_it_came_from_differs_in_that_alone():
    one = dataclasses.replace(table_of(), provenance={"excerpt": {"offset": 0.0, "segment": None}})
    two = dataclasses.replace(table_of(), provenance={"excerpt": {"offset": 0.0}})
    assert featkit.diff(one, two).provenance.empty
    found = featkit.diff(one, dataclasses.replace(table_of(), provenance={}))
    assert found.provenance.to_numpy().tolist() == [["provenance", "told", "not told"]]


@pytest.mark.parametrize("tolerance", [{"rtol": -1.0}, {"atol": float("nan")}])
def test_a_tolerance_must_be_one(tolerance):
    with pytest.raises(ParameterError, match="tol must be at least 0"):
        featkit.diff(table_of(), table_of(), **tolerance)


def test_diff_ends_as_diff_does(tmp_path, corpus):
    measured().write(tmp_path / "a.parquet")
    measured().write(tmp_path / "b.csv")
    table_of(tempo=[120.0, 121, 120, 120, 120]).write(tmp_path / "c.csv")
    same, _ = sections(run("diff", tmp_path / "a.parquet", tmp_path / "b.csv").stdout)
    assert same == {"rows in both": "5", "same": "yes"}
    output = run("diff", tmp_path / "b.csv", tmp_path / "c.csv", status=1).stdout
    assert "columns only in A\t11: quality_duration, " in output
    row = next(line for line in output.splitlines() if line.startswith("tempo\t"))
    assert row.split("\t")[:4] == ["tempo", "BPM", "1", "1"]
    assert "\ta.wav at 1 s\t120\t121" in row
    told = json.loads(
        run("diff", tmp_path / "b.csv", tmp_path / "c.csv", "--json", status=1).stdout
    )
    assert told["same"] is False
    for wrong in (["gone.csv"], [tmp_path / "a.xlsx"], [tmp_path / "b.csv", "--rtol", "-1"]):
        result = run("diff", tmp_path / "a.parquet", *wrong, status=2)
        assert result.stdout == ""
        assert re.match(r"Error: .*(no such file|a table ends in|at least 0)", result.stderr)


def test_odd_tables_of_others_are_told_not_stumbled_over(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    lists = pa.table({"label": [["a"], ["b", "c"]], "x": [1.0, 2.0]})
    pq.write_table(lists, tmp_path / "lists.parquet")
    assert len(featkit.FeatureTable.read(tmp_path / "lists.parquet")) == 2
    times = pa.table({"path": ["a", "b"], "start": ["00:01", "00:02"], "x": [1.0, 2.0]})
    pq.write_table(times, tmp_path / "times.parquet")
    with pytest.raises(TableError, match="row 1: start: '00:01' is not a time"):
        featkit.FeatureTable.read(tmp_path / "times.parquet")
    metadata = {b"featkit": b'{"columns": [{"name": "x", "family": ["q"]}]}'}
    pq.write_table(lists.replace_schema_metadata(metadata), tmp_path / "told.parquet")
    with pytest.raises(TableError, match="not featkit's"):
        featkit.FeatureTable.read(tmp_path / "told.parquet")


def test_inspect_says_short_clips_and_single_rows_in_numbers_that_fit(tmp_path):
    keys = {"path": ["a", "b"], "start": [0.0, 0.0], "end": [0.35, 0.35]}
    FeatureTable(keys, ["x"], np.ones((2, 1))).write(tmp_path / "a.parquet")
    facts, _ = sections(run("inspect", tmp_path / "a.parquet").stdout)
    assert facts["sound"] == "0.7 s, half of the recordings up to 0.35 s"
    one = {name: values[:1] for name, values in keys.items()}
    FeatureTable(one, ["x"], np.ones((1, 1))).write(tmp_path / "a.parquet")
    facts, tables = sections(run("inspect", tmp_path / "a.parquet").stdout)
    assert facts["sound"] == "0.35 s"
    assert "the first 1 of 1 row" in tables


def test_inspect_does_not_say_that_a_few_missing_values_are_none(tmp_path):
    values = np.where(np.arange(3000) == 7, np.nan, 1.0)[:, None]
    FeatureTable({"path": [*map(str, range(3000))]}, ["x"], values).write(tmp_path / "a.parquet")
    _, tables = sections(run("inspect", tmp_path / "a.parquet").stdout)
    assert tables["features with nan values: 1"][1] == ["x", "1", "<0.1%"]
