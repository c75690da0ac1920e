"""Fixtures of the tests of models."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from featkit.executors import _loky


@pytest.fixture(scope="module")
def child():
    """A process of its own, whose crash is a failed test."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool


@pytest.fixture
def in_workers(monkeypatch):
    """Send all fits to worker processes, also those that take less than starting these."""
    monkeypatch.setattr(_loky, "START_SECONDS", -1.0)
