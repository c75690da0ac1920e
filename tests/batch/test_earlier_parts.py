"""A checkpoint that version 0.1.0 wrote is resumed, and nothing is analysed again."""

import json
import shutil
import sqlite3
import wave
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import featkit
from featkit.batch._rows import Rows

EARLIER = Path(__file__).parents[1] / "data" / "earlier"
COUNT = 4


def write_recordings(folder):
    """The recordings of the checkpoint, in integer arithmetic: the same bytes everywhere."""
    for k in range(COUNT):
        label, period = (("low", 80), ("high", 20))[k % 2]
        n = np.arange(2 * 8000, dtype=np.int64)
        y = ((n * 65536 // (period + k)) % 65536 - 32768) // 4
        y += ((n * (7919 + k) * 104729) % 4001 - 2000) // (k + 2)
        file = folder / label / f"{label}_{k}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(file), "wb") as stream:
            stream.setnchannels(1)
            stream.setsampwidth(2)
            stream.setframerate(8000)
            stream.writeframes(y.astype("<i2").tobytes())


def stored(query):
    file = f"file:{EARLIER / 'table.parquet.parts'}?immutable=1"
    with closing(sqlite3.connect(file, uri=True)) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def earlier_versions(monkeypatch):
    """The versions of packages and decoders that the checkpoint was made with."""
    ((text,),) = stored("SELECT text FROM settings")
    packages = json.loads(text)["versions"]
    decoders = dict(stored("SELECT DISTINCT decoder, version FROM contents"))
    monkeypatch.setattr("featkit.batch._provenance._version", packages.get)
    for module in ("_provenance", "_checkpoint"):
        monkeypatch.setattr(f"featkit.batch.{module}.versions", lambda: decoders)


@pytest.mark.usefixtures("earlier_versions")
def test_a_checkpoint_of_an_earlier_version_is_resumed(tmp_path):
    write_recordings(tmp_path / "recordings")
    output = tmp_path / "table.parquet"
    shutil.copy(EARLIER / "table.parquet.parts", f"{output}.parts")
    extraction = featkit.extract(
        tmp_path / "recordings",
        output=output,
        features=EARLIER / "set.toml",
        labels="folder",
        segment=0.5,
        n_jobs=1,
    )
    assert (extraction.resumed, extraction.files) == (COUNT, COUNT)
    assert (extraction.seconds, extraction.remarks, extraction.failures) == (0, [], [])
    table, expected = extraction.table, featkit.FeatureTable.read(EARLIER / "table.parquet")
    assert table.data.columns.tolist() == expected.data.columns.tolist()
    for column in table.data.columns:
        assert table.data[column].tolist() == expected.data[column].tolist()
    np.testing.assert_array_equal(table.values.view(np.uint64), expected.values.view(np.uint64))


def test_rows_have_the_bytes_of_earlier_versions():
    blobs = [blob for (blob,) in stored("SELECT rows FROM contents")]
    assert len(blobs) == COUNT
    features = len(featkit.feature_set(EARLIER / "set.toml").columns)
    for blob in blobs:
        rows = Rows.from_bytes(blob, features)
        assert rows.start.tolist() == [0.0, 0.5, 1.0, 1.5]
        assert rows.end.tolist() == [0.5, 1.0, 1.5, 2.0]
        assert rows.values.shape == (4, features)
        assert rows.to_bytes() == blob
