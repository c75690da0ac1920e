"""Weights that a network starts from, out of a user's safetensors file, and parts that keep them.

The names are those of the module, which for residual networks are those of torchvision. Pickles,
such as ``.pth`` files, are never read: they could execute anything.

All tensors of the file must have the names and shapes of the network, with these exceptions. The
classifier, which is the last linear layer, stays random if the file has another number of classes
or no classifier. The first convolution of a network with one input channel takes the sum over the
three of the file: the response to a grey picture stays the same. Layers that an option adds to a
network (`Architecture.added`) stay random, and are trained in frozen parts, too. The counters of
batch normalisation may be missing, as in files of early versions of torch.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from featkit._utils.formatting import counted
from featkit.errors import ModelError, ParameterError
from featkit.models.networks._tensor_header import read_header
from featkit.models.networks.architecture import Architecture
from featkit.models.networks.extra import missing_extra
from featkit.models.networks.parameters import NetworkParameters

MAX_BYTES = 2**30
"""Greatest size of a file of weights."""

PICKLES = (b"\x80", b"PK\x03\x04")
"""Beginnings of pickles, and of the archives with pickles that torch writes."""

COLOURS = 3
"""Input channels of networks for pictures."""

RANDOM_PARTS = "the frozen parts keep random weights, because no weights are given"

MAX_DIFFERENCES = 5
"""Differences between file and network that a message lists."""

COUNTER = ".num_batches_tracked"
"""End of the names of counters, which batch normalisation does not use."""

_Shapes = Mapping[str, tuple[int, ...]]


class Start(NamedTuple):
    """How a network starts.

    Attributes
    ----------
    notes : list of str
        Differences from the file, such as ``"the classifier starts from random weights"``.
    random : set of str
        Names of the weights that are not those of the file; empty if there is none.
    """

    notes: list[str]
    random: set[str]


def start_weights(module: Any, architecture: Architecture, parameters: NetworkParameters) -> Start:
    """Load the weights that a network starts from into a module, if a file is given.

    To be called after the module was made with random weights, which remain where the file has
    none.

    Parameters
    ----------
    module : torch.nn.Module
        The unfitted network; changed in place.
    architecture : Architecture
        Its architecture.
    parameters : NetworkParameters
        ``weights`` is the file, "" for none; ``weights_sha256`` its hash, "" if it is unknown.

    Returns
    -------
    Start

    Raises
    ------
    ParameterError
        If the file cannot be read, has another hash, or does not fit the network.
    """
    path = parameters.weights
    if not path:
        return Start([RANDOM_PARTS] if parameters.freeze else [], set())
    if message := missing_extra():
        raise ParameterError(message)
    content = _content(path)
    if parameters.weights_sha256 not in ("", hashlib.sha256(content).hexdigest()):
        raise ParameterError(
            f"{path}: not the file of weights that the training began with (its SHA-256 is not"
            f" {parameters.weights_sha256}): restore the file, or train again"
        )
    try:
        tensors = read_header(io.BytesIO(content), len(content))
        stored = {name: tensor.shape for name, tensor in tensors.items()}
        plan = _plan(stored, module, architecture)
        state = _state(content, plan, module)
    except ModelError as error:
        raise ParameterError(f"{path}: {error}") from None
    module.load_state_dict(state)
    return Start(plan.notes, plan.random)


def weights_sha256(path: str) -> str:
    """Compute the hash of a file of weights.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    str
        SHA-256, hexadecimal.

    Raises
    ------
    ParameterError
        If the file cannot be read, or is not a safetensors file.
    """
    content = _content(path)
    try:
        read_header(io.BytesIO(content), len(content))
    except ModelError as error:
        raise ParameterError(f"{path}: {error}") from None
    return hashlib.sha256(content).hexdigest()


def frozen(
    module: Any, architecture: Architecture, n_blocks: int, random: Collection[str] = ()
) -> list[Any]:
    """Exclude the first parts of a network from training.

    Parameters
    ----------
    module : torch.nn.Module
        The network; the weights of these parts no longer require gradients.
    architecture : Architecture
        Its architecture.
    n_blocks : int
        Number of parts, of those that `Architecture.blocks` lists; 0 for none.
    random : collection of str
        Names of weights that are trained nevertheless, because no file has them; see `Start`.

    Returns
    -------
    list of torch.nn.Module
        The parts. Call ``eval()`` on each of them after each ``module.train()``: batch
        normalisation then uses its running statistics, and does not change them.

    Raises
    ------
    ParameterError
        If the network has no parts, or fewer, or if nothing would be left to train.
    """
    if n_blocks == 0:
        return []
    blocks = [] if architecture.blocks is None else architecture.blocks(module)
    if n_blocks > len(blocks):
        raise ParameterError(
            f"freeze of {architecture.name} must be at most {len(blocks)}, got {n_blocks}"
        )
    parts = blocks[:n_blocks]
    for part in parts:
        part.requires_grad_(False)
    for name, weight in module.named_parameters():
        weight.requires_grad_(weight.requires_grad or name in random)
    if not any(weight.requires_grad for weight in module.parameters()):
        raise ParameterError(f"freeze of {architecture.name} leaves nothing to train: {n_blocks}")
    return parts


def _content(path: str) -> bytes:
    """The content of a file of weights."""
    # A device may be endless, and opening a pipe may block.
    if not Path(path).is_file():
        raise ParameterError(f"{path}: there is no such file of weights")
    try:
        with open(path, "rb") as file:
            content = file.read(min(os.fstat(file.fileno()).st_size, MAX_BYTES) + 1)
    except OSError as error:
        raise ParameterError(f"{path}: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise ParameterError(f"{path}: larger than a file of weights can be ({MAX_BYTES:,} bytes)")
    if content.startswith(PICKLES):
        raise ParameterError(
            f"{path}: a pickle, which could execute anything: convert it to safetensors"
        )
    return content


class _Plan(NamedTuple):
    """The tensors that a network takes from a file.

    Attributes
    ----------
    taken : list of str
        Names of the tensors that are loaded.
    random : set of str
        Names of those that the file lacks, so that they stay random.
    summed : set of str
        Names of those that are summed over their input channels.
    notes : list of str
        See `Start`.
    """

    taken: list[str]
    random: set[str]
    summed: set[str]
    notes: list[str]


def _plan(stored: _Shapes, module: Any, architecture: Architecture) -> _Plan:
    """Compare the tensors of a file with those of the network; an error if they do not fit."""
    shapes = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    lacking = shapes.keys() - stored.keys()
    classifier = _replaced_classifier(stored, shapes, module)
    added = {name for name in lacking if {*name.split(".")} & {*architecture.added}}
    counters = {name for name in lacking if name.endswith(COUNTER)}
    summed = _summed_convolution(stored, shapes, module)
    left = classifier | added | counters
    differences = [
        _difference(name, stored.get(name), shape)
        for name, shape in shapes.items()
        if stored.get(name) != shape and name not in left | summed
    ]
    differences += [f"{name!r:.80} is unknown" for name in stored if name not in shapes]
    if differences:
        raise ModelError(_misfit(differences, architecture))
    taken = [name for name in shapes if name not in left]
    return _Plan(taken, classifier | added, summed, _notes(stored, classifier, summed, added))


def _replaced_classifier(stored: _Shapes, shapes: _Shapes, module: Any) -> set[str]:
    """Names of the weights of the classifier, unless those of the file fit.

    Only the number of classes may differ, unless the file has no classifier at all.
    """
    from torch import nn

    layers = [name for name, layer in module.named_modules() if isinstance(layer, nn.Linear)]
    names = {name for name in shapes if layers and name.startswith(f"{layers[-1]}.")}
    own = {name for name in names if name in stored}
    if all(stored.get(name) == shapes[name] for name in names):
        return set()
    if own and not all(name in own and stored[name][1:] == shapes[name][1:] for name in names):
        return set()  # another layer, which is a difference
    return names


def _summed_convolution(stored: _Shapes, shapes: _Shapes, module: Any) -> set[str]:
    """Name of the weights of the first convolution, if those of the file are for a colour image."""
    from torch import nn

    convolutions = [name for name, layer in module.named_modules() if isinstance(layer, nn.Conv2d)]
    for name in [f"{convolution}.weight" for convolution in convolutions[:1]]:
        n_out, n_in, *size = shapes[name]
        if n_in == 1 and stored.get(name) == (n_out, COLOURS, *size):
            return {name}
    return set()


def _difference(name: str, stored: tuple[int, ...] | None, shape: tuple[int, ...]) -> str:
    if stored is None:
        return f"{name} is missing"
    return f"{name} is {_size(stored)} instead of {_size(shape)}"


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "a number"


def _misfit(differences: Sequence[str], architecture: Architecture) -> str:
    more = len(differences) - MAX_DIFFERENCES
    return (
        f"its weights do not fit the network {architecture.name}:"
        f" {'; '.join(differences[:MAX_DIFFERENCES])}"
        + (f"; and {counted(more, 'more difference')}" if more > 0 else "")
        + ". All tensors need the names and shapes of the network, except for the number of classes"
    )


def _notes(stored: _Shapes, classifier: set[str], summed: set[str], added: set[str]) -> list[str]:
    notes = []
    if summed:
        notes.append("the weights of the first convolution are summed over its input channels")
    if classifier:
        n_classes = {stored[name][0] for name in classifier if name in stored}
        reason = f"has {n_classes.pop()} classes" if n_classes else "has no classifier"
        notes.append(f"the classifier starts from random weights: the file of weights {reason}")
    if added:
        tensors = counted(len(added), "tensor")
        notes.append(
            f"{tensors} of added layers start from random weights: the file of weights lacks them"
        )
    return notes


def _state(content: bytes, plan: _Plan, module: Any) -> dict[str, Any]:
    """The state of the module with the tensors of the file."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        tensors = load(content)
    except SafetensorError as error:
        raise ModelError(f"not a valid safetensors file: {error}") from None
    state: dict[str, Any] = module.state_dict()
    for name in plan.taken:
        tensor = tensors[name].sum(dim=1, keepdim=True) if name in plan.summed else tensors[name]
        tensor = tensor.to(state[name].dtype)
        if not torch.isfinite(tensor).all() or (name.endswith(".running_var") and tensor.min() < 0):
            raise ModelError(f"{name} holds a number that is not finite, or a negative variance")
        state[name] = tensor
    return state
