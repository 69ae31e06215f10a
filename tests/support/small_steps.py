"""Letting a few entries be many, so that what takes several transactions does so in a small test."""

from __future__ import annotations

import pytest

# What purges, moves and removes has steps of its own, and what copies, too, for whom that matters.
ALL = ("changes.batches", "changes.bulk", "changes.purging", "tree.removal")


class Killed(BaseException):
    """Stands for a signal that ends a process: nothing catches it."""


def make_steps_small(monkeypatch: pytest.MonkeyPatch, size: int, *others: str) -> None:
    """Let a step be of so many entries, also in some `others` of the services, and nobody wait between two."""
    for module in (*ALL, *others):
        monkeypatch.setattr(f"cabinet.services.{module}.STEP", size)
    monkeypatch.setattr("cabinet.services.kernel.database.LONGEST_PAUSE", 0)
