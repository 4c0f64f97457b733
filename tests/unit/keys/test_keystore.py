"""The public keystore."""

from __future__ import annotations

import base64
import copy
import logging
import pickle
from datetime import UTC, datetime
from pathlib import Path

import pytest

from zeep_wssec.errors import (
    DuplicateAliasError,
    KeyLoadError,
    KeyMaterialError,
    KeyMismatchError,
    KeyNotFoundError,
    WrongPasswordError,
)
from zeep_wssec.keys.entries import PartnerEntry
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.certificates import generate_key


@pytest.fixture(scope="module")
def partner(authority: Authority) -> Issued:
    return authority.intermediate("Partner CA").issue("partner", key=generate_key("rsa-2048"))


def test_kind_of_file_is_seen_from_its_content(client: Issued, tmp_path: Path) -> None:
    """The name of the file says nothing."""
    path = tmp_path / "anything.txt"
    for content in (client.pkcs12("geheim"), client.key_pem("geheim") + client.certificate_pem):
        path.write_bytes(content)
        entry = Keystore.load(path, password="geheim").snapshot().require_key()
        assert entry.certificate == client.certificate


def test_password_is_read_when_the_file_is(
    client: Issued, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret from the environment opens the file."""
    (tmp_path / "client.p12").write_bytes(client.pkcs12("geheim"))
    monkeypatch.setenv("P12_PASSWORD", "geheim")
    Keystore.load(tmp_path / "client.p12", password=Secret.env("P12_PASSWORD"))
    monkeypatch.setenv("P12_PASSWORD", "falsch")
    with pytest.raises(WrongPasswordError, match=r"client\.p12"):
        Keystore.load(tmp_path / "client.p12", password=Secret.env("P12_PASSWORD"))


def test_alias_renames_the_only_key(client: Issued) -> None:
    """Whatever the file calls it, the caller's name counts."""
    for content in (
        client.pkcs12("geheim", name="x"),
        client.key_pem("geheim") + client.certificate_pem,
    ):
        assert list(
            Keystore.from_bytes(content, password="geheim", alias="me").snapshot().keys
        ) == ["me"]


@pytest.mark.parametrize(
    "wrap",
    [lambda text: text, lambda text: "\n".join(text[i : i + 64] for i in range(0, len(text), 64))],
)
def test_environment_variable_holds_base64(
    client: Issued, monkeypatch: pytest.MonkeyPatch, wrap: object
) -> None:
    """Deployments hand a file over in base64, in one line or many."""
    text = base64.b64encode(client.pkcs12("geheim")).decode()
    monkeypatch.setenv("CLIENT_P12", wrap(text))  # type: ignore[operator]
    assert list(Keystore.from_env("CLIENT_P12", password="geheim").snapshot().keys) == ["key"]


def test_environment_variable_may_hold_pem(client: Issued, monkeypatch: pytest.MonkeyPatch) -> None:
    """PEM is text already."""
    monkeypatch.setenv("CLIENT_PEM", (client.key_pem() + client.certificate_pem).decode())
    assert list(Keystore.from_env("CLIENT_PEM").snapshot().keys) == ["key"]


@pytest.mark.parametrize("value", [None, "", "***", "aGVsbG8="])
def test_environment_variable_with_something_else(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    """The error names the variable and never shows what is in it."""
    monkeypatch.delenv("CLIENT_P12", raising=False)
    if value is not None:
        monkeypatch.setenv("CLIENT_P12", value)
    with pytest.raises(KeyLoadError, match="CLIENT_P12") as caught:
        Keystore.from_env("CLIENT_P12")
    assert not value or value not in str(caught.value)


def test_pem_from_several_files(partner: Issued, tmp_path: Path) -> None:
    """Key, certificate and chain as files; the certificate may be DER."""
    (tmp_path / "key.pem").write_bytes(partner.key_pem("geheim"))
    (tmp_path / "client.cer").write_bytes(partner.certificate.der)
    (tmp_path / "chain.pem").write_bytes(partner.chain[0].pem)
    store = Keystore.from_pem(
        key=tmp_path / "key.pem",
        certificate=tmp_path / "client.cer",
        chain=[tmp_path / "chain.pem"],
        password="geheim",
        alias="me",
    )
    entry = store.snapshot().require_key("me")
    assert (entry.certificate, entry.chain) == (partner.certificate, partner.chain)


def test_pem_with_another_certificate(client: Issued, partner: Issued) -> None:
    """A mixed-up pair is refused when it is loaded."""
    with pytest.raises(KeyMismatchError):
        Keystore.from_pem(key=client.key_pem(), certificate=partner.certificate_pem)
    Keystore.from_pem(key=client.key_pem(), certificate=client.certificate_pem)


LOOKS = {
    "is empty": b"",
    "BouncyCastle (BKS)": b"\x00\x00\x00\x02\x00\x00\x00\x14",
    "Kerberos keytab": b"\x05\x02\x00\x00\x00\x40",
    "PuTTY": b"PuTTY-User-Key-File-3: ssh-rsa",
    "XML or HTML": b"<!DOCTYPE html>",
    "JSON": b"[]",
    "broken DER": b"\x30\x82\x01",
    "looks like nothing known": b"hello world!",
}


@pytest.mark.parametrize(("look", "content"), LOOKS.items(), ids=LOOKS.keys())
def test_other_files_are_named(look: str, content: bytes) -> None:
    """The error says what the file looks like."""
    with pytest.raises(KeyLoadError) as caught:
        Keystore.from_bytes(content)
    assert look in str(caught.value)


def test_other_forms_of_keys_are_named(client: Issued) -> None:
    """A certificate, a bare key and base64 each get their own advice."""
    with pytest.raises(KeyLoadError, match="with_partner"):
        Keystore.from_bytes(client.certificate.der)
    with pytest.raises(KeyLoadError, match="PKCS#12 in base64"):
        Keystore.from_bytes(base64.b64encode(client.pkcs12("geheim")))
    with pytest.raises(
        KeyLoadError, match=r"exactly one private key expected, 0 found.*with_partner"
    ):
        Keystore.from_bytes(client.certificate_pem)


def test_partner(client: Issued, partner: Issued, authority: Authority) -> None:
    """The first certificate is the partner's; others in the file are its chain."""
    store = client.keystore("me").with_partner("bank", partner.chain_pem, anchors=authority.pem)
    entry = store.snapshot().require_partner("bank")
    assert (entry.certificate, entry.chain) == (partner.certificate, partner.chain)
    assert entry.anchors == (authority.certificate,)
    assert store.snapshot().trust.anchors == (authority.certificate,)


def test_partner_without_anchors_adds_no_trust(client: Issued, partner: Issued) -> None:
    """A partner's certificate is compared, and trusted for nothing else."""
    assert (
        client.keystore().with_partner("bank", partner.certificate).snapshot().trust.anchors == ()
    )


def test_partners_anchors_are_its_own(
    client: Issued, partner: Issued, authority: Authority
) -> None:
    """One partner's CA does not speak for another partner."""
    foreign = Authority.create("Foreign", now=authority.now)
    snapshot = (
        client.keystore()
        .with_trust(anchors=authority.pem)
        .with_partner("bank", partner.certificate)
        .with_partner("tax", foreign.issue("tax").certificate, anchors=foreign.pem)
        .snapshot()
    )
    assert snapshot.trust_for("bank").anchors == (authority.certificate,)
    assert snapshot.trust_for("tax").anchors == (foreign.certificate,)
    assert set(snapshot.trust.anchors) == {authority.certificate, foreign.certificate}


def test_empty_anchors_file_of_a_partner(client: Issued, partner: Issued, tmp_path: Path) -> None:
    """An empty file is a mistake here too."""
    (tmp_path / "ca.pem").write_bytes(b"")
    with pytest.raises(KeyLoadError, match=r"ca\.pem"):
        client.keystore().with_partner("bank", partner.certificate, anchors=tmp_path / "ca.pem")


def test_trust_adds_up(client: Issued, partner: Issued, authority: Authority) -> None:
    """Anchors, intermediates and pins may be given one after the other."""
    store = client.keystore().with_trust(anchors=authority.pem)
    store = store.with_trust(
        intermediates=partner.chain[0], pins=[partner.certificate.thumbprint_sha256]
    )
    trust = store.snapshot().trust
    assert trust.anchors == (authority.certificate,)
    assert trust.intermediates == partner.chain
    assert trust.is_pinned(partner.certificate)


def test_every_change_gives_a_new_keystore(client: Issued, partner: Issued) -> None:
    """The old one is as it was."""
    store = client.keystore("me")
    changed = store.with_partner("bank", partner.certificate)
    assert changed is not store
    assert list(store.snapshot().partners) == []
    assert list(changed.snapshot().partners) == ["bank"]


def test_snapshot_is_the_same_until_something_changes(client: Issued) -> None:
    """What a message uses does not change under it, and costs nothing to get."""
    store = client.keystore()
    assert store.snapshot() is store.snapshot()


def test_aliases_are_unique(client: Issued, partner: Issued) -> None:
    """Keys and partners share one set of names; nothing replaces anything silently."""
    store = client.keystore("me").with_partner("bank", partner.certificate)
    with pytest.raises(DuplicateAliasError, match=r"'bank'.*CN=partner"):
        store.with_partner("bank", client.certificate)
    with pytest.raises(DuplicateAliasError, match="'me'"):
        store.with_partner("me", partner.certificate)
    with pytest.raises(DuplicateAliasError, match="'me'"):
        store.merge(partner.keystore("me"))
    with pytest.raises(DuplicateAliasError, match="'bank'"):
        store.renamed("me", "bank")
    store.with_partner("bank2", partner.certificate)


def test_merge(client: Issued, partner: Issued, authority: Authority) -> None:
    """Entries and trust of both."""
    merged = client.keystore("me").merge(
        Keystore().with_partner("bank", partner.certificate).with_trust(anchors=authority.pem)
    )
    snapshot = merged.snapshot()
    assert (list(snapshot.keys), list(snapshot.partners)) == (["me"], ["bank"])
    assert snapshot.trust.anchors == (authority.certificate,)


def test_rename(client: Issued, partner: Issued) -> None:
    """Keys and partners can be renamed; what is not there cannot."""
    store = client.keystore("me").with_partner("bank", partner.certificate)
    snapshot = store.renamed("me", "we").renamed("bank", "tax").snapshot()
    assert (list(snapshot.keys), list(snapshot.partners)) == (["we"], ["tax"])
    assert snapshot.require_key("we").alias == "we"
    with pytest.raises(KeyNotFoundError, match="'nobody'") as caught:
        store.renamed("nobody", "x")
    assert caught.value.existing == ["me", "bank"]


def test_empty_alias_is_refused(client: Issued, partner: Issued) -> None:
    """An entry without a name could not be named in a profile."""
    with pytest.raises(KeyLoadError, match="alias"):
        client.keystore().with_partner("", partner.certificate)


def test_expired_key_is_loaded_with_a_warning(
    authority: Authority, client: Issued, caplog: pytest.LogCaptureFixture
) -> None:
    """Old keys are still needed to read old messages; using one to sign is refused elsewhere."""
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)
    expired = authority.issue("old", not_before=long_ago, not_after=long_ago.replace(year=2002))
    valid = authority.issue("new", not_before=long_ago, not_after=long_ago.replace(year=2999))
    with caplog.at_level(logging.WARNING, "zeep_wssec"):
        Keystore.from_bytes(valid.pkcs12("geheim"), password="geheim")
        assert caplog.messages == []
        Keystore.from_bytes(expired.pkcs12("geheim", name="me"), password="geheim")
    (message,) = caplog.messages
    assert "'me'" in message
    assert "CN=old" in message


def test_keystore_is_always_true() -> None:
    """zeep tests the truth of what it is given."""
    assert bool(Keystore()) is True
    assert not hasattr(Keystore, "__len__")
    assert not hasattr(Keystore, "__bool__")


def test_repr_has_aliases_only(client: Issued, partner: Issued) -> None:
    """A log shows which entries there are."""
    store = client.keystore("me").with_partner("bank", partner.certificate)
    assert repr(store) == "<Keystore: keys ['me'], partners ['bank']>"


def test_keystore_does_not_pickle(client: Issued) -> None:
    """Private keys do not leave the process; the error says what to do instead."""
    store = client.keystore()
    for held in (store, store.snapshot(), Keystore()):
        with pytest.raises(KeyMaterialError, match="load its own"):
            pickle.dumps(held)
        with pytest.raises(KeyMaterialError):
            copy.deepcopy(held)


def test_frozen(client: Issued) -> None:
    """Neither keystore nor snapshot can be changed in place."""
    store = client.keystore("me")
    with pytest.raises(AttributeError):
        store._snapshot = Keystore().snapshot()
    with pytest.raises(TypeError):
        store.snapshot().keys["you"] = store.snapshot().keys["me"]  # type: ignore[index]


def test_entries_of_ones_own(client: Issued, partner: Issued) -> None:
    """Entries from elsewhere, a token or a remote signer, are given to the constructor."""
    entry = client.keystore("me").snapshot().require_key()
    store = Keystore([entry], partners=[PartnerEntry("bank", certificate=partner.certificate)])
    assert store.snapshot().require_key() is entry
    with pytest.raises(DuplicateAliasError):
        Keystore([entry, entry])
