"""Fixtures for tests of the command line."""

import pytest

from featkit.cli import _progress  # for its clock, which no command exposes


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test moves forward."""

    class Clock:
        now = 1000.0

    monkeypatch.setattr(_progress.time, "monotonic", lambda: Clock.now)
    return Clock
