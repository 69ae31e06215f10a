"""Identify the account that a request acts for, and manage its browser session.

Rule: finds users and handles their cookie; the services decide what they may do.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar, cast

from flask import Blueprint, g, request, session
from flask_login import AnonymousUserMixin, UserMixin, current_user, login_user, logout_user
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.datastructures import Authorization

from cabinet.errors import CabinetError, NotFound, SignInRequired, WrongCredentials
from cabinet.extensions import login_manager
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope
from cabinet.services.accounts.account import Account
from cabinet.services.accounts.credentials import Credential
from cabinet.services.accounts.sessions import SessionTimes
from cabinet.services.accounts.usernames import username_key
from cabinet.services.audit.log import record
from cabinet.services.kernel.ids import is_like_secret
from cabinet.web.guest import Guest, guest, is_below_links
from cabinet.web.peer import peer_address
from cabinet.web.runtime import requested_blueprints, setting
from cabinet.web.services import accounts, database, free_connection, sessions, tokens

_Found = TypeVar("_Found")


class ActingUser(UserMixin):  # type: ignore[misc]  # Flask-Login carries no types
    """The account that a request acts for, with its credential."""

    def __init__(self, credential: Credential) -> None:
        self.credential = credential
        self.account = credential.account

    @property
    def session_id(self) -> str | None:
        """The id of the request's session, None if it has another credential."""
        return self.credential.session_id

    @property
    def id(self) -> int:
        """The account's row id."""
        return self.account.id

    @property
    def scope(self) -> Scope:
        """The tree that the request acts on and its rights there; no other code derives it."""
        return self.credential.scope

    @property
    def sees_usage(self) -> bool:
        """Return whether to show the usage and quota of the account, which cover its whole space."""
        return self.scope.is_whole and self.scope.has(Rights.LIST)

    @property
    def public_id(self) -> str:
        """The permanent id of the account in URLs and APIs."""
        return self.account.public_id

    @property
    def username(self) -> str:
        """The name as the user wrote it."""
        return self.account.username

    @property
    def language(self) -> str | None:
        """The language that the user selected, if any."""
        return self.account.language


class _CookieUser(UserMixin):  # type: ignore[misc]  # likewise
    """The value of Flask-Login's cookie: the secret of a session row."""

    def __init__(self, secret: str) -> None:
        self.id = secret


def acting_user() -> ActingUser:
    """Return the acting user; raises `SignInRequired`, or the error of the failed sign-in."""
    user = visitor()
    if "sign_in_error" in g:
        raise g.sign_in_error
    if not isinstance(user, ActingUser):
        raise SignInRequired
    return user


def acting() -> ActingUser | Guest:
    """Return who acts: the guest of the link that the request came through, else the acting user."""
    return guest() or acting_user()


def account_user() -> ActingUser:
    """Return the acting user, who may change the account and its tokens.

    Raises as `acting_user`, and `Forbidden` for a token with limited scopes.
    """
    user = acting_user()
    user.credential.require_unlimited()
    return user


def visitor() -> ActingUser | AnonymousUserMixin:
    """Return the acting user, or an anonymous one."""
    # The object itself, for isinstance; the name is part of Werkzeug's documented LocalProxy.
    return cast(ActingUser | AnonymousUserMixin, current_user._get_current_object())  # noqa: SLF001


def takes_header_only(bp: Blueprint) -> None:
    """Mark a blueprint for programs: no cookie makes an actor there, only an `Authorization` header."""
    bp.takes_header_only = True  # type: ignore[attr-defined]


def is_header_only() -> bool:
    """Return whether the request's view belongs to a blueprint that is marked by `takes_header_only`."""
    return any(getattr(bp, "takes_header_only", False) for bp in requested_blueprints())


def sign_in(account: Account, *, remember: bool) -> None:
    """Begin a session of `account` in this browser, with a new cookie value."""
    kind = "REMEMBER" if remember else "SESSION"
    times = SessionTimes(setting(f"{kind}_IDLE_SECONDS"), setting(f"{kind}_SECONDS"))
    _end_own_session()
    user_agent = request.user_agent.string
    secret = sessions().begin(account, times, user_agent, peer_address())
    session.clear()
    login_user(_CookieUser(secret))
    session.permanent = remember


def sign_out() -> None:
    """End this browser's session on the server and clear its cookie."""
    _end_own_session()
    logout_user()
    session.clear()


def _end_own_session() -> None:
    user = visitor()
    if isinstance(user, ActingUser) and user.session_id is not None:
        with suppress(NotFound):  # it may have ended with its account, or in another window
            end_session(user, user.session_id)


def end_session(user: ActingUser, session_id: str) -> None:
    """End one session of `user`; raises `NotFound`."""
    sessions().end(user.id, session_id)


@login_manager.user_loader  # type: ignore[untyped-decorator]  # likewise
def _load_from_cookie(secret: str) -> ActingUser | None:
    if is_below_links() or is_header_only():
        return None
    if "Authorization" in request.headers:
        return (
            None  # an explicit credential takes precedence over a cookie, which browsers send by themselves
        )
    found = _or_none(lambda: sessions().find(secret))
    return ActingUser(Credential(found[0], session_id=found[1])) if found else None


@login_manager.request_loader  # type: ignore[untyped-decorator]  # likewise
def _load_from_header(_request: object) -> ActingUser | None:
    if "Authorization" not in request.headers or is_below_links():
        return None
    shown = _or_none(lambda: _credential_of(request.authorization))
    return ActingUser(shown) if shown else None


def _or_none(find: Callable[[], _Found | None]) -> _Found | None:
    """Return the result of `find`; store an error for `acting_user` to raise.

    So public pages stay available, including the error page.
    """
    try:
        return find()
    except (CabinetError, DBAPIError, PoolTimeout) as error:
        g.sign_in_error = error
        database().rollback()
        return None
    finally:
        free_connection()


def _credential_of(shown: Authorization | None) -> Credential:
    if shown is not None and shown.type == "bearer" and shown.token:
        if found := tokens().find(shown.token):
            return found
    elif shown is not None and shown.type == "basic":
        name, password = shown.parameters.get("username"), shown.parameters.get("password")
        if name is not None and password is not None:
            return _token_of(name, password) or Credential(
                accounts().check_password(name, password, peer_address(), remember=True)
            )
    record("credentials-refused", address=peer_address())
    raise WrongCredentials


def _token_of(name: str, password: str) -> Credential | None:
    """Return the credential of a token that a program shows as the password of its user, None for a password."""
    if not is_like_secret(password):
        return None
    found = tokens().find(password)
    return found if found is not None and username_key(name) == username_key(found.account.username) else None
