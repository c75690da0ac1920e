"""Requests of several threads that are answered together."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from featkit._utils.combining import Combiner


class Batches:
    """Squares numbers; the first call waits until the test lets it go on."""

    def __init__(self):
        self.sizes = []
        self.began, self.go_on = threading.Event(), threading.Event()

    def __call__(self, items):
        self.sizes.append(len(items))
        if len(self.sizes) == 1:
            self.began.set()
            assert self.go_on.wait(30)
        return [ValueError(f"no {item}") if item < 0 else item * item for item in items]


def run(items, limit=100.0, sizes=1.0):
    """Answer or error of each item; all but the first wait while it is computed."""
    batches = Batches()
    combiner = Combiner(batches, limit)

    def ask(item):
        try:
            return combiner(item, sizes)
        except ValueError as error:
            return str(error)

    with ThreadPoolExecutor(len(items)) as threads:
        first = threads.submit(ask, items[0])
        assert batches.began.wait(30)
        others = [threads.submit(ask, item) for item in items[1:]]
        while len(combiner._waiting) < len(items) - 1:
            pass
        batches.go_on.set()
        answers = [future.result(30) for future in (first, *others)]
    assert not combiner._waiting
    assert not combiner._is_busy
    return answers, batches.sizes


def test_requests_that_wait_are_answered_together():
    answers, sizes = run([1, 2, 3, 4, 5])
    assert answers == [1, 4, 9, 16, 25]
    assert sizes == [1, 4]


def test_no_more_than_the_limit_is_computed_together():
    answers, sizes = run([1, 2, 3, 4, 5, 6], limit=2.0)
    assert answers == [1, 4, 9, 16, 25, 36]
    assert sizes == [1, 2, 2, 1]


def test_a_request_above_the_limit_is_computed_alone():
    answers, sizes = run([1, 2, 3], limit=0.5)
    assert answers == [1, 4, 9]
    assert sizes == [1, 1, 1]


def test_the_error_of_a_request_is_its_own():
    answers, _ = run([1, -2, 3])
    assert answers == [1, "no -2", 9]


def test_an_error_of_the_computation_is_that_of_all_its_requests():
    def fail(items):
        raise KeyError("broken")

    combiner = Combiner(fail, 1.0)
    for _ in range(2):
        with pytest.raises(KeyError, match="broken"):
            combiner(1, 1.0)


def test_an_interrupted_thread_leaves_the_others_their_turn():
    calls = []

    def compute(items):
        calls.append(items)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return items

    combiner = Combiner(compute, 1.0)
    with pytest.raises(KeyboardInterrupt):
        combiner(1, 1.0)
    assert combiner(2, 1.0) == 2


def test_an_error_of_one_request_that_ends_the_computation_spares_the_others():
    began, go_on = threading.Event(), threading.Event()
    sizes = []

    def compute(items):
        sizes.append(len(items))
        if len(sizes) == 1:
            began.set()
            assert go_on.wait(30)
        if -2 in items:
            raise MemoryError("too large")
        return items

    combiner = Combiner(compute, 100.0)
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(combiner, 1, 1.0)
        assert began.wait(30)
        bad, good = (threads.submit(combiner, item, 1.0) for item in (-2, 3))
        while len(combiner._waiting) < 2:
            pass
        go_on.set()
        assert (first.result(30), good.result(30)) == (1, 3)
        with pytest.raises(MemoryError):
            bad.result(30)
    assert sizes == [1, 2, 1, 1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_process_does_not_wait_for_threads_that_it_lacks():
    began, go_on = threading.Event(), threading.Event()

    def compute(items):
        if items == ["slow"]:
            began.set()
            assert go_on.wait(30)
        return items

    combiner = Combiner(compute, 1.0)
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(combiner, "slow", 1.0)
        assert began.wait(30)
        child = os.fork()
        if child == 0:
            signal.alarm(10)  # ends a child that waits
            os._exit(0 if combiner("quick", 1.0) == "quick" else 1)
        _, status = os.waitpid(child, 0)
        go_on.set()
        assert slow.result(30) == "slow"
    assert status == 0
