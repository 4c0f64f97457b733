"""``zeep-wssec demo``: what it tells, what it leaves behind, and what it leaves alone."""

from __future__ import annotations

import shlex
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lxml import etree

from zeep_wssec import Exchange, Profile, RequirementError
from zeep_wssec.cli import demo_story, main
from zeep_wssec.cli.demo_show import shorten_xml
from zeep_wssec.soap.namespaces import WSU
from zeep_wssec.testing.orders import WSDL

LEFT = {
    "answer-forged.xml",
    "answer-secured.xml",
    "answer-plain.xml",
    "ca.pem",
    "client.p12",
    "client.password",
    "orders.wsdl",
    "partner.pem",
    "profile.toml",
    "request-secured.xml",
    "request.xml",
}


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def told() -> Result:
    """The demo without a folder to keep."""
    return run("demo")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the demo has made."""
    folder = tmp_path_factory.mktemp("demo") / "kept"
    done = run("demo", "--keep", folder)
    assert done.exit_code == 0, done.output
    return folder


def made_at(folder: Path) -> datetime:
    """The moment of the exchange, as its answer has it."""
    created = etree.parse(folder / "answer-secured.xml").findtext(f".//{{{WSU}}}Created")
    assert created is not None
    return datetime.fromisoformat(created).astimezone(UTC)


def test_story(told: Result) -> None:
    """Every step of the exchange is told, in order."""
    assert told.exit_code == 0, told.output
    places = [told.output.index(f"\n{number}. ") for number in range(1, 9)]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "words",
    [
        "<ns0:sku>42</ns0:sku>",
        "by CN=client",
        "by CN=partner",
        "RelatesTo names the request",
        "orderId=order-a1 sku=42 nonce=a1",
        "RequirementError (requirement): ",
        "body must be signed, but is not",
        "  hint: It has signed: soap:Envelope/soap:Header/{urn:example:wrapper}Wrapper/soap:Body",
        "request_sent: yes",
    ],
)
def test_words_of_the_story(told: Result, words: str) -> None:
    """What was sent, what both sides proved, what was read, and why the forged answer is refused."""
    assert words in told.output


def test_story_is_plain(told: Result) -> None:
    """Without a terminal there is no colour."""
    assert "\x1b" not in told.output


def test_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ``--keep`` no key stays behind."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run("demo").exit_code == 0
    assert not list(tmp_path.iterdir())


def test_what_is_kept(kept: Path) -> None:
    """Keys, certificates, profile, WSDL and messages; nothing beside the folder."""
    assert {path.name for path in kept.iterdir()} == LEFT
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]
    assert (kept / "orders.wsdl").read_bytes() == WSDL.read_bytes()


@pytest.mark.parametrize("name", ["client.p12", "client.password"])
def test_keys_are_private(kept: Path, name: str) -> None:
    """Only their owner can read them."""
    assert stat.S_IMODE((kept / name).stat().st_mode) == 0o600


def test_profile_is_usable(kept: Path) -> None:
    """The profile loads, and protects the request that was kept."""
    profile = Profile.load(kept / "profile.toml")
    secured = profile.secure((kept / "request.xml").read_bytes())
    assert secured.exchange.has_encrypted_body
    assert profile.client().service is not None


def test_profile_has_nothing_to_complain_of(kept: Path) -> None:
    """The other commands read it, too."""
    for command in ("show", "lint"):
        done = run("profile", command, kept / "profile.toml")
        assert done.exit_code == 0, done.output


def test_answer_can_be_checked_again(kept: Path) -> None:
    """The kept answer is accepted as of its time; the forged one is refused."""
    profile = Profile.load(kept / "profile.toml")
    request = Exchange.from_message((kept / "request-secured.xml").read_bytes())
    seen = profile.check(
        (kept / "answer-secured.xml").read_bytes(), request=request, now=made_at(kept)
    )
    assert "RelatesTo names the request" in seen.report.proved
    assert etree.tostring(seen.body) == etree.tostring(
        etree.parse(kept / "answer-plain.xml").getroot()[1]
    )
    with pytest.raises(RequirementError, match="body must be signed"):
        profile.check((kept / "answer-forged.xml").read_bytes(), request=request, now=made_at(kept))


def test_what_next_works(kept: Path, tmp_path: Path) -> None:
    """The commands that it suggests do what they should."""
    folder = tmp_path / "again and again"
    told = run("demo", "--keep", folder).output
    lines = [line.strip() for line in told.splitlines() if line.startswith("  zeep-wssec ")]
    assert len(lines) == 2
    for line in lines:
        done = run(*shlex.split(line)[1:])
        assert done.exit_code == 0, done.output


def test_empty_folder_is_taken(tmp_path: Path) -> None:
    """A folder that is there and empty is used."""
    folder = tmp_path / "kept"
    folder.mkdir()
    assert run("demo", "--keep", folder).exit_code == 0
    assert {path.name for path in folder.iterdir()} == LEFT


def test_folder_that_holds_something(tmp_path: Path) -> None:
    """It is refused, and nothing in it is touched."""
    (tmp_path / "mine.txt").write_text("mine")
    done = run("demo", "--keep", tmp_path)
    assert done.exit_code == 2
    assert "not empty" in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_file_in_place_of_a_folder(tmp_path: Path) -> None:
    """A file is not replaced."""
    path = tmp_path / "mine.txt"
    path.write_text("mine")
    assert run("demo", "--keep", path).exit_code == 2
    assert path.read_text() == "mine"


def test_no_folder_above(tmp_path: Path) -> None:
    """A slip of the pen makes no tree of folders."""
    assert run("demo", "--keep", tmp_path / "no" / "such").exit_code == 2
    assert not list(tmp_path.iterdir())


def test_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When something breaks on the way, no folder appears."""

    def break_down(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(demo_story, "play", break_down)
    done = run("demo", "--keep", tmp_path / "kept")
    assert done.exit_code == 1
    assert "No space left on device" in done.output
    assert not list(tmp_path.iterdir())


def test_folder_that_is_filled_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody else puts there in the meantime is left alone."""
    folder = tmp_path / "kept"
    play = demo_story.play

    def play_slowly(*arguments: object) -> object:
        folder.mkdir()
        (folder / "mine.txt").write_text("mine")
        return play(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(demo_story, "play", play_slowly)
    assert run("demo", "--keep", folder).exit_code == 2
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_long_texts_are_cut() -> None:
    """Values longer than anybody reads are cut, and their length is said."""
    shown = shorten_xml(b"<a><b>" + b"x" * 100 + b"</b><c>short</c></a>")
    assert "x" * 24 + "… (100 characters)" in shown
    assert "<c>short</c>" in shown
