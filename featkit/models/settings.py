"""Settings of a training: everything that determines its scores, besides the table."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from featkit._utils.parameters import Parameters, parameter
from featkit.errors import ParameterError
from featkit.models.estimator import AUTO
from featkit.models.splits import check_shares
from featkit.table.feature_table import FeatureTable
from featkit.table.name_stems import group_column
from featkit.table.table_files import column_names

if TYPE_CHECKING:
    import pandas as pd


def _column_name(name: str, value: Any) -> str | None:
    if isinstance(value, str) or (value is None and name != "label"):
        return value
    raise ParameterError(f"{name} must be the name of a column, got {value!r}")


def _column_list(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not all(isinstance(column, str) for column in value):
        raise ParameterError(f"{name} must be a list of columns, got {value!r}")
    return tuple(value)


def _shares(name: str, value: Any) -> tuple[float, ...] | None:
    if value is None:
        return None
    check_shares(value)
    return tuple(map(float, value))


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ParameterError(f"{name} must be True or False, got {value!r}")
    return value


class Settings(Parameters):
    """Settings of a training; see `featkit.train` for their meaning.

    They are stored in model files, as plain data.
    """

    label: str = parameter("label", "Column of the classes.", convert=_column_name)
    group: str | None = parameter(None, "Column or name stem of the groups.", convert=_column_name)
    fold: str | None = parameter(None, "Column of published folds.", convert=_column_name)
    folds: int | None = parameter(None, "Number of folds.", at_least=2)
    split: str | None = parameter(
        None, "Column of train, validation and test.", convert=_column_name
    )
    shares: Sequence[float] | None = parameter(
        None, "Shares of train, validation and test, or of train and test.", convert=_shares
    )
    split_by_row: bool = parameter(False, "Whether groups may be divided.", convert=_flag)
    model: str = parameter(AUTO, "Name of an estimator, or auto.")
    select: int | None = parameter(None, "Number of columns that feature selection keeps.")
    exclude: Sequence[str] = parameter((), "Columns that are not features.", convert=_column_list)
    include: Sequence[str] = parameter(
        (), "Features that are kept although they leak the class.", convert=_column_list
    )
    seed: int = parameter(0, "Seed of all random choices.", at_least=0, at_most=2**32 - 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if both := sorted({*self.exclude} & {*self.include}):
            raise ParameterError(f"column {both[0]!r} is in exclude and in include: choose one")
        if self.group is not None:
            group_column(self.group)  # raises if a name stem is malformed

    @property
    def key_columns(self) -> list[str]:
        """Columns that the settings name and that are not features."""
        group = group_column(self.group) if self.group is not None else None
        named = [self.label, group, self.fold, self.split, *self.exclude]
        return [name for name in named if name is not None]

    def read_table(
        self,
        table: pd.DataFrame | str | os.PathLike[str],
        columns: Sequence[str],
    ) -> FeatureTable:
        """Read a table for a model that was trained with these settings.

        Columns that the model does not use may hold anything, as in training.

        Parameters
        ----------
        table : pandas.DataFrame or path
            The table or its file.
        columns : sequence of str
            Feature columns of the model.

        Returns
        -------
        FeatureTable

        Raises
        ------
        TableError
            If the file does not exist or is not a table, or a feature cell is not a number.
        """
        if isinstance(table, str | os.PathLike):
            existing = column_names(table)
            keys = [name for name in self.key_columns if name in existing]
            return FeatureTable.read(table, keys, features=columns)
        keys = [name for name in self.key_columns if name in map(str, table.columns)]
        return FeatureTable.of(table, keys=keys, features=columns)
