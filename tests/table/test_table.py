"""The table: what is written is what is read, to the bit, and says where it came from."""

import dataclasses
import errno
import json
import os

import hypothesis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
from hypothesis import strategies as st

import featkit
from featkit import signals
from featkit._utils.io import replacing
from featkit.audio.quality import Quality
from featkit.errors import FeatkitError, ParameterError, TableError, WriteError
from featkit.schema import COLUMNS, QUALITY
from featkit.table import writing
from featkit.table.delimited import bare, shielded
from featkit.table.feature_table import METADATA_KEY, FeatureTable, column_names, table_format

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
    assert provenance["decoders"]["libsndfile"] == soundfile.__libsndfile_version__
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
    def half_written(target, *_):
        target.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / f"a.{ending}"
    path.write_text("old")
    monkeypatch.setattr(writing, f"_write_{ending}", half_written)
    with pytest.raises(WriteError, match=rf"a\.{ending}: cannot write it: No space left"):
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
    with pytest.raises(WriteError, match=rf"a\.{ending}: cannot write it"):
        table_of(np.zeros(2)).write(tmp_path / "no" / f"a.{ending}")


def test_a_folder_of_the_name_cannot_be_replaced(tmp_path):
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(WriteError, match=r"a\.csv: cannot write it"):
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
        ("csv", b"\n\n"),
    ],
)
def test_what_is_not_a_table_is_said_not_to_be_one(tmp_path, ending, content):
    path = tmp_path / f"a.{ending}"
    path.write_bytes(content)
    with pytest.raises(TableError, match=rf"a\.{ending}: not a table"):
        FeatureTable.read(path)


@pytest.mark.parametrize(
    "metadata", [b"{not json", b"[1, 2]", b"\xff", b'{"columns": 3}', b'{"columns": ["rms_mean"]}']
)
def test_metadata_that_is_damaged_is_said_to_be(tmp_path, metadata):
    schema = pa.schema({"path": pa.string()}, metadata={METADATA_KEY: metadata})
    pq.write_table(pa.table({"path": ["a.wav"]}, schema=schema), tmp_path / "a.parquet")
    with pytest.raises(TableError, match=r"a\.parquet: not a table"):
        FeatureTable.read(tmp_path / "a.parquet")


@pytest.mark.parametrize(("ending", "cause"), [("parquet", "not a table"), ("csv", "cannot read")])
def test_a_folder_is_not_a_table(tmp_path, ending, cause):
    (tmp_path / f"a.{ending}").mkdir()
    with pytest.raises(TableError, match=rf"a\.{ending}: {cause}"):
        FeatureTable.read(tmp_path / f"a.{ending}")


# Keys


ABOUT = {
    "take": ["A", "B"],
    "fold": ["1", "007"],
    "split": ["train", ""],
    "group": ["NA", "null"],
    "label": ["1e5", "nan"],
}


def told_table():
    keys = ABOUT | {"path": ["a.wav", "b.wav"], "start": np.zeros(2), "end": np.ones(2)}
    return FeatureTable.of(pd.DataFrame(keys | {"rms_mean": [0.5, np.nan], "tempo": [1.0, 2.0]}))


def test_keys_come_first_in_their_order_and_others_after_them():
    names = ["path", "start", "end", "label", "group", "split", "fold", "take"]
    assert list(told_table().keys) == names
    assert list(told_table().data.columns) == [*names, "rms_mean", "tempo"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_keys_come_back_as_the_text_they_were(tmp_path, ending):
    told_table().write(tmp_path / f"a.{ending}")
    back = FeatureTable.read(tmp_path / f"a.{ending}")
    assert {name: back.column(name).tolist() for name in ABOUT} == ABOUT
    assert back.labels.tolist() == ["1e5", "nan"]
    assert back.feature_names == ["rms_mean", "tempo"]
    back.write(tmp_path / f"b.{ending}")
    assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


def test_all_keys_but_the_times_are_text_in_parquet(tmp_path):
    told_table().write(tmp_path / "a.parquet")
    schema = pq.read_schema(tmp_path / "a.parquet")
    texts = [name for name in schema.names if schema.field(name).type == pa.string()]
    assert texts == ["path", "label", "group", "split", "fold", "take"]


def test_a_column_that_is_missing_is_named_beside_those_that_are_there():
    with pytest.raises(TableError, match=r"unknown column 'grup': did you mean 'group'\?"):
        told_table().column("grup")


def test_rows_can_be_taken_by_number_and_by_mask():
    for which in (np.array([1]), np.array([False, True])):
        part = told_table().rows(which)
        assert part.column("take").tolist() == ["B"]
        assert part.values.tolist()[0][1] == 2.0


def test_a_name_that_stands_twice_is_refused():
    data = pd.DataFrame([[1.0, 2.0]], columns=["x", "x"])
    with pytest.raises(TableError, match="x: stands twice"):
        FeatureTable.of(data)


def test_a_feature_without_numbers_is_refused():
    data = told_table().data.assign(rms_mean=["much", "little"])
    with pytest.raises(TableError, match="row 1: rms_mean: 'much' is not a number"):
        FeatureTable.of(data)
    assert FeatureTable.of(data, keys=["rms_mean"]).feature_names == ["tempo"]


# Quality


SOUND = Quality(29.9, 44100.0, 2, 0.98, 0.0, 0.25, False, False, False, True, False)
SILENT = Quality(0.05, 8000.0, 1, 0.0, 0.0, 1.0, True, False, True, False, False)


def measured_table():
    quality = {
        column.name: np.array(values, dtype=column.dtype)
        for column, values in zip(COLUMNS, zip(SOUND, SILENT, strict=True), strict=True)
    }
    return dataclasses.replace(told_table(), quality=quality)


def same(one, other):
    """The same columns in the same order, with the same values of the same types."""
    pd.testing.assert_frame_equal(one.data, other.data, check_exact=True)
    assert one.feature_names == other.feature_names
    assert list(one.keys) == list(other.keys)
    assert {n: c.dtype for n, c in one.quality.items()} == {
        n: c.dtype for n, c in other.quality.items()
    }
    return True


def test_quality_stands_between_keys_and_features_and_is_neither():
    table = measured_table()
    names = [column.name for column in COLUMNS]
    assert list(table.quality) == names
    assert list(table.data.columns) == [*table.keys, *names, "rms_mean", "tempo"]
    assert not {*names} & {*table.keys, *table.feature_names, *table.features.columns}


@pytest.mark.parametrize("ending", ENDINGS)
def test_quality_comes_back_in_its_types(tmp_path, ending):
    measured_table().write(tmp_path / f"a.{ending}")
    back = FeatureTable.read(tmp_path / f"a.{ending}")
    assert same(back, measured_table())
    assert {name: str(column.dtype) for name, column in back.quality.items()} == QUALITY
    back.write(tmp_path / f"b.{ending}")
    assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


def test_flags_are_flags_in_files(tmp_path):
    measured_table().write(tmp_path / "a.parquet")
    schema = pq.read_schema(tmp_path / "a.parquet")
    assert schema.field("quality_silent").type == pa.bool_()
    assert schema.field("quality_channels").type == pa.int64()
    assert schema.field("quality_peak").type == pa.float64()
    measured_table().write(tmp_path / "a.csv")
    rows = (tmp_path / "a.csv").read_text().splitlines()
    assert ",29.9,44100.0,2,0.98,0.0,0.25,false,false,false,true,false," in rows[1]
    assert pd.read_csv(tmp_path / "a.csv")["quality_truncated"].tolist() == [True, False]


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_missing_of_the_quality_stays_missing(tmp_path, ending):
    joined = pd.concat([measured_table().data, told_table().data], ignore_index=True)
    table = FeatureTable.of(joined)
    assert table.quality["quality_silent"].tolist()[:2] == [0.0, 1.0]
    assert all(np.isnan(column[2:]).all() for column in table.quality.values())
    table.write(tmp_path / f"a.{ending}")
    assert same(FeatureTable.read(tmp_path / f"a.{ending}"), table)
    assert same(table.rows(np.arange(2)), measured_table())


def test_nobody_learns_from_quality(tmp_path):
    rng = np.random.default_rng(0)
    labels = np.repeat(["a", "b"], 20)
    data = pd.DataFrame(
        {
            "path": [f"{k}.wav" for k in range(40)],
            "start": 0.0,
            "end": 1.0,
            "label": labels,
            **dict.fromkeys(QUALITY, 1.0 * (labels == "b")),
            "rms_mean": rng.standard_normal(40),
        }
    )
    data.to_csv(tmp_path / "a.csv", index=False)
    result = featkit.train(tmp_path / "a.csv", model="logistic", folds=2)
    assert result.model.columns == ["rms_mean"]
    told = FeatureTable.read(tmp_path / "a.csv", keys=["quality_silent"])
    assert "quality_silent" not in told.quality
    assert list(told.keys["quality_silent"]) == ["0.0"] * 20 + ["1.0"] * 20


def test_only_columns_of_these_names_are_quality(tmp_path):
    table = read_text(tmp_path, "label,quality_peak,quality_score,quality\na,0.5,3,4\nb,1,4,5\n")
    assert list(table.quality) == ["quality_peak"]
    assert table.feature_names == ["quality_score", "quality"]


@pytest.mark.parametrize("cells", ["true,FALSE", "1,0", " True ,0.0"])
def test_flags_are_read_in_several_spellings(tmp_path, cells):
    one, two = cells.split(",")
    table = read_text(tmp_path, f"x,quality_short\n1,{one}\n2,{two}\n")
    assert table.quality["quality_short"].tolist() == [True, False]
    assert table.quality["quality_short"].dtype == bool


@pytest.mark.parametrize(
    ("name", "cell", "message"),
    [
        ("quality_short", "yes", r"a\.csv: line 2: quality_short: 'yes' is not a number"),
        ("quality_short", "2", r"a\.csv: quality_short: holds 2, where true and false"),
        ("quality_channels", "1.5", r"a\.csv: quality_channels: holds 1\.5, where whole numbers"),
        ("quality_channels", "inf", r"a\.csv: quality_channels: holds inf, where whole numbers"),
    ],
)
def test_quality_that_cannot_be_is_refused(tmp_path, name, cell, message):
    with pytest.raises(TableError, match=message):
        read_text(tmp_path, f"x,{name}\n1,{cell}\n")


def test_quality_without_numbers_is_refused():
    data = told_table().data.assign(quality_peak=["high", "low"])
    with pytest.raises(TableError, match="quality_peak: holds no numbers"):
        FeatureTable.of(data)


# Any text


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
FORMULAS = st.builds(
    str.__add__, st.sampled_from(["=", "+", "-", "@", "\t", "\r", "'", "''=", "＝"]), TEXTS
)


@hypothesis.given(st.lists(TEXTS | FORMULAS, min_size=1, max_size=6), st.sampled_from(ENDINGS))
def test_any_text_comes_back(tmp_path_factory, texts, ending):
    folder = tmp_path_factory.mktemp("any")
    count = len(texts)
    data = {"path": texts, "start": np.zeros(count), "end": np.ones(count), "label": texts[::-1]}
    table = FeatureTable.of(pd.DataFrame(data | {"rms_mean": np.arange(count) / 3}))
    table.write(folder / f"a.{ending}")
    assert same(FeatureTable.read(folder / f"a.{ending}"), table)


@hypothesis.given(TEXTS | FORMULAS)
def test_what_is_shielded_is_no_formula_and_comes_back(text):
    cell = shielded(text)
    assert bare(cell) == text
    assert cell[:1] not in {*"=@\t\r\n"}
    if cell[:1] in {*"+-"}:
        float(cell)


def test_no_formula_is_written_in_a_cell_or_a_header(tmp_path):
    data = told_table().data.assign(path=["=1+1.wav", "-x.wav"], label=["-1", "@sum"])
    table = FeatureTable.of(data.rename(columns={"take": "=cmd|' /C calc'!A0"}))
    table.write(tmp_path / "a.csv")
    header, *rows = (tmp_path / "a.csv").read_text().splitlines()
    assert ",'=cmd|' /C calc'!A0," in header
    assert rows[0].startswith("'=1+1.wav,0.0,1.0,-1,")
    assert rows[1].startswith("'-x.wav,0.0,1.0,'@sum,")
    assert same(FeatureTable.read(tmp_path / "a.csv"), table)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_folder_may_have_any_name(tmp_path, ending):
    for name in (os.fsdecode(b"caf\xe9"), "s3:", "日本"):
        folder = tmp_path / name
        folder.mkdir()
        told_table().write(folder / f"a.{ending}")
        assert FeatureTable.read(folder / f"a.{ending}").feature_names == told_table().feature_names


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_folder_is_no_table(ending):
    with pytest.raises(ParameterError, match="is a folder"):
        table_format(f"a.{ending}/")


@pytest.mark.parametrize("ending", ENDINGS)
def test_half_of_a_character_is_no_text(tmp_path, ending):
    keys = {**told_table().keys, "label": ["a", "b\ud800"]}
    table = dataclasses.replace(told_table(), keys=keys)
    with pytest.raises(TableError, match=r"b\\ud800' ends in half of"):
        table.write(tmp_path / f"a.{ending}")
    assert not list(tmp_path.iterdir())


def test_a_header_may_be_longer_than_a_mebibyte(tmp_path):
    names = [f"a_column_{'with_a_long_name_' * 20}{k}" for k in range(4000)]
    path = tmp_path / "a.csv"
    path.write_text(",".join(names) + "\n" + ",".join("1" * len(names)) + "\n")
    assert path.stat().st_size > 2**20
    assert FeatureTable.read(path).feature_names == names


# Tables that others made


OTHERS = """filename,length,chroma_stft_mean,rms_mean,tempo,label
blues.00000.wav,661794,0.35,0.13,123.05,blues
jazz.00054.wav,0661794,NA,nan,inf,NA
"""


def read_text(folder, text, **options):
    (folder / "a.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    return FeatureTable.read(folder / "a.csv", **options)


def test_a_table_of_somebody_else_is_read(tmp_path):
    table = read_text(tmp_path, OTHERS, keys=("filename", "length"))
    assert table.feature_names == ["chroma_stft_mean", "rms_mean", "tempo"]
    assert table.column("filename").tolist() == ["blues.00000.wav", "jazz.00054.wav"]
    assert table.column("length").tolist() == ["661794", "0661794"]
    assert table.labels.tolist() == ["blues", "NA"]
    np.testing.assert_array_equal(table.values, [[0.35, 0.13, 123.05], [np.nan, np.nan, np.inf]])
    assert list(table.data.columns)[:3] == ["label", "filename", "length"]


def test_all_numbers_are_features_where_nobody_says_otherwise(tmp_path):
    table = read_text(tmp_path, OTHERS)
    assert table.feature_names == ["length", "chroma_stft_mean", "rms_mean", "tempo"]
    assert list(table.keys) == ["label", "filename"]


def test_a_path_alone_does_not_make_a_table_featkits(tmp_path):
    table = read_text(tmp_path, "path,tempo,loudness\na.wav,120,-3\n")
    assert table.feature_names == ["tempo", "loudness"]


def test_beside_featkits_own_columns_others_are_keys(tmp_path):
    text = "path,start,end,take,rms_mean,Unnamed: 0\na.wav,0.0,1.0,02,0.5,7\n"
    table = read_text(tmp_path, text)
    assert table.feature_names == ["rms_mean"]
    assert table.column("take").tolist() == ["02"]


def test_columns_by_a_published_tables_names_are_known_without_metadata(tmp_path):
    soundfile.write(tmp_path / "a.wav", signals.noise(22050, 0.5), 22050)
    table = featkit.extract(tmp_path, features="gtzan57", n_jobs=1).table
    table.write(tmp_path / "a.csv")
    again = FeatureTable.read(tmp_path / "a.csv")
    assert again.feature_names == table.feature_names
    assert len(again.feature_names) == 57
    np.testing.assert_array_equal(again.values, table.values)


@pytest.mark.parametrize("null", ["", "NA", "N/A", "NaN", "nan", "null", "None", " "])
def test_what_stands_for_no_number(tmp_path, null):
    table = read_text(tmp_path, f"x,y\n1,2\n{null},3\n")
    np.testing.assert_array_equal(table.values, [[1, 2], [np.nan, 3]])


@pytest.mark.parametrize(
    ("text", "number"),
    [("-1e-3", -1e-3), ("+2.5", 2.5), (".5", 0.5), ("-inf", -np.inf), ("Infinity", np.inf)],
)
def test_numbers_are_written_in_many_ways(tmp_path, text, number):
    assert read_text(tmp_path, f"x,y\n{text},2\n").values[0, 0] == number
    with pytest.raises(TableError, match="line 3: x: 'err' is not a number"):
        read_text(tmp_path, f"x,y\n{text},2\nerr,2\n{text},2\n")


@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
def test_the_numbers_of_rows_that_pandas_writes_are_no_feature(tmp_path, name):
    table = read_text(tmp_path, f"{name},x\n0,1.5\n1,2.5\n")
    assert table.feature_names == ["x"]
    assert table.column(name).tolist() == ["0", "1"]


def test_a_cell_that_is_no_number_is_named_by_line_and_column(tmp_path):
    text = 'name,rms\n"two\nlines",1\n\nb,2\nc,err\nd,\n'
    message = r"a\.csv: line 6: rms: 'err' is not a number: correct it, or exclude the column 'rms'"
    with pytest.raises(TableError, match=message):
        read_text(tmp_path, text)
    with pytest.raises(TableError, match=r"not a table of features: .*: name, rms"):
        read_text(tmp_path, text, keys=["rms"])


def test_a_column_of_few_numbers_is_text(tmp_path):
    table = read_text(tmp_path, "name,x\n1,1\nb,2\n2,3\nc,4\n,5\n")
    assert table.feature_names == ["x"]
    assert table.column("name").tolist() == ["1", "b", "2", "c", ""]


def test_a_feature_of_featkits_own_must_be_of_numbers(tmp_path):
    with pytest.raises(TableError, match="line 2: rms_mean: 'a' is not a number"):
        read_text(tmp_path, "path,start,end,rms_mean\na.wav,0,1,a\nb.wav,0,1,b\nc.wav,0,1,2\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\n1,2\n\n3\n", r"a\.csv: line 4: y: missing: 1 fields where the header has 2"),
        ("x,y\n1,2,3\n", r"a\.csv: line 2: field 3: '3' belongs to no column"),
        ("x,y,x\n1,2,3\n", r"a\.csv: line 1: x: stands twice"),
        ('x,y\n1,2\n"3,4\n', r"a\.csv: line 3: unexpected end of data"),
        (b"x,y\n\x81\x00,2\n", r"a\.csv: not a table: it is not text"),
        (b"\xff\xfex,y", r"a\.csv: not UTF-8 text: save it as CSV in UTF-8"),
        ("a;b\nc;d\n", r"a\.csv: not a table of features: .*: a, b"),
    ],
)
def test_what_is_wrong_in_a_table_of_somebody_else_is_named(tmp_path, text, message):
    with pytest.raises(TableError, match=message):
        read_text(tmp_path, text)


def test_a_key_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ParameterError, match=r"'filname': did you mean 'filename'\?"):
        read_text(tmp_path, OTHERS, keys=["filname"])


def test_a_mark_at_the_beginning_is_no_part_of_the_first_name(tmp_path):
    table = read_text(tmp_path, b"\xef\xbb\xbfx,label\n1,a\n")
    assert table.feature_names == ["x"]


def test_a_parquet_file_of_somebody_else_is_read(tmp_path):
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


def test_a_table_without_keys_is_one(tmp_path):
    table = read_text(tmp_path, "x,y\n1,2\n3,4\n")
    assert len(table.data) == 2
    assert table.labels is None
    table.write(tmp_path / "b.csv")
    assert FeatureTable.read(tmp_path / "b.csv").values.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_features_that_are_wanted_are_all_there_are(tmp_path, ending):
    data = pd.DataFrame({"path": ["a", "b"], "x": [1.5, 2.5], "y": [3.0, 4.0], "note": ["n", "m"]})
    file = tmp_path / f"t.{ending}"
    data.to_csv(file, index=False) if ending == "csv" else data.to_parquet(file)
    table = FeatureTable.read(file, features=["y", "z"])
    assert table.feature_names == ["y"]
    np.testing.assert_array_equal(table.values, [[3.0], [4.0]])
    assert {"path", "note"} <= set(table.keys)
    assert FeatureTable.read(file, ["y"], features=["y"]).feature_names == []
    assert column_names(file) == list(data.columns)
    with pytest.raises(TableError, match="no such file"):
        column_names(tmp_path / f"none.{ending}")
