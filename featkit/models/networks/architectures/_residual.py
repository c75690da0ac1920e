"""Residual networks over a mel spectrogram, which differ in their blocks only."""

from __future__ import annotations

from functools import partial
from typing import Any

from featkit.models.networks.architecture import Architecture, Shapes
from featkit.models.networks.architectures._training import SHARED
from featkit.models.networks.parameters import NetworkParameters


def residual_architecture(
    name: str, title: str, block: str, blocks: tuple[int, ...]
) -> Architecture:
    """The architecture with a kind of block, a class of `modules.resnet`, and blocks per layer."""
    return Architecture(
        name=name,
        title=title,
        kinds=("mel",),
        build=partial(_build, block, blocks),
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


def _build(
    block: str,
    blocks: tuple[int, ...],
    shapes: Shapes,
    n_classes: int,
    parameters: NetworkParameters,
) -> Any:
    from featkit.models.networks.modules import resnet
    from featkit.models.networks.modules.convolutions import channels_last

    return channels_last(
        resnet.ResNet(
            getattr(resnet, block),
            blocks,
            n_classes,
            dropout=parameters.dropout,
            squeeze_excitation=parameters.squeeze_excitation,
        )
    )
