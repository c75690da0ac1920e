"""What the page shows, as CSV files."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.io import replacing
from featkit.explanation.explanation import NO_FOLD, Explanation
from featkit.explanation.ranking import BY, correlated, direction, grid, importance
from featkit.models.classifier import prediction_columns
from featkit.models.result import ranked
from featkit.models.scores import METRICS
from featkit.table.delimited import write

if TYPE_CHECKING:
    import pandas as pd

OF_CLASS = ["class", "precision", "recall", "f1", "support", "predicted"]
OF_BIN = ["from", "to", "rows", "confidence", "accuracy"]
"""Columns in their order, which a model file does not keep."""

HERE = "_here"
"""Ends the names of files on the table that is explained, if the model was trained on another."""

SLUG = 40
"""Letters of a class's name in that of its file."""


def write_files(
    folder: str | os.PathLike[str],
    judged: Sequence[Mapping[str, Any]],
    explanation: Explanation | None,
) -> list[Path]:
    """Write them, each whole or not at all, and say which; those of an earlier report are removed.

    Parameters
    ----------
    folder : path
        Where to; made if there is none.
    judged : sequence of mapping
        Scores: those of training, then those of another table that is explained.
    explanation : Explanation, optional
        What was explained.

    Raises
    ------
    WriteError
        If one cannot be written.
    """
    tables = {} if explanation is None else _of_explanation(explanation)
    for scores, ending in zip(judged, ("", HERE), strict=False):
        tables |= {f"{name}{ending}.csv": of for name, of in _of_scores(scores).items()}
    written = []
    for name, table in tables.items():
        path = Path(folder) / name
        with replacing(path) as scratch:
            scratch.parent.mkdir(parents=True, exist_ok=True)
            write(scratch, table.columns, table.itertuples(index=False))
        written.append(path)
    for old in set(Path(folder).glob("importance_[0-9][0-9][0-9]*.csv")) - set(written):
        old.unlink()
    return written


def file_name(number: int, of_class: str) -> str:
    """The file of a class: its number, and what of its name is safe in a file's."""
    plain = unicodedata.normalize("NFKD", of_class).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower())[:SLUG].strip("-")
    return f"importance_{number:03d}{'_' if slug else ''}{slug}.csv"


def _of_scores(scores: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    import pandas as pd

    classes = list(scores["classes"])
    confusion = _led(pd.DataFrame(scores["confusion"], columns=classes), "class", classes)
    models = dict(ranked(scores))
    if scores.get("recordings"):
        models[f"{scores['model']}, whole recordings"] = scores["recordings"]
    if by_row := (scores.get("by_row") or {}).get("scores"):
        split = f"{scores['by_row']['candidate']}, split by row"
        models[split] = {name: {"value": value} for name, value in by_row.items()}
    values = ["value", "low", "high", "std"]
    metrics = [
        [model, name, *(of[name].get(value, np.nan) for value in values)]
        for model, of in models.items()
        for name in METRICS
    ]
    bins = pd.DataFrame(scores["calibration"]["reliability"], columns=OF_BIN)
    return {
        "scores": pd.DataFrame(metrics, columns=["model", "score", *values]),
        "per_class": pd.DataFrame(scores["per_class"], columns=OF_CLASS),
        "confusion": confusion,
        "reliability": bins.round({"from": 9, "to": 9}),
    }


def _of_explanation(explanation: Explanation) -> dict[str, pd.DataFrame]:
    import pandas as pd

    tables = {"importance.csv": importance(explanation)}
    for number, name in enumerate(explanation.classes, start=1):
        tables[file_name(number, name)] = importance(explanation, of_class=name)
    for by in BY[1:]:
        tables[f"by_{by}.csv"] = importance(explanation, by=by)
    families = grid(explanation)
    groups = [
        {"group": number, "feature": name}
        for number, names in enumerate(correlated(explanation), start=1)
        for name in names
    ]
    return tables | {
        "direction.csv": _led(direction(explanation), "feature", explanation.columns),
        "family_by_statistic.csv": _led(families, "family", families.index.tolist()),
        "correlated.csv": pd.DataFrame(groups, columns=["group", "feature"]),
        "predictions.csv": _predictions(explanation),
    }


def _led(table: pd.DataFrame, name: str, column: Sequence[str]) -> pd.DataFrame:
    """The table with a first column of names; it is called ``name_`` if another is called so.

    Other columns are called as classes are, which may have any name.
    """
    while name in table.columns:
        name += "_"
    table = table.reset_index(drop=True)
    table.insert(0, name, list(column))
    return table


def _predictions(explanation: Explanation) -> pd.DataFrame:
    import pandas as pd

    about = pd.DataFrame(dict(explanation.keys), index=range(len(explanation)))
    if (explanation.folds != NO_FOLD).any():
        about["fold"] = explanation.folds
    if explanation.y is not None:
        about["label"] = explanation.y
    said = prediction_columns(explanation.probabilities, explanation.classes)
    return pd.concat([about, said], axis=1)
