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

from featkit._utils.formatting import printable
from featkit._utils.registry import module_registry
from featkit.errors import FeatkitError, ParameterError
from featkit.storage.reading import kept_copies

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
  featkit features standard                           the features of one set
"""

STRICT_ERROR_HANDLERS = ("strict", "surrogateescape", "surrogatepass")
"""Error handlers of streams that fail at a character outside their encoding."""

COMMANDS = module_registry("command", "featkit.cli", "command", click.Command)
"""The commands by name."""


class UsageFailure(click.ClickException):
    """Wrong usage, reported in one line."""

    exit_code = 2


class Terminated(KeyboardInterrupt):
    """SIGTERM, handled like Ctrl-C so that workers end as well."""


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


@contextmanager
def _errors_reported() -> Iterator[None]:
    """Report errors of the library and the system in one line, without a traceback."""
    try:
        yield
    except ParameterError as error:
        raise UsageFailure(printable(str(error))) from error
    except FeatkitError as error:
        raise click.ClickException(printable(str(error))) from error
    except BrokenPipeError:  # the reader of the output has closed it; click ends quietly
        raise
    except OSError as error:
        where = f"{error.filename}: " if error.filename else _missing_folder()
        raise click.ClickException(printable(f"{where}{error.strerror or error}")) from error


def _missing_folder() -> str:
    """Return a hint if the current folder was removed, which makes many calls fail."""
    try:
        os.getcwd()
    except OSError:
        return "the current folder was removed, change to another: "
    return ""


def _exit_without_collection() -> None:
    """Skip the last garbage collection of the process, which takes up to 0.3 s.

    The system frees the memory anyway; files and temporary folders are already closed.
    """
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)


class Commands(click.Group):
    """A group of the commands in `COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return COMMANDS.names

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return COMMANDS[cmd_name] if cmd_name in COMMANDS.names else None

    def main(self, *args: Any, **kwargs: Any) -> Any:
        _prepare_streams()  # before parsing, which may print an error or the help
        _exit_without_collection()
        return super().main(*args, **kwargs)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _errors_reported():  # --help and --version print here
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _sigterm_handled(), _errors_reported(), kept_copies():
                return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            click.echo("stopped", err=True)
            status = 143 if isinstance(interrupt, Terminated) else 130
            raise click.exceptions.Exit(status) from None


@click.group(cls=Commands, epilog=EPILOG)
@click.version_option(package_name="featkit", message="featkit %(version)s")
def main() -> None:
    """Turn audio into documented features and explainable models."""
