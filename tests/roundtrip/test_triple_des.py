"""Triple DES: only where both opt-ins say so, in and out."""

from __future__ import annotations

import pytest
from roundtrip.pair import SIGNED, accepted, answer, client, refused

from zeep_wssec import Encryption, Inbound
from zeep_wssec.errors import LegacyAlgorithmError, UnsupportedAlgorithmError

BOTH = {"3des": "a test", "cbc": "a test"}
URI = "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"


def test_outbound() -> None:
    """A step needs the opt-in of the cipher."""
    with pytest.raises(LegacyAlgorithmError) as caught:
        Encryption(recipients=("client",), algorithm="tripledes-cbc", legacy={"cbc": "a test"})
    assert caught.value.opt_in == "3des"
    assert Encryption(recipients=("client",), algorithm="tripledes-cbc", legacy=BOTH)


def test_inbound() -> None:
    """So does a message, whatever else is allowed; nothing is decrypted before."""
    step = Encryption(recipients=("client",), algorithm="tripledes-cbc", legacy=BOTH)
    message = answer((*SIGNED, step))
    error = refused(
        message, UnsupportedAlgorithmError, client(inbound=Inbound(legacy={"cbc": "a test"}))
    )
    assert (error.opt_in, error.algorithm) == ("3des", URI)
    report = accepted(message, client(inbound=Inbound(legacy=BOTH))).report
    assert report.encryptions[0].algorithm == "tripledes-cbc"
