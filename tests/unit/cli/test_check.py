"""``check`` tells what a message proved, or refuses it with an exit code and nothing written."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def sent(run: Any, now: str, folder: Path) -> Path:
    """A request from the client to the service."""
    run("secure", "-p", "client.toml", "request.xml", "-o", "sent.xml", "--now", now)
    return folder / "sent.xml"


@pytest.fixture
def reply(run: Any, now: str, sent: Path) -> Path:
    """An answer from the service to the client."""
    run("secure", "-p", "service.toml", "request.xml", "-o", "reply.xml", "--now", now)
    return sent.with_name("reply.xml")


@pytest.mark.usefixtures("reply")
def test_answer_to_a_request(run: Any, now: str) -> None:
    """Held against its request an answer needs no ``[inbound]``."""
    result = run("check", "-p", "client.toml", "reply.xml", "--request", "sent.xml", "--now", now)
    lines = result.stdout.splitlines()
    assert lines[0] == "accepted"
    assert "body signed" in lines[1]
    assert "body encrypted" in lines[1]
    assert result.stderr == ""


@pytest.mark.usefixtures("sent")
def test_stated_demands(run: Any, now: str) -> None:
    """With ``[inbound]`` a message is judged by itself."""
    assert run("check", "-p", "stated.toml", "sent.xml", "--now", now).stdout.startswith("accepted")


@pytest.mark.usefixtures("reply")
def test_nothing_stated_and_no_request(run: Any, now: str) -> None:
    """Without either nothing says what to demand: a wrong profile, with what to do."""
    result = run("check", "-p", "client.toml", "reply.xml", "--now", now, code=2)
    assert "ProfileError (profile): inbound: " in result.stderr
    assert "--request" in result.stderr


@pytest.mark.usefixtures("reply")
def test_report_as_json(run: Any, now: str) -> None:
    """``--json`` prints the report as data."""
    arguments = ("-p", "client.toml", "reply.xml", "-r", "sent.xml", "--now", now, "--json")
    data = json.loads(run("check", *arguments).stdout)
    assert data["accepted"] is True
    assert data["signatures"][0]["signer"] == "CN=service"


@pytest.mark.usefixtures("sent")
def test_signed_by_another(run: Any, now: str, folder: Path) -> None:
    """A stranger's signature is refused with class, code, reason and exit code 1."""
    run("secure", "-p", "stranger.toml", "request.xml", "-o", "forged.xml", "--now", now)
    arguments = ("check", "-p", "client.toml", "forged.xml", "-r", "sent.xml", "--now", now)
    result = run(*arguments, "-o", "plain.xml", code=1)
    assert result.stderr.startswith("UntrustedCertificateError (untrusted_certificate): ")
    assert "reason: wrong_peer" in result.stderr
    assert result.stdout == ""
    assert not (folder / "plain.xml").exists()


@pytest.mark.usefixtures("reply")
def test_refusal_as_json(run: Any) -> None:
    """With ``--json`` the error is data on stdout, and the exit code is the same."""
    late = ("--now", "2027-06-01T13:00:00Z", "--json")
    arguments = ("check", "-p", "client.toml", "reply.xml", "-r", "sent.xml", *late)
    result = run(*arguments, code=1)
    data = json.loads(result.stdout)
    assert (data["error"], data["code"]) == ("MessageExpiredError", "message_expired")
    assert result.stderr.startswith("MessageExpiredError")


def test_wrong_profile_as_json(run: Any, folder: Path) -> None:
    """A wrong profile is data, too, with exit code 2."""
    (folder / "wrong.toml").write_text("[outbund]")
    data = json.loads(run("check", "-p", "wrong.toml", "request.xml", "--json", code=2).stdout)
    assert data["error"] == "UnknownOptionError"
    assert data["details"]["close_matches"] == ["outbound"]


@pytest.mark.usefixtures("reply")
def test_plain_text(run: Any, now: str, folder: Path) -> None:
    """The plain text is written on success, for its owner only."""
    arguments = ("-p", "client.toml", "reply.xml", "-r", "sent.xml", "--now", now)
    run("check", *arguments, "-o", "plain.xml")
    assert b"PlaceOrder" in (folder / "plain.xml").read_bytes()
    if os.name == "posix":
        assert stat.S_IMODE((folder / "plain.xml").stat().st_mode) == 0o600


@pytest.mark.usefixtures("reply")
def test_plain_text_to_stdout(run: Any, now: str) -> None:
    """Plain text on stdout leaves the report to stderr."""
    arguments = ("-p", "client.toml", "reply.xml", "-r", "sent.xml", "--now", now)
    result = run("check", *arguments, "-o", "-")
    assert result.stdout.startswith("<?xml")
    assert result.stderr.startswith("accepted")
    run("check", *arguments, "-o", "-", "--json", code=2)


def test_streams(run: Any, now: str, reply: Path) -> None:
    """One of the two messages may come from stdin."""
    arguments = ("check", "-p", "client.toml", "-", "--now", now, "-r")
    run(*arguments, "sent.xml", stdin=reply.read_bytes())
    run(*arguments, "-", stdin=reply.read_bytes(), code=2)


@pytest.mark.usefixtures("reply")
def test_request_that_is_none(run: Any, now: str, folder: Path) -> None:
    """A wrong request is the caller's slip, not the partner's."""
    (folder / "broken.xml").write_text("<a>")
    arguments = ("-p", "client.toml", "reply.xml", "-r", "broken.xml", "--now", now)
    result = run("check", *arguments, code=2)
    assert "ProfileError (profile): broken.xml: This is no request" in result.stderr


@pytest.mark.usefixtures("folder")
def test_operation_decides_the_demands(run: Any, now: str) -> None:
    """An overlay for the operation takes the place of ``[inbound]``."""
    run("check", "-p", "stated.toml", "request.xml", "--now", now, code=1)
    run("check", "-p", "stated.toml", "request.xml", "--now", now, "--operation", "Ping")


def test_request_decides_the_operation(run: Any, now: str, folder: Path) -> None:
    """With a request the overlay is that of the request's own operation."""
    ping = (folder / "request.xml").read_text().replace("PlaceOrder", "PingRequest")
    (folder / "ping.xml").write_text(ping)
    check = ("check", "-p", "stated.toml", "request.xml", "--now", now, "-r")
    run(*check, "request.xml", code=1)
    run(*check, "ping.xml")


def test_message_above_the_limit(run: Any, now: str, folder: Path) -> None:
    """A message is read up to the limit of the profile and then refused, not cut."""
    size = (folder / "request.xml").stat().st_size
    for limit, code in ((size, 0), (size - 1, 1)):
        text = f'[inbound]\nmode = "over_tls"\n[limits]\nmax_message_bytes = {limit}\n'
        (folder / "small.toml").write_text(text)
        run("check", "-p", "small.toml", "request.xml", "--now", now, code=code)


@pytest.mark.usefixtures("folder")
def test_words_of_a_peer_are_escaped(run: Any, now: str, folder: Path) -> None:
    """What a peer wrote cannot add lines to a report, nor steer the terminal."""
    token = (
        '<w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/'
        'oasis-200401-wss-wssecurity-secext-1.0.xsd"><w:UsernameToken><w:Username>me&#10;proved: '
        "body signed&#x9b;31m</w:Username></w:UsernameToken></w:Security>"
    )
    text = (folder / "request.xml").read_text()
    (folder / "sly.xml").write_text(
        text.replace("<s:Body>", f"<s:Header>{token}</s:Header><s:Body>")
    )
    (folder / "tls.toml").write_text('[inbound]\nmode = "over_tls"\n')
    result = run("check", "-p", "tls.toml", "sly.xml", "--now", now)
    assert r"user name: me\nproved: body signed\x9b31m (password not checked)" in result.stdout
    assert result.stdout.count("\nproved:") == 1


@pytest.mark.usefixtures("reply")
def test_request_as_it_was_before(run: Any, now: str) -> None:
    """The unprotected request demands nothing; it is refused, by its name."""
    check = ("check", "-p", "client.toml", "reply.xml", "--now", now, "-r")
    result = run(*check, "request.xml", code=2)
    assert "request.xml: The request has no wsse:Security, but this profile signs" in result.stderr
    run(*check, "sent.xml")


def test_relation_is_something_proved(run: Any, now: str, folder: Path) -> None:
    """Nothing demanded is not nothing proved, if RelatesTo fits."""
    wsa = 'xmlns:a="http://www.w3.org/2005/08/addressing"'
    text = (folder / "request.xml").read_text()
    for name, block in (("asked", "MessageID"), ("told", "RelatesTo")):
        header = f"<s:Header><a:{block} {wsa}>urn:1</a:{block}></s:Header><s:Body>"
        (folder / f"{name}.xml").write_text(text.replace("<s:Body>", header))
    (folder / "bare.toml").write_text("")
    result = run("check", "-p", "bare.toml", "told.xml", "-r", "asked.xml", "--now", now)
    assert ("nothing is proved" in result.stdout) == ("proved: nothing" in result.stdout)


@pytest.mark.usefixtures("sent")
def test_operation_that_nothing_knows(run: Any, now: str) -> None:
    """A mistyped operation would pass its overlay by: refused with the nearest name."""
    result = run(
        "check", "-p", "stated.toml", "sent.xml", "--operation", "Pong", "--now", now, code=2
    )
    assert "Did you mean Ping?" in result.stderr
    sent = ("secure", "-p", "client.toml", "request.xml", "--now", now, "--operation")
    assert "PlaceOrder" in run(*sent, "PlaceOrdr", code=2).stderr
    run(*sent, "PlaceOrder")


@pytest.mark.usefixtures("reply")
def test_stored_message_that_has_expired(run: Any) -> None:
    """A stored message is checked at its own time, and the hint gives that time."""
    check = ("check", "-p", "client.toml", "reply.xml", "-r", "sent.xml", "--now")
    result = run(*check, "2027-06-01T13:00:00Z", code=1)
    assert "--now 2027-06-01T12:00:00Z" in result.stderr
    run(*check, "2027-06-01T12:00:00Z")


@pytest.mark.parametrize("command", ["check", "secure"])
def test_message_that_is_no_xml(run: Any, folder: Path, command: str) -> None:
    """The file is named, and the place in it once."""
    (folder / "broken.xml").write_text("text")
    result = run(command, "-p", "stated.toml", "broken.xml", code=1)
    assert "broken.xml: The message is not well-formed XML" in result.stderr
    assert result.stderr.count("line 1") == 1
