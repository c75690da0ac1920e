"""Archives that were made to harm: they have a correct hash."""

import hashlib
import io
import json
import zipfile

import numpy as np
import pytest

from featkit.errors import ModelError
from featkit.storage import archive
from featkit.storage.archive import Archive, read_archive, write_archive

MAGIC = b"featkit thing 1\n"


def header(text):
    """An array file that consists of a header."""
    line = text.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(line).to_bytes(2, "little") + line


def described(shape, descr="<f8"):
    return header(f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}}}")


def write(path, parts, method=zipfile.ZIP_STORED):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as file:
        for name, part in {archive.DOCUMENT: b"{}", **parts}.items():
            file.writestr(name, part)
    write_raw(path, content.getvalue())


def write_raw(path, data):
    path.write_bytes(MAGIC + hashlib.sha256(data).digest() + data)


@pytest.mark.parametrize(
    "part",
    [
        described("(10000000000000,)"),
        described("(-1,)"),
        described("(True,)") + bytes(8),
        described("(3,)", "|O") + b"cos\nsystem\n(S'id'\ntR.",
        header("-" * 9000 + "1"),
        b"\x93NUMPY\x09\x00",
        b"",
    ],
)
def test_arrays_that_are_not_there_are_refused(tmp_path, part):
    write(tmp_path / "x", {"a.npy": part})
    with pytest.raises(ModelError, match="not a usable thing: "):
        read_archive(tmp_path / "x", MAGIC, "thing")


def test_compressed_parts_are_refused(tmp_path):
    write(tmp_path / "x", {"part": bytes(10**6)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(ModelError, match="a part is compressed"):
        read_archive(tmp_path / "x", MAGIC, "thing")


def test_parts_that_share_their_bytes_are_refused(tmp_path):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr(archive.DOCUMENT, b"{}")
        file.writestr("part", bytes(1000))
        file.filelist += [file.filelist[-1]] * 50
    write_raw(tmp_path / "x", content.getvalue())
    with pytest.raises(ModelError, match="larger than the file"):
        read_archive(tmp_path / "x", MAGIC, "thing")


def test_what_is_written_is_read(tmp_path):
    arrays = {"a": np.arange(6.0).reshape(2, 3).T, "b": np.zeros((0, 4), dtype=bool)}
    document = {"name of a file that is not UTF-8": "\udcff.wav", "é": float("inf")}
    write_archive(tmp_path / "x", MAGIC, Archive(document, arrays, {"part": b"123"}))
    again = read_archive(tmp_path / "x", MAGIC, "thing")
    assert (again.document, again.parts) == (document, {"part": b"123"})
    for name, array in arrays.items():
        np.testing.assert_array_equal(again.arrays[name], array)
        assert again.arrays[name].dtype == array.dtype


def test_a_file_that_could_not_be_read_is_not_written(tmp_path, monkeypatch):
    document = {"text": "x" * 100}
    monkeypatch.setattr(archive, "MAX_DOCUMENT", len(json.dumps(document)) - 2)
    with pytest.raises(ModelError, match="more than a file can have"):
        write_archive(tmp_path / "x", MAGIC, Archive(document, {}))
    assert not (tmp_path / "x").exists()
