"""No error gives a secret away: neither its text and data, nor the variables of the frames it came through."""

from __future__ import annotations

import warnings

import pytest
from cryptography.utils import CryptographyDeprecationWarning
from leakage import planted, refusals
from leakage.search import captured_traceback, found_in, leaks_of_error

from zeep_wssec import KeyLoadError, WSSecError
from zeep_wssec.keys.secrets import hides_frames


@pytest.fixture(params=refusals.ALL.values(), ids=list(refusals.ALL))
def refusal(request: pytest.FixtureRequest) -> tuple[WSSecError, dict[str, bytes]]:
    """One failure, and every secret that was at hand."""
    with planted.recorded_keys() as keys, warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        with pytest.raises(WSSecError) as raised:
            request.param()
    return raised.value, {**planted.canaries(), **keys}


def test_error(refusal: tuple[WSSecError, dict[str, bytes]]) -> None:
    """Text, details, causes, and two levels of attributes of every variable of every frame."""
    error, canaries = refusal
    assert leaks_of_error(error, canaries) == []


def test_traceback_with_variables(refusal: tuple[WSSecError, dict[str, bytes]]) -> None:
    """What a tool prints that shows the variables of frames."""
    error, canaries = refusal
    assert found_in(captured_traceback(error), canaries) == []


def test_nothing_is_printed(
    capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    """libxml2 writes what it cannot parse to stderr, if it is let; here it is not."""
    canaries = planted.canaries()
    for refuse in refusals.INBOUND.values():
        with pytest.raises(WSSecError):
            refuse()
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
    assert found_in("".join(str(item.message) for item in recwarn), canaries) == []


def _fail(password: bytes) -> None:
    length = len(password)
    raise KeyLoadError(f"{length} octets do not open it.")


exec(  # noqa: S102  # a function whose frames count: those of the tests' own files do not
    compile("def fail(inner, password):\n    inner(password)\n", "elsewhere.py", "exec")
)


def test_the_search_finds_what_is_there() -> None:
    """The same failure with its frames is found out, and without them is not."""
    fail = globals()["fail"]
    canaries = {"password": planted.USER_PASSWORD}
    with pytest.raises(KeyLoadError) as shown:
        fail(_fail, planted.USER_PASSWORD)
    assert leaks_of_error(shown.value, canaries) == ["elsewhere.py:2 fail: password: password"]
    assert found_in(captured_traceback(shown.value), canaries) == ["password"]
    with pytest.raises(KeyLoadError) as hidden:
        hides_frames(fail)(_fail, planted.USER_PASSWORD)
    assert leaks_of_error(hidden.value, canaries) == []
    assert str(hidden.value) == str(shown.value)


@pytest.mark.parametrize(
    "form",
    [
        planted.SHARED.hex(),
        repr(planted.SHARED),
        str(int.from_bytes(planted.SHARED)),
        repr(list(planted.SHARED)),
        "AP9jYW5hcnkBIG9mIGEgc2hhcmVkIGtleQ==",
    ],
)
def test_the_search_knows_every_form(form: str) -> None:
    """Hexadecimal, ``repr``, a number, a list of octets, base64."""
    assert found_in(f"key={form};", {"key": planted.SHARED}) == ["key"]
