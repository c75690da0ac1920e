"""Rows of annotated intervals are those of files cut by hand; intervals fail one by one."""

from itertools import pairwise

import numpy as np
import pytest
import soundfile
from annotating import (
    SMALL,
    check_against_hand_cut,
    cut_by_hand,
    same_rows,
    write_manifest,
)
from extracting import clip, same_bits, same_tables
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import featkit
from featkit import signals
from featkit.audio import streams
from featkit.audio.decoding.reader import Reader
from featkit.batch._annotated_rows import as_interval, gaps
from featkit.datasets.annotations import Annotation
from featkit.errors import ParameterError

SECONDS = 4.0
TIMES = [(1.0, 2.5), (0.25, 0.75), (2.0, 3.3333), (0.0, SECONDS), (1.0, 2.5), (3.90001, 4.0)]


def write_sound(file, rate, channels=1, **options):
    y = np.stack([signals.noise(rate, SECONDS, seed=k, amplitude=0.3) for k in range(channels)], 1)
    y += 0.3 * signals.sine(440.0, rate, SECONDS)[:, None]
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, y, rate, **options)
    return file


@pytest.fixture
def file(tmp_path):
    return write_sound(tmp_path / "a.wav", 8000)


def extract(file, rows, *, names=("path", "start", "end", "label"), **options):
    manifest = write_manifest(file.with_name("a.csv"), [(file.name, *row) for row in rows], names)
    return featkit.extract(manifest=manifest, **{"features": SMALL, **options})


FORMATS = [
    ("a.wav", 44100, 2, {"subtype": "PCM_16"}),
    ("a.wav", 8000, 1, {"subtype": "PCM_16"}),
    ("a.wav", 16000, 2, {"subtype": "FLOAT"}),
    ("a.aiff", 22050, 1, {"subtype": "PCM_24"}),
    ("a.flac", 48000, 1, {"subtype": "PCM_16"}),
    ("a.flac", 8000, 2, {"subtype": "PCM_24"}),
    ("a.mp3", 44100, 2, {}),
    ("a.mp3", 22050, 1, {}),
    ("a.ogg", 32000, 1, {}),
]


@pytest.mark.parametrize("longest", [2**23, 9000], ids=["in memory", "long"])
@pytest.mark.parametrize(("name", "rate", "channels", "options"), FORMATS)
def test_a_row_is_that_of_the_interval_cut_by_hand_to_the_bit(
    tmp_path, monkeypatch, name, rate, channels, options, longest
):
    file = write_sound(tmp_path / name, rate, channels, **options)
    monkeypatch.setattr(streams, "LONGEST_HELD", longest)
    table = check_against_hand_cut(file, TIMES, tmp_path / "cut").table
    same_bits(table.data[["start", "end"]], TIMES)
    assert table.data["path"].tolist() == [name] * len(TIMES)


@pytest.mark.parametrize("features", ["genre75", "standard"])
def test_rows_of_released_feature_sets_are_those_of_intervals_cut_by_hand(tmp_path, features):
    soundfile.write(tmp_path / "a.flac", clip(3, SECONDS), 22050, subtype="PCM_16")
    check_against_hand_cut(tmp_path / "a.flac", TIMES, tmp_path / "cut", features=features)


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    data=st.data(),
    longest=st.sampled_from([2**23, 20000, 3000]),
    rate=st.sampled_from([8000, 11025]),
)
def test_any_intervals_give_the_rows_of_files_cut_by_hand(tmp_path_factory, data, longest, rate):
    folder = tmp_path_factory.mktemp("any")
    file = write_sound(folder / "a.wav", rate)
    start = st.floats(0, SECONDS - 0.1)
    times = data.draw(
        st.lists(st.tuples(start, st.floats(0.05, 2.0)).map(lambda t: (t[0], sum(t))), min_size=1)
    )
    times = [(start, min(end, SECONDS)) for start, end in times]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "LONGEST_HELD", longest)
        patch.setattr("featkit.audio.interval_reading.BLOCK", 1777)
        check_against_hand_cut(file, times, folder / "cut")


def test_segments_of_an_interval_are_those_of_the_interval_cut_by_hand(tmp_path, monkeypatch):
    file = write_sound(tmp_path / "a.wav", 11025)
    options = {"segment": 0.5, "segment_hop": 0.3, "segment_tail": "keep", "features": SMALL}
    by_hand = featkit.extract(cut_by_hand(file, TIMES[:3], tmp_path / "cut"), **options).table
    for longest in (2**23, 5000):
        monkeypatch.setattr(streams, "LONGEST_HELD", longest)
        table = extract(file, TIMES[:3], names=("path", "start", "end"), **options).table
        same_rows(table, by_hand)
        starts = [TIMES[int(path[:4])][0] for path in by_hand.data["path"]]
        for name in ("start", "end"):
            np.testing.assert_allclose(table.keys[name], starts + by_hand.keys[name])


def test_each_file_is_decoded_once(file, monkeypatch):
    opened = []
    blocks = Reader.blocks
    monkeypatch.setattr(
        Reader, "blocks", lambda reader, *how: opened.append(reader) or blocks(reader, *how)
    )
    extract(file, [(*times, "x") for times in TIMES])
    assert len(opened) == 1


def test_rows_hold_times_bands_and_fields_in_the_order_of_the_manifest(tmp_path):
    for name in ("b.wav", "a.wav"):
        write_sound(tmp_path / name, 8000)
    rows = [
        ("b.wav", "2", "3", "100.5", "2000", "x", "ann"),
        ("a.wav", "", "", "", "", "y", "bob"),
        ("./b.wav", "", "1.5", "", "3000", "", "ann"),
        ("b.wav", "2", "", "", "", "z", "ann"),
    ]
    names = ("path", "start", "end", "low_hz", "high_hz", "label", "who")
    manifest = write_manifest(tmp_path / "m.csv", rows, names)
    table = featkit.extract(manifest=manifest, features=SMALL, n_jobs=1).table
    assert list(table.keys) == list(names)
    assert table.data["path"].tolist() == ["b.wav", "b.wav", "b.wav", "a.wav"]
    same_bits(table.data[["start", "end"]], [[2, 3], [0, 1.5], [2, 4], [0, 4]])
    same_bits(table.data["low_hz"], [100.5, np.nan, np.nan, np.nan])
    same_bits(table.data["high_hz"], [2000, 3000, np.nan, np.nan])
    assert table.data["label"].tolist() == ["x", "", "z", "y"]
    assert table.data["who"].tolist() == ["ann", "ann", "ann", "bob"]
    assert table.is_annotated
    for suffix in ("csv", "parquet"):
        table.write(tmp_path / f"t.{suffix}")
        again = featkit.FeatureTable.read(tmp_path / f"t.{suffix}")
        assert again.feature_names == table.feature_names
        same_bits(again.data[["low_hz", "high_hz"]], table.data[["low_hz", "high_hz"]])


def test_without_bands_there_are_no_columns_for_them(file):
    table = extract(
        file, [(0, 1, "", "x")], names=("path", "start", "end", "low_hz", "label")
    ).table
    assert list(table.keys) == ["path", "start", "end", "label"]


@pytest.mark.parametrize("longest", [2**23, 3000], ids=["in memory", "long"])
def test_intervals_fail_one_by_one_with_file_and_line(file, monkeypatch, longest):
    monkeypatch.setattr(streams, "LONGEST_HELD", longest)
    rows = [
        (1, 2, "good"),
        (2, 1, "reversed"),
        (1, 1, "empty"),
        (-0.5, 1, "negative"),
        (1, 1.03, "short"),
        (3, 4.1, "beyond"),
        (5, 6, "after"),
        (1e308, 1.1e308, "far after"),
        (3.97, "", "short at the end"),
        (4, "", "nothing"),
    ]
    extraction = extract(file, rows)
    assert extraction.table.labels.tolist() == ["good"]
    messages = {failure.message.partition("a.csv: ")[2] for failure in extraction.failures}
    assert {(failure.path, failure.stage) for failure in extraction.failures} == {
        ("a.wav", "interval")
    }
    frame = "is shorter than a frame (256 samples at 8000 Hz, 32 ms)"
    end = "beyond the end of the recording at 4 s: an annotation of another recording?"
    assert messages == {
        "line 3: the interval is reversed: it starts at 2 s, and ends at 1 s",
        "line 4: the interval is empty: it starts and ends at 1 s",
        "line 5: the interval starts at -0.5 s, before the beginning of the recording",
        f"line 6: the interval of 0.03 s {frame}",
        f"line 7: the interval ends at 4.1 s, {end}",
        f"line 8: the interval starts at 5 s, {end}",
        "line 9: the interval starts at 1e+308 s, beyond the end of any recording",
        f"line 10: the interval of 0.03 s {frame}",
        f"line 11: the interval starts at 4 s, {end}",
    }


def test_an_end_that_was_rounded_up_is_the_end_of_the_recording(tmp_path):
    soundfile.write(tmp_path / "a.wav", signals.noise(8000, 4.0)[:31970], 8000)
    extraction = extract(tmp_path / "a.wav", [(3, 4, "x"), (3, 4.01, "y"), (3, 3.996, "z")])
    same_bits(extraction.table.data["end"], [31970 / 8000, 3.996])
    assert "a.csv: line 3: the interval ends at 4.01 s, beyond" in extraction.failures[0].message


def test_an_interval_shorter_than_a_segment_fails_alone(file):
    extraction = extract(file, [(0, 0.5, "x"), (1, 2, "y")], segment=0.75)
    assert extraction.table.labels.tolist() == ["y"]
    (failure,) = extraction.failures
    assert failure.stage == "segment"
    assert "line 2: 0.5 s is shorter than one segment of 0.75 s" in failure.message


def test_a_recording_of_failed_intervals_has_no_rows(file):
    extraction = extract(file, [(2, 1, "x"), (7, 8, "y")])
    assert (len(extraction.table), len(extraction.failures)) == (0, 2)
    assert extraction.table.feature_names


def test_a_file_that_cannot_be_decoded_is_one_failure(tmp_path):
    write_sound(tmp_path / "a.wav", 8000)
    (tmp_path / "b.wav").write_text("no sound")
    rows = [("b.wav", 0, 1, "x"), ("a.wav", 0, 1, "x"), ("b.wav", 1, 2, "x"), ("c.wav", 1, 2, "x")]
    manifest = write_manifest(tmp_path / "m.csv", rows)
    extraction = featkit.extract(manifest=manifest, features=SMALL)
    assert [failure.path for failure in extraction.failures] == ["b.wav", "c.wav"]
    assert len(extraction.table) == 1


@pytest.mark.parametrize(
    ("end", "slack"), [(12.0, 400), (12.5, 400), (12.25, 40), (12.125, 4), (1e-7, 1), (1e22, 400)]
)
def test_an_end_may_exceed_the_recording_by_the_rounding_of_its_decimals(end, slack):
    assert as_interval(0.0, end, 8000.0).slack == slack


@pytest.mark.parametrize(
    ("start", "end", "problem"),
    [
        (np.nan, 1.0, "must be numbers"),
        (0.0, np.nan, "must be numbers"),
        (-np.inf, 1.0, "must be numbers"),
        (np.inf, np.inf, "must be numbers"),
        (0.0, -np.inf, "reversed"),
    ],
)
def test_times_that_are_no_interval_are_described(start, end, problem):
    assert problem in as_interval(start, end, 8000.0)


@pytest.mark.parametrize("option", [{"offset": 1}, {"duration": 1}, {"duration": 9, "pad": True}])
def test_excerpts_of_annotated_recordings_are_refused(file, option):
    with pytest.raises(ParameterError, match="cannot be used with annotations"):
        extract(file, [(0, 1, "x")], **option)


# Background


TIME = st.floats(0, 10, allow_nan=False)


@given(st.lists(st.tuples(TIME, TIME)))
def test_gaps_and_annotations_cover_all_time_and_do_not_overlap(times):
    annotations = [Annotation(start=start, end=end) for start, end in times]
    found = list(gaps(annotations))
    for moment in np.linspace(0.001, 10.001, 57):
        annotated = any(start <= moment < end for start, end in times)
        assert annotated != any(start <= moment < end for start, end in found)
    assert all(a[1] < b[0] for a, b in pairwise(found))


def test_the_time_between_annotations_is_background(file, tmp_path):
    rows = [(2, 3, "x"), (0.5, 1.5, "x"), (1, 1.75, "y"), (3.98, "", "z"), (3.5, 3.3, "z")]
    extraction = extract(file, rows, background="noise")
    table = extraction.table
    assert table.labels.tolist() == ["x", "x", "y", "noise", "noise", "noise"]
    expected = [[2, 3], [0.5, 1.5], [1, 1.75], [0, 0.5], [1.75, 2], [3, 3.98]]
    same_bits(table.data[["start", "end"]], expected)
    by_hand = featkit.extract(cut_by_hand(file, expected, tmp_path / "cut"), features=SMALL).table
    same_rows(table, by_hand)
    assert len(extraction.failures) == 2


def test_gaps_shorter_than_a_frame_and_tails_of_segments_are_left_out(file):
    rows = [(0, 1, "x"), (1.03, 2, "x"), (2.9, 3.98, "x")]
    table = extract(file, rows, background="noise").table
    same_bits(table.data[["start", "end"]].iloc[3:], [[2, 2.9]])
    extraction = extract(file, rows, background="noise", segment=0.4, segment_tail="keep")
    data = extraction.table.data[extraction.table.labels == "noise"]
    np.testing.assert_allclose(data[["start", "end"]], [[2, 2.4], [2.4, 2.8]])
    assert not extraction.failures


def test_annotations_of_another_recording_leave_no_background(file):
    extraction = extract(file, [(100.0, 101.0, "x"), (2.0, 1.0, "x")], background="noise")
    assert len(extraction.table) == 0
    assert [failure.stage for failure in extraction.failures] == ["interval", "interval"]
    some = extract(file, [(100.0, 101.0, "x"), (1.0, 2.0, "x")], background="noise")
    assert some.table.data["label"].tolist() == ["x", "noise", "noise"]


def test_fields_of_the_recording_hold_for_the_background(tmp_path):
    for name in ("a.wav", "b.wav"):
        write_sound(tmp_path / name, 8000)
    names = ("path", "start", "end", "label", "site", "note")
    rows = [
        ("a.wav", 1, 2, "x", "north", "1"),
        ("a.wav", 1, 3, "x", "north", "2"),
        ("b.wav", 0, 2, "x", "south", "3"),
    ]
    manifest = write_manifest(tmp_path / "m.csv", rows, names)
    data = featkit.extract(manifest=manifest, features=SMALL, background="noise").table.data
    assert data["label"].tolist() == ["x", "x", "noise", "noise", "x", "noise"]
    assert data["site"].tolist() == ["north"] * 4 + ["south"] * 2
    assert data["note"].tolist() == ["1", "2", "", "", "3", ""]


def test_annotations_that_where_drops_are_not_background(file):
    rows = [(0, 1, "x"), (1, 2, "y"), (2, 3, "x")]
    table = extract(file, rows, where={"label": "x"}, background="noise").table
    assert table.labels.tolist() == ["x", "x", "noise"]
    same_bits(table.data[["start", "end"]].iloc[2:], [[3, 4]])


def test_the_table_is_the_same_for_any_number_of_workers(tmp_path, monkeypatch):
    rows = []
    for k in range(6):
        write_sound(tmp_path / f"{k}.wav", 8000 + 1000 * k)
        rows += [(f"{k}.wav", start, end, str(k)) for start, end in TIMES]
    rows.append(("3.wav", 9, 10, "wrong"))
    manifest = write_manifest(tmp_path / "m.csv", rows)
    monkeypatch.chdir(tmp_path)
    alone = featkit.extract(manifest=manifest, features=SMALL, background="b")
    several = featkit.extract(
        manifest=manifest, features=SMALL, background="b", n_jobs=2, output="out.parquet"
    )
    same_tables(several.table, alone.table)
    assert several.table.labels.tolist() == alone.table.labels.tolist()
    assert several.failures == alone.failures
    assert several.table.provenance == alone.table.provenance
