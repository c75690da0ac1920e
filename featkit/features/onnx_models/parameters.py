"""Parameters of an embedding: the model file, its input, and the output to use."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

from featkit._utils.lazy import cached_property
from featkit._utils.parameters import (
    Parameters,
    file_parameter,
    is_number,
    parameter,
    table_parameter,
)
from featkit.audio.rates import HIGHEST_RATE, LOWEST_RATE
from featkit.errors import ParameterError
from featkit.features.onnx_models.inference import Inference
from featkit.features.onnx_models.layout import words
from featkit.features.onnx_models.log_mel import LOGARITHMS, LogMel
from featkit.features.onnx_models.model import loaded_model
from featkit.features.onnx_models.windows import LONGEST_WHOLE

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")

MAX_OUTPUTS = 2**14
"""Largest number of values of a frame: each becomes a column for each statistic."""


def _is_constant(value: Any) -> bool:
    return isinstance(value, bool) or is_number(value)


def _constants(name: str, value: Any) -> dict[str, Any]:
    """Numbers, or lists of numbers, by the name of an input."""
    expected = f"{name} must be a table of inputs and their values, as in {{ sr = 16000 }}"
    if not isinstance(value, Mapping):
        raise ParameterError(f"{expected}, got {value!r:.80}")
    for constant in value.values():
        numbers = constant if isinstance(constant, Sequence) else [constant]
        if isinstance(constant, str) or not all(map(_is_constant, numbers)):
            raise ParameterError(f"{expected}, got {dict(value)!r:.80}")
    return {str(k): list(v) if isinstance(v, Sequence) else v for k, v in value.items()}


def _states(name: str, value: Any) -> dict[str, str]:
    """Names of outputs by the name of an input."""
    if not isinstance(value, Mapping) or not all(isinstance(v, str) for v in value.values()):
        raise ParameterError(
            f"{name} must be a table of inputs and the outputs that they are fed from, as in"
            f" {{ state = 'stateN' }}, got {value!r:.80}"
        )
    return {str(k): v for k, v in value.items()}


class EmbeddingParameters(Parameters):
    """The model, its input, and the output to use.

    If a model is given, its file is read: `sha256` and `n_outputs` are then those of the model.
    """

    model: str = file_parameter("ONNX file, required; a relative path begins at the feature set")
    sha256: str = parameter("", "SHA-256 of the file; another content is refused")
    n_outputs: int = parameter(
        0, "values of a frame; read from the model", at_least=0, at_most=MAX_OUTPUTS
    )
    name: str = parameter("embedding", "first part of the columns' names")
    input: str = parameter(
        "waveform",
        "waveform: samples; log_mel: patches by the parameters from n_fft on; vggish: those of"
        " VGGish, which are their defaults",
        choices=("waveform", "log_mel", "vggish"),
    )
    input_layout: str = parameter(
        "", "axes of the input: batch, channel, and samples or frames and bands; all but channel"
    )
    output: str = parameter("", "name of the output; may be empty if there is one beside states")
    output_layout: str = parameter("batch values", "axes of the output: batch, frames, values")
    sample_rate: float = parameter(
        16000.0, "rate of the model in Hz", at_least=LOWEST_RATE, at_most=HIGHEST_RATE
    )
    window: int = parameter(
        0, "samples of a waveform; 0 for the whole clip", at_least=0, at_most=LONGEST_WHOLE
    )
    hop: int = parameter(
        0, "samples from window to window; 0 for those of a window", at_least=0, at_most=2**31
    )
    lead: int = parameter(0, "zeros before the first sample", at_least=0, at_most=2**20)
    pad_end: bool = parameter(
        False, "whether zeros complete the last window; otherwise it is left out"
    )
    input_mean: float = parameter(0.0, "subtracted from the input")
    input_std: float = parameter(1.0, "the input is divided by this, after subtraction", above=0)
    n_fft: int = parameter(512, "samples of the transform", at_least=2, at_most=2**16)
    win_length: int = parameter(400, "samples of the Hann window", at_least=2, at_most=2**16)
    hop_length: int = parameter(160, "samples from frame to frame", at_least=1, at_most=2**16)
    n_mels: int = parameter(64, "mel bands", at_least=1, at_most=2**12)
    fmin: float = parameter(125.0, "lower edge of the first band in Hz", at_least=0)
    fmax: float = parameter(7500.0, "upper edge of the last band in Hz", above=0)
    mel_scale: str = parameter("htk", "scale of the edges", choices=("htk", "slaney"))
    mel_triangles: str = parameter(
        "mel", "scale on which triangles have straight sides", choices=("mel", "hz")
    )
    mel_norm: str = parameter(
        "none", "height 1, or area 1 of triangles", choices=("none", "slaney")
    )
    mel_power: int = parameter(1, "power of the magnitudes", at_least=1, at_most=2)
    log: str = parameter("ln", "logarithm", choices=tuple(LOGARITHMS))
    log_offset: float = parameter(0.01, "added before the logarithm", at_least=0)
    log_floor: float = parameter(0.0, "least value before the logarithm", at_least=0)
    patch_frames: int = parameter(
        96, "frames of a patch; 0 for the whole clip", at_least=0, at_most=2**18
    )
    patch_hop: int = parameter(
        0, "frames from patch to patch; 0 for those of a patch", at_least=0, at_most=2**18
    )
    constants: dict[str, Any] = table_parameter(
        "further inputs and their values, such as { sr = 16000 }", convert=_constants
    )
    states: dict[str, str] = table_parameter(
        "recurrent inputs, zero at the beginning of a clip, and the outputs that they are fed"
        " from, such as { state = 'stateN' }",
        convert=_states,
    )
    batch_size: int = parameter(16, "patches computed at once", at_least=1, at_most=4096)
    provider: str = parameter("cpu", "provider of onnxruntime, such as cpu or cuda")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not NAME.fullmatch(self.name):
            raise ParameterError(
                f"name must be lower-case words joined by underscores, got {self.name!r}"
            )
        if self.sha256 and not re.fullmatch("[0-9a-fA-F]{64}", self.sha256):
            raise ParameterError(f"sha256 must be 64 hexadecimal digits, got {self.sha256!r}")
        self._check_mel()
        _ = self.input_axes, self.output_axes
        if self.model:
            self._read_model()

    def _check_mel(self) -> None:
        changed = [
            field.name
            for field in dataclasses.fields(self)
            if field.name in VGGISH and getattr(self, field.name) != field.default
        ]
        if self.input == "vggish" and changed:
            raise ParameterError(
                f"{changed[0]} is fixed by input = 'vggish': leave it out, or use input = 'log_mel'"
            )
        if self.input == "waveform":
            return
        if self.window or self.hop:
            raise ParameterError(
                "window and hop are for input = 'waveform': set patch_frames and patch_hop"
            )
        if not self.win_length <= self.n_fft:
            raise ParameterError(
                f"win_length must be at most n_fft ({self.n_fft}), got {self.win_length}"
            )
        if not self.fmin < self.fmax <= self.sample_rate / 2:
            raise ParameterError(
                f"fmax must be above fmin ({self.fmin:g} Hz) and at most half the sample rate"
                f" ({self.sample_rate / 2:g} Hz), got {self.fmax:g}"
            )
        if self.log_offset == self.log_floor == 0:
            raise ParameterError(
                "log_offset or log_floor must be above 0: silence has no logarithm"
            )
        if self.mel_triangles == "mel" and self.mel_scale != "htk":
            raise ParameterError("mel_triangles = 'mel' needs mel_scale = 'htk'")

    def _read_model(self) -> None:
        model = loaded_model(self.model, self.sha256)
        object.__setattr__(self, "sha256", model.sha256)
        n_outputs = Inference(model, self).n_outputs
        if self.n_outputs and n_outputs != self.n_outputs:
            raise ParameterError(
                f"{self.model}: the model has {n_outputs} outputs, n_outputs is {self.n_outputs}"
            )
        if not 1 <= n_outputs <= MAX_OUTPUTS:
            raise ParameterError(
                f"{self.model}: the output has {n_outputs:,} values for each frame, expected 1 to"
                f" {MAX_OUTPUTS:,}: name another output, or its axes in output_layout"
            )
        object.__setattr__(self, "n_outputs", n_outputs)

    @property
    def log_mel(self) -> LogMel | None:
        """Parameters of log-mel frames; None for a waveform."""
        if self.input == "waveform":
            return None
        names = [field.name for field in dataclasses.fields(LogMel)]
        return LogMel(**{name: getattr(self, name) for name in names})

    @property
    def input_axes(self) -> list[str]:
        """Axes of the input."""
        own = ["samples"] if self.input == "waveform" else ["frames", "bands"]
        layout = self.input_layout or " ".join(["batch", *own])
        return words("input_layout", layout, required=own, optional=["batch", "channel"])

    @property
    def output_axes(self) -> list[str]:
        """Axes of the output."""
        layout, optional = self.output_layout, ["batch", "frames", "values"]
        return words("output_layout", layout, required=[], optional=optional)

    @cached_property
    def window_samples(self) -> int:
        """Samples of a window; 0 for the whole clip."""
        if self.input == "waveform" or not self.patch_frames:
            return self.window
        return (self.patch_frames - 1) * self.hop_length + self.win_length

    @cached_property
    def window_hop(self) -> int:
        """Samples from window to window."""
        if self.input == "waveform":
            return self.hop or self.window
        return (self.patch_hop or self.patch_frames) * self.hop_length

    @property
    def shortest(self) -> int:
        """Samples of the shortest whole clip."""
        return 1 if self.input == "waveform" else self.win_length


VGGISH = (
    "sample_rate",
    "n_fft",
    "win_length",
    "hop_length",
    "n_mels",
    "fmin",
    "fmax",
    "mel_scale",
    "mel_triangles",
    "mel_norm",
    "mel_power",
    "log",
    "log_offset",
    "log_floor",
    "patch_frames",
    "lead",
    "pad_end",
)
"""Parameters that ``input = "vggish"`` fixes."""
