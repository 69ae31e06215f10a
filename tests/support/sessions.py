"""Browser sessions: their times, and functions that start and find one."""

from __future__ import annotations

from cabinet.services.accounts.account import Account
from cabinet.services.accounts.sessions import Sessions, SessionTimes
from tests.support.services import ADDRESS

DAY = 24 * 60 * 60
ANOTHER = "a horse of another colour"
TIMES = SessionTimes(idle_seconds=DAY, total_seconds=7 * DAY)


def begin(sessions: Sessions, account: Account) -> str:
    return sessions.begin(account, TIMES, "curl/8", ADDRESS)


def id_of(sessions: Sessions, secret: str) -> str:
    found = sessions.find(secret)
    assert found is not None
    return found[1]
