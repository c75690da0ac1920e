"""Explanations of ensembles: the weighted sum of those of the members, or member by member.

The probabilities of an ensemble are the weighted mean of those of its members. If all members are
explained in probability, the weighted sum of their SHAP values therefore explains the ensemble
[1]_. Log odds cannot be added in this way: then each member is explained on its own.

References
----------
.. [1] Lundberg and Lee, "A unified approach to interpreting model predictions", NIPS 2017 (SHAP
   values are linear in the model).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.explanation.explanation import Explanation, MemberExplanation
from featkit.models.estimator import ENSEMBLE, PROBABILITY, Candidate
from featkit.models.model import Model
from featkit.schema import DATASET


def is_ensemble(model: Model) -> bool:
    """Return whether a model combines other estimators.

    Parameters
    ----------
    model : Model

    Returns
    -------
    bool
    """
    return model.name == ENSEMBLE


def members_text(model: Model) -> str:
    """List the members of an ensemble with their weights, the heaviest first.

    Parameters
    ----------
    model : Model
        An ensemble.

    Returns
    -------
    str
        Such as ``"svm 0.62, random_forest 0.38"``.
    """
    members = sorted(model.pipeline.steps[-1][1].members, key=lambda member: -member[2])
    return ", ".join(
        f"{Candidate(name, parameters)} {float(weight):.2f}" for name, parameters, weight in members
    )


def member_models(model: Model) -> list[tuple[float, Model]]:
    """Return the members of an ensemble as models of their own, the heaviest first.

    Parameters
    ----------
    model : Model
        An ensemble with training metadata.

    Returns
    -------
    list of (float, Model)
        Weight and model of each member.
    """
    ensemble = model.pipeline.steps[-1][1]
    members = []
    for (name, parameters, weight), pipeline in zip(
        ensemble.members, ensemble.pipelines_, strict=True
    ):
        kept = Candidate(name, parameters)
        chosen = dict.fromkeys(model.trained.chosen, kept)
        # The calibrator belongs to the ensemble, not to its members.
        settings = replace(model.trained.settings, calibrate=None)
        training = replace(
            model.trained, kept=kept, candidate=str(kept), chosen=chosen, settings=settings
        )
        own = replace(
            model, pipeline=pipeline, name=name, training_metadata=training, calibrator=None
        )
        members.append((float(weight), own))
    return sorted(members, key=lambda member: -member[0])


def member_model(model: Model, member: str) -> Model:
    """Return one member of an ensemble as a model of its own.

    Parameters
    ----------
    model : Model
        An ensemble with training metadata.
    member : str
        Name of its estimator; if several members have it, the heaviest is returned.

    Returns
    -------
    Model

    Raises
    ------
    ParameterError
        If the model is not an ensemble, or has no such member.
    """
    if not is_ensemble(model):
        raise ParameterError(f"member is for ensembles, and this model is {model.name}: omit it")
    members = {own.name: own for _, own in reversed(member_models(model))}
    if member not in members:
        raise ParameterError(unknown("member", member, members))
    return members[member]


def combine(explanations: Sequence[tuple[str, float, Explanation]]) -> Explanation:
    """Combine the explanations of the members of an ensemble.

    Parameters
    ----------
    explanations : sequence of (str, float, Explanation)
        Estimator and parameters, weight and explanation of each member, the heaviest first.

    Returns
    -------
    Explanation
        Of the rows that all members explain. In probability, the weighted sum. Otherwise the
        contributions to the heaviest member, with the probabilities of the ensemble. Its
        `members` hold the explanations of all members.
    """
    common = _common_rows([explanation for _, _, explanation in explanations])
    members = tuple(
        MemberExplanation(name, weight, explanation.of_rows(rows))
        for (name, weight, explanation), rows in zip(explanations, common, strict=True)
    )
    P = _weighted(members, "probabilities")
    notes = list(dict.fromkeys(text for own in members for text in own.explanation.notes))
    first = members[0].explanation
    names = " + ".join(f"{own.weight:.2g} {own.name}" for own in members)
    if all(own.explanation.scale == PROBABILITY for own in members):
        methods = "; ".join(f"{own.name}: {own.explanation.method}" for own in members)
        return replace(
            first,
            values=_weighted(members, "values"),
            base=_weighted(members, "base"),
            output=_weighted(members, "output"),
            error=_combined_error(members),
            probabilities=P,
            method=f"weighted sum of the SHAP values of the members ({methods})",
            notes=notes,
            members=members,
        )
    note = (
        f"The model is the weighted mean of the probabilities of {names}. The contributions to its"
        " members are in different scales or in log odds, so they cannot be added. Those shown here"
        f" are contributions to the member with the greatest weight, {members[0].name}."
    )
    return replace(first, probabilities=P, notes=[note, *notes], members=members)


def _common_rows(explanations: Sequence[Explanation]) -> list[Array]:
    """Positions of the rows that all explanations have, in each of them."""
    names = [_row_names(explanation) for explanation in explanations]
    common = set.intersection(*map(set, names))
    return [np.flatnonzero([name in common for name in own]) for own in names]


def _row_names(explanation: Explanation) -> list[tuple[object, ...]]:
    """What identifies each row: its number, and its dataset if several were joined."""
    keys = [explanation.keys[name] for name in (DATASET, "row") if name in explanation.keys]
    return list(zip(*(np.asarray(key).tolist() for key in keys), strict=True))


def _weighted(members: Sequence[MemberExplanation], name: str) -> Array:
    total: Array = sum(own.weight * getattr(own.explanation, name) for own in members)
    return total


def _combined_error(members: Sequence[MemberExplanation]) -> Array | None:
    """Standard error of the weighted sum; exact members have none."""
    squares = [
        (own.weight * own.explanation.error) ** 2
        for own in members
        if own.explanation.error is not None
    ]
    return np.sqrt(np.sum(squares, axis=0)) if squares else None
