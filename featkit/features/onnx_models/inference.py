"""Running a model on clips: inputs from samples, states from window to window, frames from outputs.

Windows are computed in batches of a fixed number within a clip, so that the values of a clip do not
depend on others: another number of rows may change the last bits of a matrix product.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.errors import ParameterError
from featkit.features.onnx_models.checking import MAX_ELEMENTS, Tensor
from featkit.features.onnx_models.layout import (
    arrange_input,
    arrange_output,
    check_input,
    check_output,
)
from featkit.features.onnx_models.model import OnnxModel, provider_name
from featkit.features.onnx_models.windows import batches, resampled, whole_clip

if TYPE_CHECKING:
    from featkit.features.onnx_models.parameters import EmbeddingParameters


class Inference:
    """A model with the parameters of its input and output.

    Parameters
    ----------
    model : OnnxModel
        The model.
    p : EmbeddingParameters
        Its parameters.

    Raises
    ------
    ParameterError
        If the model takes another input than the parameters describe; the message names the file.
    """

    def __init__(self, model: OnnxModel, p: EmbeddingParameters) -> None:
        self._model, self._p = model, p
        try:
            provider_name(p.provider)
            self._constants = {
                name: _constant(self._tensor(name), value) for name, value in p.constants.items()
            }
            self._first_states = {name: _zeros(self._tensor(name)) for name in p.states}
            self._input = self._sound_input()
            self._output = self._values_output()
            self._batch = self._batch_size()
            self._check_input()
            self._declared = check_output(self._output, p.output_axes)
        except ParameterError as error:
            raise ParameterError(f"{p.model}: {error}") from None

    @property
    def n_outputs(self) -> int:
        """Values of a frame: declared, stated by the parameters, or found by a run on silence."""
        if self._declared is not None:
            return self._declared
        if self._p.n_outputs:
            return self._p.n_outputs
        second = max(round(self._p.sample_rate), self._p.shortest)
        silence = np.zeros((1, self._p.window_samples or second), np.float32)
        return int(next(self._run(iter([silence]))).shape[1])

    def frames(self, clip: Clip, sr: float) -> Array:
        """Compute the values of a clip.

        Parameters
        ----------
        clip : array or DiskArray of float32, shape ``(samples,)``
        sr : float
            Its rate in Hz.

        Returns
        -------
        array of float32 or float64, shape ``(n_outputs, frames)``
            NaN where the model gives no finite number; no frames for a clip shorter than a window.

        Raises
        ------
        ParameterError
            If the model cannot be run on the clip.
        """
        n_outputs = self._p.n_outputs
        rows = [np.empty((0, n_outputs), np.float32), *self._run(self._windows(clip, sr))]
        for row in rows:
            if row.shape[1] != n_outputs:
                raise ParameterError(
                    f"{self._p.model}: the output has {row.shape[1]} values for a frame, expected"
                    f" {n_outputs} for every clip: name its axes in output_layout"
                )
        frames = np.concatenate(rows).T
        frames[~np.isfinite(frames)] = np.nan
        return frames

    def _windows(self, clip: Clip, sr: float) -> Iterator[Array]:
        p = self._p
        if p.window_samples:
            yield from batches(
                resampled(clip, sr, p.sample_rate),
                p.window_samples,
                p.window_hop,
                lead=p.lead,
                pad_end=p.pad_end,
                size=self._batch,
            )
            return
        y = whole_clip(clip, sr, p.sample_rate, lead=p.lead, shortest=p.shortest, pad_end=p.pad_end)
        if y is not None:
            yield y

    def _run(self, windows: Iterator[Array]) -> Iterator[Array]:
        """Frames of each batch: ``(frames, n_outputs)``."""
        p, states = self._p, self._first_states
        fixed = self._fixed_batch()
        for batch in windows:
            patches = batch if fixed is None else _fill(batch, fixed)
            inputs = {self._input.name: self._patches(patches), **self._constants, **states}
            outputs = [self._output.name, *p.states.values()]
            try:
                values, *fed_back = self._model.run(p.provider, inputs, outputs)
                frames = arrange_output(values, p.output_axes, len(patches))[: len(batch)]
            except ParameterError as error:
                raise ParameterError(f"{p.model}: {error}") from None
            states = dict(zip(p.states, fed_back, strict=True))
            yield frames.reshape(-1, frames.shape[2])

    def _patches(self, windows: Array) -> Array:
        p, log_mel = self._p, self._p.log_mel
        own = ["batch", "samples"] if log_mel is None else ["batch", "frames", "bands"]
        values = windows if log_mel is None else log_mel(windows)
        if (p.input_mean, p.input_std) != (0, 1):
            values = (values - np.float32(p.input_mean)) / np.float32(p.input_std)
        return arrange_input(values, own, p.input_axes).astype(self._input.dtype, copy=False)

    def _tensor(self, name: str) -> Tensor:
        inputs = self._model.interface.inputs
        if name not in inputs:
            raise ParameterError(unknown("input", name, inputs))
        return inputs[name]

    def _sound_input(self) -> Tensor:
        further = {*self._p.constants, *self._p.states}
        rest = [t for t in self._model.interface.inputs.values() if t.name not in further]
        if len(rest) != 1:
            names = "; ".join(tensor.text for tensor in rest) or "none"
            raise ParameterError(
                "the model must have one input for sound beside those in constants and states;"
                f" it has {len(rest)}: {names}"
            )
        return rest[0]

    def _values_output(self) -> Tensor:
        outputs, fed_back = self._model.interface.outputs, self._p.states.values()
        for name in [*fed_back, *([self._p.output] if self._p.output else [])]:
            if name not in outputs:
                raise ParameterError(unknown("output", name, outputs))
        if self._p.output:
            return outputs[self._p.output]
        rest = [tensor for tensor in outputs.values() if tensor.name not in fed_back]
        if len(rest) != 1:
            names = "; ".join(tensor.text for tensor in rest) or "none"
            raise ParameterError(f"output must name one of the outputs: {names}")
        return rest[0]

    def _fixed_batch(self) -> int | None:
        """Length of the batch that the model declares; None for any."""
        axes, shape = self._p.input_axes, self._input.shape
        if "batch" not in axes or shape is None or len(shape) != len(axes):
            return None
        return shape[axes.index("batch")]

    def _batch_size(self) -> int:
        has_batch = "batch" in self._p.input_axes and "batch" in self._p.output_axes
        fixed = self._fixed_batch()
        if fixed not in (None, 1) and (self._p.states or not self._p.window_samples):
            raise ParameterError(
                f"the input {self._input.text}, takes {fixed} patches at once; with states, or for"
                " whole clips, a model must take one"
            )
        if self._p.states or not has_batch:
            return 1
        return self._p.batch_size if fixed is None else fixed

    def _check_input(self) -> None:
        p = self._p
        lengths: dict[str, int | None] = {
            "batch": None,
            "channel": 1,
            "samples": p.window_samples or None,
            "frames": p.patch_frames or None,
            "bands": p.n_mels,
        }
        check_input(self._input, p.input_axes, lengths)
        size = math.prod([lengths[axis] or 1 for axis in p.input_axes]) * self._batch
        if size > MAX_ELEMENTS:
            raise ParameterError(
                f"a batch has {size:,} numbers, at most {MAX_ELEMENTS:,} are supported: reduce"
                " batch_size"
            )


def _fill(batch: Array, size: int) -> Array:
    """A batch with zeros in place of missing windows."""
    return np.pad(batch, ((0, size - len(batch)), (0, 0)))


def _constant(tensor: Tensor, value: Any) -> Array:
    """The value of a further input, in its type and shape."""
    shape = tuple(n or 1 for n in tensor.shape or ())
    try:
        array = np.asarray(value, dtype=tensor.dtype)
        exact = bool(np.all(array.astype(np.float64) == np.asarray(value, np.float64)))
        if array.size != math.prod(shape) or (tensor.dtype[0] in "iu" and not exact):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise ParameterError(
            f"constants: the input {tensor.text}, cannot have the value {value!r:.80}"
        ) from None
    return array.reshape(shape)


def _zeros(tensor: Tensor) -> Array:
    """The first state: zeros in the declared shape, axes of any length have length 1."""
    if tensor.shape is None:
        raise ParameterError(f"states: the input {tensor.text}, must declare its shape")
    if tensor.kind not in "fiub":
        raise ParameterError(f"states: the input {tensor.text}, must consist of numbers")
    return np.zeros([n or 1 for n in tensor.shape], tensor.dtype)
