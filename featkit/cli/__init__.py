"""The command line: one module a command, found by looking, loaded when it is called."""

from featkit.cli._main import main as main
