"""Cells that hold several labels, such as ``rock;live;guitar``."""

from __future__ import annotations

from featkit.errors import ParameterError

SEPARATOR = ";"
"""Default text between two labels of a cell; featkit itself writes tags in this way."""

OTHER_SEPARATORS = (";", ",", "|", "/")
"""Separators that a message suggests if cells contain them."""


def split_labels(cell: str, separator: str | None) -> list[str]:
    """Split a cell into its labels.

    Parameters
    ----------
    cell : str
        The cell.
    separator : str or None
        Text between two labels; None if the cell is one label.

    Returns
    -------
    list of str
        In the order of the cell, each once, without blanks around them; empty parts are left out.

    Examples
    --------
    >>> split_labels(" rock; live;;rock", ";")
    ['rock', 'live']
    """
    parts = [cell] if separator is None else cell.split(separator)
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))


def check_separator(separator: object) -> str:
    """Check a separator of labels.

    Parameters
    ----------
    separator : object

    Returns
    -------
    str
        The separator.

    Raises
    ------
    ParameterError
        If it is not a text, or empty.
    """
    if not isinstance(separator, str) or not separator:
        raise ParameterError(f"label_separator must be a text that is not empty, got {separator!r}")
    return separator
