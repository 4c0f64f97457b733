"""What a KeyInfo names: certificates that fit, and which of them is meant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from lxml import etree

from zeep_wssec.demands import Pin, SignedBy, Subject
from zeep_wssec.errors import TokenUnavailableError
from zeep_wssec.header.context import Incoming
from zeep_wssec.keys.certificate import Certificate


class NamedCertificates(NamedTuple):
    """What a KeyInfo names: certificates, how, and in words."""

    form: str
    """One of the key references of ``settings``."""
    text: str
    """In words, for errors."""
    certificates: tuple[Certificate, ...]
    """Those that fit, the likeliest first: from the message itself, or looked up in the keystore; may be
    none or several."""
    token: etree._Element | None = None
    """The token in the message, if the reference leads to one."""

    def require_one(self) -> Certificate:
        """Give the certificate that is named; of several for one public key the likeliest.

        Which key has signed is then beyond doubt. Two keys never are.

        Raises:
            TokenUnavailableError: None fits, or several with different keys.
        """
        if len(self.certificates) == 1:
            return self.certificates[0]
        if not self.certificates:
            raise TokenUnavailableError(
                f"The message names its signer by {self.text}; the keystore has no such certificate.",
                hint="Add the partner's certificate with Keystore.with_partner, or ask for a "
                "BinarySecurityToken.",
            )
        if len({item.public_key_der for item in self.certificates}) > 1:
            raise TokenUnavailableError(
                f"More than one certificate fits {self.text}, and their keys differ.",
                hint="Ask the peer to name its certificate by issuer and serial number, or to send it.",
            )
        return self.certificates[0]


def looked_up(
    message: Incoming, *, form: str, text: str, found: Iterable[Certificate]
) -> NamedCertificates:
    """Give the known certificates that a name fits, the likeliest first.

    A partner that renews its certificate for the same key is known by two for a while. Likelier is
    who must sign, then who is valid now, then who is a partner; then the order of the keystore.

    Args:
        message: Says who must sign, and when it is.
        form: One of the key references of ``settings``.
        text: The name in words, for errors.
        found: As the keystore found them.
    """
    certificates = tuple(found)
    if len(certificates) > 1:
        certificates = tuple(sorted(certificates, key=lambda item: _rank(message, item)))
    return NamedCertificates(form=form, text=text, certificates=certificates)


def _rank(message: Incoming, certificate: Certificate) -> tuple[bool, bool, bool]:
    """Tell what speaks against a certificate: ``False`` sorts first."""
    demanded = any(_is_demanded(message, certificate, item) for item in message.signed_by)
    valid = certificate.not_before <= message.now <= certificate.not_after
    return not demanded, not valid, message.keys.find_partner(certificate) is None


def _is_demanded(message: Incoming, certificate: Certificate, demanded: SignedBy) -> bool:
    if isinstance(demanded, str):
        return message.keys.speaks_for(demanded, certificate)
    if isinstance(demanded, Pin):
        return certificate.thumbprint_sha256 == demanded.sha256
    return isinstance(demanded, Subject) and certificate.has_subject(demanded.name)
