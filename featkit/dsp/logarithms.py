"""Logarithms to base 10 in single precision, with the bits of the compiled core.

They are more exact than those of NumPy, and take as long. The polynomial of ln(1 + f) is that of
Moshier's Cephes library.
"""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array

COEFFICIENTS = np.array(
    [
        *(7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1),
        *(-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1),
    ],
    dtype=np.float32,
)

ROOT_OF_HALF = np.int32(0x3F3504F3)
"""The bits of the root of 1/2, the least mantissa."""

HIGH, LOW = np.float32(0.301025390625), np.float32(4.605038981195214e-6)

CHUNK = 2**13
"""Number of values that are computed together, few enough for the cache of a core."""


def log10(x: Array) -> Array:
    """Compute logarithms to base 10.

    Parameters
    ----------
    x : array of float32
        Normal numbers above 0.

    Returns
    -------
    array of float32, shaped as `x`
    """
    flat = np.ascontiguousarray(x, dtype=np.float32).ravel()
    result: Array = np.empty_like(flat)
    for start in range(0, len(flat), CHUNK):
        part = slice(start, start + CHUNK)
        exponent, ln = _exponent_and_logarithm(flat[part])
        # log10(2) in two parts, the first of which has few enough bits for an exact product.
        result[part] = exponent * HIGH + (exponent * LOW + ln * np.float32(0.4342944819))
    return result.reshape(x.shape)


def _exponent_and_logarithm(x: Array) -> tuple[Array, Array]:
    """Exponents e and ln(m) of numbers m 2^e, with m from sqrt(1/2) to sqrt(2)."""
    bits = x.view(np.int32)
    exponent = (bits - ROOT_OF_HALF) >> 23
    f = (bits - (exponent << 23)).view(np.float32) - np.float32(1)
    p = f * COEFFICIENTS[0] + COEFFICIENTS[1]
    for coefficient in COEFFICIENTS[2:]:
        p *= f
        p += coefficient
    z = f * f
    return exponent.astype(np.float32), f + (f * z * p - np.float32(0.5) * z)
