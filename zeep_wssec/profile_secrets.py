"""Where a profile file says that secrets are kept; the secrets themselves never stand in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from zeep_wssec.errors import KeyLoadError, KeyMaterialError, ProfileError
from zeep_wssec.keys.secrets import Secret

PLACES: Mapping[str, str] = {
    "env": "VARIABLE",
    "file": "path",
    "keyring": "service/user",
    "callable": "package.module:function",
}
"""What a key may end in, and what stands behind it."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def secret_keys(name: str) -> tuple[str, ...]:
    """Give the keys that say where a secret is kept: ``password_env`` and so on."""
    return tuple(f"{name}_{place}" for place in PLACES)


def where_instead(name: str) -> str:
    """Say how to write where a secret is kept, as a hint."""
    first, *others = (f'{name}_{place} = "{shown}"' for place, shown in PLACES.items())
    return f"Say where it is kept: {', '.join([first, *others[:-1]])}, or {others[-1]}."


def read_secret(place: str, value: Any, *, read_path: Callable[[Any], Path]) -> Secret:
    """Give the secret that is kept somewhere.

    Args:
        place: ``"env"``, ``"file"``, ``"keyring"`` or ``"callable"``.
        value: What stands in the file; it may be the secret by mistake, so no error shows it.
        read_path: Gives the path of a file.

    Raises:
        ProfileError: It does not say where.
    """
    if place == "file":
        return Secret.file(read_path(value))
    text = value if isinstance(value, str) else ""
    if place == "env":
        if _VARIABLE.fullmatch(text):
            return Secret.env(text)
        raise ProfileError("The name of an environment variable is needed.")
    try:
        if place == "callable":
            return Secret.callable(text)
        service, _, user = text.rpartition("/")
        return Secret.keyring(service, user)
    except KeyLoadError:
        raise ProfileError(f'"{PLACES[place]}" is needed.') from None


def place_of(secret: Secret) -> tuple[str, str] | None:
    """Give where a secret is kept, as a file writes it; ``None`` for what is in memory only."""
    try:
        maker, source = secret.__reduce__()
    except KeyMaterialError:
        return None
    places: dict[Any, str] = {Secret.env: "env", Secret.file: "file", Secret.keyring: "keyring"}
    return places.get(maker, "callable"), "/".join(str(item) for item in source)
