"""What a keystore becomes: the arguments that make the next one of what one or two others hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from zeep_wssec.errors import DuplicateAliasError, KeyLoadError, KeyNotFoundError
from zeep_wssec.keys.secrets import Secret
from zeep_wssec.keys.snapshot import Snapshot

Contents = Mapping[str, Any]
"""Arguments of ``Keystore``."""


def contents(now: Snapshot) -> Contents:
    """Give all that a keystore holds."""
    return {
        "keys": now.keys.values(),
        "partners": now.partners.values(),
        "trust": now.shared_trust,
        "secrets": now.secrets.values(),
        "users": now.users,
    }


def merged(mine: Snapshot, theirs: Snapshot) -> Contents:
    """Give what both hold.

    Raises:
        DuplicateAliasError: A user is in both.
    """
    for username in theirs.users:
        if username in mine.users:
            raise taken_user(username)
    return {
        "keys": (*mine.keys.values(), *theirs.keys.values()),
        "partners": (*mine.partners.values(), *theirs.partners.values()),
        "trust": mine.shared_trust.merge(theirs.shared_trust),
        "secrets": (*mine.secrets.values(), *theirs.secrets.values()),
        "users": {**mine.users, **theirs.users},
    }


def renamed(now: Snapshot, old: str, new: str) -> Contents:
    """Give what changes when the entry ``old`` is called ``new``.

    Raises:
        KeyNotFoundError: There is no entry ``old``.
    """
    existing = [*now.keys, *now.partners, *now.secrets]
    if old not in existing:
        raise KeyNotFoundError(
            f"The keystore has no entry {old!r}.",
            hint=f"It has: {existing}.",
            alias=old,
            existing=existing,
        )
    entries: dict[str, Any] = {
        name: [replace(item, alias=new) if item.alias == old else item for item in held.values()]
        for name, held in (("keys", now.keys), ("partners", now.partners))
    }
    # The partner still calls a secret what it did.
    entries["secrets"] = [
        replace(item, alias=new, key_name=item.message_name) if item.alias == old else item
        for item in now.secrets.values()
    ]
    return entries


def taken_user(username: str) -> DuplicateAliasError:
    """Make the error for a user that there is already."""
    return DuplicateAliasError(
        f"There is a user {username!r} already.",
        hint="A user has one password.",
        alias=username,
    )


def password_of(username: str, password: Secret | str) -> Secret:
    """Give a user's password as a secret.

    Raises:
        KeyLoadError: The name or the password is empty, or the password is something else.
    """
    if not isinstance(username, str) or not username:
        raise KeyLoadError("A user needs a name that is not empty.")
    if password == "" or not isinstance(password, Secret | str):
        raise KeyLoadError(
            f"The user {username!r} needs a password: Secret or text that is not empty.",
            hint="Secret.env(...) and Secret.file(...) name where it is kept.",
        )
    return password if isinstance(password, Secret) else Secret.of(password)
