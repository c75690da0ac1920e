"""Settings of a training: everything that determines its scores, besides the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from featkit._utils.parameters import Parameters, parameter
from featkit.errors import ParameterError
from featkit.models.estimator import AUTO
from featkit.models.splits import check_shares
from featkit.schema import DATASET
from featkit.table.label_map import LabelMap, as_label_map
from featkit.table.name_stems import group_column


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


def _estimator_parameters(name: str, value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ParameterError(f"{name} must be a dictionary of names and values, got {value!r}")
    return dict(value) or None


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ParameterError(f"{name} must be True or False, got {value!r}")
    return value


def _dataset_names(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not all(isinstance(dataset, str) for dataset in value):
        raise ParameterError(f"{name} must be a list of names, got {value!r}")
    return tuple(value)


def _label_map(name: str, value: Any) -> LabelMap | None:
    return None if value is None else as_label_map(value)


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
    parameters: Mapping[str, Any] | None = parameter(
        None, "Parameters of the estimator, by name.", convert=_estimator_parameters
    )
    select: int | None = parameter(None, "Number of columns that feature selection keeps.")
    exclude: Sequence[str] = parameter((), "Columns that are not features.", convert=_column_list)
    include: Sequence[str] = parameter(
        (), "Features that are kept although they leak the class.", convert=_column_list
    )
    seed: int = parameter(0, "Seed of all random choices.", at_least=0, at_most=2**32 - 1)

    label_map: LabelMap | None = parameter(None, "Common labels.", convert=_label_map)
    datasets: Sequence[str] = parameter(
        (), "Names of the tables, if several were joined.", convert=_dataset_names
    )
    leave_one_dataset_out: bool = parameter(
        False, "Whether each dataset is an outer fold.", convert=_flag
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if both := sorted({*self.exclude} & {*self.include}):
            raise ParameterError(f"column {both[0]!r} is in exclude and in include: choose one")
        if self.parameters and self.model == AUTO:
            raise ParameterError(
                "parameters belong to one estimator: name a model, such as random_forest"
            )
        if self.leave_one_dataset_out and self.split_by_row:
            raise ParameterError(
                "leave_one_dataset_out and split_by_row exclude each other: all rows of a dataset"
                " are test rows together"
            )
        if self.group is not None:
            group_column(self.group)  # raises if a name stem is malformed

    @property
    def by_dataset(self) -> bool:
        """Whether names of recordings and groups hold within a dataset only."""
        return bool(self.datasets) or self.leave_one_dataset_out

    @property
    def key_columns(self) -> list[str]:
        """Columns that the settings name and that are not features."""
        dataset = DATASET if self.by_dataset else None
        named = [*self.required_columns, dataset, *self.exclude]
        return [name for name in named if name is not None]

    @property
    def required_columns(self) -> list[str]:
        """Columns that each table of a training must have."""
        group = group_column(self.group) if self.group is not None else None
        named = [self.label, group, self.fold, self.split]
        return [name for name in named if name is not None]
