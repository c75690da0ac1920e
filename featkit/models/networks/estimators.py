"""Networks as estimators: an architecture with the contract that training knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from featkit.errors import ParameterError
from featkit.models.estimator import SEQUENCES, Estimator
from featkit.models.networks.architecture import ARCHITECTURES
from featkit.models.networks.parameters import NetworkParameters


def network_parameters(name: str, parameters: Mapping[str, Any]) -> NetworkParameters:
    """Return all parameters of a network.

    Parameters
    ----------
    name : str
        Name of its architecture.
    parameters : mapping of str to object
        Parameters that differ from the defaults of the architecture.

    Returns
    -------
    NetworkParameters

    Raises
    ------
    ParameterError
        If a parameter does not exist, or is out of range.
    """
    defaults = ARCHITECTURES[name].defaults
    return NetworkParameters.from_mapping({**defaults, **parameters}, where=name)


def _build(name: str, seed: int) -> Any:
    from featkit.models.networks.classifier import NetworkClassifier

    return NetworkClassifier(name, seed=seed)


def _check_parameters(name: str, parameters: Mapping[str, Any]) -> None:
    settings = network_parameters(name, parameters)
    if settings.freeze and ARCHITECTURES[name].blocks is None:
        raise ParameterError(f"{name} has no parts that can be frozen: omit freeze")


def _with_hash(name: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Parameters with the hash of the file of weights that they name."""
    settings = network_parameters(name, parameters)
    if not settings.weights or settings.weights_sha256:
        return parameters
    from featkit.models.networks.weights import weights_sha256

    return {**parameters, "weights_sha256": weights_sha256(settings.weights)}


def _check(model: Any, n_columns: int, n_classes: int) -> None:
    raise ParameterError("networks are not stored as the pipelines of other estimators are")


NOT_EXPORTED = (
    "networks read sequences of frames instead of a row of features, and compute in single"
    " precision, where another program adds in another order, so that equality to 1e-6 cannot be"
    " promised. Predict with featkit, or export another model, such as logistic, of the columns"
)
"""Why networks are not exported to ONNX."""


class _Networks(Mapping[str, Estimator]):
    """The estimator of each architecture."""

    def __getitem__(self, name: str) -> Estimator:
        return Estimator(
            name=name,
            title=ARCHITECTURES[name].title,
            build=partial(_build, name),
            grid={},
            check=_check,
            types=frozenset(),
            check_parameters=partial(_check_parameters, name),
            complete_parameters=partial(_with_hash, name),
            imputed=False,
            scaled=False,
            inputs=SEQUENCES,
            not_exported=NOT_EXPORTED,
        )

    def __contains__(self, name: object) -> bool:
        return name in ARCHITECTURES

    def __iter__(self) -> Iterator[str]:
        return iter(ARCHITECTURES)

    def __len__(self) -> int:
        return len(ARCHITECTURES)


NETWORKS = _Networks()
"""Networks by name, in alphabetical order."""
