"""`flask groups`: groups of users.

Rule: names on the command line, as people know them; ids are for programs.
"""

from __future__ import annotations

import click

from cabinet.commands._support import OperatorGroup, find_account, json_option, print_array, print_json
from cabinet.errors import NotFound
from cabinet.extensions import db
from cabinet.models import GroupRole
from cabinet.services.groups.groups import GroupInfo, Groups
from cabinet.terminal.report import say
from cabinet.web.services import groups

# Groups that one query returns.
_PAGE = 500

group = OperatorGroup("groups", help="Create, list and delete groups, and change their members.")

_name = click.argument("name", metavar="GROUP")
_username = click.argument("username", metavar="USER")


def _find(name: str) -> tuple[Groups, str]:
    """Return the service and the id of the group of this name, or end the command."""
    service = groups(None)
    try:
        return service, service.find_id(name)
    except NotFound as error:
        raise click.ClickException(f"There is no group “{name}”.") from error
    finally:
        db.session.rollback()


@group.command("create")
@_name
def create(name: str) -> None:
    """Create a group without members."""
    made = groups(None).create(name)
    say(f"The group “{made.name}” was created.")


@group.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List all groups with their number of members."""
    found = _all()
    if as_json:
        print_array("groups", ({"id": each.id, "name": each.name, "members": each.members} for each in found))
        return
    for each in found:
        say(f"{each.name}: {_count(each.members)}")


def _all() -> list[GroupInfo]:
    service, after = groups(None), None
    found: list[GroupInfo] = []
    while True:
        page = service.list_page(_PAGE, after)
        found += page.groups
        if (after := page.next) is None:
            return found


def _count(members: int) -> str:
    return "1 member" if members == 1 else f"{members} members"


@group.command("show")
@_name
@json_option
def show(name: str, as_json: bool) -> None:
    """Show the members of a group."""
    service, group_id = _find(name)
    found, members = service.get(group_id)
    if as_json:
        listed = [{"username": member.username, "role": member.role} for member in members]
        print_json({"id": found.id, "name": found.name, "members": listed})
        return
    say(f"{found.name}: {_count(found.members)}")
    for member in members:
        say(f"{member.username}: {member.role}")


@group.command("add")
@_name
@_username
@click.option("--manager", is_flag=True, help="Let the user add and remove members.")
def add(name: str, username: str, manager: bool) -> None:
    """Add a user to a group, or change whether a member manages it."""
    service, group_id = _find(name)
    account = find_account(username)
    role = GroupRole.MANAGER if manager else GroupRole.MEMBER
    service.set_member(group_id, account.username, role)
    say(f"“{account.username}” is a {role} of “{name}”.")


@group.command("remove")
@_name
@_username
def remove(name: str, username: str) -> None:
    """Remove a user from a group."""
    service, group_id = _find(name)
    try:
        service.remove_member(group_id, username)
    except NotFound as error:
        raise click.ClickException(f"“{username}” is not in the group “{name}”.") from error
    say(f"“{username}” is no longer in the group “{name}”.")


@group.command("delete")
@_name
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
def delete(name: str, yes: bool) -> None:
    """Delete a group, and with it what was shared with it; its members stay users."""
    service, group_id = _find(name)
    if not yes:
        click.confirm(f"Delete the group “{name}”? This can't be undone.", abort=True, err=True)
    service.delete(group_id)
    say(f"The group “{name}” was deleted.")
