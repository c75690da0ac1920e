"""Properties that are computed once for each object, without a lock.

In Python 3.11, `functools.cached_property` holds one lock for all objects of a class while it
computes a value. Threads that analyse different clips would wait for each other.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Self, TypeVar, overload

T = TypeVar("T", covariant=True)


class cached_property(functools.cached_property[T]):  # noqa: N801 - named as in functools
    """A property whose value is stored in the object on first use.

    If several threads use it first at the same time, it may be computed more than once. So the
    function must have no side effects.

    Parameters
    ----------
    func : callable
        ``func(object)`` returns the value.
    """

    def __init__(self, func: Callable[[Any], T]) -> None:
        super().__init__(func)

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> T: ...

    def __get__(self, instance: object, owner: type[Any] | None = None) -> Any:
        """Compute and store the value: later uses find it in the object itself."""
        if instance is None:
            return self
        assert self.attrname is not None
        value = self.func(instance)
        return vars(instance).setdefault(self.attrname, value)
