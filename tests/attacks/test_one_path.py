"""Encrypted content that cannot be decrypted: every cause takes the same way through the code.

How long that takes is measured by ``python -m benchmarks timing``; here the functions are compared that a
check runs through, since what differs there would differ in time.
"""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import Any

import pytest
from attacks.forge import Change, edited, flipped, with_octets
from attacks.test_decryption import BOTH, KEY, another_content_key, key_of_length
from roundtrip.pair import accepted, answer, client, refused

from zeep_wssec import DecryptionError, Profile

CAUSES: dict[str, Change] = {
    "changed": with_octets(flipped(60)),
    "truncated": with_octets(lambda octets: octets[:-3]),
    "another key": another_content_key,
    "key of 16 octets": key_of_length(16),
    "empty key": key_of_length(0),
    "key that does not open": with_octets(flipped(5), KEY),
    "key of zeros": with_octets(lambda octets: bytes(len(octets)), KEY),
}
ONLY_ON_SUCCESS = {"fail_as_unwrapping_does"}
"""Raises where unwrapping itself did not, so that both ways are as long."""


def way(message: bytes, profile: Profile) -> list[str]:
    """Names of the package's functions that a refusal runs through, in order."""
    called: list[str] = []

    def note(frame: FrameType, event: str, argument: Any) -> None:
        name = frame.f_code.co_name
        ours = "zeep_wssec" in frame.f_code.co_filename
        if event == "call" and ours and name not in ONLY_ON_SUCCESS:
            called.append(f"{frame.f_globals['__name__']}.{name}")

    sys.setprofile(note)
    try:
        refused(message, DecryptionError, profile)
    finally:
        sys.setprofile(None)
    return called


@pytest.mark.parametrize("cause", CAUSES)
def test_same_functions(cause: str) -> None:
    """From a key that opens and from one that does not, the way to the error is one."""
    message, profile = answer(BOTH), client()
    accepted(message, profile)
    bad_tag = edited(message, with_octets(flipped(-1)))
    way(bad_tag, profile)  # whatever is made at the first use only
    assert way(edited(message, CAUSES[cause]), profile) == way(bad_tag, profile)


@pytest.mark.parametrize("cause", CAUSES)
def test_same_random_octets(cause: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys that take the place of bad ones are drawn where none is needed, too."""
    message, profile, drawn = answer(BOTH), client(), list[int]()
    urandom = os.urandom
    monkeypatch.setattr(os, "urandom", lambda count: (drawn.append(count), urandom(count))[1])
    changed = edited(message, CAUSES[cause])
    drawn.clear()
    accepted(message, profile)
    needed = list(drawn)
    drawn.clear()
    refused(changed, DecryptionError, profile)
    assert drawn == needed
