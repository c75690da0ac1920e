"""Convolutional network of three blocks over a mel spectrogram.

Each block is a 3 × 3 convolution, batch normalisation, ReLU and maximum pooling, with 32, 64 and
128 channels. Pooling joins 2 × 2 values, in the first block 2 bands × 4 frames, which halves the
time of training. The mean over time and frequency feeds a layer of 256 units with dropout.
"""

from __future__ import annotations

from typing import Any

from featkit.models.networks.architecture import Architecture, Shapes
from featkit.models.networks.architectures._training import SHARED
from featkit.models.networks.parameters import NetworkParameters

CHANNELS = (32, 64, 128)
POOLING = ((2, 4), (2, 2), (2, 2))
UNITS = 256


def _build(shapes: Shapes, n_classes: int, parameters: NetworkParameters) -> Any:
    from featkit.models.networks.modules.cnn import Cnn
    from featkit.models.networks.modules.convolutions import channels_last

    return channels_last(Cnn(CHANNELS, POOLING, UNITS, n_classes, parameters.dropout))


ARCHITECTURE = Architecture(
    name="cnn",
    title="convolutional network of three blocks over a mel spectrogram",
    kinds=("mel",),
    build=_build,
    map_layer="blocks.2.2",
    blocks=lambda module: list(module.blocks),
    defaults={
        **SHARED,
        "epochs": 60,
        "learning_rate": 6e-3,
        "dropout": 0.3,
    },
)
