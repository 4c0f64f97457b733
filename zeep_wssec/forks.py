"""What a forked process must not go on using: connections and locks of its parent."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Inheriting(Protocol):
    """Something that a child process gets as a copy."""

    def start_over(self) -> None:
        """Let go of what belongs to the parent, without closing it; called in the child alone."""


_living: weakref.WeakSet[Inheriting] = weakref.WeakSet()


def start_over_in_children(item: Inheriting) -> None:
    """Have ``item.start_over()`` called in every process that is forked from this one."""
    _living.add(item)


def _start_over() -> None:
    for item in list(_living):
        item.start_over()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_over)
