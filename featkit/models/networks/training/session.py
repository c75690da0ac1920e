"""A session of torch that gives the same bits in any process, and leaves torch as it was."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -3, -4
"""Parameters of glibc's ``mallopt``."""


@contextmanager
def one_thread(seed: int = 0) -> Iterator[None]:
    """Use one thread, deterministic algorithms, and random numbers of a seed.

    Afterwards, threads, flags and the state of torch's random numbers are as before.

    Parameters
    ----------
    seed : int
        Seed of torch's generator on the CPU.

    Yields
    ------
    None
    """
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    mode = torch.get_deterministic_debug_mode()
    fills = torch.utils.deterministic.fill_uninitialized_memory
    generator = torch.random.default_generator
    state = generator.get_state()
    try:
        torch.set_num_threads(1)
        torch.set_default_dtype(torch.float32)
        # The same as `use_deterministic_algorithms`, which imports a compiler for a second.
        torch.set_deterministic_debug_mode("error")
        torch.utils.deterministic.fill_uninitialized_memory = False
        generator.manual_seed(seed)
        with _memory_kept():
            yield
    finally:
        torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)
        torch.set_deterministic_debug_mode(mode)
        torch.utils.deterministic.fill_uninitialized_memory = fills
        generator.set_state(state)


@contextmanager
def _memory_kept() -> Iterator[None]:
    """Let glibc keep memory that is freed, for the next step of the training.

    By default it returns large blocks to the system, which fills them with zeros when they are
    needed again. This takes up to 40 % of the time of a network with large maps.
    """
    libc = _glibc()
    if libc is None:
        yield
        return
    libc.mallopt(M_MMAP_MAX, 0)
    libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
    try:
        yield
    finally:
        # The defaults, with the thresholds to which glibc raises them in any longer process.
        libc.mallopt(M_MMAP_MAX, 2**16)
        libc.mallopt(M_MMAP_THRESHOLD, 2**25)
        libc.mallopt(M_TRIM_THRESHOLD, 2**26)
        libc.malloc_trim(0)


def _glibc() -> Any:
    """The C library, if it is that of GNU."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    return libc if hasattr(libc, "gnu_get_libc_version") else None
