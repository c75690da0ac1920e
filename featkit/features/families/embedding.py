"""Embedding: the output of a user's neural network in an ONNX file.

The network takes a waveform or log-mel patches at its own sample rate, whatever rate the feature
set has, and returns numbers for each window; statistics are over windows. Clips are converted by
soxr if the rates differ. onnxruntime computes the network; the extra `onnx` installs it. The file
is identified by its SHA-256, and another file is refused.

The parameters state the input and the output. For example, VGGish on patches of 0.96 s::

    [[features]]
    family = "embedding"
    model = "vggish.onnx"
    input = "vggish"
    input_layout = "batch channel frames bands"
    statistics = ["mean", "std"]

YAMNet on whole clips, which has no axis for a batch and returns a frame every 0.48 s::

    model = "yamnet.onnx"
    input_layout = "samples"
    output = "embeddings"
    output_layout = "frames values"

A speech detector with a recurrent state, window by window::

    model = "silero_vad.onnx"
    window = 576
    hop = 512
    lead = 64
    pad_end = true
    constants = { sr = 16000 }
    states = { state = "stateN" }

Only the file is read, and only standard operators are allowed. Time and memory of a network are
not limited.

References
----------
ONNX, "Open neural network exchange", onnx.ai.

Hershey, S. et al. "CNN architectures for large-scale audio classification", ICASSP 2017 (VGGish).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.segments import Segments
from featkit.errors import ParameterError
from featkit.features import onnx_models
from featkit.features._components import greatest_number
from featkit.features.family import Descriptor, Family, OwnFrames, ReferenceCase
from featkit.features.onnx_models.inference import Inference
from featkit.features.onnx_models.model import model_in_use
from featkit.features.onnx_models.parameters import EmbeddingParameters
from featkit.features.spectra.parameters import SpectraParameters

EXAMPLE = Path(onnx_models.__path__[0]) / "example.onnx"
"""A model that returns the mean and the mean square of a window; `tests/onnx_files.py` makes it."""


def _descriptors(p: EmbeddingParameters) -> list[Descriptor]:
    output = f"output {p.output!r}" if p.output else "output"
    model = f"the ONNX model with the SHA-256 {p.sha256[:16]}…" if p.sha256 else "an ONNX model"
    return [
        Descriptor(
            name=p.name,
            unit="1",
            definition=f"{output} of {model}, a value for each window of the clip",
            reference=f"the user's ONNX file{f', SHA-256 {p.sha256}' if p.sha256 else ''}",
            undefined="in a clip shorter than a window, unless pad_end is set, and where the model"
            " gives no finite number",
            indices=tuple(str(k + 1) for k in range(max(1, p.n_outputs))),
        )
    ]


def _compute(p: EmbeddingParameters, *, clips: Sequence[Clip], sr: float) -> OwnFrames:
    """Values of each window, ``(n_outputs, windows)``."""
    inference = Inference(model_in_use(p.model, p.sha256), p)
    values = [_at_least_one_frame(inference.frames(clip, sr)) for clip in clips]
    return OwnFrames(np.concatenate(values, axis=1), Segments([v.shape[1] for v in values]))


def _at_least_one_frame(values: Array) -> Array:
    return values if values.shape[1] else np.full((len(values), 1), np.nan, np.float32)


def _check(p: EmbeddingParameters, spectra: SpectraParameters, sr: float | None) -> None:
    """Check that there is a model, and that the feature set keeps the frequencies that it takes."""
    if not p.model:
        raise ParameterError(
            "model must name an ONNX file, as in model = 'vggish.onnx'; names of columns are not"
            " enough"
        )
    if sr is not None and sr < p.sample_rate:
        raise ParameterError(
            f"the model takes {p.sample_rate:g} Hz, but the feature set resamples to {sr:g} Hz and"
            f" so loses the highest frequencies: set sample_rate = {p.sample_rate:g} or more for"
            " the feature set, or 'native'"
        )


FAMILY = Family(
    name="embedding",
    parameters=EmbeddingParameters,
    descriptors=_descriptors,
    compute=_compute,
    own_frames=True,
    measures_level=True,
    check=_check,
    from_indices=lambda indices: {"n_outputs": greatest_number(indices)},
    packages=("onnxruntime",),
    example={"model": str(EXAMPLE), "window": 400, "hop": 160},
    reference_cases=(
        ReferenceCase(
            name="the example returns the mean and the mean square of a constant",
            signal=lambda sr: signals.constant(sr, value=0.5),
            expected={"embedding_1": 0.5, "embedding_2": 0.25},
            tolerance=1e-4,
        ),
        ReferenceCase(
            name="the mean square of a sine is half the square of its amplitude at any rate",
            signal=lambda sr: signals.sine(1000.0, sr, amplitude=0.5),
            expected={"embedding_1": 0.0, "embedding_2": 0.125},
            tolerance=1e-4,
        ),
    ),
)
