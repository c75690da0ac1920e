"""Columns of field recorders, from names and from headers that are not trusted."""

import io
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wave_chunks import chunk, guano, info, wamd, write_wav

from featkit.datasets._wave_chunks import MAX_BYTES, read_chunks
from featkit.datasets.files import recording_at
from featkit.datasets.recorder import COLUMNS, RECORDERS, recorder_fields
from featkit.errors import ParameterError

COMMENT = (
    "Recorded at 19:17:30 10/12/2018 (UTC) by AudioMoth 24E144085F256CE6 at medium gain while"
    " battery state was 4.2V and temperature was 20.1C."
)


def values(path, recorder="auto"):
    """The columns of a file that have a value."""
    (fields,) = recorder_fields([recording_at(str(path), path.name)], recorder)
    assert list(fields) == list(COLUMNS)
    return {name: value for name, value in fields.items() if value}


def named(name, recorder="auto"):
    """The columns of a name, of a file that does not exist."""
    (fields,) = recorder_fields([recording_at(f"/nowhere/{name}", name)], recorder)
    return {column: value for column, value in fields.items() if value}


def test_the_recorders_are_found_by_their_files():
    assert list(RECORDERS) == ["audiomoth", "raven", "songmeter"]
    assert len({recorder.order for recorder in RECORDERS.values()}) == len(RECORDERS)


def test_an_unknown_recorder_is_an_error():
    with pytest.raises(ParameterError, match=r"unknown recorder 'audiomot': did you mean 'audiomo"):
        recorder_fields([], "audiomot")


@pytest.mark.parametrize("recorder", ["auto", *RECORDERS])
def test_a_file_without_metadata_has_empty_values_and_a_remark(tmp_path, recorder):
    files = [write_wav(tmp_path / name) for name in ("a.wav", "20190522_001500.wav")]
    listed = [recording_at(str(file), file.name) for file in files]
    remarks = []
    first, second = recorder_fields(listed, recorder, remarks)
    assert first == dict.fromkeys(COLUMNS, "")
    assert second["recorded_at"] == "2019-05-22T00:15:00"
    assert remarks == [
        f"recorder {recorder}: no metadata in the name or header of 1 of 2 files, such as a.wav"
    ]


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("recorder", ["auto", "audiomoth"])
def test_audiomoth_writes_a_sentence(tmp_path, place, recorder):
    tags = info(ICMT=COMMENT, IART="AudioMoth 24E144085F256CE6")
    where = {"before": [tags]} if place == "before" else {}
    file = write_wav(tmp_path / "x.wav", *([tags] if place == "after" else []), **where)
    assert values(file, recorder) == {
        "recorded_at": "2018-12-10T19:17:30+00:00",
        "recorder": "AudioMoth",
        "recorder_id": "24E144085F256CE6",
        "temperature": "20.1",
        "battery": "4.2",
        "recorder_gain": "medium",
    }


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        (
            "Recorded at 00:00:00 11/05/2026 (UTC-7) by AudioMoth 242A2605648965BB at high gain"
            " while battery was greater than 4.9V and temperature was 13.3C.",
            {
                "recorded_at": "2026-05-11T00:00:00-07:00",
                "recorder_gain": "high",
                "battery": ">4.9",
                "temperature": "13.3",
            },
        ),
        (
            "Recorded at 05:30:00.250 01/07/2022 (UTC+5:30) during deployment 001A2B3C4D5E6F70"
            " using external microphone at low-medium gain while battery was less than 2.5V and"
            " temperature was -5.0C. Amplitude threshold was 256. Band-pass filter applied with"
            " cut-off frequencies of 1.0kHz and 8.0kHz.",
            {
                "recorded_at": "2022-07-01T05:30:00.250+05:30",
                "site": "001A2B3C4D5E6F70",
                "recorder_gain": "low-medium",
                "battery": "<2.5",
                "temperature": "-5.0",
            },
        ),
        (
            "Recorded at 12:00:00 01/02/2018 (UTC) by AudioMoth 0FE081F80FE081F0 at gain setting 2"
            " while battery state was > 4.9V",
            {
                "recorded_at": "2018-02-01T12:00:00+00:00",
                "recorder_gain": "2",
                "battery": ">4.9",
                "temperature": None,
            },
        ),
        (
            "Recorded at 12:00:00 01/02/2018 by AudioMoth 0FE081F80FE081F0.",
            {"recorded_at": "2018-02-01T12:00:00", "recorder_id": "0FE081F80FE081F0"},
        ),
        (
            "Recorded at 09:30:00 14/04/2025 (UTC-02:30) by AudioMoth 2495F30155D8D1AC at low gain"
            " while battery state was <2.5V and temperature was -1.2C during deployment"
            " 0FE081F80FE081F8.",
            {
                "recorded_at": "2025-04-14T09:30:00-02:30",
                "battery": "<2.5",
                "temperature": "-1.2",
                "recorder_id": "2495F30155D8D1AC",
                "site": "0FE081F80FE081F8",
            },
        ),
        ("Recorded at 25:00:00 31/02/2018 (UTC) by AudioMoth", {"recorded_at": None}),
        ("Recorded at 10:00:00 01/02/2018 (UTC+99) by AudioMoth", {"recorded_at": None}),
        ("AudioMoth: temperature was 999.0C and battery was 4.2V", {"temperature": None}),
    ],
)
def test_comments_differ_between_versions(tmp_path, comment, expected):
    own = values(write_wav(tmp_path / "x.wav", info(ICMT=comment)), "audiomoth")
    for name, value in expected.items():
        assert own.get(name) == value, name


def test_the_artist_has_the_serial_number_that_a_deployment_hides(tmp_path):
    tags = info(
        ICMT="Recorded at 10:00:00 15/05/2021 (UTC) during deployment 0000000000000001 at medium"
        " gain while battery was 4.5V and temperature was 21.1C.",
        IART="AudioMoth 249BC3055C02FE06",
    )
    own = values(write_wav(tmp_path / "x.wav", tags))
    assert (own["recorder_id"], own["site"]) == ("249BC3055C02FE06", "0000000000000001")


ITEMS = {
    0x01: "SM4",
    0x02: b"S4A03895\0\0",
    0x04: "MARSH",
    0x05: "2019-05-22 00:15:00.250+02:00",
    0x06: "WGS84,42.38210,N,71.17350,W,12.5",
    0x12: "INT",
    0x15: "12.3C",
    0x16: "9.5C",
}


def test_song_meter_writes_wamd(tmp_path):
    expected = {
        "recorded_at": "2019-05-22T00:15:00.250+02:00",
        "recorder": "SM4",
        "recorder_id": "S4A03895",
        "site": "MARSH",
        "latitude": "42.38210",
        "longitude": "-71.17350",
        "temperature": "12.3",
    }
    for recorder in ("auto", "songmeter"):
        assert values(write_wav(tmp_path / "x.wav", wamd(ITEMS)), recorder) == expected


def test_wamd_of_another_version_is_not_read(tmp_path):
    file = write_wav(tmp_path / "S4A03895_20190522_001500.wav", wamd(ITEMS, version=2))
    assert values(file) == {
        "recorded_at": "2019-05-22T00:15:00",
        "recorder": "SM4",
        "recorder_id": "S4A03895",
    }


@pytest.mark.parametrize(
    "place",
    ["WGS84,91.0,N,71.0,W", "WGS84,1,X,2,E", "NAD27,1,N,2,E", "WGS84,nan,N,1,E", "WGS84,1", ""],
)
def test_impossible_places_are_missing(tmp_path, place):
    own = values(write_wav(tmp_path / "x.wav", wamd({0x01: "SM3", 0x06: place})))
    assert own == {"recorder": "SM3"}


GUANO = """GUANO|Version:  1.0

Timestamp: 2012-03-29T03:58:01+04:00
Make: Wildlife Acoustics, Inc.
Model: Song Meter Mini
Serial: SMM01234
Loc Position: 37.1878016 -86.1057312
Temperature Int: 23.25
WA|Song Meter|Prefix: POND
WA|Song Meter|Audio settings: [{"rate":24000,"gain":18}]
Note: two: colons
"""


def test_guano_is_read(tmp_path):
    assert values(write_wav(tmp_path / "x.wav", guano(GUANO))) == {
        "recorded_at": "2012-03-29T03:58:01+04:00",
        "recorder": "Song Meter Mini",
        "recorder_id": "SMM01234",
        "site": "POND",
        "latitude": "37.1878016",
        "longitude": "-86.1057312",
        "temperature": "23.25",
        "recorder_gain": "18",
    }
    other = GUANO.replace("Wildlife Acoustics, Inc.", "Pettersson").replace("WA|", "PET|")
    own = values(write_wav(tmp_path / "y.wav", before=[guano(other)]))
    assert own["recorder"] == "Song Meter Mini"
    assert "recorder_gain" not in own
    plain = GUANO.replace("GUANO|Version:  1.0\n", "")
    assert values(write_wav(tmp_path / "z.wav", guano(plain))) == {}


def test_a_song_meter_mini_writes_its_serial_number_as_prefix_and_short_offsets(tmp_path):
    text = GUANO.replace("2012-03-29T03:58:01+04:00", "2020-10-17 13:05:00+1:00")
    text = text.replace("Prefix: POND", "Prefix: SMM01234").replace(
        '[{"rate":24000,"gain":18}]', '[{"rate":48000,"gain":6},{"rate":48000,"gain":18}]'
    )
    own = values(write_wav(tmp_path / "x.wav", guano(text)))
    assert own["recorded_at"] == "2020-10-17T13:05:00+01:00"
    assert own["recorder_gain"] == "6,18"
    assert "site" not in own


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("20190522_001500.WAV", {"recorded_at": "2019-05-22T00:15:00"}),
        ("20190522_001500T.WAV", {"recorded_at": "2019-05-22T00:15:00"}),
        ("MARSH_20190522$001500.wav", {"recorded_at": "2019-05-22T00:15:00", "site": "MARSH"}),
        (
            "A-1_20190522_001500-0400.wav",
            {"recorded_at": "2019-05-22T00:15:00-04:00", "site": "A-1"},
        ),
        ("20190522T001500+1000_REC.wav", {"recorded_at": "2019-05-22T00:15:00+10:00"}),
        ("pond_2019-05-22_00-15-00.flac", {"recorded_at": "2019-05-22T00:15:00", "site": "pond"}),
        ("20190522T001500Z.wav", {"recorded_at": "2019-05-22T00:15:00+00:00"}),
        (
            "24F3190361DA3578_20220101_000000.WAV",
            {
                "recorded_at": "2022-01-01T00:00:00",
                "recorder": "AudioMoth",
                "recorder_id": "24F3190361DA3578",
            },
        ),
        ("5B1A2C3D.WAV", {"recorded_at": "2018-06-08T07:11:57+00:00", "recorder": "AudioMoth"}),
        (
            "S4A03895_20190522_001500.wav",
            {
                "recorded_at": "2019-05-22T00:15:00",
                "recorder": "SM4",
                "recorder_id": "S4A03895",
            },
        ),
        ("20190522_001500-0001.wav", {"recorded_at": "2019-05-22T00:15:00"}),  # a counter
        ("20190522_001500-9999.wav", {"recorded_at": "2019-05-22T00:15:00"}),
        ("20190522_001500+0545.wav", {"recorded_at": "2019-05-22T00:15:00+05:45"}),
        ("00190522_001500.wav", {}),
        ("99990522_001500.wav", {}),
        ("20191322_001500.wav", {}),
        ("20190522_0015007.wav", {}),
        ("12345678.wav", {}),
        ("blues.00000.wav", {}),
        ("03a01Fa.wav", {}),
    ],
)
def test_names_hold_a_time(name, expected):
    assert named(name) == expected


def test_channels_of_the_sm3_are_no_part_of_the_site():
    own = named("POND_0+1_20190522_001500.wav", "songmeter")
    assert own == {"recorded_at": "2019-05-22T00:15:00", "site": "POND"}


def test_the_header_precedes_the_name(tmp_path):
    own = values(write_wav(tmp_path / "20000101_000000.wav", info(ICMT=COMMENT)))
    assert own["recorded_at"] == "2018-12-10T19:17:30+00:00"


def test_files_of_archives_are_read(tmp_path):
    write_wav(tmp_path / "x.wav", wamd(ITEMS))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(tmp_path / "x.wav", "in/x.wav")
    pytest.importorskip("fsspec")
    recording = recording_at(f"zip://in/x.wav::{tmp_path}/all.zip", "x.wav")
    (fields,) = recorder_fields([recording], "auto")
    assert fields["recorder_id"] == "S4A03895"
    (fields,) = recorder_fields(
        [recording_at(f"zip://no.wav::{tmp_path}/all.zip", "no.wav")], "auto"
    )
    assert set(fields.values()) == {""}


def test_text_that_is_not_valid_is_missing(tmp_path):
    items = {0x01: b"\xff\xfe", 0x02: "A\x1b[31m", 0x04: "x" * 500, 0x05: "yesterday"}
    assert values(write_wav(tmp_path / "x.wav", wamd(items)), "songmeter") == {}


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"RIFF",
        b"RIFF\xff\xff\xff\xffWAVE",
        b"RIFF\0\0\0\0WAVE" + struct.pack("<4sI", b"wamd", 0xFFFFFFFF) + b"\0\0\2\0\0\0\1\0",
        b"RIFF\0\0\0\0WAVE" + chunk(b"wamd", b"\0\0\xff\xff\xff\xff"),
        b"RIFF\0\0\0\0WAVE" + chunk(b"LIST", b"INFOICMT\xff\xff\xff\xffAudioMoth"),
        b"RIFF\0\0\0\0WAVE" + chunk(b"data", b"", 0xFFFFFFFF) + chunk(b"guan", b"GUANO|Version:1"),
        b"RF64\0\0\0\0WAVE" + chunk(b"ds64", b"\xff" * 28) + chunk(b"data", b"", 0xFFFFFFFF),
        b"RIFF\0\0\0\0WAVE" + 100_000 * chunk(b"junk", b""),
        b"fLaC" + b"\xff" * 100,
        b"OggS" + b"\0" * 100,
    ],
)
def test_malicious_headers_are_files_without_metadata(tmp_path, header):
    (tmp_path / "x.wav").write_bytes(header)
    assert values(tmp_path / "x.wav") == {}


def test_chunks_are_read_up_to_a_limit():
    stream = io.BytesIO(b"RIFF\0\0\0\0WAVE" + chunk(b"guan", b" " * (3 * MAX_BYTES)))
    assert len(read_chunks(stream, frozenset({b"guan"}))[b"guan"]) == MAX_BYTES


def test_sizes_of_rf64_are_in_a_chunk_of_their_own():
    size = struct.pack("<QQQI", 0, 4, 2, 0)
    parts = chunk(b"ds64", size) + chunk(b"data", b"abcd", 0xFFFFFFFF) + chunk(b"guan", b"x")
    found_chunks = read_chunks(
        io.BytesIO(b"RF64\xff\xff\xff\xffWAVE" + parts), frozenset({b"guan"})
    )
    assert found_chunks == {b"guan": b"x"}


@given(st.binary(max_size=300), st.sampled_from([b"LIST", b"wamd", b"guan"]), st.booleans())
def test_any_content_is_read_without_an_error(tmp_path_factory, content, name, begins):
    start = {b"LIST": b"INFO", b"wamd": b"\0\0\2\0\0\0\1\0", b"guan": b"GUANO|Version:1.0\n"}[name]
    file = tmp_path_factory.mktemp("any") / "x.wav"
    write_wav(file, chunk(name, (start if begins else b"") + content), seconds=0.001)
    for recorder in ("auto", *RECORDERS):
        (fields,) = recorder_fields([recording_at(str(file), "x.wav")], recorder)
        assert all(value.isprintable() and len(value) <= 100 for value in fields.values())
