"""Test rows of an exported model with the predictions of featkit, and their JSON file.

The rows are training rows that the model keeps, the same ones with missing values, values far
outside of those rows, and rows without a prediction. The file is plain JSON, with null for NaN, so
that any language can read it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ModelError
from featkit.models.decisions import decide
from featkit.models.onnx_export.model_graph import (
    INPUT,
    LABEL,
    PREDICTION,
    PRESENT,
    PROBABILITIES,
)
from featkit.models.row_predictions import row_problems
from featkit.models.task import TASKS
from featkit.storage.archive import UNUSABLE

if TYPE_CHECKING:
    from featkit.models.model import Model

FORMAT = "featkit onnx test 1"
"""Format and version of the file."""

TOLERANCE = 1e-6
"""Largest difference, relative to numbers beyond 1."""

N_PARTS = 10
"""Parts of the columns that are missing together."""

MISSING_SHARE = 0.3

FAR = (3.0, 1e3)
"""Distances of far values from the training rows, in ranges of a column."""

BEYOND_SINGLE = 1e39


@dataclass(frozen=True, eq=False, kw_only=True)
class Vectors:
    """Rows with their expected outputs.

    Attributes
    ----------
    names : sequence of str
        Description of each row.
    columns, classes : sequence of str
        Names of the columns, and of the outputs of the model.
    inputs : array of float64, shape ``(rows, columns)``
        The rows, NaN where a value is missing.
    outputs : mapping of str to array
        Expected outputs by name, float64 or object. NaN is an expected NaN. None in an array of
        objects is any value: labels where two classes are equally good.
    tolerance : float
        Largest difference.
    """

    names: Sequence[str]
    columns: Sequence[str]
    classes: Sequence[str]
    inputs: Array
    outputs: Mapping[str, Array]
    tolerance: float = TOLERANCE

    def to_json(self, model_sha256: str) -> str:
        """Return the content of a test file.

        Parameters
        ----------
        model_sha256 : str
            Hash of the ONNX file.

        Returns
        -------
        str
        """
        content = {
            "format": FORMAT,
            "model_sha256": model_sha256,
            "tolerance": self.tolerance,
            "columns": list(self.columns),
            "classes": list(self.classes),
            "rows": list(self.names),
            "inputs": {INPUT: _plain(self.inputs)},
            "outputs": {name: _plain(values) for name, values in self.outputs.items()},
        }
        return json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> tuple[Vectors, str]:
        """Read the content of a test file.

        Parameters
        ----------
        text : str
            The content.

        Returns
        -------
        vectors : Vectors
        model_sha256 : str
            Hash of the ONNX file that they belong to.

        Raises
        ------
        ModelError
            If it is not such a file.
        """
        try:
            content = json.loads(text)
            if content["format"] != FORMAT:
                raise ModelError(f"its format is not {FORMAT!r}")
            vectors = cls(
                names=list(map(str, content["rows"])),
                columns=list(map(str, content["columns"])),
                classes=list(map(str, content["classes"])),
                inputs=np.array(content["inputs"][INPUT], dtype=np.float64),
                outputs={
                    str(name): np.array(values, dtype=_kind(name))
                    for name, values in content["outputs"].items()
                },
                tolerance=float(content["tolerance"]),
            )
            sha256 = str(content["model_sha256"])
        except UNUSABLE as error:
            if isinstance(error, ModelError):
                raise
            raise ModelError("it is no file of test rows that featkit wrote") from None
        vectors.check()
        return vectors, sha256

    def check(self) -> None:
        """Check that all parts have the same rows.

        Raises
        ------
        ModelError
            If they do not.
        """
        rows, width = len(self.names), len(self.columns)
        wide = {PROBABILITIES, PRESENT}
        shapes = {
            name: (rows, len(self.classes)) if name in wide else (rows,) for name in self.outputs
        }
        complete = self.outputs and rows and self.inputs.shape == (rows, width)
        if not complete or any(self.outputs[name].shape != shapes[name] for name in shapes):
            raise ModelError("its rows, columns and outputs do not fit together")
        if not 0 < self.tolerance <= TOLERANCE:
            raise ModelError(f"its tolerance must be above 0 and at most {TOLERANCE:g}")


def _kind(name: str) -> type:
    return np.float64 if name in (PROBABILITIES, PREDICTION) else object


def _plain(values: Array) -> Any:
    """Nested lists with None for NaN."""
    if values.dtype == object:
        return values.tolist()
    numbers = values.astype(object)
    numbers[np.isnan(values)] = None
    return numbers.tolist()


def test_vectors(model: Model) -> Vectors:
    """Make the test rows of a model.

    Parameters
    ----------
    model : Model
        A model of columns.

    Returns
    -------
    Vectors
    """
    rows = dict(_rows(_background(model)))
    names, X = list(rows), np.array(list(rows.values()))
    problems = row_problems(X, model.columns) != ""
    with np.errstate(all="ignore"):
        P = model.row_probabilities(np.where(problems[:, None], 0.0, X))
    P[problems] = np.nan
    # Where featkit itself has no number, although the row is valid, nothing can be compared.
    kept = problems | np.isfinite(P).all(axis=1)
    return Vectors(
        names=[name for name, keep in zip(names, kept.tolist(), strict=True) if keep],
        columns=model.columns,
        classes=model.classes,
        inputs=X[kept],
        outputs=_outputs(model, P[kept], problems[kept]),
    )


def _background(model: Model) -> Array:
    """Training rows that the model keeps; without training metadata, a row of zeros."""
    training = model.training_metadata
    rows = np.zeros((0, 0)) if training is None else training.sample.background
    return rows if len(rows) else np.zeros((1, len(model.columns)))


def _rows(background: Array) -> Any:
    """Name and values of each test row."""
    rng = np.random.default_rng(0)
    width = background.shape[1]
    lowest, highest = (
        np.nan_to_num(extreme.reduce(background, axis=0)) for extreme in (np.fmin, np.fmax)
    )
    for k, row in enumerate(background):
        yield f"training row {k}", row
    for k, row in enumerate(background):
        missing = rng.random(width) < MISSING_SHARE
        yield f"training row {k}, values missing at random", np.where(missing, np.nan, row)
    for part in range(min(N_PARTS, width)):
        row = background[part % len(background)].copy()
        row[part::N_PARTS] = np.nan
        yield f"column {part} and each {N_PARTS}th after it missing", row
    extent = np.maximum(highest - lowest, np.finfo(np.float32).eps)
    for factor in FAR:
        yield f"all values {factor:g} ranges too low", lowest - factor * extent
        yield f"all values {factor:g} ranges too high", highest + factor * extent
        for k in range(3):
            high = rng.random(width) < 0.5
            far = np.where(high, highest + factor * extent, lowest - factor * extent)
            yield f"values {factor:g} ranges too low or too high, {k}", far
    yield "all values missing", np.full(width, np.nan)
    infinite = background[0].copy()
    infinite[-1] = BEYOND_SINGLE
    yield "a value beyond single precision", infinite


def _outputs(model: Model, P: Array, problems: Array) -> dict[str, Array]:
    if not TASKS[model.task].has_names:
        return {PREDICTION: P[:, 0]}
    if model.decision is not None:
        present = model.decision.labels(P).astype(object)
        present[np.abs(P - np.asarray(model.decision.thresholds)) <= 2 * TOLERANCE] = None
        return {PRESENT: present, PROBABILITIES: P}
    return {LABEL: _labels(model, P, problems), PROBABILITIES: P}


def _labels(model: Model, P: Array, problems: Array) -> Array:
    """The predicted class of each row, "" without a prediction, None if two are equally good."""
    costs = model.costs
    merit = P if costs is None else -(P @ costs)
    ordered = np.sort(merit, axis=1)
    scale = 1.0 if costs is None else max(1.0, float(np.max(costs)))
    tied = ordered[:, -1] - ordered[:, -2] <= 2 * TOLERANCE * scale
    labels = np.asarray(model.classes, dtype=object)[decide(P, costs)]
    labels[tied] = None
    labels[problems] = ""
    return labels
