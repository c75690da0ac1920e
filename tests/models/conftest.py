"""Fixtures of the tests of models."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest


@pytest.fixture(scope="module")
def child():
    """A process of its own, whose crash is a failed test."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool
