"""Table files: values and text return unchanged, writes are atomic, formats are registered."""

import dataclasses
import errno
import os
import sys

import hypothesis
import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st
from table_examples import ENDINGS, FILE_FORMATS, assert_same, keyed_table

import featkit
import featkit.table.formats
from featkit._utils.registry import RegistryError
from featkit.errors import FeatkitError, ParameterError, TableError, WriteError
from featkit.storage.writing import replacing
from featkit.table import table_files
from featkit.table.feature_table import FeatureTable
from featkit.table.table_files import (
    TABLE_FORMATS,
    column_names,
    is_table,
    readable_format,
    writable_format,
)

LABELS = ["NA", "1", "null", "x, y", 'a "quoted" one', "naïve", "None", "1e5", "True"]


def table_of(values, labels=None):
    count = len(values)
    data = {
        "path": [f"{k:03d}.wav" for k in range(count)],
        "start": np.zeros(count),
        "end": np.arange(count) / 3,
    }
    if labels is not None:
        data["label"] = labels
    return FeatureTable.of(pd.DataFrame(data | {"tempo": values, "rms_mean": values[::-1]}))


def awkward_values():
    """Numbers of every size that need all their digits, among them the ends of the range."""
    rng = np.random.default_rng(0)
    values = rng.standard_normal(500) * 10.0 ** rng.uniform(-300, 300, 500)
    ends = [0.0, -0.0, 0.1, 1 / 3, 5e-324, np.finfo(float).max, np.nan, np.nan, np.inf, -np.inf]
    return np.concatenate([ends, values])


def bits(series):
    values = np.asarray(series, dtype=np.float64)
    return np.where(np.isnan(values), np.uint64(0), values.view(np.uint64)), np.isnan(values)


@pytest.mark.parametrize("ending", ENDINGS)
def test_values_return_to_the_bit(tmp_path, ending):
    table = table_of(awkward_values())
    table.write(tmp_path / f"a.{ending}")
    back = FeatureTable.read(tmp_path / f"a.{ending}")
    assert list(back.data.columns) == list(table.data.columns)
    for name in ("start", "end", "tempo", "rms_mean"):
        assert back.data[name].dtype == np.float64
        for values, expected in zip(bits(back.data[name]), bits(table.data[name]), strict=True):
            np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("ending", ENDINGS)
def test_text_stays_text(tmp_path, ending):
    data = table_of(np.arange(float(len(LABELS))), LABELS).data
    table = FeatureTable.of(data.assign(path=[f"{label}.wav" for label in LABELS]))
    table.write(tmp_path / f"a.{ending}")
    back = FeatureTable.read(tmp_path / f"a.{ending}")
    assert back.data["path"].tolist() == table.data["path"].tolist()
    assert back.labels.tolist() == LABELS


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_extracted_table_returns_unchanged(tmp_path, extracted, ending):
    extracted.write(tmp_path / f"a.{ending}")
    back = FeatureTable.read(tmp_path / f"a.{ending}")
    assert back.labels.tolist() == ["1", "1", "NA"]
    assert back.feature_names == extracted.feature_names
    pd.testing.assert_frame_equal(back.features, extracted.features, check_exact=True)
    silence = back.data[back.data["path"] == "1/silence.wav"]
    assert silence["spectral_centroid_mean"].isna().all()
    assert (silence["rms_mean"] == 0).all()


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_table_without_rows_keeps_its_columns(tmp_path, extracted, ending):
    empty = FeatureTable.of(extracted.data.iloc[:0], extracted.provenance)
    empty.write(tmp_path / f"a.{ending}")
    back = FeatureTable.read(tmp_path / f"a.{ending}")
    assert len(back) == 0
    assert back.feature_names == extracted.feature_names


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_table_gives_the_same_bytes(tmp_path, extracted, ending):
    extracted.write(tmp_path / f"a.{ending}")
    first = (tmp_path / f"a.{ending}").read_bytes()
    extracted.write(tmp_path / f"b.{ending}")
    assert (tmp_path / f"b.{ending}").read_bytes() == first
    FeatureTable.read(tmp_path / f"a.{ending}").write(tmp_path / f"c.{ending}")
    assert (tmp_path / f"c.{ending}").read_bytes() == first


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


FORMULAS = st.builds(
    str.__add__, st.sampled_from(["=", "+", "-", "@", "\t", "\r", "'", "''=", "＝"]), TEXTS
)


@hypothesis.given(st.lists(TEXTS | FORMULAS, min_size=1, max_size=6), st.sampled_from(ENDINGS))
def test_any_text_returns_unchanged(tmp_path_factory, texts, ending):
    folder = tmp_path_factory.mktemp("any")
    count = len(texts)
    data = {"path": texts, "start": np.zeros(count), "end": np.ones(count), "label": texts[::-1]}
    table = FeatureTable.of(pd.DataFrame(data | {"rms_mean": np.arange(count) / 3}))
    table.write(folder / f"a.{ending}")
    assert_same(FeatureTable.read(folder / f"a.{ending}"), table)


@pytest.mark.parametrize("ending", ENDINGS)
def test_half_of_a_surrogate_pair_is_refused(tmp_path, ending):
    keys = {**keyed_table().keys, "label": ["a", "b\ud800"]}
    table = dataclasses.replace(keyed_table(), keys=keys)
    with pytest.raises(TableError, match=r"b\\ud800' ends in half of"):
        table.write(tmp_path / f"a.{ending}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_only_the_selected_columns_are_features(tmp_path, ending):
    data = pd.DataFrame({"path": ["a", "b"], "x": [1.5, 2.5], "y": [3.0, 4.0], "note": ["n", "m"]})
    file = tmp_path / f"t.{ending}"
    data.to_csv(file, index=False) if ending == "csv" else data.to_parquet(file)
    table = FeatureTable.read(file, features=["y", "z"])
    assert table.feature_names == ["y"]
    np.testing.assert_array_equal(table.values, [[3.0], [4.0]])
    assert {"path", "note"} <= set(table.keys)
    assert FeatureTable.read(file, ["y"], features=["y"]).feature_names == []
    assert column_names(file) == list(data.columns)
    with pytest.raises(TableError, match="no such file"):
        column_names(tmp_path / f"none.{ending}")


# Atomic writes


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_table_replaces_an_older_one(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    path.write_text("old")
    table_of(np.zeros(2)).write(path)
    assert len(FeatureTable.read(path)) == 2
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_error_while_writing_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, ending):
    def half_written(target, *_):
        target.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / f"a.{ending}"
    path.write_text("old")
    broken = dataclasses.replace(writable_format(path), write=half_written)
    monkeypatch.setattr(table_files, "writable_format", lambda _: broken)
    with pytest.raises(WriteError, match=rf"a\.{ending}: cannot write it: No space left"):
        table_of(np.zeros(2)).write(path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_any_error_inside_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("old")

    def write():
        with replacing(path) as scratch:
            scratch.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


def test_the_old_file_remains_until_the_new_one_is_complete(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("old")
    with replacing(path) as scratch:
        scratch.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("ending", ENDINGS)
def test_writing_to_a_missing_folder_is_an_error(tmp_path, ending):
    with pytest.raises(WriteError, match=rf"a\.{ending}: cannot write it"):
        table_of(np.zeros(2)).write(tmp_path / "no" / f"a.{ending}")


def test_a_folder_of_the_same_name_is_not_replaced(tmp_path):
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(WriteError, match=r"a\.csv: cannot write it"):
        table_of(np.zeros(2)).write(tmp_path / "a.csv")
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_folder_may_have_any_name(tmp_path, ending):
    for name in (os.fsdecode(b"caf\xe9"), "s3:", "日本"):
        folder = tmp_path / name
        folder.mkdir()
        keyed_table().write(folder / f"a.{ending}")
        assert_same(FeatureTable.read(folder / f"a.{ending}"), keyed_table())


# Names of files


@pytest.mark.parametrize("name", ["a.xlsx", "a", "csv", "a.parquet.gz"])
def test_an_unknown_suffix_is_refused(tmp_path, name):
    with pytest.raises(
        ParameterError, match=r"written: the file name must end in \.csv or \.parquet"
    ):
        table_of(np.zeros(2)).write(tmp_path / name)
    with pytest.raises(
        ParameterError, match=r"read: the file name must end in .*\.txt or \.parquet"
    ):
        FeatureTable.read(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "kind"), [("A.CSV", "csv"), ("a.b.Parquet", "parquet")])
def test_suffixes_are_recognised_in_any_case(name, kind):
    assert writable_format(name).name == kind


@pytest.mark.parametrize("name", ["features/", "a.parquet/", "a.csv/"])
def test_a_name_with_a_slash_is_that_of_a_folder_of_parts(name):
    assert writable_format(name).name == "parquet_folder"


def test_a_name_without_a_suffix_is_refused_with_a_hint_of_the_slash():
    with pytest.raises(ParameterError, match="or in / for a folder of Parquet files"):
        writable_format("features")


def test_the_message_names_all_suffixes():
    with pytest.raises(ParameterError) as caught:
        readable_format("a.xlsx")
    assert str(caught.value) == (
        "a.xlsx: cannot be read: the file name must end in .csv, .tsv, .txt or .parquet"
        " (.csv, .tsv, .txt also followed by .gz, .bz2, .xz or .zip)"
    )


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_missing_table_is_an_error(tmp_path, ending):
    with pytest.raises(TableError, match=rf"a\.{ending}: no such file") as caught:
        FeatureTable.read(tmp_path / f"a.{ending}")
    assert isinstance(caught.value, FeatkitError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("ending", "content"),
    [
        ("parquet", b"path,tempo\na.wav,1\n"),
        ("parquet", b""),
        ("parquet", b"PAR1" + bytes(40) + b"PAR1"),
        ("csv", b""),
        ("csv", b"\n\n"),
    ],
)
def test_a_file_that_is_not_a_table_is_refused(tmp_path, ending, content):
    path = tmp_path / f"a.{ending}"
    path.write_bytes(content)
    with pytest.raises(TableError, match=rf"a\.{ending}: not a table"):
        FeatureTable.read(path)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_folder_without_parts_cannot_be_read_as_a_table(tmp_path, ending):
    (tmp_path / f"a.{ending}").mkdir()
    with pytest.raises(TableError, match=rf"a\.{ending}: not a table: a folder without \.parquet"):
        FeatureTable.read(tmp_path / f"a.{ending}")


# The registry of formats


TOY = """
import json
from pathlib import Path

import pandas as pd

from featkit.table.dataframes import frame_columns
from featkit.table.table_files import TableFormat


def read(path, selection):
    return frame_columns(pd.DataFrame(json.loads(Path(path).read_text())), selection)


def write(path, tables):
    data = pd.concat([table.data for table in tables])
    path.write_text(json.dumps(data.to_dict("list")))


def column_names(path):
    return list(json.loads(Path(path).read_text()))


FORMAT = TableFormat(
    name="toy", suffixes=(".toy",), written_suffix=".toy",
    read=read, write=write, column_names=column_names,
)
"""


@pytest.fixture
def extra_format(tmp_path, monkeypatch):
    """A function that adds the module ``toy`` to the table formats."""
    package = featkit.table.formats
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "featkit.table.formats.toy", raising=False)
    TABLE_FORMATS.clear()
    yield lambda text: (tmp_path / "toy.py").write_text(text)
    TABLE_FORMATS.clear()


def test_a_format_is_added_by_one_file(tmp_path, extra_format):
    extra_format(TOY)
    table = FeatureTable({"label": ["a", "b"]}, ["x", "y"], np.array([[1.0, 0.5], [2.0, -1.5]]))
    file = tmp_path / "table.toy"
    table.write(file)
    assert is_table(file)
    assert column_names(file) == ["label", "x", "y"]
    assert_same(FeatureTable.read(file), table)
    assert FeatureTable.read(file, ["x"]).feature_names == ["y"]
    assert featkit.inspect(file).rows == 2
    assert featkit.diff(file, table).same
    with pytest.raises(ParameterError, match=r"\.txt, \.parquet or \.toy"):
        FeatureTable.read(tmp_path / "table.xlsx")
    with pytest.raises(
        ParameterError, match=r"the file name must end in \.csv, \.parquet or \.toy"
    ):
        table.write(tmp_path / "table.xlsx")
    with pytest.raises(ParameterError, match="unknown column 'label_'"):
        FeatureTable.read(file, ["label_"])


def test_a_format_without_its_export_is_an_error(extra_format):
    extra_format("FORMATS = None\n")
    with pytest.raises(RegistryError, match=r"toy: must export FORMAT, a TableFormat, got None"):
        is_table("table.xlsx")


@pytest.mark.parametrize("name", FILE_FORMATS)
def test_every_format_reads_the_files_that_it_writes(name):
    table_format = TABLE_FORMATS[name]
    assert table_format.written_suffix in table_format.suffixes
    assert readable_format(f"A{table_format.written_suffix.upper()}") is table_format
    assert writable_format(f"A{table_format.written_suffix.upper()}") is table_format
