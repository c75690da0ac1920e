"""Standardised rows as tensors, read from files batch by batch, or held in memory if they fit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from featkit._utils.typing import Array
from featkit.models.networks.scaling import Scales, standardised
from featkit.table.sequences.sequences import SequenceArray

MAX_IN_MEMORY = 2**29
"""Bytes of training rows that are held in memory; more are read again in each epoch."""

Tensors = dict[str, Tensor]
"""A tensor for each base name."""


class Rows:
    """Standardised rows.

    Parameters
    ----------
    kinds : mapping of str to SequenceArray
        Sequences by base name.
    scales : mapping of str to (array, array)
        Of the training rows, by base name.
    max_bytes : int
        Bytes that may be held in memory. Batches are the same, to the bit, in either case.
    """

    def __init__(
        self,
        kinds: Mapping[str, SequenceArray],
        scales: Scales,
        *,
        max_bytes: int = 0,
    ) -> None:
        self._kinds, self._scales = kinds, scales
        size = sum(len(kind) * int(np.prod(kind.shape)) * 4 for kind in kinds.values())
        self._held = self._read(np.arange(len(self))) if size <= max_bytes else None

    def __len__(self) -> int:
        return len(next(iter(self._kinds.values())))

    def batch(self, which: Array) -> tuple[Tensors, Tensors]:
        """Return some rows.

        Parameters
        ----------
        which : array of int
            Row numbers.

        Returns
        -------
        inputs, lengths : dict of str to Tensor
            Copies: float32, ``(batch, channels, frames)``; and int64, ``(batch,)``.
        """
        if self._held is None:
            return self._read(which)
        index = torch.from_numpy(np.asarray(which, dtype=np.int64))
        inputs, lengths = self._held
        return (
            {base: values[index] for base, values in inputs.items()},
            {base: values[index] for base, values in lengths.items()},
        )

    def _read(self, which: Array) -> tuple[Tensors, Tensors]:
        inputs, lengths = {}, {}
        for base, kind in self._kinds.items():
            own = kind.rows(which)
            # A copy in memory of torch, whose alignment does not vary, and with it rounding.
            inputs[base] = torch.tensor(standardised(own, self._scales[base]))
            true = np.minimum(own.lengths, inputs[base].shape[2])
            lengths[base] = torch.from_numpy(true.astype(np.int64))
        return inputs, lengths
