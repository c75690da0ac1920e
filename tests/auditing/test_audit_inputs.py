"""Inputs of an audit: tables, recordings and manifests; errors that say what to do."""

import numpy as np
import pandas as pd
import pytest
from extracting import write_noise
from learning import tones

import featkit
from featkit.auditing.check import CHECKS
from featkit.errors import ParameterError, TableError

COPIES = ["exact_copies"]


@pytest.fixture
def folder(tmp_path):
    for number in range(4):
        write_noise(tmp_path / "corpus" / f"{number % 2}" / f"{number}.wav", number)
    return tmp_path / "corpus"


def audited(data, checks=COPIES, **options):
    return featkit.audit(data, checks=checks, **options)


def test_a_table_may_be_a_file_a_frame_or_in_memory(tmp_path):
    tones().to_csv(tmp_path / "mine.csv", index=False)
    for data in (tmp_path / "mine.csv", [str(tmp_path / "mine.csv")]):
        assert audited(data).dataset.name == "mine"
    for data in (tones(), featkit.FeatureTable.of(tones())):
        result = audited(data)
        assert result.dataset.name == "table"
        assert result.dataset.label == "label"
        assert result.checked == COPIES


def test_a_table_of_another_program_needs_no_paths():
    data = tones().drop(columns="path").rename(columns={"label": "genre"})
    data.loc[4, ["pitch", "a", "b", "c"]] = data.loc[1, ["pitch", "a", "b", "c"]]
    (issue,) = audited(data, label="genre").issues
    assert [place.path for place in issue.places] == ["row 2", "row 5"]


def test_checks_that_lack_something_are_skipped_with_the_reason():
    result = audited(tones(), checks=["files", "exact_copies"])
    assert result.checked == COPIES
    assert result.skipped == {
        "files": "the recordings are needed: audit a folder, or name it with --sound"
    }


@pytest.mark.parametrize("labels", [None, "folder"])
def test_recordings_need_no_features_for_some_checks(folder, labels):
    table = audited(folder, checks=["files"], labels=labels).dataset.table
    assert table.feature_names == []
    assert table.column("path").tolist() == ["0/0.wav", "0/2.wav", "1/1.wav", "1/3.wav"]
    if labels:
        assert table.column("label").tolist() == ["0", "0", "1", "1"]


def test_intervals_of_a_manifest_are_rows(folder):
    (folder / "list.csv").write_text(
        "path,start,end,label\n0/0.wav,0,0.1,a\n0/0.wav,0.1,,b\n1/1.wav,0,0.2,a\n"
    )
    result = audited(None, checks=["files"], manifest=folder / "list.csv")
    assert result.dataset.name == "list"
    assert result.dataset.table.column("label").tolist() == ["a", "b", "a"]
    assert result.dataset.durations == {"0/0.wav": 0.2, "1/1.wav": 0.2}


def test_part_of_a_name_may_be_the_group(folder):
    dataset = audited(folder, checks=["files"], group="folder(path)").dataset
    assert dataset.texts(dataset.group).tolist() == ["0", "0", "1", "1"]


def test_features_are_extracted_for_checks_that_need_them(folder, tmp_path):
    table = tmp_path / "features.parquet"
    result = audited(
        folder, checks=["files"], features="genre75", needs_features=True, extracted=table
    )
    assert len(result.dataset.table.feature_names) == 75
    assert featkit.FeatureTable.read(table).feature_names == result.dataset.table.feature_names
    assert (tmp_path / "features.parquet.audit.parts").exists()


def test_features_resume_without_a_table(folder, tmp_path):
    options = {"features": "genre75", "needs_features": True, "checkpoint": tmp_path / "a.parquet"}
    first = audited(folder, checks=["files"], **options)
    seen = []
    again = audited(
        folder,
        checks=["files"],
        progress=lambda own: seen.append((own.activity, own.resumed)),
        **options,
    )
    assert ("extracting", 4) in seen
    assert ("measuring", 4) in seen
    np.testing.assert_array_equal(again.dataset.table.values, first.dataset.table.values)
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {"corpus", "a.parquet.parts", "a.parquet.features.parts"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label": "lable"}, "unknown column 'lable': did you mean 'label'"),
        ({"group": "stem(pat, 1)"}, "unknown column 'pat'"),
        ({"checks": ["exact"]}, "unknown check 'exact'"),
        ({"checks": "files"}, "checks must be a list of names"),
        ({"skip": ["filse"]}, "unknown check 'filse': did you mean 'files'"),
        ({"checks": ["files"], "skip": ["files"]}, "no check is left to run"),
        ({"labels": "folder"}, "labels cannot be used with a table, only with recordings"),
        ({"features": "genre75"}, "features cannot be used with a table"),
        ({"sound": "missing"}, "missing: no such folder"),
        ({"timeout": -1}, "timeout must be above 0"),
        ({"seed": -1}, "seed must be"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        featkit.audit(tones(), **{"checks": COPIES, **options})


def test_sound_needs_the_recordings_of_the_table(folder):
    table = featkit.extract(folder, features="genre75").table
    with pytest.raises(
        ParameterError, match=r"contains no recording of the table, such as .*0\.wav"
    ):
        audited(table, sound=folder / "0")
    with pytest.raises(ParameterError, match="needs a table with the column 'path'"):
        audited(tones().drop(columns="path"), sound=folder)
    with pytest.raises(ParameterError, match="sound is the folder of a table's recordings"):
        audited(folder, sound=folder)


def test_missing_inputs_are_refused(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ParameterError, match="no audio files in"):
        audited(tmp_path / "empty")
    with pytest.raises(ParameterError, match="no such file or folder"):
        audited(tmp_path / "nowhere")
    with pytest.raises(ParameterError, match="nothing to audit"):
        audited(None)
    with pytest.raises(ParameterError, match="got a int"):
        audited(3)
    with pytest.raises(ParameterError, match="audit one table at a time"):
        audited([folder, tmp_path / "a.csv"])
    with pytest.raises(TableError, match="no such file"):
        audited(tmp_path / "nowhere.csv")


@pytest.mark.parametrize("rows", [1, 2])
def test_small_tables_are_audited(rows):
    result = featkit.audit(tones().iloc[:rows])
    assert {*result.checked, *result.skipped} == {*CHECKS}


def test_an_audit_without_any_check_is_an_error():
    with pytest.raises(ParameterError, match=r"no check can run: .*the table has no rows"):
        featkit.audit(tones().iloc[:0])
    with pytest.raises(ParameterError, match="no check can run: the recordings are needed"):
        audited(tones(), checks=["files"])


def test_unknown_columns_of_recordings_are_refused_before_features_are_extracted(folder):
    def extracting(progress):
        raise AssertionError(progress.activity)

    with pytest.raises(ParameterError, match=r"'genre': available: path, label; .*--labels"):
        audited(folder, label="genre", labels="folder", progress=extracting)


def test_recordings_that_fail_are_never_passed_over(folder):
    (folder / "0" / "bad.wav").write_bytes(b"no sound")
    result = audited(folder, checks=["defects"])
    assert result.dataset.remarks == [
        "1 recording could not be read and checked: 0/bad.wav; the check 'files' gives the reasons"
    ]
    assert audited(folder, checks=["defects", "files"]).dataset.remarks == []


def test_a_result_is_shown_in_two_lines():
    assert repr(audited(tones())).splitlines() == [
        "Audit of 'table': 0 issues by 1 check: 0 high, 0 medium, 0 low",
        "  next: .table (a DataFrame), .issues, .write(path), .write_cleaned(path)",
    ]


def test_a_split_and_folds_exclude_each_other():
    data = tones().assign(split="train", fold=1)
    with pytest.raises(ParameterError, match="split and fold exclude each other"):
        audited(data, split="split", fold="fold")


def test_a_column_of_numbers_may_be_the_label():
    data = pd.DataFrame({"genre": [1, 2] * 20, **{c: np.random.rand(40) for c in "abcd"}})
    assert audited(data, label="genre").dataset.texts("genre").tolist()[:2] == ["1", "2"]
