"""Small batch sizes, so that few entries already need several transactions."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.orm import Session

# What purges, moves and removes has steps of its own, and what copies, too, for whom that matters.
ALL = ("changes.batches", "changes.bulk", "changes.purging", "tree.removal")


class Killed(BaseException):
    """Simulates a signal that ends a process: nothing catches it."""


def make_steps_small(monkeypatch: pytest.MonkeyPatch, size: int, *others: str) -> None:
    """Set the size of a step, also in the services `others`."""
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
