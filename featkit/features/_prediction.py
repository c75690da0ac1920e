"""Parameters, names of columns and a test signal that the families of linear prediction share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.critical_bands import check_poles
from featkit.dsp.predictors import check_order
from featkit.features._components import greatest_number, total_from_names
from featkit.features.spectra.parameters import SpectraParameters

DEFAULT_ORDER = 12


def decaying_pulses(ratio: float, sr: float) -> Array:
    """Make pulses every 10 ms, each of which decays exponentially: the output of a single pole.

    Parameters
    ----------
    ratio : float
        Ratio of each sample to the one before it.
    sr : float
        Sample rate in Hz.

    Returns
    -------
    array of float32, shape ``(samples,)``
        100 pulses with a peak of 1.
    """
    return np.tile(ratio ** np.arange(round(0.01 * sr)), 100).astype(np.float32)


class PredictionParameters(Parameters):
    """Order of linear prediction, and pre-emphasis."""

    order: int = parameter(
        DEFAULT_ORDER, "number of samples from which the next is predicted", at_least=1, at_most=256
    )
    pre_emphasis: float = parameter(
        0.97,
        "multiple of the sample before that is subtracted from each; 0 for none",
        at_least=0,
        at_most=1,
    )


def check_frames(p: PredictionParameters, spectra: SpectraParameters, sr: float | None) -> None:
    """Check that frames of 25 ms are longer than the order.

    Parameters
    ----------
    p : PredictionParameters
        Order.
    spectra : SpectraParameters
        Not used.
    sr : float or None
        Sample rate in Hz; None if each recording keeps its own.

    Raises
    ------
    ParameterError
        If they are not.
    """
    if sr is not None:
        check_order(p.order, sr)


class HasOrder(Protocol):
    """Parameters with an order."""

    @property
    def order(self) -> int:
        """Number of poles."""


def check_critical_bands(p: HasOrder, spectra: SpectraParameters, sr: float | None) -> None:
    """Check that there are more critical bands than poles.

    Parameters
    ----------
    p : HasOrder
        Order.
    spectra : SpectraParameters
        Not used.
    sr : float or None
        Sample rate in Hz; None if each recording keeps its own.

    Raises
    ------
    ParameterError
        If there are not.
    """
    if sr is not None:
        check_poles(p.order, sr)


def order_from_names(names: Sequence[str]) -> dict[str, Any]:
    """Return the parameters with which coefficients have these names.

    Parameters
    ----------
    names : sequence of str
        Names as made by `featkit.features._components.numbered`, with the order as the total.

    Returns
    -------
    dict
        ``order``.
    """
    return {"order": total_from_names(names, default=DEFAULT_ORDER)}


def cepstrum_from_names(count: str, default: int, names: Sequence[str]) -> dict[str, Any]:
    """Return the parameters with which cepstral coefficients, from 0, have these names.

    Parameters
    ----------
    count : str
        Name of the parameter for the number of coefficients.
    default : int
        Its default.
    names : sequence of str
        Names as made by `featkit.features._components.numbered`, with the order as the total.

    Returns
    -------
    dict
        ``order``, and the number of coefficients, at least its default.
    """
    return {**order_from_names(names), count: max(default, greatest_number(names) + 1)}
