"""Architectures: the contract of a network, and the registry of all networks.

Each module of `featkit.models.networks.architectures` exports one `ARCHITECTURE`. From it follow an
estimator for the leaderboard, the check of a model file, and the layer that Grad-CAM reads. The
modules import torch within functions only, so that names and descriptions need no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from featkit._utils.registry import module_registry

Shapes = Mapping[str, tuple[int, int]]
"""Channels and frames of each kind of sequence that a network reads, by base name."""


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A kind of network: the contract of a module of `featkit.models.networks.architectures`.

    Attributes
    ----------
    name : str
        Name of its module, and of the estimator.
    title : str
        Short description for users.
    kinds : tuple of str
        Base names of the sequences that it reads, such as ``"mel"``.
    optional_kinds : tuple of str
        Base names of sequences that it reads where they exist.
    build : callable
        ``build(shapes, n_classes, parameters)`` returns an unfitted `torch.nn.Module`. `shapes` are
        those of the kinds in use, and `parameters` a `NetworkParameters`. Its
        ``forward(inputs, lengths)`` takes two dictionaries by base name: standardised sequences,
        tensors of float32 ``(batch, channels, frames)``, and their true frames, tensors of int64
        ``(batch,)``. It returns logits, ``(batch, n_classes)``. Random numbers come from torch's
        global generator, which the caller seeds.
    map_layer : str, optional
        Full name of the submodule whose output ``(batch, maps, height, width)`` Grad-CAM weights;
        None for networks without maps over a spectrogram.
    blocks : callable, optional
        ``blocks(module)`` returns the parts of the network in order, from the input to the
        classifier, for ``freeze``: the first N keep their weights. None if it cannot be frozen.
    added : tuple of str
        Names of submodules that an option adds, such as ``"excitation"``. Weights that a user
        starts from may lack them. The classifier is the last linear layer.
    defaults : mapping of str to object
        Parameters of `NetworkParameters` with other defaults.
    """

    name: str
    title: str
    kinds: tuple[str, ...]
    build: Callable[[Shapes, int, Any], Any]
    optional_kinds: tuple[str, ...] = ()
    map_layer: str | None = None
    blocks: Callable[[Any], list[Any]] | None = None
    added: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)


ARCHITECTURES = module_registry(
    "network", "featkit.models.networks.architectures", "ARCHITECTURE", Architecture
)
"""All networks by name, in alphabetical order; each is loaded when it is first used."""
