"""What the formats share whose signers and recipients are entries of a keystore."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from zeep_wssec.keys.keystore import Keystore
from zeep_wssec.payload.shape import moment
from zeep_wssec.payload.trust import Demand, SignerJudge


class _KeystoreSettings(Protocol):
    @property
    def demands(self) -> tuple[Demand, ...]:
        """Who may sign."""


_Settings = TypeVar("_Settings", bound=_KeystoreSettings)


class KeystoreFormat(Generic[_Settings]):
    """Keys, settings, clock and judge of a format; safe to share between threads."""

    settings_class: ClassVar[type[Any]]
    """Settings that are made where none are given."""

    def __init__(
        self,
        keystore: Keystore,
        settings: _Settings | None = None,
        *,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        """Make the format.

        Args:
            keystore: Our key pairs, our partners and what is trusted.
            settings: How; unset: the defaults of the format.
            clock: Gives the aware time where a verb is given none; unset: the clock of this machine.
        """
        self.keystore = keystore
        self.settings: _Settings = self.settings_class() if settings is None else settings
        legacy: Mapping[str, str] = getattr(self.settings, "legacy", {})
        self._judge = SignerJudge(self.settings.demands, legacy=legacy)
        self._clock = clock

    @classmethod
    def from_settings(
        cls,
        keystore: Keystore,
        settings: _Settings,
        *,
        clock: Callable[[], datetime] | None = None,
    ) -> Self:
        """Make the format of a keystore and its settings."""
        return cls(keystore, settings, clock=clock)

    def _moment(self, now: datetime | None) -> datetime:
        return moment(now, self._clock)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.keystore!r}>"
