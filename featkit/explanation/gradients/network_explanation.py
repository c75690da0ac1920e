"""`NetworkExplanation`: where in its sequences a network finds evidence for the predicted classes.

Two methods answer different questions. A Grad-CAM map shows, at the coarse resolution of the last
maps, which parts of a spectrogram support the class. Integrated gradients give each value of each
kind of sequence a contribution to the logit of the class, for or against it; the contributions of a
row add up to its logit minus that of the baseline, the mean of the training rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Self

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.overview import Overview, Overviewed
from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.explanation.explained_rows import ExplainedRows
from featkit.explanation.gradients.integrated_gradients import IntegratedGradients
from featkit.table.sequences.axes import band_edges, row_seconds
from featkit.table.sequences.sequences import Sequences

RELATIVE_TOLERANCE = 0.05
"""Largest residual of integrated gradients, relative to the typical difference of logits."""


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class NetworkExplanation(ExplainedRows, Overviewed):
    """Grad-CAM maps and integrated gradients of a network for the rows of a table.

    It has the attributes of `ExplainedRows`, and these:

    Attributes
    ----------
    explained : array of str, shape ``(rows,)``
        Class of each row that maps and contributions are about.
    sequences : Sequences
        The sequences of the rows; their arrays stay on disk.
    contributions : mapping of str to array of float32, shape ``(rows, channels, frames)``
        Integrated gradients by kind of sequence, in units of the logit.
    output : array of float64, shape ``(rows,)``
        Logit of the class.
    base : array of float64, shape ``(rows,)``
        Logit of the class for the baseline.
    maps : array of float32, shape ``(rows, bands, frames)``, or None
        Grad-CAM maps, at least 0; the scale is that of the model that explained the row. None for
        a network without maps over a spectrogram, such as a recurrent one.
    map_kind : str or None
        Kind of sequence that the maps are over.
    steps : int
        Points at which each gradient was evaluated.
    """

    explained: Array
    sequences: Sequences
    contributions: Mapping[str, Array]
    output: Array
    base: Array
    maps: Array | None = None
    map_kind: str | None = None
    steps: int

    _ROW_ARRAYS: ClassVar[tuple[str, ...]] = (
        *ExplainedRows._ROW_ARRAYS,
        *("explained", "output", "base", "maps"),
    )

    def _overview(self) -> Overview:
        from featkit.explanation._overview import network_overview

        return network_overview(self)

    def of_rows(self, rows: Array) -> Self:
        """Select rows.

        Parameters
        ----------
        rows : array of int
            Positions of the rows.

        Returns
        -------
        NetworkExplanation
        """
        return replace(
            super().of_rows(rows),
            sequences=self.sequences.rows(rows),
            contributions={name: values[rows] for name, values in self.contributions.items()},
        )

    @cached_property
    def residual(self) -> Array:
        """Output minus base and contributions, ``(rows,)``: the error of the numerical integral."""
        return IntegratedGradients({**self.contributions}, self.output, self.base).residual

    @cached_property
    def flaw(self) -> str:
        """Warning that contributions are far from complete; "" if they are not."""
        size = float(np.median(np.abs(self.output - self.base))) if len(self) else 0.0
        missing = np.abs(self.residual)
        wrong = ~(missing <= max(RELATIVE_TOLERANCE * size, 1e-4))
        if not wrong.any():
            return ""
        return (
            f"In {wrong.sum():,} of {counted(len(self), 'row')}, the contributions of integrated"
            " gradients do not add up to the difference of logits: the largest difference is"
            f" {missing.max():.2g}, and the logits differ from those of the baseline by {size:.2g}"
            f" typically. More than {self.steps} steps make them more exact."
        )

    @property
    def shares(self) -> dict[str, float]:
        """Share of each kind of sequence in the absolute contributions of all rows."""
        sizes = {
            name: float(np.abs(values).sum(dtype=np.float64))
            for name, values in self.contributions.items()
        }
        total = sum(sizes.values()) or 1.0
        return {name: size / total for name, size in sizes.items()}

    def kind(self, kind: str | None = None) -> str:
        """Return the name of a kind.

        Parameters
        ----------
        kind : str, optional
            The name; by default, the kind that maps are over, or the first one.

        Returns
        -------
        str

        Raises
        ------
        ParameterError
            If the network does not read this kind.
        """
        if kind is None:
            return self.map_kind or next(iter(self.contributions))
        if kind not in self.contributions:
            raise ParameterError(unknown("kind of sequence", kind, self.contributions))
        return kind

    def edges(self, kind: str) -> Array | None:
        """Return the frequencies in Hz that bound the mel bands of a kind.

        Parameters
        ----------
        kind : str
            Name of the kind.

        Returns
        -------
        array of float64, shape ``(channels + 1,)``, or None
            None if its channels are no mel bands.
        """
        return band_edges(self.sequences, kind)

    def seconds(self, kind: str, row: int) -> float | None:
        """Return the time that the frames of a row cover.

        Parameters
        ----------
        kind : str
            Name of the kind.
        row : int
            Index of the row, from 0.

        Returns
        -------
        float or None
            In seconds; None if it is unknown.
        """
        duration = None
        if "start" in self.keys and "end" in self.keys:
            duration = float(self.keys["end"][row]) - float(self.keys["start"][row])
        return row_seconds(self.sequences, kind, duration)
