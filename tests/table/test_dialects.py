"""Dialects of delimited text: compression, encoding, delimiter and row names."""

import bz2
import gzip
import io
import lzma
import tracemalloc
import zipfile

import hypothesis
import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st
from table_examples import read_text

from featkit.datasets.recordings import read_manifest
from featkit.errors import ParameterError, TableError
from featkit.table import dialects
from featkit.table.feature_table import FeatureTable
from featkit.table.table_files import column_names, is_table

PLAIN = "label,a,b\r\nrock,1.5,2\r\njazz,-2.25,\r\n"


VALUES = [[1.5, 2.0], [-2.25, np.nan]]


def is_the_plain_one(table):
    assert table.feature_names == ["a", "b"]
    assert table.labels.tolist() == ["rock", "jazz"]
    np.testing.assert_array_equal(table.values, VALUES)
    return True


@pytest.mark.parametrize("name", ["t.csv", "t.txt", "t.tsv", "T.TXT"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_detected(tmp_path, delimiter, name):
    table = read_text(tmp_path, PLAIN.replace(",", delimiter), name)
    assert is_the_plain_one(table)
    assert table.notes == []


def test_a_file_of_excel_in_european_countries_is_read(tmp_path):
    text = PLAIN.replace(",", ";").replace(".", ",")
    assert is_the_plain_one(read_text(tmp_path, text.encode("utf-8-sig")))
    assert is_the_plain_one(read_text(tmp_path, ("sep=;\r\n" + text).encode("utf-16")))
    expected = pd.read_csv(io.StringIO(text), sep=";", decimal=",")
    np.testing.assert_array_equal(read_text(tmp_path, text).values, expected[["a", "b"]])


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_line_ends_of_all_systems_are_read(tmp_path, ends):
    assert is_the_plain_one(read_text(tmp_path, PLAIN.replace("\r\n", ends)))
    assert is_the_plain_one(read_text(tmp_path, ("sep=,\r\n" + PLAIN).replace("\r\n", ends)))


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_every_unicode_encoding_is_read(tmp_path, encoding):
    table = read_text(
        tmp_path,
        PLAIN.replace("jazz", "chanson française, 日本").replace(", 日", " 日").encode(encoding),
    )
    assert table.labels.tolist() == ["rock", "chanson française 日本"]
    np.testing.assert_array_equal(table.values, VALUES)
    assert column_names(tmp_path / "t.csv") == ["label", "a", "b"]
    assert table.notes == []


def test_text_that_is_not_unicode_is_read_as_windows_1252_with_a_note(tmp_path):
    table = read_text(tmp_path, PLAIN.replace("jazz", "música €").encode("cp1252"))
    assert table.labels.tolist() == ["rock", "música €"]
    assert table.notes == [
        "the file is not UTF-8 text and is read as Windows-1252: if accented letters are wrong,"
        " save the file in UTF-8"
    ]


def packed(kind, content):
    if kind != "zip":
        return {"gz": gzip, "bz2": bz2, "xz": lzma}[kind].compress(content)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tables/t.csv", content)
        archive.writestr("__MACOSX/._t.csv", b"of macOS")
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zip"])
def test_compressed_tables_are_read(tmp_path, kind):
    for name in (f"t.csv.{kind}", "t.csv"):  # some downloads lose the ending
        assert is_table(name)
        assert is_the_plain_one(read_text(tmp_path, packed(kind, PLAIN.encode()), name))
    tabs = PLAIN.replace(",", "\t").encode("utf-16")
    assert is_the_plain_one(read_text(tmp_path, packed(kind, tabs), f"t.tsv.{kind}"))


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zip"])
def test_a_truncated_compressed_table_is_refused(tmp_path, kind):
    rng = np.random.default_rng(0)
    text = pd.DataFrame(rng.normal(size=(200, 2)), columns=["a", "b"]).to_csv(index=False)
    content = packed(kind, text.encode())
    with pytest.raises(TableError, match=rf"t\.csv\.{kind}: cannot decompress it"):
        read_text(tmp_path, content[: len(content) // 2], f"t.csv.{kind}")


def test_a_decompression_bomb_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(dialects, "SAFE_BYTES", 2**22)
    for content in (b"1,2\n" * 2**23, b"0" * 2**25):
        tracemalloc.start()
        with pytest.raises(TableError, match=r"decompresses to more than 100 times its size"):
            read_text(tmp_path, gzip.compress(b"a,b\n" + content, 1), "t.csv.gz")
        assert tracemalloc.get_traced_memory()[1] < 2**26 + 2**24
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"<!DOCTYPE html>\n<html>", "a web page: download the file itself"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "an Excel workbook: save it as CSV"),
        (b"PAR1\x15\x04" + bytes(100), "a Parquet file: give it the suffix .parquet"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100) + b"\xff", "it is not text"),
    ],
)
def test_files_that_are_not_text_are_refused_with_their_kind(tmp_path, content, cause):
    with pytest.raises(TableError, match=rf"t\.csv: not a table: {cause}"):
        read_text(tmp_path, content)


def test_workbooks_and_archives_of_several_files_are_refused(tmp_path):
    for names, cause in (
        (["[Content_Types].xml", "xl/workbook.xml"], "an Excel workbook: save it as CSV"),
        (["a.csv", "b.csv"], "a ZIP archive of 2 files: unpack it and name one"),
    ):
        with zipfile.ZipFile(tmp_path / "t.csv", "w") as archive:
            for name in names:
                archive.writestr(name, "x")
        with pytest.raises(TableError, match=cause.replace("[", r"\[")):
            FeatureTable.read(tmp_path / "t.csv")


def test_other_delimited_text_is_not_written(tmp_path):
    table = read_text(tmp_path, PLAIN)
    for name in ("t.csv.gz", "t.tsv", "t.txt"):
        with pytest.raises(ParameterError, match=r"the file name must end in \.csv or \.parquet"):
            table.write(tmp_path / name)


# Which delimiter


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("x_(2, 5);y\n1,5;2\n2,5;3\n", ["x_(2, 5)", "y"]),
        ('"x;1",y\n1,2\n3,4\n', ["x;1", "y"]),
        ("F0|mean,y\n1,2\n3,4\n", ["F0|mean", "y"]),
        ("F0|mean\n1\n2\n", ["F0|mean"]),
        ("x\ty,z\n1\t2\n3\t4\n", ["x", "y,z"]),
        ("x;y,z\n1;2\n3;4\n", ["x", "y,z"]),
        ('"a\nb";y\n1;2\n', ["a\nb", "y"]),
    ],
)
def test_delimiters_in_names_of_columns_are_ignored(tmp_path, text, names):
    assert read_text(tmp_path, text).feature_names == names


names = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=8)


def unless_ambiguous(table):
    try:
        return table()
    except TableError as error:
        if "may be a decimal mark or separate thousands" not in str(error):
            raise
    return None


@hypothesis.given(
    st.lists(names, min_size=2, max_size=4, unique=True),
    st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 4)), min_size=8, max_size=8),
    st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ","), ("|", ".")]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_a_dialect_that_pandas_writes_is_read_exactly_or_refused(
    tmp_path_factory, names, values, dialect, encoding
):
    folder = tmp_path_factory.mktemp("dialect")
    delimiter, mark = dialect
    columns = [f"c{name}" for name in names]
    data = pd.DataFrame({name: np.roll(values, k) for k, name in enumerate(columns)})
    data.to_csv(folder / "t.csv", sep=delimiter, decimal=mark, index=False, encoding=encoding)
    table = unless_ambiguous(lambda: FeatureTable.read(folder / "t.csv"))
    if table is None:
        return
    assert table.feature_names == columns
    np.testing.assert_array_equal(table.values, data)


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_row_names_of_r_are_a_column_without_a_name(tmp_path, delimiter):
    text = '"a","the\nlabel"\n"1",1.5,"x"\n"2",2.5,"y"\n'.replace(",", delimiter)
    table = read_text(tmp_path, text)
    assert table.feature_names == ["a"]
    assert table.values.tolist() == [[1.5], [2.5]]
    assert table.column("").tolist() == ["1", "2"]
    assert table.column("the\nlabel").tolist() == ["x", "y"]


def test_trailing_delimiters_are_columns_without_a_name(tmp_path):
    table = read_text(tmp_path, "a;b;;\n1;2;;\n3;4;;\n")
    assert table.feature_names == ["a", "b"]
    assert "not used as features: '', 'Unnamed: 3'" in table.notes[0]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_manifests_are_read_in_the_same_dialects(tmp_path, delimiter, encoding):
    text = "path,label\r\na.wav,naïve\r\nb.wav,x\r\n".replace(",", delimiter)
    (tmp_path / "list.csv").write_bytes(text.encode(encoding))
    entries = read_manifest(tmp_path / "list.csv")
    assert [(entry.path, entry.fields) for entry in entries] == [
        ("a.wav", {"label": "naïve"}),
        ("b.wav", {"label": "x"}),
    ]
