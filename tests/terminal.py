"""A stream that looks like a terminal, for tests."""

import io


class Terminal(io.StringIO):
    """Text that is written to a terminal."""

    def isatty(self):
        return True
