"""The same rows in the explanations of two models, such as a network and a model of columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.progress import ProgressOption, reporting
from featkit._utils.typing import Array
from featkit.errors import ParameterError, TableError
from featkit.executors.opening import open_executor
from featkit.explanation._row_origins import row_keys
from featkit.explanation.computation import BUDGET, explain_inputs
from featkit.explanation.explained_rows import ExplainedRows
from featkit.explanation.explanation import Explanation
from featkit.models.model import Model
from featkit.schema import DATASET, TIME_COLUMNS

if TYPE_CHECKING:
    from featkit.models.training_tables import Tables

IDENTITY = (DATASET, "path", "start", "end")
"""Keys that identify a row; its number does if paths are unknown."""


def same_rows(keys: Mapping[str, Array], others: Mapping[str, Array]) -> Array:
    """Find rows among others, by path and times, or by number.

    Parameters
    ----------
    keys, others : mapping of str to array
        As in `ExplainedRows`; each of its own rows.

    Returns
    -------
    array of int, shape ``(rows,)``
        Position of each row among the others; -1 if it is not there.
    """
    names = [name for name in IDENTITY if name in keys and name in others]
    names = names if "path" in names else ["row"]
    own, other = (
        list(zip(*(_comparable(name, part[name]) for name in names), strict=True))
        for part in (keys, others)
    )
    places = {identity: k for k, identity in reversed(list(enumerate(other)))}
    return np.array([places.get(identity, -1) for identity in own], dtype=np.intp)


def _comparable(name: str, column: Array) -> list[object]:
    """Values of a key; times as whole microseconds, whether they are texts or numbers."""
    values = np.asarray(column)
    if name not in TIME_COLUMNS:
        return list(values.tolist())
    times = np.array([np.nan if value == "" else float(value) for value in values.tolist()])
    return [round(1e6 * time) if np.isfinite(time) else None for time in times.tolist()]


def explain_same_rows(
    model: Model,
    table: Tables,
    rows: ExplainedRows,
    *,
    groups: str | None = None,
    n_jobs: int | None = 1,
    cluster: Any = None,
    progress: ProgressOption = None,
) -> Explanation:
    """Explain the rows that another model has explained, by SHAP values.

    Parameters
    ----------
    model : Model
        A model of columns.
    table : FeatureTable, DataFrame, path, sequence of paths, or mapping
        As for `featkit.explain`: with all training rows, these are explained by fold models.
    rows : ExplainedRows
        The explanation of the other model, or some of its rows.
    groups : path, optional
        File of groups; see `Model.read`.
    n_jobs, cluster, progress
        As for `featkit.explain`.

    Returns
    -------
    Explanation
        Of those rows that are in the table, in its order.

    Raises
    ------
    ParameterError
        If the model is a network.
    TableError
        If the table does not fit the model, or has none of the rows.
    """
    if model.reads_sequences:
        raise ParameterError(
            f"{model.name} is a network: give a model of columns to put beside one"
        )
    read = model.read(table, groups=groups)
    model.check(read)
    places = same_rows(rows.keys, row_keys(model, read))
    if (places < 0).all():
        raise TableError(
            "the table has none of the explained recordings: give the table that belongs to the"
            " sequences"
        )
    with open_executor(n_jobs, cluster) as executor, reporting(progress) as report:
        return explain_inputs(
            model,
            read,
            model.inputs(read),
            rows=None,
            only=np.unique(places[places >= 0]),
            budget=BUDGET,
            seed=0,
            executor=executor,
            progress=report,
        )
