"""The commands for sharing: share, shares, unshare, accept.

Rule: only the address of a new link goes to standard output, so that a shell can capture it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from cabinet.client.columns import received_head, received_row, share_head, share_row
from cabinet.client.commands.lists import Listing
from cabinet.client.credentials import read_link_password
from cabinet.client.failures import BadUsage, Refused
from cabinet.client.link_address import is_link, to_link
from cabinet.client.link_failures import NothingToAccept, NotShared
from cabinet.client.options import command
from cabinet.client.output import to_event
from cabinet.client.paths import to_path
from cabinet.client.quantities import to_bytes, to_expiry
from cabinet.client.remote.names import complete_name
from cabinet.client.session import ClientSession
from cabinet.client.summary import Summary
from cabinet.errors import NotFound
from cabinet.terminal.qr import draw_qr

if TYPE_CHECKING:
    from cabinet.client.wire.shares import Share

_ROLES = ["viewer", "editor", "manager"]
# What --to begins with for a group; no user name has a colon.
_GROUP = "group:"
_ID = re.compile("[0-9a-f]{32}")
# Options of links that are parameters of the command.
_OF_LINKS = {"password_stdin", "expires", "max_size", "qr"}

_SHARES = Listing("shares", share_head, share_row, "Nothing is shared.")
_RECEIVED = Listing("shares", received_head, received_row, "Nothing is shared with you.")

_READ = ["read", "list"]
# What a link may do, by the options that say so.
_RIGHTS = {
    "names_only": ["list"],
    "write": [*_READ, "write"],
    "delete": [*_READ, "write", "delete"],
    "request": ["write"],
}


@command("share")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=complete_name)
@click.option("--write", is_flag=True, help="Let people add files and folders.")
@click.option("--delete", is_flag=True, help="Let people add, replace, rename and delete.")
@click.option("--request", is_flag=True, help="Let people only send files in, and see nothing.")
@click.option("--names-only", is_flag=True, help="Show names, but no content.")
@click.option(
    "--password-stdin", is_flag=True, help="Read a password for the link from standard input, as one line."
)
@click.option(
    "--expires",
    metavar="TIME",
    help="When it ends: 12h, 7d, 2026-12-31 or never. Default: set by the server.",
)
@click.option("--max-downloads", type=click.IntRange(1), metavar="N", help="End after N downloads.")
@click.option("--max-size", metavar="SIZE", help="Take in at most SIZE, such as 500M or 10G.")
@click.option("--max-files", type=click.IntRange(1), metavar="N", help="Take in at most N files.")
@click.option("--name", metavar="TEXT", help="The title that people see.")
@click.option("--note", metavar="TEXT", help="A message for people who open the link.")
@click.option(
    "--to", metavar="USER|group:GROUP", help="Share with a user or a group of this server, without a link."
)
@click.option(
    "--role", type=click.Choice(_ROLES), default=_ROLES[0], show_default=True, help="What --to may do there."
)
@click.option("--qr", is_flag=True, help="Draw a QR code of the address on standard error.")
def share(
    session: ClientSession,
    /,
    paths: tuple[str, ...],
    password_stdin: bool,
    expires: str | None,
    max_size: str | None,
    to: str | None,
    role: str,
    qr: bool,
    **given: Any,
) -> None:
    """Make a link to a file, a folder or a selection, and print its address.

    Whoever has the address can open it, without an account. With --to, the user or the members of the group
    get each PATH among their own files instead. Moving and renaming keep what is shared; unshare ends it.
    """
    context = click.get_current_context()
    used = {
        name
        for name in {*given, *_OF_LINKS}
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    if to is not None:
        if used:
            raise BadUsage(reason=f"With --to there is no link for --{min(used).replace('_', '-')}.")
        _grant(session, paths, to, role)
        return
    if context.get_parameter_source("role") is not ParameterSource.DEFAULT:
        raise BadUsage(reason="--role is for --to.")
    wanted = _to_link_members(given, expires, max_size)
    remote = [to_path(path) for path in paths]
    if password_stdin:
        wanted["password"] = read_link_password(from_stdin=True, confirm=True)
    made = session.api.shares.create(remote, wanted)
    session.output.document(to_event("shared", share=dict(made.document)))
    session.output.data(made.url)
    if qr:
        session.output.drawing(draw_qr(made.url))


def _to_link_members(given: Mapping[str, Any], expires: str | None, max_size: str | None) -> dict[str, Any]:
    """Return the members of a request for a link that options ask for; raises `BadUsage`."""
    wanted: dict[str, Any] = {
        name: given[name]
        for name in ("max_downloads", "max_files", "name", "note")
        if given[name] is not None
    }
    chosen = [name for name in _RIGHTS if given[name] and not (name == "write" and given["delete"])]
    if len(chosen) > 1:
        raise BadUsage(reason="Only one of --write, --delete, --request and --names-only is possible.")
    if chosen:
        wanted["rights"] = _RIGHTS[chosen[0]]
    if expires is not None:
        wanted["expires_at"] = to_expiry(expires, datetime.now(UTC))
    if max_size is not None:
        wanted["max_size"] = _to_size(max_size)
    return wanted


def _grant(session: ClientSession, paths: Sequence[str], to: str, role: str) -> None:
    """Share each path with a user or a group."""
    is_group = to.startswith(_GROUP)
    recipient = {"group": to.removeprefix(_GROUP)} if is_group else {"user": to}
    summary = Summary(session.output)
    for path in paths:
        with summary.attempt(path):
            made = session.api.shares.grant(to_path(path), recipient, role)
            summary.done()
            session.output.document(to_event("shared", share=dict(made.document)))
            waits = " It waits until it is accepted." if made.state == "pending" else ""
            session.output.note(f"Shared “{path}” with {to} as {role}.{waits}")
    summary.exit_if_failed()


@command("shares")
@click.argument("path", default="", metavar="[PATH]", shell_complete=complete_name)
@click.option("--received", is_flag=True, help="List what others have shared with you.")
def shares(session: ClientSession, path: str, received: bool) -> None:
    """List what you have shared, newest first, or that of PATH.

    Each line shows the id, the state, the expiry, how often a link was opened, downloaded from and uploaded
    to, and the paths. --json also shows the addresses.
    """
    place = to_path(path)
    if received:
        if place:
            raise BadUsage(reason="--received lists everything that others have shared.")
        _RECEIVED.show(session.output, session.api.shares.iter_received())
        return
    _SHARES.show(session.output, session.api.shares.iter_all(place or None), {"path": place})


@command("accept")
@click.argument("items", nargs=-1, required=True, metavar="ID|NAME...")
def accept(session: ClientSession, items: tuple[str, ...]) -> None:
    """Accept what others have shared with you, and print its paths.

    `filecli shares --received` lists it; unshare with its id declines it.
    """
    summary = Summary(session.output)
    waiting = [each for each in session.api.shares.iter_received() if each.is_pending]
    for text in items:
        with summary.attempt(text):
            meant = [each for each in waiting if text in (each.id, each.name)]
            if not meant:
                raise NothingToAccept(item=text)
            if len(meant) > 1:
                ids = ", ".join(each.id for each in meant)
                raise BadUsage(reason=f"“{text}” is the name of several; use one of {ids}.")
            accepted = session.api.shares.accept(meant[0].id)
            summary.done()
            session.output.document(to_event("accepted", share=dict(accepted.document)))
            session.output.result(accepted.path)
    summary.exit_if_failed()


@command("unshare")
@click.argument("items", nargs=-1, required=True, metavar="ID|URL|PATH...", shell_complete=complete_name)
def unshare(session: ClientSession, items: tuple[str, ...]) -> None:
    """End links and other shares at once; the files stay.

    A PATH means everything that shares it, also a link to a selection that it is part of. The id of what
    others have shared with you declines or leaves it.
    """
    summary = Summary(session.output)
    wanted = {}
    for text in items:
        with summary.attempt(text):
            wanted[text] = to_link(text).server.link_token if is_link(text) else to_path(text)
    found = _find(session, wanted)
    ended: set[str] = set()
    for text in wanted:
        with summary.attempt(text):
            if not found[text]:
                _leave(session, summary, text)
            for each in found[text]:
                if each.id not in ended:
                    _end(session, summary, each)
                ended.add(each.id)
    summary.exit_if_failed()


def _leave(session: ClientSession, summary: Summary, share_id: str) -> None:
    """Decline or leave what others have shared; raises `NotShared`."""
    if not _ID.fullmatch(share_id):
        raise NotShared(item=share_id)
    try:
        session.api.shares.revoke(share_id)
    except Refused as error:
        raise NotShared(item=share_id) if error.is_kind(NotFound) else error from error
    summary.done()
    session.output.document(to_event("unshared", id=share_id, paths=[]))
    session.output.note(f"{share_id} is not shared with you any more.")


def _find(session: ClientSession, wanted: dict[str, str]) -> dict[str, Sequence[Share]]:
    """Return the links that each argument means."""
    found: dict[str, list[Share]] = {text: [] for text in wanted}
    for each in session.api.shares.iter_all() if wanted else ():
        token = to_link(each.url).server.link_token if is_link(each.url) else None
        for text, meaning in wanted.items():
            is_meant = meaning == token if is_link(text) else each.id == text or meaning in each.paths
            if is_meant:
                found[text].append(each)
    # An id means one link alone, even if a file has the same name.
    return {text: [each for each in group if each.id == text] or group for text, group in found.items()}


def _end(session: ClientSession, summary: Summary, each: Share) -> None:
    session.api.shares.revoke(each.id)
    summary.done()
    session.output.document(to_event("unshared", id=each.id, paths=list(each.paths)))
    paths = ", ".join(f"“{path}”" for path in each.paths)
    if each.is_grant:
        session.output.note(f"{paths} is not shared with {each.recipient} any more.")
    else:
        session.output.note(f"Ended the link {each.id} to {paths}.")


def _to_size(text: str) -> int:
    size = to_bytes(text)
    if not size:
        raise BadUsage(reason=f"“{text}” is not a size such as 500M or 10G.")
    return size
