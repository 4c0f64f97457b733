"""Protection of data outside of SOAP messages: one shape, several formats."""

from zeep_wssec.payload.results import PayloadResult, PayloadSigner
from zeep_wssec.payload.shape import PayloadFormat
from zeep_wssec.payload.streams import PayloadSink, PayloadSource

__all__ = ["PayloadFormat", "PayloadResult", "PayloadSigner", "PayloadSink", "PayloadSource"]
