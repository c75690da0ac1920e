"""What is asked of a training: all that its scores depend on, beside the table."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from featkit.errors import ParameterError
from featkit.models import AUTO
from featkit.models.plan import Plan, make_plan
from featkit.models.problem import Problem, make_problem
from featkit.table import FeatureTable

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
    seed: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.exclude, str):
            raise ParameterError(f"exclude must be a list of columns, got {self.exclude!r}")
        if type(self.seed) is not int or not 0 <= self.seed < 2**32:
            raise ParameterError(
                f"seed must be a whole number from 0 to 2**32 - 1, got {self.seed!r}"
            )
        if self.select is not None and type(self.select) is not int:
            raise ParameterError(f"select must be a whole number, got {self.select!r}")

    @property
    def keys(self) -> list[str]:
        """Columns that are not learnt from."""
        named = [self.label, self.group, self.fold, self.split, *self.exclude]
        return [name for name in named if name is not None]

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def problem(self, table: FeatureTable | pd.DataFrame | str | os.PathLike[str]) -> Problem:
        """The problem that a table, or the table of a file, is.

        Raises
        ------
        ParameterError, TableError
            See `featkit.models.problem.make_problem`; and if there are fewer columns than `select`.
        """
        if isinstance(table, str | os.PathLike):
            table = FeatureTable.read(table, keys=self.keys)
        elif not isinstance(table, FeatureTable):
            table = FeatureTable.of(table, keys=self.keys)
        aside = [name for name in (self.fold, self.split) if name is not None]
        problem = make_problem(
            table, label=self.label, group=self.group, exclude=self.exclude, aside=aside
        )
        most = len(problem.columns)
        if self.select is not None and not 1 <= self.select <= most:
            raise ParameterError(
                f"select must be from 1 to the number of columns, {most}, got {self.select}"
            )
        return problem.row_by_row() if self.split_by_row else problem

    def plan(self, problem: Problem) -> Plan:
        """Who teaches, who judges.

        Raises
        ------
        ParameterError, TableError
            See `featkit.models.plan.make_plan`.
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
