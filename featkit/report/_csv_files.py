"""The numbers of the page as CSV files."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from featkit._utils.io import replacing
from featkit.explanation.explanation import NO_FOLD, Explanation
from featkit.explanation.ranking import BY, correlated, direction, grid, rank
from featkit.models.probabilities import prediction_columns
from featkit.models.score_types import METRICS, Evaluation
from featkit.models.serialization import to_dict
from featkit.table.csv_writing import write_csv

HERE = "_here"
"""Suffix of files on the explained table, if the model was trained on another."""

MAX_SLUG = 40
"""Maximum number of characters of a class name in the name of its file."""


def write_files(
    folder: str | os.PathLike[str],
    evaluations: Sequence[Evaluation],
    explanation: Explanation | None,
) -> list[Path]:
    """Write the files, each atomically, and remove those of classes of an earlier report.

    Parameters
    ----------
    folder : path
        Folder of the files; created if it does not exist.
    evaluations : sequence of Evaluation
        Scores of training, and of new rows of the explained table.
    explanation : Explanation, optional
        SHAP values of some rows.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    WriteError
        If a file cannot be written.
    """
    tables = {} if explanation is None else _explanation_tables(explanation)
    for evaluation, suffix in zip(evaluations, ("", HERE), strict=False):
        for name, table in _score_tables(evaluation).items():
            tables[f"{name}{suffix}.csv"] = table
    written = []
    for name, table in tables.items():
        path = Path(folder) / name
        with replacing(path) as scratch:
            scratch.parent.mkdir(parents=True, exist_ok=True)
            write_csv(scratch, table.columns, table.itertuples(index=False))
        written.append(path)
    for old in set(Path(folder).glob("importance_[0-9][0-9][0-9]*.csv")) - set(written):
        old.unlink()
    return written


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
    bins = pd.DataFrame(map(to_dict, evaluation.calibration.reliability))
    return {
        "scores": pd.DataFrame(rows, columns=["model", "score", "value", "low", "high", "std"]),
        "per_class": pd.DataFrame(map(to_dict, evaluation.per_class)),
        "confusion": _with_names(confusion, "class", classes),
        "reliability": bins.round({"from": 9, "to": 9}),
    }


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


def _with_names(table: pd.DataFrame, header: str, names: Sequence[str]) -> pd.DataFrame:
    """The table with a first column of names.

    Other columns are named after classes. If one has the same header, ``_`` is appended to it.
    """
    while header in table.columns:
        header += "_"
    table = table.reset_index(drop=True)
    table.insert(0, header, list(names))
    return table


def _predictions(explanation: Explanation) -> pd.DataFrame:
    origin = pd.DataFrame(dict(explanation.keys), index=range(len(explanation)))
    if (explanation.folds != NO_FOLD).any():
        origin["fold"] = explanation.folds
    if explanation.y is not None:
        origin["label"] = explanation.y
    predictions = prediction_columns(explanation.probabilities, explanation.classes)
    return pd.concat([origin, predictions], axis=1)
