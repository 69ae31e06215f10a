"""The commands about what a file held before: versions list, get, restore, rm.

Rule: a version is known by its number, which it keeps.
"""

from __future__ import annotations

from typing import Any

import click

from cabinet.client.columns import version_head, version_row
from cabinet.client.leave import Leave, force_option
from cabinet.client.options import command, shared_options
from cabinet.client.output import to_event
from cabinet.client.paths import to_path
from cabinet.client.remote.names import complete_name
from cabinet.client.session import Session
from cabinet.client.tally import Tally
from cabinet.client.transfer.manner import Manner, output_option

_name = click.argument("name", shell_complete=complete_name)
_number = click.argument("number", type=click.IntRange(1))


class _Listing(click.Group):
    """A group whose first argument, if it is no command, is what to list."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None:
            args = ["list", *args]
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        return [*super().shell_complete(ctx, incomplete), *complete_name(ctx, None, incomplete)]


@click.group("versions", cls=_Listing, no_args_is_help=True)
@shared_options
def versions() -> None:
    """List, get, restore or remove versions of a file.

    `filecli versions NAME` lists them, too.
    """


@command("list")
@_name
def list_(session: Session, name: str) -> None:
    """List the versions of a file, newest first.

    Each line tells the number, the size, when it was stored, and the content hash.
    """
    found, document = session.api.list_versions(to_path(name))
    session.output.document(document)
    session.output.result(version_head())
    for version in found:
        session.output.data(version_row(version))


@command("get")
@_name
@_number
@output_option
@click.option("--force", is_flag=True, help="Replace a local file without asking.")
def get(session: Session, name: str, number: int, output: str | None, force: bool) -> None:
    """Download a version, and print the path that it got."""
    from cabinet.client.remote.meaning import Meant
    from cabinet.client.transfer.downloading import Downloads

    tally = Tally(session.output)
    with session.output.meter() as meter:
        downloads = Downloads(session, tally, meter, Manner(), force=force, version=number)
        downloads.fetch([Meant(name, to_path(name))], output)
    tally.sum_up("Downloaded")
    tally.leave()


@command("restore")
@_name
@_number
def restore(session: Session, name: str, number: int) -> None:
    """Make the content of a version the current one; nothing is lost."""
    entry = session.api.restore_version(to_path(name), number)
    session.output.document(to_event("restored", number=number, entry=entry.document))
    session.output.note(f"“{entry.path}” is what version {number} was.")


@command("rm")
@_name
@click.argument("numbers", nargs=-1, required=True, type=click.IntRange(1), metavar="NUMBER...")
@force_option
def rm(session: Session, name: str, numbers: tuple[int, ...], force: bool) -> None:
    """Remove versions for ever, but not the current one."""
    path = to_path(name)
    what = "version " + ", ".join(map(str, numbers))
    Leave(session.output, force).ask(f"Remove {what} of “{path}” for ever?")
    tally = Tally(session.output)
    for number in numbers:
        with tally.attempt(f"version {number}"):
            session.api.delete_version(path, number)
            tally.done()
            session.output.document(to_event("removed", path=path, number=number))
            session.output.note(f"Version {number} of “{path}” is gone for ever.")
    tally.leave()


for _command in (list_, get, restore, rm):
    versions.add_command(_command)
