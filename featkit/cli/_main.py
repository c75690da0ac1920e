"""The command line: a group of commands, one module each, loaded when called.

A module of this folder without a leading underscore is a command and exports it as ``command``. A
command parses its options, calls the library and shows the result.

Exit status: 0 for success; 1 if the command failed (of `diff`: if the tables differ); 2 for wrong
usage; 3 if some recordings failed; 130 after Ctrl-C; 143 after SIGTERM.
"""

from __future__ import annotations

import atexit
import gc
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from featkit._utils.registry import module_registry
from featkit.cli._colour import colour
from featkit.cli._errors import Terminated, UsageFailure, errors_reported, exit_status
from featkit.cli._help import sections
from featkit.cli._run_command import RunCommand, log_option
from featkit.storage.reading import kept_copies
from featkit.storage.urls import shown

EPILOG = """
\b
Examples:
  featkit demo                                        a tour with synthetic recordings
  featkit extract recordings/ -o features.parquet     one row of features per recording
  featkit inspect features.parquet                    contents and provenance of a table
  featkit audit recordings/ --report audit.html       faults of the dataset, to listen to
  featkit train features.parquet -o model.fk          a model and its cross-validated scores
  featkit predict model.fk new.wav                    the class of a new recording
  featkit evaluate model.fk other.parquet             its scores on another dataset
  featkit report model.fk features.parquet -o r.html  scores, errors and features on a page
  featkit features standard                           the features of one set
  featkit --config run.toml                           all commands of a file, one after another

`featkit COMMAND -h` explains a command. `featkit completion -h` says how a shell completes
commands, options and files. Colours are off if NO_COLOR is set.
"""

STRICT_ERROR_HANDLERS = ("strict", "surrogateescape", "surrogatepass")
"""Error handlers of streams that fail at a character outside their encoding."""

COMMANDS = module_registry("command", "featkit.cli", "command", click.Command)
"""The commands by name."""


@contextmanager
def _sigterm_handled() -> Iterator[None]:
    def terminate(*_: object) -> None:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _prepare_streams() -> None:
    """Let standard output and error accept any text.

    Some schedulers close these streams; their output is then discarded. Characters outside the
    encoding are written as ``\\uXXXX``: redirected streams on Windows use the code page of the
    system, and some locales use ASCII.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper) and stream.errors in STRICT_ERROR_HANDLERS:
            stream.reconfigure(errors="backslashreplace")


def _exit_without_collection() -> None:
    """Skip the last garbage collection of the process, which takes up to 0.3 s.

    The system frees the memory anyway; files and temporary folders are already closed.
    """
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)


class Commands(click.Group):
    """A group of the commands in `COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for names in sections(COMMANDS.names).values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return RunCommand(COMMANDS[cmd_name]) if cmd_name in COMMANDS.names else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if ctx.resilient_parsing or name.startswith("-") or name in COMMANDS.names:
            return super().resolve_command(ctx, args)
        from featkit.cli._help import no_such_command

        raise click.UsageError(no_such_command(name, COMMANDS.names), ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, COMMANDS.names))
        for title, names in sections(COMMANDS.names).items():
            with formatter.section(title):
                summaries = [(name, COMMANDS[name].get_short_help_str(80)) for name in names]
                formatter.write_dl([(f"{name:{width}}", text) for name, text in summaries])

    def _main_shell_completion(
        self, ctx_args: Any, prog_name: str, complete_var: str | None = None
    ) -> None:
        if instruction := os.environ.get("_FEATKIT_COMPLETE"):
            from featkit.cli._completion import complete

            with errors_reported():
                sys.exit(complete(self, instruction))

    def main(self, *args: Any, **kwargs: Any) -> Any:
        _prepare_streams()  # before parsing, which may print an error or the help
        _exit_without_collection()
        return super().main(*args, **kwargs)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        kwargs.setdefault("color", colour())
        with errors_reported():  # --help and --version print here
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _sigterm_handled(), errors_reported(), kept_copies():
                return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            click.echo("stopped", err=True)
            raise click.exceptions.Exit(exit_status(interrupt)) from None


@click.group(
    cls=Commands,
    epilog=EPILOG,
    invoke_without_command=True,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="featkit", message="featkit %(version)s")
@click.option(
    "--config",
    metavar="FILE.toml",
    help="Run the commands of a file, one after another; with COMMAND, take its settings there.",
)
@log_option
@click.pass_context
def main(context: click.Context, config: str | None, log: str | None) -> None:
    """Turn audio into documented features and explainable models.

    With --config FILE.toml and no COMMAND, all commands of the file run, one after another.
    """
    if context.invoked_subcommand is None:
        if config is None:
            raise click.UsageError("Missing command.", context)
        _run_all(context, config)


def _run_all(context: click.Context, config: str) -> None:
    """Run the commands of a configuration file; the first that fails ends the run.

    Keys and types of all tables are checked first: a misspelled one should not end a long run.
    """
    from featkit.cli._config import read_settings, read_tables

    commands = {name: RunCommand(COMMANDS[name]) for name in read_tables(config)}
    if not commands:
        raise UsageFailure(
            f"{shown(config)}: no table of a command: write a line such as [train], and settings"
            " such as label = 'genre' below it"
        )
    for command in commands.values():
        read_settings(config, command)
    for name, command in commands.items():
        click.echo(f"[{name}]", err=True)
        with command.make_context(name, [], parent=context) as own:
            command.invoke(own)
