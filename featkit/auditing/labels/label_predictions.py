"""Out-of-fold predictions of the label of every recording, to judge the labels by.

Unlike a training, which scores one model on one split, this asks each recording's label to be
predicted as well as is affordable: by the mean of two estimators, in folds by group, with columns
normalised within the groups if this predicts the labels better, and in two rounds. Published folds
are used as they are, but those that divide a group are joined. The second round leaves out of the
training rows those that the first one finds mislabelled, so that wrong labels do not teach the
models; the probabilities of both rounds are averaged, and calibrated on the given labels
(`featkit.auditing.labels.noisy_calibration`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.auditing.issue import Place
from featkit.auditing.labels.confident_learning import BOTH, find_mislabelled
from featkit.auditing.labels.noisy_calibration import calibrate_with_noise
from featkit.auditing.leaks.group_divisions import joined_groups
from featkit.auditing.row_places import row_places
from featkit.errors import ParameterError
from featkit.executors.executor import Executor
from featkit.models.estimator import Candidate
from featkit.models.fitting import Fit, Fits
from featkit.models.normalization_groups import with_normalization_groups
from featkit.models.preparation import prepare_problem
from featkit.models.probabilities import of_recordings
from featkit.models.problem import Problem, mixed_recordings
from featkit.models.scores import balanced_log_loss
from featkit.models.settings import Settings
from featkit.models.splits import assign_parts, groups_per_class
from featkit.models.training_options import MIN_ROWS

if TYPE_CHECKING:
    from featkit.auditing.dataset import AuditedDataset

MIN_GROUPS = 3
"""Groups that a class needs: with fewer, a model that is to judge one group learns the class from
one other group at most."""

SMALL_ROWS = 2000
"""Rows up to which support vector machines take part: their time grows with the square of the rows.
"""

SMALL, LARGE = ("logistic", "svm"), ("logistic",)
"""Estimators whose mean predicts small and large tables."""

SMALL_FOLDS, LARGE_FOLDS = 10, 5
"""Most folds of small and large tables."""

OPTIONS = (
    *("label", "group", "exclude", "include", "label_map", "seed"),
    *("normalize_by", "normalization", "normalize_min_rows"),
)
"""Arguments of `featkit.train` that hold for these models, too."""


@dataclass(frozen=True, eq=False)
class LabelPredictions:
    """Labels with out-of-fold probabilities, one for each recording.

    Annotated intervals, and segments of recordings that have several labels, count one by one.

    Attributes
    ----------
    places : list of Place
        The recordings, or parts of them.
    labels : array of int, shape ``(recordings,)``
        Given label, as a number of `classes`.
    classes : list of str
        In alphabetical order; without those of fewer than `MIN_GROUPS` groups.
    P : array of float64, shape ``(recordings, classes)``
        Calibrated probabilities by models that were trained without the group of the recording:
        the mean of both rounds.
    first_round : array of float64, shape ``(recordings, classes)``
        Those of the first round, not calibrated. The second one leaves out rows by a choice that
        has seen the labels of all rows, so that `P` favours the given labels a little.
    wrong : array of float64, shape ``(recordings,)``
        Probability that the given label is wrong, by both rounds; see `calibrate_with_noise`.
    groups : array of str, shape ``(recordings,)``
        Group of each recording; its own name without groups.
    unit : str
        Name of a group, such as ``"speaker"``; ``"recording"`` without groups.
    left_out : dict of str to int
        Classes with too few groups, with their groups.
    description : str
        The models and folds, for users.
    """

    places: list[Place]
    labels: Array
    classes: list[str]
    P: Array
    first_round: Array
    wrong: Array
    groups: Array
    unit: str
    left_out: dict[str, int]
    description: str


class _Trial(NamedTuple):
    """A way to normalise columns, and the fits that use it."""

    fits: Fits
    normalised_by: str | None


def predict_labels(dataset: AuditedDataset) -> LabelPredictions:
    """Predict the label of every recording out of fold.

    Parameters
    ----------
    dataset : AuditedDataset
        With features and labels.

    Returns
    -------
    LabelPredictions

    Raises
    ------
    ParameterError
        If fewer than two classes have enough groups.
    FeatkitError
        If the table cannot be used for training.
    """
    arguments = {k: v for k, v in dataset.training_arguments.items() if k in OPTIONS}
    problem = prepare_problem(dataset.training_table, Settings(**arguments))
    units, unit = problem.groups, problem.unit
    if dataset.fold is not None:
        folds_of_groups = joined_groups(problem.table.column(dataset.fold), problem.groups)
        if len(np.unique(folds_of_groups)) >= MIN_GROUPS:
            units, unit = folds_of_groups, f"fold of column {dataset.fold!r}"
    counts = groups_per_class(problem.y, units)
    classes = [name for name in problem.classes if counts[name] >= MIN_GROUPS]
    if len(classes) < 2:
        raise ParameterError(
            f"only {len(classes)} of {len(problem.classes)} classes have {MIN_GROUPS} or more"
            f" groups, each a {unit}, and two are needed"
        )
    rows = np.flatnonzero(np.isin(problem.y, classes))
    is_small = len(rows) <= SMALL_ROWS
    parts = _fold_numbers(problem.y[rows], units[rows], SMALL_FOLDS if is_small else LARGE_FOLDS)
    folds = [(rows[parts != k], rows[parts == k]) for k in range(parts.max() + 1)]
    models = SMALL if is_small else LARGE

    trials = _trials(problem, arguments, dataset.executor)
    results = [_out_of_fold(trial.fits, models, folds, problem, classes) for trial in trials]
    losses = [_loss(problem, P, classes) for P in results]
    best = int(np.argmin(losses))
    trial, first = trials[best], results[best]
    wrong = _mislabelled_rows(problem, first, classes)
    cleaned = [(train[~wrong[train]], test) for train, test in folds]
    cleaned = [
        (new if _has_all(problem.y, new, old) else old, test)
        for (new, test), (old, _) in zip(cleaned, folds, strict=True)
    ]
    P = (first + _out_of_fold(trial.fits, models, cleaned, problem, classes)) / 2
    _, joint, at = _combined(problem, P)
    places = row_places(problem.table, is_divided=not problem.has_segments)
    normalised = f", normalised by {trial.normalised_by}" if trial.normalised_by else ""
    labels = np.searchsorted(classes, problem.y[at])
    first_joint, calibrated = _combined(problem, first)[1], calibrate_with_noise(labels, joint)
    # The second round alone is too certain where classes overlap.
    wrong = np.minimum(calibrated.wrong, calibrate_with_noise(labels, first_joint).wrong)
    return LabelPredictions(
        [places[row] for row in at],
        labels,
        classes,
        calibrated.P,
        first_joint,
        wrong,
        problem.groups[at],
        problem.unit,
        {name: counts[name] for name in problem.classes if name not in classes},
        f"{' and '.join(models)}{normalised}, {len(folds)} folds by {unit}",
    )


def _fold_numbers(y: Array, units: Array, n_folds: int) -> Array:
    """The fold of each row: whole units, with all classes in all folds as far as possible."""
    counts = groups_per_class(y, units)
    commonest = max(counts, key=lambda name: counts[name])
    n_folds = min(n_folds, counts[commonest])
    # A class with fewer units than folds must not limit the number of folds.
    rare = [name for name, count in counts.items() if count < n_folds]
    strata = np.where(np.isin(y, rare), commonest, y)
    parts = assign_parts(strata, units, np.full(n_folds, 1 / n_folds), seed=0)
    return np.unique(parts, return_inverse=True)[1]


def _trials(problem: Problem, arguments: Mapping[str, Any], executor: Executor) -> list[_Trial]:
    """Fits without normalisation within the groups, and with it if the groups are large enough."""
    asked = arguments.get("normalize_by")
    ways: list[str | None] = [asked]
    group = arguments.get("group")
    if asked is None and group is not None:
        sizes = np.unique(problem.groups, return_counts=True)[1]
        if np.median(sizes) >= MIN_ROWS:
            ways.append(group)
    trials = []
    for way in ways:
        settings = Settings(**{**arguments, "normalize_by": way})
        own = with_normalization_groups(problem, settings)
        trials.append(_Trial(Fits(own, settings, executor=executor, fitted=lambda step: None), way))
    return trials


def _out_of_fold(
    fits: Fits,
    models: tuple[str, ...],
    folds: list[tuple[Array, Array]],
    problem: Problem,
    classes: list[str],
) -> Array:
    """Mean probabilities of some models, ``(rows, classes)``; NaN for rows that no fold tests."""
    tasks = [Fit(Candidate(name), train, test) for name in models for train, test in folds]
    own = np.isin(problem.outputs, classes)
    P = np.zeros((len(problem), len(problem.outputs)))
    for task, result in zip(tasks, fits.probabilities(tasks, "predicting labels"), strict=True):
        P[task.test] += result / len(models)
        unseen = ~np.isin(problem.y[task.test], np.unique(problem.y[task.train]))
        P[task.test[unseen]] = np.nan  # no model can know their class
    P[~np.isin(np.arange(len(P)), np.concatenate([test for _, test in folds]))] = np.nan
    return P[:, own]


def _loss(problem: Problem, P: Array, classes: list[str]) -> float:
    tested = np.isfinite(P).all(axis=1)
    return balanced_log_loss(problem.y[tested], P[tested], classes)


def _mislabelled_rows(problem: Problem, P: Array, classes: list[str]) -> Array:
    """Whether each row belongs to a recording, or interval, that is probably mislabelled."""
    names, joint, first = _combined(problem, P)
    wrong = find_mislabelled(np.searchsorted(classes, problem.y[first]), joint, BOTH)
    return np.isin(_units(problem), names[wrong])


def _has_all(y: Array, rows: Array, others: Array) -> bool:
    return set(np.unique(y[rows]).tolist()) == set(np.unique(y[others]).tolist())


def _units(problem: Problem) -> Array:
    """What each row belongs to: its recording if the rows are segments, otherwise itself."""
    return problem.recordings if problem.has_segments else np.arange(len(problem)).astype(np.str_)


def _combined(problem: Problem, P: Array) -> tuple[Array, Array, Array]:
    """Names and probabilities of the units that were tested, and the first row of each."""
    names = _units(problem)
    tested = np.isfinite(P).all(axis=1)
    if problem.has_segments:
        tested &= ~np.isin(names, list(mixed_recordings(names, problem.y)))
    rows = np.flatnonzero(tested)
    order, joint = of_recordings(names[rows], P[rows])
    first = dict(zip(names[rows][::-1].tolist(), rows[::-1].tolist(), strict=True))
    return order, joint, np.array([first[name] for name in order.tolist()], dtype=np.intp)
