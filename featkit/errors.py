"""Exceptions.

Each exception is a `FeatkitError` and also the matching builtin, so that both
``except FeatkitError`` and ``except ValueError`` work as expected.
"""

from __future__ import annotations


class FeatkitError(Exception):
    """Base class of all errors that featkit raises on purpose."""


class ParameterError(FeatkitError, ValueError):
    """An argument, a parameter or a key of a feature set has an invalid value."""


class AudioError(FeatkitError, OSError):
    """A recording cannot be decoded to samples.

    Parameters
    ----------
    source : str
        The file, or a description of the array.
    stage : str
        The step that failed: ``"fetch"``, ``"open"``, ``"decode"``, ``"samples"`` or ``"segment"``.
    cause : str
        The problem, and a remedy if there is one.
    """

    def __init__(self, source: str, stage: str, cause: str) -> None:
        super().__init__(source, stage, cause)
        self.source = source
        self.stage = stage
        self.cause = cause

    def __str__(self) -> str:
        return f"{self.source}: {self.stage}: {self.cause}"


class TableError(FeatkitError, ValueError):
    """A table or a manifest cannot be read, or has invalid content."""


class WriteError(FeatkitError, OSError):
    """A file cannot be written."""


class StoreError(FeatkitError, OSError):
    """A file in a store cannot be listed, read or written.

    Parameters
    ----------
    errno : int
        The matching error of the system, such as ``errno.ENOENT``.
    strerror : str
        The reason, and a remedy if there is one.
    filename : str
        The URL, as it is shown: without password and query.
    """

    def __str__(self) -> str:
        return f"{self.filename}: {self.strerror}"


class ModelError(FeatkitError, ValueError):
    """A model file cannot be read, or must not be trusted."""
