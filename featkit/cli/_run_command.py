"""A command as it runs: with the options of every command, a configuration file and a log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from click.core import ParameterSource

from featkit._utils.formatting import printable
from featkit.cli._config import (
    Settings,
    key_of,
    masked,
    read_settings,
    save_settings,
    settings_of,
)
from featkit.cli._errors import UsageFailure, errors_reported
from featkit.cli._run_log import run_log
from featkit.storage.urls import shown

GIVEN_KEY = "featkit.given"
"""Key, in the metadata of click's context, of the values as they were given."""

config_option = click.option(
    "--config",
    metavar="FILE.toml",
    is_eager=True,
    help="Read settings from the table of the command; options given here come first.",
)

save_config_option = click.option(
    "--save-config",
    metavar="FILE.toml",
    help="Write the settings of this run, which --config reads.",
)

log_option = click.option(
    "--log", metavar="FILE.jsonl", help="Append what happens to a file, as lines of JSON."
)


def _run_options() -> list[click.Parameter]:
    """The options that every command has."""

    @click.command()
    @config_option
    @save_config_option
    @log_option
    def carrier() -> None:
        pass

    return carrier.params


class RunCommand(click.Command):
    """A command with ``--config``, ``--save-config`` and ``--log``.

    Parameters
    ----------
    command : click.Command
        The command without them, from the registry.
    """

    def __init__(self, command: click.Command) -> None:
        super().__init__(
            command.name,
            callback=command.callback,
            params=[*command.params, *_run_options()],
            help=command.help,
            epilog=command.epilog,
            short_help=command.short_help,
            context_settings=command.context_settings,
            no_args_is_help=command.no_args_is_help,
            hidden=command.hidden,
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if ctx.resilient_parsing:  # a shell completes words
            from featkit.cli._completion_values import completed

            completed(self.params)
            return super().parse_args(ctx, args)
        given, _, _ = self.make_parser(ctx).parse_args(args=list(args))
        settings = self._settings(ctx, given)
        if settings is not None:
            if not self._has_arguments(given):
                args = [*args, *(["--"] if settings.arguments else []), *settings.arguments]
                given, _, _ = self.make_parser(ctx).parse_args(args=list(args))
            ctx.default_map = settings.options
            given = {**settings.options, **_values(given)}
        ctx.meta[GIVEN_KEY] = _values(given)
        with self._file_named(ctx, settings):
            return super().parse_args(ctx, args)

    def _settings(self, ctx: click.Context, given: dict[str, Any]) -> Settings | None:
        """Read the settings of this command, if it or the whole run has a configuration file."""
        own = given.get("config")
        file = own if isinstance(own, str) else _of_whole_run(ctx, "config")
        if file is None or given.get("help") is True:
            return None
        with errors_reported():
            return read_settings(file, self)

    def _has_arguments(self, given: dict[str, Any]) -> bool:
        arguments = [str(p.name) for p in self.params if isinstance(p, click.Argument)]
        return any(name in _values(given) for name in arguments)

    @contextmanager
    def _file_named(self, ctx: click.Context, settings: Settings | None) -> Iterator[None]:
        """Name the configuration file in errors about its values."""
        try:
            yield
        except click.BadParameter as error:
            parameter = error.param
            if settings is None or parameter is None:
                raise
            if ctx.get_parameter_source(str(parameter.name)) != ParameterSource.DEFAULT_MAP:
                raise
            where = f"{shown(settings.file)}: [{self.name}] {key_of(parameter)}"
            raise UsageFailure(printable(f"{where}: {error.message}")) from error

    def invoke(self, ctx: click.Context) -> Any:
        for name in ("config", "save_config", "log"):
            ctx.params.setdefault(name, None)
        del ctx.params["config"]
        file = ctx.params.pop("save_config")
        log = ctx.params.pop("log") or _of_whole_run(ctx, "log")
        settings = settings_of(self, ctx, ctx.meta[GIVEN_KEY])
        with errors_reported():
            if file is not None:
                save_settings(file, str(self.name), settings)
            with run_log(ctx, log, masked(settings)), errors_reported():
                return super().invoke(ctx)


def _values(given: dict[str, Any]) -> dict[str, Any]:
    """The parameters that have a value; click's signs for none are left out."""
    kinds = (str, bool, int, float, list, tuple)
    return {
        name: value
        for name, value in given.items()
        if isinstance(value, kinds) and value not in ((), [])
    }


def _of_whole_run(ctx: click.Context, option: str) -> Any:
    """The value of an option that was given before the name of the command."""
    return None if ctx.parent is None else ctx.parent.params.get(option)
