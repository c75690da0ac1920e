"""Tables and a checkpoint that an earlier version wrote, without the newer quality columns."""

import json
import shutil
import sqlite3
import wave
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import featkit
from featkit.errors import WriteError

EARLIER = Path(__file__).parents[1] / "data" / "earlier"
COUNT = 4

NEWER = ["quality_level", "quality_bandwidth", "quality_format"]


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
    monkeypatch.setattr("featkit.batch._provenance.installed_version", packages.get)
    for module in ("_provenance", "checkpoint"):
        monkeypatch.setattr(f"featkit.batch.{module}.versions", lambda: decoders)


@pytest.fixture
def earlier_run(tmp_path):
    """A folder with the recordings and the checkpoint of the earlier run."""
    write_recordings(tmp_path / "recordings")
    shutil.copy(EARLIER / "table.parquet.parts", tmp_path)
    return tmp_path


def extract(folder, **options):
    return featkit.extract(
        folder / "recordings",
        output=folder / "table.parquet",
        features=EARLIER / "set.toml",
        labels="folder",
        segment=0.5,
        n_jobs=1,
        **options,
    )


@pytest.mark.usefixtures("earlier_versions")
def test_a_checkpoint_without_the_newer_quality_columns_is_refused(earlier_run):
    before = (earlier_run / "table.parquet.parts").read_bytes()
    reason = r"earlier version .* lack the columns quality_level, .* start over with --fresh"
    with pytest.raises(WriteError, match=reason):
        extract(earlier_run)
    assert (earlier_run / "table.parquet.parts").read_bytes() == before
    assert not (earlier_run / "table.parquet").exists()


def test_an_earlier_table_differs_from_a_new_one_in_the_newer_quality_columns(earlier_run):
    extraction = extract(earlier_run, fresh=True)
    assert (extraction.resumed, extraction.remarks, extraction.failures) == (0, [], [])
    for ending in ("parquet", "csv"):
        difference = featkit.diff(EARLIER / f"table.{ending}", extraction.table, rtol=1e-3)
        assert difference.columns_only_a == []
        assert difference.columns_only_b == NEWER
        assert (difference.rows, len(difference.columns), len(difference.keys)) == (16, 0, 0)


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_an_earlier_table_can_be_read_inspected_and_joined(earlier_run, ending):
    earlier = featkit.FeatureTable.read(EARLIER / f"table.{ending}")
    assert not {*NEWER} & {*earlier.quality}
    inspection = featkit.inspect(earlier)
    assert len(inspection.texts) == 0
    assert "quality_level" not in inspection.measures["measure"].tolist()
    new = extract(earlier_run, fresh=True).table
    joined = featkit.FeatureTable.of(pd.concat([earlier.data, new.data], ignore_index=True))
    assert joined.feature_names == new.feature_names
    assert joined.quality["quality_format"].tolist() == [""] * 16 + ["WAV PCM_16"] * 16
    assert np.isnan(joined.quality["quality_level"][:16]).all()
    np.testing.assert_array_equal(
        joined.quality["quality_bandwidth"][16:], new.quality["quality_bandwidth"]
    )
