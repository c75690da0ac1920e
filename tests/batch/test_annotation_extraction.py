"""Rows from the annotation files of other programs."""

import shutil

import numpy as np
import pytest
from annotation_writers import audacity, raven, textgrid
from extracting import clip, extract, same_tables, write_audio
from folders import write_file

import featkit
from featkit.errors import ParameterError

ROWS = [(0.25, 1.0, "wren"), (1.0, 1.5, 'say "ah"'), (1.75, 2.0, "wren")]
GAPS = [(0.0, 0.25, ""), (1.5, 1.75, ""), (2.0, 2.5, "")]


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """A folder of two recordings of 2.5 s; the working directory is above it."""
    monkeypatch.chdir(tmp_path)
    for k, name in enumerate(("dawn", "dusk")):
        write_audio(tmp_path / "corpus" / f"{name}.wav", clip(k, 2.5))
    return tmp_path / "corpus"


def write_all(folder, rows, names):
    """The same annotations in all formats, one folder each."""
    gaps = [(start, end, "") for start, end, _ in GAPS]
    for name in names:
        write_file(folder / "raven" / f"{name}.Table.1.selections.txt", raven(rows))
        write_file(folder / "audacity" / f"{name}.txt", audacity(rows))
        grid = textgrid({"events": sorted([*rows, *gaps])}, short=name == names[0])
        write_file(folder / "textgrid" / f"{name}.TextGrid", grid.encode("utf-16"))
    lines = [
        f'/x/{name}.wav,{start},{end},"{label.replace(chr(34), 2 * chr(34))}"'
        for name in names
        for start, end, label in rows
    ]
    header = "file,start,end,label"
    write_file(folder / "audformat" / "db.events.csv", "\n".join([header, *lines]) + "\n")
    paths = [line.removeprefix("/x/") for line in lines]
    write_file(folder / "manifest.csv", "\n".join(["path,start,end,label", *paths]) + "\n")
    return ["raven", "audacity", "textgrid", "audformat"]


def extract_in_memory(inputs, **options):
    return featkit.extract(inputs, features="genre75", **options)


def test_all_formats_give_the_table_of_a_manifest_with_these_intervals(corpus, tmp_path):
    formats = write_all(tmp_path / "all", ROWS, ["dawn", "dusk"])
    manifest = extract_in_memory(corpus, manifest=tmp_path / "all" / "manifest.csv")
    for name in formats:
        extraction = extract_in_memory(corpus, annotations=tmp_path / "all" / name)
        assert not extraction.failures
        assert extraction.remarks == []
        same_tables(extraction.table, manifest.table)
    assert list(manifest.table.keys["label"]) == [label for *_, label in ROWS] * 2


def test_the_formats_give_the_same_bytes_for_real_recordings(real_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for k, name in enumerate(("S4A03895_20190522_000000", "S4A03895_20190522_001500")):
        shutil.copy(real_data / "soundscape" / f"{name}.wav", write_file(tmp_path / "a" / "x", ""))
        (tmp_path / "a" / "x").rename(tmp_path / "a" / f"{k}.wav")
    tables = []
    for name in write_all(tmp_path / "all", ROWS, ["0", "1"]):
        extract("a", output=f"{name}.csv", annotations=tmp_path / "all" / name)
        tables.append((tmp_path / f"{name}.csv").read_bytes())
    assert len(set(tables)) == 1
    assert tables[0].count(b"\n") == 7


def test_what_is_left_out_is_a_remark_and_background_keeps_it(corpus):
    write_file(corpus / "dawn.txt", "0.5\t1.5\twren\n")
    write_file(corpus / "noon.txt", "0.5\t1.5\twren\n")
    extraction = extract_in_memory(corpus, annotations=corpus)
    assert list(extraction.table.keys["path"]) == ["dawn.wav"]
    first, second = extraction.remarks
    assert first.startswith("annotations of 1 recording that are not among the inputs left out")
    assert second.startswith("1 recording without annotations left out, such as dusk.wav")
    keys = extract_in_memory(corpus, annotations=corpus, background="none").table.keys
    rows = zip(keys["path"], keys["start"], keys["end"], keys["label"], strict=True)
    assert sorted(rows) == [
        ("dawn.wav", 0.0, 0.5, "none"),
        ("dawn.wav", 0.5, 1.5, "wren"),
        ("dawn.wav", 1.5, 2.5, "none"),
        ("dusk.wav", 0.0, 2.5, "none"),
    ]


def test_intervals_that_do_not_fit_are_failures_with_file_and_line(corpus):
    lines = ["0.5\t0.5\tpoint", "1\t0.5\treversed", "-1\t1\tearly", "1\t9\tlate", "0\t1e300\thuge"]
    file = write_file(corpus / "dawn.txt", "\n".join([*lines, "1\t2\tgood\n"]))
    extraction = extract_in_memory(corpus, annotations=file)
    assert list(extraction.table.keys["label"]) == ["good"]
    named = sorted(failure.message.split(": ")[1] for failure in extraction.failures)
    assert named == [f"line {k}" for k in range(1, 6)]
    assert all(str(file) in failure.message for failure in extraction.failures)


def test_selections_of_several_files_are_cut_from_the_right_one(corpus):
    extra = [("Begin File", ["dawn.wav", "dusk.wav"]), ("File Offset (s)", ["0.25", "0.5"])]
    file = write_file(corpus / "all.txt", raven([(0.25, 1, "a"), (3, 4, "b")], extra=extra))
    table = extract_in_memory(corpus, annotations=file).table
    assert list(table.keys["path"]) == ["dawn.wav", "dusk.wav"]
    assert list(table.keys["start"]) == [0.25, 0.5]
    assert list(table.keys["end"]) == [1.0, 1.5]
    write_audio(corpus / "by_hand.wav", clip(1, 2.5)[11025:33075])
    np.testing.assert_array_equal(
        extract_in_memory(corpus / "by_hand.wav").table.values, table.values[1:]
    )


def test_the_table_records_the_options(corpus):
    write_file(corpus / "labels" / "dawn.TextGrid", textgrid({"a": ROWS, "b": ROWS}, end=2.5))
    extraction = extract(corpus, annotations=[corpus / "labels"], tier="a", background="none")
    recorded = extraction.table.provenance["corpus"]
    assert recorded["annotations"] == ["labels"]
    assert (recorded["tier"], recorded["background"]) == ("a", "none")
    assert "annotation_label" not in recorded


def test_annotation_files_among_the_recordings_do_not_count_as_skipped(corpus):
    write_file(corpus / "dawn.txt", "0.5\t1.5\twren\n")
    write_file(corpus / "notes.txt", "nothing\n")
    assert extract_in_memory(corpus, annotations=corpus).left_out == {".txt": 1}
    assert extract_in_memory(corpus).left_out == {".txt": 2}
    (corpus / "notes.txt").unlink()
    assert extract_in_memory(corpus, annotations=corpus).left_out == {}


def test_the_options_exclude_others(corpus):
    file = write_file(corpus / "dawn.txt", "0.5\t1.5\twren\n")
    with pytest.raises(ParameterError, match="tier: requires annotations"):
        extract_in_memory(corpus, tier="words")
    manifest = write_file(corpus / "m.csv", "path,start,end,label\ndawn.wav,0,1,a\n")
    with pytest.raises(ParameterError, match=r"m\.csv has intervals of its own"):
        extract_in_memory(corpus, manifest=manifest, annotations=file)
    with pytest.raises(ParameterError, match=r"dawn\.csv"):
        extract(corpus, output=file.rename(corpus / "dawn.csv"), annotations=corpus / "dawn.csv")


def test_a_manifest_of_whole_recordings_may_have_annotations(corpus):
    file = write_file(corpus / "dawn.txt", "0.5\t1.5\twren\n")
    manifest = write_file(corpus / "m.csv", "path,site\ndawn.wav,forest\ndusk.wav,city\n")
    table = extract_in_memory(corpus, manifest=manifest, annotations=file, where={"label": "wren"})
    assert list(table.table.keys["site"]) == ["forest"]
