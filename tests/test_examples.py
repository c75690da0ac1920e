"""The examples of published protocols run on small synthetic stand-ins of their datasets."""

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import soundfile
from sharding import are_equal

import featkit
from featkit.datasets.synthetic import write_corpus

EXAMPLES = Path(__file__).parent.parent / "examples"

STYLES = ("ambient", "house", "rock", "swing")
CLIPS = 6

needs_torch = pytest.mark.skipif(
    find_spec("torch") is None or find_spec("safetensors") is None,
    reason="the extra deep is not installed",
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Two synthetic collections: files of each style."""
    folder = tmp_path_factory.mktemp("corpus")
    files = {}
    for seed, name in enumerate(("home", "other")):
        written = write_corpus(folder / name, clips_per_style=CLIPS, seed=seed)
        files[name] = {s: [file for file in written if file.parent.name == s] for s in STYLES}
    return files


def copied(files, genres, folder):
    """A folder of folders of clips: each style is a genre."""
    for style, genre in zip(STYLES, genres, strict=True):
        (folder / genre).mkdir(parents=True)
        for number, file in enumerate(files[style]):
            shutil.copy(file, folder / genre / f"{genre.split()[0]}.{number:05}.wav")
    return folder


@pytest.fixture
def run_example(tmp_path, monkeypatch, capsys):
    """Run an example in this process, in a folder of its own, and return what it prints."""

    def run(name, *arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        printed = capsys.readouterr()
        assert printed.err == ""
        return printed.out

    return run


def number_after(text, output):
    """The number that follows a text in the output."""
    return float(re.search(re.escape(text) + r"\D*([\d.]+)", output)[1])


@pytest.fixture
def esc50(corpus, tmp_path):
    """A folder like ESC-50: four styles are classes, of which `swing` is not in ESC-10."""
    audio = tmp_path / "ESC-50" / "audio"
    audio.mkdir(parents=True)
    lines = ["filename,fold,target,category,esc10,src_file,take"]
    for target, style in enumerate(STYLES):
        for number, file in enumerate(corpus["home"][style]):
            fold, name = number % 5 + 1, f"{number % 5 + 1}-{target}{number:03}-A-{target}.wav"
            shutil.copy(file, audio / name)
            in_esc10 = style != "swing"
            lines.append(f"{name},{fold},{target},{style},{in_esc10},{target}{number},A")
    (tmp_path / "ESC-50" / "meta").mkdir()
    (tmp_path / "ESC-50" / "meta" / "esc50.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "ESC-50"


def test_the_folds_of_esc10_are_used(esc50, tmp_path, run_example):
    output = run_example("esc10.py", esc50, "--features", "genre75")
    assert re.findall(r"fold (\d)", output) == list("12345")
    assert number_after("mean of the folds", output) > 0.6
    assert (tmp_path / "esc10.parquet").exists()


def test_copies_across_the_folds_of_esc10_are_reported(esc50, tmp_path, run_example):
    y, sr = soundfile.read(esc50 / "audio" / "1-0000-A-0.wav")
    soundfile.write(esc50 / "audio" / "2-0001-A-0.wav", 0.7 * y[sr:], sr)
    output = run_example("audit.py", esc50, "--features", "genre75")
    assert number_after("high:", output) >= 1
    assert "1-0000-A-0.wav and 2-0001-A-0.wav are copies" in output
    assert number_after("published folds: accuracy", output) > 0.4
    assert number_after("groups: accuracy", output) > 0.4
    assert (tmp_path / "audit.html").exists()


def test_the_segments_of_a_track_stay_together(corpus, tmp_path, run_example):
    folder = copied(corpus["home"], ("blues", "disco", "rock", "jazz"), tmp_path / "gtzan")
    output = run_example("track_split.py", folder, "--model", "logistic")
    tracks = number_after("tracks kept together: accuracy", output)
    assert 0.5 < tracks <= number_after("split by row: accuracy", output) + 0.1
    assert number_after("segments combined: accuracy", output) > 0.5


def test_a_model_is_evaluated_on_the_tags_of_jamendo(corpus, tmp_path, run_example):
    home = copied(corpus["home"], ("blues", "disco", "rock", "jazz"), tmp_path / "gtzan")
    audio = tmp_path / "jamendo"
    audio.mkdir()
    lines = ["TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS"]
    tags = dict(zip(STYLES, ("blues", "disco", "rock", "jazz"), strict=True))
    for style, tag in tags.items():
        for number, file in enumerate(corpus["other"][style]):
            shutil.copy(file, audio / f"{style}{number}.wav")
            fields = [f"track_{style}{number}", f"artist_{style}{number // 2}", "album_1"]
            more = ["genre---electronic", "genre---pop"][: number % 3]
            row = [*fields, f"{style}{number}.wav", "6.0", f"genre---{tag}", *more]
            lines.append("\t".join(row))
    lines.append("track_x\tartist_x\talbum_1\tambient0.wav\t6.0\tgenre---ambient")
    (tmp_path / "autotagging_genre.tsv").write_text("\r\n".join(lines[:-1]) + "\r\n")
    output = run_example(
        "gtzan_to_jamendo.py",
        home,
        audio,
        tmp_path / "autotagging_genre.tsv",
        "--model",
        "logistic",
    )
    assert number_after("at home: accuracy", output) > 0.7
    assert number_after(f"on {4 * CLIPS} tracks of Jamendo: accuracy", output) > 0.6
    assert number_after("counts, too:", output) >= number_after(
        "tracks of Jamendo: accuracy", output
    )
    assert len(re.findall(r"true +\d+ predicted +\d+", output)) == 4
    page = (tmp_path / "gtzan_to_jamendo" / "report.html").read_text("utf-8")
    assert "jamendo" in page


def test_meta_genres_are_learned_across_collections(corpus, tmp_path, run_example):
    western = copied(corpus["home"], ("blues", "disco", "rock", "hiphop"), tmp_path / "western")
    names = ("Folk & Blues", "Dance", "Rock & Metal", "Rap & Hiphop")
    korean = copied(corpus["other"], names, tmp_path / "korean")
    output = run_example("cross_cultural.py", western, korean, "--trees", 20)
    for model in ("random_forest", "xgboost"):
        # Few recordings are in the test part of one collection.
        assert number_after(f"{model}: western, in the domain:", output) >= 0.25
        assert number_after(f"{model}: western to korean:", output) > 0.5
        assert number_after(f"{model}: korean to western:", output) > 0.5
        assert number_after(f"{model}: combined:", output) > 0.5


def test_each_speaker_of_emodb_is_left_out(corpus, tmp_path, run_example):
    folder = tmp_path / "emodb"
    folder.mkdir()
    for style, emotion in zip(STYLES, "WTNF", strict=True):
        for number, file in enumerate(corpus["home"][style]):
            name = f"{3 + number % 3:02}a{number // 3:02}{emotion}a.wav"
            shutil.copy(file, folder / name)
    output = run_example(
        "emodb_speakers.py", folder, "--model", "logistic", "--features", "genre75"
    )
    plain, normalised = output.split("normalised by speaker:")
    for part in (plain, normalised):
        assert number_after("accuracy", part) > 0.4
        assert re.findall(r"sets for ([\d.]+)", part) == ["0.8", "0.9", "0.95"]
    assert (tmp_path / "emotion.fk").exists()


EPOCHS = ("--epochs", 2)


@needs_torch
def test_networks_and_models_of_columns_are_on_one_leaderboard(corpus, tmp_path, run_example):
    folder = copied(corpus["home"], ("blues", "disco", "rock", "jazz"), tmp_path / "gtzan")
    output = run_example("genre_networks.py", folder, "--seconds", 2, *EPOCHS)
    names = {line.split()[0] for line in output.splitlines() if line}
    assert {"cnn", "lstm", "cnn_lstm", "logistic", "sgd", "random_forest", "xgboost"} <= names
    assert (tmp_path / "genre_networks" / "cnn.fk").exists()


@needs_torch
def test_three_networks_keep_the_segments_of_a_track_together(corpus, tmp_path, run_example):
    folder = copied(corpus["home"], ("blues", "disco", "rock", "jazz"), tmp_path / "gtzan")
    output = run_example("cnn_tournament.py", folder, *EPOCHS)
    assert {"cnn", "vgg_small", "unet_encoder"} <= {line.split()[0] for line in output.splitlines()}
    for scored in ("of unseen tracks", "segments combined", "split by row"):
        assert 0 <= number_after(f"{scored}: accuracy", output) <= 1


@needs_torch
def test_residual_networks_are_frozen_where_weights_are_given(corpus, tmp_path, run_example):
    folder = copied(corpus["home"], ("blues", "disco", "rock", "jazz"), tmp_path / "gtzan")
    options = ("--networks", "resnet18", "--epochs", 1)
    output = run_example("resnet_genres.py", folder, *options)
    assert len(re.findall(r"resnet18, .*: accuracy", output)) == 3
    assert len(re.findall(r"resnet18, frozen.*: skipped", output)) == 2


@needs_torch
def test_a_network_is_scored_on_another_dataset(corpus, tmp_path, run_example):
    genres = ("blues", "disco", "rock", "jazz")
    home = copied(corpus["home"], genres, tmp_path / "home")
    other = copied(corpus["other"], genres, tmp_path / "other")
    output = run_example("networks_across_datasets.py", home, other, *EPOCHS)
    for model in ("cnn", "random_forest", "xgboost"):
        assert 0 <= number_after(f"{model}: at home", output) <= 1
    assert number_after("random_forest: at home", output) > 0.5


STUB_OF_SBATCH = """#!{python}
# Stands in for Slurm: runs the tasks of a job at once, with the environment of a task.
import json, os, pathlib, shutil, subprocess, sys

spool = pathlib.Path({spool!r})
script = next(k for k, word in enumerate(sys.argv) if k and not word.startswith("--"))
values = dict(option[2:].partition("=")[::2] for option in sys.argv[1:script])
number = len(list(spool.iterdir())) + 1
copy = shutil.copy(sys.argv[script], spool / f"slurm_script{{number}}")
tasks = ["none"]
if "array" in values:
    first, dash, last = values["array"].partition("-")
    tasks = range(int(first), int(last) + 1) if dash else values["array"].split(",")
for task in tasks:
    log = values["output"].replace("%a", str(task))
    own = {{"SLURM_ARRAY_TASK_ID": str(task), "SLURM_ARRAY_TASK_COUNT": str(len(tasks))}}
    own["SLURM_CPUS_PER_TASK"] = values.get("cpus-per-task", "1")
    if str(task) in os.environ.get("DEAD_TASKS", "").split(","):
        continue
    with open(log, "w") as stream:
        subprocess.run(
            ["bash", copy, *sys.argv[script + 1 :]],
            env={{**os.environ, **own}}, stdout=stream, stderr=stream,
        )
print(f"{{100 + number}};cluster")
pathlib.Path(log).with_suffix(".json").write_text(json.dumps(values))
"""


@pytest.fixture
def slurm(tmp_path):
    """Run the example of a job array where `sbatch` runs all jobs at once."""
    programs, spool = tmp_path / "bin", tmp_path / "spool"
    programs.mkdir()
    spool.mkdir()
    stub = STUB_OF_SBATCH.format(python=sys.executable, spool=str(spool))
    (programs / "sbatch").write_text(stub)
    (programs / "featkit").write_text(f'#!/bin/sh\nexec {sys.executable} -m featkit "$@"\n')
    for program in programs.iterdir():
        program.chmod(0o755)

    def run(*arguments, status=0, **environment):
        path = os.pathsep.join([str(programs), os.environ["PATH"]])
        done = subprocess.run(
            ["bash", str(EXAMPLES / "slurm_array.sh"), *map(str, arguments)],
            env={**os.environ, "CPUS": "1", **environment, "PATH": path},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stderr
        return done.stdout

    return run


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_a_job_array_extracts_shards_and_a_failed_task_is_run_again(corpus, tmp_path, slurm):
    files = [corpus["home"][style][0] for style in STYLES]
    for file in files:
        (tmp_path / "my corpus").mkdir(exist_ok=True)
        shutil.copy(file, tmp_path / "my corpus" / f"{file.parent.name}.wav")
    (tmp_path / "my corpus" / "bad.wav").write_text("no sound")
    options = (2, "my corpus", "table/", "--features", "genre75")
    output = slurm(*options, DEAD_TASKS="2")
    assert output == "submitted: tasks 1-2 as job 101, merge as job 102\n"
    shards = tmp_path / "table.shards"
    assert json.loads((shards / "merge.json").read_text())["dependency"] == "afterany:101"
    assert "shard 2 of 2 is missing" in (shards / "merge.log").read_text()
    assert not (tmp_path / "table").exists()
    slurm(*options, TASKS="2")
    featkit.extract(tmp_path / "my corpus", output=f"{tmp_path}/one/", features="genre75")
    assert are_equal(tmp_path / "table", tmp_path / "one")


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_the_job_array_explains_itself(slurm):
    assert "TASKS=7,21 bash" in slurm(status=2)
