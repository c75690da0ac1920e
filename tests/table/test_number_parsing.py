"""Numbers in text: decimal commas, thousands separators, units and missing values."""

import hypothesis
import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st
from table_examples import read_text

from featkit.errors import TableError

# Private, because all formats share it, and no format reaches all of its cases.
from featkit.table._number_parsing import read_numbers
from featkit.table.feature_table import FeatureTable


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
def test_unambiguous_numbers_are_read(tmp_path, text, values):
    assert read_text(tmp_path, text).values.tolist() == values


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
def test_ambiguous_numbers_are_refused(tmp_path, text, cell):
    with pytest.raises(TableError, match=f"{cell} may be a decimal mark or separate thousands"):
        read_text(tmp_path, text)
    assert read_text(tmp_path, text, keys=["a"]).feature_names == ["b"]


@hypothesis.given(
    st.lists(st.floats(0.001, 1e7).map(lambda x: round(x, 3)), min_size=1, max_size=5),
    st.sampled_from([("{:,.3f}", "{}"), ("{:,.0f}", "{}"), ("{:.3f}", "{}"), ("{:g}", "{}")]),
    st.sampled_from([False, True]),
    st.sampled_from([None, ",", ";", "\t"]),
)
def test_no_number_is_wrong_by_a_factor_of_a_thousand(values, form, european, mark):
    import pyarrow as pa

    pattern, _ = form
    texts = [pattern.format(value) for value in values]
    true = [float(text.replace(",", "")) for text in texts]
    if european:
        texts = [text.translate(str.maketrans(".,", ",.")) for text in texts]
    column = pa.chunked_array([pa.array(texts)])
    try:
        numbers = read_numbers({"a": column}, required=["a"], row_name=str, delimiter=mark)["a"]
    except TableError:
        return
    if mark in (",", None) and european and not any("," in text for text in texts):
        return  # where commas are between fields, points are decimal points
    assert numbers.tolist() == true


@pytest.mark.parametrize("cell", ["44100 Hz", "12%", "1 234,5", "1'234", "5 dB", "$12"])
def test_numbers_with_units_and_other_separators_are_text_with_a_note(tmp_path, cell):
    table = read_text(tmp_path, f'a,b\n"{cell}",1\n"{cell}",2\n')
    assert table.feature_names == ["b"]
    assert table.notes[0].startswith(f"column 'a' is read as text: cells such as {cell!r} are")


@pytest.mark.parametrize("word", ["", " ", "?", "-", "NA", "NULL", "<NA>", "#N/A", "n/a", "."])
def test_words_for_missing_numbers_are_nan_in_files_and_dataframes(tmp_path, word):
    data = pd.DataFrame({"a": ["1.5", word, "2"], "b": [1, 2, 3]})
    data.to_csv(tmp_path / "t.csv", index=False)
    for table in (FeatureTable.of(data), FeatureTable.read(tmp_path / "t.csv")):
        np.testing.assert_array_equal(table.values, [[1.5, 1], [np.nan, 2], [2, 3]])
