"""Versions that influence the numbers, compared between the driver and a worker.

NumPy chooses its kernels by the instruction sets of the processor, and the kernels differ in the
last bits: with and without AVX-512, half of the values of the feature set standard do. A worker
with more instruction sets than the driver does not use the others; one with fewer is refused.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from functools import lru_cache
from importlib import import_module
from pathlib import Path

from featkit._utils.compiled import implementation
from featkit._utils.installed import installed_version
from featkit.errors import FeatkitError

DISABLE = "NPY_DISABLE_CPU_FEATURES"
"""Environment variable with the instruction sets that NumPy does not use."""

INSTRUCTION_SETS = "instruction sets of NumPy"
"""Name of the instruction sets among the versions."""

PACKAGES = (
    "numpy",
    "scipy",
    "soundfile",
    "soxr",
    "pywavelets",
    "av",
    "librosa",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "xgboost",
    "shap",
)
"""Packages that decode, compute and fit."""

Versions = tuple[tuple[str, str], ...]
"""Name and version of each part."""


class VersionError(FeatkitError):
    """A worker of a cluster has other versions than the driver."""


@lru_cache(maxsize=1)
def versions() -> Versions:
    """Versions of this process: featkit, Python, the processor, packages and their libraries."""
    import featkit

    fixed = {
        "featkit": featkit.__version__,
        "source code of featkit": _source_digest(Path(featkit.__file__).parent),
        "Python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "implementation of featkit": implementation(),
        "processor": f"{platform.machine()}, {sys.byteorder}-endian",
    }
    packages = {name: installed_version(name) or "not installed" for name in PACKAGES}
    sets = {INSTRUCTION_SETS: " ".join(_instruction_sets())}
    return tuple((fixed | packages | _library_versions() | sets).items())


def _instruction_sets() -> list[str]:
    """The instruction sets for which NumPy has kernels of their own, and that it uses here."""
    import numpy as np

    package = "numpy._core" if np.lib.NumpyVersion(np.__version__) >= "2.0.0" else "numpy.core"
    core = import_module(f"{package}._multiarray_umath")
    return [name for name in core.__cpu_dispatch__ if core.__cpu_features__.get(name)]


@lru_cache(maxsize=8)
def disabled_instruction_sets(expected: Versions) -> str:
    """The instruction sets of this worker that the driver does not have, separated by spaces."""
    used = dict(expected)[INSTRUCTION_SETS].split()
    others = [name for name in _instruction_sets() if name not in used]
    return " ".join([*os.environ.get(DISABLE, "").replace(",", " ").split(), *others])


@lru_cache(maxsize=8)
def differences(expected: Versions) -> str:
    """Describe how the versions of this process differ; "" if they do not."""
    own = dict(versions())
    return "; ".join(
        f"{name} is {own.get(name, 'unknown')} there, and {version} here"
        for name, version in expected
        if own.get(name) != version and name != INSTRUCTION_SETS
    )


@lru_cache(maxsize=8)
def missing_instruction_sets(expected: Versions) -> str:
    """The instruction sets of the driver that this process does not have, separated by spaces."""
    used = dict(expected)[INSTRUCTION_SETS].split()
    return " ".join(name for name in used if name not in _instruction_sets())


def check_versions(expected: Versions, worker: str) -> None:
    """Refuse to work in a worker with other versions than those of the driver."""
    if differing := differences(expected):
        raise VersionError(
            f"worker {worker} has other versions: {differing}. The rows could differ: install the"
            " same versions on all workers and here"
        )
    if missing := missing_instruction_sets(expected):
        raise VersionError(
            f"the processor of worker {worker} has no {missing}, which NumPy uses here: the last"
            f' bits of the rows would differ. Set the environment variable {DISABLE}="{missing}"'
            " for this command; the workers follow it"
        )


def _library_versions() -> dict[str, str]:
    """Versions of the libraries in C that decode and resample."""
    import soundfile
    import soxr

    libraries = {
        "libsndfile": str(soundfile.__libsndfile_version__),
        "libsoxr": str(soxr.__libsoxr_version__),
    }
    try:
        import av
    except ImportError:
        return libraries
    ffmpeg = (f"{name} {'.'.join(map(str, v))}" for name, v in sorted(av.library_versions.items()))
    return libraries | {"FFmpeg": ", ".join(ffmpeg)}


def _source_digest(folder: Path) -> str:
    """Digest of the modules, kernels and feature sets: development versions share a number."""
    digest = hashlib.sha256()
    files = (file for suffix in ("py", "toml", "c", "h") for file in folder.rglob(f"*.{suffix}"))
    for name, file in sorted((file.relative_to(folder).as_posix(), file) for file in files):
        digest.update(f"{name}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:12]
