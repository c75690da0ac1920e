"""Worker processes that ended because they had nothing to do, and the work after that."""

import time

import deadly
import pytest

from featkit.batch import _pool


@pytest.fixture
def ended(monkeypatch):
    """A pool whose processes had work, and have ended since."""
    monkeypatch.setattr(_pool, "IDLE", 0.2)
    _pool.started.cache_clear()
    assert answers("a") == ["a is done"]
    executor = _pool.started(1)
    end = time.monotonic() + deadly.PATIENCE
    while executor._processes:
        assert time.monotonic() < end
        time.sleep(0.01)
    time.sleep(0.5)  # until the last is joined
    yield
    _pool.started.cache_clear()


def answers(*items):
    told = {}
    end = time.monotonic() + deadly.PATIENCE
    for share in _pool.results(deadly.fate, items, processes=1, size=len(items)):
        told |= dict(share)
        assert time.monotonic() < end, "nothing is heard of a worker"
    return [told[place] for place in range(len(items))]


@pytest.mark.usefixtures("ended")
def test_work_is_done_by_new_processes():
    assert answers("b", "c") == ["b is done", "c is done"]


@pytest.mark.usefixtures("ended")
def test_a_new_process_that_dies_is_noticed():
    assert answers("dies") == [_pool.Death("SIGKILL", timeout=False)]
