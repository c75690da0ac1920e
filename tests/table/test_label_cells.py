"""Cells with several labels are split in one way everywhere."""

import pytest

from featkit.datasets.formats.jamendo import FORMAT
from featkit.errors import ParameterError
from featkit.table.label_cells import SEPARATOR, check_separator, split_labels


@pytest.mark.parametrize(
    ("cell", "separator", "labels"),
    [
        ("rock;live", ";", ["rock", "live"]),
        (" rock ; live ;; rock;", ";", ["rock", "live"]),
        ("rock;live", None, ["rock;live"]),
        ("genre---rock||mood/theme---dark", "||", ["genre---rock", "mood/theme---dark"]),
        ("rock live", " ", ["rock", "live"]),
        ("", ";", []),
        (" ; ;", ";", []),
    ],
)
def test_a_cell_is_split_into_distinct_labels_without_blanks(cell, separator, labels):
    assert split_labels(cell, separator) == labels


@pytest.mark.parametrize("separator", ["", None, 3])
def test_a_separator_is_a_text_that_is_not_empty(separator):
    with pytest.raises(ParameterError, match="label_separator"):
        check_separator(separator)


def test_the_tags_of_jamendo_are_such_cells(tmp_path):
    file = tmp_path / "autotagging.tsv"
    tags = "genre---rock\tinstrument---guitar\tmood/theme---dark"
    header = "TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS"
    file.write_bytes(f"{header}\r\nt_1\ta_1\tb_1\t14/214.mp3\t124.6\t{tags}\r\n".encode())
    (entry,) = FORMAT.read(file)
    assert split_labels(entry.fields["tags"], SEPARATOR) == tags.split("\t")
