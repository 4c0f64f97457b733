"""XML Signatures of documents: enveloped, enveloping and detached."""

from zeep_wssec.payload.xmldsig.format import XmlDsig
from zeep_wssec.payload.xmldsig.settings import XmlDsigSettings

__all__ = ["XmlDsig", "XmlDsigSettings"]
