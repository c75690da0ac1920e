"""Documentation of columns by name: `describe`."""

from __future__ import annotations

from functools import lru_cache

from featkit._utils.parameters import unknown
from featkit.errors import ParameterError
from featkit.features.family import FAMILIES
from featkit.features.sets._column_names import entries_from_columns
from featkit.features.sets.entries import Entry
from featkit.features.sets.feature_set import FeatureSet
from featkit.features.sets.loading import FEATURE_SETS
from featkit.schema import Column


def describe(column: str) -> Column:
    """Return the family, statistic, unit, definition and reference of a column.

    Parameters
    ----------
    column : str
        Name of a column, such as ``"mfcc_3_mean"``, or a published name that a feature set of this
        package uses, such as ``"mfcc3_mean"`` in gtzan57. A name that is both, such as ``"tempo"``,
        is read as the former. Names that two sets share are those of the set that is last in
        alphabetical order: those of eGeMAPS have the published definitions of voice88, not the
        conventions of egemaps88.

    Returns
    -------
    Column

    Raises
    ------
    ParameterError
        If no family has such a column.

    Examples
    --------
    >>> describe("spectral_centroid_std").unit
    'Hz'
    >>> describe("harmony_var").definition
    'variance (ddof 0) over the samples of the harmonic part, parted by medians of 31'
    """
    try:
        return _column(column)
    except ParameterError:
        if column in _published_columns():
            return _published_columns()[column]
        raise


def _column(name: str) -> Column:
    (mapping,) = entries_from_columns([name])
    if not FAMILIES[mapping["family"]].example:
        return FeatureSet.from_columns([name], sample_rate=None).columns[0]
    # A set needs the file of a model, the description of a column does not.
    columns = {column.name: column for column in Entry.from_mapping(mapping, where=name).columns}
    if name not in columns:
        raise ParameterError(unknown("column", name, columns))
    return columns[name]


@lru_cache(maxsize=1)
def _published_columns() -> dict[str, Column]:
    """Columns of the package's sets by the names that published tables use."""
    return {
        column.name: column
        for features in FEATURE_SETS.values()
        for column in features.columns
        if column.name in features.renamed.values()
    }
