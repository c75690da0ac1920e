"""The list of the recordings that are missing from a table."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence

from featkit.schema import Failure
from featkit.storage.writing import remove, replacing
from featkit.table.csv_writing import write_csv
from featkit.table.table_files import failures_file


def write_failures(table: str | os.PathLike[str], failures: Sequence[Failure]) -> None:
    """Write the list of failures of a table, or remove the list of an earlier run.

    Parameters
    ----------
    table : path
        File of the table.
    failures : sequence of Failure
        The failures; an empty sequence removes the list.
    """
    file = failures_file(table)
    if not failures:
        remove(file)
        return
    names = [column.name for column in dataclasses.fields(Failure)]
    with replacing(file) as scratch:
        write_csv(scratch, names, map(dataclasses.astuple, failures))
