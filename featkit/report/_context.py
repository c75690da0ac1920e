"""The inputs of a page, from which every section takes its data."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from featkit.explanation.contrast import contrast
from featkit.explanation.explanation import Explanation
from featkit.explanation.gradients.network_explanation import NetworkExplanation
from featkit.explanation.ranking import contributions
from featkit.models.estimator import COLUMNS
from featkit.models.model import Model
from featkit.models.multilabel_types import MultilabelEvaluation
from featkit.models.regression_types import RegressionEvaluation
from featkit.models.score_types import Evaluation
from featkit.models.task import CLASSIFICATION, TASKS
from featkit.models.training_metadata import TrainingSummary
from featkit.report._held_out import HELD_OUT
from featkit.report._recording import mean_row
from featkit.table.feature_table import FeatureTable

Folder = str | os.PathLike[str]

EVALUATION_TITLES = ("Test rows of the training table", "New rows of the explained table")
"""Headings of scores, if the page shows both."""


N_CONTRIBUTIONS = 8
"""Default length of lists of contributions."""

MIN_CLASSES = 2
"""Classes from which on two can be contrasted."""


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


def model_inputs(model: ReportedModel) -> str:
    """Inputs of a model: columns, or sequences."""
    estimators = TASKS[model.task].estimators
    return estimators[model.name].inputs if model.name in estimators else COLUMNS


@dataclass(frozen=True, eq=False)
class Beside:
    """A model of columns that is shown beside a network, and SHAP values of the shown rows."""

    model: Model
    explanation: Explanation


@dataclass(frozen=True, eq=False)
class Context:
    """The inputs of a page.

    Attributes
    ----------
    model : ReportedModel
        The model.
    explanation : Explanation or NetworkExplanation, optional
        SHAP values of some rows; Grad-CAM and integrated gradients for a network.
    table : FeatureTable, optional
        The table of these rows.
    sound : path, optional
        Folder of the recordings.
    page : {"model", "recording"}
        The page.
    of_class : str or number, optional
        Class whose contributions the page of a recording shows; by default, the predicted one.
    against : str or number, optional
        Class that the page of a recording contrasts it with; by default, the most probable other.
    top : int
        Maximum number of columns in a list of contributions.
    beside : Beside, optional
        A model of columns beside a network.
    """

    model: ReportedModel
    explanation: Explanation | NetworkExplanation | None = None
    table: FeatureTable | None = None
    sound: Folder | None = None
    page: str = "model"
    of_class: str | float | None = None
    against: str | float | None = None
    top: int = N_CONTRIBUTIONS
    beside: Beside | None = None

    @property
    def inputs(self) -> str:
        """Inputs of the model: columns, or sequences."""
        return model_inputs(self.model)

    @property
    def shap(self) -> Explanation | None:
        """The explanation of a model of columns."""
        return self.explanation if isinstance(self.explanation, Explanation) else None

    @property
    def network(self) -> NetworkExplanation | None:
        """The explanation of a network."""
        return self.explanation if isinstance(self.explanation, NetworkExplanation) else None

    @property
    def sample_rate(self) -> float | None:
        """Sample rate of the analysis in Hz; None if it is that of each file, or unknown."""
        provenance = self.model.provenance
        definition = provenance.get("feature_set") or provenance.get("sequence_set") or {}
        rate = definition.get("sample_rate")
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
        if self.beside is not None:
            return self.beside.explanation.columns
        if self.shap is None:
            return self.model.columns
        if self.page == "model":
            return self.shap.columns
        whole = mean_row(self.shap)
        names = contributions(whole, 0, self.of_class, top=self.top)["feature"].tolist()
        if whole.predicts_number or len(whole.classes) < MIN_CLASSES:
            return list(names)
        rivals = contrast(whole, 0, self.of_class, self.against, top=self.top)["feature"]
        return list(dict.fromkeys([*names, *rivals.tolist()]))

    @cached_property
    def schema(self) -> dict[str, Mapping[str, Any]]:
        """Descriptions of those columns of the page that are described, in their order."""
        described = {column["name"]: column for column in self.model.provenance.get("columns", [])}
        if self.shap is not None:
            described |= self.shap.schema
        if self.beside is not None:
            described |= self.beside.explanation.schema
        return {name: described[name] for name in self.columns if name in described}
