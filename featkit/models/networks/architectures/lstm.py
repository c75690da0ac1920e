"""Recurrent network over MFCC and wavelet series.

Each series has two LSTM of 64 units, one for each direction of time. Mean and maximum of their
output over the true frames feed a layer of 128 units with dropout.

References
----------
Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 9 (8), 1997.
"""

from __future__ import annotations

from typing import Any

from featkit.models.networks.architecture import Architecture, Shapes
from featkit.models.networks.architectures._training import SHARED
from featkit.models.networks.parameters import NetworkParameters

UNITS = 64
HIDDEN = 128


def _build(shapes: Shapes, n_classes: int, parameters: NetworkParameters) -> Any:
    from featkit.models.networks.modules.lstm import Lstm

    channels = {base: shape[0] for base, shape in shapes.items()}
    return Lstm(channels, UNITS, HIDDEN, n_classes, parameters.dropout)


ARCHITECTURE = Architecture(
    name="lstm",
    title="recurrent network over MFCC and wavelet series",
    kinds=("mfcc", "wavelet"),
    build=_build,
    defaults={
        **SHARED,
        "epochs": 60,
        "learning_rate": 4e-3,
        "dropout": 0.3,
        "max_gradient_norm": 1.0,
    },
)
