"""Calls of the command line, for tests."""

import subprocess
import sys

from click.testing import CliRunner

from featkit.cli import main

SMALL_SET = """
name = "mine"
sample_rate = "native"

[[features]]
family = "mfcc"
n_mfcc = 3
statistics = ["mean", "std"]

[[features]]
family = "tempo"
"""
"""A feature set file of seven columns."""


def run(*arguments, status=0):
    """Run a command in this process and check its exit status."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert "Traceback" not in result.output
    assert result.exit_code == status, result.output
    return result


def run_process(*arguments, cwd, status=0):
    """Run a command in a fresh process and check its exit status."""
    done = subprocess.run(
        [sys.executable, "-m", "featkit", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "Warning" not in done.stdout + done.stderr
    return done


def error_line(*arguments, status=2):
    """Run a command that fails and return the last line of its standard error."""
    result = run(*arguments, status=status)
    assert result.stdout == ""
    lines = result.stderr.strip().splitlines()
    assert lines[-1].startswith("Error: ")
    return lines[-1]
