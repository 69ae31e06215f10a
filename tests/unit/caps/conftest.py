"""Fixtures for caps: low ones, and counters that are right after each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from cabinet.services.kernel.caps import Caps, bind_caps
from cabinet.services.tree.usage_checks import find_wrong_entries
from tests.support.audit import check_rows

CAPS = Caps(entries=4, uploads=3, joins=2, copied=3)


@pytest.fixture(autouse=True)
def capped(session: Session) -> Iterator[None]:
    """Set low caps; afterwards check that all counters are right."""
    bind_caps(session, CAPS)
    yield
    check_rows(session)
    assert find_wrong_entries(session) == []
