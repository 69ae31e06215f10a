"""The commands for team spaces.

Rule: what groups and team spaces have in common is in `teams.py`.
"""

from __future__ import annotations

import click

from cabinet.client.columns import space_head, space_row
from cabinet.client.commands.teams import TeamKind, add_commands
from cabinet.client.failures import BadUsage
from cabinet.client.options import command, shared_options
from cabinet.client.quantities import to_bytes
from cabinet.client.session import ClientSession

_SPACES = TeamKind(
    "spaces", "team space", ("viewer", "editor", "manager"), " and everything in it", space_head, space_row
)
_UNLIMITED = "none"


@click.group("spaces", invoke_without_command=True)
@shared_options
@click.pass_context
def spaces(context: click.Context) -> None:
    """List team spaces, or change them.

    Each line shows the id, your role, the used space, the quota, and the folder that the space is among your
    files.
    """
    if context.invoked_subcommand is None:
        _SPACES.list(context.ensure_object(ClientSession))


@command("create")
@click.argument("name")
@click.option(
    "--quota", metavar="SIZE", default=_UNLIMITED, help="How much fits, such as 50G. Default: no limit."
)
def create(session: ClientSession, name: str, quota: str) -> None:
    """Create a team space that you manage, and print its folder."""
    made = session.api.spaces.create({"name": name, "quota": _to_quota(quota)})
    _SPACES.report(session, "created", made, f"Created the team space “{made.name}”.")
    session.output.result(made.path or made.name)


@command("quota")
@click.argument("space")
@click.argument("size")
def quota(session: ClientSession, space: str, size: str) -> None:
    """Change how much fits into a team space: SIZE is such as 50G, or none for no limit."""
    wanted = _to_quota(size)
    changed = session.api.spaces.change(_SPACES.find(session, space).id, {"quota": wanted})
    _SPACES.report(session, "changed", changed, f"The quota of “{changed.name}” is {size}.")


def _to_quota(text: str) -> int | None:
    if text.lower() == _UNLIMITED:
        return None
    size = to_bytes(text)
    if size is None:
        raise BadUsage(reason=f"“{text}” is not a size such as 50G, or none.")
    return size


for _command in (create, quota):
    spaces.add_command(_command)
add_commands(spaces, _SPACES)
