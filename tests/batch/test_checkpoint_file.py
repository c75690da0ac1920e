"""A checkpoint that is damaged, foreign or hostile: the right table, or an error with its cause."""

import json
import os
import random
import shutil
import sqlite3
import time
from contextlib import closing

import numpy as np
import pytest
import soundfile

import featkit
from featkit import signals
from featkit.batch._checkpoint_schema import FORMAT, TABLES, TABLES_V2, TABLES_V3, checksum
from featkit.batch.file_identity import SETTLED
from featkit.errors import FeatkitError, ParameterError, WriteError
from featkit.executors import _forked, _in_process
from featkit.schema import MEASURED_QUALITY

SR = 8000


COUNT = 12


SMALL = {
    "name": "small",
    "sample_rate": "native",
    "features": [
        {"family": "rms", "statistics": ["mean", "std"]},
        {"family": "zero_crossing_rate", "statistics": ["mean"]},
    ],
}


WIDTH = 2 + len(MEASURED_QUALITY) + 3
"""Numbers in a stored row: start and end, quality, and the features of `SMALL`."""


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A finished run."""
    folder = tmp_path_factory.mktemp("done")
    (folder / "corpus").mkdir()
    for number in range(COUNT):
        y = signals.noise(SR, 0.2, seed=number)
        soundfile.write(folder / "corpus" / f"{number:02d}.wav", y, SR)
    time.sleep(SETTLED + 0.1)
    featkit.extract(folder / "corpus", features=SMALL, output=folder / "out.csv")
    return folder


@pytest.fixture
def kept(done, tmp_path, monkeypatch):
    """A copy of its checkpoint, and a run without workers"""
    here = lambda self, n_items, *, isolate: self  # noqa: E731
    monkeypatch.setattr(_in_process.InProcess, "suited", here)
    monkeypatch.setattr(_forked, "has_one_thread", lambda: False)
    monkeypatch.chdir(tmp_path)
    shutil.copy(done / "out.csv.parts", tmp_path)
    return tmp_path / "out.csv.parts"


def extract(done, **options):
    return featkit.extract(
        done / "corpus", **{"features": SMALL, "output": "out.csv", "n_jobs": 1, **options}
    )


def changed(kept, *statements):
    with closing(sqlite3.connect(kept)) as connection, connection:
        for statement, *values in statements:
            connection.execute(statement, *values)


def is_right(done):
    with open("out.csv", "rb") as written:
        return written.read() == (done / "out.csv").read_bytes()


# Damage


@pytest.mark.parametrize(("first", "last", "flips"), [(0, 100, 20), (100, 8192, 20), (0, -1, 30)])
def test_a_flipped_bit_anywhere_gives_the_same_table(done, kept, first, last, flips):
    whole = kept.read_bytes()
    rng = random.Random(first + flips)
    for _ in range(flips):
        content = bytearray(whole)
        at, bit = rng.randrange(first, last % len(whole)), rng.randrange(8)
        content[at] ^= 1 << bit
        kept.write_bytes(content)
        first_run = extract(done)
        assert is_right(done), (at, bit)
        second_run = extract(done)
        assert (second_run.resumed, second_run.remarks) == (COUNT, []), (at, bit)
        assert first_run.resumed == COUNT or first_run.remarks, (at, bit)


@pytest.mark.parametrize(
    ("there", "damaged"),
    [(b"contents_by_size", b"contents_by_s\xe9ze"), (b"version TEXT", b"version\xffTE\xceT")],
)
def test_a_checkpoint_whose_schema_is_not_text_is_computed_again(done, kept, there, damaged):
    content = kept.read_bytes()
    assert there in content
    kept.write_bytes(content.replace(there, damaged, 1))
    extract(done)
    assert is_right(done)


def test_after_a_flipped_bit_in_a_row_that_recording_alone_is_computed_again(done, kept):
    with closing(sqlite3.connect(kept)) as connection:
        (rows,) = connection.execute("SELECT rows FROM contents WHERE id = 3").fetchone()
    content = bytearray(kept.read_bytes())
    content[content.index(rows) + 50] ^= 4
    kept.write_bytes(content)
    again = extract(done)
    assert again.resumed == COUNT - 1
    assert again.remarks == ["out.csv.parts: 1 stored recording was damaged, and computed again"]
    assert is_right(done)


@pytest.mark.parametrize("place", range(4096, 24576, 4096))
def test_a_lost_page_gives_the_same_table(done, kept, place):
    content = bytearray(kept.read_bytes())
    content[place : place + 4096] = bytes(4096)
    kept.write_bytes(content)
    extract(done)
    assert is_right(done)
    assert extract(done).resumed == COUNT


@pytest.mark.parametrize("fraction", [0.01, 0.3, 0.6, 0.99])
def test_a_checkpoint_that_is_cut_gives_the_same_table(done, kept, fraction):
    os.truncate(kept, round(fraction * kept.stat().st_size))
    try:
        extract(done)
    except WriteError as error:
        assert fraction < 0.1, "too short to be recognised"
        assert "is not a checkpoint of featkit" in str(error)  # noqa: PT017
        extract(done, fresh=True)
    assert is_right(done)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE files SET content = content % 12 + 1",
        "UPDATE contents SET rows = (SELECT rows FROM contents AS o WHERE o.id = 13 - contents.id)",
        "UPDATE contents SET digest = (SELECT digest FROM contents AS o WHERE o.id % 12 + 1 ="
        " contents.id)",
        "UPDATE contents SET rows = 7",
        "UPDATE contents SET rows = 'text'",
        "UPDATE contents SET rows = x'01'",
        "UPDATE contents SET rows = zeroblob(30000000) WHERE id = 2",
        "UPDATE contents SET decoder = 'another', version = NULL",
        "UPDATE contents SET checksum = 'text', digest = 'text'",
        "UPDATE files SET stamp = 7, checksum = 1.5",
        "UPDATE settings SET text = '{}'",
        "UPDATE settings SET text = x'ff00'",
        "DELETE FROM settings",
        "INSERT INTO settings VALUES ('[', 'x')",
    ],
)
def test_values_that_do_not_match_their_checksum_are_computed_again(done, kept, change):
    changed(kept, (change,))
    extract(done)
    assert is_right(done)
    assert extract(done).resumed == COUNT


def test_rows_of_other_settings_are_not_taken_where_the_settings_were_lost(done, kept):
    changed(kept, ("DELETE FROM settings",))
    assert extract(done, offset=0.05).resumed == 0


# Hostile and foreign files


ENDLESS = "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n)"


@pytest.mark.parametrize(
    "changes",
    [
        ["CREATE TRIGGER t AFTER INSERT ON contents BEGIN DELETE FROM contents; END"],
        [
            "DROP TABLE contents",
            f"CREATE VIEW contents AS {ENDLESS} SELECT k AS id, x'00' AS digest, 1 AS size,"
            " 'libsndfile' AS decoder, '1' AS version, x'00' AS rows, x'00' AS checksum FROM n",
        ],
        ["DROP TABLE settings", f"CREATE VIEW settings AS {ENDLESS} SELECT k AS text FROM n"],
        ["ALTER TABLE files ADD COLUMN more AS (hex(zeroblob(400000000)))"],
        ["ALTER TABLE contents RENAME COLUMN rows TO other"],
        ["CREATE TABLE another (a)"],
        ["CREATE INDEX another ON contents (rows)"],
        ["ANALYZE"],
        ["DROP TABLE contents"],
        [
            "DROP TABLE files",
            "CREATE TABLE files (name TEXT, stamp INTEGER, content BLOB, checksum TEXT)",
        ],
    ],
)
def test_other_tables_than_ours_are_refused_before_anything_is_read(done, kept, changes):
    changed(kept, *((statement,) for statement in changes))
    before = kept.read_bytes()
    with pytest.raises(WriteError, match=r"is not a checkpoint of featkit .* --fresh"):
        extract(done)
    assert kept.read_bytes() == before
    assert not os.path.exists("out.csv")
    extract(done, fresh=True)
    assert is_right(done)


def test_a_database_of_another_program_is_refused_and_left_as_it_is(done, kept):
    kept.unlink()
    with closing(sqlite3.connect(kept)) as other, other:
        other.execute("CREATE TABLE moz_places (id INTEGER PRIMARY KEY, url TEXT)")
        other.execute("INSERT INTO moz_places (url) VALUES ('a')")
    before = kept.read_bytes()
    with pytest.raises(WriteError, match="is not a checkpoint of featkit"):
        extract(done)
    assert kept.read_bytes() == before


@pytest.mark.parametrize("content", [b"no database", b"x" * 10_000, b"SQLite format 3\0" * 999])
def test_a_file_that_is_no_database_is_refused(done, kept, content):
    kept.write_bytes(content)
    with pytest.raises(WriteError, match="is not a checkpoint of featkit"):
        extract(done)
    assert kept.read_bytes() == content
    extract(done, fresh=True)
    assert is_right(done)


def test_an_empty_file_is_a_checkpoint_of_nothing(done, kept):
    kept.write_bytes(b"")
    assert extract(done).resumed == 0
    assert is_right(done)


def test_a_checkpoint_of_a_later_version_is_refused(done, kept):
    changed(
        kept,
        (f"PRAGMA user_version = {FORMAT + 1}",),
        ("ALTER TABLE files ADD COLUMN more TEXT",),
    )
    with pytest.raises(WriteError, match="was written by a later version of featkit"):
        extract(done)


def test_settings_that_are_nested_without_end_are_refused(done, kept):
    text = '{"a":' + "[" * 50_000 + "]" * 50_000 + "}"
    changed(kept, ("UPDATE settings SET text = ?, checksum = ?", [text, checksum(text)]))
    try:
        extract(done)
    except FeatkitError as error:
        assert "nested too deeply" in str(error)  # noqa: PT017
    else:
        assert is_right(done)


def test_long_values_of_settings_are_shortened_in_messages(done, kept):
    text = json.dumps({"a": "b" * 100_000, "feature_set": ["no", "mapping"]})
    changed(kept, ("UPDATE settings SET text = ?, checksum = ?", [text, checksum(text)]))
    with pytest.raises(ParameterError, match="was made with other settings") as refused:
        extract(done)
    assert len(str(refused.value)) < 1000


def test_rows_of_another_width_are_refused_though_their_checksum_is_right(done, kept):
    with closing(sqlite3.connect(kept)) as connection, connection:
        (key,) = connection.execute("SELECT text FROM settings").fetchone()
        query = "SELECT digest, size, decoder, version, format FROM contents WHERE id = 1"
        values = [*connection.execute(query).fetchone(), bytes(8 * WIDTH + 3)]
        connection.execute(
            "UPDATE contents SET rows = ?, checksum = ? WHERE id = 1",
            [values[-1], checksum(key, *values)],
        )
    with pytest.raises(WriteError, match="rows of other values: start over with --fresh"):
        extract(done)


def test_pages_that_lead_in_circles_do_not_hang(done, kept):
    content = bytearray(kept.read_bytes())
    page = 4096
    with closing(sqlite3.connect(kept)) as connection:
        roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_master"))
    for name, kind in (("contents", 5), ("files", 2)):
        here = content[(roots[name] - 1) * page : roots[name] * page]
        cells = 300
        here[:12] = (
            bytes([kind, 0, 0])
            + cells.to_bytes(2, "big")
            + b"\x0c\x00\x00"
            + (roots[name].to_bytes(4, "big"))
        )
        for k in range(cells):
            here[12 + 2 * k : 14 + 2 * k] = (3072 + 3 * k % 900).to_bytes(2, "big")
        content[(roots[name] - 1) * page : roots[name] * page] = here
    kept.write_bytes(content)
    begin = time.monotonic()
    extract(done)
    assert time.monotonic() - begin < 20
    assert is_right(done)


@pytest.mark.parametrize("ending", ["", "-wal", "-journal", "-shm"])
@pytest.mark.parametrize("kind", ["folder", "pipe", "loop"])
def test_anything_but_a_regular_file_is_refused(done, kept, ending, kind):
    place = kept.with_name(kept.name + ending)
    place.unlink(missing_ok=True)
    if kind == "folder":
        place.mkdir()
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(place)
    for fresh in (False, True):
        with pytest.raises(WriteError, match=rf"out\.csv\.parts{ending}: (is a|cannot be opened)"):
            extract(done, fresh=fresh)


def test_a_checkpoint_that_is_a_link_is_written_to_its_target(done, kept):
    kept.rename("elsewhere")
    kept.symlink_to("elsewhere")
    assert extract(done).resumed == COUNT
    changed(kept, ("DELETE FROM settings",))
    assert extract(done).resumed == COUNT
    assert kept.is_symlink()


@pytest.mark.skipif(os.geteuid() == 0, reason="an administrator may write anywhere")
def test_a_checkpoint_without_write_permission_is_refused(done, kept):
    kept.chmod(0o400)
    with pytest.raises(WriteError, match="no permission to read and write it"):
        extract(done)


@pytest.mark.parametrize("ending", ["-wal", "-journal"])
@pytest.mark.parametrize("whose", ["another program's", "another checkpoint's", "noise"])
def test_the_log_of_another_database_beside_it_does_no_harm(done, kept, tmp_path, ending, whose):
    log = kept.with_name(kept.name + ending)
    if whose == "noise":
        log.write_bytes(random.Random(0).randbytes(20_000))
    else:
        (tmp_path / "other").mkdir()
        with closing(sqlite3.connect(tmp_path / "other" / "db", isolation_level=None)) as other:
            other.execute(f"PRAGMA journal_mode = {'WAL' if ending == '-wal' else 'PERSIST'}")
            if whose == "another program's":
                other.execute("CREATE TABLE a (b)")
            else:
                other.executescript(TABLES)
            other.execute("BEGIN")
            other.execute("CREATE TABLE c AS SELECT zeroblob(20000) AS z")
            shutil.copy(tmp_path / "other" / f"db{ending}", log)
    try:
        extract(done)
    except WriteError as error:
        assert "is not a checkpoint of featkit" in str(error)  # noqa: PT017
        extract(done, fresh=True)
    assert is_right(done)


# Earlier versions


def of_earlier_version(kept, tables):
    """The same checkpoint as an earlier version wrote it."""
    with closing(sqlite3.connect(kept)) as connection:
        (text,) = connection.execute("SELECT text FROM settings").fetchone()
        columns = "id, digest, size, decoder, version, rows, checksum"
        rows = connection.execute(f"SELECT {columns} FROM contents").fetchall()
        names = connection.execute("SELECT name, stamp, content, checksum FROM files").fetchall()
    kept.unlink()
    values = {"settings": [(text, b"1")], "contents": rows, "files": names}
    with closing(sqlite3.connect(kept)) as connection, connection:
        connection.executescript(tables)
        for table, lines in values.items():
            width = len(connection.execute(f"PRAGMA table_info({table})").fetchall())
            marks = ", ".join("?" * width)
            lines = [line[:width] for line in lines]
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", lines)


@pytest.mark.parametrize("tables", [TABLES_V2, TABLES_V3])
def test_a_checkpoint_of_an_earlier_version_is_refused_and_left_as_it_is(done, kept, tables):
    of_earlier_version(kept, tables)
    before = kept.read_bytes()
    reason = (
        r"^out\.csv\.parts: was written by an earlier version of featkit, whose rows lack the"
        r" columns quality_level, quality_bandwidth and quality_format: start over with --fresh"
        r" \(fresh=True\), or finish with that version$"
    )
    with pytest.raises(WriteError, match=reason):
        extract(done)
    assert kept.read_bytes() == before
    assert not os.path.exists("out.csv")
    assert extract(done, fresh=True).resumed == 0
    assert is_right(done)


# Checksums


def test_a_checksum_depends_on_types_and_boundaries():
    values = [(b"ab", b"c"), (b"a", b"bc"), (b"abc",), ("ab", b"c"), (None, b"c"), ("None", b"c")]
    values += [(1, 23), (12, 3), ("1", 23)]
    checksums = {checksum(key, *parts) for parts in values for key in ("", "x")}
    assert len(checksums) == 2 * len(values)


def test_checksums_take_little_time(tmp_path):
    """Checksums of 2000 rows of the usual width: far below 1 % of the time they take to compute."""
    rows = np.random.default_rng(0).normal(size=(2000, 88))
    begin = time.perf_counter()
    for row in rows:
        checksum("{}", b"d" * 32, 100, "libsndfile", "1.2.2", row.tobytes())
    assert time.perf_counter() - begin < 0.5
