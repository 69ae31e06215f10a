"""Letting a few entries be many, so that what takes several transactions does so in a small test."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.orm import Session

# What purges, moves and removes has steps of its own, and what copies, too, for whom that matters.
ALL = ("changes.batches", "changes.bulk", "changes.purging", "tree.removal")


class Killed(BaseException):
    """Stands for a signal that ends a process: nothing catches it."""


def make_steps_small(monkeypatch: pytest.MonkeyPatch, size: int, *others: str) -> None:
    """Let a step be of so many entries, also in some `others` of the services."""
    for module in (*ALL, *others):
        monkeypatch.setattr(f"cabinet.services.{module}.STEP", size)


def call_after(monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[], object]) -> None:
    """Call `act` behind each transaction that one of the services begins, by a `name` such as "tree.removal.writing"."""
    module, _, begins = f"cabinet.services.{name}".rpartition(".")
    begin = getattr(importlib.import_module(module), begins)

    @contextmanager
    def begin_and_act(session: Session) -> Iterator[None]:
        with begin(session):
            yield
        act()

    monkeypatch.setattr(f"{module}.{begins}", begin_and_act)
