"""``featkit features`` and ``featkit describe``: listings of sets and columns."""

import re

import pytest
from command_line import SMALL_SET, error_line, run, run_process

import featkit


def test_the_feature_sets_are_listed():
    lines = run("features").stdout.splitlines()
    assert lines[0].split("\t") == ["name", "version", "columns", "sample rate", "title"]
    rows = {line.split("\t")[0]: line.split("\t") for line in lines[1:]}
    assert list(rows) == featkit.feature_sets()
    assert rows["genre75"][:4] == ["genre75", "1", "75", "22,050 Hz"]


def test_the_columns_of_a_set_are_listed_with_tabs_for_other_programs(tmp_path):
    done = run_process("features", "genre75", "--columns", cwd=tmp_path)
    assert done.stderr == ""
    header, *rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert header == ["column", "unit", "definition", "reference"]
    assert [row[0] for row in rows] == list(featkit.feature_set("genre75").column_names)
    assert len(rows) == 75
    assert all(len(row) == 4 and all(row) for row in rows)
    units = {row[0]: row[1] for row in rows}
    assert (units["tempo"], units["spectral_centroid_std"]) == ("BPM", "Hz")


def test_the_columns_of_a_file_are_listed(tmp_path):
    (tmp_path / "my.toml").write_text(SMALL_SET)
    lines = run("features", tmp_path / "my.toml", "--columns").stdout.splitlines()
    assert [line.split("\t")[0] for line in lines[1:]][-1] == "tempo"
    assert len(lines) == 8


def test_a_set_is_shown_with_its_note_and_by_descriptor():
    text = run("features", "fma518").stdout
    facts, _, rest = text.partition("\n\n")
    note, _, table = rest.rpartition("\n\n")
    assert "name\tfma518, version 2" in facts
    assert "sample rate\tnative" in facts
    assert "the full tracks" in note
    header, *rows = [line.split("\t") for line in table.splitlines()]
    assert header == ["descriptor", "unit", "components", "statistics", "definition"]
    assert [row[0] for row in rows][:2] == ["chroma_cens", "chroma_cqt"]
    assert ["mfcc", "dB", "20: 1, 2 … 20"] in [row[:3] for row in rows]
    assert all("mean" in row[3] for row in rows)


def test_a_family_used_twice_is_shown_twice(tmp_path):
    (tmp_path / "my.toml").write_text(
        "[[features]]\nfamily = 'mel_bands'\nn_bands = 20\nstatistics = ['mean']\n"
        "[[features]]\nfamily = 'mel_bands'\nstatistics = ['std']\n"
    )
    rows = run("features", tmp_path / "my.toml").stdout.rpartition("\n\n")[2].splitlines()[1:]
    assert [row.split("\t")[2:4] for row in rows] == [
        ["20: 1of20, 2of20 … 20of20", "mean"],
        ["40: 1, 2 … 40", "std"],
    ]


def test_columns_need_the_name_of_a_set():
    assert "needs the name of a feature set" in error_line("features", "--columns")


def test_an_unknown_set_is_wrong_usage():
    assert "did you mean 'standard'?" in error_line("features", "standart")


def test_a_column_is_described():
    described = dict(
        re.split(r" {2,}", line, maxsplit=1)
        for line in run("describe", "mfcc_3_mean").stdout.splitlines()
    )
    assert described["name"] == "mfcc_3_mean"
    assert described["family"] == "mfcc"
    assert described["index"] == "3"
    assert described["statistic"] == "mean"
    assert {"unit", "definition", "reference", "undefined"} <= described.keys()


@pytest.mark.parametrize("name", featkit.feature_set("genre75").column_names[::7])
def test_every_kind_of_column_is_described(name):
    column = featkit.describe(name)
    output = run("describe", name).stdout
    assert column.definition in output
    assert column.undefined in output


def test_an_unknown_column_is_wrong_usage():
    assert "unknown column 'mfc_3_mean'" in error_line("describe", "mfc_3_mean")
    assert "did you mean 'mean'?" in error_line("describe", "mfcc_3_meen")
