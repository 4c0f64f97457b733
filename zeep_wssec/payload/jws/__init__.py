"""Detached JSON Web Signatures: made, and verified against the partners of a keystore."""

from zeep_wssec.payload.jws.format import Jws
from zeep_wssec.payload.jws.settings import JwsSettings

__all__ = ["Jws", "JwsSettings"]
