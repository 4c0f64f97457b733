"""The payload formats by name; each is imported when it is used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from zeep_wssec.errors import PayloadUsageError
from zeep_wssec.payload.shape import PayloadFormat

if TYPE_CHECKING:
    from zeep_wssec.keys.keystore import Keystore


@dataclass(frozen=True)
class FormatRow:
    """Where a format is found."""

    settings: str
    """``"module:class"`` of its settings; the module imports no engine and nothing that is optional."""
    format: str
    """``"module:class"`` of the format itself."""
    extra: str = ""
    """Extra of this distribution that the format needs, or empty."""

    def settings_class(self) -> type[Any]:
        """Import the settings class."""
        found: type[Any] = _import(self.settings)
        return found

    def format_class(self) -> type[PayloadFormat]:
        """Import the format.

        Raises:
            PayloadUsageError: What its extra brings is not installed.
        """
        try:
            found: type[PayloadFormat] = _import(self.format)
        except ModuleNotFoundError as error:
            if not self.extra or (error.name or "").startswith("zeep_wssec"):
                raise
            raise PayloadUsageError(
                f"{error.name} is not installed.", hint=f"pip install zeep-wssec[{self.extra}]"
            ) from None
        return found


FORMATS: Mapping[str, FormatRow] = {
    "cms": FormatRow("zeep_wssec.payload.cms.settings:CmsSettings", "zeep_wssec.payload.cms:Cms"),
    "jws": FormatRow("zeep_wssec.payload.jws.settings:JwsSettings", "zeep_wssec.payload.jws:Jws"),
    "openpgp": FormatRow(
        "zeep_wssec.payload.openpgp.settings:OpenPgpSettings", "zeep_wssec.payload.openpgp:OpenPgp"
    ),
    "xmldsig": FormatRow(
        "zeep_wssec.payload.xmldsig.settings:XmlDsigSettings", "zeep_wssec.payload.xmldsig:XmlDsig"
    ),
}
"""One row a format; a profile's ``format = "…"`` and the command line's ``--format`` name it."""


def require_format(name: str) -> FormatRow:
    """Give the row of a format.

    Raises:
        PayloadUsageError: There is none of that name.
    """
    if name in FORMATS:
        return FORMATS[name]
    close = get_close_matches(str(name), FORMATS, n=1)
    raise PayloadUsageError(
        f"{str(name)[:80]!r} is no payload format; there are {', '.join(FORMATS) or 'none'}.",
        hint=f"Did you mean {close[0]}?" if close else "",
    )


def format_of(settings: object) -> str | None:
    """Name the format whose settings these are; nothing is imported for it."""
    kind = type(settings)
    place = f"{kind.__module__}:{kind.__qualname__}"
    return next((name for name, row in FORMATS.items() if row.settings == place), None)


def make_format(
    settings: object, *, keystore: Keystore, clock: Callable[[], datetime] | None = None
) -> PayloadFormat:
    """Make a format of its settings.

    Args:
        settings: Of any format.
        keystore: For formats whose keys are not in rings of their own.
        clock: Gives the aware time where a verb is given none; unset: the clock of this machine.

    Raises:
        PayloadUsageError: They are of no format, or what the format needs is not installed.
    """
    name = format_of(settings)
    if name is None:
        raise PayloadUsageError(f"{type(settings).__name__} are settings of no payload format.")
    made = require_format(name).format_class()
    return made.from_settings(keystore, settings, clock=clock)


def _import(place: str) -> Any:
    module, name = place.split(":")
    return getattr(importlib.import_module(module), name)
