"""A network in a model file: a JSON that describes it, and its weights as safetensors.

The JSON names the architecture; nothing else says how the network is built. The architecture is
built without memory for its weights (on torch's device ``meta``), from parameters within their
ranges. The weights must have exactly its names, types and shapes before they are read.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ModelError, ParameterError
from featkit.models.networks._tensor_header import TensorType, read_header, tensor_differences
from featkit.models.networks.architecture import ARCHITECTURES, Architecture
from featkit.models.networks.classifier import Epoch, NetworkClassifier
from featkit.models.networks.estimators import network_parameters
from featkit.models.networks.extra import missing_extra
from featkit.models.networks.scaling import Scale
from featkit.models.serialization import from_dict, to_dict
from featkit.table.sequences.axes import stated_shape
from featkit.table.sequences.sequences import MAX_ROW_VALUES

DESCRIPTION, WEIGHTS = "network.json", "weights.safetensors"
"""Parts of the archive."""

MAX_DESCRIPTION_BYTES = 2**24
"""Greatest size of the description: that of a network of 200,000 classes."""

MAX_CHANNELS = 2**16
"""Most channels of a sequence: weights of a network depend on them."""

MAX_SEED = 2**32 - 1

STATE = "state."
"""Beginning of the names of weights; scales begin otherwise."""


@dataclass(frozen=True, kw_only=True)
class NetworkDescription:
    """A fitted network without its weights, as a model file stores it.

    Attributes
    ----------
    architecture : str
        Its name.
    parameters : mapping of str to object
        All of `NetworkParameters`.
    seed : int
        Seed of the training.
    kinds : mapping of str to str
        Name of the kind of sequence of each base name in use.
    shapes : mapping of str to sequence of int
        Channels and frames of each base name.
    classes : sequence of str
        The classes that it was trained on, sorted.
    history : mapping of str to sequence of float
        Learning curve, the fields of `Epoch`; None where there is no number.
    best_epoch : int
        Number of the epoch whose weights are kept, counted from 1.
    """

    architecture: str
    parameters: Mapping[str, Any]
    seed: int
    kinds: Mapping[str, str]
    shapes: Mapping[str, Sequence[int]]
    classes: Sequence[str]
    history: Mapping[str, Sequence[float | None]]
    best_epoch: int


def network_parts(network: NetworkClassifier) -> dict[str, bytes]:
    """Return the parts of an archive that hold a network; equal networks give equal bytes.

    Parameters
    ----------
    network : NetworkClassifier
        A fitted network.

    Returns
    -------
    dict of str to bytes
        Parts by name.
    """
    from safetensors.numpy import save

    columns = zip(Epoch._fields, zip(*network.history_, strict=True), strict=False)
    description = NetworkDescription(
        architecture=network.architecture,
        parameters=dataclasses.asdict(network.settings),
        seed=network.seed,
        kinds=network.kinds_,
        shapes=network.shapes_,
        classes=network.classes_.tolist(),
        history={name: list(map(_none_for_nan, values)) for name, values in columns},
        best_epoch=network.best_epoch_,
    )
    arrays = {STATE + name: values for name, values in network.state_.items()}
    for base, scale in network.scales_.items():
        arrays |= {_scale_name(base, part): x for part, x in scale._asdict().items()}
    # safetensors writes memory as it lies there, and torch may order the axes otherwise.
    arrays = {name: np.array(values, order="C") for name, values in arrays.items()}
    text = json.dumps(to_dict(description), ensure_ascii=False, sort_keys=True, allow_nan=False)
    return {DESCRIPTION: text.encode(), WEIGHTS: save(arrays)}


def _scale_name(base: str, part: str) -> str:
    return f"scales.{base}.{part}"


def _none_for_nan(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None


def read_network(
    archive: zipfile.ZipFile, name: str, classes: Sequence[str], provenance: Mapping[str, Any]
) -> NetworkClassifier:
    """Read a network from the archive of a model file.

    Parameters
    ----------
    archive : zipfile.ZipFile
        With the parts of `network_parts`.
    name, classes, provenance : str, sequence of str and mapping
        The architecture, the classes and the origin of the sequences in the metadata.

    Returns
    -------
    NetworkClassifier

    Raises
    ------
    ModelError, ValueError
        If a part does not fit, or a package is missing.
    """
    if message := missing_extra():
        raise ModelError(message)
    description_part, weights_part = _parts(archive)
    if description_part.file_size > MAX_DESCRIPTION_BYTES:
        raise ModelError("the description of its network is larger than that of a network can be")
    data = _json(archive.read(description_part))
    description = from_dict(NetworkDescription, data, name="network")
    if description.architecture != name:
        raise ModelError(f"its network is no {name}")
    if list(description.classes) != list(classes):
        raise ModelError("the classes of its network differ from its own")
    network = _described_network(description, ARCHITECTURES[name])
    _check_provenance(network, provenance)
    expected = expected_tensors(network)
    _check_tensors(_header(archive, weights_part), expected)
    arrays = _checked_arrays(archive.read(weights_part))
    network.state_ = {
        name.removeprefix(STATE): arrays[name] for name in expected if name.startswith(STATE)
    }
    network.scales_ = {
        base: Scale(*(arrays[_scale_name(base, part)] for part in Scale._fields))
        for base in network.shapes_
    }
    return network


def _parts(archive: zipfile.ZipFile) -> tuple[zipfile.ZipInfo, zipfile.ZipInfo]:
    """Description and weights, which must not be compressed: zeros would fill the memory."""
    parts = {part.filename: part for part in archive.infolist()}
    # The third part is the metadata of the model.
    if len(archive.infolist()) != 3 or not {DESCRIPTION, WEIGHTS} <= parts.keys():
        raise ModelError("it does not have exactly the parts of a network")
    if parts[WEIGHTS].compress_type != zipfile.ZIP_STORED:
        raise ModelError("its weights are compressed, which featkit never does")
    return parts[DESCRIPTION], parts[WEIGHTS]


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise ModelError("the description of its network is not JSON") from None


def _header(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> dict[str, TensorType]:
    try:
        with archive.open(part) as file:
            return read_header(file, part.file_size)
    except ModelError as error:
        raise ModelError(f"its weights cannot be read: {error}") from None


def _described_network(
    description: NetworkDescription, architecture: Architecture
) -> NetworkClassifier:
    """The network without weights and scales."""
    try:
        parameters = network_parameters(architecture.name, description.parameters)
    except ParameterError as error:
        raise ModelError(f"its parameters are invalid: {error}") from None
    if not 0 <= description.seed <= MAX_SEED:
        raise ModelError("the seed of its network is out of range")
    network = NetworkClassifier(
        architecture.name, seed=description.seed, **dataclasses.asdict(parameters)
    )
    _check_inputs(description, architecture)
    network.classes_ = np.array(description.classes)
    network.kinds_ = {base: description.kinds[base] for base in description.kinds}
    network.shapes_ = {base: _shape(description.shapes[base]) for base in description.kinds}
    network.history_ = _history(description.history)
    network.best_epoch_ = description.best_epoch
    if not 1 <= network.best_epoch_ <= len(network.history_):
        raise ModelError("the best epoch of its network does not exist")
    return network


def _check_inputs(description: NetworkDescription, architecture: Architecture) -> None:
    """Refuse kinds of sequences that the architecture does not read."""
    bases = set(description.kinds)
    possible = {*architecture.kinds, *architecture.optional_kinds}
    if not {*architecture.kinds} <= bases <= possible or bases != set(description.shapes):
        raise ModelError(f"its network does not read the sequences of the {architecture.name}")
    for base, kind in description.kinds.items():
        if not re.fullmatch(rf"{re.escape(base)}[0-9]{{0,9}}", kind):
            raise ModelError(f"a kind of sequence of its network is not {base}")


def _shape(shape: Sequence[int]) -> tuple[int, int]:
    if len(shape) != 2 or min(shape) < 1 or shape[0] > MAX_CHANNELS:
        raise ModelError("the shape of a sequence of its network is out of range")
    if math.prod(shape) > MAX_ROW_VALUES:
        raise ModelError("the shape of a sequence of its network is out of range")
    return shape[0], shape[1]


def _check_provenance(network: NetworkClassifier, provenance: Mapping[str, Any]) -> None:
    """Refuse a network of other shapes than those that are computed for it."""
    stated = provenance.get("sequences", {})
    for base, kind in network.kinds_.items():
        own = stated.get(kind)
        if stated and (own is None or stated_shape(own) != network.shapes_[base]):
            raise ModelError(f"the shape of the sequences {kind!r} is not that of their provenance")


def _history(columns: Mapping[str, Sequence[float | None]]) -> list[Epoch]:
    if columns.keys() != set(Epoch._fields) or len(set(map(len, columns.values()))) != 1:
        raise ModelError("the learning curve of its network is not complete")
    if not all(x is None or math.isfinite(x) for column in columns.values() for x in column):
        raise ModelError("the learning curve of its network holds a number that is not finite")
    values = [[math.nan if x is None else x for x in columns[name]] for name in Epoch._fields]
    return [Epoch(*row) for row in zip(*values, strict=True)]


def expected_tensors(network: NetworkClassifier) -> dict[str, TensorType]:
    """Return type and shape of each array of a network; nothing is allocated.

    Parameters
    ----------
    network : NetworkClassifier
        With shapes and classes.

    Returns
    -------
    dict of str to TensorType
        Weights in their order, then scales.
    """
    import torch

    dtypes = {torch.float32: "F32", torch.int64: "I64"}
    architecture = ARCHITECTURES[network.architecture]
    with torch.device("meta"):
        module = architecture.build(network.shapes_, len(network.classes_), network.settings)
    tensors = {
        STATE + name: TensorType(dtypes[tensor.dtype], tuple(tensor.shape))
        for name, tensor in module.state_dict().items()
    }
    for base, (channels, _) in network.shapes_.items():
        for part in Scale._fields:
            tensors[_scale_name(base, part)] = TensorType("F32", (channels,))
    return tensors


def _check_tensors(tensors: Mapping[str, TensorType], expected: Mapping[str, TensorType]) -> None:
    if differences := tensor_differences(tensors, expected):
        raise ModelError(f"its weights do not fit its architecture: {differences[0]}")


def _checked_arrays(content: bytes) -> dict[str, Array]:
    """Weights and scales of a file whose header is checked."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays: dict[str, Array] = load(content)
    except SafetensorError as error:
        raise ModelError(f"its weights are not a valid safetensors file: {error}") from None
    for name, values in arrays.items():
        _check_values(name, values)
    return arrays


def _check_values(name: str, values: Array) -> None:
    if not np.isfinite(values).all():
        raise ModelError(f"its weights hold a number that is not finite: {name}")
    if name.endswith((".running_var", ".num_batches_tracked")) and (values < 0).any():
        raise ModelError(f"its weights hold a negative number: {name}")
    if name.startswith("scales.") and name.endswith(".deviation") and (values <= 0).any():
        raise ModelError(f"it divides by a number that is not positive: {name}")
