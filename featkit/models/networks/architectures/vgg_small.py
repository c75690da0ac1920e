"""Small network in the style of VGG over a mel spectrogram.

Four stages of 3 × 3 convolutions, each with batch normalisation and ReLU: one with 16 channels, one
with 32, two with 64 and two with 128. 2 × 2 maximum pooling follows each stage. The mean over time
and frequency feeds a layer of 256 units with dropout.

References
----------
Simonyan, Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR
2015.
"""

from __future__ import annotations

from typing import Any

from featkit.models.networks.architecture import Architecture, Shapes
from featkit.models.networks.architectures._training import SHARED
from featkit.models.networks.parameters import NetworkParameters

STAGES = ((16,), (32,), (64, 64), (128, 128))
UNITS = 256


def _build(shapes: Shapes, n_classes: int, parameters: NetworkParameters) -> Any:
    from featkit.models.networks.modules.convolutions import channels_last
    from featkit.models.networks.modules.vgg import Vgg

    return channels_last(Vgg(STAGES, UNITS, n_classes, parameters.dropout))


ARCHITECTURE = Architecture(
    name="vgg_small",
    title="small network in the style of VGG over a mel spectrogram",
    kinds=("mel",),
    build=_build,
    map_layer="features.20",
    blocks=lambda module: module.stages(),
    defaults={
        **SHARED,
        "epochs": 40,
        "learning_rate": 4e-3,
        "dropout": 0.3,
    },
)
