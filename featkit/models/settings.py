"""What is asked of a training: all that its scores depend on, beside the table."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from featkit._utils.parameters import is_whole, unknown
from featkit.errors import ModelError, ParameterError
from featkit.models import AUTO
from featkit.models._outer_folds import Plan, make_plan
from featkit.models.problem import Problem, make_problem
from featkit.models.splits import check_folds, check_shares
from featkit.table.feature_table import FeatureTable, column_names
from featkit.table.name_stems import group_column

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Settings:
    """See `featkit.train`, whose parameters these are."""

    label: str = "label"
    group: str | None = None
    fold: str | None = None
    folds: int | None = None
    split: str | None = None
    shares: Sequence[float] | None = None
    split_by_row: bool = False
    model: str = AUTO
    select: int | None = None
    exclude: Sequence[str] = ()
    include: Sequence[str] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("label", "group", "fold", "split"):
            given = getattr(self, name)
            if not isinstance(given, str) and (name == "label" or given is not None):
                raise ParameterError(f"{name} must be the name of a column, got {given!r}")
        for name in ("exclude", "include"):
            given = getattr(self, name)
            if isinstance(given, str) or not all(isinstance(each, str) for each in given):
                raise ParameterError(f"{name} must be a list of columns, got {given!r}")
        if both := sorted({*self.exclude} & {*self.include}):
            raise ParameterError(f"column {both[0]!r} is to be excluded and included")
        if self.group is not None:
            group_column(self.group)  # refuses a stem that is none
        if not isinstance(self.model, str) or not isinstance(self.split_by_row, bool):
            raise ParameterError(
                "model must be a name, and split_by_row True or False, got"
                f" {self.model!r} and {self.split_by_row!r}"
            )
        if not is_whole(self.seed) or not 0 <= self.seed < 2**32:
            raise ParameterError(
                f"seed must be a whole number from 0 to 2**32 - 1, got {self.seed!r}"
            )
        if self.select is not None and not is_whole(self.select):
            raise ParameterError(f"select must be a whole number, got {self.select!r}")
        if self.folds is not None:
            check_folds(self.folds)
        if self.shares is not None:
            check_shares(self.shares)
        # As plain data, which NumPy's numbers are not.
        for name in ("seed", "select", "folds"):
            given = getattr(self, name)
            object.__setattr__(self, name, None if given is None else int(given))
        if self.shares is not None:
            object.__setattr__(self, "shares", tuple(map(float, self.shares)))
        object.__setattr__(self, "exclude", tuple(self.exclude))
        object.__setattr__(self, "include", tuple(self.include))

    @classmethod
    def of(cls, training: Mapping[str, Any]) -> Self:
        """What was asked of the training of a model; see `Classifier`.

        Raises
        ------
        ModelError
            If it does not say.
        """
        try:
            return cls(**training["settings"])
        except (KeyError, TypeError, ParameterError):
            raise ModelError("the model does not say how it was trained: train it again") from None

    @property
    def keys(self) -> list[str]:
        """Columns that are not learnt from."""
        group = group_column(self.group) if self.group is not None else None
        named = [self.label, group, self.fold, self.split, *self.exclude]
        return [name for name in named if name is not None]

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def table(
        self,
        table: FeatureTable | pd.DataFrame | str | os.PathLike[str],
        columns: Sequence[str],
    ) -> FeatureTable:
        """A table for a model that was trained so: only its columns are features.

        What it was not trained on may hold anything, as it did then. A `FeatureTable` is given
        back as it is.

        Raises
        ------
        TableError
            If there is no such file, it is not a table, or a cell of the model's columns is not a
            number.
        """
        if isinstance(table, FeatureTable):
            return table
        if isinstance(table, str | os.PathLike):
            there = column_names(table)
            keys = [name for name in self.keys if name in there]
            return FeatureTable.read(table, keys, features=columns)
        keys = [name for name in self.keys if name in map(str, table.columns)]
        return FeatureTable.of(table, keys=keys, features=columns)

    def problem(self, table: FeatureTable | pd.DataFrame | str | os.PathLike[str]) -> Problem:
        """The problem that a table, or the table of a file, is.

        Raises
        ------
        ParameterError, TableError
            See `featkit.models.problem.make_problem`; and if there are fewer columns than `select`.
        """
        # Imported here because a prediction reads the settings, but does not check training data.
        from featkit.models._data_checks import data_warnings
        from featkit.table.group_detection import likely_groups

        if isinstance(table, str | os.PathLike):
            table = FeatureTable.read(table, keys=self.keys)
        elif not isinstance(table, FeatureTable):
            table = FeatureTable.of(table, keys=self.keys)
        aside = [name for name in (self.fold, self.split) if name is not None]
        problem = make_problem(
            table, label=self.label, group=self.group, exclude=self.exclude, aside=aside
        )
        problem = self._without_leaks(problem)
        most = len(problem.columns)
        if self.select is not None and not 1 <= self.select <= most:
            raise ParameterError(
                f"select must be from 1 to the number of columns, {most}, got {self.select}"
            )
        other, made = [self.label, *self.exclude, *aside], not aside and not self.split_by_row
        if not self.split_by_row and (self.group is None or problem.alone):
            found = likely_groups(problem.table, problem.X, problem.y, passed_over=other)
            divided = [one for one in found if not aside or problem.divides(aside[0], one.group)]
            problem = problem.with_likely_groups(divided)
        problem = problem.doubted(
            data_warnings(problem, label=self.label, group=self.group, other=other, made=made)
        )
        return problem.row_by_row() if self.split_by_row else problem

    def _without_leaks(self, problem: Problem) -> Problem:
        """The problem without columns that certainly give the class away, and warnings of them."""
        from featkit.models._leaking_columns import leaking_columns

        if unknown_names := [name for name in self.include if name not in problem.columns]:
            raise ParameterError(
                unknown("column of numbers to include", unknown_names[0], problem.columns)
            )
        leaks = leaking_columns(problem, label=self.label, include=self.include)
        kept = [name for name in problem.columns if name not in leaks.certain]
        if not kept:  # there would be nothing to learn from
            leaks.likely.update(leaks.certain)
            leaks.certain.clear()
        return problem.without(leaks.certain).doubted(leaks.warnings)

    def plan(self, problem: Problem) -> Plan:
        """Who teaches, who judges.

        Raises
        ------
        ParameterError, TableError
            See `featkit.models._outer_folds.make_plan`.
        """
        return make_plan(
            problem,
            fold=self.fold,
            folds=self.folds,
            split=self.split,
            shares=self.shares,
            tuned=self.model == AUTO,
            seed=self.seed,
        )
