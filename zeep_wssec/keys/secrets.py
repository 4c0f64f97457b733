"""Passwords, named by where they are kept and read only when they are used."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, NoReturn, ParamSpec, Self, TypeVar

from zeep_wssec.errors import KeyLoadError, KeyMaterialError, WSSecError
from zeep_wssec.keys.callables import check_callable_name, import_callable
from zeep_wssec.keys.files import read_file, require_path

MAX_SECRET_BYTES = 64 * 1024

_Error = TypeVar("_Error", bound=Exception)
_Class = TypeVar("_Class")
_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")
_Kind = Literal["env", "file", "literal", "callable", "keyring"]


class HiddenBytes(bytes):
    """Octets that work as ``bytes`` do, but are never shown and never pickled.

    Whatever shows an object shows its fields by ``repr``: error tools, ``vars``, ``dataclasses.asdict``.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "<hidden>"

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return format(repr(self), format_spec)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise KeyMaterialError("A secret is not pickled: it would leave the process.")


class Secret:
    """A password that knows its source; ``repr`` shows the source, never the value.

    Make one with ``Secret.env``, ``Secret.file``, ``Secret.keyring``, ``Secret.of`` or ``Secret.callable``.
    What names its source pickles as that; a value and a function refuse.
    """

    __slots__ = ("_kind", "_source")

    _kind: _Kind
    _source: Any

    def __init__(self) -> None:
        raise TypeError(
            "Use Secret.env(...), Secret.file(...), Secret.keyring(...), Secret.of(...) or "
            "Secret.callable(...)."
        )

    @classmethod
    def _make(cls, kind: _Kind, source: Any) -> Secret:
        secret = object.__new__(cls)
        object.__setattr__(secret, "_kind", kind)
        object.__setattr__(secret, "_source", source)
        return secret

    @classmethod
    def env(cls, name: str) -> Secret:
        """Read it from the environment variable ``name`` at each use."""
        if not name or "=" in name or "\0" in name:
            raise KeyLoadError(f"{name!r} is not the name of an environment variable.")
        return cls._make("env", name)

    @classmethod
    def file(cls, path: str | os.PathLike[str]) -> Secret:
        """Read it from a file at each use; one last line end is not part of it."""
        return cls._make("file", require_path(path, what="a file with a secret"))

    @classmethod
    def of(cls, literal: str | bytes) -> Secret:
        """Hold a value that the program already has; text is taken as UTF-8."""
        octets = literal.encode() if isinstance(literal, str) else literal
        return cls._make("literal", HiddenBytes(octets))

    @classmethod
    def callable(cls, func: Callable[[], str | bytes] | str) -> Secret:
        """Ask ``func`` at each use: a vault, a prompt; or its name, ``"package.module:function"``."""
        if isinstance(func, str):
            check_callable_name(func)
        return cls._make("callable", func)

    @classmethod
    def keyring(cls, service: str, username: str) -> Secret:
        """Ask the keyring of the system at each use; needs the extra ``keyring``."""
        if not service or not username:
            raise KeyLoadError("A password in a keyring has the name of a service and of a user.")
        return cls._make("keyring", (service, username))

    def reveal(self) -> bytes:
        """Read the value now.

        Raises:
            KeyLoadError: The variable is not set, the file cannot be read, or the callable failed.
        """
        if self._kind == "literal":
            return bytes(self._source)
        if self._kind == "env":
            return self._from_env()
        if self._kind == "file":
            data = read_file(self._source, what="a file with a secret", limit=MAX_SECRET_BYTES)
            return data[:-2] if data.endswith(b"\r\n") else data.removesuffix(b"\n")
        if self._kind == "keyring":
            return _ask_keyring(*self._source)
        return self._from_callable()

    def _from_env(self) -> bytes:
        value = os.environ.get(self._source)
        if value is None:
            raise KeyLoadError(
                f"The environment variable {self._source} is not set.",
                hint="It must hold the secret when the secret is used.",
                source=self._source,
            )
        return os.fsencode(value)

    def _from_callable(self) -> bytes:
        func = import_callable(self._source) if isinstance(self._source, str) else self._source
        try:
            value = func()
        except Exception as error:
            raise KeyLoadError(f"{self!r} failed with {type(error).__name__}.") from error
        if not isinstance(value, (str, bytes)):
            raise KeyLoadError(f"{self!r} gave {type(value).__name__}; str or bytes expected.")
        return value.encode() if isinstance(value, str) else value

    def __repr__(self) -> str:
        if self._kind == "literal":
            return "Secret.of(…)"
        if self._kind == "keyring":
            service, username = self._source
            return f"Secret.keyring({service!r}, {username!r})"
        if self._kind == "callable" and not isinstance(self._source, str):
            return f"Secret.callable({getattr(self._source, '__qualname__', type(self._source).__name__)})"
        return f"Secret.{self._kind}({self._source!r})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"Secret is frozen; {name} cannot be set.")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"Secret is frozen; {name} cannot be removed.")

    def __reduce__(self) -> tuple[Any, ...]:
        if self._kind == "env":
            return (Secret.env, (self._source,))
        if self._kind == "file":
            return (Secret.file, (self._source,))
        if self._kind == "keyring":
            return (Secret.keyring, self._source)
        if self._kind == "callable" and isinstance(self._source, str):
            return (Secret.callable, (self._source,))
        raise KeyMaterialError(
            f"{self!r} is not pickled: the value would leave the process.",
            hint="Use Secret.env or Secret.file, which pickle as their source.",
        )


def _ask_keyring(service: str, username: str) -> bytes:
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        raise KeyLoadError(
            "A password is in the keyring of the system, but the library keyring is missing.",
            hint="Install it: pip install 'zeep-wssec[keyring]'.",
        ) from None
    try:
        value = keyring.get_password(service, username)
    except Exception as error:
        raise KeyLoadError(
            f"The keyring of the system cannot be asked: {type(error).__name__}."
        ) from error
    if value is None:
        raise KeyLoadError(
            f"The keyring of the system has no password of {username!r} for {service!r}.",
            hint=f"Put it there: keyring set {service} {username}",
        )
    return str(value).encode()


def as_secret(value: Secret | str | bytes | None) -> Secret | None:
    """Give a ``Secret`` for a setting that takes one, plain text or bytes, or nothing.

    Raises:
        KeyLoadError: It is something else.
    """
    if value is None or isinstance(value, Secret):
        return value
    if isinstance(value, str | bytes):
        return Secret.of(value)
    raise KeyLoadError(
        f"A password is Secret, str or bytes, not {type(value).__name__}.",
        hint="Secret.env(...) and Secret.file(...) name where it is kept.",
    )


def without_frames(error: _Error) -> _Error:
    """Give ``error`` without the frames that it came through, so that it can be raised from here.

    Their variables hold passwords and keys, and tools that report errors show the variables of frames.
    What the error was raised ``from`` stays.
    """
    error.__traceback__ = None
    error.__context__ = None
    return error


def hides_frames(function: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """Have errors of the package leave ``function`` without frames, its own and those below.

    For what is given secrets or plain text: a traceback then ends at the caller.
    """

    @wraps(function)
    def call(*given: _Given.args, **named: _Given.kwargs) -> _Result:
        try:
            return function(*given, **named)
        except WSSecError as error:
            del given, named
            raise without_frames(error)  # noqa: B904  # it is the same error

    return call


def hides_frames_when_made(kind: type[_Class]) -> type[_Class]:
    """Have errors of the package leave the constructor of a class as ``hides_frames`` does."""
    made: Any = kind
    made.__init__ = hides_frames(made.__init__)
    return kind


def describe_origin(*secrets: Secret | None) -> str:
    """Say where passwords came from, as a hint for one that does not open its file; never a value."""
    given = [repr(secret) for secret in secrets if secret is not None]
    if not given:
        return "No password was given: password=Secret.env(...) or Secret.file(...)."
    return f"The password came from {' and '.join(given)}."
