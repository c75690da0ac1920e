"""The compiled cores, which are optional: without a compiler, NumPy computes the same.

Everything else about the package is in setup.cfg.
"""

from pathlib import Path

from setuptools import Extension, setup

PACKAGE = Path("featkit")

SHARED = [PACKAGE / "dsp" / "kernels" / name for name in ("arrays.h", "variants.h")]
"""Headers that all cores include."""


def core(*folders: str) -> Extension:
    """The core of a folder, from the sources in its folder `kernels`."""
    kernels = PACKAGE.joinpath(*folders, "kernels")
    return Extension(
        ".".join(("featkit", *folders, "_core")),
        [str(kernels / "module.c")],
        depends=[str(header) for header in (*SHARED, *sorted(kernels.glob("*.h")))],
        define_macros=[("Py_LIMITED_API", "0x030B0000")],
        py_limited_api=True,
        optional=True,
        # Without fused multiply-add, all instruction sets give the same bits.
        extra_compile_args=["-O3", "-ffp-contract=off", "-fno-math-errno", "-Wno-psabi"],
    )


setup(ext_modules=[core("dsp"), core("models", "tree_shap")])
