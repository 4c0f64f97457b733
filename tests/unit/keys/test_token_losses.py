"""A PKCS#11 token that is taken away, made anew or given another PIN while it is in use."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from peers import needs, require_module
from softhsm import PIN, SoftToken

from zeep_wssec.errors import KeyLoadError, KeyMaterialError, WrongPasswordError
from zeep_wssec.keys import token_connection
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.token_connection import TokenModule, open_module
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.certificates import generate_key


@pytest.fixture(scope="module")
def issued(authority: Authority) -> Issued:
    return authority.issue("lost", key=generate_key("rsa-2048"))


@pytest.fixture
def token(issued: Issued, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    """A token with one key; nothing waits for the clock."""
    monkeypatch.setattr(token_connection, "RESTART_SECONDS", 0)
    monkeypatch.setattr(token_connection, "LOOK_SECONDS", 0)
    made = SoftToken()
    made.write(issued, label="us", number=1)
    return made


def opened(token: SoftToken, pin: str = PIN, **options: Any) -> Keystore:
    return Keystore.from_pkcs11(token.module, token=token.label, password=pin, **options)


@contextmanager
def used_elsewhere(module: TokenModule) -> Iterator[None]:
    """Have another thread in the middle of an operation on a module."""
    inside, leave = threading.Event(), threading.Event()

    def keep() -> None:
        with module.used():
            inside.set()
            leave.wait(60)

    thread = threading.Thread(target=keep)
    thread.start()
    assert inside.wait(60)
    try:
        yield
    finally:
        leave.set()
        thread.join()


def sign(store: Keystore) -> bytes:
    signer = store.snapshot().require_key().require_signer()
    return signer.sign(b"x", scheme="rsa-pkcs1v15", digest="sha256")


def decrypt(store: Keystore, issued: Issued) -> bytes:
    public: Any = issued.certificate.public_key
    sealed = public.encrypt(b"k" * 32, padding.PKCS1v15())
    decrypter = store.snapshot().require_key().require_decrypter()
    return decrypter.decrypt(sealed, scheme="rsa-pkcs1v15")


def folder_of(token: SoftToken) -> Path:
    """Where SoftHSM has the token."""
    tokens = Path(os.environ["SOFTHSM2_CONF"]).parent / "tokens"
    name = token.label.encode()
    return next(item for item in tokens.iterdir() if name in (item / "token.object").read_bytes())


@pytest.mark.parametrize("use", ["sign", "decrypt", "reload"])
def test_token_that_was_out(token: SoftToken, issued: Issued, use: str) -> None:
    """While it is away there is an error; once it is back it works again, without a new process."""
    uses = {
        "sign": sign,
        "decrypt": lambda store: decrypt(store, issued),
        "reload": Keystore.reload,
    }
    store, place = opened(token, cache_seconds=3600), folder_of(token)
    uses[use](store)
    away = place.rename(place.parent.parent / "away")
    with pytest.raises(KeyMaterialError, match=token.label):
        uses[use](store)
    away.rename(place)
    assert uses[use](store)


def test_token_beside_one_that_is_gone(token: SoftToken, issued: Issued) -> None:
    """It does not matter to a token that another one on the same module is away."""
    other, place = SoftToken(), folder_of(token)
    other.write(issued, label="other", number=1)
    store = opened(token)
    sign(store)
    away = place.rename(place.parent.parent / "away")
    try:
        assert sign(opened(other))
    finally:
        away.rename(place)
    assert sign(store)


def test_module_is_not_started_again_at_once(
    token: SoftToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each start ends all sessions on a module: of those that follow each other closely there is one."""
    store, place, module = opened(token), folder_of(token), open_module(token.module)
    sign(store)
    before = module.generation
    away = place.rename(place.parent.parent / "away")
    try:
        with pytest.raises(KeyLoadError):
            sign(store)
        started = module.generation
        assert started is not before
        monkeypatch.setattr(token_connection, "RESTART_SECONDS", 1e9)
        with pytest.raises(KeyLoadError):
            sign(store)
        assert module.generation is started
    finally:
        away.rename(place)


def test_what_does_not_decrypt_starts_nothing(
    token: SoftToken, issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sends a message may make a token fail; sessions and module stay as they are."""
    pkcs11: Any = require_module("pkcs11")
    store, module = opened(token), open_module(token.module)
    decrypt(store, issued)
    before = module.generation
    decrypter: Any = store.snapshot().require_key().require_decrypter()
    session = decrypter._connection._session

    def failing(find: Any, use: Any, **how: Any) -> Any:
        def fail(key: Any) -> Any:
            raise pkcs11.GeneralError

        return run(find, fail, **how)

    run = decrypter._connection.run
    monkeypatch.setattr(decrypter._connection, "run", failing)
    with pytest.raises(ValueError, match="cannot be decrypted"):
        decrypter.decrypt(b"\0" * 256, scheme="rsa-pkcs1v15")
    assert decrypter._connection._session is session
    assert module.generation is before


def test_pin_that_was_changed(token: SoftToken) -> None:
    """The keystore that is read anew logs in with the new PIN, and who is logged in goes on."""
    store = opened(token)
    sign(store)
    token.tool("--change-pin", "--new-pin", "87654321")
    assert sign(store)
    assert sign(opened(token, "87654321"))
    with pytest.raises(WrongPasswordError, match="the PIN is wrong"):
        opened(token, "1111")
    assert sign(opened(token, "87654321"))


def test_wrong_pin_beside_the_right_one(token: SoftToken) -> None:
    """A keystore with a wrong PIN is refused, and takes nothing from the one that works."""
    store = opened(token)
    with pytest.raises(WrongPasswordError, match="the PIN is wrong"):
        opened(token, "1111")
    assert sign(store)
    assert sign(opened(token))


def test_pin_that_differs_a_moment_after(token: SoftToken, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the module cannot be started again yet, another PIN is refused, and not sent to the token."""
    store, module = opened(token), open_module(token.module)
    assert module.restart()
    sign(store)
    monkeypatch.setattr(token_connection, "RESTART_SECONDS", 1e9)
    with pytest.raises(WrongPasswordError, match="another than the one that this process has"):
        opened(token, "1111")
    assert sign(store)


def test_token_made_anew(token: SoftToken, issued: Issued) -> None:
    """Its keys are gone, and told to be; what is written to it then is used, under its new PIN."""
    store = opened(token)
    sign(store)
    token.make_anew("87654321")
    with pytest.raises(KeyMaterialError, match="not on the PKCS#11 token"):
        sign(store)
    token.write(issued, label="us", number=1)
    assert sign(opened(token, "87654321"))


def test_key_that_was_deleted_and_written_again(token: SoftToken, issued: Issued) -> None:
    """Missing while it is; found again afterwards."""
    store = opened(token)
    sign(store)
    token.tool("--delete-object", "--type", "privkey", "--id", "01")
    with pytest.raises(KeyMaterialError, match="not on the PKCS#11 token"):
        sign(store)
    token.write_key(issued, label="us", number=1)
    assert sign(store)


def test_finalizer_waits_for_nobody(token: SoftToken) -> None:
    """A keystore that is collected while another thread uses the module holds nobody up; its session ends later."""
    store, module = opened(token), open_module(token.module)
    gone = opened(token)
    sign(gone)
    with used_elsewhere(module):
        del gone
        gc.collect()
        assert module.ended
    assert sign(store)
    assert not module.ended


@needs(hasattr(os, "fork"), "there is no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_fork_while_the_module_is_in_use(token: SoftToken) -> None:
    """The child neither waits for the parent's thread nor closes sessions of the parent."""
    store, module = opened(token), open_module(token.module)
    before = sign(store)
    with used_elsewhere(module):
        child = os.fork()
        if not child:
            try:
                signal.alarm(60)
                same = sign(store) == before
            finally:
                os._exit(0 if same else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert sign(store) == before
