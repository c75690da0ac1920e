"""``featkit audit``: outputs, exit status, and what happens before and after the work."""

import json

import pandas as pd
import pytest
import soundfile
from command_line import run
from extracting import SR, write_noise
from learning import tones

import featkit
from featkit._utils.progress import Progress
from featkit.cli._progress import show_audit_progress
from featkit.errors import WriteError
from featkit.table.group_files import read_groups


@pytest.fixture
def folder(tmp_path):
    """A table with a pair of copies that have two labels, too small for a score."""
    write_table(tmp_path, with_copies(12))
    return tmp_path


def with_copies(rows):
    data = tones(rows)
    data.loc[7, ["pitch", "a", "b", "c"]] = data.loc[3, ["pitch", "a", "b", "c"]]
    return data


def write_table(folder, data):
    data.to_csv(folder / "table.csv", index=False)


def audit(folder, *arguments, status=0):
    own = ("--check", "exact_copies", "--jobs", 1)
    return run("audit", folder / "table.csv", *own, *arguments, status=status)


def test_all_outputs_are_written_and_the_status_is_that_of_the_issues(folder):
    write_table(folder, with_copies(90))
    files = [folder / name for name in ("a.parquet", "groups.csv", "clean.csv", "page.html")]
    done = audit(
        folder,
        *("-o", files[0], "--write-groups", files[1], "--cleaned", files[2], "--report", files[3]),
        status=1,
    )
    assert "have exactly the same features" in done.stdout
    assert pd.read_parquet(files[0])["recordings"].map(list).tolist() == [["003.wav", "007.wav"]]
    assert read_groups(files[1])["007.wav"] == "003.wav"
    assert "007.wav" not in featkit.FeatureTable.read(files[2]).column("path").tolist()
    assert files[3].read_text("utf-8").startswith("<!DOCTYPE html>")
    for file in files:
        assert f"{file}: " in done.stderr


@pytest.mark.parametrize(
    ("severity", "status"), [("low", 1), ("medium", 1), ("high", 1), ("never", 0)]
)
def test_the_severity_that_fails_is_an_option(folder, severity, status):
    assert audit(folder, "--fail-on", severity, status=status).exit_code == status


def test_an_issue_of_lower_severity_does_not_fail(folder):
    write_table(folder, with_copies(12).assign(label="a"))
    assert "0 high, 1 medium, 0 low" in audit(folder).stdout
    audit(folder, "--fail-on", "medium", status=1)


def test_json_is_printed(folder):
    data = json.loads(audit(folder, "--json", status=1).stdout)
    assert [issue["check"] for issue in data["issues"]] == ["exact_copies"]


def test_json_names_the_conditions_that_are_not_compared(tmp_path):
    for number in range(8):
        write_noise(tmp_path / "ab"[number % 2] / f"{number}.wav", number)
    words = ["--check", "recording_conditions", "--labels", "folder", "--json", "--jobs", 1]
    data = json.loads(run("audit", tmp_path, *words).stdout)
    assert ["level, peak, bandwidth" in text for text in data["remarks"]] == [True]


def test_names_of_checks_may_be_repeated_or_joined_by_commas(folder):
    table, names = folder / "table.csv", "files, exact_copies"
    joined = run("audit", table, "--check", names, "--jobs", 1, status=1)
    repeated = audit(folder, "--check", "files", status=1)
    assert joined.output == repeated.output
    reason = "the recordings are needed"
    assert reason in joined.output
    assert reason not in audit(folder, "--check", "files", "--skip", "files", status=1).output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--report", "a.txt"], "the file name must end in .html"),
        (["-o", "a.txt"], "a.txt"),
        (["--write-groups", "nowhere/groups.csv"], "there is no folder"),
        (["--cleaned", "clean.txt"], "the file name must end in .csv or .parquet"),
        (["--label", "genre"], "unknown column 'genre'"),
        (["--check", "copies"], "unknown check 'copies'"),
    ],
)
def test_wrong_options_are_refused_before_the_work(folder, monkeypatch, arguments, message):
    monkeypatch.chdir(folder)
    done = audit(folder, *arguments, status=2)
    assert message in done.stderr


def test_an_output_never_replaces_an_input(folder):
    done = audit(folder, "--cleaned", folder / "table.csv", status=2)
    assert "is an input and would be overwritten" in done.stderr


def test_two_outputs_are_never_one_file(folder):
    file = folder / "same.csv"
    done = audit(folder, "-o", file, "--write-groups", file, status=2)
    assert "two outputs would be written to it" in done.stderr
    assert not file.exists()


def test_models_are_trained_for_the_page_and_the_cleaned_table_only(folder):
    write_table(folder, with_copies(90))
    assert "balanced accuracy" not in audit(folder, status=1).stdout
    assert json.loads(audit(folder, "--json", status=1).stdout)["cleaning"]["change"] is None
    files = ("--cleaned", folder / "clean.csv", "-o", folder / "a.json")
    assert "The balanced accuracy of the logistic model" in audit(folder, *files, status=1).stdout
    saved = json.loads((folder / "a.json").read_text("utf-8"))
    assert saved["cleaning"]["change"]["total"]["balanced_accuracy"]


def test_an_interrupted_scoring_is_not_repeated_for_other_outputs(folder, monkeypatch):
    write_table(folder, with_copies(90))

    def interrupted(cleaning):
        raise KeyboardInterrupt

    monkeypatch.setattr("featkit.auditing.cleaning._score_change", interrupted)
    page = folder / "page.html"
    audit(folder, "--report", page, "-o", folder / "a.csv", status=130)
    assert "the computation was interrupted" in page.read_text("utf-8")
    assert len(pd.read_csv(folder / "a.csv")) == 1


def test_each_output_that_fails_is_reported_and_the_others_are_written(folder, monkeypatch):
    def full(audit, path):
        raise WriteError(f"{path}: cannot write it: No space left on device")

    for name in ("write", "write_cleaned"):
        monkeypatch.setattr(f"featkit.auditing.result.Audit.{name}", lambda a, p, **_: full(a, p))
    groups = folder / "groups.csv"
    done = audit(folder, "-o", "a.csv", "--cleaned", "c.csv", "--write-groups", groups, status=1)
    assert "Error: a.csv: cannot write it" in done.stderr
    assert "Error: c.csv: cannot write it" in done.stderr
    assert groups.exists()
    assert "have exactly the same features" in done.stdout


def test_something_must_be_given():
    assert "give recordings, a table, or --manifest" in run("audit", status=2).stderr


def test_groups_of_rows_without_names_are_refused_before_the_work(folder):
    write_table(folder, tones(12).drop(columns="path"))
    done = audit(folder, "--write-groups", folder / "groups.csv", status=2)
    assert "the table has no column 'path'" in done.stderr


def test_recordings_are_audited_and_their_groups_train_and_extract(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in range(12):
        write_noise(tmp_path / "corpus" / "ab"[number % 2] / f"{number}.wav", number)
    y, _ = soundfile.read(tmp_path / "corpus" / "a" / "0.wav", dtype="int16")
    soundfile.write(tmp_path / "corpus" / "a" / "-copy.flac", y, SR)
    (tmp_path / "corpus" / "a" / "notes.txt").write_text("not audio")
    done = run(
        *("audit", "corpus", "--labels", "folder", "--check", "files,exact_copies"),
        *("--features", "genre75", "--extracted", "f.parquet", "--write-groups", "groups.csv"),
        *("--fail-on", "never", "--jobs", 1),
    )
    assert "have the same samples in different files: a/-copy.flac, a/0.wav" in done.stdout
    assert "skipped: 1 .txt" in done.stderr
    groups = read_groups(tmp_path / "groups.csv")
    assert groups["a/0.wav"] == groups["a/-copy.flac"]
    train = ("train", "f.parquet", "--group", "groups.csv", "--model", "logistic", "--folds", 2)
    assert "accuracy" in run(*train).stdout
    table = tmp_path / "again.parquet"
    run(
        *("extract", "corpus", "--manifest", "groups.csv", "--features", "genre75", "-o", table),
    )
    assert featkit.FeatureTable.read(table).column("group").tolist() == list(groups.values())


@pytest.mark.parametrize("resumable", [True, False])
def test_an_interrupted_audit_says_how_to_resume(capsys, resumable):
    def interrupted():
        with show_audit_progress(resumable=resumable) as report:
            report(Progress("measuring", 3, 9, failed=1, audio_seconds=2.0, elapsed=1.0))
            report(Progress("checking", 0, 2, "checks", "exact copies"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    hint = "finished files are saved; run the same command to resume\n"
    assert (hint in capsys.readouterr().err) == resumable
