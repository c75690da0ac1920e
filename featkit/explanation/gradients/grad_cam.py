"""Grad-CAM: the parts of a spectrogram in which a convolutional network finds evidence for a class.

The maps of a convolutional layer are weighted by the mean gradient of the logit of the class with
respect to each of them, summed, and resized to the spectrogram. Positive values support the class;
the method sets all others to 0. The resolution is that of the layer: usually a map of the last
block has an eighth or less of the bands and frames.

References
----------
Selvaraju et al., "Grad-CAM: Visual explanations from deep networks via gradient-based
localization", ICCV 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.explanation.gradients._evaluation import (
    class_logits,
    frozen_module,
    rows_with_class,
)
from featkit.models.networks.architecture import ARCHITECTURES
from featkit.table.sequences.sequences import Sequences

if TYPE_CHECKING:
    from featkit.models.networks.classifier import NetworkClassifier

MAPPED = "mel"
"""Base name of the sequences that maps are over."""


def has_maps(classifier: NetworkClassifier) -> bool:
    """Return whether a network has maps over a spectrogram, which Grad-CAM needs.

    Parameters
    ----------
    classifier : NetworkClassifier
        A network.

    Returns
    -------
    bool
        False for recurrent networks.
    """
    return ARCHITECTURES[classifier.architecture].map_layer is not None


def grad_cam(
    classifier: NetworkClassifier,
    sequences: Sequences,
    classes: Sequence[str],
    *,
    signed: bool = False,
) -> Array:
    """Compute the Grad-CAM map of each row for one class.

    Parameters
    ----------
    classifier : NetworkClassifier
        A fitted network with maps; see `has_maps`.
    sequences : Sequences
        The rows.
    classes : sequence of str
        Class of each row whose evidence is mapped.
    signed : bool
        Whether to keep negative values, which oppose the class.

    Returns
    -------
    array of float32, shape ``(rows, bands, frames)``
        Bands from the lowest on, and frames, of the mel spectrogram that the network reads. At
        least 0 unless `signed`. Maps of different networks have different scales.

    Raises
    ------
    ParameterError
        If the network has no maps, a class does not exist, or PyTorch is not installed.
    """
    layer = ARCHITECTURES[classifier.architecture].map_layer
    if layer is None:
        raise ParameterError(
            f"{classifier.architecture} has no maps over a spectrogram, which Grad-CAM needs: use"
            " integrated gradients"
        )
    module = frozen_module(classifier)
    from featkit.models.networks.training.session import one_thread

    shape = sequences.kinds[classifier.kinds_[MAPPED]].shape
    maps = np.empty((len(sequences), *shape), dtype=np.float32)
    with one_thread():
        for k, row in enumerate(rows_with_class(classifier, sequences, classes)):
            maps[k] = _map(module, layer, *row, signed=signed)
    return maps


def _map(
    module: Any, layer: str, inputs: dict[str, Any], lengths: Any, place: int, *, signed: bool
) -> Array:
    """The map of one row, ``(bands, frames)``."""
    from torch import autograd
    from torch.nn import functional

    outputs = []

    def keep(layer: Any, arguments: Any, output: Any) -> Any:
        outputs.append(output.detach().requires_grad_())
        return outputs[-1].clone()  # a later layer may change its input in place

    handle = module.get_submodule(layer).register_forward_hook(keep)
    try:
        logits = class_logits(module, inputs, lengths, place)
    finally:
        handle.remove()
    (maps,) = outputs
    (gradients,) = autograd.grad(logits.sum(), maps)
    weights = gradients.mean(dim=(2, 3), keepdim=True)
    weighted = (weights * maps.detach()).sum(dim=1, keepdim=True)
    shape = tuple(inputs[MAPPED].shape[1:])
    resized = functional.interpolate(
        weighted if signed else weighted.relu(), size=shape, mode="bilinear", align_corners=False
    )
    values: Array = resized[0, 0].numpy()
    return values
