"""``featkit demo``: its files and messages."""

import functools
import json
import re

import pytest
from click.testing import CliRunner
from command_line import error_line, run

import featkit
from featkit import sound_model
from featkit.cli import main
from featkit.datasets import synthetic


@pytest.fixture
def quick(monkeypatch):
    """A demo that trains one model; the README runs the whole demo."""
    monkeypatch.setattr(
        sound_model, "train", functools.partial(sound_model.train, model="logistic")
    )


def test_the_demo_makes_a_corpus_a_table_and_a_model_and_shows_them(tmp_path, quick):
    done = run("demo", "-o", tmp_path / "here", "--clips", 6, "--jobs", 1)
    files = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.wav"))
    assert len(files) == 24
    assert files[0] == "here/corpus/ambient/ambient_01.wav"
    table = featkit.FeatureTable.read(tmp_path / "here" / "features.parquet")
    assert len(table) == 24
    assert sorted(set(table.labels)) == ["ambient", "house", "rock", "swing"]
    assert re.search(r"144 s of audio analysed in [\d.]+ s: \d+ s of audio per second", done.stdout)
    assert "ambient/ambient_01.wav" in done.stdout
    for word in ("ambient", "house", "rock", "swing", "tempo", "BPM", "dwt_entropy"):
        assert word in done.stdout
    for model in ("baseline", "logistic"):
        assert re.search(rf"^{model}\t\d\.\d", done.stdout, flags=re.MULTILINE)
    assert "nan" not in done.stdout
    assert "rock_01" not in done.stderr
    assert (tmp_path / "here" / "report.html").stat().st_size > 100_000
    model = featkit.load_model(tmp_path / "here" / "style.fk")
    predicted = model.predict(tmp_path / "here" / "corpus" / "swing").data["predicted"]
    assert list(predicted) == ["swing"] * 6


def test_the_demo_gives_the_same_clips_for_the_same_seed_and_leaves_none_of_a_larger_one(
    tmp_path, quick
):
    for clips in (7, 6):
        synthetic.write_corpus(tmp_path / "alone", clips_per_style=clips, seed=3)
    done = run("demo", "-o", tmp_path, "--clips", 6, "--jobs", 1, "--seed", 3, "--json")
    document = json.loads(done.stdout)
    assert document["model"] == str(tmp_path / "style.fk")
    assert document["scores"]["rows"] == 24
    alone, demo = (
        {file.name: file.read_bytes() for file in (tmp_path / folder).rglob("*.wav")}
        for folder in ("alone", "corpus")
    )
    assert len(alone) == 24
    assert alone == demo


def test_a_demo_of_too_few_clips_is_wrong_usage(tmp_path):
    assert "'--clips'" in error_line("demo", "-o", tmp_path / "here", "--clips", 5)
    assert not (tmp_path / "here").exists()


def test_a_demo_that_cannot_be_written_fails_in_one_line(tmp_path):
    (tmp_path / "here").write_text("a file, not a folder")
    result = CliRunner().invoke(main, ["demo", "-o", str(tmp_path / "here"), "--clips", "6"])
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code in (1, 2)
    assert "here" in result.stderr.splitlines()[-1]
