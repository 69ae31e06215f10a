"""Who acts, and the services bound to the request.

Rule: the only module that asks Flask for the current application.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from logging import Logger
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import current_app, g, has_request_context, request, session
from flask_login import AnonymousUserMixin, UserMixin, current_user, login_user, logout_user
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from werkzeug.datastructures import Authorization

from cabinet.errors import (
    CabinetError,
    NotFound,
    SignInRequired,
    StorageFull,
    Unavailable,
    WrongCredentials,
)
from cabinet.extensions import db, login_manager
from cabinet.services.accounts.accounts import Account, Accounts
from cabinet.services.accounts.credentials import Credential
from cabinet.services.accounts.login_throttle import RegistrationLimits, is_loopback
from cabinet.services.accounts.sessions import Sessions, SessionTimes
from cabinet.services.accounts.tokens import Tokens
from cabinet.services.archives.zipping import Zipping
from cabinet.services.changes.bulk import Bulk
from cabinet.services.changes.files import Files
from cabinet.services.changes.moving import Moving
from cabinet.services.changes.trash import Trash
from cabinet.services.kernel.caps import Caps, bind_caps
from cabinet.services.kernel.database import to_domain_error
from cabinet.services.maintenance.sweep import Housekeeping, Keep
from cabinet.services.maintenance.verify import Inspection
from cabinet.services.thumbnails.thumbnails import Thumbnails
from cabinet.services.tree.search import Search
from cabinet.services.tree.versions import Versions
from cabinet.services.uploads.publishing import Terms
from cabinet.services.uploads.resumable import ResumableUploads
from cabinet.services.uploads.uploads import Uploads
from cabinet.web.runtime import Runtime

EXTENSION = "cabinet"

_Found = TypeVar("_Found")


class ActingUser(UserMixin):  # type: ignore[misc]  # Flask-Login carries no types
    """The account that a request acts for, and what it showed for that."""

    def __init__(self, credential: Credential) -> None:
        self.credential = credential
        self.account = credential.account

    @property
    def session_id(self) -> str | None:
        """The id of the session that the request belongs to, if it does."""
        return self.credential.session_id

    @property
    def id(self) -> int:
        """The account's row id."""
        return self.account.id

    @property
    def public_id(self) -> str:
        """What the account is known by outside, and for good."""
        return self.account.public_id

    @property
    def username(self) -> str:
        """The name as its owner wrote it."""
        return self.account.username

    @property
    def language(self) -> str | None:
        """The language that the user chose, if any."""
        return self.account.language


class _CookieUser(UserMixin):  # type: ignore[misc]  # likewise
    """What Flask-Login writes into the cookie: the secret of a session row."""

    def __init__(self, secret: str) -> None:
        self.id = secret


def runtime() -> Runtime:
    """Return what the application keeps for all requests."""
    return cast(Runtime, current_app.extensions[EXTENSION])


def setting(name: str) -> Any:
    """Return a setting of `config.py`."""
    return current_app.config[name]


def log() -> Logger:
    """Return where the application writes what its operator has to know."""
    return current_app.logger


def requested_view() -> Callable[..., Any] | None:
    """Return the view that answers this request, None where there is none."""
    return current_app.view_functions.get(request.endpoint or "")


def _database() -> Session:
    opened = cast(Session, db.session())
    bind_caps(opened, _caps())
    return opened


def _caps() -> Caps:
    return Caps(
        entries=setting("USER_ENTRIES"),
        uploads=setting("USER_UPLOADS"),
        joins=setting("PART_JOINS"),
        copied=setting("COPY_ENTRIES"),
    )


def accounts() -> Accounts:
    """Return the use cases of accounts."""
    held = runtime()
    return Accounts(_database(), held.passwords, held.clock, setting("USER_QUOTA"), _host_names(), _limits())


def _limits() -> RegistrationLimits:
    """Return how many accounts the network of this request may make."""
    per_day = setting("REGISTRATIONS_PER_DAY")
    # Without a proxy in front, whoever comes from this machine owns it or tries it out.
    if has_request_context() and not setting("PROXY_HOPS") and is_loopback(peer_address()):
        per_day = 0
    return RegistrationLimits(setting("REGISTRATIONS_PER_MINUTE"), per_day)


def _host_names() -> set[str]:
    """Return the names by which people know this server."""
    told = {urlsplit(setting("PUBLIC_URL") or "").hostname, *(setting("TRUSTED_HOSTS") or ())}
    if has_request_context():
        told.add(urlsplit(f"//{request.host}").hostname)
    return {name.strip(".") for name in told if name}


def sessions() -> Sessions:
    """Return the use cases of browsers that are signed in."""
    return Sessions(_database(), runtime().clock, setting("USER_SESSIONS"))


def tokens() -> Tokens:
    """Return the use cases of programs' tokens."""
    return Tokens(_database(), runtime().clock, setting("USER_TOKENS"))


def files(owner_id: int) -> Files:
    """Return the use cases of one user's files."""
    held = runtime()
    return Files(_database(), held.store, held.clock, held.cursors, owner_id)


def moving(owner_id: int) -> Moving:
    """Return the use cases of rearranging one user's files."""
    return Moving(_database(), runtime().clock, owner_id)


def bulk(owner_id: int) -> Bulk:
    """Return the use cases of everything in a place at once."""
    return Bulk(_database(), runtime().clock, owner_id)


def trash(owner_id: int) -> Trash:
    """Return the use cases of what one user deleted."""
    keep = timedelta(days=setting("TRASH_KEEP_DAYS"))
    held = runtime()
    return Trash(_database(), held.clock, keep, held.cursors, owner_id)


def versions(owner_id: int) -> Versions:
    """Return the use cases of the history of one user's files."""
    return Versions(_database(), runtime().clock, setting("VERSIONS_KEPT"), owner_id)


def search(owner_id: int) -> Search:
    """Return what finds one user's files by their names."""
    return Search(_database(), runtime().cursors, owner_id)


def thumbnails(owner_id: int) -> Thumbnails:
    """Return the thumbnails of one user's files."""
    held = runtime()
    return Thumbnails(_database(), held.store, held.thumbnail_maker, owner_id)


def zipping(owner_id: int) -> Zipping:
    """Return what makes an archive of one user's files, which is sent when this request is over."""
    # It has a session of its own, and no request has two connections.
    _database().rollback()
    return Zipping(Session(db.engine), runtime().store, owner_id)


def uploads(owner_id: int) -> Uploads:
    """Return the use cases of one user's uploads."""
    held = runtime()
    return Uploads(_database(), held.store, held.clock, _terms(), owner_id)


def resumable(owner_id: int) -> ResumableUploads:
    """Return the use cases of one user's uploads that outlive their requests."""
    held = runtime()
    return ResumableUploads(_database(), held.store, held.clock, _terms(), owner_id)


def _terms() -> Terms:
    keep = timedelta(seconds=setting("UPLOAD_KEEP_SECONDS"))
    return Terms(setting("MAX_UPLOAD_SIZE"), setting("VERSIONS_KEPT"), keep)


def housekeeping(*, now: bool = False) -> Housekeeping:
    """Return what tidies up; with `now` it frees at once what nothing needs any more."""
    held = runtime()
    grace = timedelta(seconds=setting("SWEEP_GRACE_SECONDS"))
    keep = Keep(
        trash=timedelta(days=setting("TRASH_KEEP_DAYS")),
        unneeded=timedelta(0) if now else grace,
        # A slow upload may be quiet for long, and only its own request knows that it goes on.
        staged=grace,
        ended=timedelta(seconds=setting("UPLOAD_KEEP_SECONDS")),
    )
    return Housekeeping(_database(), held.store, held.clock, keep)


def inspection() -> Inspection:
    """Return what compares rows and blobs."""
    return Inspection(_database(), runtime().store)


def has_room() -> bool:
    """Tell whether the disks have more free than their reserve; where nobody knows they have."""
    try:
        runtime().store.check_room()
    except StorageFull:
        return False
    except CabinetError:
        return True
    return True


def check_ready() -> None:
    """Raise unless the database and the store answer; `StorageFull` where a small upload has no room."""
    try:
        _database().execute(text("SELECT 1"))
        _database().rollback()
    except DBAPIError as error:
        raise to_domain_error(error) or Unavailable() from error
    except PoolTimeout as error:
        raise Unavailable from error
    with runtime().store.begin(expected_size=1) as staging:
        staging.append([b"\n"])


def peer_address() -> str:
    """Return the address that the request came from, behind as many proxies as are trusted."""
    return request.remote_addr or ""


def acting_user() -> ActingUser:
    """Return whom this request acts for; raises `SignInRequired`, or why signing in failed."""
    user = visitor()
    if "sign_in_error" in g:
        raise g.sign_in_error
    if not isinstance(user, ActingUser):
        raise SignInRequired
    return user


def visitor() -> ActingUser | AnonymousUserMixin:
    """Return the acting user, or an anonymous one."""
    # The object itself, for isinstance; the name is part of Werkzeug's documented LocalProxy.
    return cast(ActingUser | AnonymousUserMixin, current_user._get_current_object())  # noqa: SLF001


def sign_in(account: Account, *, remember: bool) -> None:
    """Begin a session of `account` in this browser, under a cookie that it did not have before."""
    kind = "REMEMBER" if remember else "SESSION"
    times = SessionTimes(setting(f"{kind}_IDLE_SECONDS"), setting(f"{kind}_SECONDS"))
    _end_own_session()
    user_agent = request.user_agent.string
    secret = sessions().begin(account, times, user_agent, peer_address())
    session.clear()
    login_user(_CookieUser(secret))
    session.permanent = remember


def sign_out() -> None:
    """End this browser's session on the server and forget it here."""
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
    if "Authorization" in request.headers:
        return None  # what was shown on purpose counts, not what a browser sends along
    found = _or_nothing(lambda: sessions().find(secret))
    return ActingUser(Credential(found[0], session_id=found[1])) if found else None


@login_manager.request_loader  # type: ignore[untyped-decorator]  # likewise
def _load_from_header(_request: object) -> ActingUser | None:
    if "Authorization" not in request.headers:
        return None
    shown = _or_nothing(lambda: _credential_of(request.authorization))
    return ActingUser(shown) if shown else None


def _or_nothing(find: Callable[[], _Found | None]) -> _Found | None:
    """Return what `find` does; an error only keeps out whoever needs the user, `acting_user` raises it.

    So pages for everybody stay open, the one that shows an error among them.
    """
    try:
        return find()
    except (CabinetError, DBAPIError, PoolTimeout) as error:
        g.sign_in_error = error
        return None
    finally:
        # Whatever comes next may wait for its sender, and the connection is for whoever asks something.
        _database().rollback()


def _credential_of(shown: Authorization | None) -> Credential:
    if shown is not None and shown.type == "bearer" and shown.token:
        if found := tokens().find(shown.token):
            return Credential(found[0], token_id=found[1])
    elif shown is not None and shown.type == "basic":
        name, password = shown.parameters.get("username"), shown.parameters.get("password")
        if name is not None and password is not None:
            return Credential(accounts().check_password(name, password, peer_address(), remember=True))
    raise WrongCredentials
