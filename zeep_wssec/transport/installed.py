"""Whether what ``zeep.AsyncClient`` needs is installed, told before zeep fails without it."""

from __future__ import annotations

from importlib.util import find_spec

from zeep_wssec.errors import ProfileError

ASYNC_NEEDS = ("httpx", "packaging")
"""zeep 4.3.3 imports both, though it asks only for the first."""
ASYNC_ADVICE = (
    "AsyncClient and sessions of httpx need httpx and packaging: pip install 'zeep-wssec[async]'"
)


def missing_for_async() -> tuple[str, ...]:
    """Give the libraries of ``ASYNC_NEEDS`` that are not installed."""
    return tuple(name for name in ASYNC_NEEDS if find_spec(name) is None)


def require_async() -> None:
    """Refuse to go on without the libraries that ``zeep.AsyncClient`` needs.

    Raises:
        ProfileError: One is missing.
    """
    missing = missing_for_async()
    if missing:
        error = ProfileError(f"{ASYNC_ADVICE}; missing: {', '.join(missing)}.")
        error.request_sent = "no"
        raise error
