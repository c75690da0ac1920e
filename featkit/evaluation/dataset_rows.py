"""The rows of one dataset on which a model is evaluated, with labels in the classes of the model.

The training table has the same form, so that both sides of a comparison are treated alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from featkit._utils.typing import Array
from featkit.table.feature_table import FeatureTable


@dataclass(frozen=True, eq=False)
class DatasetRows:
    """Labelled rows of one dataset.

    Attributes
    ----------
    name : str
        Name of the dataset.
    table : FeatureTable
        These rows, with keys and quality columns.
    columns : list of str
        Feature columns of the model.
    X : array of float64, shape ``(rows, columns)``
        Their values; NaN where undefined.
    y : array of str, shape ``(rows,)``
        Common class of each row.
    recordings : array of str, shape ``(rows,)``
        Recording of each row.
    groups : array of str, shape ``(rows,)``
        Group of each row, such as its artist or speaker; the recording if no group is known. The
        rows of one group are not independent.
    unit : str
        Name of one group, such as ``"recording"`` or ``"speaker"``.
    secondary : array of str, shape ``(rows,)``, or None
        Second common class of each row, "" for none; None if no secondary labels were given.
    subgroups : dict of str to array of str, shape ``(rows,)``
        Values of each column by which scores are split, "" where missing.
    """

    name: str
    table: FeatureTable
    columns: list[str]
    X: Array
    y: Array
    recordings: Array
    groups: Array
    unit: str = "recording"
    secondary: Array | None = None
    subgroups: dict[str, Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.y)
