"""Spectra of frames, and sums over their bins, computed while a spectrum is in the cache.

Single precision leaves rounding noise some 150 dB below the strongest bin of a spectrum. It is
negligible in music, but changes the variance of a pure tone by a fifth. Sums of frames in which it
is not negligible are computed again from a transform in double precision.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from featkit._utils.lazy import cached_property
from featkit._utils.typing import Array
from featkit.dsp import _compiled
from featkit.dsp.bins import max_over_bins
from featkit.dsp.filters import fft_window, roots_of_unity
from featkit.dsp.framing import Signal
from featkit.dsp.moments import (
    PIECE,
    central_moments,
    entropy,
    flux,
    inverse_bin_sum,
    piece_middles,
    piece_offsets,
)

INEXACT = 1e5
"""A frame is transformed in double precision if a flat spectrum at the level of its strongest bin
would have more than this multiple of its second moment. By measurement, this keeps the error of the
bandwidth that single precision causes below 1e-5."""

FAINT = 1e-12
"""Magnitude below which squares of single precision may be 0, or too coarse."""

BASIC = ("power", "max_magnitude", "piece_sums", "total", "centroid", "variance")
"""Arrays that every transform computes."""

GROUPS = (
    ("third_moment", "fourth_moment"),
    ("entropy",),
    ("flux",),
    ("lowest_magnitude", "inverse_bin_sum"),
)
"""Arrays that are computed, together, if one of them is wanted."""

WANTED = frozenset(name for names in GROUPS for name in names)
"""Names of the arrays that a transform computes if they are wanted."""


class Spectra:
    """Spectra of some frames and sums over their bins, by name.

    Parameters
    ----------
    signal : Signal
        The samples of the frames.
    sr : float
        Sample rate in Hz.
    wanted : iterable of str
        Names in `WANTED` that will be requested. Others can be, at the cost of one more transform.
    before : Signal, optional
        The samples of the frame before the first one, for the flux.
    """

    def __init__(
        self,
        signal: Signal,
        sr: float,
        wanted: Iterable[str] = (),
        before: Signal | None = None,
    ) -> None:
        self._signal, self._sr, self._before = signal, sr, before
        self._values = self._computed(WANTED.intersection(wanted))

    def __getitem__(self, name: str) -> Array:
        """Return an array.

        Parameters
        ----------
        name : str
            ``power`` of shape ``(bins, frames)``; ``piece_sums`` of shape ``(pieces, frames)``; of
            shape ``(frames,)``: ``max_magnitude``, the moments of
            `featkit.dsp.moments.central_moments`, ``entropy`` of the power in bits, ``flux``, the
            ``lowest_magnitude``, that of bin 0, and ``inverse_bin_sum``, of magnitudes over the
            number of the bin.

        Returns
        -------
        array of float32
        """
        if name not in self._values:
            earlier = self._values
            self._values = self._computed({name}) | earlier
        return self._values[name]

    @property
    def inexact(self) -> Array:
        """Whether the sums of a frame are from a transform in double precision, ``(frames,)``."""
        return self._values["inexact"]

    @cached_property
    def _previous(self) -> Spectra | None:
        return Spectra(self._before, self._sr) if self._before else None

    def exact_magnitudes(self, frames: Array) -> Array:
        """Compute magnitudes of some frames, in double precision where single is inexact.

        Parameters
        ----------
        frames : array of int, shape ``(frames,)``
            Numbers from 0.

        Returns
        -------
        array of float32, shape ``(bins, frames)``
        """
        S = np.sqrt(self["power"].take(frames, axis=1))
        inexact = np.flatnonzero(self.inexact[frames])
        if len(inexact):
            S[:, inexact] = self._signal.precise_S(frames[inexact])
        return S

    def _computed(self, wanted: Iterable[str]) -> dict[str, Array]:
        names = [name for group in GROUPS if not {*group}.isdisjoint(wanted) for name in group]
        n_fft = self._signal.n_fft
        by_core = _compiled.transforms(n_fft)
        values = self._by_core(names) if by_core else self._by_numpy(names)
        widest = (n_fft // 2 + 1) * (self._sr / 2) ** 2
        faint = self._faint(values["max_magnitude"])
        inexact = values["max_magnitude"] * widest > INEXACT * values["variance"] * values["total"]
        inexact[faint] = True
        self._values = values | {"inexact": inexact}
        self._replace_inexact(names)
        if len(faint):
            values["max_magnitude"][faint] = max_over_bins(self._signal.precise_S(faint))
        return self._values

    def _faint(self, max_magnitude: Array) -> Array:
        """Frames with sound whose power single precision does not resolve."""
        faint = np.flatnonzero(max_magnitude < FAINT)
        return faint[self._signal.frames(faint).any(axis=1)] if len(faint) else faint

    def _by_core(self, names: Iterable[str]) -> dict[str, Array]:
        assert _compiled.core is not None
        signal, sr = self._signal, self._sr
        n_fft, frames = signal.n_fft, len(signal.hop_of_frame)
        rows = {"power": n_fft // 2 + 1, "piece_sums": len(piece_middles(sr, n_fft))}
        values: dict[str, Array] = {
            name: np.empty((rows[name], frames) if name in rows else frames, dtype=np.float32)
            for name in (*BASIC, *names)
        }
        y = np.ascontiguousarray(signal.y)
        starts = signal.starts
        before = y[starts[0] :] if self._before is None else np.ascontiguousarray(self._before.y)
        _compiled.core.spectra(
            y,
            starts,
            before[:n_fft],
            fft_window(signal.window, n_fft),
            roots_of_unity(n_fft),
            PIECE,
            piece_offsets(sr, n_fft),
            piece_middles(sr, n_fft),
            values,
        )
        return values

    def _by_numpy(self, names: Iterable[str]) -> dict[str, Array]:
        power = self._signal.power(slice(None))
        magnitude = np.sqrt(power)
        values = {"power": power, "max_magnitude": max_over_bins(magnitude)}
        values |= self._sums(magnitude, names)
        if "flux" in names:
            before = values if self._previous is None else self._previous
            S_before = np.hstack([np.sqrt(before["power"][:, :1]), magnitude[:, :-1]])
            total_before = np.hstack([before["total"][:1], values["total"][:-1]])
            values["flux"] = flux(magnitude, values["total"], S_before, total_before)
        return values

    def _sums(self, S: Array, names: Iterable[str]) -> dict[str, Array]:
        """Sums over the bins of magnitudes, except the flux."""
        higher = "third_moment" in names
        values = central_moments(S, self._sr, self._signal.n_fft, higher=higher)
        if "entropy" in names:
            values["entropy"] = entropy(S)
        if "inverse_bin_sum" in names:
            values |= {"lowest_magnitude": S[0].copy(), "inverse_bin_sum": inverse_bin_sum(S)}
        return values

    def _replace_inexact(self, names: Iterable[str]) -> None:
        """Compute the sums of inexact frames again, and the flux from and to them."""
        frames = np.flatnonzero(self.inexact)
        if len(frames):
            for name, sums in self._sums(self._signal.precise_S(frames), names).items():
                if name in self._values:
                    self._values[name][..., frames] = sums
        if "flux" in names:
            self._replace_flux()

    def _replace_flux(self) -> None:
        previous = self._previous
        inexact = np.concatenate([[previous is not None and previous.inexact[0]], self.inexact])
        frames = np.flatnonzero(inexact[1:] | inexact[:-1])
        if not len(frames):
            return
        earlier = np.maximum(frames - 1, 0)
        S, S_before = self.exact_magnitudes(frames), self.exact_magnitudes(earlier)
        total, total_before = self["total"][frames], self["total"][earlier]
        if previous is not None and frames[0] == 0:
            S_before[:, :1] = previous.exact_magnitudes(np.array([0]))
            total_before[0] = previous["total"][0]
        self._values["flux"][frames] = flux(S, total, S_before, total_before)
