"""Candidates that a search within a budget of time did not try, as model files store them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from featkit._utils.formatting import counted, duration
from featkit.errors import ModelError


@dataclass(frozen=True, kw_only=True)
class BudgetUse:
    """Candidates that a search within a budget did not try, as model files store them.

    Attributes
    ----------
    seconds : float
        The budget.
    untried : mapping of str to sequence of str
        Candidates that no inner fold scored, by estimator.
    omitted : sequence of str
        Estimators without any candidate, which the leaderboard lacks.
    last_compared : int or None
        Number of inner folds after which only the best candidate of each estimator went on,
        because the search took longer than planned; None if it did not.
    """

    seconds: float
    untried: Mapping[str, Sequence[str]]
    omitted: Sequence[str] = ()
    last_compared: int | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the search is that without a budget."""
        return not self.untried and self.last_compared is None

    @property
    def summary(self) -> str:
        """The candidates that were not tried, as a sentence without a full stop."""
        budget = f"the budget of {duration(self.seconds)}"
        if self.is_complete:
            return f"all candidates were tried within {budget}"
        parts = []
        if self.untried:
            own = [self._untried(name) for name in self.untried]
            parts.append(f"no fold tried {', '.join(own)}")
        if self.last_compared is not None:
            parts.append(
                f"after {counted(self.last_compared, 'inner fold')} of each outer fold, only the"
                " best candidate of each estimator went on"
            )
        return f"{budget} was too short to try everything: {'; '.join(parts)}"

    def _untried(self, name: str) -> str:
        rest = "" if name in self.omitted else " besides the defaults"
        return f"{name} ({counted(len(self.untried[name]), 'candidate')}{rest})"

    def check(self) -> None:
        """Check a record that was read from a file.

        Raises
        ------
        ModelError
            If its parts do not fit together.
        """
        if not self.seconds > 0 or not {*self.omitted} <= {*self.untried}:
            raise ModelError("its budget of time is invalid")
