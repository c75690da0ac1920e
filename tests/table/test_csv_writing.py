"""Writing of CSV files: no text is written as a formula."""

import hypothesis
from hypothesis import strategies as st
from table_examples import assert_same, keyed_table

from featkit.table.csv_writing import escape_formula, unescape_formula
from featkit.table.feature_table import FeatureTable

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


FORMULAS = st.builds(
    str.__add__, st.sampled_from(["=", "+", "-", "@", "\t", "\r", "'", "''=", "＝"]), TEXTS
)


@hypothesis.given(TEXTS | FORMULAS)
def test_escaped_text_is_not_a_formula_and_can_be_unescaped(text):
    cell = escape_formula(text)
    assert unescape_formula(cell) == text
    assert cell[:1] not in {*"=@\t\r\n"}
    if cell[:1] in {*"+-"}:
        float(cell)


def test_no_formula_is_written_in_a_cell_or_a_header(tmp_path):
    data = keyed_table().data.assign(path=["=1+1.wav", "-x.wav"], label=["-1", "@sum"])
    table = FeatureTable.of(data.rename(columns={"take": "=cmd|' /C calc'!A0"}))
    table.write(tmp_path / "a.csv")
    header, *rows = (tmp_path / "a.csv").read_text().splitlines()
    assert ",'=cmd|' /C calc'!A0," in header
    assert rows[0].startswith("'=1+1.wav,0.0,1.0,-1,")
    assert rows[1].startswith("'-x.wav,0.0,1.0,'@sum,")
    assert_same(FeatureTable.read(tmp_path / "a.csv"), table)
