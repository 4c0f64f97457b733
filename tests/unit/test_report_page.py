"""docs/answers.md says what a report has."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from zeep_wssec.report import EncryptionReport, Report, SignatureReport

PAGE = Path(__file__).resolve().parents[2] / "docs" / "answers.md"


def test_every_field_of_a_report_is_explained() -> None:
    """Whoever reads a report finds each of its fields on the page, and none that there is not."""
    section = re.search(r"^## The report\n(.*?)(?=^## )", PAGE.read_text("utf-8"), re.S | re.M)
    assert section is not None
    table = "\n".join(re.findall(r"^\|.*$", section[1], re.M))
    named = set(re.findall(r"`(\w+)`", table)) - {"None"}
    there = {
        item.name for kind in (Report, SignatureReport, EncryptionReport) for item in fields(kind)
    }
    assert named == there
