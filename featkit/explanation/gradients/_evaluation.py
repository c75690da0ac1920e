"""Evaluation of fitted networks for gradients.

Rows are computed one by one, so that the result for a row is the same, to the bit, for any others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.parameters import unknown
from featkit.errors import ParameterError
from featkit.table.sequences.sequences import Sequences

if TYPE_CHECKING:
    from featkit.models.networks.classifier import NetworkClassifier


def frozen_module(classifier: NetworkClassifier) -> Any:
    """The network in evaluation mode, whose weights need no gradients."""
    return classifier.module().eval().requires_grad_(False)


def rows_with_class(
    classifier: NetworkClassifier, sequences: Sequences, classes: Sequence[str]
) -> Iterator[tuple[Any, Any, int]]:
    """Inputs and lengths of each row, tensors with one row, and the index of its class."""
    places = _class_places(classifier, classes, len(sequences))
    for k, place in enumerate(places):
        yield *classifier.inputs(sequences.rows(np.array([k]))), place


def _class_places(classifier: NetworkClassifier, classes: Sequence[str], n_rows: int) -> list[int]:
    if len(classes) != n_rows:
        raise ParameterError(f"classes must name a class for each of {n_rows} rows")
    own = np.asarray(classifier.classes_).tolist()
    for name in classes:
        if name not in own:
            raise ParameterError(unknown("class", str(name), own))
    return [own.index(name) for name in classes]


def class_logits(module: Any, inputs: Any, lengths: Any, place: int) -> Any:
    """The logits of one class, a tensor ``(rows,)``."""
    return module(inputs, lengths)[:, place]
