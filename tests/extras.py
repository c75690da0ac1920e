"""Folders of the package whose modules need an extra, for tests."""

from importlib.util import find_spec

NEEDED_PACKAGES = {
    "executors/_dask": "distributed",
    "models/networks/modules": "torch",
    "models/networks/training": "torch",
}
"""Package that the modules of a folder import at their top."""

FURTHER_PACKAGES = {"embedding": ("onnx",)}
"""Optional packages that families need but that do not affect their values."""


def folders_without_package():
    """Folders whose modules cannot be imported here."""
    return [folder for folder, name in NEEDED_PACKAGES.items() if find_spec(name) is None]
