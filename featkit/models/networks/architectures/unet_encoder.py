"""Encoder of a U-Net over a mel spectrogram.

Each of four levels is a double convolution: twice a 3 × 3 convolution, batch normalisation and
ReLU, with 16, 32, 64 and 128 channels. 2 × 2 maximum pooling lies between levels. The mean over
time and frequency of the coarsest level feeds the classifier.

References
----------
Ronneberger et al., "U-Net: Convolutional networks for biomedical image segmentation", MICCAI 2015.
"""

from __future__ import annotations

from typing import Any

from featkit.models.networks.architecture import Architecture, Shapes
from featkit.models.networks.architectures._training import SHARED
from featkit.models.networks.parameters import NetworkParameters

CHANNELS = (16, 32, 64, 128)


def _build(shapes: Shapes, n_classes: int, parameters: NetworkParameters) -> Any:
    from featkit.models.networks.modules.convolutions import channels_last
    from featkit.models.networks.modules.unet_encoder import UnetEncoder

    return channels_last(UnetEncoder(CHANNELS, n_classes, parameters.dropout))


ARCHITECTURE = Architecture(
    name="unet_encoder",
    title="encoder of a U-Net over a mel spectrogram",
    kinds=("mel",),
    build=_build,
    map_layer="levels.3.5",
    blocks=lambda module: list(module.levels),
    defaults={
        **SHARED,
        "epochs": 30,
        "learning_rate": 4e-3,
        "dropout": 0.3,
    },
)
