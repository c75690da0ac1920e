"""Recording conditions: native rate, level, bandwidth and the like, without any feature.

If they predict the label, a model may recognise how a class was recorded instead of its content,
and fail on recordings of other origin [1]_. Native rate, channels and format depend on equipment
and processing alone. The others also depend on the content: a bark is short, and rain is loud.

Boosted trees predict the label from the conditions, by the split that scores the models. Their
balanced accuracy is clearly above chance if the lower end b of its 95 % interval satisfies
``(b - chance) / (1 - chance) > MARGIN``. The interval alone would flag any large dataset, since
conditions rarely have exactly the same distribution in all classes; such small differences cannot
explain the scores of a model. The interval is drawn by group, and its exact ends for perfect
predictions leave fewer than seven groups of two classes without a flag.

References
----------
.. [1] B. L. Sturm, "A simple method to determine if a music information retrieval system is a
   'horse'", IEEE Transactions on Multimedia 16, 2014.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from os.path import splitext
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.models.estimator import ESTIMATORS, Candidate, pipeline
from featkit.models.probabilities import probabilities
from featkit.models.score_types import ConditionsScores
from featkit.models.scores import model_scores
from featkit.models.splits import Split
from featkit.schema import QUALITY_FORMAT, QUALITY_PREFIX
from featkit.table.feature_table import FeatureTable

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

CONDITIONS = (
    "sample_rate",
    "channels",
    "duration",
    "level",
    "peak",
    "bandwidth",
    "clipped_share",
)
"""Quality columns, without their prefix, that describe how a recording was made. The share of
silence is not among them: it is content."""

FORMAT = "format"
"""Name of the file format among the conditions."""

SUFFIX = re.compile(r"\.(?!\d+$)[a-z0-9]{1,5}")
"""Suffix that names a format; others, such as ``.0001``, are a part of the name."""

EQUIPMENT = ("sample_rate", "channels", FORMAT)
"""Conditions that do not depend on the sound."""

CANDIDATE = Candidate("xgboost", {"n_estimators": 20, "max_depth": 2, "learning_rate": 0.3})
"""Few shallow trees: fast, and less prone to overfitting than the defaults for so few columns."""

MAX_TRAINING_ROWS = 10_000
"""Rows that each fold is trained on at most; more add nothing for so few columns."""

MAX_UNKNOWN = 0.1
"""Largest share of rows in which a condition that is used may be unknown. In joined tables, some of
which lack a quality column, unknown values would distinguish the tables."""

MAX_EXPLAINED_ROWS = 1000
"""Test rows of each fold, at most, of which the contributions are computed."""

NAMES = {"sample_rate": "sample rate", "clipped_share": "clipping"}
"""Name of a condition in messages, if it differs."""

REMEDIES = {
    "sample_rate": "one sample rate",
    "channels": "one number of channels",
    "duration": "one duration",
    "level": "one level",
    "peak": "one level",
    "bandwidth": "one bandwidth",
    FORMAT: "one format",
}
"""Conversion of all files that removes the differences of a condition. Nothing removes clipping."""

MARGIN = 0.1
"""Least share of the way from chance to perfect predictions that is clearly above chance."""


class RecordingConditions(NamedTuple):
    """Recording conditions of the rows of a table.

    Attributes
    ----------
    names : list of str
        Conditions that the table has, of `CONDITIONS`.
    X : array of float64, shape ``(rows, names)``
        Their values, in the units of the quality columns; NaN where unknown.
    formats : array of str, shape ``(rows,)``, or None
        File format, "" where unknown; None if no row has one.
    """

    names: list[str]
    X: Array
    formats: Array | None


def recording_conditions(table: FeatureTable) -> RecordingConditions | None:
    """Return the recording conditions of a table.

    Parameters
    ----------
    table : FeatureTable
        Its quality columns are read. If it has no ``quality_format``, the suffix of ``path`` is the
        format.

    Returns
    -------
    RecordingConditions or None
        None without quality columns.
    """
    names = [name for name in CONDITIONS if QUALITY_PREFIX + name in table.quality]
    if not names:
        return None
    X = np.array([table.quality[QUALITY_PREFIX + name] for name in names], dtype=np.float64).T
    formats = _formats(table)
    has_format = bool((formats != "").any())
    return RecordingConditions(
        names, np.where(np.isfinite(X), X, np.nan), formats if has_format else None
    )


def _formats(table: FeatureTable) -> Array:
    """Format of each row, "" where unknown."""
    if QUALITY_FORMAT in table.quality:
        return np.array(table.quality[QUALITY_FORMAT], dtype=str)
    if "path" in table.keys:
        paths = table.column("path").tolist()
        return np.array([split_format(path)[1] for path in paths], dtype=str)
    return np.full(len(table), "")


def split_format(path: str) -> tuple[str, str]:
    """Split a path into its stem and the format that its suffix names.

    Parameters
    ----------
    path : str
        Path of a recording.

    Returns
    -------
    stem : str
        The path without the suffix of a format.
    format : str
        The suffix in lower case, without its dot; "" if it names no format.
    """
    stem, suffix = splitext(path)  # PurePath would take seconds for 100,000 paths
    is_format = SUFFIX.fullmatch(suffix.lower())
    return (stem, suffix[1:].lower()) if is_format else (path, "")


def condition_matrix(conditions: RecordingConditions) -> tuple[Array, list[str]]:
    """Return recording conditions as numbers: the values, and a column of 0 and 1 for each format.

    Parameters
    ----------
    conditions : RecordingConditions
        Recording conditions of some rows.

    Returns
    -------
    X : array of float64, shape ``(rows, columns)``
        NaN where unknown, also for a format.
    names : list of str
        The condition of each column; all formats are called `FORMAT`.
    """
    if conditions.formats is None:
        return conditions.X, conditions.names
    formats = [name for name in np.unique(conditions.formats) if name]
    indicators = (conditions.formats[:, None] == formats).astype(np.float64)
    indicators[conditions.formats == ""] = np.nan
    return np.hstack([conditions.X, indicators]), [*conditions.names, *[FORMAT] * len(formats)]


def score_conditions(
    conditions: RecordingConditions,
    y: Array,
    groups: Array,
    classes: Sequence[str],
    splits: Sequence[Split],
    fold_names: Sequence[str],
    protocol: str,
    *,
    seed: int,
) -> ConditionsScores:
    """Predict the label from recording conditions alone, and score the predictions.

    Parameters
    ----------
    conditions : RecordingConditions
        Recording conditions of all rows.
    y : array of str, shape ``(rows,)``
        Class of each row.
    groups : array of str, shape ``(rows,)``
        Group of each row: the intervals draw whole groups.
    classes : sequence of str
        All classes, in order.
    splits : sequence of tuple of array of int
        Training and test rows of each fold.
    fold_names : sequence of str
        Name of each fold.
    protocol : str
        Description of the split.
    seed : int
        Seed of the model.

    Returns
    -------
    ConditionsScores
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return _scores(conditions, y, groups, classes, splits, fold_names, protocol, seed)


def _scores(
    conditions: RecordingConditions,
    y: Array,
    groups: Array,
    classes: Sequence[str],
    splits: Sequence[Split],
    fold_names: Sequence[str],
    protocol: str,
    seed: int,
) -> ConditionsScores:
    X, names = condition_matrix(conditions)
    used = [k for k, column in enumerate(X.T) if _is_usable(column)]
    X = X[:, used] if used else np.zeros((len(y), 1))
    names = [names[k] for k in used] or [FORMAT]
    parts, importances = [], []
    for train, test in splits:
        rows = _sampled(y, train, MAX_TRAINING_ROWS, seed)
        fitted = pipeline(CANDIDATE.name, seed=seed, **CANDIDATE.parameters)
        fitted.fit(X[rows], y[rows])
        parts.append(probabilities(fitted, X[test], classes))
        explained = _sampled(y, test, MAX_EXPLAINED_ROWS, seed)
        importances.append(_importances(fitted, X[explained], names))
    tested = np.concatenate([test for _, test in splits])
    folds = np.repeat(np.array(fold_names, object), [len(test) for _, test in splits])
    unpredictable = np.concatenate([~np.isin(y[test], y[train]) for train, test in splits])
    scores = model_scores(
        y[tested], np.concatenate(parts), classes, groups[tested], folds, unpredictable
    )
    _, counts = np.unique(y[tested], return_counts=True)
    n_scored = len(np.unique(y[tested][~unpredictable]))
    chance = 1 / n_scored
    lead = (scores.balanced_accuracy.low - chance) / (1 - chance) if n_scored > 1 else 0.0
    return ConditionsScores(
        candidate=str(CANDIDATE),
        protocol=protocol,
        columns=_shares(conditions, importances),
        rows=len(tested),
        accuracy=scores.accuracy,
        balanced_accuracy=scores.balanced_accuracy,
        chance=chance,
        majority=float(counts.max() / counts.sum()),
        give_label_away=bool(lead > MARGIN),
    )


def _is_usable(column: Array) -> bool:
    unknown = np.isnan(column)
    return unknown.mean() <= MAX_UNKNOWN and len(np.unique(column[~unknown])) > 1


def _sampled(y: Array, rows: Array, most: int, seed: int) -> Array:
    """At most some number of rows, drawn evenly from the classes."""
    if len(rows) <= most:
        return rows
    order = np.random.default_rng(seed).permutation(len(rows))
    labels = y[rows[order]]
    place = np.zeros(len(rows), dtype=np.intp)  # of each row among those of its class
    for name in np.unique(labels):
        own = labels == name
        place[own] = np.arange(own.sum())
    return np.sort(rows[order[np.argsort(place, kind="stable")[:most]]])


def _importances(fitted: Pipeline, X: Array, names: Sequence[str]) -> dict[str, float]:
    """Sum over rows and classes of the absolute contribution of each condition."""
    contributions = ESTIMATORS[CANDIDATE.name].contributions
    assert contributions is not None  # XGBoost has exact ones
    values = contributions(fitted.named_steps["model"], fitted[:-1].transform(X)).values
    columns = np.array(names)
    return {
        name: float(np.abs(values[:, columns == name].sum(axis=1)).sum())
        for name in dict.fromkeys(names)
    }


def _shares(
    conditions: RecordingConditions, importances: Sequence[dict[str, float]]
) -> dict[str, float]:
    """Share of each condition in the contributions of all folds, the largest first."""
    names = [*conditions.names, *([] if conditions.formats is None else [FORMAT])]
    sums = {name: sum(fold.get(name, 0.0) for fold in importances) for name in names}
    total = sum(sums.values()) or 1.0
    return {name: sums[name] / total for name in sorted(names, key=lambda name: -sums[name])}


def conditions_warnings(scores: ConditionsScores | None, *, is_training: bool = True) -> list[str]:
    """Warn of recording conditions that predict the label.

    Parameters
    ----------
    scores : ConditionsScores or None
        Scores of the recording conditions.
    is_training : bool
        Whether they are those of a training table, and not of a dataset of an evaluation.

    Returns
    -------
    list of str
        Empty, or one warning.
    """
    if scores is None or not scores.give_label_away:
        return []
    leading = leading_conditions(scores)
    doubt = ""
    if ambiguous := [name for name in leading if name not in EQUIPMENT]:
        doubt = (
            f" {enumerated_conditions(ambiguous).capitalize()} can depend on the sounds themselves"
            " or on how they were recorded, and a model can learn either."
        )
    conversions = dict.fromkeys(REMEDIES[name] for name in leading if name in REMEDIES)
    convert = f"convert all files to {' and '.join(conversions)}, or " if conversions else ""
    command = " with `featkit evaluate`" if is_training else ", too"
    accuracy = scores.balanced_accuracy.value + 1e-9  # rounded as in tables of scores
    return [
        f"{conditions_verdict(scores)}: recording conditions alone predict it with a balanced"
        f" accuracy of {accuracy:.3f} (chance: {scores.chance:.3f}), mostly"
        f" by {enumerated_conditions(leading)}.{doubt} To make sure, {convert}test the model on"
        f" recordings of other origin{command}"
    ]


def conditions_verdict(scores: ConditionsScores) -> str:
    """Return the verdict on a dataset whose label recording conditions predict.

    Parameters
    ----------
    scores : ConditionsScores
        Scores of the recording conditions.

    Returns
    -------
    str
        A clause; weaker if a leading condition can depend on the sounds.
    """
    certain = all(name in EQUIPMENT for name in leading_conditions(scores))
    return f"the dataset {'gives' if certain else 'may give'} the label away"


def leading_conditions(scores: ConditionsScores) -> list[str]:
    """Return the fewest conditions that make more than half of all contributions.

    Parameters
    ----------
    scores : ConditionsScores
        Scores of the recording conditions.

    Returns
    -------
    list of str
        The most important first.
    """
    names, total = [], 0.0
    for name, share in scores.columns.items():
        if total > 0.5 or share == 0:
            break
        names.append(name)
        total += share
    return names


def enumerated_conditions(conditions: Sequence[str]) -> str:
    """Join the names of conditions to ``a, b and c``.

    Parameters
    ----------
    conditions : sequence of str
        At least one condition.

    Returns
    -------
    str
        Their names for users.
    """
    *most, last = map(condition_name, conditions)
    return f"{', '.join(most)} and {last}" if most else last


def condition_name(condition: str) -> str:
    """Return the name of a condition for users.

    Parameters
    ----------
    condition : str
        One of `CONDITIONS`, or `FORMAT`.

    Returns
    -------
    str
        Such as ``"sample rate"``.
    """
    return NAMES.get(condition, condition)
