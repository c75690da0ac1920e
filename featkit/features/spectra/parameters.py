"""Parameters of the frames and spectra that all families share: `SpectraParameters`."""

from __future__ import annotations

import math

from featkit._utils.parameters import Parameters, parameter
from featkit.errors import ParameterError


class SpectraParameters(Parameters):
    """Parameters of framing, of the transform and of mel bands."""

    n_fft: int = parameter(2048, "samples in a frame", at_least=16, at_most=2**20)
    hop_length: int = parameter(
        512, "samples from one frame to the next", at_least=1, at_most=2**24
    )
    window: str = parameter(
        "hann", "shape of the (periodic) window", choices=("hann", "hamming", "blackman", "boxcar")
    )
    pad_mode: str = parameter(
        "constant",
        "padding beyond both ends of a clip: zeros, or its mirror image as in librosa before 0.9",
        choices=("constant", "reflect"),
    )
    n_mels: int = parameter(128, "number of mel bands", at_least=1, at_most=4096)
    fmin: float = parameter(0.0, "lower edge of the lowest mel band, in Hz", at_least=0)
    fmax: float | None = parameter(
        None, "upper edge of the highest mel band, in Hz; by default half the sample rate", above=0
    )
    top_db: float = parameter(80.0, "range in dB below a clip's loudest mel band", above=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_fft % 2:
            raise ParameterError(f"n_fft must be even, got {self.n_fft}")
        if self.fmax is not None and self.fmax <= self.fmin:
            raise ParameterError(f"fmax must be above fmin ({self.fmin:g} Hz), got {self.fmax:g}")

    def check_rate(self, sr: float | None) -> None:
        """Check that the mel bands fit in the frequencies of a sample rate.

        Parameters
        ----------
        sr : float or None
            Sample rate in Hz; None if each recording keeps its own.

        Raises
        ------
        ParameterError
            If an edge lies above half of the sample rate.
        """
        half = sr / 2 if sr else math.inf
        if self.fmin >= half:
            rule = f"fmin must be below half the sample rate ({half:g} Hz), got {self.fmin:g}"
            raise ParameterError(f"spectra: {rule}")
        if self.fmax is not None and self.fmax > half:
            rule = f"fmax must be at most half the sample rate ({half:g} Hz), got {self.fmax:g}"
            raise ParameterError(f"spectra: {rule}")
