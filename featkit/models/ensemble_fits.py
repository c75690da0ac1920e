"""Fits of the models of a leaderboard, each once: members of an ensemble are often models, too.

``auto`` selects its ensemble among the candidates of all estimators, of which the leaderboard
scores the best ones as well. The probabilities of an ensemble are then those of its members.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from featkit._utils.typing import Array
from featkit.models.estimator import ENSEMBLE, Candidate
from featkit.models.fit_summary import FitSummary
from featkit.models.fitting import Fits
from featkit.models.settings import Settings

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


@dataclass(eq=False)
class DistinctFits:
    """The distinct candidates of one fold, and how the models consist of them.

    Attributes
    ----------
    candidates : list of Candidate
        Single estimators, each once.
    parts : dict of str to list of (int, float)
        Number of a candidate, and its weight, for each part of a model.
    """

    candidates: list[Candidate] = field(default_factory=list)
    parts: dict[str, list[tuple[int, float]]] = field(default_factory=dict)

    @property
    def counts(self) -> list[int]:
        """Number of models that are complete after each candidate."""
        last = [max(k for k, _ in own) for own in self.parts.values()]
        return [last.count(k) for k in range(len(self.candidates))]

    def predictions(self, name: str, P: Sequence[Array]) -> Array:
        """Combine the predictions of the candidates to those of a model.

        Parameters
        ----------
        name : str
            Name of the model.
        P : sequence of array of float64, shape ``(rows, outputs)``
            Predictions of each candidate.

        Returns
        -------
        array of float64, shape ``(rows, outputs)``
        """
        own = self.parts[name]
        if len(own) == 1:
            return P[own[0][0]]
        total = sum(weight * P[k] for k, weight in own)
        return np.asarray(total / np.sum(total, axis=1, keepdims=True))

    def summary(self, name: str, summaries: Sequence[FitSummary]) -> FitSummary:
        """Add time and size of the parts of a model.

        Parameters
        ----------
        name : str
            Name of the model.
        summaries : sequence of FitSummary
            One for each candidate.

        Returns
        -------
        FitSummary
        """
        own = [summaries[k] for k, _ in self.parts[name]]
        return FitSummary(
            name,
            processor_seconds=sum(one.processor_seconds for one in own),
            seconds=sum(one.seconds for one in own),
            model_bytes=sum(one.model_bytes for one in own),
        )


def distinct_fits(models: Mapping[str, Candidate]) -> DistinctFits:
    """Find the distinct candidates of the models of a fold.

    Parameters
    ----------
    models : mapping of str to Candidate
        The candidate of each model.

    Returns
    -------
    DistinctFits
    """
    fits = DistinctFits()
    for name, candidate in models.items():
        fits.parts[name] = []
        for member, weight in members_of(candidate):
            if member not in fits.candidates:
                fits.candidates.append(member)
            fits.parts[name].append((fits.candidates.index(member), weight))
    return fits


def members_of(candidate: Candidate) -> list[tuple[Candidate, float]]:
    """Return the members of an ensemble with their weights; any other candidate is its only one.

    Parameters
    ----------
    candidate : Candidate
        Estimator and parameters.

    Returns
    -------
    list of (Candidate, float)
        An ensemble with its default members counts as one candidate.
    """
    if candidate.name != ENSEMBLE or "members" not in candidate.parameters:
        return [(candidate, 1.0)]
    members = candidate.parameters["members"]
    return [(Candidate(name, parameters), weight) for name, parameters, weight in members]


def fit_members(fits: Fits, candidate: Candidate, rows: Array, settings: Settings) -> Pipeline:
    """Fit a candidate; the members of an ensemble at the same time.

    Parameters
    ----------
    fits : Fits
        Workers.
    candidate : Candidate
        Estimator and parameters.
    rows : array of int, shape ``(rows,)``
        Training rows.
    settings : Settings
        Settings of the training.

    Returns
    -------
    sklearn.pipeline.Pipeline
        The same as one fit of the candidate, to the bit.
    """
    members = [member for member, _ in members_of(candidate)]
    counts = [*[0] * (len(members) - 1), 1]
    pipelines = list(fits.pipelines([(member, rows) for member in members], counts))
    if members == [candidate]:
        return pipelines[0]
    from featkit.models.estimators.ensemble import assembled

    return assembled(candidate, pipelines, select=settings.select, seed=settings.seed)
