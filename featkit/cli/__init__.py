"""The command line; see ``featkit --help``."""

from featkit.cli._main import main as main
