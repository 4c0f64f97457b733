"""Two parties that know each other: throwaway keys for a caller and its partner, under one authority."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from zeep_wssec.demands import Inbound
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.profile import Profile
from zeep_wssec.settings import Encryption, Signature, Timestamp
from zeep_wssec.testing.authority import Authority, Issued


@dataclass(frozen=True, eq=False, kw_only=True)
class Parties:
    """A caller ``client``, its partner ``partner``, and the authority that issued to both."""

    authority: Authority
    client: Issued
    partner: Issued

    @classmethod
    def create(cls, *, now: datetime | None = None, reuse_keys: bool = True) -> Parties:
        """Make an authority and two RSA key pairs.

        Args:
            now: Moment around which all is valid; the present when left out.
            reuse_keys: Share keys within this process, which saves 100 ms each.
        """
        authority = Authority.create("Throwaway CA", now=now, key="ec-p256", reuse_keys=reuse_keys)
        return cls(
            authority=authority,
            client=authority.issue("client"),
            partner=authority.issue("partner", san=["127.0.0.1"]),
        )

    @property
    def client_keystore(self) -> Keystore:
        """The caller's keystore: its key pair ``client``, and ``partner``."""
        return self.client.keystore("client").with_partner("partner", self.partner.certificate)

    @property
    def partner_keystore(self) -> Keystore:
        """The partner's keystore: its key pair ``partner``, and ``client``."""
        return self.partner.keystore("partner").with_partner("client", self.client.certificate)

    def client_profile(self, **settings: Any) -> Profile:
        """Give a caller that signs and encrypts; what answers must prove follows from that.

        Args:
            **settings: Of ``Profile``, in place of these.
        """
        defaults: dict[str, Any] = {
            "keystore": self.client_keystore,
            "outbound": [Timestamp(), Signature(), Encryption(recipients=("partner",))],
        }
        return Profile(**{**defaults, **settings})

    def partner_profile(self, **settings: Any) -> Profile:
        """Give a partner that wants requests signed and encrypted, and protects answers alike.

        It signs RelatesTo as well, which binds each answer to its request.

        Args:
            **settings: Of ``Profile``, in place of these.
        """
        defaults: dict[str, Any] = {
            "keystore": self.partner_keystore,
            "outbound": [
                Timestamp(),
                Signature(parts=("body", "timestamp", "header:wsa:RelatesTo?")),
                Encryption(recipients=("client",)),
            ],
            "inbound": Inbound(encrypted=("body",), signed_by="client"),
        }
        return Profile(**{**defaults, **settings})
