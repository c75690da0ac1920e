"""CSV tables of other programs: which columns are features, and errors with line and column."""

import numpy as np
import pandas as pd
import pytest
import soundfile
from table_examples import read_text

import featkit
from featkit import signals
from featkit.errors import ParameterError, TableError
from featkit.table.feature_table import FeatureTable

OTHERS = """filename,length,chroma_stft_mean,rms_mean,tempo,label
blues.00000.wav,661794,0.35,0.13,123.05,blues
jazz.00054.wav,0661794,NA,nan,inf,NA
"""


def test_a_table_of_another_program_is_read(tmp_path):
    table = read_text(tmp_path, OTHERS, keys=("filename", "length"))
    assert table.feature_names == ["chroma_stft_mean", "rms_mean", "tempo"]
    assert table.column("filename").tolist() == ["blues.00000.wav", "jazz.00054.wav"]
    assert table.column("length").tolist() == ["661794", "0661794"]
    assert table.labels.tolist() == ["blues", "NA"]
    np.testing.assert_array_equal(table.values, [[0.35, 0.13, 123.05], [np.nan, np.nan, np.inf]])
    assert list(table.data.columns)[:3] == ["label", "filename", "length"]


def test_all_columns_of_numbers_are_features_by_default(tmp_path):
    table = read_text(tmp_path, OTHERS)
    assert table.feature_names == ["length", "chroma_stft_mean", "rms_mean", "tempo"]
    assert list(table.keys) == ["label", "filename"]


def test_a_path_alone_does_not_mark_a_table_of_featkit(tmp_path):
    table = read_text(tmp_path, "path,tempo,loudness\na.wav,120,-3\n")
    assert table.feature_names == ["tempo", "loudness"]


def test_unknown_columns_in_a_table_of_featkit_are_keys(tmp_path):
    text = "path,start,end,take,rms_mean,Unnamed: 0\na.wav,0.0,1.0,02,0.5,7\n"
    table = read_text(tmp_path, text)
    assert table.feature_names == ["rms_mean"]
    assert table.column("take").tolist() == ["02"]


def test_published_feature_names_are_recognised_without_metadata(tmp_path):
    soundfile.write(tmp_path / "a.wav", signals.noise(22050, 0.5), 22050)
    table = featkit.extract(tmp_path, features="gtzan57", n_jobs=1).table
    table.write(tmp_path / "a.csv")
    again = FeatureTable.read(tmp_path / "a.csv")
    assert again.feature_names == table.feature_names
    assert len(again.feature_names) == 57
    np.testing.assert_array_equal(again.values, table.values)


@pytest.mark.parametrize("null", ["", "NA", "N/A", "NaN", "nan", "null", "None", " "])
def test_missing_numbers_are_nan(tmp_path, null):
    table = read_text(tmp_path, f"x,y\n1,2\n{null},3\n")
    np.testing.assert_array_equal(table.values, [[1, 2], [np.nan, 3]])


@pytest.mark.parametrize(
    ("text", "number"),
    [("-1e-3", -1e-3), ("+2.5", 2.5), (".5", 0.5), ("-inf", -np.inf), ("Infinity", np.inf)],
)
def test_numbers_are_read_in_many_notations(tmp_path, text, number):
    assert read_text(tmp_path, f"x,y\n{text},2\n").values[0, 0] == number
    with pytest.raises(TableError, match="line 3: x: 'err' is not a number"):
        read_text(tmp_path, f"x,y\n{text},2\nerr,2\n{text},2\n")


@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
def test_the_row_numbers_that_pandas_writes_are_not_a_feature(tmp_path, name):
    table = read_text(tmp_path, f"{name},x\n0,1.5\n1,2.5\n")
    assert table.feature_names == ["x"]
    assert table.column(name).tolist() == ["0", "1"]


def test_a_cell_that_is_not_a_number_is_named_by_line_and_column(tmp_path):
    text = 'name,rms\n"two\nlines",1\n\nb,2\nc,err\nd,\n'
    message = r"t\.csv: line 6: rms: 'err' is not a number: correct it, or exclude the column 'rms'"
    with pytest.raises(TableError, match=message):
        read_text(tmp_path, text)
    with pytest.raises(TableError, match=r"not a table of features: .*: name, rms"):
        read_text(tmp_path, text, keys=["rms"])


def test_a_column_of_few_numbers_is_text(tmp_path):
    table = read_text(tmp_path, "name,x\n1,1\nb,2\n2,3\nc,4\n,5\n")
    assert table.feature_names == ["x"]
    assert table.column("name").tolist() == ["1", "b", "2", "c", ""]


def test_a_feature_of_featkit_must_hold_numbers(tmp_path):
    with pytest.raises(TableError, match="line 2: rms_mean: 'a' is not a number"):
        read_text(tmp_path, "path,start,end,rms_mean\na.wav,0,1,a\nb.wav,0,1,b\nc.wav,0,1,2\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\n1,2\n\n3\n", r"t\.csv: line 4: y: missing: 1 fields, but the header has 2"),
        ("x,y\n1,2,3\n", r"t\.csv: line 2: field 3: '3' belongs to no column"),
        ("x,y,x\n1,2,3\n", r"t\.csv: line 1: duplicate column 'x'"),
        ('x,y\n1,2\n"3,4\n', r"t\.csv: line 3: unexpected end of data"),
        (b"x,y\n\x81\x00,2\n", r"t\.csv: not a table: it is not text"),
        (b"\xff\xfex,y", r"t\.csv: not UTF-8 text: save it as CSV in UTF-8"),
        ("a;b\nc;d\n", r"t\.csv: not a table of features: .*: a, b"),
    ],
)
def test_an_error_in_a_table_of_another_program_is_located(tmp_path, text, message):
    with pytest.raises(TableError, match=message):
        read_text(tmp_path, text)


def test_a_missing_key_is_named_with_a_suggestion(tmp_path):
    with pytest.raises(ParameterError, match=r"'filname': did you mean 'filename'\?"):
        read_text(tmp_path, OTHERS, keys=["filname"])


def test_a_byte_order_mark_is_not_part_of_the_first_name(tmp_path):
    table = read_text(tmp_path, b"\xef\xbb\xbfx,label\n1,a\n")
    assert table.feature_names == ["x"]


def test_a_table_without_keys_is_read(tmp_path):
    table = read_text(tmp_path, "x,y\n1,2\n3,4\n")
    assert len(table.data) == 2
    assert table.labels is None
    table.write(tmp_path / "b.csv")
    assert FeatureTable.read(tmp_path / "b.csv").values.tolist() == [[1, 2], [3, 4]]


def test_a_header_may_be_longer_than_a_mebibyte(tmp_path):
    names = [f"a_column_{'with_a_long_name_' * 20}{k}" for k in range(4000)]
    path = tmp_path / "a.csv"
    path.write_text(",".join(names) + "\n" + ",".join("1" * len(names)) + "\n")
    assert path.stat().st_size > 2**20
    assert FeatureTable.read(path).feature_names == names


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_row_that_is_too_long_is_located_with_any_delimiter(tmp_path, delimiter):
    with pytest.raises(TableError, match="line 2: field 3: '3' belongs to no column: 3 fields"):
        read_text(tmp_path, "a,b\n1,2,3\n4,5,6\n".replace(",", delimiter))


def test_a_header_of_several_rows_is_refused(tmp_path):
    text = "feature,mfcc,mfcc,mfcc\nstatistic,mean,std,max\nnumber,01,01,01\n2,1,2,3\n"
    with pytest.raises(
        TableError, match="line 1: the header has several rows, because line 2 has no numbers"
    ):
        read_text(tmp_path, text)


def test_a_model_reads_a_column_in_the_same_way_as_in_training(tmp_path):
    rng = np.random.default_rng(0)
    values = rng.uniform(1, 9, size=(40, 2)).round(3)
    data = pd.DataFrame(values, columns=["a", "b"]).assign(label=np.repeat(["x", "y"], 20))
    data["b"] = data["b"].round(1)
    data.to_csv(tmp_path / "t.csv", sep=";", decimal=",", index=False)
    result = featkit.train(tmp_path / "t.csv", model="logistic", folds=2)
    result.model.columns.remove("b")
    assert result.model.read(tmp_path / "t.csv").values.tolist() == data[["a"]].to_numpy().tolist()
