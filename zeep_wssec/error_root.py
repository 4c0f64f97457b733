"""What every error of the package has; the tree of them is drawn in ``errors``."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal

from zeep.exceptions import Error as _ZeepError

RequestSent = Literal["no", "yes", "unknown"]


class WSSecError(_ZeepError):
    """Root of the tree; a ``zeep.exceptions.Error``, so handlers that callers already have keep working."""

    code: ClassVar[str] = "error"
    """Stable name of the kind of failure: for logs, metrics and tests."""

    def __init__(self, message: str, *, hint: str = "", **details: Any) -> None:
        super().__init__(message)  # type: ignore[no-untyped-call]
        self.hint = hint
        """What to do about it, or empty."""
        self.details: dict[str, Any] = details
        """What the message says, as plain data; never a secret."""
        self.request_sent: RequestSent = "unknown"
        """Whether the request had left when this was raised; a refused answer is not an unsent request."""

    def __str__(self) -> str:
        path = self.details.get("path", "")
        text = f"{path}: {self.message}" if path else str(self.message)
        return f"{text} {self.hint}" if self.hint else text

    def __getattr__(self, name: str) -> Any:
        details = self.__dict__.get("details", {})
        if name in details:
            return details[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), str(self.message), self.__dict__.copy()))

    def to_dict(self) -> dict[str, Any]:
        """Give the error as plain, JSON-ready data: class, code, message, hint and details."""
        return {
            "error": type(self).__name__,
            "code": self.code,
            "message": str(self.message),
            "hint": self.hint,
            "request_sent": self.request_sent,
            "details": {name: _plain(value) for name, value in self.details.items()},
        }


def _rebuild(kind: type[WSSecError], message: str, state: dict[str, Any]) -> WSSecError:
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.__dict__.update(state)
    return error


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
