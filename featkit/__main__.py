"""``python -m featkit``: the command line."""

from featkit.cli import main

main()
