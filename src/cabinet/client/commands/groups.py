"""The commands for groups of users.

Rule: what groups and team spaces have in common is in `teams.py`.
"""

from __future__ import annotations

import click

from cabinet.client.columns import group_head, group_row
from cabinet.client.commands.teams import TeamKind, add_commands
from cabinet.client.options import command, shared_options
from cabinet.client.session import ClientSession

_GROUPS = TeamKind("groups", "group", ("member", "manager"), "", group_head, group_row)


@click.group("groups", invoke_without_command=True)
@shared_options
@click.pass_context
def groups(context: click.Context) -> None:
    """List groups of users, or change them.

    Each line shows the id, your role, the number of members and the name.
    """
    if context.invoked_subcommand is None:
        _GROUPS.list(context.ensure_object(ClientSession))


@command("create")
@click.argument("name")
def create(session: ClientSession, name: str) -> None:
    """Create a group that you manage."""
    made = session.api.groups.create({"name": name})
    _GROUPS.report(session, "created", made, f"Created the group “{made.name}”.")


groups.add_command(create)
add_commands(groups, _GROUPS)
