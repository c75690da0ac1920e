"""Options that several commands share."""

import click
import pytest
from click.testing import CliRunner

from featkit._utils.progress import Progress
from featkit.batch.extraction import Failure
from featkit.cli import main
from featkit.cli._console import show_failures, show_message
from featkit.cli._options import quiet_option
from featkit.cli._progress import show_progress


def test_every_slow_command_has_the_option_quiet():
    commands = ["demo", "explain", "predict", "report", "train"]
    for command in commands:
        assert "-q, --quiet" in CliRunner().invoke(main, [command, "--help"]).stdout


@pytest.mark.parametrize("quiet", [True, False])
def test_a_quiet_command_shows_neither_progress_nor_summary(clock, quiet):
    @quiet_option
    @click.command()
    def command():
        with show_progress() as report:
            report(Progress("working", 0, 2))
            clock.now += 10
            report(Progress("working", 1, 2, elapsed=10.0))
        show_message("a summary")
        show_failures([])
        click.echo("a result")

    done = CliRunner().invoke(command, ["--quiet"] if quiet else [])
    assert done.stdout == "a result\n"
    assert done.stderr == ("" if quiet else "working: 1 of 2 files, about 10 s left\na summary\n")


def test_failures_are_reported_even_if_quiet():
    @quiet_option
    @click.command()
    def command():
        show_failures([Failure("a.wav", "open", "AudioError", "no such file")])

    done = CliRunner().invoke(command, ["-q"])
    assert done.stderr.splitlines() == ["1 failed:", "  a.wav: open: no such file"]
