"""Parquet: metadata with the provenance, and tables of other programs."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

import featkit
from featkit.errors import TableError
from featkit.table.feature_table import FeatureTable
from featkit.table.provenance import METADATA_KEY


def test_the_metadata_contain_the_feature_set(tmp_path, extracted):
    extracted.write(tmp_path / "a.parquet")
    provenance = FeatureTable.read(tmp_path / "a.parquet").provenance
    rebuilt = featkit.feature_set(provenance["feature_set"])
    assert rebuilt.fingerprint == provenance["fingerprint"]
    assert rebuilt.fingerprint == featkit.feature_set("standard").fingerprint
    assert list(rebuilt.column_names) == extracted.feature_names


def test_the_metadata_record_the_origin_of_the_numbers(tmp_path, extracted):
    extracted.write(tmp_path / "a.parquet")
    metadata = pq.read_schema(tmp_path / "a.parquet").metadata
    provenance = json.loads(metadata[METADATA_KEY])
    assert provenance == extracted.provenance
    columns = {column["name"]: column for column in provenance["columns"]}
    assert list(columns) == extracted.feature_names
    assert columns["spectral_centroid_mean"]["unit"] == "Hz"
    assert columns["tempo"]["unit"] == "BPM"
    assert all(column["definition"] and column["undefined"] for column in columns.values())
    assert provenance["versions"]["featkit"] == featkit.__version__
    assert provenance["versions"]["numpy"] == np.__version__
    assert provenance["decoders"]["libsndfile"] == soundfile.__libsndfile_version__
    assert provenance["resampler"] == "soxr HQ"
    assert provenance["excerpt"]["segment"] is None


def test_pandas_reads_the_same_table(tmp_path, extracted):
    extracted.write(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "a.parquet"), extracted.data)


@pytest.mark.parametrize(
    "metadata", [b"{not json", b"[1, 2]", b"\xff", b'{"columns": 3}', b'{"columns": ["rms_mean"]}']
)
def test_damaged_metadata_are_refused(tmp_path, metadata):
    schema = pa.schema({"path": pa.string()}, metadata={METADATA_KEY: metadata})
    pq.write_table(pa.table({"path": ["a.wav"]}, schema=schema), tmp_path / "a.parquet")
    with pytest.raises(TableError, match=r"a\.parquet: not a table"):
        FeatureTable.read(tmp_path / "a.parquet")


def test_a_parquet_file_of_another_program_is_read(tmp_path):
    data = pd.DataFrame(
        {
            "file": ["a", "b", None],
            "loud": [True, False, True],
            "count": [1, 2, 3],
            "id": [7.0, 8.5, np.nan],
            "fold": [1, 2, 3],
            "kind": pd.Categorical(["x", "y", "x"]),
        },
        index=pd.Index([5, 6, 7], name="row"),
    )
    data.to_parquet(tmp_path / "a.parquet")
    table = FeatureTable.read(tmp_path / "a.parquet", keys=["id", "row"])
    assert table.feature_names == ["loud", "count"]
    assert table.values.tolist() == [[1, 1], [0, 2], [1, 3]]
    assert table.column("id").tolist() == ["7", "8.5", ""]
    assert table.column("fold").tolist() == ["1", "2", "3"]
    assert table.column("file").tolist() == ["a", "b", ""]
    assert table.column("row").tolist() == ["5", "6", "7"]
    assert table.column("kind").tolist() == ["x", "y", "x"]
    assert table.provenance == {}


def test_lists_and_bad_times_and_foreign_metadata_are_handled(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    lists = pa.table({"label": [["a"], ["b", "c"]], "x": [1.0, 2.0]})
    pq.write_table(lists, tmp_path / "lists.parquet")
    assert len(featkit.FeatureTable.read(tmp_path / "lists.parquet")) == 2
    times = pa.table({"path": ["a", "b"], "start": ["00:01", "00:02"], "x": [1.0, 2.0]})
    pq.write_table(times, tmp_path / "times.parquet")
    with pytest.raises(TableError, match="row 1: start: '00:01' is not a time"):
        featkit.FeatureTable.read(tmp_path / "times.parquet")
    metadata = {b"featkit": b'{"columns": [{"name": "x", "family": ["q"]}]}'}
    pq.write_table(lists.replace_schema_metadata(metadata), tmp_path / "told.parquet")
    with pytest.raises(TableError, match="not written by featkit"):
        featkit.FeatureTable.read(tmp_path / "told.parquet")
