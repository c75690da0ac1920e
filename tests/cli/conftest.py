"""Fixtures for tests of the command line."""

import time

import pytest


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test moves forward."""

    class Clock:
        now = 1000.0

    monkeypatch.setattr(time, "monotonic", lambda: Clock.now)
    return Clock
