"""Create the services for the current application's session, store and settings.

Rule: passes each service what it needs, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import cast
from urllib.parse import urlsplit

from flask import has_request_context, request
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from cabinet.errors import CabinetError, StorageFull, Unavailable
from cabinet.extensions import db
from cabinet.services.access.scope import Scope
from cabinet.services.accounts.account import Account
from cabinet.services.accounts.accounts import Accounts
from cabinet.services.accounts.login_flows import LoginFlows
from cabinet.services.accounts.login_throttle import RegistrationLimits, is_loopback
from cabinet.services.accounts.sessions import Sessions
from cabinet.services.accounts.tokens import Tokens
from cabinet.services.accounts.user_lookup import UserLookup
from cabinet.services.activity.downloads import record_downloads
from cabinet.services.activity.feed import Activity
from cabinet.services.activity.notices import Notices
from cabinet.services.archives.zipping import Zipping
from cabinet.services.changes.bulk import Bulk
from cabinet.services.changes.crossing import Crossing
from cabinet.services.changes.files import Files
from cabinet.services.changes.moving import Moving
from cabinet.services.changes.trash import Trash
from cabinet.services.changes.versions import Versions
from cabinet.services.groups.groups import GroupPolicy, Groups
from cabinet.services.kernel.caps import bind_caps, has_caps
from cabinet.services.kernel.database import to_domain_error
from cabinet.services.maintenance.job_runs import JobRuns
from cabinet.services.maintenance.sweep import Housekeeping, Retention
from cabinet.services.maintenance.verify import Inspection
from cabinet.services.shares.blocks import Blocks
from cabinet.services.shares.grants import Grants
from cabinet.services.shares.links import Links
from cabinet.services.shares.policy import SharePolicy, Sharing
from cabinet.services.shares.received import Received
from cabinet.services.shares.shares import Shares
from cabinet.services.spaces.spaces import OPERATOR, SpaceActor, Spaces
from cabinet.services.spaces.values import SpaceMakers
from cabinet.services.thumbnails.thumbnails import Thumbnails
from cabinet.services.tree.mounts import Mounts, Place
from cabinet.services.tree.search import Search
from cabinet.services.uploads.publishing import UploadLimits
from cabinet.services.uploads.resumable import ResumableUploads
from cabinet.services.uploads.uploads import Uploads
from cabinet.storage.reserve import check_room
from cabinet.web.peer import peer_address
from cabinet.web.runtime import runtime, setting


def database() -> Session:
    """Return the session of the request or the command, with the limits for its rows."""
    opened = cast(Session, db.session())
    if not has_caps(opened):
        bind_caps(opened, runtime().caps)
    return opened


def free_connection() -> None:
    """End the transaction if the request may wait for its client next, so that others have its connection.

    A request without a body goes on with it, because beginning another one takes as long as a query.
    """
    if request.method not in {"GET", "HEAD"}:
        database().rollback()


def accounts() -> Accounts:
    """Return the service for accounts."""
    held = runtime()
    return Accounts(database(), held.passwords, held.clock, setting("USER_QUOTA"), _host_names, _limits)


def _limits() -> RegistrationLimits:
    """Return how many accounts the network of this request may create."""
    per_day = setting("REGISTRATIONS_PER_DAY")
    # Without a proxy, a client on this machine is its owner, or a test.
    if has_request_context() and not setting("PROXY_HOPS") and is_loopback(peer_address()):
        per_day = 0
    return RegistrationLimits(setting("REGISTRATIONS_PER_MINUTE"), per_day)


def _host_names() -> set[str]:
    """Return the host names of this server."""
    hosts = {urlsplit(setting("PUBLIC_URL") or "").hostname, *(setting("TRUSTED_HOSTS") or ())}
    if has_request_context():
        hosts.add(urlsplit(f"//{request.host}").hostname)
    return {name.strip(".") for name in hosts if name}


def sessions() -> Sessions:
    """Return the service for browser sessions."""
    return Sessions(database(), runtime().clock, setting("USER_SESSIONS"))


def tokens() -> Tokens:
    """Return the service for access tokens."""
    return Tokens(database(), runtime().clock, setting("USER_TOKENS"))


def login_flows() -> LoginFlows:
    """Return the service for sign-ins of apps."""
    return LoginFlows(database(), runtime().clock)


def files(scope: Scope) -> Files:
    """Return the service for the files of one scope."""
    held = runtime()
    return Files(database(), held.store, held.clock, held.cursors, scope)


def mounts(scope: Scope) -> Mounts:
    """Return the service for the mounts in the root of one scope."""
    return Mounts(database(), scope)


def moving(scope: Scope) -> Moving:
    """Return the service that moves and copies within one scope."""
    return Moving(database(), runtime().clock, scope)


def crossing(scope: Scope) -> Crossing:
    """Return the service that moves and copies from other scopes into this one."""
    return Crossing(database(), runtime().clock, scope)


def bulk(scope: Scope, source: Scope | None = None) -> Bulk:
    """Return the service that changes whole selections in `scope`, or brings them from `source` if given."""
    return Bulk(database(), runtime().clock, scope, source)


def trash(scope: Scope) -> Trash:
    """Return the service for the trash of one scope."""
    keep = timedelta(days=setting("TRASH_KEEP_DAYS"))
    held = runtime()
    return Trash(database(), held.clock, keep, held.cursors, scope)


def shares(scope: Scope) -> Shares:
    """Return the service for the links of one user."""
    held = runtime()
    return Shares(
        database(), held.clock, held.passwords, held.share_keys, held.cursors, share_policy(), scope
    )


def spaces(actor: SpaceActor = OPERATOR) -> Spaces:
    """Return the service for the team spaces that somebody can see, by default the operator."""
    held = runtime()
    return Spaces(database(), held.clock, held.cursors, SpaceMakers(setting("SPACES")), actor)


def grants(account: Account, scope: Scope) -> Grants:
    """Return the service for the grants that a user gives; `scope` is what the credential reaches."""
    return Grants(database(), runtime().clock, account, scope)


def received_shares(scope: Scope) -> Received:
    """Return the service for what others have shared with a user."""
    held = runtime()
    return Received(database(), held.clock, held.cursors, scope)


def blocks(user_id: int) -> Blocks:
    """Return the service for the users that a user blocks."""
    return Blocks(database(), runtime().clock, user_id)


def user_names(user_id: int) -> UserLookup:
    """Return the service that finds other users for a user."""
    return UserLookup(database(), runtime().clock, user_id)


def links() -> Links:
    """Return the service for guests of links."""
    held = runtime()
    return Links(database(), held.clock, held.passwords, held.share_keys)


def activity(scope: Scope) -> Activity:
    """Return the service that tells a user what happens in shares and team spaces."""
    return Activity(database(), runtime().cursors, scope)


def note_downloads(places: Iterable[Place], count: int | None = None) -> None:
    """Record that a member downloads what others share, together; as `record_downloads`."""
    record_downloads(database(), runtime().clock, places, count)


def notices(user_id: int) -> Notices:
    """Return the service for the notices of one user."""
    return Notices(database(), runtime().clock, user_id)


def share_policy() -> SharePolicy:
    """Return the operator's policy on links."""
    decided = setting("SHARING")
    return SharePolicy(
        sharing=None if decided is None else Sharing(decided),
        is_registration_open=setting("REGISTRATION") == "open",
        needs_password=setting("SHARE_PASSWORD") == "required",
        default_days=setting("SHARE_DEFAULT_DAYS"),
        max_days=setting("SHARE_MAX_DAYS"),
        request_max_size=setting("REQUEST_MAX_SIZE"),
    )


def groups(account: Account | None) -> Groups:
    """Return the service for groups, as one user sees them, or None for the operator."""
    held, policy = runtime(), GroupPolicy(setting("GROUPS"))
    user_id, is_admin = (None, True) if account is None else (account.id, account.is_admin)
    return Groups(database(), held.clock, held.cursors, policy, user_id, is_admin=is_admin)


def versions(scope: Scope) -> Versions:
    """Return the service for the versions of files in one scope."""
    return Versions(database(), runtime().clock, setting("VERSIONS_KEPT"), scope)


def search(scope: Scope) -> Search:
    """Return the service that searches the files of one scope by name."""
    return Search(database(), runtime().cursors, scope, clock=runtime().clock)


def thumbnails(scope: Scope) -> Thumbnails:
    """Return the service for thumbnails of one scope."""
    held = runtime()
    return Thumbnails(database(), held.store, held.clock, held.wake_thumbnails, scope)


def zipping(scope: Scope) -> Zipping:
    """Return the service that builds archives of one scope, which are sent after this request is over."""
    # It has a session of its own, and a request must not use two connections at a time.
    database().rollback()
    return Zipping(Session(db.engine), runtime().store, scope)


def uploads(scope: Scope) -> Uploads:
    """Return the service for uploads to one scope."""
    held = runtime()
    return Uploads(database(), held.store, held.clock, _upload_limits(), scope)


def resumable(scope: Scope) -> ResumableUploads:
    """Return the service for resumable uploads to one scope."""
    held = runtime()
    return ResumableUploads(database(), held.store, held.locker, held.clock, _upload_limits(), scope)


def _upload_limits() -> UploadLimits:
    keep = timedelta(seconds=setting("UPLOAD_KEEP_SECONDS"))
    return UploadLimits(setting("MAX_UPLOAD_SIZE"), setting("VERSIONS_KEPT"), keep)


def housekeeping(*, now: bool = False) -> Housekeeping:
    """Return the service that cleans up; with `now` it frees unneeded bytes at once."""
    held = runtime()
    grace = timedelta(seconds=setting("SWEEP_GRACE_SECONDS"))
    keep = Retention(
        trash=timedelta(days=setting("TRASH_KEEP_DAYS")),
        unneeded=timedelta(0) if now else grace,
        # A slow upload may be idle for long, and only its own request knows that it continues.
        staged=grace,
        ended=timedelta(seconds=setting("UPLOAD_KEEP_SECONDS")),
    )
    return Housekeeping(database(), held.store, held.locker, held.clock, keep)


def job_runs() -> JobRuns:
    """Return the service for the runs of jobs."""
    return JobRuns(database(), runtime().clock)


def inspection() -> Inspection:
    """Return the service that compares rows and blobs."""
    return Inspection(database(), runtime().store)


def has_room() -> bool:
    """Return whether the disks have more free space than their reserve; true if that is unknown."""
    try:
        check_room(runtime().store.free_bytes())
    except StorageFull:
        return False
    except CabinetError:
        return True
    return True


def check_ready() -> None:
    """Raise unless the database and the store respond; `StorageFull` if a small upload has no room."""
    try:
        database().execute(text("SELECT 1"))
        database().rollback()
    except DBAPIError as error:
        raise to_domain_error(error) or Unavailable() from error
    except PoolTimeout as error:
        raise Unavailable from error
    with runtime().store.begin(expected_size=1) as staging:
        staging.append([b"\n"])
