"""The compiled core in tests: with each instruction set, and the package without it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from featkit.dsp import _compiled

needs_core = pytest.mark.skipif(_compiled.core is None, reason="there is no compiled core")


@contextmanager
def without_core() -> Iterator[None]:
    """The implementation in NumPy."""
    core = _compiled.core
    _compiled.core = None
    try:
        yield
    finally:
        _compiled.core = core


def assert_same_bits_everywhere(compute: Callable[[], Any]) -> Any:
    """The result of a function, which must not depend on the instruction set."""
    expected = compute()
    if _compiled.core is None:
        return expected
    variants = _compiled.core.supported_variants()
    try:
        for variant in variants:
            _compiled.core.use_variant(variant)
            np.testing.assert_array_equal(compute(), expected, err_msg=variant)
    finally:
        _compiled.core.use_variant(variants[-1])
    return expected
