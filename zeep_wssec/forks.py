"""What a forked process must not go on using: connections and locks of its parent."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any, Generic, Protocol, Self, TypeVar, overload

T = TypeVar("T")


class Inheriting(Protocol):
    """Something that a child process gets as a copy."""

    def start_over(self) -> None:
        """Let go of what belongs to the parent, without closing it; called in the child alone."""


class cached_property(Generic[T]):  # named as the one of functools
    """A property that is computed once an instance.

    That of functools has one lock for all instances until Python 3.12, which a forked process would wait
    for; here two threads may compute the value twice, and the same.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        """Decorate ``compute``."""
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> T: ...
    def __get__(self, instance: object | None, owner: type[Any] | None = None) -> T | Self:
        """Compute the value, once."""
        if instance is None:
            return self
        value: T = self._compute(instance)
        return vars(instance).setdefault(self._name, value)  # type: ignore[no-any-return]


_living: weakref.WeakSet[Inheriting] = weakref.WeakSet()


def start_over_in_children(item: Inheriting) -> None:
    """Have ``item.start_over()`` called in every process that is forked from this one."""
    _living.add(item)


class ProcessLock:
    """A lock that a forked process finds free, and that lets its thread in again: handlers of signals are
    called in the middle of anything."""

    def __init__(self) -> None:
        """Make it, free."""
        self.start_over()
        start_over_in_children(self)

    def start_over(self) -> None:
        """Use a lock of this process."""
        self._lock = threading.RLock()

    def acquire(self, *, blocking: bool = True) -> bool:
        """Take it; ``False`` where another thread has it, and this one does not wait."""
        return self._lock.acquire(blocking)

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *error: object) -> None:
        self._lock.release()


def _start_over() -> None:
    for item in list(_living):
        item.start_over()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_over)
