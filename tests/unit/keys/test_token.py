"""Keys on a PKCS#11 token: SoftHSM's, written by softhsm2-util and pkcs11-tool."""

from __future__ import annotations

import gc
import os
import pickle
import threading
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from peers import require_module
from softhsm import PIN, SoftToken

from zeep_wssec.errors import (
    KeyLoadError,
    KeyMaterialError,
    KeyMismatchError,
    KeyNotFoundError,
    KeyUsageError,
    WrongPasswordError,
)
from zeep_wssec.keys import token_connection
from zeep_wssec.keys.entries import FileKey, KeyEntry
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.keys.token_connection import TokenConnection, open_module
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.certificates import generate_key


@pytest.fixture(scope="module")
def pairs(authority: Authority) -> dict[str, Issued]:
    middle = authority.intermediate("Middle")
    kinds = {"rsa": "rsa-2048", "ec": "ec-p256", "ed": "ed25519"}
    return {name: middle.issue(name, key=generate_key(kind)) for name, kind in kinds.items()}


@pytest.fixture(scope="module")
def token(pairs: dict[str, Issued]) -> SoftToken:
    """A token with an RSA, an EC and an Ed25519 key, their certificates and the CA's."""
    made = SoftToken()
    for number, (name, issued) in enumerate(pairs.items(), start=1):
        made.write_key(issued, label=name, number=number)
        made.write_certificate(issued.certificate.der, label=name, number=number)
    (above,) = pairs["rsa"].chain
    made.write_certificate(above.der, label="CA", number=0xC0)
    return made


def opened(token: SoftToken, **options: Any) -> Keystore:
    options = {"password": Secret.of(PIN), "token": token.label, **options}
    return Keystore.from_pkcs11(token.module, **options)


@pytest.fixture(scope="module")
def keys(token: SoftToken) -> dict[str, KeyEntry]:
    return dict(opened(token).snapshot().keys)


def test_pairs_are_found_by_their_public_keys(
    keys: dict[str, KeyEntry], pairs: dict[str, Issued]
) -> None:
    """Every key comes with its certificate and the chain above it, under its label."""
    assert {alias: entry.certificate for alias, entry in keys.items()} == {
        alias: issued.certificate for alias, issued in pairs.items()
    }
    assert keys["rsa"].chain == pairs["rsa"].chain


SIGNING = [
    ("rsa", "rsa-pkcs1v15", "sha1"),
    ("rsa", "rsa-pkcs1v15", "sha256"),
    ("rsa", "rsa-pkcs1v15", "sha512"),
    ("rsa", "rsa-pkcs1v15", "sha3-256"),
    ("rsa", "rsa-pss", "sha256"),
    ("rsa", "rsa-pss", "sha512"),
    ("ec", "ecdsa", "sha256"),
    ("ec", "ecdsa", "sha384"),
    ("ed", "eddsa", ""),
]
HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3-256": hashes.SHA3_256(),
}


@pytest.mark.parametrize(("alias", "scheme", "digest"), SIGNING)
def test_signatures(
    keys: dict[str, KeyEntry], pairs: dict[str, Issued], alias: str, scheme: Any, digest: str
) -> None:
    """A signature of the token verifies under the public key, in the form that messages need."""
    value = keys[alias].require_signer().sign(b"data", scheme=scheme, digest=digest)
    public: Any = pairs[alias].certificate.public_key
    how: dict[str, Any] = {
        "rsa-pkcs1v15": lambda name: (padding.PKCS1v15(), name),
        "rsa-pss": lambda name: (padding.PSS(padding.MGF1(name), name.digest_size), name),
        "ecdsa": lambda name: (ec.ECDSA(name),),
        "eddsa": lambda name: (),
    }
    public.verify(value, b"data", *how[scheme](HASHES.get(digest)))


def test_decryption(keys: dict[str, KeyEntry], pairs: dict[str, Issued]) -> None:
    """OAEP with SHA-1 and PKCS #1 v1.5, as the token can; wrong ciphertext is one ValueError."""
    public: Any = pairs["rsa"].certificate.public_key
    sha1 = hashes.SHA1()  # noqa: S303
    decrypter = keys["rsa"].require_decrypter()
    sealed = public.encrypt(b"k" * 32, padding.OAEP(padding.MGF1(sha1), sha1, None))
    how: Any = {"scheme": "rsa-oaep", "digest": "sha1", "mgf_digest": "sha1"}
    assert decrypter.decrypt(sealed, **how) == b"k" * 32
    with pytest.raises(ValueError, match="cannot be decrypted"):
        decrypter.decrypt(bytes([sealed[0] ^ 1]) + sealed[1:], **how)
    sealed = public.encrypt(b"k" * 32, padding.PKCS1v15())
    assert decrypter.decrypt(sealed, scheme="rsa-pkcs1v15") == b"k" * 32


def test_what_the_token_cannot(keys: dict[str, KeyEntry], pairs: dict[str, Issued]) -> None:
    """A scheme that the token does not know is named; it says nothing of the ciphertext."""
    public: Any = pairs["rsa"].certificate.public_key
    sealed = public.encrypt(
        b"k", padding.OAEP(padding.MGF1(hashes.SHA384()), hashes.SHA384(), None)
    )
    how: Any = {"scheme": "rsa-oaep", "digest": "sha384", "mgf_digest": "sha384"}
    with pytest.raises(KeyUsageError, match="cannot decrypt with rsa-oaep, sha384"):
        keys["rsa"].require_decrypter().decrypt(sealed, **how)
    with pytest.raises(KeyUsageError, match="of kind rsa on a token cannot sign with ecdsa"):
        keys["rsa"].require_signer().sign(b"x", scheme="ecdsa", digest="sha256")


def test_agreement(keys: dict[str, KeyEntry], pairs: dict[str, Issued]) -> None:
    """Both sides come to the same secret; a key on another curve is a ValueError."""
    peer = FileKey(generate_key("ec-p256", reuse=False))
    agreement = keys["ec"].require_agreement()
    theirs = pairs["ec"].certificate.public_key_der
    assert agreement.agree(_public_der(peer)) == peer.agree(theirs)
    with pytest.raises(ValueError, match=r".*"):
        agreement.agree(_public_der(FileKey(generate_key("ec-p384"))))
    with pytest.raises(ValueError, match=r".*"):
        agreement.agree(b"nothing")


def _public_der(key: FileKey) -> bytes:
    return key._key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def test_what_is_listed(token: SoftToken) -> None:
    """A list says that the keys are elsewhere, and what they can do."""
    listed = {entry.alias: entry for entry in opened(token).entries()}
    assert {entry.key_place for entry in listed.values()} == {"elsewhere"}
    assert listed["rsa"].abilities == ("sign", "decrypt")
    assert "sign" in listed["ed"].abilities


def test_keys_by_label_and_id(token: SoftToken) -> None:
    """One key may be chosen, and called something else."""
    assert list(opened(token, only=["ec"], alias="us").snapshot().keys) == ["us"]
    assert list(opened(token, key_id=b"\x03").snapshot().keys) == ["ed"]
    with pytest.raises(KeyNotFoundError, match="'ec', 'ed', 'rsa'"):
        opened(token, only=["dsa"])
    with pytest.raises(KeyNotFoundError, match=r"no private key has the id 09.*'rsa' \(01\)"):
        opened(token, key_id=b"\x09")


def test_wrong_pin_is_tried_once(token: SoftToken, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token locks itself after some wrong PINs: the same one is not sent again."""
    monkeypatch.setattr(token_connection, "RESTART_SECONDS", 0)
    monkeypatch.setenv("PIN", "9999")
    other = SoftToken()
    other.write(Authority.create("x").issue("x"), label="x", number=1)
    with pytest.raises(WrongPasswordError, match=r"the PIN is wrong.*Secret\.env\('PIN'\)"):
        opened(other, password=Secret.env("PIN"))
    store = opened(other, password=PIN, cache_seconds=0)
    with pytest.raises(WrongPasswordError, match="the PIN is wrong"):
        opened(other, password=Secret.env("PIN"))
    monkeypatch.setenv("PIN", PIN)
    assert opened(other, password=Secret.env("PIN")).snapshot().require_key()
    assert store.snapshot().require_key()


def test_refused_pin_is_not_sent_again() -> None:
    """Whatever a keystore is asked for afterwards: tokens count."""
    other = SoftToken()
    connection = TokenConnection(
        open_module(other.module), token=other.label, slot=None, pin=Secret.of("9999")
    )
    for problem in ("is wrong", "was refused before, and is not tried again"):
        with pytest.raises(WrongPasswordError, match=problem):
            connection.run(lambda session, found: None, lambda found: None)


def test_keystore_that_is_gone_takes_no_login_with_it(token: SoftToken) -> None:
    """A login is that of the process: another keystore on the same token goes on."""
    first, second = opened(token), opened(token)
    del first
    gc.collect()
    signer = second.snapshot().require_key("rsa").require_signer()
    assert signer.sign(b"x", scheme="rsa-pss", digest="sha256")


def test_login_that_somebody_else_ended(token: SoftToken) -> None:
    """The process logs in again."""
    store = opened(token)
    pkcs11: Any = require_module("pkcs11")
    others = pkcs11.lib(token.module).get_token(token_label=token.label)
    module = open_module(token.module)
    session, mark = module.logins[others.slot.slot_id]
    session.close()
    assert opened(token).entries()
    module.logins[others.slot.slot_id][0].close()
    signer = store.snapshot().require_key("rsa").require_signer()
    assert signer.sign(b"x", scheme="rsa-pss", digest="sha256")
    assert module.logins[others.slot.slot_id][1] == mark


def test_without_pin_nothing_is_seen() -> None:
    """Private keys are hidden until somebody logs in; the error says so."""
    other = SoftToken()
    other.write(Authority.create("x").issue("x"), label="x", number=1)
    with pytest.raises(KeyLoadError, match=r"no private key that can be seen.*Give the PIN"):
        opened(other, password=None)


def test_token_that_is_not_there(token: SoftToken) -> None:
    """The error lists the tokens that are."""
    with pytest.raises(KeyLoadError, match=token.label):
        Keystore.from_pkcs11(token.module, token="another", password=PIN)
    with pytest.raises(KeyLoadError, match="cannot be loaded"):
        Keystore.from_pkcs11("/usr/lib/no-such-module.so", password=PIN)
    with pytest.raises(KeyLoadError, match="PKCS11_MODULE"):
        Keystore.from_pkcs11(password=PIN)


def test_certificate_beside_the_token(authority: Authority) -> None:
    """A token may hold keys alone; the certificate is then given, and finds its key."""
    issued = authority.issue("alone", key=generate_key("rsa-2048"))
    bare = SoftToken()
    bare.write_key(issued, label="alone", number=1)
    with pytest.raises(
        KeyMismatchError, match=r"no certificate belongs to the private key 'alone'"
    ):
        opened(bare)
    store = opened(bare, certificates=issued.certificate_pem)
    assert store.snapshot().require_key("alone").certificate == issued.certificate
    with pytest.raises(KeyMismatchError):
        opened(bare, certificates=authority.issue("other", key=generate_key("ec-p256")).certificate)


def test_two_keys_of_one_label(authority: Authority) -> None:
    """Their ids tell them apart."""
    both = SoftToken()
    for number, kind in ((1, "rsa-2048"), (2, "ec-p256")):
        both.write(authority.issue(kind, key=generate_key(kind)), label="us", number=number)
    assert sorted(opened(both).snapshot().keys) == ["us:01", "us:02"]


def test_many_threads(keys: dict[str, KeyEntry], pairs: dict[str, Issued]) -> None:
    """Threads that use one token at once all get their own signatures."""
    public: Any = pairs["rsa"].certificate.public_key
    failed: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for number in range(20):
                data = f"{name} {number}".encode()
                value = keys["rsa"].require_signer().sign(data, scheme="rsa-pss", digest="sha256")
                scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
                public.verify(value, data, scheme, hashes.SHA256())
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_session_that_is_gone_is_opened_again(token: SoftToken, pairs: dict[str, Issued]) -> None:
    """A service that was restarted, or a card that was out for a moment, costs no message."""
    entry = opened(token).snapshot().require_key("rsa")
    signer: Any = entry.require_signer()
    signer.sign(b"x", scheme="rsa-pss", digest="sha256")
    signer._connection._session.close()
    assert signer.sign(b"x", scheme="rsa-pss", digest="sha256")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_after_a_fork(token: SoftToken) -> None:
    """A child opens its own session; that of the parent goes on."""
    signer = opened(token).snapshot().require_key("rsa").require_signer()
    before = signer.sign(b"x", scheme="rsa-pkcs1v15", digest="sha256")
    child = os.fork()
    if not child:
        try:
            same = signer.sign(b"x", scheme="rsa-pkcs1v15", digest="sha256") == before
        finally:
            os._exit(0 if same else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert signer.sign(b"x", scheme="rsa-pkcs1v15", digest="sha256") == before


def test_renewal_on_the_token(authority: Authority) -> None:
    """A key that is written to the token counts at the next look; the same content gives the same entries."""
    live = SoftToken()
    live.write(authority.issue("one", key=generate_key("rsa-2048")), label="one", number=1)
    store = opened(live, cache_seconds=0)
    before = store.snapshot()
    assert store.snapshot() is before
    live.write(authority.issue("two", key=generate_key("ec-p256")), label="two", number=2)
    assert set(store.snapshot().keys) == {"one", "two"}


def test_nothing_leaves_the_process(keys: dict[str, KeyEntry]) -> None:
    """A key on a token is neither shown nor pickled."""
    signer = keys["rsa"].require_signer()
    assert PIN not in repr(signer)
    with pytest.raises(KeyMaterialError, match="not pickled"):
        pickle.dumps(signer)
