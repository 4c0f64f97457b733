"""The one shape that every payload format has: six verbs, bytes or streams in and out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, Self, runtime_checkable

from zeep_wssec.errors import PayloadUsageError
from zeep_wssec.payload.results import PayloadResult
from zeep_wssec.payload.streams import PayloadSink, PayloadSource

if TYPE_CHECKING:
    from zeep_wssec.keys.keystore import Keystore

VERBS = ("sign", "verify", "encrypt", "decrypt", "protect", "open")
"""``protect`` signs and encrypts at once, ``open`` decrypts and verifies at once."""


@runtime_checkable
class PayloadFormat(Protocol):
    """Protects data outside of SOAP messages, and reads what a partner protected.

    A verb that the format has not raises ``PayloadUsageError``. Every verb raises before anything is
    written, or gives a result whose content was checked whole.
    """

    @classmethod
    def from_settings(
        cls, keystore: Keystore, settings: Any, *, clock: Callable[[], datetime] | None = None
    ) -> Self:
        """Make the format of a keystore, its frozen settings, and the clock in place of the machine's."""

    def sign(
        self, data: PayloadSource, *, to: PayloadSink | None = None, now: datetime | None = None
    ) -> PayloadResult:
        """Sign ``data``.

        Args:
            data: The content.
            to: Where the result goes; unset: into ``result.content``.
            now: Aware time, instead of the clock.

        Raises:
            KeyMaterialError: A key is missing, or not fit to sign.
        """

    def verify(
        self,
        data: PayloadSource,
        *,
        content: PayloadSource | None = None,
        to: PayloadSink | None = None,
        now: datetime | None = None,
    ) -> PayloadResult:
        """Verify ``data`` and give the content that was signed.

        Args:
            data: What was signed, or the signature alone.
            content: The content of a detached signature.
            to: Where the content goes, once the check has passed; unset: into ``result.content``.
            now: Aware time, instead of the clock.

        Raises:
            PayloadError: It is refused; nothing was written.
        """

    def encrypt(
        self, data: PayloadSource, *, to: PayloadSink | None = None, now: datetime | None = None
    ) -> PayloadResult:
        """Encrypt ``data``; see ``sign`` for the arguments.

        Raises:
            KeyMaterialError: A recipient is missing, or its key is not fit to be encrypted to.
        """

    def decrypt(
        self, data: PayloadSource, *, to: PayloadSink | None = None, now: datetime | None = None
    ) -> PayloadResult:
        """Decrypt ``data``; see ``verify`` for the arguments.

        Raises:
            PayloadDecryptionError: For every cause the same.
        """

    def protect(
        self, data: PayloadSource, *, to: PayloadSink | None = None, now: datetime | None = None
    ) -> PayloadResult:
        """Sign and encrypt ``data``; see ``sign`` for the arguments."""

    def open(
        self, data: PayloadSource, *, to: PayloadSink | None = None, now: datetime | None = None
    ) -> PayloadResult:
        """Decrypt and verify ``data``; see ``verify`` for the arguments.

        Raises:
            PayloadUnsignedError: It is encrypted, but nobody signed it.
        """


def refuse_verb(verb: str, *, format: str, verbs: tuple[str, ...]) -> NoReturn:
    """Refuse a verb that a format has not.

    Raises:
        PayloadUsageError: Always; the hint names those that there are.
    """
    raise PayloadUsageError(
        f"The format {format} has no {verb!r}.", hint=f"It has {', '.join(verbs)}.", verb=verb
    )


def moment(now: datetime | None, clock: Callable[[], datetime] | None = None) -> datetime:
    """Give an aware time: ``now``, or that of the clock.

    Args:
        now: Aware time, or ``None``.
        clock: Read where ``now`` is ``None``; unset: the clock of this machine, which this package reads
            here alone.

    Raises:
        PayloadUsageError: ``now``, or what the clock gives, is naive.
    """
    if now is None and clock is None:
        return datetime.now(UTC)
    name, found = ("now", now) if now is not None or clock is None else ("clock", clock())
    if not isinstance(found, datetime) or found.utcoffset() is None:
        raise PayloadUsageError(
            f"{name}: {found!r} is no aware time.", hint="Write datetime(…, tzinfo=UTC)."
        )
    return found.astimezone(UTC)
