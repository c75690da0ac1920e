"""Files of results: data only, complete, and refused if they are anything else.

A file consists of a line with kind and version, the SHA-256 hash of the rest, and a ZIP archive of
a JSON document, arrays as ``.npy`` and further parts. The hash detects damage. A malicious file has
a correct hash: nothing in it is executed, arrays of objects are refused, and nothing is compressed
or used twice, so that a small file cannot fill the memory. The reader checks the content of the
document. The same content gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import zipfile
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ModelError
from featkit.storage.reading import local_copy
from featkit.storage.urls import shown
from featkit.storage.writing import replacing

DOCUMENT = "document.json"

DIGEST_BYTES = 32

MAX_BYTES = 2**32
"""Greatest size of a file."""

MAX_DOCUMENT = 2**28
"""Greatest size of the document, in bytes; as objects of Python, it takes up to 20 times that."""

MAX_PARTS = 10_000

UNREADABLE = (
    *(zipfile.BadZipFile, KeyError, ValueError, EOFError, NotImplementedError, RuntimeError),
    *(RecursionError, MemoryError, SyntaxError),
)
"""Errors of the readers of ZIP archives, JSON and arrays on data that are not well-formed."""

UNUSABLE = (
    *(AttributeError, KeyError, TypeError, ValueError),
    *(IndexError, OverflowError, RecursionError),
)
"""Errors of the readers of documents whose content has other types or sizes."""

NUMBERS = "biuf"
"""Kinds of NumPy types that are stored as arrays: flags and numbers."""


class Archive(NamedTuple):
    """The content of a file.

    Attributes
    ----------
    document : dict
        Data that JSON can hold.
    arrays : mapping of str to array
        Arrays of numbers or flags.
    parts : mapping of str to bytes
        Further parts, such as a model file.
    """

    document: dict[str, Any]
    arrays: Mapping[str, Array]
    parts: Mapping[str, bytes] = {}


def write_archive(path: str | os.PathLike[str], magic: bytes, archive: Archive) -> None:
    """Write a file atomically.

    Parameters
    ----------
    path : path
        The file.
    magic : bytes
        Kind and version, one line.
    archive : Archive
        The content.

    Raises
    ------
    ModelError
        If it is larger than a file that can be read.
    WriteError
        If the file cannot be written.
    """
    # In ASCII, which also holds names of files that are not UTF-8.
    document = json.dumps(archive.document, sort_keys=True, separators=(",", ":")).encode()
    stored = {f"{name}.npy": _npy(array) for name, array in archive.arrays.items()}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as out:
        for name, part in {DOCUMENT: document, **stored, **archive.parts}.items():
            info = zipfile.ZipInfo(name)  # without the time
            info.external_attr = 0o600 << 16
            out.writestr(info, part, zipfile.ZIP_STORED)
    data = content.getvalue()
    if len(document) > MAX_DOCUMENT or len(magic) + DIGEST_BYTES + len(data) > MAX_BYTES:
        raise ModelError(
            f"{shown(path)}: {len(data) / 1e9:.1f} GB are more than a file can have:"
            " save fewer rows"
        )
    with replacing(path) as scratch:
        scratch.write_bytes(magic + hashlib.sha256(data).digest() + data)


def _npy(array: Array) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, np.ascontiguousarray(array), allow_pickle=False)
    return out.getvalue()


def read_archive(path: str | os.PathLike[str], magic: bytes, noun: str) -> Archive:
    """Read a file; nothing in it is executed.

    Parameters
    ----------
    path : path
        The file.
    magic : bytes
        Kind and version, one line.
    noun : str
        The kind, for messages, such as ``"result"``.

    Returns
    -------
    Archive

    Raises
    ------
    ModelError
        If it is not such a file, or is truncated, altered or malicious; without its name.
    """
    data = _content(path, magic, noun)
    if data.count(b"PK\x01\x02") > MAX_PARTS:  # counted before they are listed
        raise ModelError(f"it has more parts than {_with_article(noun)} can have")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            _check_parts(file, noun, len(data))
            document = json.loads(file.read(DOCUMENT))
            names = [name for name in file.namelist() if name != DOCUMENT]
            parts = {name: file.read(name) for name in names}
        arrays = {
            name.removesuffix(".npy"): _array(part)
            for name, part in parts.items()
            if name.endswith(".npy")
        }
    except UNREADABLE as error:
        raise ModelError(f"not a usable {noun}: {type(error).__name__}: {error!s:.200}") from None
    if not isinstance(document, dict):
        raise ModelError(f"not a usable {noun}: its document is not a dictionary")
    others = {name: part for name, part in parts.items() if not name.endswith(".npy")}
    return Archive(document, arrays, others)


def bounded_bytes(path: str | os.PathLike[str], max_bytes: int) -> bytes:
    """Read the content of a file, up to a size.

    Parameters
    ----------
    path : path
        The file.
    max_bytes : int
        Largest size of the file.

    Returns
    -------
    bytes
        One byte more than `max_bytes` if the file is larger.

    Raises
    ------
    ModelError
        If it cannot be read, or is not a file; without its name.
    """
    try:
        with local_copy(path, max_bytes=max_bytes) as copy:
            # A device may be endless, and opening a pipe may block.
            if copy.exists() and not copy.is_file():
                raise ModelError("is not a file, but a folder, a pipe or a device")
            with copy.open("rb") as file:
                return file.read(min(os.fstat(file.fileno()).st_size, max_bytes) + 1)
    except OSError as error:
        raise ModelError(error.strerror or str(error)) from None


def named_errors(path: str | os.PathLike[str], error: ModelError) -> ModelError:
    """Return an error with the name of the file before its message.

    Parameters
    ----------
    path : path
        The file.
    error : ModelError
        The error.

    Returns
    -------
    ModelError
    """
    return ModelError(f"{shown(path)}: {error}")


def _content(path: str | os.PathLike[str], magic: bytes, noun: str) -> bytes:
    """The archive, whose hash is correct."""
    whole = bounded_bytes(path, MAX_BYTES)
    if len(whole) > MAX_BYTES:
        raise ModelError(f"larger than {_with_article(noun)} can be ({MAX_BYTES} bytes)")
    if not whole.startswith(magic):
        raise ModelError(_other_format(whole, magic, noun))
    start = len(magic) + DIGEST_BYTES
    if hashlib.sha256(whole[start:]).digest() != whole[len(magic) : start]:
        raise ModelError("truncated or altered: get a new copy of the file")
    return whole[start:]


def _other_format(whole: bytes, magic: bytes, noun: str) -> str:
    kind = whole[:40].split(maxsplit=3)[:2]
    if kind == magic.split()[:2]:
        return f"{_with_article(noun)} of another version: a newer featkit may read it"
    if len(kind) == 2 and kind[0] == b"featkit" and kind[1].isalpha():
        return f"not {_with_article(noun)}, but {_with_article(kind[1].decode())}"
    if whole.startswith(b"\x80"):
        return "a pickle, which could execute anything: featkit reads only files that it wrote"
    return f"not {_with_article(noun)} that featkit wrote"


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _check_parts(file: zipfile.ZipFile, noun: str, size: int) -> None:
    """Refuse compressed parts, and parts that share bytes: together, they fill the file."""
    parts = file.infolist()
    is_packed = any(part.compress_type != zipfile.ZIP_STORED for part in parts)
    if is_packed or sum(part.file_size for part in parts) > size:
        raise ModelError(f"not a usable {noun}: a part is compressed, or larger than the file")
    if file.getinfo(DOCUMENT).file_size > MAX_DOCUMENT:
        raise ModelError(f"not a usable {noun}: its document is too large")


def _array(part: bytes) -> Array:
    """An array, for which no memory is used before its size is known to be right."""
    stream = io.BytesIO(part)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("an array has another version")
    shape, column_major, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.kind not in NUMBERS:
        raise ValueError("an array does not hold numbers")
    is_shape = all(type(size) is int and size >= 0 for size in shape)
    if not is_shape or math.prod(shape) * dtype.itemsize != len(part) - stream.tell():
        raise ValueError("an array has another size than it states")
    array = np.frombuffer(part, dtype, offset=stream.tell()).copy()
    return array.reshape(shape, order="F" if column_major else "C")


# Arrays of numbers or texts within the document


def store(value: Any, name: str, arrays: dict[str, Array]) -> Any:
    """Return an array as part of a document.

    Parameters
    ----------
    value : array or None
        Numbers, flags or texts.
    name : str
        Its name in the archive.
    arrays : dict of str to array
        Receives numbers and flags.

    Returns
    -------
    object
        Data that JSON can hold.
    """
    if value is None:
        return None
    value = np.asarray(value)
    if value.dtype.kind in NUMBERS:
        arrays[name] = value
        return {"array": name}
    return {"texts": value.tolist(), "dtype": "object" if value.dtype.kind == "O" else "str"}


def stored(data: Any, archive: Archive) -> Any:
    """Return an array that `store` stored.

    Parameters
    ----------
    data : object
        The part of the document.
    archive : Archive
        The archive.

    Returns
    -------
    array or None

    Raises
    ------
    ValueError
        If it is not such a part.
    """
    if data is None:
        return None
    if isinstance(data, dict) and isinstance(data.get("array"), str):
        if data["array"] not in archive.arrays:
            raise ValueError(f"the array {data['array']!r} is missing")
        return archive.arrays[data["array"]]
    texts = data.get("texts") if isinstance(data, dict) else None
    dtype = data.get("dtype") if isinstance(data, dict) else None
    if dtype not in ("object", "str") or not isinstance(texts, list):
        raise ValueError("a list of texts is missing")
    cells = (str,) if dtype == "str" else (str, int, float, bool, type(None))
    if not all(isinstance(text, cells) for text in texts):
        raise ValueError("a list of texts holds other values")
    return np.array(texts, dtype=str) if dtype == "str" else _objects(texts)


def _objects(values: list[Any]) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
