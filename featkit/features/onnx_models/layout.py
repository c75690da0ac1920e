"""Layouts: the order of the axes of an input or an output, as words.

``"batch frames bands"`` is the layout of an array of shape ``(batch, frames, bands)``. The axis
``channel`` has length 1. An output may have several axes of ``values``, which are joined in their
order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.features.onnx_models.checking import Tensor

FLOATS = ("float32", "float64", "float16")
"""Types of an input for sound."""


def words(name: str, layout: str, *, required: Sequence[str], optional: Sequence[str]) -> list[str]:
    """Split a layout into the words for its axes.

    Parameters
    ----------
    name : str
        Name of the parameter, for error messages.
    layout : str
        Words separated by spaces.
    required, optional : sequence of str
        Axes that the layout must have, and that it may have.

    Returns
    -------
    list of str

    Raises
    ------
    ParameterError
        If a word is missing, unknown, or repeated; only ``values`` may be.
    """
    axes = layout.split()
    missing = [word for word in required if word not in axes]
    others = [word for word in axes if word not in (*required, *optional)]
    repeated = [word for word in axes if axes.count(word) > 1 and word != "values"]
    if missing or others or repeated:
        may = f", and may contain {', '.join(optional)}" if optional else ""
        raise ParameterError(
            f"{name} must contain the axes {', '.join(required)}{may}, each once and separated by"
            f" spaces, got {layout!r}"
        )
    return axes


def check_input(tensor: Tensor, axes: Sequence[str], lengths: Mapping[str, int | None]) -> None:
    """Check that a model takes the input that the parameters describe.

    Parameters
    ----------
    tensor : Tensor
        The declared input.
    axes : sequence of str
        Axes of the layout.
    lengths : mapping of str to int or None
        Length of each axis that the parameters give; None if it differs from clip to clip.

    Raises
    ------
    ParameterError
        If type, number of axes, or the length of an axis differ; the message states both sides.
    """
    if tensor.dtype not in FLOATS:
        raise ParameterError(
            f"the input {tensor.text}, must be of the type float32, float64 or float16: sound is"
            " given as numbers from -1 to 1. Export the model with such an input"
        )
    _check_axes("input", tensor, axes)
    for axis, declared in zip(axes, tensor.shape or (), strict=True):
        given = lengths[axis]
        if declared is not None and axis != "batch" and declared != given:
            got = "a number that differs from clip to clip" if given is None else given
            raise ParameterError(
                f"the input {tensor.text}, has {declared} {axis}, the parameters give {got}: change"
                f" {_remedy(axis)}, or input_layout = {' '.join(axes)!r}"
            )


def _remedy(axis: str) -> str:
    return {
        "samples": "window",
        "frames": "patch_frames",
        "bands": "n_mels",
        "channel": "the model: sound has one channel",
    }[axis]


def _check_axes(kind: str, tensor: Tensor, axes: Sequence[str]) -> None:
    if tensor.shape is None or len(tensor.shape) != len(axes):
        count = "an unknown number of" if tensor.shape is None else len(tensor.shape)
        raise ParameterError(
            f"the {kind} {tensor.text}, has {count} axes, but {kind}_layout ="
            f" {' '.join(axes)!r} names {len(axes)}: name each axis of the model"
        )


def check_output(tensor: Tensor, axes: Sequence[str]) -> int | None:
    """Check a declared output, and read its number of values.

    Parameters
    ----------
    tensor : Tensor
        The declared output.
    axes : sequence of str
        Axes of the layout.

    Returns
    -------
    int or None
        Number of values of a frame; None if the model does not declare it.

    Raises
    ------
    ParameterError
        If its type is no number, or the number of axes differs.
    """
    if tensor.kind not in "fiub":
        raise ParameterError(
            f"the output {tensor.text}, must consist of numbers: name another output"
        )
    if tensor.shape is None:
        return None
    _check_axes("output", tensor, axes)
    sizes = [n for n, axis in zip(tensor.shape, axes, strict=True) if axis == "values"]
    known_sizes = [n for n in sizes if n is not None]
    return math.prod(known_sizes) if len(known_sizes) == len(sizes) else None


def arrange_input(patches: Array, own: Sequence[str], axes: Sequence[str]) -> Array:
    """Arrange patches in the order of the axes of an input.

    Parameters
    ----------
    patches : array
        With the axes `own`.
    own : sequence of str
        Axes of the patches, the batch first.
    axes : sequence of str
        Axes of the layout; without ``batch`` there must be one patch.

    Returns
    -------
    array
    """
    order = [own.index(axis) for axis in axes if axis in own]
    dropped = [k for k, axis in enumerate(own) if axis not in axes]
    arranged = patches.transpose(dropped + order)
    arranged = arranged.reshape(arranged.shape[len(dropped) :])
    singles = tuple(k for k, axis in enumerate(axes) if axis not in own)
    return np.ascontiguousarray(np.expand_dims(arranged, singles))


def arrange_output(output: Array, axes: Sequence[str], patches: int) -> Array:
    """Arrange the output for some patches as frames.

    Parameters
    ----------
    output : array
        With the axes of the layout.
    axes : sequence of str
        Axes of the layout.
    patches : int
        Number of patches that the model was given.

    Returns
    -------
    array, shape ``(patches, frames, values)``
        float32, or float64 if the output has another type than float32 or float16.

    Raises
    ------
    ParameterError
        If the number of axes differs from that of the layout, or the length of the batch from the
        number of patches.
    """
    if output.ndim != len(axes):
        raise ParameterError(
            f"the output has the shape {output.shape}, but output_layout = {' '.join(axes)!r}"
            f" names {len(axes)} axes"
        )
    names = list(axes)
    singles = [axis for axis in ("frames", "batch") if axis not in names]
    names = [*singles, *names]
    order = [names.index("batch"), names.index("frames")]
    order += [k for k, axis in enumerate(names) if axis == "values"]
    arranged = output.reshape((1,) * len(singles) + output.shape).transpose(order)
    n_patches, frames = arranged.shape[:2]
    if n_patches != patches:
        raise ParameterError(
            f"the output has the shape {output.shape} for {patches} patches: the axis batch of"
            f" output_layout = {' '.join(axes)!r} must have this length"
        )
    values = math.prod(arranged.shape[2:])
    is_single = output.dtype in (np.float16, np.float32)
    dtype = np.float32 if is_single else np.float64
    return arranged.reshape(n_patches, frames, values).astype(dtype, copy=False)
