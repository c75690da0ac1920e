"""Running medians, by minima and maxima of whole rows.

A network of comparators sorts without branches: each of its steps is the minimum or the maximum of
two rows of thousands of values. Batcher's odd-even merge (Knuth, "The art of computer programming",
vol. 3, 5.3.4) puts sorted runs together, and neighbouring windows share most of theirs: 16 windows
of 31 rows have 16 rows in common, each half of these windows 8 more, each quarter another 4. What
can no longer be in the middle is dropped on the way. A median of 31 takes 33 minima or maxima.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array

WORKSPACE = 2**21
"""Values held at once, 8 MB of float32: fewer lose more to calls than the caches give."""


def running_median(x: Array, size: int) -> Array:
    """The median of each `size` neighbouring rows.

    Parameters
    ----------
    x : array, shape ``(rows, columns)``
        At least `size` rows, without NaN; of any memory layout, which the result keeps.
    size : int
        At least 1. Of an even number of values, the upper one of the middle.

    Returns
    -------
    array, shape ``(rows - size + 1, columns)``
        Values of `x`, none computed: what `scipy.ndimage.median_filter` picks.

    Examples
    --------
    >>> import numpy as np
    >>> running_median(np.array([[1.0], [5.0], [2.0], [9.0]]), 3).ravel().tolist()
    [2.0, 5.0]
    """
    network = _network(size)
    windows = len(x) - size + 1
    groups = -(-windows // network.windows)
    medians: Array = np.empty_like(x, shape=(windows, x.shape[1]))
    width = max(1, WORKSPACE // (groups * (network.rows + network.registers)))
    for start in range(0, x.shape[1], width):
        columns = slice(start, start + width)
        network.run(x[:, columns], groups, medians[:, columns])
    return medians


def reflected(places: Array, length: int) -> Array:
    """Where values beyond the ends of an axis stand in its mirror image, ``d c b a | a b c d``.

    Parameters
    ----------
    places : array of int
        Positions on the axis, also below 0 and from `length` on, however far.
    length : int
        Of the axis.
    """
    there = places % (2 * length)
    within: Array = np.minimum(there, 2 * length - 1 - there)
    return within


class Network(NamedTuple):
    """Steps from the rows that a group of neighbouring windows covers to the windows' medians.

    A wire is a row, by its number, or, counted on from there, a register.
    """

    windows: int
    rows: int
    registers: int
    steps: tuple[tuple[np.ufunc, int, int, int], ...]
    medians: tuple[int, ...]

    def run(self, x: Array, groups: int, out: Array) -> None:
        """Medians of `x` into `out`, as many groups of windows at once as there are."""
        reach = -(-self.rows // self.windows)
        # Row by row of all groups; the last group may have rows that nobody asks for.
        padded = np.zeros(((groups + reach - 1) * self.windows, x.shape[1]), dtype=x.dtype)
        padded[: len(x)] = x
        by_group = padded.reshape(-1, self.windows, x.shape[1])
        rows = [divmod(row, self.windows) for row in range(self.rows)]
        wires = [by_group[first : first + groups, place] for first, place in rows]
        wires += list(np.empty((self.registers, groups, x.shape[1]), dtype=x.dtype))
        for function, a, b, result in self.steps:
            function(wires[a], wires[b], out=wires[result])
        for window, wire in enumerate(self.medians):
            asked = out[window :: self.windows]
            asked[:] = wires[wire][: len(asked)]


@lru_cache(maxsize=32)
def _network(size: int) -> Network:
    windows = 1 << (-(-size // 2)).bit_length() - 1
    return Comparators(size, windows).network()


class Comparators:
    """The steps of a network as they are found: merges of runs of wires that are sorted.

    Parameters
    ----------
    size : int
        Rows in a window.
    windows : int
        Neighbouring windows, a power of two, at most half of `size` (rounded up).
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
        """Medians of some neighbouring windows, told by the middle of what they have in common.

        A window has `windows` - 1 more rows, so as many of the common ones can be its median.
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
        """Some neighbouring rows in rising order."""
        if count == 1:
            return [first]
        half = count // 2
        return self.merged(
            self.sorted_rows(first, half), self.sorted_rows(first + half, count - half)
        )

    def merged(self, a: list[int], b: list[int]) -> list[int]:
        """Two rising sequences as one."""
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
        """The lesser and the greater of two wires; what is asked again is there already."""
        return [
            self.steps.setdefault((function, a, b), self.rows + len(self.steps))
            for function in (np.minimum, np.maximum)
        ]

    def network(self) -> Network:
        """The steps that the medians need, each just before it is needed, in few registers."""
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
