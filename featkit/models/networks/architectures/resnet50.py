"""ResNet-50 over a mel spectrogram: a stem, and 16 blocks of three convolutions.

Layers have the names and shapes of torchvision's `resnet50`, so that its weights can be loaded; the
first convolution has one input channel. `squeeze_excitation` adds weights of the channels to each
block. The parts for `freeze` are the stem and the four layers of blocks.

References
----------
He et al., "Deep residual learning for image recognition", CVPR 2016.
"""

from __future__ import annotations

from typing import Any

from featkit.models.networks.architecture import Architecture, Shapes
from featkit.models.networks.architectures._training import SHARED
from featkit.models.networks.parameters import NetworkParameters

BLOCKS = (3, 4, 6, 3)


def _build(shapes: Shapes, n_classes: int, parameters: NetworkParameters) -> Any:
    from featkit.models.networks.modules.convolutions import channels_last
    from featkit.models.networks.modules.resnet import Bottleneck, ResNet

    return channels_last(
        ResNet(
            Bottleneck,
            BLOCKS,
            n_classes,
            dropout=parameters.dropout,
            squeeze_excitation=parameters.squeeze_excitation,
        )
    )


ARCHITECTURE = Architecture(
    name="resnet50",
    title="ResNet-50 over a mel spectrogram",
    kinds=("mel",),
    build=_build,
    map_layer="layer4",
    blocks=lambda module: module.parts(),
    added=("se",),
    defaults={
        **SHARED,
        "epochs": 20,
        "learning_rate": 1e-3,
        "dropout": 0.0,
    },
)
