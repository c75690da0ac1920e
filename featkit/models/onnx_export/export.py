"""Export of a model to an ONNX file that is checked before it is written, and later checks."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from featkit.errors import ModelError
from featkit.models.onnx_export.checking import OnnxCheck, compare
from featkit.models.onnx_export.metadata import not_included
from featkit.models.onnx_export.model_graph import check_exportable, onnx_model
from featkit.models.onnx_export.tensor import onnx_package, onnxruntime_package
from featkit.models.onnx_export.vectors import Vectors, test_vectors
from featkit.storage.reading import local_copy
from featkit.storage.urls import shown
from featkit.storage.writing import check_outputs, check_writable, replacing, sibling

if TYPE_CHECKING:
    from featkit.models.model import Model

SUFFIX, TEST_SUFFIX = ".onnx", ".test.json"

MAX_BYTES = 2**31
"""Greatest size of a file that is read."""


@dataclass(frozen=True, kw_only=True)
class OnnxExport:
    """An exported model.

    Attributes
    ----------
    path, test_path : str
        The ONNX file, and the file of test rows beside it.
    bytes : int
        Size of the ONNX file.
    check : OnnxCheck
        Comparison with the predictions of featkit.
    not_included : list of str
        Abilities of the model that the file lacks.
    """

    path: str
    test_path: str
    bytes: int
    check: OnnxCheck
    not_included: list[str]


def export_onnx(
    model: Model, path: str | os.PathLike[str], *, normalized: bool = False
) -> OnnxExport:
    """Write a model to an ONNX file, with test rows beside it; see `Model.export_onnx`.

    Parameters
    ----------
    model : Model
        The model.
    path, normalized
        See there.

    Returns
    -------
    OnnxExport

    Raises
    ------
    ModelError, ParameterError, WriteError
        See there.
    """
    onnx_package(), onnxruntime_package()  # before anything else is done
    check_exportable(model, normalized=normalized)
    test_path = sibling(path, TEST_SUFFIX)
    check_outputs({os.fspath(path): SUFFIX})
    check_writable(test_path)
    content, vectors = onnx_model(model), test_vectors(model)
    try:
        check = compare(content, vectors)
    except ModelError as error:
        raise ModelError(f"{shown(path)} was not written: {error}") from None
    with replacing(test_path) as scratch:
        scratch.write_text(vectors.to_json(hashlib.sha256(content).hexdigest()), encoding="utf-8")
    with replacing(path) as scratch:
        scratch.write_bytes(content)
    return OnnxExport(
        path=os.fspath(path),
        test_path=os.fspath(test_path),
        bytes=len(content),
        check=check,
        not_included=not_included(model),
    )


def check_onnx(
    path: str | os.PathLike[str], test: str | os.PathLike[str] | None = None
) -> OnnxCheck:
    """Check that onnxruntime computes an exported model as featkit did when it was exported.

    Parameters
    ----------
    path : path
        A file of `Model.export_onnx`.
    test : path, optional
        Its test rows; by default the file ``<path>.test.json``.

    Returns
    -------
    OnnxCheck

    Raises
    ------
    ModelError
        If a file cannot be read, the test rows belong to another file, or an output differs by more
        than the tolerance; the message names the row and the output.
    ParameterError
        If onnxruntime is not installed.
    """
    onnxruntime_package()
    test = sibling(path, TEST_SUFFIX) if test is None else test
    content, stored = _content(path), _content(test)
    try:
        vectors, sha256 = Vectors.from_json(stored.decode("utf-8"))
    except (ModelError, UnicodeDecodeError) as error:
        raise ModelError(f"{shown(test)}: {error}") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelError(
            f"{shown(path)}: the test rows in {shown(test)} belong to another file: export the"
            " model again, or get both files of the same export"
        )
    try:
        return compare(content, vectors)
    except ModelError as error:
        raise ModelError(f"{shown(path)}: {error}") from None


def _content(path: str | os.PathLike[str]) -> bytes:
    try:
        with local_copy(path, max_bytes=MAX_BYTES) as copy:
            return _limited(copy)
    except OSError as error:
        raise ModelError(f"{shown(path)}: {error.strerror or error}") from None


def _limited(copy: Path) -> bytes:
    if copy.exists() and not copy.is_file():
        raise ModelError(f"{copy}: is not a file, but a folder, a pipe or a device")
    with copy.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ModelError(f"{copy}: larger than an ONNX file can be ({MAX_BYTES / 1e9:.2g} GB)")
    return content
