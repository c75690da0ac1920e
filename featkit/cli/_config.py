"""Configuration files: the settings of commands in TOML, one table per command."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from featkit._utils.formatting import shell_word
from featkit._utils.parameters import unknown
from featkit.errors import ParameterError
from featkit.storage.urls import is_url, shown

OWN_OPTIONS = ("help", "config", "save_config")
"""Parameters of commands that no file contains."""

HEADER = re.compile(r"^\[\s*([A-Za-z_-]+)\s*\]", re.MULTILINE)
"""Head of a table of a command."""


@dataclass(frozen=True)
class Settings:
    """The table of one command in a configuration file.

    Attributes
    ----------
    file : str
        The file.
    arguments : list of str
        Positional arguments, in order.
    options : dict of str to object
        Values of options, by the name of click's parameter.
    """

    file: str
    arguments: list[str]
    options: dict[str, Any]


def key_of(parameter: click.Parameter) -> str:
    """Return the key of a parameter in a configuration file.

    Parameters
    ----------
    parameter : click.Parameter

    Returns
    -------
    str
        The first long name of an option, without dashes; the name of an argument.
    """
    if isinstance(parameter, click.Argument):
        return str(parameter.name)
    long = [name for name in parameter.opts if name.startswith("--")]
    return (long or parameter.opts)[0].lstrip("-")


def keys_of(command: click.Command) -> dict[str, click.Parameter]:
    """Return the parameters of a command that a configuration file can set.

    Parameters
    ----------
    command : click.Command

    Returns
    -------
    dict of str to click.Parameter
        By key.
    """
    return {
        key_of(parameter): parameter
        for parameter in command.params
        if parameter.name not in OWN_OPTIONS and not _prints_and_exits(parameter)
    }


def _prints_and_exits(parameter: click.Parameter) -> bool:
    return parameter.is_eager and not parameter.expose_value


def read_tables(file: str) -> dict[str, dict[str, Any]]:
    """Read a configuration file.

    Parameters
    ----------
    file : str
        Path or URL.

    Returns
    -------
    dict of str to dict
        The table of each command, in the order of the file.

    Raises
    ------
    ParameterError
        If it cannot be read, is not TOML, or contains anything but tables of commands.
    """
    import tomllib

    from featkit.cli._main import COMMANDS
    from featkit.storage.reading import local_copy

    try:
        with local_copy(file) as copy, open(copy, "rb") as stream:
            tables = tomllib.load(stream)
    except FileNotFoundError:
        raise ParameterError(f"{shown(file)}: no such file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ParameterError(f"{shown(file)}: it is not TOML: {error}") from None
    except OSError as error:
        raise ParameterError(f"{shown(file)}: cannot read it: {error.strerror}") from None
    for name, table in tables.items():
        if name not in COMMANDS.names:
            raise ParameterError(f"{shown(file)}: {unknown('command', name, COMMANDS.names)}")
        if not isinstance(table, dict):
            raise ParameterError(
                f"{shown(file)}: {name} must be a table of settings: write [{name}], and below it"
                " lines such as label = 'genre'"
            )
    return tables


def read_settings(file: str, command: click.Command) -> Settings:
    """Read the table of one command.

    Parameters
    ----------
    file : str
        Path or URL of the configuration file.
    command : click.Command
        The command, which has the name of its table.

    Returns
    -------
    Settings

    Raises
    ------
    ParameterError
        If the file cannot be read or has no such table, or if a key is unknown or its value has a
        wrong type.
    """
    tables = read_tables(file)
    if command.name not in tables:
        names = ", ".join(f"[{name}]" for name in tables) or "none"
        raise ParameterError(f"{shown(file)}: no table [{command.name}]; its tables: {names}")
    keys = keys_of(command)
    values: dict[str, Any] = {}
    for key, value in tables[str(command.name)].items():
        parameter = keys.get(key.replace("_", "-")) or keys.get(key)
        if parameter is None:
            raise ParameterError(
                f"{shown(file)}: [{command.name}]: {unknown('key', key, sorted(keys))}"
            )
        where = f"{shown(file)}: [{command.name}] {key}"
        values[str(parameter.name)] = _checked(parameter, value, where)
    arguments: list[str] = []
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            value = values.pop(str(parameter.name), [])
            arguments += value if isinstance(value, list) else [value]
    return Settings(file, arguments, values)


def _checked(parameter: click.Parameter, value: Any, where: str) -> Any:
    """Check the type of a value; its range is checked with those of the command line."""
    if not _takes_several(parameter):
        return _checked_scalar(parameter, value, where)
    if isinstance(value, dict) and "=" in (parameter.metavar or ""):
        pairs = {name: item if isinstance(item, list) else [item] for name, item in value.items()}
        return [f"{name}={','.join(map(_text, items))}" for name, items in pairs.items()]
    values = value if isinstance(value, list) else [value]
    return [_checked_scalar(parameter, item, where) for item in values]


def _takes_several(parameter: click.Parameter) -> bool:
    return parameter.nargs == -1 or parameter.multiple


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _checked_scalar(parameter: click.Parameter, value: Any, where: str) -> Any:
    kinds: tuple[type, ...] = (str,)
    expected = "a text in quotes"
    if isinstance(parameter, click.Option) and parameter.is_flag:
        kinds, expected = (bool,), "true or false"
    elif isinstance(parameter.type, click.types.IntParamType):
        kinds, expected = (int,), "a whole number"
    elif isinstance(parameter.type, click.types.FloatParamType):
        kinds, expected = (int, float), "a number"
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        if _takes_several(parameter):
            expected += ", or a list of such values"
        raise ParameterError(f"{where}: expected {expected}, got {value!r}")
    return value


def settings_of(
    command: click.Command, context: click.Context, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the settings of a run: those that were given, and defaults.

    Parameters
    ----------
    command : click.Command
        The command.
    context : click.Context
        Its context, after parsing.
    given : mapping of str to object
        Values of the command line and the configuration file, by the name of click's parameter.

    Returns
    -------
    dict of str to object
        Texts, numbers, booleans and lists by key; others are left out.
    """
    settings: dict[str, Any] = {}
    for key, parameter in keys_of(command).items():
        value: Any = given.get(str(parameter.name))
        if not _is_set(value):
            value = parameter.get_default(context)
        if not _is_set(value) or (value is False and parameter.get_default(context) is False):
            continue
        several = _takes_several(parameter)
        settings[key] = list(value) if several else _typed(parameter, value, context)
    return settings


def _is_set(value: Any) -> bool:
    """Whether a parameter has a value; click has several signs for none."""
    return isinstance(value, (str, bool, int, float)) or (
        isinstance(value, Sequence) and len(value) > 0
    )


def _typed(parameter: click.Parameter, value: Any, context: click.Context) -> Any:
    if isinstance(value, str) and not isinstance(parameter.type, click.Choice):
        return parameter.type.convert(value, parameter, context)
    return value


def masked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings without the passwords and signatures of URLs.

    Parameters
    ----------
    settings : mapping of str to object
        As of `settings_of`.

    Returns
    -------
    dict of str to object
    """
    return {
        key: [_masked(item) for item in value] if isinstance(value, list) else _masked(value)
        for key, value in settings.items()
    }


def _masked(value: Any) -> Any:
    return shown(value) if isinstance(value, str) and is_url(value) else value


def command_words(command: click.Command, given: Mapping[str, Any]) -> list[str]:
    """Return the words of a command line, quoted for a shell.

    Parameters
    ----------
    command : click.Command
        The command.
    given : mapping of str to object
        Values by the name of click's parameter.

    Returns
    -------
    list of str
        Arguments, then options; without ``--config``, ``--save-config`` and ``--log``.
    """
    arguments: list[str] = []
    options: list[str] = []
    for parameter in keys_of(command).values():
        value = given.get(str(parameter.name))
        if not _is_set(value) or parameter.name == "log":
            continue
        values = [str(v) for v in value] if isinstance(value, (list, tuple)) else [str(value)]
        if isinstance(parameter, click.Argument):
            arguments += values
        elif isinstance(parameter, click.Option) and parameter.is_flag:
            options.append((parameter.opts if value is True else parameter.secondary_opts)[-1])
        else:
            options += [word for item in values for word in (parameter.opts[0], item)]
    return [shell_word(word) for word in [*arguments, *options]]


def save_settings(file: str, command: str, settings: Mapping[str, Any]) -> None:
    """Write the settings of a command to a configuration file.

    Tables of other commands in the file are kept.

    Parameters
    ----------
    file : str
        Path or URL that ends in ``.toml``.
    command : str
        Name of the command.
    settings : mapping of str to object
        As of `settings_of`.

    Raises
    ------
    ParameterError
        If a URL contains a password or a signature, or if an existing file is not a configuration.
    """
    from featkit.storage.reading import exists, local_copy
    from featkit.storage.writing import check_outputs, replacing

    check_outputs({file: ".toml"})
    for key, value in masked(settings).items():
        if value != settings[key]:
            raise ParameterError(
                f"--save-config: the URL of {key} contains a password or a query, which may be a"
                " signature; these are not written to files: leave out --save-config, or give the"
                " password by the environment or the configuration of the store"
            )
    before, old = {}, ""
    if exists(file):
        before = read_tables(file)
        with local_copy(file) as copy, open(copy, encoding="utf-8") as stream:
            old = stream.read()
    text = _spliced(old, command, _block(file, command, settings))
    _check_text(file, text, {**before, command: dict(settings)})
    with replacing(file) as scratch:
        scratch.write_text(text, "utf-8")


def _check_text(file: str, text: str, tables: Mapping[str, Any]) -> None:
    """Check that a text has exactly these tables before it replaces a file."""
    import tomllib

    try:
        text.encode()
        is_same = tomllib.loads(text) == tables
    except (tomllib.TOMLDecodeError, UnicodeEncodeError):
        is_same = False
    if not is_same:
        raise ParameterError(
            f"{shown(file)}: cannot add the settings: choose a new file, and names of files that"
            " are valid UTF-8"
        )


def _block(file: str, command: str, settings: Mapping[str, Any]) -> str:
    import platform

    from featkit import __version__

    lines = [
        f"[{command}]",
        f"# featkit {__version__}, Python {platform.python_version()}; the same run:"
        f" featkit {command} --config {json.dumps(shown(file), ensure_ascii=False)}",
        *(f"{key} = {_toml(value)}" for key, value in settings.items()),
    ]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        # A string of JSON is one of TOML, except for this character, which TOML wants escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return _toml_list([_toml(item) for item in value])
    return repr(value)


def _toml_list(items: Iterable[str]) -> str:
    return f"[{', '.join(items)}]"


def _spliced(text: str, command: str, block: str) -> str:
    """Put the table of a command into a text: in place of its old one, or at the end."""
    heads = list(HEADER.finditer(text))
    for k, head in enumerate(heads):
        if head[1] == command:
            end = heads[k + 1].start() if k + 1 < len(heads) else len(text)
            rest = text[end:]
            return f"{text[: head.start()]}{block}" + (f"\n{rest}" if rest else "")
    return f"{text.rstrip()}\n\n{block}" if text.strip() else block
