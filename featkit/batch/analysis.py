"""The values that a batch computes of each clip: the contract, and the analysis of features."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from featkit._utils.typing import Array
from featkit.audio.excerpt import Excerpt
from featkit.batch._row_layouts import FeatureLayout, RowLayout
from featkit.batch._rows import Rows
from featkit.batch.targets import ALL_ROWS, StoredTarget, TableFile
from featkit.dsp.disk_array import Clip
from featkit.features.analysis import analyse_loaded
from featkit.features.sets.entries import Entry
from featkit.features.sets.loading import FeatureSet
from featkit.table.feature_table import FeatureTable
from featkit.table.table_files import check_table_target, rows_per_block


class Analysis(Protocol):
    """The values that a batch computes of each clip, and their form in a table.

    It is sent to worker processes.
    """

    @property
    def sample_rate(self) -> float | None:
        """Sample rate in Hz to which recordings are resampled; None keeps the rate of each."""

    @property
    def n_fft(self) -> int:
        """Samples of a frame, which an annotated interval must have."""

    def rate_warning(self, sr: float, /) -> str:
        """Return a warning for recordings of a low sample rate.

        Parameters
        ----------
        sr : float
            Sample rate of a recording in Hz, before any resampling.

        Returns
        -------
        str
            A sentence without a full stop; "" if the rate is high enough.
        """

    @property
    def n_columns(self) -> int:
        """Number of features, or of channels of all kinds of sequences."""

    @property
    def layout(self) -> RowLayout:
        """How values are stored."""

    @property
    def entries(self) -> Sequence[Entry]:
        """The families that are computed."""

    @property
    def settings(self) -> dict[str, Any]:
        """The definition that the numbers depend on, and its fingerprint, for the checkpoint."""

    @property
    def provenance(self) -> dict[str, Any]:
        """The definition as the table states it: its entries replace those of `settings`."""

    @property
    def rows_at_once(self) -> int:
        """Rows of a table that fit in memory."""

    def needed(self, excerpt: Excerpt, /) -> Excerpt:
        """Return the part of a whole recording that must be read.

        Parameters
        ----------
        excerpt : Excerpt
            The part that the user wants.

        Returns
        -------
        Excerpt
        """

    def target(self, output: str | os.PathLike[str], /) -> StoredTarget:
        """Return the target that writes to a file or folder, after a check that it can be written.

        Parameters
        ----------
        output : path
            The file or folder.

        Returns
        -------
        StoredTarget

        Raises
        ------
        ParameterError
            If it cannot.
        """

    def values(self, loaded: Iterable[tuple[Clip, float]], /) -> Iterator[Array]:
        """Compute the values of clips, stack by stack.

        Parameters
        ----------
        loaded : iterable of (clip, float)
            Samples of shape ``(samples,)``, float32, in memory or on disk, and their rate in Hz.

        Returns
        -------
        iterator of array, shape ``(clips, ...)``
            Of the type of the layout.
        """

    def settled(self, rows: Iterable[Rows], /) -> Analysis:
        """Return the analysis with all that follows from the rows of all recordings.

        Parameters
        ----------
        rows : iterable of Rows
            The rows of each recording that did not fail.

        Returns
        -------
        Analysis
        """

    def filled(self, table: FeatureTable, values: Array, /) -> FeatureTable:
        """Return a table with the values of its rows.

        Parameters
        ----------
        table : FeatureTable
            Keys and quality columns.
        values : array, shape ``(rows, ...)``
            Values of the rows, of the type of the layout.

        Returns
        -------
        FeatureTable
        """


@dataclass(frozen=True)
class FeatureAnalysis:
    """Features of a feature set; see `Analysis`.

    Attributes
    ----------
    features : FeatureSet
        The feature set.
    """

    features: FeatureSet

    rows_at_once = ALL_ROWS

    @property
    def sample_rate(self) -> float | None:
        """Sample rate in Hz; None keeps the rate of each recording."""
        return self.features.sample_rate

    @property
    def n_fft(self) -> int:
        """Samples of a frame."""
        return self.features.spectra.n_fft

    def rate_warning(self, sr: float) -> str:
        """Return the warning of the feature set.

        Parameters
        ----------
        sr : float
            Sample rate of a recording in Hz, before any resampling.

        Returns
        -------
        str
            "" if the rate is high enough.
        """
        return self.features.rate_warning(sr)

    @property
    def n_columns(self) -> int:
        """Number of features."""
        return len(self.features.columns)

    @property
    def layout(self) -> FeatureLayout:
        """How values are stored."""
        return FeatureLayout(self.n_columns)

    @property
    def entries(self) -> Sequence[Entry]:
        """The families that are computed."""
        return self.features.entries

    @property
    def settings(self) -> dict[str, Any]:
        """The definition of the set that values depend on."""
        return {"feature_set": self.features.deciding, "fingerprint": self.features.fingerprint}

    @property
    def provenance(self) -> dict[str, Any]:
        """The whole definition of the set, and its columns."""
        return {
            "feature_set": self.features.as_dict(),
            "columns": [dataclasses.asdict(column) for column in self.features.columns],
        }

    def needed(self, excerpt: Excerpt) -> Excerpt:
        """Return the part of a whole recording that must be read: the excerpt.

        Parameters
        ----------
        excerpt : Excerpt
            The part that the user wants.

        Returns
        -------
        Excerpt
        """
        return excerpt

    def target(self, output: str | os.PathLike[str]) -> TableFile:
        """Return the target that writes a table.

        Parameters
        ----------
        output : path
            The table.

        Returns
        -------
        TableFile

        Raises
        ------
        ParameterError
            If the table cannot be written.
        """
        check_table_target(output)
        return TableFile(output, rows_per_block(self.n_columns))

    def values(self, loaded: Iterable[tuple[Clip, float]]) -> Iterator[Array]:
        """Compute the features of clips; see `Analysis`.

        Parameters
        ----------
        loaded : iterable of (clip, float)
            Samples and their rate in Hz.

        Yields
        ------
        array of float64, shape ``(clips, features)``
        """
        yield from analyse_loaded(loaded, self.features)

    def settled(self, rows: Iterable[Rows]) -> FeatureAnalysis:
        """Return the same analysis: features do not depend on other recordings.

        Parameters
        ----------
        rows : iterable of Rows
            Not read.

        Returns
        -------
        FeatureAnalysis
        """
        return self

    def filled(self, table: FeatureTable, values: Array) -> FeatureTable:
        """Return a table with features.

        Parameters
        ----------
        table : FeatureTable
            Keys and quality columns.
        values : array of float64, shape ``(rows, features)``

        Returns
        -------
        FeatureTable
        """
        names = list(self.features.column_names)
        return replace(table, feature_names=names, values=np.ascontiguousarray(values))
