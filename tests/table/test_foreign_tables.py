"""Tables as other programs write them: compressed, in other encodings, with other separators."""

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

import featkit
from featkit.datasets.recordings import read_manifest
from featkit.errors import ParameterError, TableError
from featkit.table import dialects
from featkit.table._numerals import read_numbers
from featkit.table.feature_table import FeatureTable, column_names, is_table

PLAIN = "label,a,b\r\nrock,1.5,2\r\njazz,-2.25,\r\n"
VALUES = [[1.5, 2.0], [-2.25, np.nan]]


def read(folder, text, name="t.csv", **options):
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return FeatureTable.read(folder / name, **options)


def is_the_plain_one(table):
    assert table.feature_names == ["a", "b"]
    assert table.labels.tolist() == ["rock", "jazz"]
    np.testing.assert_array_equal(table.values, VALUES)
    return True


@pytest.mark.parametrize("name", ["t.csv", "t.txt", "t.tsv", "T.TXT"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_separators_are_recognised(tmp_path, delimiter, name):
    table = read(tmp_path, PLAIN.replace(",", delimiter), name)
    assert is_the_plain_one(table)
    assert table.notes == []


def test_a_file_of_excel_in_european_countries_is_read(tmp_path):
    text = PLAIN.replace(",", ";").replace(".", ",")
    assert is_the_plain_one(read(tmp_path, text.encode("utf-8-sig")))
    assert is_the_plain_one(read(tmp_path, ("sep=;\r\n" + text).encode("utf-16")))
    expected = pd.read_csv(io.StringIO(text), sep=";", decimal=",")
    np.testing.assert_array_equal(read(tmp_path, text).values, expected[["a", "b"]])


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_line_ends_of_all_systems_are_read(tmp_path, ends):
    assert is_the_plain_one(read(tmp_path, PLAIN.replace("\r\n", ends)))
    assert is_the_plain_one(read(tmp_path, ("sep=,\r\n" + PLAIN).replace("\r\n", ends)))


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_text_is_read_in_every_encoding_of_unicode(tmp_path, encoding):
    table = read(
        tmp_path,
        PLAIN.replace("jazz", "chanson française, 日本").replace(", 日", " 日").encode(encoding),
    )
    assert table.labels.tolist() == ["rock", "chanson française 日本"]
    np.testing.assert_array_equal(table.values, VALUES)
    assert column_names(tmp_path / "t.csv") == ["label", "a", "b"]
    assert table.notes == []


def test_text_that_is_not_unicode_is_read_as_windows_1252_with_a_note(tmp_path):
    table = read(tmp_path, PLAIN.replace("jazz", "música €").encode("cp1252"))
    assert table.labels.tolist() == ["rock", "música €"]
    assert table.notes == [
        "the file is not UTF-8 text, and is read as Windows-1252: if names with accents are wrong,"
        " save it in UTF-8"
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
        assert is_the_plain_one(read(tmp_path, packed(kind, PLAIN.encode()), name))
    tabs = PLAIN.replace(",", "\t").encode("utf-16")
    assert is_the_plain_one(read(tmp_path, packed(kind, tabs), f"t.tsv.{kind}"))


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zip"])
def test_a_compressed_table_that_is_cut_is_refused(tmp_path, kind):
    rng = np.random.default_rng(0)
    text = pd.DataFrame(rng.normal(size=(200, 2)), columns=["a", "b"]).to_csv(index=False)
    content = packed(kind, text.encode())
    with pytest.raises(TableError, match=rf"t\.csv\.{kind}: cannot unpack it"):
        read(tmp_path, content[: len(content) // 2], f"t.csv.{kind}")


def test_what_unpacks_to_no_table_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(dialects, "SAFE_BYTES", 2**22)
    for content in (b"1,2\n" * 2**23, b"0" * 2**25):
        tracemalloc.start()
        with pytest.raises(TableError, match=r"unpacks to more than 100 times its size"):
            read(tmp_path, gzip.compress(b"a,b\n" + content, 1), "t.csv.gz")
        assert tracemalloc.get_traced_memory()[1] < 2**26 + 2**24
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"<!DOCTYPE html>\n<html>", "a web page: download the file itself"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "an Excel workbook: save it as CSV"),
        (b"PAR1\x15\x04" + bytes(100), "a Parquet file: give it the ending .parquet"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100) + b"\xff", "it is not text"),
    ],
)
def test_what_is_no_text_is_said_to_be_what_it_is(tmp_path, content, cause):
    with pytest.raises(TableError, match=rf"t\.csv: not a table: {cause}"):
        read(tmp_path, content)


def test_workbooks_and_archives_of_several_files_are_refused(tmp_path):
    for names, cause in (
        (["[Content_Types].xml", "xl/workbook.xml"], "an Excel workbook: save it as CSV"),
        (["a.csv", "b.csv"], "a ZIP archive of 2 files: unpack it, and name one"),
    ):
        with zipfile.ZipFile(tmp_path / "t.csv", "w") as archive:
            for name in names:
                archive.writestr(name, "x")
        with pytest.raises(TableError, match=cause.replace("[", r"\[")):
            FeatureTable.read(tmp_path / "t.csv")


def test_a_table_is_written_as_csv_or_parquet_only(tmp_path):
    table = read(tmp_path, PLAIN)
    for name in ("t.csv.gz", "t.tsv", "t.txt"):
        with pytest.raises(ParameterError, match=r"a table ends in \.parquet or \.csv"):
            table.write(tmp_path / name)


# Which separator


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
def test_separators_in_names_of_columns_are_no_separators(tmp_path, text, names):
    assert read(tmp_path, text).feature_names == names


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
def test_what_pandas_writes_in_any_dialect_is_read_as_it_was_or_refused(
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


# Decimal commas and separators of thousands


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a;b\n1,5;2\n,25;3\n", [[1.5, 2], [0.25, 3]]),
        ("a;b\n1,5e-3;2\n-2E4;3\n", [[0.0015, 2], [-2e4, 3]]),
        ("a;b\n1.234,5;2\n2.345;3\n", [[1234.5, 2], [2345, 3]]),
        ("a;b\n1.234.567;2\n8;3\n", [[1234567, 2], [8, 3]]),
        ("a;b\n1,234;0,5\n2,345;3\n", [[1.234, 0.5], [2.345, 3]]),
        ("a;b\n1.234;0.5\n2.345;3\n", [[1.234, 0.5], [2.345, 3]]),
        ("a;b\n0.234;2\n2.345;3\n", [[0.234, 2], [2.345, 3]]),
        ("a\tb\n1.234\t2\n2345.678\t3\n", [[1.234, 2], [2345.678, 3]]),
        ("a,b\n1.234,2\n2.345,3\n", [[1.234, 2], [2.345, 3]]),
        ('a,b\n"1,234.5",2\n"2,345.0",3\n', [[1234.5, 2], [2345, 3]]),
        ('a,b\n"1,234,567",2\n8,3\n', [[1234567, 2], [8, 3]]),
        ('a,b\n"0,234",2\n"2,345",3\n', [[0.234, 2], [2.345, 3]]),
        ("a,b\n−1.5,2\n2.5,3\n", [[-1.5, 2], [2.5, 3]]),
    ],
)
def test_numbers_that_can_be_read_in_one_way_only_are_read(tmp_path, text, values):
    assert read(tmp_path, text).values.tolist() == values


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ('a,b\n8,2\n"1,234",2\n', "line 3: a: the comma in '1,234'"),
        ("a;b\n1,234;2\n2,345;3\n", "line 2: a: the comma in '1,234'"),
        ("a;b\n1,234;0.5\n2,345;3\n", "line 2: a: the comma in '1,234'"),
        ("a;b\n1.234;2\n2.345;3\n", "line 2: a: the point in '1.234'"),
        ("a;b\n1.234;0,5\n2.345;3\n", "line 2: a: the point in '1.234'"),
        ("a\tb\n1.234\t0,5\n2.345\t3\n", "line 2: a: the point in '1.234'"),
        ("a\tb\n1.234\t2\n2.345\t3\n", "line 2: a: the point in '1.234'"),
        ('a,b\n1.234,"0,5"\n2.345,3\n', "line 2: a: the point in '1.234'"),
        ("a;b\n1.234;2\n2,5;3\n", "line 2: a: the point in '1.234'"),
        ("a;b\n1.5;2\n2,5;3\n", "line 3: a: the comma in '2,5'"),
        ('a,b\n"1,234",2\n0.5,3\n', "line 2: a: the comma in '1,234'"),
    ],
)
def test_numbers_that_may_be_a_thousand_times_another_are_refused(tmp_path, text, cell):
    with pytest.raises(TableError, match=f"{cell} may be a decimal mark or separate thousands"):
        read(tmp_path, text)
    assert read(tmp_path, text, keys=["a"]).feature_names == ["b"]


@hypothesis.given(
    st.lists(st.floats(0.001, 1e7).map(lambda x: round(x, 3)), min_size=1, max_size=5),
    st.sampled_from([("{:,.3f}", "{}"), ("{:,.0f}", "{}"), ("{:.3f}", "{}"), ("{:g}", "{}")]),
    st.sampled_from([False, True]),
    st.sampled_from([None, ",", ";", "\t"]),
)
def test_no_number_is_read_a_thousand_times_too_large_or_too_small(values, form, european, mark):
    import pyarrow as pa

    pattern, _ = form
    texts = [pattern.format(value) for value in values]
    true = [float(text.replace(",", "")) for text in texts]
    if european:
        texts = [text.translate(str.maketrans(".,", ",.")) for text in texts]
    column = pa.chunked_array([pa.array(texts)])
    try:
        found = read_numbers({"a": column}, must=["a"], where=str, delimiter=mark)["a"]
    except TableError:
        return
    if mark in (",", None) and european and not any("," in text for text in texts):
        return  # where commas are between fields, points are decimal points
    assert found.tolist() == true


def test_a_model_reads_a_column_as_its_training_did(tmp_path):
    rng = np.random.default_rng(0)
    values = rng.uniform(1, 9, size=(40, 2)).round(3)
    data = pd.DataFrame(values, columns=["a", "b"]).assign(label=np.repeat(["x", "y"], 20))
    data["b"] = data["b"].round(1)
    data.to_csv(tmp_path / "t.csv", sep=";", decimal=",", index=False)
    result = featkit.train(tmp_path / "t.csv", model="logistic", folds=2)
    result.model.columns.remove("b")
    assert result.model.read(tmp_path / "t.csv").values.tolist() == data[["a"]].to_numpy().tolist()


@pytest.mark.parametrize("cell", ["44100 Hz", "12%", "1 234,5", "1'234", "5 dB", "$12"])
def test_numbers_with_units_and_other_separators_are_text_with_a_note(tmp_path, cell):
    table = read(tmp_path, f'a,b\n"{cell}",1\n"{cell}",2\n')
    assert table.feature_names == ["b"]
    assert table.notes[0].startswith(f"column 'a' is read as text: cells such as {cell!r} are")


@pytest.mark.parametrize("word", ["", " ", "?", "-", "NA", "NULL", "<NA>", "#N/A", "n/a", "."])
def test_marks_of_missing_numbers_are_missing_in_files_and_dataframes(tmp_path, word):
    data = pd.DataFrame({"a": ["1.5", word, "2"], "b": [1, 2, 3]})
    data.to_csv(tmp_path / "t.csv", index=False)
    for table in (FeatureTable.of(data), FeatureTable.read(tmp_path / "t.csv")):
        np.testing.assert_array_equal(table.values, [[1.5, 1], [np.nan, 2], [2, 3]])


# Row numbers, and columns without a name


@pytest.mark.parametrize(
    "name",
    [
        *("", "Unnamed: 0", "Unnamed: 0.1", "Unnamed: 0.1.1", "Unnamed: 0_x", "Unnamed: 0_level_0"),
        *("__index_level_0__", "...1", "index", "index.1", "level_0", "X", "X.1", "rownames"),
        *("row_names", "row.names", "Row", "row_id", "rowid", "S.No."),
    ],
)
@pytest.mark.parametrize("first", [0, 1])
def test_numbers_of_rows_that_programs_write_are_no_features(tmp_path, name, first):
    data = pd.DataFrame({name: np.arange(first, first + 6), "x": np.arange(6) / 3})
    data.to_csv(tmp_path / "t.csv", index=False)
    data.to_parquet(tmp_path / "t.parquet")
    files = [FeatureTable.read(tmp_path / f"t.{ending}") for ending in ("csv", "parquet")]
    for table in (FeatureTable.of(data), *files):
        assert table.feature_names == ["x"]
        assert table.column(name).tolist() == [str(first + k) for k in range(6)]
        assert table.notes == [
            f"columns that number the rows, or have no name, are not learnt from: {name!r}; to"
            " learn from one, give it a name of its own"
        ]


def test_an_index_that_was_saved_again_and_again_is_left_out_each_time(tmp_path):
    data = pd.DataFrame({"x": np.arange(6) / 3})
    for _ in range(4):
        data.to_csv(tmp_path / "t.csv")
        data = pd.read_csv(tmp_path / "t.csv")
    assert len(data.columns) > 3
    assert FeatureTable.read(tmp_path / "t.csv").feature_names == ["x"]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("index", [3, 1, 2, 6, 5, 4]),
        ("index", [0.5, 1, 2, 3, 4, 5]),
        ("X", [1, 2, 3, 4, 5, 7]),
        ("row", [2, 3, 4, 5, 6, 7]),
        ("x", [1, 2, 3, 4, 5, 6]),
    ],
)
def test_columns_that_may_be_measured_are_features_whatever_they_are_called(name, values):
    table = FeatureTable.of(pd.DataFrame({name: values}))
    assert table.feature_names == [name]
    assert table.notes == []


def test_an_index_of_rows_of_which_some_were_left_out_is_no_feature():
    data = pd.DataFrame({"x": np.arange(12) / 3})[::2].reset_index()
    assert FeatureTable.of(data).feature_names == ["x"]


def test_a_model_that_learnt_from_a_column_called_index_finds_it_again():
    data = pd.DataFrame({"index": range(6), "Unnamed: 0.1": range(6)})
    assert FeatureTable.of(data, features=data.columns).feature_names == list(data.columns)


def test_separators_at_the_ends_of_lines_make_columns_without_a_name(tmp_path):
    table = read(tmp_path, "a;b;;\n1;2;;\n3;4;;\n")
    assert table.feature_names == ["a", "b"]
    assert "not learnt from: '', 'Unnamed: 3'" in table.notes[0]


def test_columns_that_a_note_names_are_not_named_a_second_time():
    data = pd.DataFrame(
        {"x": np.sqrt(np.arange(40)), "Unnamed: 0.1": range(40), "label": ["a", "b"] * 20}
    )
    data["pitch"] = ["1.5", "high"] * 20
    told = featkit.train(data, model="logistic").warnings
    for name in ("Unnamed: 0.1", "pitch"):
        assert sum(name in text for text in told) == 1, told


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_rows_that_begin_with_a_number_without_a_name_are_read_as_r_writes_them(
    tmp_path, delimiter
):
    text = '"a","the\nlabel"\n"1",1.5,"x"\n"2",2.5,"y"\n'.replace(",", delimiter)
    table = read(tmp_path, text)
    assert table.feature_names == ["a"]
    assert table.values.tolist() == [[1.5], [2.5]]
    assert table.column("").tolist() == ["1", "2"]
    assert table.column("the\nlabel").tolist() == ["x", "y"]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_row_that_is_too_long_is_named_whatever_is_between_fields(tmp_path, delimiter):
    with pytest.raises(TableError, match="line 2: field 3: '3' belongs to no column: 3 fields"):
        read(tmp_path, "a,b\n1,2,3\n4,5,6\n".replace(",", delimiter))


def test_a_header_of_several_rows_is_said_to_be_one(tmp_path):
    text = "feature,mfcc,mfcc,mfcc\nstatistic,mean,std,max\nnumber,01,01,01\n2,1,2,3\n"
    with pytest.raises(TableError, match="line 1: the header has several rows, as line 2 holds no"):
        read(tmp_path, text)


def test_notes_are_the_first_warnings_of_training_and_inspection(tmp_path):
    rng = np.random.default_rng(0)
    data = pd.DataFrame(rng.normal(size=(40, 2)), columns=["a", "b"])
    data["label"] = np.repeat(["x", "y"], 20)
    data.to_csv(tmp_path / "t.csv")
    first = featkit.train(tmp_path / "t.csv", model="logistic", folds=2).warnings[0]
    assert first.startswith(
        "columns that number the rows, or have no name, are not learnt from: ''"
    )
    assert featkit.inspect(tmp_path / "t.csv").warnings == [first]


# Manifests


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_manifests_are_read_in_the_same_dialects(tmp_path, delimiter, encoding):
    text = "path,label\r\na.wav,naïve\r\nb.wav,x\r\n".replace(",", delimiter)
    (tmp_path / "list.csv").write_bytes(text.encode(encoding))
    found = read_manifest(tmp_path / "list.csv")
    assert [(each.path, each.about) for each in found] == [
        ("a.wav", {"label": "naïve"}),
        ("b.wav", {"label": "x"}),
    ]
