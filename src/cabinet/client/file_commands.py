"""The commands about what is there: ls, rm.

Rule: thin. Nothing here knows a URL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cabinet.client.failures import BadUsage
from cabinet.client.options import command
from cabinet.client.output import to_event, to_size
from cabinet.client.paths import to_path
from cabinet.client.session import Session
from cabinet.client.tally import Tally
from cabinet.client.times import to_local_text
from cabinet.errors import IsAFolder

if TYPE_CHECKING:
    from cabinet.client.entries import Entry


@command("ls")
@click.argument("folder", metavar="[DIR]", default="")
@click.option("-l", "--long", is_flag=True, help="Show size and time of the last change, too.")
@click.option("-r", "--recursive", is_flag=True, help="Go into the folders.")
def ls(session: Session, folder: str, long: bool, recursive: bool) -> None:
    """List a folder, or everything at the top."""
    path = to_path(folder)
    entries = session.api.iter_entries(path, recursive=recursive)
    if session.output.as_json:
        session.output.array({"path": path}, "entries", (entry.document for entry in entries))
        return
    prefix = f"{path}/" if path else ""
    for entry in entries:
        name = entry.path.removeprefix(prefix) + ("/" if entry.is_folder else "")
        session.output.data(f"{_facts(entry)}  {name}" if long else name)


@command("rm")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("-r", "--recursive", is_flag=True, help="Remove folders with all that is in them.")
def rm(session: Session, names: tuple[str, ...], recursive: bool) -> None:
    """Move files to the trash of the server."""
    api, output = session.api, session.output
    tally = Tally(output)
    for name in names:
        with tally.attempt(name):
            path = to_path(name)
            if not path:
                raise BadUsage(reason="The folder that holds everything cannot be removed.")
            if not recursive and api.is_folder(path):
                raise IsAFolder(path=path)
            api.delete(path)
            tally.done()
            output.document(to_event("removed", path=path))
            output.note(f"“{path}” is in the trash.")
    tally.leave()


def _facts(entry: Entry) -> str:
    size = "-" if entry.is_folder else to_size(entry.size)
    return f"{size:>9}  {to_local_text(entry.modified_at):16}"
