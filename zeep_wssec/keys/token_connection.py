"""A PKCS#11 token: one session that is logged in, used by one thread at a time, reopened when it is gone.

python-pkcs11 starts a module without locks of its own, so whatever goes to one module goes through one
lock here, from all keystores of the process. After a fork the child starts the module again and logs in.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from zeep_wssec.errors import KeyLoadError, KeyMaterialError, WrongPasswordError
from zeep_wssec.keys.files import shown_path
from zeep_wssec.keys.secrets import Secret, describe_origin

if TYPE_CHECKING:
    import pkcs11

_Result = TypeVar("_Result")
_SALT = os.urandom(16)
_ADVICE = "Install it: pip install 'zeep-wssec[pkcs11]'."


class TokenModule:
    """A PKCS#11 library in this process; one object for each path."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.start_over()

    def start_over(self) -> None:
        """Forget what belongs to the process that this one was forked from."""
        self.lock = threading.RLock()
        self.generation = object()
        """Changes when every session is gone."""
        self.logins: dict[int, tuple[Any, bytes]] = {}
        """By slot: the session that is logged in, and a digest of its PIN. A login is that of the whole process,
        and ends with the session, so these are never closed."""
        self._started_by = 0

    def library(self) -> Any:
        """Give the library, started in this process; the caller holds the lock.

        Raises:
            KeyLoadError: It is not there, or does not start.
        """
        import pkcs11

        known = self.path in pkcs11._loaded
        try:
            library = pkcs11.lib(self.path)
            if self._started_by != os.getpid():
                if known and _FORKED:
                    _restart(library)
                self._started_by = os.getpid()
        except pkcs11.PKCS11Error as error:
            raise KeyLoadError(
                f"{shown_path(self.path)}: this PKCS#11 module cannot be loaded: {error}.",
                hint="Say where it is: module=…; softhsm2, opensc and the makers of tokens bring one.",
                source=self.path,
            ) from None
        return library


def _restart(library: Any) -> None:
    """Start a module again in a child, whose copy of its state is of no use."""
    import pkcs11

    with contextlib.suppress(pkcs11.PKCS11Error):  # it may have noticed the fork by itself
        library.finalize()
    library.initialize()


_modules: dict[str, TokenModule] = {}
_FORKED: list[int] = []
"""Not empty in a process that was forked from one with modules."""


def _start_over() -> None:
    if _modules:
        _FORKED.append(os.getpid())
    for module in _modules.values():
        module.start_over()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_over)


def open_module(path: str | os.PathLike[str]) -> TokenModule:
    """Give the module at a path.

    Raises:
        KeyLoadError: python-pkcs11 is not installed.
    """
    try:
        import pkcs11  # noqa: F401
    except ImportError:
        raise KeyLoadError("A PKCS#11 token needs python-pkcs11.", hint=_ADVICE) from None
    name = os.fspath(path)
    return _modules.setdefault(name, TokenModule(name))


class TokenConnection:
    """A token that is found by its label or slot, with one session."""

    def __init__(
        self,
        module: TokenModule,
        *,
        token: str | None,
        slot: int | None,
        pin: Secret | None,
    ) -> None:
        self._module, self._label, self._slot, self._pin = module, token, slot, pin
        self._session: pkcs11.Session | None = None
        self._generation: object = None
        self._found: dict[Any, Any] = {}
        self._refused_pin = b""

    @property
    def name(self) -> str:
        """What errors call the token."""
        if self._label is not None:
            return f"the PKCS#11 token {self._label!r}"
        return "the PKCS#11 token" + ("" if self._slot is None else f" in slot {self._slot}")

    def run(self, operation: Callable[[pkcs11.Session, dict[Any, Any]], _Result]) -> _Result:
        """Run an operation in the session; a second time in a new one if the session turns out to be gone.

        Args:
            operation: Given the session, and what it found there before, for it to keep.

        Raises:
            KeyLoadError: The token is not there.
            WrongPasswordError: The PIN is wrong.
            pkcs11.PKCS11Error: What the operation raised.
        """
        import pkcs11

        gone = _gone_errors()
        with self._module.lock:
            for attempt in (1, 2):
                try:
                    session = self._open(again=attempt == 2)
                    return operation(session, self._found)
                except gone as error:
                    self._forget()
                    if attempt == 2:
                        raise self.mapped(error) from None
                except pkcs11.NoSuchKey:
                    # Private keys are not seen without a login, which others in the process may have ended.
                    self._forget()
                    if attempt == 2:
                        raise
                except pkcs11.PKCS11Error as error:
                    if type(error) is not pkcs11.PKCS11Error or attempt == 2:
                        raise
                    self._forget()  # the module was not started, or stopped by somebody else
        raise AssertionError("two attempts are made")

    def mapped(self, error: Exception) -> KeyMaterialError:
        """Make an error of ours of one of the token."""
        text = " ".join(str(error).split())[:200]
        kind = type(error).__name__ + (f": {text}" if text else "")
        return KeyMaterialError(
            f"{self.name} cannot be used: {kind}.",
            hint="It may have been removed, or its service may be down.",
            source=self.name,
        )

    def _open(self, *, again: bool) -> pkcs11.Session:
        if self._session is None or self._generation is not self._module.generation:
            self._forget()
            token = self._find_token()
            if self._pin is not None:
                self._log_in(token, self._pin.reveal(), again=again)
            self._session = token.open()
            self._generation = self._module.generation
            ended = weakref.finalize(self, _close, self._session, self._module, self._generation)
            ended.atexit = False
        return self._session

    def _forget(self) -> None:
        self._session, self._found = None, {}

    def mechanisms(self) -> set[Any]:
        """Give what the token can do; within an operation."""
        if self._session is None:
            raise AssertionError("within an operation")
        if "mechanisms" not in self._found:
            self._found["mechanisms"] = set(self._session.token.slot.get_mechanisms())
        found: set[Any] = self._found["mechanisms"]
        return found

    def _find_token(self) -> pkcs11.Token:
        import pkcs11

        tokens: list[pkcs11.Token] = []
        for slot in self._module.library().get_slots(token_present=True):
            try:
                tokens.append(slot.get_token())
            except (pkcs11.TokenNotPresent, pkcs11.TokenNotRecognised):
                continue
        found = [
            token
            for token in tokens
            if self._label in (None, token.label) and self._slot in (None, token.slot.slot_id)
        ]
        if self._label is None and self._slot is None:
            found = [token for token in found if token.flags & pkcs11.TokenFlag.TOKEN_INITIALIZED]
        if len(found) != 1:
            shown = ", ".join(f"{token.label!r} (slot {token.slot.slot_id})" for token in tokens)
            raise KeyLoadError(
                f"{self.name}: {len(found) or 'none'} found where one is needed.",
                hint=f"Say which with token=… or slot=…; there are: {shown or 'none'}.",
                source=self.name,
            )
        return found[0]

    def _log_in(self, token: pkcs11.Token, pin: bytes, *, again: bool) -> None:
        """Log the process in, unless another keystore has done so with the same PIN."""
        import pkcs11

        mark = hashlib.blake2b(pin, key=_SALT).digest()
        if mark == self._refused_pin:
            raise self._wrong_pin(
                "was refused before, and is not tried again: tokens lock themselves"
            )
        held = self._module.logins.get(token.slot.slot_id)
        if held is not None and not again:
            if held[1] != mark:
                raise self._wrong_pin(
                    "is another than the one that this process has logged in with"
                )
            return
        try:
            session = token.open(user_pin=pin.decode("utf-8"))
        except pkcs11.UserAlreadyLoggedIn:
            return
        except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, UnicodeDecodeError):
            self._refused_pin = mark
            raise self._wrong_pin("is wrong") from None
        except (pkcs11.PinLocked, pkcs11.PinExpired, pkcs11.UserPinNotInitialized) as error:
            self._refused_pin = mark
            raise self._wrong_pin(f"is of no use: {type(error).__name__}") from None
        self._module.logins[token.slot.slot_id] = (session, mark)

    def reveal_pin(self) -> str:
        """Give the PIN, for keys that ask for it at every use."""
        return self._pin.reveal().decode("utf-8", "replace") if self._pin is not None else ""

    def _wrong_pin(self, why: str) -> WrongPasswordError:
        return WrongPasswordError(
            f"{self.name}: the PIN {why}.", hint=describe_origin(self._pin), source=self.name
        )


def _close(session: Any, module: TokenModule, generation: object) -> None:
    """Close a session of a keystore that is gone; not one of the parent process, nor a dead one."""
    import pkcs11

    if generation is module.generation:
        with module.lock, contextlib.suppress(pkcs11.PKCS11Error):
            session.close()


def _gone_errors() -> tuple[type[Exception], ...]:
    """Give the errors that say: open the session again."""
    import pkcs11

    return (
        pkcs11.SessionHandleInvalid,
        pkcs11.SessionClosed,
        pkcs11.DeviceRemoved,
        pkcs11.DeviceError,
        pkcs11.TokenNotPresent,
        pkcs11.UserNotLoggedIn,
        pkcs11.KeyHandleInvalid,
        pkcs11.ObjectHandleInvalid,
    )
