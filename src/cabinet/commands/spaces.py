"""`flask spaces`: team spaces.

Rule: a space is named by its id, or by its name if no other space has the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import click

from cabinet.commands._support import (
    OperatorGroup,
    counted_line,
    find_account,
    json_option,
    print_array,
    print_json,
    to_quota,
)
from cabinet.errors import NotFound
from cabinet.extensions import db
from cabinet.services.access.roles import ShareRole
from cabinet.services.spaces.values import SpaceInfo
from cabinet.terminal.report import say
from cabinet.terminal.text import to_size
from cabinet.web.services import housekeeping, spaces

# Spaces that one query returns.
_PAGE = 500

group = OperatorGroup("spaces", help="Create, list, limit and delete team spaces, and change their members.")

_space = click.argument("name", metavar="SPACE")
_username = click.argument("username", metavar="USER")


def _iter_all() -> Iterator[SpaceInfo]:
    after = None
    while True:
        page, after = spaces().list_all(_PAGE, after)
        yield from page
        if after is None:
            return


def _find(name: str) -> SpaceInfo:
    """Return the space of this id or name, or end the command."""
    try:
        found = [each for each in _iter_all() if name in {each.id, each.name}]
    finally:
        db.session.rollback()
    if len(found) == 1:
        return found[0]
    if not found:
        raise click.ClickException(f"There is no team space “{name}”.")
    ids = ", ".join(each.id for each in found)
    raise click.ClickException(f"{len(found)} team spaces are called “{name}”; use an id: {ids}.")


@group.command("create")
@_space
@click.option(
    "--quota", metavar="BYTES|none", default="none", help="The quota, such as 500G; none by default."
)
@click.option("--manager", metavar="USER", help="A first member, as its manager.")
def create(name: str, quota: str, manager: str | None) -> None:
    """Create a team space."""
    username = None if manager is None else find_account(manager).username
    made = spaces().create(name, to_quota(quota), username)
    say(f"The team space “{made.name}” was created: {made.id}")


@group.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List all team spaces with their usage."""
    if as_json:
        print_array("spaces", map(_document, _iter_all()))
        return
    for each in _iter_all():
        say(f"{each.id}  {_used(each)}  {each.name}")


@group.command("show")
@_space
@json_option
def show(name: str, as_json: bool) -> None:
    """Show a team space and its members."""
    details = spaces().get(_find(name).id)
    if as_json:
        members = [{"username": each.username, "role": each.role.value} for each in details.members]
        print_json({**_document(details.space), "quota_from": details.funder, "members": members})
        return
    say(f"{details.space.name}: {_used(details.space)}")
    for each in details.members:
        say(f"{each.username}: {each.role}")


@group.command("add")
@_space
@_username
@click.option(
    "--role",
    type=click.Choice([role.value for role in ShareRole]),
    default=ShareRole.EDITOR.value,
    show_default=True,
    help="What the member may do.",
)
def add(name: str, username: str, role: str) -> None:
    """Add a user to a team space, or change the role of a member."""
    space, account = _find(name), find_account(username)
    spaces().set_member(space.id, account.username, ShareRole(role))
    say(f"“{account.username}” is a member of “{space.name}”: {role}.")


@group.command("remove")
@_space
@_username
def remove(name: str, username: str) -> None:
    """Remove a member from a team space, at once."""
    space = _find(name)
    try:
        spaces().remove_member(space.id, username)
    except NotFound as error:
        raise click.ClickException(f"“{username}” is not a member of “{space.name}”.") from error
    say(f"“{username}” is no longer a member of “{space.name}”.")


@group.command("rename")
@_space
@click.argument("to", metavar="NAME")
def rename(name: str, to: str) -> None:
    """Rename a team space; the folders of its members keep their names."""
    space = _find(name)
    spaces().change(space.id, name=to)
    say(f"Renamed to “{_find(space.id).name}”.")


@group.command("set-quota")
@_space
@click.argument("quota", metavar="BYTES|none")
def set_quota(name: str, quota: str) -> None:
    """Set the quota of a team space in bytes, such as 500M, 10G or 2TiB, or none for no limit.

    A quota below the current usage deletes nothing, but nobody can store more until enough space is freed.
    """
    space = _find(name)
    spaces().change(space.id, quota=to_quota(quota), has_quota=True)
    say(f"{space.name}: {_used(_find(space.id))}")


@group.command("recount")
@click.argument("name", metavar="[SPACE]", required=False)
def recount(name: str | None) -> None:
    """Recalculate the usage, the number of entries and the folder sizes of one team space or all of them.

    This is only needed if `cabinet storage verify` has found a wrong count.
    """
    for was in list(_iter_all()) if name is None else [_find(name)]:
        now, folders = spaces().recount(was.id)
        say(counted_line(now.name, was, now, folders))


@group.command("delete")
@_space
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
def delete(name: str, yes: bool) -> None:
    """Permanently delete a team space with all files in it."""
    space = _find(name)
    if not yes:
        click.confirm(
            f"Permanently delete “{space.name}” and {to_size(space.usage)} of files? This can't be undone.",
            abort=True,
            err=True,
        )
    spaces().end(space.id)
    say(f"The team space “{space.name}” was deleted.")
    # The files of a large one are only hidden at first; a running server removes what is left.
    housekeeping().remove_hidden()


def _used(space: SpaceInfo) -> str:
    return to_size(space.usage) + ("" if space.quota is None else f" of {to_size(space.quota)}")


def _document(space: SpaceInfo) -> dict[str, object]:
    document = asdict(space)
    for name in ("row_id", "role", "path"):
        del document[name]
    return document
