"""The states of a resumable upload: transitions, and database statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from cabinet.models import Upload, UploadKind
from cabinet.services.accounts.account import Account
from cabinet.services.uploads.states import (
    TRANSITIONS,
    ImpossibleTransition,
    UploadEvent,
    UploadState,
    advance,
    state_of,
)
from cabinet.services.uploads.upload_rows import end
from tests.support.resumable import part, plan, service_of
from tests.support.services import START, Workbench, content_of

ROWS = {
    UploadState.RECEIVING: Upload(offset=1, length=2),
    UploadState.COMPLETE: Upload(offset=2, length=2),
    UploadState.STORED: Upload(offset=2, length=2, ended_at=START, content_hash="0" * 64),
    UploadState.GONE: Upload(offset=2, length=2, ended_at=START),
}


@pytest.mark.parametrize("state", UploadState)
def test_a_row_determines_the_state(state: UploadState) -> None:
    assert state_of(ROWS[state]) is state


def test_an_upload_of_unknown_length_is_not_complete() -> None:
    assert state_of(Upload(offset=0, length=None)) is UploadState.RECEIVING


@pytest.mark.parametrize(("state", "what"), list(product(UploadState, UploadEvent)))
def test_undefined_transitions_are_impossible(state: UploadState, what: UploadEvent) -> None:
    if what in TRANSITIONS[state]:
        assert advance(state, what) is TRANSITIONS[state][what]
    else:
        with pytest.raises(ImpossibleTransition, match=f"{what.name} in {state.name}"):
            advance(state, what)


def test_every_state_leads_to_gone_and_none_leaves_it() -> None:
    assert TRANSITIONS.keys() == set(UploadState)
    for state, leads_to in TRANSITIONS.items():
        assert state is UploadState.GONE or leads_to[UploadEvent.END] is UploadState.GONE
    assert TRANSITIONS[UploadState.GONE] == {}


def test_a_gone_upload_is_not_ended_again() -> None:
    row = Upload(offset=2, length=2, ended_at=START, expires_at=START)

    with pytest.raises(ImpossibleTransition):
        end(row, START + timedelta(days=1), timedelta(days=1))

    assert row.expires_at == START


@contextmanager
def asked(engine: Engine) -> Iterator[list[str]]:
    """Give a list that gets the first word of all that the database is asked, the end of a transaction too."""
    words: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        words.append(statement.split(maxsplit=1)[0])

    def begin(_connection: object) -> None:
        words.append("BEGIN")

    def finish(_connection: object) -> None:
        words.append("END")

    listeners: list[tuple[str, Callable[..., None]]] = [
        ("before_cursor_execute", note),
        ("begin", begin),
        ("commit", finish),
        ("rollback", finish),
    ]
    for name, listener in listeners:
        event.listen(engine, name, listener)
    try:
        yield words
    finally:
        for name, listener in listeners:
            event.remove(engine, name, listener)


def calls(words: list[str]) -> int:
    """Count statements, excluding the ends and beginnings of transactions."""
    return sum(word not in {"BEGIN", "END"} for word in words)


def test_a_middle_part_reads_its_row_before_and_under_its_lock(
    session: Session, bench: Workbench, alice: Account
) -> None:
    service = service_of(session, bench, alice)
    made = service.begin(plan(300))
    session.rollback()
    with asked(bench.engine) as words:
        service.append(made.id, part(b"x" * 100))

    assert words.count("BEGIN") == 3
    # The row; the row with its owner's account.
    assert words.count("SELECT") == 2
    assert words.count("UPDATE") == 2


def test_an_upload_needs_few_statements(session: Session, bench: Workbench, alice: Account) -> None:
    service = service_of(session, bench, alice)
    with asked(bench.engine) as words:
        made = service.begin(plan(300))
        service.append(made.id, part(b"x" * 100))
        service.append(made.id, part(b"y" * 200, 100))

    assert calls(words) <= 25
    assert content_of(session, bench, alice, "f") == b"x" * 100 + b"y" * 200


def test_reading_an_upload_reads_its_row_twice_and_writes_nothing(
    session: Session, bench: Workbench, alice: Account
) -> None:
    service = service_of(session, bench, alice)
    made = service.begin(plan(300, kind=UploadKind.PARTIAL))
    session.rollback()
    with asked(bench.engine) as words:
        service.get(made.id)

    assert [word for word in words if word not in {"BEGIN", "END"}] == ["SELECT", "SELECT"]
