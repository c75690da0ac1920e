"""The group of commands: its registry, help, exit status and encodings."""

import io
import os
import re
import subprocess
import sys

import pytest
import soundfile
from command_line import error_line, run

import featkit
import featkit.cli
from featkit import signals
from featkit.cli import main
from featkit.cli._help import SECTIONS
from featkit.cli._main import COMMANDS  # which keeps a command after its first use

TOY = """
import click


@click.command("toy", epilog="A toy.")
@click.argument("name")
def command(name):
    \"\"\"Greet somebody.

    In more than one line.
    \"\"\"
    click.echo(f"hello {name}")
"""

NAMES = COMMANDS.names

SR = 8000

LEVEL = {"sample_rate": SR, "features": [{"family": "rms", "statistics": ["max"]}]}


def test_the_console_script_is_the_same_command():
    script = os.path.join(os.path.dirname(sys.executable), "featkit")
    if not os.path.exists(script):
        pytest.skip("the console script is not installed beside this interpreter")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"featkit {featkit.__version__}\n"


def test_the_commands_are_listed():
    output = run("--help").stdout
    assert "Examples:" in output
    for command in NAMES:
        assert re.search(rf"^  {command} +\S", output, flags=re.MULTILINE)


@pytest.mark.parametrize("command", NAMES)
def test_examples_in_the_help_use_existing_options(command):
    output = run(command, "--help").stdout
    usage, _, examples = output.partition("Examples:")
    assert examples
    lines = [line.strip() for line in examples.splitlines()]
    shown = [line for line in lines if line.startswith(f"featkit {command}")]
    assert shown
    for option in re.findall(r"(?<=\s)--?[a-z-]+", " ".join(shown)):
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", usage), option


def listed():
    """The lines of the help that summarise a command, by command."""
    text = run("--help").stdout.partition("First steps:")[2].partition("Examples:")[0]
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line.startswith("  ")]
    return {line[0]: line[1] for line in lines if line}


def test_the_list_of_commands_shows_whole_summaries():
    assert sorted(listed()) == NAMES
    assert all(text.endswith(".") and not text.endswith("...") for text in listed().values())


def test_commands_are_listed_in_the_order_of_work():
    order = list(listed())
    steps = ["demo", "extract", "merge", "inspect", "audit", "train", "report", "predict"]
    assert [name for name in order if name in steps] == steps
    placed = {name for names in SECTIONS.values() for name in names}
    assert placed >= {*NAMES}


@pytest.mark.parametrize("words", [[], ["train"], ["describe"]])
def test_h_is_help(words):
    assert run(*words, "-h").stdout == run(*words, "--help").stdout


def test_without_arguments_there_is_the_help():
    result = run(status=2)
    assert "Examples:" in result.output
    assert "featkit demo" in result.output


@pytest.fixture
def extra_module(tmp_path, monkeypatch):
    """A function that writes a module into the package of the commands."""
    monkeypatch.setattr(featkit.cli, "__path__", [*featkit.cli.__path__, str(tmp_path)])
    COMMANDS.clear()
    yield lambda name, text: (tmp_path / f"{name}.py").write_text(text)
    COMMANDS.clear()
    for name in ("toy", "faulty"):
        sys.modules.pop(f"featkit.cli.{name}", None)


def test_a_command_is_added_by_one_file(extra_module):
    extra_module("toy", TOY)
    assert re.search(r"^  toy +Greet somebody\.$", run("--help").stdout, flags=re.MULTILINE)
    assert run("toy", "Ada").stdout == "hello Ada\n"
    assert "A toy." in run("toy", "--help").stdout


def test_a_module_without_a_command_is_reported(extra_module):
    extra_module("faulty", "")
    error = error_line("faulty", status=1)
    assert "featkit.cli.faulty: must export command, a Command, got None" in error


def test_an_unknown_command_is_wrong_usage():
    assert "No such command 'extrakt'. Did you mean 'extract'?" in error_line("extrakt")
    assert error_line("Train").endswith("Did you mean 'train'?")
    assert error_line("zzzz") == "Error: No such command 'zzzz'."


def test_a_file_in_place_of_a_command_gets_a_hint(tmp_path):
    (tmp_path / "song.wav").touch()
    error = error_line(tmp_path / "song.wav")
    assert error.endswith("It is a file or folder: name a command first, such as 'extract'.")


def test_a_misspelled_option_gets_a_suggestion():
    error = error_line("train", "t.csv", "--foldz", "3")
    assert "No such option" in error
    assert "--folds" in error


# Encodings


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A table with names that no 8-bit encoding contains."""
    monkeypatch.chdir(tmp_path)
    for name in ("日本", "音"):
        os.makedirs(f"corpus/{name}")
        soundfile.write(f"corpus/{name}/ü.wav", signals.noise(SR, 0.5), SR)
    featkit.extract("corpus", features=LEVEL, labels="folder").write("日本.csv")


def output_of(monkeypatch, encoding, *words):
    """Run a command whose streams fail at characters outside an encoding."""
    streams = {}
    for name in ("stdout", "stderr"):
        streams[name] = io.TextIOWrapper(io.BytesIO(), encoding, errors="strict")
        monkeypatch.setattr(sys, name, streams[name])
    with pytest.raises(SystemExit) as end:
        main(words)
    texts = []
    for stream in streams.values():
        stream.flush()
        texts.append(stream.buffer.getvalue().decode(encoding))
    return end.value.code, *texts


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (["inspect", "日本.csv"], 0, r"\u65e5\u672c/"),
        (["inspect", "日本.csv", "--columns"], 0, "rms_max"),
        (["inspect", "日本.csv", "--json"], 0, r'"\u65e5\u672c"'),
        (["diff", "日本.csv", "日本.csv"], 0, "same"),
        (["features", "standard"], 0, "mfcc"),
        (["describe", "spectral_bandwidth_var"], 0, r"\xb2"),
        (["inspect", "音.csv"], 1, r"\u97f3.csv"),
        (["extract", "音", "-o", "out.csv"], 2, r"\u97f3"),
        (["extract", "corpus", "--音"], 2, r"\u97f3"),
        (["音"], 2, r"\u97f3"),
    ],
    ids=str,
)
def test_a_character_outside_the_encoding_is_escaped(table, monkeypatch, words, status, expected):
    code, output, errors = output_of(monkeypatch, "iso8859-5", *words)
    assert code == status
    assert expected in output + errors


def test_a_character_of_the_encoding_is_written_as_it_is(table, monkeypatch):
    code, output, _ = output_of(monkeypatch, "cp1252", "inspect", "日本.csv")
    assert code == 0
    assert r"\u97f3/ü.wav" in output


def test_a_fresh_process_uses_the_encoding_of_its_environment(table):
    done = subprocess.run(
        [sys.executable, "-m", "featkit", "inspect", "日本.csv"],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "cp1252:strict"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert rb"\u65e5\u672c/" + "ü.wav".encode("cp1252") in done.stdout


def test_a_closed_pipe_ends_a_command_quietly(table):
    command = subprocess.Popen(
        [sys.executable, "-m", "featkit", "features", "standard"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    command.stdout.close()
    assert command.stderr.read() == b""
    command.stderr.close()
    assert command.wait() == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is full")
@pytest.mark.parametrize("words", [["--help"], ["--version"], ["features"], ["train", "--help"]])
def test_a_full_device_is_reported_in_one_line(words):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "featkit", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "Error: No space left on device\n")
