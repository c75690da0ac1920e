"""The checkpoint: transactions, one run at a time, and replacement."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import numpy as np
import pytest
from extracting import extract, run_command
from hypothesis import given, settings
from hypothesis import strategies as st

import featkit
from featkit.batch._row_layouts import FeatureLayout
from featkit.batch._rows import Rows
from featkit.batch.checkpoint import open_checkpoint
from featkit.batch.file_identity import FileIdentity
from featkit.batch.outcomes import Outcome
from featkit.errors import ParameterError, WriteError
from featkit.schema import MEASURED_QUALITY


def test_a_single_recording_uses_the_checkpoint_of_an_earlier_batch(corpus):
    extract(corpus)
    one = corpus / "0" / "00.wav"
    with pytest.raises(ParameterError, match="feature set was genre75, version 1, is standard"):
        extract(one, features="standard")
    with closing(sqlite3.connect("out.parquet.parts")) as parts:
        stored = json.loads(parts.execute("SELECT text FROM settings").fetchone()[0])
    with open_checkpoint("out.parquet", {k: v for k, v in stored.items() if k != "parts"}):
        done = subprocess.run(
            [sys.executable, "-m", "featkit", "extract", one, "-o", "out.parquet"],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "another run is using this table" in done.stderr
    extraction = extract(one)
    assert (extraction.rows, extraction.resumed) == (1, 1)


def test_two_runs_do_not_mix(corpus):
    extract(corpus)
    with closing(sqlite3.connect("out.parquet.parts")) as parts:
        stored = json.loads(parts.execute("SELECT text FROM settings").fetchone()[0])
    with open_checkpoint("out.parquet", {k: v for k, v in stored.items() if k != "parts"}):
        done = run_command("--jobs", 1, status=1)
        fresh = run_command("--jobs", 1, "--fresh", status=1)
    for refused in (done, fresh):
        assert "out.parquet.parts: another run is using this table" in refused.stderr
    assert extract(corpus).resumed == 24


def test_a_damaged_checkpoint_is_refused_and_can_be_replaced(corpus):
    expected = extract(corpus).table
    with open("out.parquet.parts", "wb") as parts:
        parts.write(b"not what it was" * 1000)
    with pytest.raises(WriteError, match="start over with --fresh"):
        extract(corpus)
    again = extract(corpus, fresh=True)
    assert again.resumed == 0
    np.testing.assert_array_equal(again.table.values, expected.values)


def test_a_checkpoint_may_be_deleted(corpus):
    extract(corpus)
    os.unlink("out.parquet.parts")
    assert extract(corpus).resumed == 0


def test_a_checkpoint_with_all_bits_flipped_is_refused_and_can_be_replaced(corpus, tmp_path):
    out = tmp_path / "t.parquet"
    whole = featkit.extract(corpus, features="genre75", output=out, n_jobs=1).table
    parts = tmp_path / "t.parquet.parts"
    parts.write_bytes(bytes(byte ^ 0xFF for byte in parts.read_bytes()))
    with pytest.raises(WriteError, match="fresh"):
        featkit.extract(corpus, features="genre75", output=out, n_jobs=1)
    again = featkit.extract(corpus, features="genre75", output=out, n_jobs=1, fresh=True).table
    np.testing.assert_array_equal(again.values, whole.values)


def test_a_database_of_another_program_is_not_a_checkpoint(corpus, tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "t.parquet.parts")) as other:
        other.execute("CREATE TABLE settings (what INTEGER)")
        other.commit()
    with pytest.raises(WriteError, match="is not a checkpoint of featkit"):
        featkit.extract(corpus, features="genre75", output=tmp_path / "t.parquet", n_jobs=1)


# Transactions


TRANSACTIONS = 12


FEATURES = FeatureLayout(27)

WIDTH = 2 + len(MEASURED_QUALITY) + FEATURES.features
"""Numbers in a stored row: start and end, quality, and features."""


def finished(file, digest, number):
    """Outcome of a file whose single row has the same number in all its columns."""
    rows = Rows.from_bytes(np.full(WIDTH, number).tobytes(), FEATURES)
    return file, Outcome(rows, FileIdentity(digest, 1, "1 2 3"), "libsndfile", "WAV PCM_16")


@pytest.fixture(scope="module")
def torn(tmp_path_factory):
    """A checkpoint after its process was killed: a database and its log, not closed."""
    folder = tmp_path_factory.mktemp("torn")
    with open_checkpoint(folder / "a", {}) as checkpoint:
        for number in range(TRANSACTIONS):
            digests = [bytes([number, member]) * 16 for member in range(3)]
            checkpoint.save(
                finished(f"{number}-{member}", digest, number + 0.5)
                for member, digest in enumerate(digests)
            )
        for file in folder.glob("a.parts*"):
            shutil.copy(file, folder / file.name.replace("a.", "b."))
    return folder


@settings(max_examples=40)
@given(fraction=st.floats(0, 1))
def test_a_torn_log_loses_whole_transactions_from_its_end_only(torn, fraction):
    for file in torn.glob("b.parts*"):
        shutil.copy(file, torn / file.name.replace("b.", "c."))
    log = torn / "c.parts-wal"
    assert log.stat().st_size > 10_000
    os.truncate(log, round(fraction * log.stat().st_size))
    with open_checkpoint(torn / "c", {}) as checkpoint:
        stored_ids = [
            checkpoint.find_unchanged(f"{k}-{member}", "1 2 3")
            for k in range(TRANSACTIONS)
            for member in range(3)
        ]
        stored = [part for part in stored_ids if part is not None]
        assert stored_ids[: len(stored)] == stored
        assert len(stored) % 3 == 0
        loaded = checkpoint.load_rows(stored, FEATURES, annotated=[False] * len(stored))
        for place, (rows, file_format) in enumerate(loaded):
            assert len(rows) == 1
            np.testing.assert_array_equal(np.unique(rows.values), place // 3 + 0.5)
            assert rows.to_bytes() == np.full(WIDTH, place // 3 + 0.5).tobytes()
            assert file_format == "WAV PCM_16"
    if fraction == 1:
        assert len(stored) == 3 * TRANSACTIONS


def test_a_transaction_is_stored_completely_or_not_at_all(tmp_path):
    def killed():
        yield finished("a", b"a", 0.0)
        raise RuntimeError("killed here")

    with open_checkpoint(tmp_path / "a", {}) as checkpoint:
        with pytest.raises(RuntimeError):
            checkpoint.save(killed())
        assert checkpoint.find_unchanged("a", "1 2 3") is None
        assert not checkpoint.has_size(1)


def test_a_recording_with_more_rows_than_can_be_stored_is_an_error(tmp_path):
    with open_checkpoint(tmp_path / "a", {}) as checkpoint:
        checkpoint.connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 10_000)
        rows = Rows.from_bytes(bytes(8 * 2000 * WIDTH), FEATURES)
        outcome = Outcome(rows, FileIdentity(b"a", 1, "1 2 3"), "libsndfile")
        with pytest.raises(WriteError, match=r"has more rows than can be stored \(1 GB\)"):
            checkpoint.save([("a", outcome)])
