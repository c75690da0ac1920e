"""The page of the command line: every command with its arguments, options and examples."""

import re
from pathlib import Path
from typing import Any

import click
from generated import write
from sphinx.application import Sphinx

from featkit.cli._help import sections
from featkit.cli._main import COMMANDS
from featkit.cli._run_command import RunCommand

HEAD = """# Command line

Every command with its options, as `featkit COMMAND --help` prints them.

Exit status: 0 for success; 1 if the command failed (of `diff`: if the tables differ); 2 for wrong
usage; 3 if some recordings failed; 130 after Ctrl-C; 143 after SIGTERM.
"""


def escaped(text: str) -> str:
    """Return text for Markdown in which nothing is markup."""
    return re.sub(r"([\\`*_{}\[\]<>#$|~])", r"\\\1", " ".join(text.replace("\b", "").split()))


def paragraphs(text: str) -> str:
    """Return the help of a command; blocks that click must not wrap are code."""
    parts = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(
        "```text\n" + part.replace("\b\n", "") + "\n```" if part.startswith("\b") else escaped(part)
        for part in parts
    )


def command_text(name: str, command: click.Command) -> str:
    """Return the section of a command."""
    context = click.Context(command, info_name=f"featkit {name}")
    usage = " ".join([f"featkit {name}", *command.collect_usage_pieces(context)])
    lines = [f"## {name}", "", "```text", usage, "```", "", paragraphs(command.help or ""), ""]
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            lines += [f"`{record[0]}`", f": {escaped(record[1])}", ""]
    if command.epilog:
        lines += [paragraphs(command.epilog), ""]
    return "\n".join(lines)


def write_page(app: Sphinx) -> None:
    """Write the page."""
    order = [name for names in sections(COMMANDS.names).values() for name in names]
    texts = [command_text(name, RunCommand(COMMANDS[name])) for name in order]
    write(Path(app.srcdir) / "reference" / "commands.md", "\n".join([HEAD, *texts]))


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the page before the build looks for it."""
    app.connect("builder-inited", write_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
