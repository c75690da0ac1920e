"""What featkit raises.

Every error of featkit is a `FeatkitError` and also the builtin that fits, so that
``except FeatkitError`` and ``except ValueError`` both do what a reader expects.
"""

from __future__ import annotations


class FeatkitError(Exception):
    """The base of all errors that featkit raises on purpose."""


class ParameterError(FeatkitError, ValueError):
    """A parameter, a key of a feature set or an argument has a value that cannot be used."""


class AudioError(FeatkitError, OSError):
    """A recording that cannot become samples.

    Parameters
    ----------
    source : str
        The file, or a description of the array.
    stage : str
        Where it went wrong: ``"open"``, ``"decode"``, ``"samples"`` or ``"segment"``.
    cause : str
        What was found, and where it helps, what to do.
    """

    def __init__(self, source: str, stage: str, cause: str) -> None:
        super().__init__(source, stage, cause)
        self.source = source
        self.stage = stage
        self.cause = cause

    def __str__(self) -> str:
        return f"{self.source}: {self.stage}: {self.cause}"


class TableError(FeatkitError, ValueError):
    """A table that cannot be read, or that is not what it was taken for."""


class WriteError(FeatkitError, OSError):
    """A file that cannot be written."""


class ModelError(FeatkitError, ValueError):
    """A model file that cannot be read, or must not be trusted."""
