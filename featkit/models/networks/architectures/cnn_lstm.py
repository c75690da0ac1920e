"""Hybrid network over a mel spectrogram and series.

The mel spectrogram has the three convolutional blocks of `cnn`. Each series (chroma, MFCC, wavelet,
and embeddings where they are given) has two LSTM of 32 units, one for each direction of time, with
mean and maximum of their output over the true frames. All of this, joined, feeds a layer of 256
units with dropout.
"""

from __future__ import annotations

from typing import Any

from featkit.models.networks.architecture import Architecture, Shapes
from featkit.models.networks.architectures._training import SHARED
from featkit.models.networks.architectures.cnn import CHANNELS, POOLING
from featkit.models.networks.parameters import NetworkParameters

UNITS = 32
HIDDEN = 256


def _build(shapes: Shapes, n_classes: int, parameters: NetworkParameters) -> Any:
    from featkit.models.networks.modules.cnn_lstm import CnnLstm
    from featkit.models.networks.modules.convolutions import channels_last

    series = {base: shape[0] for base, shape in shapes.items() if base != "mel"}
    return channels_last(
        CnnLstm(CHANNELS, POOLING, series, UNITS, HIDDEN, n_classes, parameters.dropout)
    )


ARCHITECTURE = Architecture(
    name="cnn_lstm",
    title="hybrid network over a mel spectrogram and series",
    kinds=("mel", "chroma", "mfcc", "wavelet"),
    optional_kinds=("embedding",),
    build=_build,
    map_layer="blocks.2.2",
    blocks=lambda module: list(module.blocks),
    defaults={
        **SHARED,
        "epochs": 45,
        "learning_rate": 4e-3,
        "dropout": 0.3,
        "max_gradient_norm": 1.0,
    },
)
