"""The verbs that a format which only signs has not."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from zeep_wssec.payload.results import PayloadResult
from zeep_wssec.payload.shape import refuse_verb
from zeep_wssec.payload.streams import PayloadSink, PayloadSource

_VERBS = ("sign", "verify")


class SigningOnly:
    """Gives a format of signatures the verbs of encryption, each a refusal that says what there is."""

    format: ClassVar[str]

    def encrypt(
        self, data: PayloadSource, *, to: PayloadSink | None = None, now: datetime | None = None
    ) -> PayloadResult:
        """Refuse with ``PayloadUsageError``."""
        refuse_verb("encrypt", format=self.format, verbs=_VERBS)

    def decrypt(
        self, data: PayloadSource, *, to: PayloadSink | None = None, now: datetime | None = None
    ) -> PayloadResult:
        """Refuse with ``PayloadUsageError``."""
        refuse_verb("decrypt", format=self.format, verbs=_VERBS)

    def protect(
        self, data: PayloadSource, *, to: PayloadSink | None = None, now: datetime | None = None
    ) -> PayloadResult:
        """Refuse with ``PayloadUsageError``."""
        refuse_verb("protect", format=self.format, verbs=_VERBS)

    def open(
        self, data: PayloadSource, *, to: PayloadSink | None = None, now: datetime | None = None
    ) -> PayloadResult:
        """Refuse with ``PayloadUsageError``."""
        refuse_verb("open", format=self.format, verbs=_VERBS)
