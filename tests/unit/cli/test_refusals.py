"""``check`` never succeeds with a message that is refused, whatever is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attacks.forge import Change, append, edited, header_of, remove, set_attribute, set_text

FORGERIES: dict[str, Change] = {
    "changed": set_text("wsu:Expires", "2099-01-01T00:00:00Z"),
    "no signature": remove("ds:Signature"),
    "no header": remove("wsse:Security"),
    "no timestamp": remove("wsu:Timestamp"),
    "another value": set_text("ds:SignatureValue", "AAAA"),
    "another method": set_attribute("ds:SignatureMethod", "Algorithm", "urn:x"),
    "a file": set_attribute("ds:Reference", "URI", "file:///dev/zero"),
    "another header": append("wsse:Security", "<x/>"),
    "insists": lambda root: append(
        str(header_of(root).tag), '<x s:mustUnderstand="1" xmlns:s="{}"/>'.format(root.nsmap["s"])
    )(root),
    "ciphertext": set_text("xenc:EncryptedData//xenc:CipherValue", "AAAA"),
    "no ciphertext": remove("xenc:EncryptedData"),
}


@pytest.mark.parametrize("kind", FORGERIES)
@pytest.mark.parametrize("how", [(), ("--json",)], ids=["words", "json"])
def test_exit_code(run: Any, now: str, folder: Path, kind: str, how: tuple[str, ...]) -> None:
    """A refusal exits with 1, writes no plain text, and says so where it is asked for data as well."""
    run("secure", "-p", "client.toml", "request.xml", "-o", "sent.xml", "--now", now)
    good = (folder / "sent.xml").read_bytes()
    (folder / "forged.xml").write_bytes(edited(good, FORGERIES[kind]))
    arguments = ("check", "-p", "stated.toml", "--now", now, *how, "-o", "plain.xml")
    refused = run(*arguments, "forged.xml", code=1)
    assert "accepted\n" not in refused.stdout
    assert not (folder / "plain.xml").exists()
    run(*arguments, "sent.xml")
    assert b"PlaceOrder" in (folder / "plain.xml").read_bytes()
