"""Secrets: where they come from, and that they stay hidden."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from zeep_wssec.errors import KeyLoadError, KeyMaterialError
from zeep_wssec.keys.secrets import MAX_SECRET_BYTES, Secret, as_secret


def test_environment_is_read_at_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that changes gives another value; nothing is kept."""
    secret = Secret.env("P12_PASSWORD")
    monkeypatch.setenv("P12_PASSWORD", "eins")
    assert secret.reveal() == b"eins"
    monkeypatch.setenv("P12_PASSWORD", "zwei")
    assert secret.reveal() == b"zwei"


def test_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says which variable."""
    monkeypatch.delenv("P12_PASSWORD", raising=False)
    with pytest.raises(KeyLoadError, match="P12_PASSWORD is not set"):
        Secret.env("P12_PASSWORD").reveal()


@pytest.mark.parametrize("name", ["", "A=B", "A\0"])
def test_impossible_variable_is_refused(name: str) -> None:
    """A name that no variable can have is an error at once."""
    with pytest.raises(KeyLoadError):
        Secret.env(name)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"geheim", b"geheim"),
        (b"geheim\n", b"geheim"),
        (b"geheim\r\n", b"geheim"),
        (b"geheim\n\n", b"geheim\n"),
        (b"geheim\r", b"geheim\r"),
        (b" geheim ", b" geheim "),
        (b"", b""),
    ],
)
def test_one_line_end_of_a_file_is_dropped(tmp_path: Path, content: bytes, value: bytes) -> None:
    """Editors and echo add one line end; everything else belongs to the secret."""
    path = tmp_path / "password"
    path.write_bytes(content)
    assert Secret.file(path).reveal() == value


def test_missing_file_is_named(tmp_path: Path) -> None:
    """The error says which file."""
    with pytest.raises(KeyLoadError, match="nowhere"):
        Secret.file(tmp_path / "nowhere").reveal()


def test_large_file_is_refused(tmp_path: Path) -> None:
    """A secret is small; a large file is a mistake."""
    path = tmp_path / "video"
    path.write_bytes(bytes(MAX_SECRET_BYTES + 1))
    with pytest.raises(KeyLoadError, match="larger"):
        Secret.file(path).reveal()


@pytest.mark.parametrize("value", ["pässword", "pässword".encode()])
def test_literal_and_callable_take_text_and_bytes(value: str | bytes) -> None:
    """Text is UTF-8."""
    assert Secret.of(value).reveal() == "pässword".encode()
    assert Secret.callable(lambda: value).reveal() == "pässword".encode()


def test_failing_callable_is_a_load_error() -> None:
    """What a vault raises is mapped, with its cause kept."""

    def locked() -> str:
        raise OSError("vault is sealed")

    with pytest.raises(KeyLoadError, match="OSError") as caught:
        Secret.callable(locked).reveal()
    assert isinstance(caught.value.__cause__, OSError)


def test_callable_must_give_text_or_bytes() -> None:
    """Nothing is converted behind the caller's back."""
    with pytest.raises(KeyLoadError, match="int"):
        Secret.callable(lambda: 1234).reveal()  # type: ignore[arg-type, return-value]


def test_repr_shows_the_source_only(tmp_path: Path) -> None:
    """Logs and tracebacks show where a secret is kept, never what it is."""
    assert repr(Secret.env("P12_PASSWORD")) == "Secret.env('P12_PASSWORD')"
    assert repr(Secret.file("/run/secrets/p12")) == "Secret.file('/run/secrets/p12')"
    assert "geheim" not in repr(Secret.of("geheim")) + repr(Secret.callable(lambda: "geheim"))


def test_sources_pickle(tmp_path: Path) -> None:
    """A secret from outside pickles as its source, so workers read it themselves."""
    path = tmp_path / "password"
    path.write_text("geheim")
    again = pickle.loads(pickle.dumps(Secret.file(path)))  # noqa: S301
    assert again.reveal() == b"geheim"
    assert repr(pickle.loads(pickle.dumps(Secret.env("A")))) == "Secret.env('A')"  # noqa: S301


@pytest.mark.parametrize("secret", [Secret.of("geheim"), Secret.callable(lambda: "geheim")])
def test_values_do_not_pickle(secret: Secret) -> None:
    """A value never leaves the process."""
    with pytest.raises(KeyMaterialError, match=r"Secret\.env"):
        pickle.dumps(secret)


def test_frozen() -> None:
    """A secret cannot be changed or made without a source."""
    with pytest.raises(AttributeError):
        Secret.of("a")._source = b"b"
    with pytest.raises(TypeError):
        Secret()


def test_text_becomes_a_literal() -> None:
    """Settings take a plain text as well."""
    given = Secret.env("A")
    plain = as_secret("geheim")
    assert plain is not None
    assert plain.reveal() == b"geheim"
    assert as_secret(given) is given
    assert as_secret(None) is None
