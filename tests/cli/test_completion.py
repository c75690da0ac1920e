"""Completion: scripts in real shells, the completed values, and the modules that answers load."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import error_line, run

from featkit.cli import _completion, _completion_values, main  # which shells call
from featkit.cli._generated import files
from featkit.features.family import FAMILIES
from featkit.features.sets.loading import FEATURE_SETS
from featkit.models.estimator import ESTIMATORS

CHECKOUT = Path(__file__).parents[2]

HEAVY = ("numpy", "pandas", "scipy", "sklearn", "pyarrow", "matplotlib", "rich", "difflib")


def completions(line):
    """Values that complete the last word of a command line, which may be empty."""
    words = line.split(" ")
    shell = _completion.Fish(main, {}, "featkit", "_FEATKIT_COMPLETE")
    return [item.value for item in shell.get_completions(words[1:-1], words[-1])]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with files of several kinds."""
    monkeypatch.chdir(tmp_path)
    for name in ("genre.fk", "a table.csv", "song.wav", ".hidden.fk"):
        (tmp_path / name).touch()
    (tmp_path / "corpus").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("featkit tra", ["train"]),
        ("featkit train --lab", ["--label", "--label-separator", "--label-map"]),
        ("featkit extract --segment-tail ", ["drop", "keep", "pad"]),
        ("featkit extract --features gen", ["genre75"]),
        ("featkit extract --features=gen", ["--features=genre75"]),
        ("featkit sequences --features se", ["series4"]),
        ("featkit features gt", ["gtzan57"]),
        ("featkit train t.csv --model ran", ["random_forest"]),
        ("featkit train t.csv --model svm,ran", ["svm,random_forest"]),
        ("featkit audit --check exact_copies,label_e", ["exact_copies,label_errors"]),
        ("featkit describe zwick", ["zwicker_loudness"]),
        ("featkit describe mfcc_3_med", ["mfcc_3_median"]),
        ("featkit predict ", ["corpus/", "genre.fk"]),
        ("featkit predict .", [".hidden.fk"]),
        ("featkit inspect a", ["a table.csv"]),
        ("featkit predict genre.fk s", ["song.wav"]),
        ("featkit explain genre.fk ", ["a table.csv", "corpus/", "genre.fk", "song.wav"]),
        ("featkit report genre.fk x --sound ", ["corpus/"]),
        ("featkit completion z", ["zsh"]),
        ("featkit train --seed ", []),
    ],
)
def test_words_are_completed(folder, line, expected):
    assert sorted(completions(line)) == sorted(expected)


def test_the_home_folder_is_expanded(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert completions("featkit predict ~/ge") == [f"{folder}/genre.fk"]


def test_a_folder_that_does_not_exist_completes_nothing(folder):
    assert completions("featkit predict missing/") == []


def test_names_of_files_are_those_of_the_registries():
    names = _completion_values.names_in
    assert names("featkit.features.families", ".py") == FAMILIES.own_names
    assert names("featkit.features.sets", ".toml") == FEATURE_SETS.own_names
    assert names("featkit.models.estimators", ".py") == ESTIMATORS.own_names


def test_the_packages_of_all_values_exist():
    for places in _completion_values.PACKAGES.values():
        assert all(_completion_values.names_in(*place) for place in places)


def test_generated_files_are_those_of_the_code():
    stale = [str(path) for path, text in files(CHECKOUT).items() if path.read_text("utf-8") != text]
    assert not stale, "run python -m featkit.cli._generated"


# Real shells


@pytest.fixture
def shell_folder(folder, monkeypatch):
    """The folder, with a program called featkit on the path."""
    program = folder / "bin" / "featkit"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m featkit "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return folder


def in_shell(*command):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()


BASH = """
source <(featkit completion bash)
complete -p featkit | grep -q _featkit_completion || exit 1
COMP_WORDS=(featkit {words}) COMP_CWORD={place}
_featkit_completion featkit 2> /dev/null
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize(
    ("words", "place", "expected"),
    [
        ("tra", 1, ["train"]),
        ("extract --features = gen", 4, ["genre75"]),
        ("inspect a", 2, ["a table.csv"]),
        ("predict co", 2, ["corpus"]),  # bash adds the slash
    ],
)
def test_bash_completes_words(shell_folder, words, place, expected):
    script = BASH.format(words=words, place=place)
    assert in_shell("bash", "--norc", "-c", script) == expected


def test_fish_completes_words(shell_folder):
    script = (
        "featkit completion fish | source; complete -C 'featkit tra';"
        " complete -C 'featkit inspect a'"
    )
    lines = in_shell("fish", "--no-config", "-c", script)
    assert lines == ["train\tTrain a model and score it on held-out rows.", "a table.csv"]


def test_zsh_completes_words(shell_folder):
    # compadd and compdef belong to the line editor; these print what they would offer.
    script = (
        "compdef() { :; }; compadd() { print -l -- ${(P)@[-1]}; };"
        " _describe() { print -l -- ${(P)3}; };"
        ' eval "$(featkit completion zsh)"; words=(featkit tra) CURRENT=2; _featkit_completion;'
        " words=(featkit inspect a) CURRENT=3; _featkit_completion;"
        " words=(featkit inspect co) CURRENT=3; _featkit_completion"
    )
    lines = in_shell("zsh", "-f", "-c", script)
    assert lines == ["train:Train a model and score it on held-out rows.", "a table.csv", "corpus/"]


def test_completion_loads_nothing_heavy(folder):
    code = (
        "import sys; from featkit.cli import main; from featkit.cli._completion import Fish;"
        "shell = Fish(main, {}, 'featkit', ''); shell.get_completions([], '');"
        "shell.get_completions(['describe'], ''); shell.get_completions(['train', '--model'], '');"
        f"print(*(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_another_shell_is_wrong_usage():
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in error_line("completion", "tcsh")


def test_an_unknown_instruction_is_refused(monkeypatch):
    monkeypatch.setenv("_FEATKIT_COMPLETE", "bash_nonsense")
    assert run(status=1).output == ""
