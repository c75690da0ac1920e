"""Completion by bash, zsh and fish: the scripts, and the answers to them."""

from __future__ import annotations

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
)

from featkit.cli._completion_values import PATH

PROGRAM, VARIABLE = "featkit", "_FEATKIT_COMPLETE"

BASH = """\
%(complete_func)s() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line == path,* ]]; then
            compopt -o filenames
        fi
        COMPREPLY+=("${line#*,}")
    done < <(IFS=$'\\n'; env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD \\
        %(complete_var)s=bash_complete "$1" 2> /dev/null)
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

ZSH = """\
#compdef %(prog_name)s

%(complete_func)s() {
    local -a response names described files folders
    local kind value help
    (( ! $+commands[%(prog_name)s] )) && return 1
    response=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT-1)) \\
        %(complete_var)s=zsh_complete %(prog_name)s 2> /dev/null)}")
    for kind value help in ${response}; do
        if [[ $kind == path && $value == */ ]]; then
            folders+=("$value")
        elif [[ $kind == path ]]; then
            files+=("$value")
        elif [[ $help == _ ]]; then
            names+=("$value")
        else
            described+=("$value:$help")
        fi
    done
    (( $#described )) && _describe -V unsorted described -U
    (( $#names )) && compadd -U -V unsorted -a names
    (( $#folders )) && compadd -U -V folders -S '' -a folders
    (( $#files )) && compadd -U -V files -a files
    return 0
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""

FISH = """\
function %(complete_func)s
    set -l response (env %(complete_var)s=fish_complete COMP_WORDS=(commandline -cp) \\
        COMP_CWORD=(commandline -t) %(prog_name)s 2> /dev/null)
    for completion in $response
        string split -m 1 "," $completion | tail -n 1
    end
end

complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


class Bash(BashComplete):
    """Completion by bash 4.4 or later."""

    source_template = BASH

    def source(self) -> str:
        # That of BashComplete starts bash to find its version.
        return ShellComplete.source(self)

    def get_completion_args(self) -> tuple[list[str], str]:
        args, incomplete = super().get_completion_args()
        if incomplete == "=":  # bash divides --option=value into three words
            incomplete = ""
        elif args[-1:] == ["="]:
            args = args[:-1]
        return args, incomplete

    def format_completion(self, item: CompletionItem) -> str:
        value = item.value.removesuffix("/") if item.type == PATH else item.value
        return f"{item.type},{value}"


class _WholeWords(ShellComplete):
    """Completion by a shell that replaces the whole word, also of ``--option=value``."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        option, equals, _ = incomplete.partition("=")
        completions = super().get_completions(args, incomplete)
        if option.startswith("--") and equals:
            for item in completions:
                item.value = f"{option}={item.value}"
        return completions


class Zsh(_WholeWords, ZshComplete):
    """Completion by zsh."""

    source_template = ZSH


class Fish(_WholeWords, FishComplete):
    """Completion by fish."""

    source_template = FISH


SHELLS: dict[str, type[ShellComplete]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}


def script(shell: str) -> str:
    """Return the script that lets a shell complete the words of ``featkit``.

    Parameters
    ----------
    shell : {"bash", "zsh", "fish"}
        The shell.

    Returns
    -------
    str
    """
    return SHELLS[shell](click.Command(PROGRAM), {}, PROGRAM, VARIABLE).source()


def complete(commands: click.Command, instruction: str) -> int:
    """Print completions, as a script asks for them.

    Parameters
    ----------
    commands : click.Command
        The command line.
    instruction : str
        Value of the environment variable, such as ``"bash_complete"``.

    Returns
    -------
    int
        Exit status.
    """
    shell, _, action = instruction.partition("_")
    if shell not in SHELLS or action != "complete":
        return 1
    click.echo(SHELLS[shell](commands, {}, PROGRAM, VARIABLE).complete())
    return 0
