"""A PKCS#11 token: one session that is logged in, used by one thread at a time, reopened when it is gone.

python-pkcs11 starts a module without locks of its own, so whatever goes to one module goes through one
lock here, from all keystores of the process. After a fork the child starts the module again and logs in.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from zeep_wssec.errors import KeyLoadError, KeyMaterialError, WrongPasswordError
from zeep_wssec.keys.files import shown_path
from zeep_wssec.keys.secrets import Secret, describe_origin

if TYPE_CHECKING:
    import pkcs11

_Result = TypeVar("_Result")
_log = logging.getLogger(__name__)
_SALT = os.urandom(16)
_ADVICE = "Install it: pip install 'zeep-wssec[pkcs11]'."
LOOK_SECONDS = 10.0
"""How long what was found on a token is used before it is looked for again. Whether a token is gone is seen
there: an operation may fail for what a message holds, which must not start anything."""
RESTART_SECONDS = 10.0
"""Shortest time between two starts of one module, each of which ends all sessions on it."""
_Found = TypeVar("_Found")


class TokenModule:
    """A PKCS#11 library in this process; one object for each path."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.known: set[tuple[str | None, int | None]] = set()
        """Labels and slots of tokens that were there once."""
        self._restarted_at: float | None = None
        self.start_over()

    def start_over(self) -> None:
        """Forget what belongs to the process that this one was forked from."""
        self.lock = threading.RLock()
        self.generation = object()
        """Changes when every session is gone."""
        self.logins: dict[int, tuple[Any, bytes]] = {}
        """By slot: the session that is logged in, and a digest of its PIN. A login is that of the whole process,
        and ends with the session, so these are never closed."""
        self.users = 0
        """How many operations run, one within the other."""
        self.ended: list[tuple[Any, object]] = []
        """Sessions of keystores that are gone, with their generation; not closed yet."""
        self._started_by = 0

    @contextlib.contextmanager
    def used(self) -> Iterator[None]:
        """Have the module alone."""
        with self.lock:
            self.close_ended()
            self.users += 1
            try:
                yield
            finally:
                self.users -= 1

    def close_ended(self) -> None:
        """Close sessions that nobody uses, unless the module is in use: a finalizer waits for nobody."""
        import pkcs11

        if not self.lock.acquire(blocking=False):
            return
        try:
            while self.ended and not self.users:
                session, generation = self.ended.pop()
                if generation is self.generation:
                    with contextlib.suppress(pkcs11.PKCS11Error):
                        session.close()
        finally:
            self.lock.release()

    def restart(self) -> bool:
        """Start the library again, for one that does not get over the loss of a token; not too often.

        Returns:
            Whether it was; all sessions on it are gone then.
        """
        import pkcs11

        now = time.monotonic()
        if self._restarted_at is not None and now - self._restarted_at < RESTART_SECONDS:
            return False
        self._restarted_at = now
        _log.warning("The PKCS#11 module %s is started again", shown_path(self.path))
        self.generation, self.logins = object(), {}
        with contextlib.suppress(pkcs11.PKCS11Error):
            _restart(self.library())
            return True
        return False

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
    """Start a module again; in a child, since its copy of the state is of no use."""
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
        self._looked_at = 0.0
        self._refused_pin = b""

    @property
    def name(self) -> str:
        """What errors call the token."""
        if self._label is not None:
            return f"the PKCS#11 token {self._label!r}"
        return "the PKCS#11 token" + ("" if self._slot is None else f" in slot {self._slot}")

    def run(
        self,
        find: Callable[[pkcs11.Session, dict[Any, Any]], _Found],
        use: Callable[[_Found], _Result],
        *,
        secret: bool = False,
    ) -> _Result:
        """Find something on the token and use it; again in a new session if that turns out to be gone.

        Args:
            find: Given the session, and what was found there before, for it to keep.
            use: Given what was found.
            secret: Whether a failure of ``use`` may depend on what a message holds: then only what says that
                the session is gone leads to a new one.

        Raises:
            KeyLoadError: The token is not there.
            WrongPasswordError: The PIN is wrong.
            pkcs11.PKCS11Error: What the functions raised.
        """
        import pkcs11

        with self._module.used():
            for attempt in (1, 2, 3):
                bound = False
                try:
                    found = find(self._open(again=attempt > 1), self._found)
                    self._module.known.add((self._label, self._slot))
                    bound = secret
                    return use(found)
                except (pkcs11.PKCS11Error, KeyLoadError) as error:
                    if self._may_try_again(error, attempt, bound=bound):
                        self._forget()
                        continue
                    if isinstance(error, _gone_errors()):
                        self._forget()
                        raise self.mapped(error) from None
                    raise
        raise AssertionError("the last attempt ends")

    def _may_try_again(self, error: Exception, attempt: int, *, bound: bool) -> bool:
        """Tell whether another attempt may succeed; for the last one the module is started again."""
        import pkcs11

        if isinstance(error, pkcs11.NoSuchKey):
            # Private keys are not seen without a login, which others in the process may have ended.
            return attempt == 1
        if isinstance(error, WrongPasswordError):
            return False
        if not isinstance(error, KeyLoadError):
            # Without a name of its own: as when the module was not started, or stopped by somebody else.
            lost = isinstance(error, _gone_errors()) or type(error) is pkcs11.PKCS11Error
            if bound or not (
                lost or isinstance(error, pkcs11.GeneralError | pkcs11.FunctionFailed)
            ):
                return lost and attempt == 1
            if attempt == 1:
                return True
        was_there = (self._label, self._slot) in self._module.known
        return attempt < 3 and was_there and self._module.restart()

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
                token = self._log_in(token, self._pin.reveal(), again=again)
            self._session = token.open()
            self._generation = self._module.generation
            self._looked_at = time.monotonic()
            ended = weakref.finalize(self, _close, self._session, self._module, self._generation)
            ended.atexit = False
        elif time.monotonic() - self._looked_at >= LOOK_SECONDS:
            self._found, self._looked_at = {}, time.monotonic()
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
            except pkcs11.PKCS11Error:  # one that is gone or broken is not in the way of others
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

    def _log_in(self, token: pkcs11.Token, pin: bytes, *, again: bool) -> pkcs11.Token:
        """Log the process in, unless another keystore has done so with the same PIN; give the token then."""
        import pkcs11

        mark = hashlib.blake2b(pin, key=_SALT).digest()
        if mark == self._refused_pin:
            raise self._wrong_pin(
                "was refused before, and is not tried again: tokens lock themselves"
            )
        held = self._module.logins.get(token.slot.slot_id)
        if held is not None and not again:
            if held[1] == mark:
                return token
            # The PIN may have been changed: only a login tells, and nobody can log in twice. Who used the
            # token until now logs in again by himself.
            if not self._module.restart():
                raise self._wrong_pin(
                    "is another than the one that this process has logged in with a moment ago"
                )
            token = self._find_token()
        try:
            session = token.open(user_pin=pin.decode("utf-8"))
        except pkcs11.UserAlreadyLoggedIn:
            return token
        except (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, UnicodeDecodeError):
            self._refused_pin = mark
            raise self._wrong_pin("is wrong") from None
        except (pkcs11.PinLocked, pkcs11.PinExpired, pkcs11.UserPinNotInitialized) as error:
            self._refused_pin = mark
            raise self._wrong_pin(f"is of no use: {type(error).__name__}") from None
        self._module.logins[token.slot.slot_id] = (session, mark)
        return token

    def reveal_pin(self) -> str:
        """Give the PIN, for keys that ask for it at every use."""
        return self._pin.reveal().decode("utf-8", "replace") if self._pin is not None else ""

    def _wrong_pin(self, why: str) -> WrongPasswordError:
        return WrongPasswordError(
            f"{self.name}: the PIN {why}.", hint=describe_origin(self._pin), source=self.name
        )


def _close(session: Any, module: TokenModule, generation: object) -> None:
    """Close a session of a keystore that is gone; not one of the parent process, nor a dead one."""
    if generation is module.generation:
        module.ended.append((session, generation))
        module.close_ended()


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
