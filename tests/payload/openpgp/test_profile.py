"""OpenPGP in a profile file, and on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from payload.openpgp.kit import DATA, PASSPHRASE, Rings

from zeep_wssec import Keystore, PayloadSignerError, Profile
from zeep_wssec.cli import main
from zeep_wssec.payload.openpgp import OpenPgp, OpenPgpSettings

TEXT = """
[payload.statements]
format = "openpgp"
public_rings = ["keys/{public}"]
secret_rings = ["keys/{secret}"]
{passphrase}
recipients = ["{recipient}"]
signed_by = ["{signer}"]
"""


def write(rings: Rings, folder: Path, side: str, passphrase: str) -> Path:
    """Write a profile whose rings lie beside it, and are named from there."""
    (folder / "keys").mkdir(exist_ok=True)
    words = {
        "alice": ("partners.gpg", "alice.sec", "bob@recv.example", "bob@recv.example"),
        "bob": ("senders.gpg", "bob.sec", "alice@", "alice@send.example"),
    }
    public, secret, recipient, signer = words[side]
    for name in (public, secret):
        (folder / "keys" / name).write_bytes(rings.path(name).read_bytes())
    (folder / f"{side}.toml").write_text(
        TEXT.format(
            public=public, secret=secret, recipient=recipient, signer=signer, passphrase=passphrase
        )
    )
    return folder / f"{side}.toml"


def test_profile(rings: Rings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rings are found beside the file; the passphrase comes from the environment or from a file."""
    monkeypatch.setenv("PGP", PASSPHRASE)
    (tmp_path / "secret.txt").write_text(f"{PASSPHRASE}\n")
    sender = Profile.load(write(rings, tmp_path, "alice", 'passphrase_env = "PGP"')).payload()
    reader = Profile.load(write(rings, tmp_path, "bob", 'passphrase_file = "secret.txt"')).payload(
        "statements"
    )
    assert isinstance(sender, OpenPgp)
    assert isinstance(reader, OpenPgp)
    with sender, reader:
        opened = reader.open(sender.protect(DATA).content or b"")
        assert (opened.content, opened.signed_by) == (DATA, ("Alice <alice@send.example>",))


def test_clock(rings: Rings) -> None:
    """Signing time and age are told by the profile's clock; a time that is given goes before it."""
    at, minute = datetime(2035, 3, 1, 12, tzinfo=UTC), timedelta(seconds=60)

    def made_of(settings: OpenPgpSettings, now: datetime) -> OpenPgp:
        profile = Profile(keystore=Keystore(), payload={"p": settings}, clock=lambda: now)
        made = profile.payload()
        assert isinstance(made, OpenPgp)
        return made

    bob = rings.bob(max_age_seconds=60, clock_skew_seconds=0).settings
    with made_of(rings.settings(), at) as sender:
        sealed = sender.protect(DATA)
        later = sender.sign(DATA, now=at + minute).signers[0].signed_at
    assert (sealed.signers[0].signed_at, later) == (at, at + minute)
    with made_of(bob, at + minute) as reader:
        assert reader.open(sealed.content or b"").signers[0].signed_at == at
    for wrong in (at - minute, at + 2 * minute):
        with made_of(bob, wrong) as reader, pytest.raises(PayloadSignerError):
            reader.open(sealed.content or b"")


def test_command_line(rings: Rings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands about payloads protect and open files; a changed file leaves nothing."""
    monkeypatch.setenv("PGP", PASSPHRASE)
    for side in ("alice", "bob"):
        write(rings, tmp_path, side, 'passphrase_env = "PGP"')
    data, made, back = (tmp_path / name for name in ("data", "made.pgp", "back"))
    data.write_bytes(DATA)

    def run(verb: str, side: str, source: Path, to: Path) -> int:
        where = ["--profile", str(tmp_path / f"{side}.toml"), "-o", str(to)]
        return CliRunner().invoke(main, ["payload", verb, str(source), *where]).exit_code

    assert run("protect", "alice", data, made) == 0
    assert run("open", "bob", made, back) == 0
    assert back.read_bytes() == DATA
    back.unlink()
    octets = made.read_bytes()
    made.write_bytes(octets[:-10] + bytes([octets[-10] ^ 1]) + octets[-9:])
    assert run("open", "bob", made, back) != 0
    assert not back.exists()
