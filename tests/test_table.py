"""The table: what is written is what is read, to the bit, and says where it came from."""

import errno
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

import featkit
from featkit import signals
from featkit.errors import FeatkitError, ParameterError, TableError
from featkit.table import METADATA_KEY, FeatureTable, replacing, table_format

ENDINGS = ["parquet", "csv"]

LABELS = ["NA", "1", "null", "x, y", 'a "quoted" one', "naïve", "None", "1e5", "True"]


def table_of(values, labels=None):
    count = len(values)
    data = {
        "path": [f"{k:03d}.wav" for k in range(count)],
        "start": np.zeros(count),
        "end": np.arange(count) / 3,
    }
    if labels is not None:
        data["label"] = labels
    return FeatureTable.of(pd.DataFrame(data | {"tempo": values, "rms_mean": values[::-1]}))


def awkward_values():
    """Numbers of every size that need all their digits, among them the ends of the range."""
    rng = np.random.default_rng(0)
    values = rng.standard_normal(500) * 10.0 ** rng.uniform(-300, 300, 500)
    ends = [0.0, -0.0, 0.1, 1 / 3, 5e-324, np.finfo(float).max, np.nan, np.nan, np.inf, -np.inf]
    return np.concatenate([ends, values])


def bits(series):
    values = np.asarray(series, dtype=np.float64)
    return np.where(np.isnan(values), np.uint64(0), values.view(np.uint64)), np.isnan(values)


@pytest.fixture(scope="module")
def extracted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    for name in ("NA", "1"):
        (folder / name).mkdir()
        y = signals.noise(22050, 0.5, seed=len(name))
        soundfile.write(folder / name / "a.wav", y, 22050)
    soundfile.write(folder / "1" / "silence.wav", np.zeros(11025), 22050)
    return featkit.extract(folder, labels="folder", n_jobs=1).table


@pytest.mark.parametrize("ending", ENDINGS)
def test_values_come_back_to_the_bit(tmp_path, ending):
    table = table_of(awkward_values())
    table.write(tmp_path / f"a.{ending}")
    back = FeatureTable.read(tmp_path / f"a.{ending}")
    assert list(back.data.columns) == list(table.data.columns)
    for name in ("start", "end", "tempo", "rms_mean"):
        assert back.data[name].dtype == np.float64
        for found, expected in zip(bits(back.data[name]), bits(table.data[name]), strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("ending", ENDINGS)
def test_text_stays_text(tmp_path, ending):
    data = table_of(np.arange(float(len(LABELS))), LABELS).data
    table = FeatureTable.of(data.assign(path=[f"{label}.wav" for label in LABELS]))
    table.write(tmp_path / f"a.{ending}")
    back = FeatureTable.read(tmp_path / f"a.{ending}")
    assert back.data["path"].tolist() == table.data["path"].tolist()
    assert back.labels.tolist() == LABELS


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_was_extracted_comes_back(tmp_path, extracted, ending):
    extracted.write(tmp_path / f"a.{ending}")
    back = FeatureTable.read(tmp_path / f"a.{ending}")
    assert back.labels.tolist() == ["1", "1", "NA"]
    assert back.feature_names == extracted.feature_names
    pd.testing.assert_frame_equal(back.features, extracted.features, check_exact=True)
    silence = back.data[back.data["path"] == "1/silence.wav"]
    assert silence["spectral_centroid_mean"].isna().all()
    assert (silence["rms_mean"] == 0).all()


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_table_without_rows_keeps_its_columns(tmp_path, extracted, ending):
    empty = FeatureTable.of(extracted.data.iloc[:0], extracted.provenance)
    empty.write(tmp_path / f"a.{ending}")
    back = FeatureTable.read(tmp_path / f"a.{ending}")
    assert len(back) == 0
    assert back.feature_names == extracted.feature_names


def test_features_are_what_is_not_a_key(extracted):
    assert len(extracted) == 3
    assert not {"path", "start", "end", "label"} & set(extracted.feature_names)
    assert list(extracted.features.columns) == extracted.feature_names
    assert (extracted.features.dtypes == np.float64).all()


def test_a_table_without_labels_has_none():
    assert table_of(np.zeros(2)).labels is None


# Where the numbers came from


def test_the_metadata_gives_the_feature_set_back(tmp_path, extracted):
    extracted.write(tmp_path / "a.parquet")
    provenance = FeatureTable.read(tmp_path / "a.parquet").provenance
    rebuilt = featkit.feature_set(provenance["feature_set"])
    assert rebuilt.fingerprint == provenance["fingerprint"]
    assert rebuilt.fingerprint == featkit.feature_set("standard").fingerprint
    assert list(rebuilt.column_names) == extracted.feature_names


def test_the_metadata_says_what_computed_the_numbers(tmp_path, extracted):
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
    assert provenance["decoder"] == soundfile.__libsndfile_version__
    assert provenance["resampler"] == "soxr HQ"
    assert provenance["excerpt"]["segment"] is None


def test_pandas_reads_it_too(tmp_path, extracted):
    extracted.write(tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "a.parquet"), extracted.data)


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_table_gives_the_same_bytes(tmp_path, extracted, ending):
    extracted.write(tmp_path / f"a.{ending}")
    first = (tmp_path / f"a.{ending}").read_bytes()
    extracted.write(tmp_path / f"b.{ending}")
    assert (tmp_path / f"b.{ending}").read_bytes() == first
    FeatureTable.read(tmp_path / f"a.{ending}").write(tmp_path / f"c.{ending}")
    assert (tmp_path / f"c.{ending}").read_bytes() == first


# Whole, or not at all


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_table_takes_the_place_of_an_older_one(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    path.write_text("old")
    table_of(np.zeros(2)).write(path)
    assert len(FeatureTable.read(path)) == 2
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_error_while_writing_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, ending):
    def half_written(table, target):
        target.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / f"a.{ending}"
    path.write_text("old")
    monkeypatch.setattr(FeatureTable, f"_write_{ending}", half_written)
    with pytest.raises(TableError, match=rf"a\.{ending}: cannot write it: No space left"):
        table_of(np.zeros(2)).write(path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_any_error_inside_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("old")

    def write():
        with replacing(path) as scratch:
            scratch.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


def test_until_it_is_whole_the_old_file_stands(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("old")
    with replacing(path) as scratch:
        scratch.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_folder_that_is_not_there_cannot_be_written_to(tmp_path, ending):
    with pytest.raises(TableError, match=rf"a\.{ending}: cannot write it"):
        table_of(np.zeros(2)).write(tmp_path / "no" / f"a.{ending}")


def test_a_folder_of_the_name_cannot_be_replaced(tmp_path):
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(TableError, match=r"a\.csv: cannot write it"):
        table_of(np.zeros(2)).write(tmp_path / "a.csv")
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


# Errors


@pytest.mark.parametrize("name", ["a.xlsx", "a", "csv", "a.parquet.gz"])
def test_another_ending_is_refused(tmp_path, name):
    with pytest.raises(ParameterError, match=r"a table ends in \.parquet or \.csv"):
        table_of(np.zeros(2)).write(tmp_path / name)
    with pytest.raises(ParameterError, match=r"a table ends in \.parquet or \.csv"):
        FeatureTable.read(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("name", "kind"), [("A.CSV", "csv"), ("a.b.Parquet", "parquet")])
def test_an_ending_is_known_in_any_case(name, kind):
    assert table_format(name) == kind


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_missing_table(tmp_path, ending):
    with pytest.raises(TableError, match=rf"a\.{ending}: no such file") as caught:
        FeatureTable.read(tmp_path / f"a.{ending}")
    assert isinstance(caught.value, FeatkitError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("ending", "content"),
    [
        ("parquet", b"path,tempo\na.wav,1\n"),
        ("parquet", b""),
        ("parquet", b"PAR1" + bytes(40) + b"PAR1"),
        ("csv", b""),
        ("csv", b"\xff\xfe\x00path"),
        ("csv", b"path,tempo\na,1\nb,2,3\n"),
        ("csv", b"a,b\n1,2\n"),
    ],
)
def test_what_is_not_a_table_is_said_not_to_be_one(tmp_path, ending, content):
    path = tmp_path / f"a.{ending}"
    path.write_bytes(content)
    with pytest.raises(TableError, match=rf"a\.{ending}: not a table"):
        FeatureTable.read(path)


def test_a_parquet_file_of_something_else_is_said_not_to_be_a_table(tmp_path):
    pq.write_table(pa.table({"x": [1, 2]}), tmp_path / "a.parquet")
    with pytest.raises(TableError, match="not a table of features: it has no column 'path'"):
        FeatureTable.read(tmp_path / "a.parquet")


@pytest.mark.parametrize("metadata", [b"{not json", b"[1, 2]", b"\xff"])
def test_metadata_that_is_damaged_is_said_to_be(tmp_path, metadata):
    schema = pa.schema({"path": pa.string()}, metadata={METADATA_KEY: metadata})
    pq.write_table(pa.table({"path": ["a.wav"]}, schema=schema), tmp_path / "a.parquet")
    with pytest.raises(TableError, match=r"a\.parquet: not a table"):
        FeatureTable.read(tmp_path / "a.parquet")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_folder_is_not_a_table(tmp_path, ending):
    (tmp_path / f"a.{ending}").mkdir()
    with pytest.raises(TableError, match=rf"a\.{ending}: not a table"):
        FeatureTable.read(tmp_path / f"a.{ending}")
