"""The commands that change the tree on the server: mkdir, mv, cp, rm.

Rule: all paths are server paths; no local file is changed, and no content is transferred.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from cabinet.client.confirm import Confirmation, force_option
from cabinet.client.failures import BadUsage, PathTaken, Refused
from cabinet.client.options import command
from cabinet.client.output import to_event
from cabinet.client.paths import to_path
from cabinet.client.remote.conflicts import FAIL, conflict_option
from cabinet.client.remote.names import complete_folder, complete_name
from cabinet.client.session import ClientSession
from cabinet.client.summary import Summary
from cabinet.client.transfer.transfer_options import dry_run_option
from cabinet.errors import EntryExists

if TYPE_CHECKING:
    from cabinet.client.wire.api import Api
    from cabinet.client.wire.entries import RemoteEntry


def _relocation(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the arguments and options of mv and cp."""
    for declare in (
        dry_run_option,
        conflict_option(FAIL, "What to do if the name is taken; replaced items move to the trash."),
        click.argument("target", shell_complete=complete_folder),
        click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", shell_complete=complete_name),
    ):
        function = declare(function)
    return function


@command("mkdir")
@click.argument("folders", nargs=-1, required=True, metavar="DIR...", shell_complete=complete_folder)
@click.option("-p", "--parents", is_flag=True, help="Accept a folder that exists already.")
def mkdir(session: ClientSession, folders: tuple[str, ...], parents: bool) -> None:
    """Create folders and their missing parents."""
    summary = Summary(session.output)
    for folder in folders:
        with summary.attempt(folder):
            path = to_path(folder)
            if not path:
                raise BadUsage(reason="The root folder exists already.")
            entry = _make_folder(session.api, path, may_exist=parents)
            if entry is None:
                summary.unchanged()
                continue
            summary.done()
            session.output.document(to_event("made", entry=entry.document))
            session.output.result(entry.path)
    summary.exit_if_failed()


@command("mv")
@_relocation
def mv(session: ClientSession, on_conflict: str, **options: Any) -> None:
    """Move or rename files and folders.

    Print the new paths. TARGET is a folder if it exists as one, if it ends with a slash, or if there are
    several SOURCEs; it is created if missing. Otherwise it is the new path. Up to 1000 items are moved
    all or none.
    """
    _relocate(session, session.api.move, "moved", on_conflict, **options)


@command("cp")
@click.option(
    "-r", "--recursive", is_flag=True, help="Accepted; folders are always copied with their contents."
)
@_relocation
def cp(session: ClientSession, on_conflict: str, recursive: bool, **options: Any) -> None:  # noqa: ARG001 - accepted out of habit
    """Copy files and folders.

    Print the new paths. TARGET is a folder if it exists as one, if it ends with a slash, or if there are
    several SOURCEs; it is created if missing. Otherwise it is the path of the copy. Up to 1000 items are
    copied all or none.
    """
    _relocate(session, session.api.copy, "copied", on_conflict, **options)


@command("rm")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete_name)
@click.option("-r", "--recursive", is_flag=True, help="Remove folders with their contents.")
@click.option("--permanent", is_flag=True, help="Delete permanently, not to the trash.")
@force_option
@dry_run_option
def rm(
    session: ClientSession,
    names: tuple[str, ...],
    recursive: bool,
    permanent: bool,
    force: bool,
    dry_run: bool,
) -> None:
    """Move files to the trash of the server.

    NAME may be a pattern in quotes, such as 'docs/*.pdf' or 'tmp/**'.
    """
    from cabinet.client.remote.removing import Removal

    confirmation = Confirmation(session.output, force or dry_run) if permanent else None
    Removal(session, confirmation, recursive=recursive, dry_run=dry_run).run(names)


def _relocate(
    session: ClientSession,
    verb: Any,
    done: str,
    on_conflict: str,
    *,
    sources: tuple[str, ...],
    target: str,
    dry_run: bool,
) -> None:
    from cabinet.client.remote.relocating import Relocation

    Relocation(session, verb, done, on_conflict).run(sources, target, dry_run=dry_run)


def _make_folder(api: Api, path: str, *, may_exist: bool) -> RemoteEntry | None:
    """Create a folder; returns None if it exists and `may_exist`."""
    try:
        return api.make_folder(path)
    except Refused as error:
        if not error.is_kind(EntryExists):
            raise
        (entry,) = api.lookup([path])
        if may_exist and entry is not None and entry.is_folder:
            return None
        raise PathTaken(path=path) from error
