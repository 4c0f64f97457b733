"""Functions that a file names: ``"package.module:function"``."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import Any

from zeep_wssec.errors import KeyLoadError

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


def check_callable_name(name: str) -> str:
    """Give the name of a function back if it is one.

    Raises:
        KeyLoadError: It has another form.
    """
    if not _NAME.fullmatch(name):
        raise KeyLoadError(
            f"{name[:100]!r} does not name a function.", hint='Write "package.module:function".'
        )
    return name


def import_callable(name: str) -> Callable[[], Any]:
    """Import the module and give the function; what is imported runs, as any program does.

    Raises:
        KeyLoadError: There is no such module or function, or importing it fails.
    """
    module, _, path = check_callable_name(name).partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except Exception as error:
        raise KeyLoadError(
            f"{name} cannot be imported: {type(error).__name__}: {str(error)[:200]}.",
            hint="The module must be installed, or in a folder of PYTHONPATH.",
        ) from error
    if not callable(found):
        raise KeyLoadError(f"{name} is {type(found).__name__}, which cannot be called.")
    function: Callable[[], Any] = found
    return function
