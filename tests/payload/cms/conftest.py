"""The other side."""

from __future__ import annotations

from pathlib import Path

import pytest
from payload.cms.people import OpenSsl


@pytest.fixture
def openssl(tmp_path: Path) -> OpenSsl:
    """openssl in a folder of its own."""
    return OpenSsl(tmp_path)
