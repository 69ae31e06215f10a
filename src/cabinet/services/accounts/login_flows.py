"""Sign-ins of apps that know no password: an app begins one, a person grants it on a page, the app gets a token.

    begin    the app gets two secrets: one for the address of the page, one to ask with
    find     what the page shows
    grant    the person has typed the password
    collect  the app gets its token, once

Source: the login flow version 2 of Nextcloud.

Rule: secrets are stored as hashes, and the token is made when the app collects it, so no row holds one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from cabinet.errors import NotFound, TooManyAttempts
from cabinet.models import LoginFlow
from cabinet.services.accounts.account import Account
from cabinet.services.accounts.login_throttle import to_network
from cabinet.services.accounts.token_scopes import USUAL
from cabinet.services.accounts.tokens import TOKEN_NAME_LENGTH
from cabinet.services.audit.log import record
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import execute_counted, lock_key, writing
from cabinet.services.kernel.expiry import delete_in_steps
from cabinet.services.kernel.ids import hash_secret, new_id, new_secret

# How long a person has to grant a sign-in, and the app to collect its token.
LASTS_FOR = timedelta(minutes=20)
# Sign-ins under way from one network.
MOST_OF_A_NETWORK = 10

# What the token of an app may do; never administer the server.
APP_SCOPES = USUAL

UNKNOWN_CLIENT = "Nextcloud"


@dataclass(frozen=True, slots=True)
class BegunFlow:
    """The secrets of a sign-in that has begun, which are not stored."""

    page: str
    poll: str


@dataclass(frozen=True, slots=True)
class FlowInfo:
    """A sign-in as its page shows it: what the app calls itself, and where it began it from."""

    id: str
    client: str
    address: str
    created_at: datetime

    def is_from_elsewhere(self, address: str) -> bool:
        """Return whether the app is in another network than `address`, that of the person's browser."""
        return to_network(self.address) != to_network(address)


@dataclass(frozen=True, slots=True)
class GrantedFlow:
    """A sign-in that was granted, and is over: the app, the user, and the stamp of the password."""

    client: str
    user_id: int
    stamp: str


class LoginFlows:
    """The sign-ins of apps that are under way."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def begin(self, client: str, address: str) -> BegunFlow:
        """Begin a sign-in of an app; raises `TooManyAttempts` for too many from one network."""
        now, begun, network = self._clock(), BegunFlow(new_secret(), new_secret()), to_network(address)
        mine = (LoginFlow.network == network, LoginFlow.expires_at > now)
        with writing(self._session):
            lock_key(self._session, f"login-flow:{network}")
            held = select(func.count(), func.min(LoginFlow.expires_at)).where(*mine)
            count, first_ends = self._session.execute(held).one()
            if count >= MOST_OF_A_NETWORK:
                raise TooManyAttempts(retry_after=int((first_ends - now).total_seconds()) + 1)
            self._session.add(
                LoginFlow(
                    id=new_id(),
                    page_hash=hash_secret(begun.page),
                    poll_hash=hash_secret(begun.poll),
                    client=to_client(client),
                    address=address[:64],
                    network=network,
                    created_at=now,
                    expires_at=now + LASTS_FOR,
                )
            )
        return begun

    def find(self, page: str) -> FlowInfo:
        """Return the sign-in of a page; raises `NotFound` if it was granted or has expired."""
        row = self._find(page)
        return FlowInfo(row.id, row.client, row.address, row.created_at)

    def _find(self, page: str, *, lock: bool = False) -> LoginFlow:
        wanted = select(LoginFlow).where(
            LoginFlow.page_hash == hash_secret(page), LoginFlow.user_id.is_(None)
        )
        row = self._session.scalar(wanted.with_for_update() if lock else wanted)
        if row is None or row.expires_at <= self._clock():
            raise NotFound
        return row

    def grant(self, page: str, account: Account) -> None:
        """Grant a sign-in to the user whose password was just checked; raises `NotFound`, also the second time."""
        with writing(self._session):
            row = self._find(page, lock=True)
            row.user_id, row.stamp = account.id, account.stamp
        record("login-flow-granted", user=account.username, flow=row.id, client=row.client)

    def cancel(self, page: str) -> None:
        """End a sign-in without granting it; raises `NotFound`."""
        with writing(self._session):
            self._session.delete(self._find(page, lock=True))

    def collect(self, poll: str) -> GrantedFlow:
        """End a granted sign-in, and return it, once; raises `NotFound` until it is granted and afterwards."""
        asked = LoginFlow.poll_hash == hash_secret(poll)
        # Read without a lock first: an app asks every second.
        row = self._session.scalar(select(LoginFlow).where(asked))
        if row is None or row.user_id is None or row.stamp is None or row.expires_at <= self._clock():
            raise NotFound
        granted = GrantedFlow(row.client, row.user_id, row.stamp)
        with writing(self._session):
            if not execute_counted(self._session, delete(LoginFlow).where(asked)):
                raise NotFound
        return granted

    def delete_expired(self) -> int:
        """Delete expired sign-ins, and return the number of rows."""
        return delete_in_steps(self._session, LoginFlow.id, LoginFlow.expires_at <= self._clock())


def to_client(text: str) -> str:
    """Return what an app calls itself, as the name of its token."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())[:TOKEN_NAME_LENGTH].strip() or UNKNOWN_CLIENT
