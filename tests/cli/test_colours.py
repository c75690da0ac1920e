"""Colours: `NO_COLOR`, `FORCE_COLOR` and terminals without any."""

import sys

import click
import pytest
from click.testing import CliRunner
from terminal import Terminal

from featkit.cli import _colour, _console, _progress, main

ESCAPE = "\x1b["


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """An environment that says nothing about colours."""
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def shown_table(monkeypatch):
    """A table as a terminal receives it."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    _console.show_table(["name"], [["a"]])
    return terminal.getvalue()


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, None),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, None),
        ({"TERM": "dumb"}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"CLICOLOR_FORCE": "1"}, True),
        ({"FORCE_COLOR": "0"}, None),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_variables_decide(monkeypatch, variables, expected):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert _colour.colour() is expected


def test_tables_have_styles_unless_they_are_off(monkeypatch):
    assert ESCAPE in shown_table(monkeypatch)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = shown_table(monkeypatch)
    assert ESCAPE not in plain
    assert "name" in plain


def test_a_terminal_that_cannot_move_its_cursor_gets_lines(monkeypatch, clock):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "dumb")
    with _progress._display("training", "fits") as report:
        clock.now += 6
        report(1, 2)
    assert terminal.getvalue() == "training: 1 of 2 fits\n"


@pytest.mark.parametrize(("name", "styled"), [("FORCE_COLOR", True), ("NO_COLOR", False)])
def test_commands_obey(monkeypatch, name, styled):
    monkeypatch.setenv(name, "1")

    @click.command("styled")
    def command():
        click.echo(click.style("red", fg="red"))

    monkeypatch.setattr(type(main), "get_command", lambda *_: command)
    output = CliRunner().invoke(main, ["describe"]).stdout
    assert (ESCAPE in output) is styled
