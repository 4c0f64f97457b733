"""Rules for passwords of keystores, as some products demand them; only checked where that is asked for."""

from __future__ import annotations

import string
from collections.abc import Iterator

MIN_LENGTH = 8
MIN_CLASSES = 3
_CLASSES = {
    "lower case": string.ascii_lowercase,
    "upper case": string.ascii_uppercase,
    "digits": string.digits,
    "other characters": string.punctuation + " ",
}


def password_faults(password: bytes) -> Iterator[str]:
    """Say what a password lacks; nothing of it is shown.

    The rules are those of SAP's keystores: 8 characters of ASCII, of three of four classes.
    """
    if len(password) < MIN_LENGTH:
        yield f"it has fewer than {MIN_LENGTH} characters"
    text = password.decode("latin-1")
    if not text.isascii() or not text.isprintable():
        yield "it has characters outside of printable ASCII"
    found = [name for name, members in _CLASSES.items() if set(members) & set(text)]
    if len(found) < MIN_CLASSES:
        yield (
            f"it has characters of {len(found)} of the {len(_CLASSES)} classes; {MIN_CLASSES} are needed: "
            f"{', '.join(_CLASSES)}"
        )
