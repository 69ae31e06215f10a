"""The commands that groups and team spaces have in common: list, show, rename, add, remove, leave, delete.

Rule: a group or space is named by its id, by its name, or, a space, by its folder; a name of several is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import click

from cabinet.client.commands.lists import Listing
from cabinet.client.confirm import Confirmation, force_option
from cabinet.client.failures import BadUsage
from cabinet.client.link_failures import TeamMissing
from cabinet.client.options import command
from cabinet.client.output import to_event
from cabinet.client.session import ClientSession
from cabinet.client.summary import Summary

if TYPE_CHECKING:
    from cabinet.client.wire.teams import Team, Teams


@dataclass(frozen=True, slots=True)
class TeamKind:
    """What groups and spaces call themselves, their members' roles, and how a line shows one."""

    plural: Literal["groups", "spaces"]
    word: str
    roles: tuple[str, ...]
    deletion: str
    head: Callable[[int], str]
    row: Callable[[Team], str]

    @property
    def member(self) -> str:
        """The member of an event that has the document."""
        return self.plural.removesuffix("s")

    def of(self, session: ClientSession) -> Teams:
        """Return the operations."""
        return session.api.groups if self.plural == "groups" else session.api.spaces

    def find(self, session: ClientSession, text: str) -> Team:
        """Return the one that `text` names; raises `TeamMissing` and `BadUsage`."""
        found = []
        for team in self.of(session):
            if team.id == text:
                return team
            if text in (team.name, team.path):
                found.append(team)
        if len(found) > 1:
            raise BadUsage(
                reason=f"“{text}” is the name of several; use one of {', '.join(each.id for each in found)}."
            )
        if not found:
            raise TeamMissing(kind=self.word, name=text, command=self.plural)
        return found[0]

    def list(self, session: ClientSession) -> None:
        """Print all."""
        Listing(self.plural, self.head, self.row, f"You have no {self.word}s.").show(
            session.output, self.of(session)
        )

    def report(self, session: ClientSession, event: str, team: Team, text: str) -> None:
        """Print what was done with one."""
        session.output.document(to_event(event, **{self.member: dict(team.document)}))
        session.output.note(text)


def add_commands(group: click.Group, kind: TeamKind) -> None:
    """Add the common commands to the group of commands of a kind."""
    for declare in (_list, _show, _rename, _add, _remove, _leave, _delete):
        group.add_command(declare(kind))


def _named(kind: TeamKind) -> Callable[..., Any]:
    return click.argument("name", metavar=kind.member.upper())


_users = click.argument("users", nargs=-1, required=True, metavar="USER...")


def _list(kind: TeamKind) -> click.Command:
    @command("list")
    def list_(session: ClientSession) -> None:
        kind.list(session)

    list_.help = f"List your {kind.word}s."
    return list_


def _show(kind: TeamKind) -> click.Command:
    @command("show")
    @_named(kind)
    def show(session: ClientSession, name: str) -> None:
        team = kind.of(session).get(kind.find(session, name).id)
        session.output.document(dict(team.document))
        for username, role in team.members:
            session.output.data(f"{role:7}  {username}")

    show.help = f"List the members of a {kind.word} with their roles."
    return show


def _rename(kind: TeamKind) -> click.Command:
    @command("rename")
    @_named(kind)
    @click.argument("to", metavar="NAME")
    def rename(session: ClientSession, name: str, to: str) -> None:
        team = kind.of(session).change(kind.find(session, name).id, {"name": to})
        kind.report(session, "renamed", team, f"Renamed to “{team.name}”.")

    rename.help = f"Rename a {kind.word}."
    return rename


def _change_members(
    session: ClientSession, team: Team, users: tuple[str, ...], event: str, change: Callable[[Team, str], str]
) -> None:
    """Change the membership of each user by `change`, which returns what to print; report those that fail."""
    summary = Summary(session.output)
    for username in users:
        with summary.attempt(username):
            done = change(team, username)
            summary.done()
            _report_member(session, event, team, username, done)
    summary.exit_if_failed()


def _add(kind: TeamKind) -> click.Command:
    @command("add")
    @_named(kind)
    @_users
    @click.option(
        "--role", type=click.Choice(kind.roles), default=kind.roles[0], show_default=True, help="Their role."
    )
    def add(session: ClientSession, name: str, users: tuple[str, ...], role: str) -> None:
        """Set the role of each user."""

        def change(team: Team, username: str) -> str:
            """Give one user the role, and tell of it."""
            kind.of(session).set_member(team.id, username, role)
            return f"“{username}” is a {role} of “{team.name}”."

        _change_members(session, kind.find(session, name), users, "added", change)

    add.help = f"Add users to a {kind.word}, or change their roles."
    return add


def _remove(kind: TeamKind) -> click.Command:
    @command("remove")
    @_named(kind)
    @_users
    def remove(session: ClientSession, name: str, users: tuple[str, ...]) -> None:
        """Remove each user."""

        def change(team: Team, username: str) -> str:
            """Take one user out, and tell of it."""
            kind.of(session).remove_member(team.id, username)
            return f"Removed “{username}” from “{team.name}”."

        _change_members(session, kind.find(session, name), users, "removed", change)

    remove.help = f"Remove users from a {kind.word}."
    return remove


def _leave(kind: TeamKind) -> click.Command:
    @command("leave")
    @_named(kind)
    def leave(session: ClientSession, name: str) -> None:
        team = kind.find(session, name)
        kind.of(session).remove_member(team.id, session.username)
        _report_member(session, "removed", team, session.username, f"You left “{team.name}”.")

    leave.help = f"Leave a {kind.word}."
    return leave


def _delete(kind: TeamKind) -> click.Command:
    @command("delete")
    @_named(kind)
    @force_option
    def delete(session: ClientSession, name: str, force: bool) -> None:
        confirmation = Confirmation(session.output, force)
        team = kind.find(session, name)
        confirmation.ask(f"Permanently delete “{team.name}”{kind.deletion}? This can't be undone.")
        kind.of(session).delete(team.id)
        kind.report(session, "deleted", team, f"“{team.name}” was permanently deleted.")

    delete.help = f"Permanently delete a {kind.word}{kind.deletion}."
    return delete


def _report_member(session: ClientSession, event: str, team: Team, username: str, text: str) -> None:
    session.output.document(to_event(event, id=team.id, username=username))
    session.output.note(text)
