"""Running medians, computed by minima and maxima of whole rows.

A sorting network sorts without branches: each step is the minimum or the maximum of two rows of
thousands of values. Batcher's odd-even merge [1]_ merges sorted rows. Neighbouring windows share
most of this work: 16 windows of 31 rows have 16 rows in common, each half of these windows 8 more,
each quarter another 4. Values that can no longer be in the middle are dropped on the way. A median
of 31 takes 33 minima or maxima.

References
----------
.. [1] D. E. Knuth, "The art of computer programming", vol. 3, 5.3.4, 1998.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array

WORKSPACE = 2**21
"""Number of values in memory, 8 MB of float32: with fewer, the overhead of calls exceeds the gain
from the caches."""


def running_median(x: Array, size: int) -> Array:
    """Compute the median of each window of `size` neighbouring rows.

    Parameters
    ----------
    x : array, shape ``(rows, columns)``
        At least `size` rows, without NaN; the result has the same memory layout.
    size : int
        Rows in a window, at least 1. For an even number, the median is the upper middle value.

    Returns
    -------
    array, shape ``(rows - size + 1, columns)``
        Values of `x`, the same as `scipy.ndimage.median_filter` selects.

    Examples
    --------
    >>> import numpy as np
    >>> running_median(np.array([[1.0], [5.0], [2.0], [9.0]]), 3).ravel().tolist()
    [2.0, 5.0]
    """
    network = median_network(size)
    windows = len(x) - size + 1
    groups = -(-windows // network.windows)
    medians: Array = np.empty_like(x, shape=(windows, x.shape[1]))
    width = max(1, WORKSPACE // (groups * (network.rows + network.registers)))
    for start in range(0, x.shape[1], width):
        columns = slice(start, start + width)
        network.run(x[:, columns], groups, medians[:, columns])
    return medians


def mirrored_index(index: Array, length: int) -> Array:
    """Return the index of a value in an axis that is mirrored at its ends, ``d c b a | a b c d``.

    Parameters
    ----------
    index : array of int
        Positions on the axis, also any distance below 0 or beyond `length`.
    length : int
        Length of the axis.

    Returns
    -------
    array of int, shaped as `index`
        Indices from 0 to ``length - 1``.
    """
    periodic = index % (2 * length)
    mirrored: Array = np.minimum(periodic, 2 * length - 1 - periodic)
    return mirrored


class Network(NamedTuple):
    """The steps that compute the medians of a group of neighbouring windows from their rows.

    A wire is the number of a row or, from `rows` on, of a register.

    Attributes
    ----------
    windows : int
        Number of windows in a group.
    rows : int
        Number of rows that a group covers.
    registers : int
        Number of intermediate results that are stored.
    steps : tuple
        Function (minimum or maximum), two wires as operands, and the wire of the result.
    medians : tuple of int
        Wire of the median of each window.
    """

    windows: int
    rows: int
    registers: int
    steps: tuple[tuple[np.ufunc, int, int, int], ...]
    medians: tuple[int, ...]

    def run(self, x: Array, groups: int, out: Array) -> None:
        """Compute the medians of all groups of windows at once.

        Parameters
        ----------
        x : array, shape ``(rows, columns)``
        groups : int
            Number of groups.
        out : array, shape ``(windows, columns)``
            Receives the medians.
        """
        reach = -(-self.rows // self.windows)
        # The rows of the last group may go beyond `x`.
        padded = np.zeros(((groups + reach - 1) * self.windows, x.shape[1]), dtype=x.dtype)
        padded[: len(x)] = x
        by_group = padded.reshape(-1, self.windows, x.shape[1])
        rows = [divmod(row, self.windows) for row in range(self.rows)]
        wires = [by_group[first : first + groups, place] for first, place in rows]
        wires += list(np.empty((self.registers, groups, x.shape[1]), dtype=x.dtype))
        for function, a, b, result in self.steps:
            function(wires[a], wires[b], out=wires[result])
        for window, wire in enumerate(self.medians):
            rows_out = out[window :: self.windows]
            rows_out[:] = wires[wire][: len(rows_out)]


@lru_cache(maxsize=32)
def median_network(size: int) -> Network:
    """Return the network for windows of a size.

    Parameters
    ----------
    size : int
        Rows in a window.

    Returns
    -------
    Network
    """
    windows = 1 << (-(-size // 2)).bit_length() - 1
    return NetworkBuilder(size, windows).network()


class NetworkBuilder:
    """Builds a network for running medians by merging sorted sequences of wires.

    Parameters
    ----------
    size : int
        Rows in a window.
    windows : int
        Number of neighbouring windows, a power of two, at most half of `size` (rounded up).
    """

    def __init__(self, size: int, windows: int) -> None:
        self.size = size
        self.windows = windows
        self.rows = size + windows - 1
        self.steps: dict[tuple[np.ufunc, int, int], int] = {}
        middle = size // 2 + 1
        common = self.sorted_rows(windows - 1, size - windows + 1)
        self.medians = self._medians(0, windows, common[middle - windows : middle])

    def _medians(self, first: int, windows: int, middle: list[int]) -> list[int]:
        """The medians of neighbouring windows, from the middle values of the rows that they share.

        A window has `windows` - 1 other rows, so only the middle `windows` shared ones can be its
        median.
        """
        if windows == 1:
            return middle
        half = windows // 2
        medians = []
        for begin, more in ((first, first + half - 1), (first + half, first + self.size)):
            merged = self.merged(middle, self.sorted_rows(more, half))
            medians += self._medians(begin, half, merged[half : 2 * half])
        return medians

    def sorted_rows(self, first: int, count: int) -> list[int]:
        """Sort neighbouring rows.

        Parameters
        ----------
        first, count : int
            Number of the first row, and number of rows.

        Returns
        -------
        list of int
            Wires in ascending order of their values.
        """
        if count == 1:
            return [first]
        half = count // 2
        return self.merged(
            self.sorted_rows(first, half), self.sorted_rows(first + half, count - half)
        )

    def merged(self, a: list[int], b: list[int]) -> list[int]:
        """Merge two sorted sequences.

        Parameters
        ----------
        a, b : list of int
            Wires in ascending order of their values.

        Returns
        -------
        list of int
            Wires of the merged values, in ascending order.
        """
        if not a or not b:
            return a + b
        if len(a) == len(b) == 1:
            return self.ordered(a[0], b[0])
        even, odd = self.merged(a[::2], b[::2]), self.merged(a[1::2], b[1::2])
        merged = even[:1]
        for pair in zip(odd, even[1:], strict=False):
            merged += self.ordered(*pair)
        return merged + even[len(odd) + 1 :] + odd[len(even) - 1 :]

    def ordered(self, a: int, b: int) -> list[int]:
        """Compare two wires; a comparison that was made before is reused.

        Parameters
        ----------
        a, b : int
            Wires.

        Returns
        -------
        list of int
            Wires of the minimum and of the maximum.
        """
        return [
            self.steps.setdefault((function, a, b), self.rows + len(self.steps))
            for function in (np.minimum, np.maximum)
        ]

    def network(self) -> Network:
        """Order the steps that the medians need, so that few registers suffice.

        Returns
        -------
        Network
        """
        step_of = {wire: step for step, wire in self.steps.items()}
        order: dict[int, None] = {}

        def need(wire: int) -> None:
            if wire in step_of and wire not in order:
                need(step_of[wire][1])
                need(step_of[wire][2])
                order[wire] = None

        for median in self.medians:
            need(median)
        last_use = {operand: wire for wire in order for operand in step_of[wire][1:]}
        place: dict[int, int] = {row: row for row in range(self.rows)}
        free: list[int] = []
        steps = []
        registers = 0
        for wire in order:
            function, a, b = step_of[wire]
            done = [w for w in (a, b) if w in step_of and last_use[w] == wire]
            free += [place[w] for w in done if w not in self.medians]
            if not free:
                free.append(self.rows + registers)
                registers += 1
            place[wire] = free.pop()
            steps.append((function, place[a], place[b], place[wire]))
        medians = tuple(place[wire] for wire in self.medians)
        return Network(self.windows, self.rows, registers, tuple(steps), medians)
