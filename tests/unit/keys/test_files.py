"""Reading key files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from zeep_wssec.errors import KeyLoadError
from zeep_wssec.keys.files import MAX_FILE_BYTES, read_file, read_source
from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.plan import TLS
from zeep_wssec.transport.tls import client_context


def test_a_regular_file_is_read(tmp_path: Path) -> None:
    """Path or bytes: the content is the same."""
    path = tmp_path / "key"
    path.write_bytes(b"content")
    assert read_source(path, what="a key") == b"content"
    assert read_source(str(path), what="a key") == b"content"
    assert read_source(b"content", what="a key") == b"content"


def test_a_link_to_a_regular_file_is_read(tmp_path: Path) -> None:
    """Mounted secrets are links; what counts is what they lead to."""
    (tmp_path / "key").write_bytes(b"content")
    (tmp_path / "link").symlink_to(tmp_path / "key")
    assert read_file(tmp_path / "link", what="a key") == b"content"


def test_missing_file_tells_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path that is not there is nearly always relative to the wrong directory."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeyLoadError, match=tmp_path.name):
        read_file("client.p12", what="a key")


def test_fifo_does_not_hang(tmp_path: Path) -> None:
    """A FIFO is refused without waiting for a writer."""
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(KeyLoadError, match="not a regular file"):
        read_file(tmp_path / "fifo", what="a key")


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null"])
def test_devices_are_refused(path: str) -> None:
    """A device is no key file, even one that ends."""
    with pytest.raises(KeyLoadError, match="not a regular file"):
        read_file(path, what="a key")


def test_directory_is_refused(tmp_path: Path) -> None:
    """A directory is named as such."""
    with pytest.raises(KeyLoadError, match="a directory"):
        read_file(tmp_path, what="a key")


def test_size_is_bounded(tmp_path: Path) -> None:
    """4 MiB are read, one byte more is refused; bytes are measured the same way."""
    path = tmp_path / "key"
    path.write_bytes(bytes(MAX_FILE_BYTES))
    assert len(read_file(path, what="a key")) == MAX_FILE_BYTES
    path.write_bytes(bytes(MAX_FILE_BYTES + 1))
    with pytest.raises(KeyLoadError, match="larger"):
        read_file(path, what="a key")
    with pytest.raises(KeyLoadError, match="larger"):
        read_source(bytes(MAX_FILE_BYTES + 1), what="a key")


@pytest.mark.parametrize(
    ("content", "mode", "warns"),
    [
        (b"-----BEGIN PRIVATE KEY-----", 0o644, True),
        (b"-----BEGIN PRIVATE KEY-----", 0o640, False),
        (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", 0o644, False),
        (b"-----BEGIN CERTIFICATE-----", 0o644, False),
    ],
)
def test_key_that_everybody_can_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes, mode: int, warns: bool
) -> None:
    """A private key in plain text that every user can read is worth a warning."""
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    path.chmod(mode)
    read_file(path, what="a key")
    assert [str(path) in message for message in caplog.messages] == [True] * warns


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000])
def test_impossible_paths_are_load_errors(path: str) -> None:
    """What the system refuses to open is mapped too."""
    with pytest.raises(KeyLoadError):
        read_file(path, what="a key")


SECRET = "c2VjcmV0" * 20
PEM_TEXT = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    "text", [PEM_TEXT, PEM_TEXT.replace("\n", ""), f"x\n{SECRET}", f"MIIE{SECRET}"]
)
@pytest.mark.parametrize(
    "load",
    [
        lambda text: read_source(text, what="a key"),
        lambda text: read_file(Path(text), what="a key"),
        lambda text: Keystore.load(text),
        lambda text: Keystore.from_pem(key=text),
        lambda text: Keystore.from_pem(key=b"", certificate=text),
        lambda text: Keystore.from_pem(key=b"", chain=[text]),
        lambda text: Keystore.from_pem(key=b"", chain=text),
        lambda text: Keystore().with_partner("partner", text),
        lambda text: Keystore().with_trust(anchors=text),
        lambda text: Keystore().with_trust(intermediates=[text]),
        lambda text: Secret.file(text),
        lambda text: client_context(TLS(trust=[text])),
    ],
)
def test_content_given_as_a_path_is_not_shown(load: Callable[[str], object], text: str) -> None:
    """A text that is the file itself is refused, and nothing of it stands in the error."""
    with pytest.raises(KeyLoadError) as caught:
        load(text)
    assert "not a path" in str(caught.value)
    assert "text.encode()" in str(caught.value)
    assert "c2Vj" not in repr(caught.value.to_dict()) + str(caught.value)


def test_long_path_is_cut() -> None:
    """A path that may be anything is shown in one line of bounded length."""
    with pytest.raises(KeyLoadError) as caught:
        read_file("a\tb/" + "x" * 3000, what="a key")
    assert r"a\tb/" in str(caught.value)
    assert len(caught.value.source) <= 200
