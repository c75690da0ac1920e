"""Labels of the rows of a dataset, in the classes of a model.

A label is sent to a common class by the label map, if there is one, and then spelled like the class
of the model that differs from it only in case, blanks, hyphens or accents. A cell may hold several
labels: the first that the model knows is primary, and the next different one is secondary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.table.label_cells import split_labels
from featkit.table.label_map import LabelMap, spelled_like
from featkit.table.missing_values import without_missing_words


class RowLabels(NamedTuple):
    """Labels of rows: each row is of a class, unlabelled, dropped or unknown.

    Attributes
    ----------
    primary : array of str, shape ``(rows,)``
        Common class of each row; "" if it has none.
    secondary : array of str, shape ``(rows,)``, or None
        Second common class, "" for none; None if no secondary labels were given.
    unlabelled : array of bool, shape ``(rows,)``
        Whether a row has no label.
    dropped : array of str, shape ``(rows,)``
        The label of each row whose labels are all dropped by the map; "" for others.
    unknown : array of str, shape ``(rows,)``
        The label, after mapping, of each row with no label that the model knows; "" for others.
    note : str
        Words that count as missing labels, or a separator that no cell contains; "" if there is
        nothing to say.
    """

    primary: Array
    secondary: Array | None
    unlabelled: Array
    dropped: Array
    unknown: Array
    note: str


class LabelMapping(NamedTuple):
    """How labels become common classes.

    Attributes
    ----------
    classes : sequence of str
        Common classes of the model.
    label_map : LabelMap or None
        The label map of the user; labels that it does not name are an error.
    trained_map : LabelMap or None
        The label map that the model was trained with; other labels stay as they are.
    """

    classes: Sequence[str]
    label_map: LabelMap | None = None
    trained_map: LabelMap | None = None


def row_labels(
    dataset: str,
    cells: Array,
    rules: LabelMapping,
    *,
    separator: str | None = None,
    secondary_cells: Array | None = None,
) -> RowLabels:
    """Find the common class of each row.

    Parameters
    ----------
    dataset : str
        Name of the dataset, which selects the part of the label map.
    cells : array of str, shape ``(rows,)``
        The column of labels.
    rules : LabelMapping
        How labels become common classes.
    separator : str, optional
        Text between the labels of a cell; by default a cell is one label.
    secondary_cells : array of str, shape ``(rows,)``, optional
        The column of secondary labels.

    Returns
    -------
    RowLabels

    Raises
    ------
    ParameterError, TableError
        If the label map does not name a label; see `LabelMap.check`.
    """
    cells, note = without_missing_words(cells)
    distinct, place = np.unique(cells, return_inverse=True)
    if separator is not None and not any(separator in cell for cell in distinct.tolist()):
        absent = f"no cell of the label column contains the separator {separator!r}"
        note = f"{note}; {absent}" if note else absent
    labels_of = [split_labels(cell, separator) for cell in distinct.tolist()]
    seconds = np.array([], dtype=np.str_)
    if secondary_cells is not None:
        seconds = np.char.strip(without_missing_words(secondary_cells)[0])
    counts = Counter(seconds[seconds != ""].tolist())
    for labels, rows in zip(labels_of, np.bincount(place, minlength=1).tolist(), strict=False):
        counts.update(dict.fromkeys(labels, rows))
    common, dropped = _common_labels(dataset, counts, rules)
    classes = {*rules.classes}
    by_cell = [_cell_label(labels, common, dropped, classes) for labels in labels_of]
    primary, second, left_out, unknown = (
        np.array([own[k] for own in by_cell], dtype=np.str_)[place] for k in range(4)
    )
    secondary = second if separator is not None else None
    if secondary_cells is not None:
        secondary = np.array(
            [
                common[label] if label and common[label] in classes - {first} else ""
                for label, first in zip(seconds.tolist(), primary.tolist(), strict=True)
            ],
            dtype=np.str_,
        )
    unlabelled = np.array([not labels for labels in labels_of], dtype=bool)[place]
    return RowLabels(primary, secondary, unlabelled, left_out, unknown, note)


class _CellLabel(NamedTuple):
    """Classes of a cell, or the label for which it has none."""

    primary: str = ""
    secondary: str = ""
    dropped: str = ""
    unknown: str = ""


def _cell_label(
    labels: Sequence[str], common: dict[str, str], dropped: set[str], classes: set[str]
) -> _CellLabel:
    own = list(dict.fromkeys(common[label] for label in labels if common[label] in classes))
    if own:
        return _CellLabel(primary=own[0], secondary=own[1] if own[1:] else "")
    others = [label for label in labels if label not in dropped]
    if others:
        return _CellLabel(unknown=common[others[0]] or others[0])
    return _CellLabel(dropped=labels[0] if labels else "")


def _common_labels(
    dataset: str, counts: Counter[str], rules: LabelMapping
) -> tuple[dict[str, str], set[str]]:
    """The common label of each label, and the labels that the map drops."""
    labels = np.array(list(counts.elements()), dtype=np.str_)
    mapped = labels
    dropped: set[str] = set()
    label_map = rules.label_map or rules.trained_map
    if label_map is not None:
        result = label_map.apply(mapped, dataset)
        if rules.label_map is not None:
            rules.label_map.check(result, dataset)
        dropped = {*result.dropped}
        mapped = np.where(np.isin(mapped, list(result.unmapped)), mapped, result.labels)
    common = spelled_like(mapped, rules.classes).tolist()
    return dict(zip(labels.tolist(), common, strict=True)), dropped
