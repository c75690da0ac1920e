"""Metadata of recorders in stores, also from servers that cannot send parts of files."""

import pytest
import stores
from wave_chunks import wamd, write_wav

import featkit
from featkit.storage import _filesystem

fsspec = pytest.importorskip("fsspec")

SET = {"sample_rate": "native", "features": [{"family": "rms", "statistics": ["mean"]}]}


def serials(inputs):
    table = featkit.extract(inputs, features=SET, recorder="auto").table
    return list(table.keys["recorder_id"])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two recordings of a megabyte with metadata behind the samples, and one without."""
    for k in range(2):
        write_wav(tmp_path / "in" / f"{k}.wav", wamd({1: "SM4", 2: f"S4A0000{k}"}), seconds=60)
    write_wav(tmp_path / "in/plain.wav")
    monkeypatch.setattr(_filesystem, "FIRST_WAIT", 0.0)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "in"


def test_a_bucket_sends_parts(folder, bucket, monkeypatch):
    pytest.importorskip("s3fs")
    from s3fs.core import S3File

    store, sent = fsspec.filesystem("s3"), []
    store.put(str(folder), f"{bucket}/in", recursive=True)
    real = S3File._fetch_range

    def fetched(self, start, end):
        sent.append(end - start)
        return real(self, start, end)

    monkeypatch.setattr(S3File, "_fetch_range", fetched)
    assert serials(f"{bucket}/in") == ["S4A00000", "S4A00001", ""]
    assert 0 < sum(sent) < 600_000  # of two megabytes


def test_a_server_without_parts_sends_whole_files(folder):
    pytest.importorskip("aiohttp")
    with stores.http_server(folder) as address:
        files = [f"{address}/{name}.wav" for name in ("0", "1", "plain")]
        assert serials(files) == ["S4A00000", "S4A00001", ""]


def test_a_file_that_does_not_exist_fails_by_name(folder):
    pytest.importorskip("aiohttp")
    with stores.http_server(folder) as address:
        files = [f"{address}/0.wav", f"{address}/none.wav"]
        result = featkit.extract(files, features=SET, recorder="auto")
    assert list(result.table.keys["recorder_id"]) == ["S4A00000"]
    (failure,) = result.failures
    assert "none.wav" in failure.path
