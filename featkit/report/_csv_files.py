"""The numbers of the page as CSV files."""

from __future__ import annotations

import fnmatch
import os
import re
import unicodedata
from collections.abc import Callable, Sequence
from glob import escape, glob
from typing import Any

import numpy as np
import pandas as pd

from featkit.explanation.explained_rows import NO_FOLD, ExplainedRows
from featkit.explanation.explanation import Explanation
from featkit.explanation.gradients.network_explanation import NetworkExplanation
from featkit.explanation.gradients.summaries import channel_importance, row_summary
from featkit.explanation.ranking import BY, correlated, direction, grid, rank
from featkit.models.decisions import decision_arrays
from featkit.models.multilabel_types import METRICS as LABEL_METRICS
from featkit.models.multilabel_types import MultilabelEvaluation
from featkit.models.regression_types import REGRESSION_METRICS, RegressionEvaluation
from featkit.models.score_types import METRICS, Calibration, Evaluation
from featkit.models.serialization import to_dict
from featkit.models.task import TASKS
from featkit.storage.names import join_name
from featkit.storage.urls import is_url
from featkit.storage.writing import remove, replacing
from featkit.table.csv_writing import write_csv

HERE = "_here"
"""Suffix of files on the explained table, if the model was trained on another."""

CLASS_FILES = "importance_[0-9][0-9][0-9]*.csv"
"""Names of the files of classes."""

MAX_SLUG = 40
"""Maximum number of characters of a class name in the name of its file."""


def write_files(
    folder: str | os.PathLike[str],
    evaluations: Sequence[Any],
    explanation: Explanation | NetworkExplanation | None,
) -> list[str]:
    """Write the files, each atomically, and remove those of classes of an earlier report.

    Parameters
    ----------
    folder : path
        Folder of the files; created if it does not exist.
    evaluations : sequence of Evaluation or RegressionEvaluation
        Scores of training, and of new rows of the explained table.
    explanation : Explanation or NetworkExplanation, optional
        SHAP values of some rows, or evidence of a network.

    Returns
    -------
    list of str
        The files.

    Raises
    ------
    WriteError
        If a file cannot be written.
    """
    tables = {}
    if isinstance(explanation, NetworkExplanation):
        tables = _network_tables(explanation)
    elif explanation is not None:
        tables = _explanation_tables(explanation)
    for evaluation, suffix in zip(evaluations, ("", HERE), strict=False):
        for name, table in SCORE_TABLES[type(evaluation)](evaluation).items():
            tables[f"{name}{suffix}.csv"] = table
    written = []
    for name, table in tables.items():
        path = join_name(folder, name)
        with replacing(path) as scratch:
            scratch.parent.mkdir(parents=True, exist_ok=True)
            write_csv(scratch, table.columns, table.itertuples(index=False))
        written.append(path)
    for old in set(_old_files(folder)) - set(written):
        remove(old)
    return written


def _old_files(folder: str | os.PathLike[str]) -> list[str]:
    """Files of the classes of an earlier report."""
    if not is_url(folder):
        return glob(os.path.join(escape(os.fspath(folder)), CLASS_FILES))
    from featkit.storage.listing import list_files

    names = [file.path for file in list_files(os.fspath(folder)) if "/" not in file.path]
    return [join_name(folder, name) for name in fnmatch.filter(names, CLASS_FILES)]


def file_name(number: int, of_class: str) -> str:
    """The file name of a class: its number, and its name in safe characters."""
    ascii_name = unicodedata.normalize("NFKD", of_class).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name.lower())[:MAX_SLUG].strip("-")
    return f"importance_{number:03d}{'_' if slug else ''}{slug}.csv"


def _score_tables(evaluation: Evaluation) -> dict[str, pd.DataFrame]:
    classes = list(evaluation.classes)
    confusion = pd.DataFrame(evaluation.confusion, columns=classes)
    models = dict(evaluation.ranking)
    if evaluation.recordings:
        models[f"{evaluation.model}, whole recordings"] = evaluation.recordings
    rows = [
        [model, metric, score.value, score.low, score.high, score.std]
        for model, scores in models.items()
        for metric, score in ((metric, scores[metric]) for metric in METRICS)
    ]
    if by_row := evaluation.by_row:
        name = f"{by_row.candidate}, split by row"
        rows += [[name, metric, by_row.row_wise[metric], *3 * [np.nan]] for metric in METRICS]
    calibrations = {"reliability": evaluation.calibration}
    if before := evaluation.uncalibrated:
        name = f"{evaluation.model}, before calibration"
        rows += [[name, metric, before.metrics[metric], *3 * [np.nan]] for metric in METRICS]
        calibrations["reliability_uncalibrated"] = before.calibration
    return {
        "scores": pd.DataFrame(rows, columns=["model", "score", "value", "low", "high", "std"]),
        "per_class": pd.DataFrame(map(to_dict, evaluation.per_class)),
        "confusion": _with_names(confusion, "class", classes),
        **{name: _reliability(own) for name, own in calibrations.items()},
    }


def _reliability(calibration: Calibration) -> pd.DataFrame:
    bins = pd.DataFrame(map(to_dict, calibration.reliability))
    return bins.round({"from": 9, "to": 9})


def _regression_tables(evaluation: RegressionEvaluation) -> dict[str, pd.DataFrame]:
    models = dict(evaluation.ranking)
    if evaluation.recordings:
        models[f"{evaluation.model}, whole recordings"] = evaluation.recordings
    rows = [
        [model, metric, score.value, score.low, score.high, score.std]
        for model, scores in models.items()
        for metric, score in ((metric, scores[metric]) for metric in REGRESSION_METRICS)
    ]
    if by_row := evaluation.by_row:
        name = f"{by_row.candidate}, split by row"
        rows += [
            [name, metric, by_row.row_wise[metric], *3 * [np.nan]] for metric in REGRESSION_METRICS
        ]
    tables = {
        "scores": pd.DataFrame(rows, columns=["model", "score", "value", "low", "high", "std"]),
        "target_ranges": pd.DataFrame(map(to_dict, evaluation.ranges)),
    }
    if evaluation.group_errors:
        tables["group_errors"] = pd.DataFrame(map(to_dict, evaluation.group_errors))
    return tables


def _label_tables(evaluation: MultilabelEvaluation) -> dict[str, pd.DataFrame]:
    labels, models = list(evaluation.labels), dict(evaluation.ranking)
    if evaluation.recordings:
        models[f"{evaluation.model}, whole recordings"] = evaluation.recordings
    rows = [
        [model, metric, score.value, score.low, score.high, score.std]
        for model, scores in models.items()
        for metric, score in ((metric, scores[metric]) for metric in LABEL_METRICS)
    ]
    pairs = pd.DataFrame(evaluation.co_occurrence, columns=labels)
    return {
        "scores": pd.DataFrame(rows, columns=["model", "score", "value", "low", "high", "std"]),
        "per_label": pd.DataFrame(map(to_dict, evaluation.per_label)),
        "co_occurrence": _with_names(pairs, "label", labels),
    }


SCORE_TABLES: dict[type[Any], Callable[[Any], dict[str, pd.DataFrame]]] = {
    Evaluation: _score_tables,
    MultilabelEvaluation: _label_tables,
    RegressionEvaluation: _regression_tables,
}
"""The function that makes the tables of each type of scores."""


def _explanation_tables(explanation: Explanation) -> dict[str, pd.DataFrame]:
    tables = {"importance.csv": rank(explanation).table}
    for number, name in enumerate(explanation.classes, start=1):
        tables[file_name(number, name)] = rank(explanation, of_class=name).table
    for by in BY[1:]:
        tables[f"by_{by}.csv"] = rank(explanation, by=by).table
    families = grid(explanation)
    groups = [
        {"group": number, "feature": name}
        for number, names in enumerate(correlated(explanation), start=1)
        for name in names
    ]
    return tables | {
        "direction.csv": _with_names(direction(explanation), "feature", explanation.columns),
        "family_by_statistic.csv": _with_names(families, "family", families.index.tolist()),
        "correlated.csv": pd.DataFrame(groups, columns=["group", "feature"]),
        "predictions.csv": _predictions(explanation),
    }


def _network_tables(explanation: NetworkExplanation) -> dict[str, pd.DataFrame]:
    """Importance of the channels of all kinds, over all classes and for each, and of each row."""

    def importance(of_class: str | None) -> pd.DataFrame:
        tables = [channel_importance(explanation, kind, of_class=of_class) for kind in kinds]
        return pd.concat(tables, keys=kinds, names=["kind", None]).reset_index(level="kind")

    kinds = list(explanation.contributions)
    tables = {"importance.csv": importance(None)}
    for number, name in enumerate(explanation.classes, start=1):
        tables[file_name(number, name)] = importance(name)
    tables["evidence.csv"] = row_summary(explanation)
    return tables | {"predictions.csv": _predictions(explanation)}


def _with_names(table: pd.DataFrame, header: str, names: Sequence[str]) -> pd.DataFrame:
    """The table with a first column of names.

    Other columns are named after classes. If one has the same header, ``_`` is appended to it.
    """
    while header in table.columns:
        header += "_"
    table = table.reset_index(drop=True)
    table.insert(0, header, list(names))
    return table


def _predictions(explanation: ExplainedRows) -> pd.DataFrame:
    origin = pd.DataFrame(dict(explanation.keys), index=range(len(explanation)))
    if (explanation.folds != NO_FOLD).any():
        origin["fold"] = explanation.folds
    task = TASKS[explanation.task]
    if explanation.y is not None:
        origin[task.true_column] = explanation.y
    options = {} if explanation.decision is None else {"decision": explanation.decision}
    P, classes = explanation.probabilities, explanation.classes
    arrays = task.prediction_arrays(P, classes, **options)
    if explanation.costs is not None:
        arrays |= decision_arrays(P, classes, explanation.costs)
    return pd.concat([origin, pd.DataFrame(arrays)], axis=1)
