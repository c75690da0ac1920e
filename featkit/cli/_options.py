"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

QUIET_KEY = "featkit.quiet"
"""Key of ``--quiet`` in the metadata of click's context."""

C = TypeVar("C", bound=Callable[..., Any])


def _store_quiet(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    context.meta[QUIET_KEY] = value


jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Number of worker processes.  [default: one per processor]",
)

quiet_option = click.option(
    "-q",
    "--quiet",
    is_flag=True,
    expose_value=False,
    callback=_store_quiet,
    help="Hide progress and summary; failures are still reported.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")

_exclude_option = click.option(
    "--exclude",
    multiple=True,
    metavar="C,C",
    help="Columns that are not features, separated by commas.",
)

_exclude_from_option = click.option(
    "--exclude-from",
    metavar="FILE",
    help="Text file of columns that are not features, one name per line.",
)


def exclude_options(command: C) -> C:
    """Add ``--exclude`` and ``--exclude-from`` to a command."""
    return _exclude_option(_exclude_from_option(command))


def is_quiet() -> bool:
    """Whether the running command has the option ``--quiet``."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(QUIET_KEY))
