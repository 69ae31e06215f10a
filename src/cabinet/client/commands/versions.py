"""The commands for versions of files: versions list, get, restore, rm.

Rule: a version is identified by its number, which never changes.
"""

from __future__ import annotations

from typing import Any

import click

from cabinet.client.columns import version_head, version_row
from cabinet.client.confirm import Confirmation, force_option
from cabinet.client.options import command, shared_options
from cabinet.client.output import to_event
from cabinet.client.paths import to_path
from cabinet.client.remote.names import complete_name
from cabinet.client.session import ClientSession
from cabinet.client.summary import Summary
from cabinet.client.transfer.transfer_options import TransferOptions, output_option

_name = click.argument("name", shell_complete=complete_name)
_number = click.argument("number", type=click.IntRange(1))


class _ListByDefault(click.Group):
    """A group that runs `list` if the first argument is not a command."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None:
            args = ["list", *args]
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        return [*super().shell_complete(ctx, incomplete), *complete_name(ctx, None, incomplete)]


@click.group("versions", cls=_ListByDefault, no_args_is_help=True)
@shared_options
def versions() -> None:
    """List, download, restore or delete versions of a file.

    `filecli versions NAME` lists them as well.
    """


@command("list")
@_name
def list_(session: ClientSession, name: str) -> None:
    """List the versions of a file, newest first.

    Each line shows the number, the size, the time of storage and the content hash.
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
def get(session: ClientSession, name: str, number: int, output: str | None, force: bool) -> None:
    """Download a version and print its local path."""
    from cabinet.client.remote.resolve import ResolvedPath
    from cabinet.client.transfer.downloading import Downloader

    summary = Summary(session.output)
    with session.output.meter() as meter:
        downloader = Downloader(session, summary, meter, TransferOptions(), force=force, version=number)
        downloader.fetch([ResolvedPath(name, to_path(name))], output)
    summary.print_totals("Downloaded")
    summary.exit_if_failed()


@command("restore")
@_name
@_number
def restore(session: ClientSession, name: str, number: int) -> None:
    """Restore a version as the new current one; all versions are kept."""
    entry = session.api.restore_version(to_path(name), number)
    session.output.document(to_event("restored", number=number, entry=entry.document))
    session.output.note(f"Restored version {number} of “{entry.path}”.")


@command("rm")
@_name
@click.argument("numbers", nargs=-1, required=True, type=click.IntRange(1), metavar="NUMBER...")
@force_option
def rm(session: ClientSession, name: str, numbers: tuple[int, ...], force: bool) -> None:
    """Permanently delete versions other than the current one."""
    path = to_path(name)
    what = "version " + ", ".join(map(str, numbers))
    Confirmation(session.output, force).ask(f"Permanently delete {what} of “{path}”? This can't be undone.")
    summary = Summary(session.output)
    for number in numbers:
        with summary.attempt(f"version {number}"):
            session.api.delete_version(path, number)
            summary.done()
            session.output.document(to_event("removed", path=path, number=number))
            session.output.note(f"Version {number} of “{path}” was permanently deleted.")
    summary.exit_if_failed()


for _command in (list_, get, restore, rm):
    versions.add_command(_command)
