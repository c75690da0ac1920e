"""Types of the training metadata: how a model was trained, so that it can be trained again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from featkit.models.budget_use import BudgetUse
from featkit.models.estimator import Candidate
from featkit.models.out_of_core.usage import MemoryUse
from featkit.models.settings import Settings
from featkit.models.training_sample import TrainingSample


@dataclass(frozen=True, kw_only=True)
class TrainingSummary:
    """The part of the training metadata that ``featkit train --scores`` writes.

    Attributes
    ----------
    settings : Settings
        Parameters of `featkit.train`.
    candidate : str
        The estimator and parameters of the model, as one text.
    rows : int
        Number of rows that the model was fitted on.
    digest : str
        Hash of the table: the same table has the same digest.
    versions : mapping of str to str
        Versions of featkit and of the packages that the numbers depend on.
    memory : MemoryUse or None
        How a table that does not fit in memory was used; None if it fitted.
    budget : BudgetUse or None
        Candidates that a search within a budget of time did not try; None without a budget.
    """

    settings: Settings
    candidate: str
    rows: int
    digest: str
    versions: Mapping[str, str]
    memory: MemoryUse | None = field(default=None, metadata={"optional": True})
    budget: BudgetUse | None = field(default=None, metadata={"optional": True})


@dataclass(frozen=True, kw_only=True)
class TrainingMetadata(TrainingSummary):
    """How a model was trained, as a model file stores it.

    It has the fields of `TrainingSummary`, and these:

    Attributes
    ----------
    kept : Candidate
        The estimator and parameters of the model.
    chosen : mapping of str to Candidate
        Those that were used in each outer fold.
    unit : str
        The unit that the split never divides, as in `Evaluation`.
    protocol : str
        The split, as in `Evaluation`.
    sample : TrainingSample
        Parts of the training rows.
    class_rows : mapping of str to int
        Training rows of each class; empty in models of earlier versions.
    """

    kept: Candidate
    chosen: Mapping[str, Candidate]
    unit: str
    protocol: str
    sample: TrainingSample = field(metadata={"key": "reference"})
    class_rows: Mapping[str, int] = field(default_factory=dict)
