"""Manual pages, generated from the commands.

``python -m featkit.cli._generated`` writes them to ``docs/man``, from where they are installed.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator

import click

from featkit.cli._help import sections
from featkit.cli._run_command import RunCommand

DATE = "2026-11-30"
"""Date of the version, which programs that show manual pages expect."""

WIDTH = 68
"""Characters of a line of text."""

EXIT_STATUS = (
    ("0", "Success."),
    ("1", "The command failed; of diff: the tables differ; of audit: there are severe issues."),
    ("2", "Wrong usage."),
    ("3", "Some recordings failed, more than --max-failures."),
    ("130", "Stopped by Ctrl-C."),
    ("143", "Stopped by SIGTERM."),
)

ENVIRONMENT = (
    ("NO_COLOR", "No colours and other styles, if it is not empty."),
    ("FORCE_COLOR, CLICOLOR_FORCE", "Styles of text also where the output is not a terminal."),
    ("TERM", "dumb: no styles, and lines instead of a progress bar."),
    ("TMPDIR", "Folder for temporary files."),
    ("FEATKIT_COMPILED", "0: compute with NumPy instead of the compiled core."),
)


def pages(main: click.Group, version: str) -> dict[str, str]:
    """Return the manual pages.

    Parameters
    ----------
    main : click.Group
        The command line.
    version : str
        Version of featkit.

    Returns
    -------
    dict of str to str
        Text in the man macros of roff by file name.
    """
    context = click.Context(main, info_name="featkit", **main.context_settings)
    names = main.list_commands(context)
    texts = {"featkit.1": _overview(main, context, version)}
    for name in names:
        command = main.get_command(context, name)
        assert isinstance(command, RunCommand)
        own = click.Context(command, info_name=name, parent=context)
        texts[f"featkit-{name}.1"] = _page(command, own, version)
    return texts


def _overview(main: click.Group, context: click.Context, version: str) -> str:
    lines = [_head("featkit", version), *_name("featkit", main)]
    lines += [".SH SYNOPSIS", ".B featkit", r"[\fIOPTIONS\fR] \fICOMMAND\fR [\fIARGUMENTS\fR]"]
    lines += [".br", ".B featkit", rf"{_escaped('--config')} \fIFILE.toml\fR"]
    lines += [".SH DESCRIPTION", *_paragraphs(main.help or "")]
    lines += [".SH COMMANDS"]
    for title, names in sections(main.list_commands(context)).items():
        lines += [f".SS {title}"]
        for name in names:
            command = main.get_command(context, name)
            assert command is not None
            summary = _escaped(command.get_short_help_str(200))
            lines += [".TP", rf"\fBfeatkit\-{_escaped(name)}\fR(1)", summary]
    lines += [*_options(main, context), *_epilog(main.epilog or "")]
    lines += [".SH EXIT STATUS", *_list(EXIT_STATUS), ".SH ENVIRONMENT", *_list(ENVIRONMENT)]
    return "\n".join(lines) + "\n"


def _page(command: click.Command, context: click.Context, version: str) -> str:
    name = f"featkit-{command.name}"
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [_head(name, version), *_name(name, command)]
    lines += [".SH SYNOPSIS", f".B featkit {command.name}", _escaped(usage)]
    lines += [".SH DESCRIPTION", *_paragraphs(command.help or "")]
    lines += [*_options(command, context), *_epilog(command.epilog or "")]
    lines += [".SH SEE ALSO", r"\fBfeatkit\fR(1)"]
    return "\n".join(lines) + "\n"


def _head(name: str, version: str) -> str:
    return f'.TH {name.upper()} 1 {DATE} "featkit {version}" "featkit manual"'


def _name(name: str, command: click.Command) -> list[str]:
    summary = command.get_short_help_str(200).rstrip(".")
    summary = summary[0].lower() + summary[1:]
    return [".SH NAME", rf"{_escaped(name)} \- {_escaped(summary)}"]


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    yield ".SH OPTIONS"
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and record[1]:  # an argument has no text
            names, text = record
            yield from (".TP", rf"\fB{_escaped(names)}\fR", *_filled(text))


def _list(entries: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, text in entries:
        yield from (".TP", rf"\fB{_escaped(name)}\fR", *_filled(text))


def _epilog(text: str) -> Iterator[str]:
    """The examples as a section of their own, and the rest as notes."""
    blocks = _blocks(text)
    examples = [block for block in blocks if block.startswith("\b\nExamples:")]
    if examples:
        yield ".SH EXAMPLES"
        yield from _unfilled(block.removeprefix("\b\nExamples:\n") for block in examples)
    if notes := [block for block in blocks if block not in examples]:
        yield ".SH NOTES"
        yield from _texts(notes)


def _paragraphs(text: str) -> Iterator[str]:
    return _texts(_blocks(text))


def _blocks(text: str) -> list[str]:
    """Paragraphs of a help text; click marks those that keep their lines with a backspace."""
    return [block for block in re.split(r"\n\s*\n", inspect.cleandoc(text)) if block.strip()]


def _texts(blocks: Iterable[str]) -> Iterator[str]:
    for number, block in enumerate(blocks):
        if number:
            yield ".PP"
        if block.startswith("\b\n"):
            yield from _unfilled([block.removeprefix("\b\n")])
        else:
            yield from _filled(block)


def _filled(text: str) -> list[str]:
    """Text that may be wrapped; each sentence begins a line, as roff wants it."""
    sentences = re.split(r"(?<=[.:?!]) +(?=[^a-z])", " ".join(text.split()))
    return [
        _escaped(line)
        for sentence in sentences
        for line in textwrap.wrap(sentence, WIDTH, break_on_hyphens=False)
    ]


def _unfilled(blocks: Iterable[str]) -> Iterator[str]:
    yield ".nf"
    for block in blocks:
        yield from (_escaped(line) for line in block.splitlines())
    yield ".fi"


def _escaped(text: str) -> str:
    """Text without commands of roff."""
    text = text.replace("\\", r"\e").replace("-", r"\-").rstrip()
    return rf"\&{text}" if text.lstrip()[:1] in (".", "'") else text
