"""The models of a leaderboard: the named ones, those that ``auto`` compares, and their inputs.

All of it is checked before a table is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from featkit._utils.parameters import unknown
from featkit.errors import ParameterError
from featkit.models.estimator import (
    AUTO,
    COLUMNS,
    SEQUENCES,
    Candidate,
    Estimator,
    candidates,
    check_candidate,
    completed,
)
from featkit.models.networks.estimators import NETWORKS
from featkit.models.networks.extra import missing_extra
from featkit.models.problem import Problem
from featkit.models.search import CandidateGrid
from featkit.models.settings import Settings
from featkit.models.task import TARGETS, TASKS, Task

HOW_TO_MAKE_SEQUENCES = (
    "make them with `featkit sequences FOLDER -o DIR`, and pass the folder as sequences"
    " (--sequences DIR), or as the table itself"
)


@dataclass(frozen=True)
class ComparedModels:
    """The models of a leaderboard.

    Attributes
    ----------
    names : tuple of str
        Names as given; the first is kept.
    named : mapping of str to Candidate
        The named estimators with their parameters.
    grid : mapping of str to sequence of Candidate
        The candidates that ``auto`` compares; empty without it.
    """

    names: tuple[str, ...]
    named: Mapping[str, Candidate]
    grid: CandidateGrid = field(default_factory=dict)

    @property
    def kept(self) -> str:
        """Name of the kept model."""
        return self.names[0]

    def inputs(self, name: str, task: Task) -> str:
        """Return the inputs of a model.

        Parameters
        ----------
        name : str
            One of the names.
        task : Task
            The task.

        Returns
        -------
        str
            ``"columns"`` or ``"sequences"``; see `featkit.models.estimator.Estimator`.
        """
        return COLUMNS if name == AUTO else task.estimators[name].inputs

    def networks(self, task: Task) -> list[str]:
        """Return the names of the models that learn from sequences.

        Parameters
        ----------
        task : Task
            The task.

        Returns
        -------
        list of str
        """
        return [name for name in self.names if self.inputs(name, task) == SEQUENCES]


def compared_models(settings: Settings) -> ComparedModels:
    """Return the models of a training, after a check of their names, parameters and options.

    Parameters
    ----------
    settings : Settings
        Settings of the training.

    Returns
    -------
    ComparedModels

    Raises
    ------
    ParameterError
        If a model does not exist, a parameter is invalid, a network does not fit the other
        settings, or the packages for networks are missing.
    """
    task, names = TASKS[settings.task], settings.models
    for name in names:
        _check_name(name, task)
    parameters = _parameters_by_model(settings)
    named = {name: Candidate(name, parameters.get(name, {})) for name in names if name != AUTO}
    for candidate in named.values():
        check_candidate(candidate, task.estimators)
    named = {name: completed(candidate, task.estimators) for name, candidate in named.items()}
    models = ComparedModels(names, named, _auto_grid(task) if AUTO in names else {})
    _check_options(models, task, settings)
    uses_networks = any(name in NETWORKS for name in models.networks(task))
    if uses_networks and (message := missing_extra()):
        raise ParameterError(message)
    return models


def _check_name(name: str, task: Task) -> None:
    if name == AUTO or name in task.estimators:
        return
    if name in NETWORKS:
        raise ParameterError(
            f"{name} is a network, which predicts classes, not {TARGETS[task.name]}: name another"
            " model"
        )
    raise ParameterError(unknown("model", name, [AUTO, *task.estimators]))


def _parameters_by_model(settings: Settings) -> dict[str, dict[str, Any]]:
    """Parameters of each model; with several, names begin with that of the model and a dot."""
    names, parameters = settings.models, settings.parameters or {}
    if len(names) == 1:
        return {names[0]: dict(parameters)}
    own: dict[str, dict[str, Any]] = {}
    example = next((name for name in names if name != AUTO), AUTO)
    for key, value in parameters.items():
        name, dot, parameter = key.partition(".")
        if not dot or not parameter:
            raise ParameterError(
                f"parameter {key!r} names no model: with several, write the name of the model"
                f" before it, as in {example}.{key}"
            )
        if name not in names:
            raise ParameterError(f"parameter {key!r}: {unknown('model', name, names)}")
        if name == AUTO:
            raise ParameterError(f"parameter {key!r}: {AUTO} selects the parameters of its models")
        own.setdefault(name, {})[parameter] = value
    return own


def _auto_grid(task: Task) -> CandidateGrid:
    single = [
        name
        for name, estimator in task.estimators.items()
        if estimator.inputs == COLUMNS and not estimator.is_combination
    ]
    return {name: candidates(name, task.estimators) for name in single}


def _check_options(models: ComparedModels, task: Task, settings: Settings) -> None:
    """Raise if an option for columns is given, and the models use none."""
    inputs = [models.inputs(name, task) for name in models.names]
    if settings.select is not None and COLUMNS not in inputs:
        raise ParameterError(f"select chooses columns, which {models.kept} does not use: omit it")
    if settings.normalize_by is not None and inputs[0] == SEQUENCES:
        raise ParameterError(
            f"normalize_by normalises columns, which {models.kept} does not use: omit it"
        )


def check_inputs(models: ComparedModels, problem: Problem) -> None:
    """Check that a problem has the inputs of all models.

    Parameters
    ----------
    models : ComparedModels
        The models.
    problem : Problem
        The problem.

    Raises
    ------
    ParameterError
        If there are no columns or no sequences, or they lack a kind.
    """
    task, sequences = TASKS[problem.task], problem.table.sequences
    for name in models.names:
        if models.inputs(name, task) == COLUMNS:
            if not problem.columns:
                raise ParameterError(
                    f"{name} learns from columns, and the table has sequences only: name networks"
                    " only, such as cnn; or give a table of features, such as `featkit extract`"
                    " makes, and pass the folder as sequences (--sequences DIR)"
                )
            continue
        if sequences is None:
            raise ParameterError(
                f"{name} learns from sequences, and there are none: {HOW_TO_MAKE_SEQUENCES}"
            )
        _check_kinds(task.estimators[name], list(sequences.kinds), problem)


def _check_kinds(estimator: Estimator, kinds: list[str], problem: Problem) -> None:
    if estimator.name not in NETWORKS:
        return
    from featkit.models.networks.architecture import ARCHITECTURES

    sequences = problem.table.sequences
    assert sequences is not None
    required = ARCHITECTURES[estimator.name].kinds
    missing = [base for base in required if sequences.named(base) is None]
    if missing:
        raise ParameterError(
            f"{estimator.name} needs sequences of {' and '.join(missing)}, and there are"
            f" {', '.join(kinds)}: make them with `featkit sequences --features"
            f" {','.join([*missing, *kinds])}`"
        )
