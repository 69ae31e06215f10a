"""The commands for the trash of the server: trash list, restore, rm, empty.

Rule: an item in the trash is identified by its id; a path means the item removed last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from cabinet.client.columns import trashed_head, trashed_row
from cabinet.client.commands.lists import Listing
from cabinet.client.confirm import Confirmation, force_option
from cabinet.client.options import command, shared_options
from cabinet.client.output import to_event
from cabinet.client.paths import to_path
from cabinet.client.remote.conflicts import FAIL, RENAME, REPLACE
from cabinet.client.remote.names import complete_trashed
from cabinet.client.session import ClientSession
from cabinet.client.summary import Summary
from cabinet.errors import NotFound

if TYPE_CHECKING:
    from cabinet.client.wire.entries import TrashedEntry
    from cabinet.client.wire.trash import Trash

_TRASH = Listing("entries", trashed_head, trashed_row, "The trash is empty.")
_SPACE = click.option(
    "--space", metavar="FOLDER", default="", help="The trash of the team space that is this folder."
)
_ITEMS = click.argument(
    "items", nargs=-1, required=True, metavar="ID|PATH...", shell_complete=complete_trashed
)


@click.group("trash", invoke_without_command=True)
@shared_options
@click.pass_context
def trash(context: click.Context) -> None:
    """List, restore or permanently delete items in the trash."""
    if context.invoked_subcommand is None:
        session = context.ensure_object(ClientSession)
        _TRASH.show(session.output, session.api.trash)


@command("list")
@_SPACE
def list_(session: ClientSession, space: str) -> None:
    """List the items in the trash, newest first.

    Each line shows the id, the time of removal, the expiry, the size and the original path.
    """
    _TRASH.show(session.output, _trash_of(session, space))


@command("restore")
@_ITEMS
@_SPACE
@click.option(
    "--on-conflict",
    type=click.Choice([FAIL, RENAME, REPLACE]),
    default=FAIL,
    show_default=True,
    help="What to do if the name is taken; replaced items move to the trash.",
)
def restore(session: ClientSession, items: tuple[str, ...], space: str, on_conflict: str) -> None:
    """Restore items to their original folders, and print their paths.

    A PATH means the item that was removed from it last.
    """
    summary = Summary(session.output)
    for text, trashed in _iter_resolved(_trash_of(session, space), items, summary):
        with summary.attempt(text):
            entry = session.api.trash.restore(trashed.id, on_conflict)
            summary.done()
            session.output.document(to_event("restored", id=trashed.id, entry=entry.document))
            session.output.result(entry.path)
    summary.exit_if_failed()


@command("rm")
@_ITEMS
@_SPACE
@force_option
def rm(session: ClientSession, items: tuple[str, ...], space: str, force: bool) -> None:
    """Permanently delete items in the trash.

    A PATH means the item that was removed from it last.
    """
    confirmation = Confirmation(session.output, force)
    summary = Summary(session.output)
    resolved = list(_iter_resolved(_trash_of(session, space), items, summary))
    if resolved:
        what = f"“{resolved[0][1].path}”" if len(resolved) == 1 else f"{len(resolved)} files and folders"
        confirmation.ask(f"Permanently delete {what}? This can't be undone.")
    for text, trashed in resolved:
        with summary.attempt(text):
            session.api.trash.delete(trashed.id)
            summary.done()
            session.output.document(to_event("removed", id=trashed.id, path=trashed.path))
            session.output.note(f"“{trashed.path}” was permanently deleted.")
    summary.exit_if_failed()


@command("empty")
@_SPACE
@force_option
def empty(session: ClientSession, space: str, force: bool) -> None:
    """Permanently delete everything in the trash."""
    Confirmation(session.output, force).ask(
        "Permanently delete everything in the trash? This can't be undone."
    )
    _trash_of(session, space).empty()
    session.output.document(to_event("emptied"))
    session.output.note("The trash is empty.")


for _command in (list_, restore, rm, empty):
    trash.add_command(_command)


def _trash_of(session: ClientSession, space: str) -> Trash:
    return session.api.trash.of_space(to_path(space)) if space else session.api.trash


def _iter_resolved(
    items: Trash, texts: Sequence[str], summary: Summary
) -> Iterator[tuple[str, TrashedEntry]]:
    """Yield the item for each argument; reads no more of the trash than necessary."""
    wanted: dict[str, str] = {}
    for text in texts:
        with summary.attempt(text):
            wanted[text] = to_path(text)
    found: dict[str, TrashedEntry] = {}
    for trashed in items:
        for text, path in wanted.items():
            if text not in found and (trashed.id == text or trashed.path == path):
                found[text] = trashed
        if len(found) == len(wanted):
            break
    for text in wanted:
        with summary.attempt(text):
            if text not in found:
                raise NotFound
            yield text, found[text]
