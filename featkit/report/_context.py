"""The inputs of a page, from which every section takes its data."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from featkit.explanation.explanation import Explanation
from featkit.explanation.ranking import contributions
from featkit.models.model import Model
from featkit.models.multilabel_types import MultilabelEvaluation
from featkit.models.regression_types import RegressionEvaluation
from featkit.models.score_types import Evaluation
from featkit.models.task import CLASSIFICATION
from featkit.models.training_metadata import TrainingSummary
from featkit.report._held_out import HELD_OUT
from featkit.report._recording import mean_row
from featkit.table.feature_table import FeatureTable

Folder = str | os.PathLike[str]

EVALUATION_TITLES = ("Test rows of the training table", "New rows of the explained table")
"""Headings of scores, if the page shows both."""


N_CONTRIBUTIONS = 8
"""Default length of lists of contributions."""


@dataclass(frozen=True)
class ScoresOnly:
    """A model of which only the scores are available."""

    name: str
    classes: list[str]
    evaluation: Evaluation | MultilabelEvaluation | RegressionEvaluation
    training_metadata: TrainingSummary | None = None
    columns: list[str] = field(default_factory=list)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    task: str = CLASSIFICATION


ReportedModel = Model | ScoresOnly
"""Model or scores that a report describes."""


@dataclass(frozen=True, eq=False)
class Context:
    """The inputs of a page.

    Attributes
    ----------
    model : ReportedModel
        The model.
    explanation : Explanation, optional
        SHAP values of some rows.
    table : FeatureTable, optional
        The table of these rows.
    sound : path, optional
        Folder of the recordings.
    page : {"model", "recording"}
        The page.
    of_class : str or number, optional
        Class whose contributions the page of a recording shows; by default, the predicted one.
    top : int
        Maximum number of columns in a list of contributions.
    """

    model: ReportedModel
    explanation: Explanation | None = None
    table: FeatureTable | None = None
    sound: Folder | None = None
    page: str = "model"
    of_class: str | float | None = None
    top: int = N_CONTRIBUTIONS

    @property
    def sample_rate(self) -> float | None:
        """Sample rate of the feature set in Hz; None if it is that of each file, or unknown."""
        rate = self.model.provenance.get("feature_set", {}).get("sample_rate")
        return None if rate == "native" else rate

    @cached_property
    def evaluations(self) -> list[Any]:
        """Scores of training, and of new rows of known target that are explained."""
        new_rows = None
        if self.explanation is not None:
            new_rows = HELD_OUT[self.explanation.task](self.model.name, self.explanation)
        return [scores for scores in (self.model.evaluation, new_rows) if scores]

    @property
    def titled_evaluations(self) -> list[tuple[str, Any]]:
        """The scores with their headings, which are "" if there is only one."""
        titles = EVALUATION_TITLES if len(self.evaluations) > 1 else [""]
        return list(zip(titles, self.evaluations, strict=False))

    @property
    def columns(self) -> Sequence[str]:
        """Columns that the page shows."""
        if self.explanation is None:
            return self.model.columns
        if self.page == "model":
            return self.explanation.columns
        whole = mean_row(self.explanation)
        return contributions(whole, 0, self.of_class, top=self.top)["feature"].tolist()

    @cached_property
    def schema(self) -> dict[str, Mapping[str, Any]]:
        """Descriptions of those columns of the page that are described, in their order."""
        described = {column["name"]: column for column in self.model.provenance.get("columns", [])}
        if self.explanation is not None:
            described |= self.explanation.schema
        return {name: described[name] for name in self.columns if name in described}
