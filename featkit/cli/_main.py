"""The command line: one file a command, found by looking, loaded when it is called for.

A module here whose name has no underscore before it exports its ``command``. A command calls the
library and shows the answer; what a user of the library could want is not here. Exit status: 0
when all went well, 1 when the command failed (for `diff`: when the tables differ), 2 for wrong
usage, 3 when some recordings failed, 130 when stopped by Ctrl-C, 143 when asked to end by SIGTERM.
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

from featkit._utils.registry import Registry, exported
from featkit.cli._console import printable
from featkit.errors import FeatkitError, ParameterError

EPILOG = """
\b
Examples:
  featkit demo                                        see what it does, on sound it makes itself
  featkit extract recordings/ -o features.parquet     a row for each recording
  featkit inspect features.parquet                    what is in a table, and where it came from
  featkit train features.parquet -o model.fk          a model, and scores that can be believed
  featkit predict model.fk new.wav                    what it says of a sound
  featkit features standard                           what the columns mean
"""

STRICT = ("strict", "surrogateescape", "surrogatepass")
"""How streams treat characters that their encoding lacks, where that is an error."""


class WrongUsage(click.ClickException):
    """A parameter that cannot be used, told in one line."""

    exit_code = 2


class Terminated(KeyboardInterrupt):
    """Somebody asked the process to end: as Ctrl-C does, so that its workers end, too."""


@contextmanager
def _terminable() -> Iterator[None]:
    def end(*_: object) -> None:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _lost_folder() -> str:
    """What to say first if the current folder was removed, which many calls fail of."""
    try:
        os.getcwd()
    except OSError:
        return "the current folder was removed, change to another: "
    return ""


def _prepare_streams() -> None:
    """Make standard output and error take any text.

    Output that was closed, as some schedulers do, goes nowhere; workers stumble without one. A
    character that the encoding of a stream lacks is written as ``\\uXXXX``: a redirected stream has
    the code page of the system on Windows, and ASCII in some locales.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper) and stream.errors in STRICT:
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _errors_told() -> Iterator[None]:
    """Tell errors of the library and of the system in one line, without a traceback."""
    try:
        yield
    except ParameterError as error:
        raise WrongUsage(printable(str(error))) from error
    except FeatkitError as error:
        raise click.ClickException(printable(str(error))) from error
    except BrokenPipeError:  # whoever read our output has seen enough
        raise
    except OSError as error:
        what = f"{error.filename}: " if error.filename else _lost_folder()
        raise click.ClickException(printable(f"{what}{error.strerror or error}")) from error


def _end_without_search() -> None:
    """Let the process end without a last search for garbage, which takes up to 0.3 s.

    Its memory is freed in any case; files and temporary folders were closed before.
    """
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)


COMMANDS = Registry("command", "featkit.cli", exported("featkit.cli", "command", click.Command))
"""The commands, each loaded when it is called."""


class Commands(click.Group):
    """The commands of this folder."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return COMMANDS.names

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return COMMANDS[cmd_name] if cmd_name in COMMANDS.names else None

    def main(self, *args: Any, **kwargs: Any) -> Any:
        _prepare_streams()  # before the words are parsed, which may be an error or --help
        _end_without_search()
        return super().main(*args, **kwargs)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _errors_told():  # --help and --version are written here
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _terminable(), _errors_told():
                return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            click.echo("stopped", err=True)
            raise click.exceptions.Exit(143 if isinstance(stop, Terminated) else 130) from None


@click.group(cls=Commands, epilog=EPILOG)
@click.version_option(package_name="featkit", message="featkit %(version)s")
def main() -> None:
    """Sound to a table of named, documented features, and to models that can be explained."""
