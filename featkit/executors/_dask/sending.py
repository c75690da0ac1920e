"""Functions that are sent to Dask workers as text and names.

Dask unpickles a task in the scheduler, and in a worker when it arrives. If featkit is missing
there, that would fail in the scheduler, and end the worker. So the function of a task is sent by
value, uses only the standard library, and imports the other one when the task runs.
"""

from __future__ import annotations

import pickle
import pkgutil
import sys
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import cloudpickle


class Sent:
    """A function that a worker imports when it is called.

    On the other side it is a `functools.partial` of `call_by_name`.

    Parameters
    ----------
    function : callable
        A function of a module.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.name = f"{function.__module__}:{function.__qualname__}"

    def __call__(self, *arguments: Any, dask_worker: Any = None) -> Any:
        """Call the function."""
        return call_by_name(self.name, *arguments, dask_worker=dask_worker)

    def __reduce__(self) -> tuple[Any, ...]:
        return pickle.loads, (_pickled_call(self.name),)


def call_by_name(name: str, *arguments: Any, dask_worker: Any = None) -> Any:
    """Import a function and call it; `Client.run` adds the worker, a task does not."""
    options = {} if dask_worker is None else {"dask_worker": dask_worker}
    return pkgutil.resolve_name(name)(*arguments, **options)


@lru_cache(maxsize=8)
def _pickled_call(name: str) -> bytes:
    """Pickle `call_by_name` of a name with its code, not as the name of this module."""
    module = sys.modules[__name__]
    cloudpickle.register_pickle_by_value(module)
    try:
        return bytes(cloudpickle.dumps(partial(call_by_name, name)))
    finally:
        cloudpickle.unregister_pickle_by_value(module)
