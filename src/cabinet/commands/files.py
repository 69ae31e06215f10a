"""`flask files`: import, export and list the files of a user or a team space without HTTP.

Rule: quotas and limits apply to imports as they do to uploads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from cabinet.commands._exporting import Exporter, iter_entries
from cabinet.commands._importing import Importer
from cabinet.commands._report import Report
from cabinet.commands._sources import ImportScanner
from cabinet.commands._support import OperatorGroup, find_scope, json_option, print_array
from cabinet.services.changes.files import Files
from cabinet.services.tree.entries import Entry, OnConflict
from cabinet.services.tree.listing import MAX_LIMIT
from cabinet.services.tree.names import split_path
from cabinet.services.tree.paging import Order
from cabinet.terminal.report import say
from cabinet.terminal.text import to_local_text, to_size
from cabinet.web import services

group = OperatorGroup("files", help="Import, export and list the files of a user or a team space (space:ID).")

_user = click.argument("username", metavar="USER")


@group.command("import")
@_user
@click.argument(
    "paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(exists=True, path_type=Path)
)
@click.option("--to", metavar="DIR", default="", help="Import into DIR; create it if missing.")
@click.option(
    "--on-conflict",
    type=click.Choice([choice.value for choice in OnConflict]),
    default=OnConflict.REPLACE.value,
    show_default=True,
    help="What to do if the name is taken; replaced content is kept as a version.",
)
@json_option
def import_(username: str, paths: tuple[Path, ...], to: str, on_conflict: str, as_json: bool) -> None:
    """Import local files, and folders with their contents, for USER.

    Files keep their modification times. Links are not followed. A file that changes while it is read is
    not stored; if it only grows, its first state is stored.
    """
    scope = find_scope(username)
    above = split_path(to.strip("/"))
    files, uploads = services.files(scope), services.uploads(scope)
    with Report("Imported", as_json=as_json) as report:
        importer = Importer(files, uploads, OnConflict(on_conflict), report)
        sources = ImportScanner(report)
        importer.store(source for path in paths for source in sources.find(path, above))


@group.command("export")
@_user
@click.argument("target", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace local files that have other content.")
@json_option
def export(username: str, target: Path, force: bool, as_json: bool) -> None:
    """Export all files of USER to the local folder DIR.

    Files keep their modification times. A local file with the same content is skipped, so the command
    can be repeated after an interruption.
    """
    files = services.files(find_scope(username))
    with Report("Exported", as_json=as_json) as report:
        Exporter(files, report, force=force).write_all(target)


@group.command("list")
@_user
@click.option("--path", metavar="DIR", default="", help="The folder to list.")
@click.option("-r", "--recursive", is_flag=True, help="List subfolders recursively.")
@json_option
def list_(username: str, path: str, recursive: bool, as_json: bool) -> None:
    """List a folder of USER, by default the root folder."""
    files = services.files(find_scope(username))
    folder = path.strip("/")
    entries = iter_entries(files, folder) if recursive else _iter_folder(files, folder)
    if as_json:
        print_array("entries", map(asdict, entries))
        return
    for entry in entries:
        say(_line(entry))


def _iter_folder(files: Files, path: str) -> Iterator[Entry]:
    page = files.list_page(path, Order(), MAX_LIMIT)
    while True:
        yield from page.entries
        if page.next is None:
            return
        page = files.list_page(path, Order(after=page.next), MAX_LIMIT)


def _line(entry: Entry) -> str:
    size = "-" if entry.size is None else to_size(entry.size)
    slash = "/" if entry.is_folder else ""
    return f"{size:>9}  {to_local_text(entry.modified_at)}  {entry.path}{slash}"
