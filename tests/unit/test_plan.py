"""A plan: checks that need more than one setting."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from roundtrip.pair import client, issued, keystore

from zeep_wssec import (
    TLS,
    Encryption,
    Inbound,
    LegacyAlgorithmError,
    Overlay,
    OverTLS,
    Profile,
    ProfileError,
    Service,
    Signature,
    Timestamp,
    Unverified,
    UsernameToken,
)
from zeep_wssec.requirements import demands_for, signers_for
from zeep_wssec.settings import Step

SEAL = Encryption(recipients=["service"])
CBC = Encryption(recipients=["service"], algorithm="aes256-cbc")
USER = UsernameToken(username="u", password="p")


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        ((Signature(parts=["timestamp"]),), "outbound[0].parts"),
        ((Signature(parts=["body", "timestamp"]), Timestamp()), "outbound[0].parts"),
        ((Signature(parts=["body", "timestamp?"]), Timestamp()), "outbound[0].parts"),
        ((Signature(parts=["username_token"]), USER), "outbound[0].parts"),
        (
            (Encryption(recipients=["service"], parts=["signature"]), Signature()),
            "outbound[0].parts",
        ),
        ((Encryption(recipients=["service"], parts=["signature"]),), "outbound[0].parts"),
        ((Timestamp(), Timestamp()), "outbound[1]"),
        ((Timestamp(), "signature"), "outbound[1]"),
        ((None,), "outbound[0]"),
        ((Signature(parts=["nonsense"]),), "outbound[0].parts[0]"),
        ((Signature(parts=["body", "header:no:To"]),), "outbound[0].parts[1]"),
    ],
    ids=str,
)
def test_unwise(steps: Sequence[Step], path: str) -> None:
    """An order that cannot give what it says is refused before any message."""
    with pytest.raises(ProfileError) as caught:
        client(outbound=steps)
    assert caught.value.path == path


@pytest.mark.parametrize(
    "steps",
    [
        (Timestamp(), Signature(parts=["timestamp"])),
        (Signature(parts=["body", "timestamp?"]),),
        (USER, Signature(parts=["username_token"])),
        (Signature(), Encryption(recipients=["service"], parts=["signature"])),
        (Signature(), Signature(parts=["signature"])),
        (CBC, Signature(parts=["body", "encrypted_key"])),
    ],
    ids=str,
)
def test_wise(steps: Sequence[Step]) -> None:
    """The twins."""
    client(outbound=steps)


@pytest.mark.parametrize(
    "steps", [(CBC,), (Signature(), CBC), (CBC, Timestamp()), (CBC, Signature())], ids=str
)
def test_cbc_without_a_later_signature(steps: Sequence[Step]) -> None:
    """Ciphertext that can be altered unseen needs a signature over it and its key, or its opt-in."""
    with pytest.raises(LegacyAlgorithmError) as caught:
        client(outbound=steps)
    assert caught.value.opt_in == "cbc"
    allowed = Encryption(recipients=["service"], algorithm="aes256-cbc", legacy={"cbc": "a reason"})
    client(outbound=[allowed if step is CBC else step for step in steps])


def test_overlay_is_checked() -> None:
    """The steps of an overlay as well, with its name in the path."""
    with pytest.raises(ProfileError) as caught:
        client(operations={"Ping": Overlay(outbound=[Signature(parts=["timestamp"])])})
    assert caught.value.path == "operation['Ping'].outbound[0].parts"


@pytest.mark.parametrize("inbound", [Inbound(signed=["nonsense"]), Inbound(encrypted=["nonsense"])])
def test_demanded_parts_are_checked(inbound: Inbound) -> None:
    """Parts that answers must prove are read when the profile is made."""
    with pytest.raises(ProfileError) as caught:
        client(inbound=inbound)
    assert caught.value.path in ("inbound.signed[0]", "inbound.encrypted[0]")


def test_overlays() -> None:
    """The first name that has an overlay decides; what it leaves out is the profile's."""
    ping = Overlay(outbound=(), inbound=OverTLS())
    plan = client(
        outbound=[Timestamp()], operations={"Ping": ping, "Only": Overlay(inbound=OverTLS())}
    ).plan
    assert plan.for_operation(["urn:action", "Ping", "Only"]) == ((), ping.inbound)
    steps, demands = plan.for_operation(["Only"])
    assert (len(steps), demands) == (1, plan.operations["Only"].inbound)
    assert plan.for_operation(["Other"]) == (plan.outbound, plan.inbound)
    assert plan.for_operation([]) == (plan.outbound, plan.inbound)


def test_no_keystore() -> None:
    """A path is no keystore: load it first."""
    with pytest.raises(ProfileError) as caught:
        Profile(keystore="client.p12")  # type: ignore[arg-type]
    assert caught.value.path == "keystore"


@pytest.mark.parametrize("timeout", [0, -1, "30", None, float("inf"), float("nan")])
def test_timeout(timeout: object) -> None:
    """A time above 0 that ends."""
    with pytest.raises(ProfileError) as caught:
        Service(timeout_seconds=timeout)  # type: ignore[arg-type]
    assert caught.value.path == "timeout_seconds"


def test_tls() -> None:
    """A list of certificates, a known version."""
    with pytest.raises(ProfileError):
        TLS(trust="ca.pem")
    with pytest.raises(ProfileError):
        TLS(minimum_version="1.1")  # type: ignore[arg-type]


# Whom answers must come from, and what they must prove, where it is not stated.


def test_only_partner_signs() -> None:
    """Unset, the only partner must have signed."""
    plan = client().plan
    assert signers_for(plan, Inbound()) == ("service",)
    assert signers_for(plan, Inbound(signed_by="x")) == ("x",)
    assert signers_for(plan, OverTLS()) == ()
    assert signers_for(plan, None) == ()
    assert signers_for(plan, Inbound(signed=())) == ()


def test_partner_that_we_encrypt_to() -> None:
    """With several, the one that we encrypt to."""
    many = keystore("client", "service").with_partner("other", issued("other").certificate)
    assert signers_for(client(keystore=many, outbound=[SEAL]).plan, Inbound()) == ("service",)


@pytest.mark.parametrize("several", [True, False])
def test_nobody_to_sign(several: bool) -> None:
    """With several or none nothing tells who must sign, so it must be stated."""
    store = issued("client").keystore("client")
    if several:
        store = keystore("client", "service").with_partner("other", issued("other").certificate)
    with pytest.raises(ProfileError) as caught:
        signers_for(client(keystore=store).plan, Inbound())
    assert caught.value.path == "inbound.signed_by"


def test_demands_without_a_request() -> None:
    """Without the request and without a statement nothing says what to demand."""
    with pytest.raises(ProfileError) as caught:
        demands_for(client(inbound=None).plan, None)
    assert caught.value.path == "inbound"
    stated = Unverified(reason="x")
    assert demands_for(client(inbound=stated).plan, None) is stated
