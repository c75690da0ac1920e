"""Importances of columns and families at home and in another dataset, side by side."""

from __future__ import annotations

import numpy as np

from featkit._utils.formatting import counted
from featkit.errors import ParameterError
from featkit.evaluation.result import ImportanceComparison, ImportancePair, ValueInterval
from featkit.explanation.explained_rows import NO_FOLD
from featkit.explanation.explanation import Explanation
from featkit.explanation.ranking import rank
from featkit.models.model import Model
from featkit.models.task import TASKS

MIN_COLUMNS = 3
"""Fewest columns for a rank correlation."""

MAX_ROWS, MIN_ROWS = 300, 30
"""Rows of the training table, and of a dataset, whose SHAP values give the importances."""

MAX_SECONDS = 9.0
"""Estimated processor time of the SHAP values of each of the two, with more than `MIN_ROWS`."""


def rows_to_explain(model: Model) -> int:
    """Return the number of rows whose SHAP values give the importances.

    It depends on the size of the model only, not on the speed of the machine.

    Parameters
    ----------
    model : Model
        The model to explain.

    Returns
    -------
    int
        `MAX_ROWS`, or fewer for large forests and support vector machines.
    """
    seconds_per_row = TASKS[model.task].estimators[model.name].seconds_per_row
    if seconds_per_row is None:
        return MAX_ROWS
    return int(np.clip(MAX_SECONDS / seconds_per_row(model.pipeline[-1]), MIN_ROWS, MAX_ROWS))


def compare_importances(home: Explanation, here: Explanation) -> ImportanceComparison:
    """Compare the importances of one model at home and in another dataset.

    Parameters
    ----------
    home, here : Explanation
        SHAP values of training rows, by models that were not trained on them, and of rows of the
        other dataset.

    Returns
    -------
    ImportanceComparison

    Raises
    ------
    ParameterError
        If the columns are not the same, or the contributions are in different scales.
    """
    if home.columns != here.columns:
        raise ParameterError("the two explanations have different feature columns")
    if home.scale != here.scale:
        raise ParameterError(
            f"the contributions are in {home.scale} and in {here.scale}: explain both datasets by"
            " the same model"
        )
    columns = _pairs(home, here, "column")
    return ImportanceComparison(
        home_rows=len(home),
        rows=len(here),
        rank_correlation=_rank_correlation(columns),
        columns=columns,
        families=_pairs(home, here, "family"),
        notes=[*_notes(home, "at home"), *_notes(here, "in the other dataset"), *_folds(home)],
    )


def _pairs(home: Explanation, here: Explanation, by: str) -> list[ImportancePair]:
    """Importances of columns or families, the most important at home first."""
    sides = [_shares(explanation, by) for explanation in (home, here)]
    return [
        ImportancePair(name=name, home=share, here=sides[1][name])
        for name, share in sides[0].items()
    ]


def _shares(explanation: Explanation, by: str) -> dict[str, ValueInterval]:
    table = rank(explanation, by=by).table
    total = max(float(table["mean_abs_shap"].sum()), np.finfo(np.float64).tiny)
    return {
        name: ValueInterval(value=share, low=low / total, high=high / total)
        for name, share, low, high in zip(
            *(table[key].tolist() for key in ("feature", "share", "low", "high")), strict=True
        )
    }


def _rank_correlation(columns: list[ImportancePair]) -> float | None:
    """Spearman's correlation; None with few columns, or if all importances of a side are equal."""
    from scipy.stats import spearmanr

    home, here = (
        [side.value for side in pair]
        for pair in zip(*((c.home, c.here) for c in columns), strict=True)
    )
    if len(columns) < MIN_COLUMNS or min(np.ptp(home), np.ptp(here)) == 0:
        return None
    return float(spearmanr(home, here).statistic)


def _notes(explanation: Explanation, place: str) -> list[str]:
    notes = [explanation.flaw] if explanation.flaw else []
    if explanation.rows_there > len(explanation):
        notes.append(
            f"Importances {place} are those of {len(explanation):,} of"
            f" {counted(explanation.rows_there, 'row')}, drawn at random."
        )
    return notes


def _folds(home: Explanation) -> list[str]:
    if (home.folds == NO_FOLD).all():
        return []
    return [
        "At home, each row is explained by the model of the fold in which it is a test row; in the"
        " other dataset, by the final model."
    ]
