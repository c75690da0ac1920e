"""Errors of a command, reported in one line, without a traceback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import click

from featkit._utils.formatting import printable
from featkit._utils.installed import missing_package
from featkit.errors import FeatkitError, ParameterError


class UsageFailure(click.ClickException):
    """Wrong usage, reported in one line."""

    exit_code = 2


class Terminated(KeyboardInterrupt):
    """SIGTERM, handled like Ctrl-C so that workers end as well."""


@contextmanager
def errors_reported() -> Iterator[None]:
    """Turn errors of the library and the system into those that click prints in one line.

    Raises
    ------
    UsageFailure
        For a `ParameterError`.
    click.ClickException
        For other errors of the library and the system.
    """
    try:
        yield
    except ParameterError as error:
        raise UsageFailure(printable(str(error))) from error
    except FeatkitError as error:
        raise click.ClickException(printable(str(error))) from error
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("featkit"):  # a fault of featkit itself
            raise
        raise click.ClickException(printable(missing_package(error))) from error
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


def exit_status(error: BaseException | None) -> int:
    """Return the exit status of a command.

    Parameters
    ----------
    error : BaseException or None
        The exception that ended the command; None if it returned.

    Returns
    -------
    int
        See `featkit.cli._main`.
    """
    if error is None:
        return 0
    if isinstance(error, Terminated):
        return 143
    if isinstance(error, KeyboardInterrupt):
        return 130
    if isinstance(error, (click.ClickException, click.exceptions.Exit)):
        return error.exit_code
    return 1
