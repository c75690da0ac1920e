"""Models that are ready to run: the file is read once, and its digest identifies it.

A session of onnxruntime is made from the bytes whose digest was checked. There is one session for
each model and provider in a process. It computes on one thread, since recordings are divided among
worker processes, and deterministically, so that a recording has the same row from any worker.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.features.onnx_models.checking import (
    MAX_BYTES,
    Interface,
    checked_interface,
    packages,
)
from featkit.storage.writing import check_regular

FOLDERS = "FEATKIT_ONNX"
"""Environment variable with the folders in which model files are looked for by name."""

REMOTE_PROVIDERS = ("AzureExecutionProvider",)
"""Providers that send their input to another machine."""

_MODELS: dict[str, OnnxModel] = {}


class OnnxModel:
    """A checked model; several files may have its content.

    Parameters
    ----------
    sha256 : str
        Digest of the content.
    data : bytes
        The content.

    Attributes
    ----------
    sha256
        As given.
    interface : Interface
        Inputs and outputs.

    Raises
    ------
    ParameterError
        If the model is not supported.
    """

    def __init__(self, sha256: str, data: bytes) -> None:
        self.sha256 = sha256
        self.interface: Interface = checked_interface(data)
        self._data = data
        self._sessions: dict[str, Any] = {}

    def run(
        self, provider: str, inputs: Mapping[str, Array], outputs: Sequence[str]
    ) -> list[Array]:
        """Run the model.

        Parameters
        ----------
        provider : str
            As for `provider_name`.
        inputs : mapping of str to array
            All inputs by name.
        outputs : sequence of str
            Names of the outputs to compute.

        Returns
        -------
        list of array
            In the order of the names.

        Raises
        ------
        ParameterError
            If onnxruntime cannot run the model, or not with this input.
        """
        session = self._session(provider)
        try:
            results: list[Array] = session.run(list(outputs), dict(inputs))
        except Exception as error:  # the errors of onnxruntime have no common base class
            shapes = ", ".join(f"{name} {value.shape}" for name, value in inputs.items())
            raise ParameterError(
                f"the model fails for inputs of shapes {shapes}: {_reason(error)}"
            ) from None
        return results

    def _session(self, provider: str) -> Any:
        if provider not in self._sessions:
            self._sessions[provider] = _new_session(self._data, provider_name(provider))
        return self._sessions[provider]


def _new_session(data: bytes, provider: str) -> Any:
    _, onnxruntime = packages()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.log_severity_level = 4  # problems are raised as errors
    try:
        session = onnxruntime.InferenceSession(data, options, providers=[provider])
    except Exception as error:  # the errors of onnxruntime have no common base class
        raise ParameterError(
            f"onnxruntime {onnxruntime.__version__} cannot load the model: {_reason(error)}"
        ) from None
    # Without the provider's drivers, onnxruntime silently uses the processor.
    if provider not in session.get_providers():
        raise ParameterError(f"{provider} is installed, but does not work on this machine")
    return session


def provider_name(provider: str) -> str:
    """Return onnxruntime's name of a provider.

    Parameters
    ----------
    provider : str
        Short name in lower case, such as ``"cpu"`` or ``"cuda"``.

    Returns
    -------
    str
        For example ``"CPUExecutionProvider"``.

    Raises
    ------
    ParameterError
        If the installed onnxruntime does not offer it.
    """
    _, onnxruntime = packages()
    names = {
        name.removesuffix("ExecutionProvider").lower(): name
        for name in onnxruntime.get_available_providers()
        if name not in REMOTE_PROVIDERS
    }
    if provider not in names:
        raise ParameterError(unknown("provider", provider, names))
    return str(names[provider])


def loaded_model(path: str, sha256: str = "") -> OnnxModel:
    """Return the model of a file; it is checked when this process first uses it.

    Parameters
    ----------
    path : str
        The file; a name without a folder is also looked for in the folders of the environment
        variable ``FEATKIT_ONNX``.
    sha256 : str
        Expected digest; empty to accept any content.

    Returns
    -------
    OnnxModel

    Raises
    ------
    ParameterError
        If there is no such file, it has another digest, or is not supported.
    """
    file = find_model(path)
    data, digest = read_model(file, sha256)
    if digest not in _MODELS:
        try:
            _MODELS[digest] = OnnxModel(digest, data)
        except ParameterError as error:
            raise ParameterError(f"{file}: {error}") from None
    return _MODELS[digest]


def model_in_use(path: str, sha256: str) -> OnnxModel:
    """Return a model by its digest; its file is read only if this process has not done so.

    Parameters
    ----------
    path, sha256 : str
        As for `loaded_model`.

    Returns
    -------
    OnnxModel
    """
    return _MODELS[sha256] if sha256 in _MODELS else loaded_model(path, sha256)


def find_model(path: str) -> Path:
    """Find the file of a model.

    Parameters
    ----------
    path : str
        As for `loaded_model`.

    Returns
    -------
    Path

    Raises
    ------
    ParameterError
        If there is no such file; the message lists where it was sought.
    """
    folders = [folder for folder in os.environ.get(FOLDERS, "").split(os.pathsep) if folder]
    candidates = [Path(path), *(Path(folder, Path(path).name) for folder in folders)]
    for candidate in candidates:
        if os.path.exists(candidate):
            return candidate
    raise ParameterError(
        f"no such file: {', '.join(map(str, candidates))}. Paths begin at the current folder, or at"
        f" that of the file that names the model; the environment variable {FOLDERS} may name"
        " further folders"
    )


def read_model(file: Path, sha256: str = "") -> tuple[bytes, str]:
    """Read the file of a model.

    Parameters
    ----------
    file : Path
        The file.
    sha256 : str
        Expected digest; empty to accept any content.

    Returns
    -------
    data : bytes
    digest : str
        SHA-256 in hexadecimal.

    Raises
    ------
    ParameterError
        If it cannot be read, is too large, or has another digest.
    """
    try:
        check_regular(file)
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise ParameterError(
                f"{file}: the file has {size / 1e9:.1f} GB, a model may have at most"
                f" {MAX_BYTES / 1e9:.1f} GB"
            )
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ParameterError(f"{file}: cannot read the model: {error.strerror or error}") from None
    digest = hashlib.sha256(data).hexdigest()
    if sha256 and digest != sha256.lower():
        raise ParameterError(
            f"{file}: the file has another content than the model that was used: its SHA-256 is"
            f" {digest}, expected {sha256}. Restore the file, or compute the features again with"
            " the new one"
        )
    return data, digest


def _reason(error: Exception) -> str:
    """First line of an error of onnxruntime, without its code."""
    return str(error).strip().partition("\n")[0].removeprefix("[ONNXRuntimeError] : ")
