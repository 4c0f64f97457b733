"""Trust stores: only what is given, and never by accident."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.keys.trust import TrustStore, is_authority, load_certificates
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.certificates import (
    build_certificate,
    generate_key,
    make_key_usage,
    read_subject,
)


def test_empty_store_trusts_nothing() -> None:
    """There is no fallback to the system's store."""
    store = TrustStore()
    assert (store.anchors, store.intermediates, store.pins) == ((), (), frozenset())


def test_sources_are_paths_bytes_and_certificates(authority: Authority, tmp_path: Path) -> None:
    """PEM and DER, from a path or as bytes, one or several; duplicates are dropped."""
    path = tmp_path / "ca.pem"
    path.write_bytes(authority.pem)
    for source in (
        path,
        str(path),
        authority.pem,
        authority.certificate.der,
        authority.certificate,
    ):
        assert TrustStore.load(anchors=source).anchors == (authority.certificate,)
    several = TrustStore.load(anchors=[path, authority.pem, authority.certificate])
    assert several.anchors == (authority.certificate,)


def test_a_bundle_is_read_whole(authority: Authority) -> None:
    """Every certificate of a file counts."""
    other = authority.intermediate("Other")
    assert TrustStore.load(anchors=authority.pem + other.pem).anchors == (
        authority.certificate,
        other.certificate,
    )


@pytest.mark.parametrize("content", [b"", b"\n", b"# no anchors yet\n", b"\x30\x00", b"hello"])
def test_file_without_certificates_is_refused(tmp_path: Path, content: bytes) -> None:
    """An empty anchors file is a mistake, not an empty trust."""
    path = tmp_path / "ca.pem"
    path.write_bytes(content)
    with pytest.raises(KeyLoadError, match=r"ca\.pem"):
        TrustStore.load(anchors=path)


def test_empty_list_of_anchors_is_an_empty_store() -> None:
    """No source at all is what the caller said."""
    assert TrustStore.load(anchors=[]).anchors == ()


def test_leaf_as_anchor_needs_a_pin(client: Issued) -> None:
    """A certificate that is no CA ends no path, unless exactly it is pinned."""
    with pytest.raises(KeyLoadError, match="not a CA"):
        TrustStore.load(anchors=client.certificate)
    pin = client.certificate.thumbprint_sha256
    assert TrustStore.load(anchors=client.certificate, pins=[pin]).anchors == (client.certificate,)


def test_old_root_without_basic_constraints(authority: Authority) -> None:
    """A self-issued certificate without basicConstraints may be an anchor; one that denies it may not."""
    key = generate_key("ec-p256", reuse=True)
    name = read_subject("Old Root")
    day = timedelta(days=1)

    def root(**options: object) -> object:
        return build_certificate(
            subject=name,
            issuer=name,
            subject_key=key,
            signed_by=key,
            not_before=authority.now,
            not_after=authority.now + day,
            **options,  # type: ignore[arg-type]
        )

    assert is_authority(root())  # type: ignore[arg-type]
    assert not is_authority(root(), anchor=False)  # type: ignore[arg-type]
    usage = [(make_key_usage(["digital_signature"]), True)]
    assert not is_authority(root(extensions=usage))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "write",
    [
        str,
        str.upper,
        lambda pin: ":".join(pin[i : i + 2] for i in range(0, 64, 2)),
        lambda pin: f" {pin} ",
    ],
)
def test_pins_are_written_in_many_ways(client: Issued, write: object) -> None:
    """Upper case, colons and spaces are what other tools show."""
    pin = client.certificate.thumbprint_sha256
    store = TrustStore(pins=frozenset({write(pin)}))  # type: ignore[operator]
    assert store.is_pinned(client.certificate)


@pytest.mark.parametrize("pin", ["", "ab", "g" * 64, "a" * 40])
def test_anything_else_is_no_pin(pin: str) -> None:
    """A SHA-1 thumbprint is no pin."""
    with pytest.raises(KeyLoadError, match="SHA-256"):
        TrustStore.load(pins=[pin])


def test_identity_follows_the_content(authority: Authority, client: Issued) -> None:
    """Equal content, equal identity; any difference shows."""
    ca, pin = authority.certificate, client.certificate.thumbprint_sha256
    other = authority.intermediate("Other").certificate
    stores = [
        TrustStore(),
        TrustStore(anchors=(ca,)),
        TrustStore(intermediates=(ca,)),
        TrustStore(pins=frozenset({pin})),
        TrustStore(anchors=(ca, other)),
    ]
    assert len({store.identity for store in stores}) == len(stores)
    assert TrustStore(anchors=(other, ca)).identity == stores[-1].identity


def test_merge_adds(authority: Authority, client: Issued) -> None:
    """The union is trusted, nothing else."""
    pin = client.certificate.thumbprint_sha256
    merged = TrustStore(anchors=(authority.certificate,)).merge(
        TrustStore(anchors=(authority.certificate,), pins=frozenset({pin}))
    )
    assert merged == TrustStore(anchors=(authority.certificate,), pins=frozenset({pin}))


def test_loading_nothing_gives_nothing() -> None:
    """No source, no certificate."""
    assert load_certificates((), what="anchors") == ()
