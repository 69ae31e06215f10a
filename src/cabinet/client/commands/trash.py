"""The commands about the trash of the server: trash list, restore, rm, empty.

Rule: what is in the trash is known by its id; by its path, the one that was trashed last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from cabinet.client.columns import trashed_head, trashed_row
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

_THINGS = click.argument(
    "things", nargs=-1, required=True, metavar="ID|PATH...", shell_complete=complete_trashed
)


@click.group("trash", invoke_without_command=True)
@shared_options
@click.pass_context
def trash(context: click.Context) -> None:
    """List, restore or remove what is in the trash."""
    if context.invoked_subcommand is None:
        _list(context.ensure_object(ClientSession))


@command("list")
def list_(session: ClientSession) -> None:
    """List what is in the trash, newest first.

    Each line tells the id, when it was trashed, until when it is kept, its size and where it was.
    """
    _list(session)


@command("restore")
@_THINGS
@click.option(
    "--on-conflict",
    type=click.Choice([FAIL, RENAME, REPLACE]),
    default=FAIL,
    show_default=True,
    help="Where something has the name already; what is replaced is in the trash.",
)
def restore(session: ClientSession, things: tuple[str, ...], on_conflict: str) -> None:
    """Put things back where they were, and print the paths that they got.

    A PATH means what was trashed last of what was there.
    """
    summary = Summary(session.output)
    for text, trashed in _iter_resolved(session, things, summary):
        with summary.attempt(text):
            entry = session.api.trash.restore(trashed.id, on_conflict)
            summary.done()
            session.output.document(to_event("restored", id=trashed.id, entry=entry.document))
            session.output.result(entry.path)
    summary.exit_if_failed()


@command("rm")
@_THINGS
@force_option
def rm(session: ClientSession, things: tuple[str, ...], force: bool) -> None:
    """Remove things in the trash for ever.

    A PATH means what was trashed last of what was there.
    """
    confirmation = Confirmation(session.output, force)
    summary = Summary(session.output)
    resolved = list(_iter_resolved(session, things, summary))
    if resolved:
        what = f"“{resolved[0][1].path}”" if len(resolved) == 1 else f"{len(resolved)} files and folders"
        confirmation.ask(f"Remove {what} for ever?")
    for text, trashed in resolved:
        with summary.attempt(text):
            session.api.trash.delete(trashed.id)
            summary.done()
            session.output.document(to_event("removed", id=trashed.id, path=trashed.path))
            session.output.note(f"“{trashed.path}” is gone for ever.")
    summary.exit_if_failed()


@command("empty")
@force_option
def empty(session: ClientSession, force: bool) -> None:
    """Remove everything in the trash for ever."""
    Confirmation(session.output, force).ask("Remove everything in the trash for ever?")
    session.api.trash.empty()
    session.output.document(to_event("emptied"))
    session.output.note("The trash is empty.")


for _command in (list_, restore, rm, empty):
    trash.add_command(_command)


def _list(session: ClientSession) -> None:
    output = session.output
    if output.as_json:
        output.array({}, "entries", (trashed.document for trashed in session.api.trash))
        return
    is_empty = True
    for trashed in session.api.trash:
        if is_empty:
            output.result(trashed_head(len(trashed.id)))
        is_empty = False
        output.data(trashed_row(trashed))
    if is_empty:
        output.note("The trash is empty.")


def _iter_resolved(
    session: ClientSession, texts: Sequence[str], summary: Summary
) -> Iterator[tuple[str, TrashedEntry]]:
    """Yield what each text means; reads no more of the trash than it takes."""
    wanted: dict[str, str] = {}
    for text in texts:
        with summary.attempt(text):
            wanted[text] = to_path(text)
    found: dict[str, TrashedEntry] = {}
    for trashed in session.api.trash:
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
