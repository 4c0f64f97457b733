"""OpenPGP messages: signed by several, encrypted to several, through GnuPG."""

from zeep_wssec.payload.openpgp.format import OpenPgp
from zeep_wssec.payload.openpgp.rings import RingKey
from zeep_wssec.payload.openpgp.settings import OpenPgpSettings

__all__ = ["OpenPgp", "OpenPgpSettings", "RingKey"]
