"""``featkit completion``: the script by which a shell completes commands, options and files."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")

EPILOG = """
To complete words in this terminal only:

\b
  bash   eval "$(featkit completion bash)"
  zsh    eval "$(featkit completion zsh)"       after autoload -Uz compinit && compinit
  fish   featkit completion fish | source

In each new terminal:

\b
  bash   featkit completion bash > ~/.local/share/bash-completion/completions/featkit
  zsh    featkit completion zsh > ~/.zfunc/_featkit
         and in ~/.zshrc, before compinit: fpath+=~/.zfunc
  fish   featkit completion fish > ~/.config/fish/completions/featkit.fish

Create the folder first if it does not exist (mkdir -p). bash needs version 4.4 or later and the
package bash-completion, which most systems have; without it, add the line with eval to ~/.bashrc.
Write the script again after an update of featkit.

Commands, options and choices are completed, as are names of feature sets, families, columns,
estimators and checks, and files by the suffixes that an option takes.

\b
Examples:
  featkit completion bash
  featkit completion zsh > ~/.zfunc/_featkit
"""


@click.command("completion", epilog=EPILOG)
@click.argument("shell", type=click.Choice(SHELLS), metavar="bash|zsh|fish")
def command(shell: str) -> None:
    """Print the script that lets a shell complete commands."""
    from featkit.cli._completion import script

    click.echo(script(shell), nl=False)
