"""The file of a model: found, read once, identified by its digest."""

import builtins
import hashlib
import io
import os
from pathlib import Path

import pytest
from onnx_files import linear_model, moments_model, ort, write

from featkit.errors import ParameterError
from featkit.features.onnx_models import model
from featkit.features.onnx_models.model import find_model, loaded_model, model_in_use, provider_name


@pytest.fixture(autouse=True)
def _no_models(monkeypatch):
    monkeypatch.setattr(model, "_MODELS", {})


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "m.onnx", moments_model())


def digest_of(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_a_model_is_found_in_the_folders_of_the_environment(path, tmp_path, monkeypatch):
    folders = os.pathsep.join([str(tmp_path / "none"), str(tmp_path)])
    monkeypatch.setenv(model.FOLDERS, folders)
    assert find_model("m.onnx") == tmp_path / "m.onnx"
    assert find_model("elsewhere/m.onnx") == tmp_path / "m.onnx"
    with pytest.raises(ParameterError) as refused:
        find_model("n.onnx")
    assert f"no such file: n.onnx, {tmp_path}/none/n.onnx, {tmp_path}/n.onnx" in str(refused.value)


def test_another_content_than_expected_is_refused(path):
    sha256 = digest_of(path)
    assert loaded_model(path, sha256.upper()).sha256 == sha256
    write(Path(path), linear_model(4, 2))
    with pytest.raises(ParameterError, match=r"m\.onnx: the file has another content") as refused:
        loaded_model(path, sha256)
    assert f"is {digest_of(path)}, expected {sha256}" in str(refused.value)
    assert loaded_model(path).sha256 == digest_of(path)


def test_two_files_of_one_content_are_one_model_and_one_session(path, tmp_path, monkeypatch):
    copy = tmp_path / "copy.onnx"
    copy.write_bytes(Path(path).read_bytes())
    first = loaded_model(path)
    assert loaded_model(str(copy)) is first
    assert first._session("cpu") is first._session("cpu")


def test_a_model_in_use_needs_its_file_no_more(path):
    used = loaded_model(path)
    os.remove(path)
    assert model_in_use(path, used.sha256) is used
    with pytest.raises(ParameterError, match="no such file"):
        model_in_use(path, "0" * 64)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path, monkeypatch):
    with pytest.raises(ParameterError, match="cannot read the model: Is a directory"):
        loaded_model(str(tmp_path))
    os.mkfifo(tmp_path / "pipe.onnx")
    with pytest.raises(ParameterError, match="cannot read the model: is a pipe or a device"):
        loaded_model(str(tmp_path / "pipe.onnx"))
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(ParameterError, match=r"text\.onnx: it is no ONNX model"):
        loaded_model(str(tmp_path / "text.onnx"))
    monkeypatch.setattr(model, "MAX_BYTES", 4)
    with pytest.raises(ParameterError, match=r"the file has 0\.0 GB, a model may have at most"):
        loaded_model(str(tmp_path / "text.onnx"))


def test_nothing_but_the_model_file_is_opened(path, monkeypatch):
    """The session is made from the bytes whose digest was checked."""
    opened, original = [], io.open

    def noting(file, *args, **kwargs):
        opened.append(str(file))
        return original(file, *args, **kwargs)

    loaded_model(path)._session("cpu")  # imports
    model._MODELS.clear()
    monkeypatch.setattr(io, "open", noting)
    monkeypatch.setattr(builtins, "open", noting)
    loaded_model(path)._session("cpu")
    assert opened == [path]


def test_a_provider_is_one_that_the_installed_onnxruntime_offers(monkeypatch):
    assert provider_name("cpu") == "CPUExecutionProvider"
    offered = ["CUDAExecutionProvider", "AzureExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(ort, "get_available_providers", lambda: offered)
    assert provider_name("cuda") == "CUDAExecutionProvider"
    with pytest.raises(ParameterError, match="unknown provider 'azure': available: cuda, cpu"):
        provider_name("azure")  # it sends sound to another machine


def test_a_provider_that_does_not_work_is_no_silent_fallback(path, monkeypatch):
    offered = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(ort, "get_available_providers", lambda: offered)
    real = ort.InferenceSession
    monkeypatch.setattr(
        ort, "InferenceSession", lambda data, options, providers: real(data, options)
    )
    with pytest.raises(ParameterError, match="CUDAExecutionProvider is installed, but does not"):
        loaded_model(path)._session("cuda")


def test_a_model_that_onnxruntime_cannot_load_is_an_error_of_one_line(path, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("[ONNXRuntimeError] : 9 : NOT_IMPLEMENTED : no kernel\nat line 3")

    used = loaded_model(path)
    monkeypatch.setattr(ort, "InferenceSession", fail)
    with pytest.raises(ParameterError, match="cannot load the model: 9 : NOT_IMPLEMENTED : no ker"):
        used._session("cpu")
