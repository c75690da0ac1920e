"""Standard input as the input of a command: one sound file, or one table."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import IO, Any

from featkit.errors import FeatkitError, ParameterError, TableError

NAME = "-"
"""The argument that stands for standard input, and the path of its sound file in tables."""

HEAD_BYTES = 2**16
"""Bytes that decide whether the input is a table."""

PARQUET = b"PAR1"
"""First bytes of a Parquet file."""


class PipedSound:
    """The rest of a stream after its first bytes, as a file object that is read once.

    Parameters
    ----------
    head : bytes
        The first bytes.
    stream : binary file object
        The rest.

    Attributes
    ----------
    name : str
        Name of the sound in tables.
    """

    name = NAME

    def __init__(self, head: bytes, stream: IO[bytes]) -> None:
        self._head, self._stream = head, stream

    def read(self, size: int = -1) -> bytes:
        """Read the next bytes.

        Parameters
        ----------
        size : int
            Greatest number of bytes; negative for all.

        Returns
        -------
        bytes
            Empty at the end.
        """
        if not self._head:
            return self._stream.read(size)
        if size < 0:
            piece, self._head = self._head + self._stream.read(), b""
        else:
            piece, self._head = self._head[:size], self._head[size:]
        return piece


def given_inputs(inputs: Sequence[str]) -> AbstractContextManager[Any]:
    """Return the inputs of a command, with standard input in the place of ``-``.

    Parameters
    ----------
    inputs : sequence of str
        Arguments of the command.

    Returns
    -------
    context manager
        Gives the arguments themselves, or the only input that `from_standard_input` gives.

    Raises
    ------
    ParameterError
        If ``-`` is not the only argument.
    """
    if NAME not in inputs:
        return nullcontext(inputs)
    if len(inputs) > 1:
        raise ParameterError("'-' reads one sound file or table: give no other input with it")
    return from_standard_input()


@contextmanager
def from_standard_input() -> Iterator[Any]:
    """Give the input of a prediction from standard input.

    Yields
    ------
    PipedSound or Path
        A sound; or a temporary file with the table.

    Raises
    ------
    ParameterError
        If standard input is a terminal or empty.
    TableError
        If the table cannot be used; the message names standard input.
    """
    stream = sys.stdin.buffer
    if sys.stdin.isatty():
        raise ParameterError("'-' reads standard input, which is a terminal: pipe a file into it")
    head = stream.read(HEAD_BYTES)
    if not head:
        raise ParameterError("standard input is empty: pipe a sound file or a table into it")
    sound, suffix = PipedSound(head, stream), _table_suffix(head)
    if suffix is None:
        yield sound
        return
    from featkit.storage.scratch import scratch_folder

    with scratch_folder() as folder:
        file = folder / f"table{suffix}"
        with file.open("wb") as copy:
            shutil.copyfileobj(sound, copy)
        try:
            yield file
        except FeatkitError as error:
            message = str(error).replace(str(file), "standard input")
            kind = type(error) if isinstance(error, ParameterError | TableError) else TableError
            raise kind(message) from None


def _table_suffix(head: bytes) -> str | None:
    """The suffix of a table that begins with some bytes; None for a sound, which is no text."""
    if head.startswith(PARQUET):
        return ".parquet"
    if b"\0" in head:
        return None
    try:
        head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.end < len(head):  # not only the last character is incomplete
            return None
    return ".csv"
