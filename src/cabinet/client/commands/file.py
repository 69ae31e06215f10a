"""The commands that show files and folders: ls, info, search.

Rule: thin. Nothing here knows a URL.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import click

from cabinet.client.columns import entry_row, with_slash
from cabinet.client.options import command
from cabinet.client.paths import to_path
from cabinet.client.remote.names import complete_folder, complete_name
from cabinet.client.session import ClientSession
from cabinet.client.times import to_local_text
from cabinet.errors import NotFound
from cabinet.terminal.text import to_exact_size, to_size

if TYPE_CHECKING:
    from cabinet.client.wire.api import Api
    from cabinet.client.wire.entries import RemoteEntry

_long = click.option("-l", "--long", is_flag=True, help="Show size, modification time and kind.")
_exact = click.option("-b", "--bytes", "exact", is_flag=True, help="Show sizes in bytes; implies -l.")


@command("ls")
@click.argument("folder", metavar="[DIR]", default="", shell_complete=complete_folder)
@_long
@_exact
@click.option("-R", "-r", "--recursive", is_flag=True, help="List subfolders recursively.")
@click.option(
    "--sort", type=click.Choice(["name", "size", "modified"]), help="The sort key; folders are listed first."
)
@click.option("--order", type=click.Choice(["asc", "desc"]), help="The sort order, ascending or descending.")
def ls(
    session: ClientSession,
    folder: str,
    long: bool,
    exact: bool,
    recursive: bool,
    sort: str | None,
    order: str | None,
) -> None:
    """List a folder, by default the root folder.

    DIR may also be a quoted pattern, such as 'docs/*.pdf', to list what matches.
    """
    from cabinet.client.remote.globs import is_pattern

    path = to_path(folder)
    if is_pattern(path) and session.api.lookup([path]) == [None]:
        _show(session, {"path": path}, _expand(session.api, folder, path), "", long=long, exact=exact)
        return
    given = {name: value for name, value in (("sort", sort), ("order", order)) if value}
    entries = session.api.iter_entries(path, recursive=recursive, order=given)
    _show(session, {"path": path}, entries, f"{path}/" if path else "", long=long, exact=exact)


@command("info")
@click.argument("name", shell_complete=complete_name)
def info(session: ClientSession, name: str) -> None:
    """Show the details of a file or folder."""
    api, output = session.api, session.output
    path = to_path(name)
    (entry,) = api.lookup([path])
    if entry is None:
        raise NotFound
    count = None if entry.is_folder else len(api.list_versions(path)[0])
    output.document({**entry.document, "versions": count})
    for label, value in _details(entry, count).items():
        if value:
            output.data(f"{label + ':':10} {value}")


@command("search")
@click.argument("words", nargs=-1, required=True, metavar="WORD...")
@click.option(
    "--in", "folder", metavar="DIR", default="", shell_complete=complete_folder, help="Only below DIR."
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Show at most N.")
@_long
@_exact
def search(
    session: ClientSession, words: tuple[str, ...], folder: str, limit: int | None, long: bool, exact: bool
) -> None:
    """Find files and folders by words in their names.

    All words must be in the name, anywhere and in any order. Case and accents don't matter.
    """
    from cabinet.client.wire.entries import PAGE_SIZE

    text, path = " ".join(words), to_path(folder)
    found = session.api.iter_found(text, path, min(limit or PAGE_SIZE, PAGE_SIZE))
    shown = _show(session, {"query": text, "path": path}, islice(found, limit), "", long=long, exact=exact)
    if not shown:
        session.output.note("No names match.")


def _show(
    session: ClientSession,
    head: dict[str, Any],
    entries: Iterable[RemoteEntry],
    prefix: str,
    *,
    long: bool,
    exact: bool,
) -> int:
    """Print entries as they arrive, and return their number."""
    output = session.output
    if output.as_json:
        output.array(head, "entries", (entry.document for entry in entries))
        return 1
    count = 0
    for entry in entries:
        count += 1
        name = with_slash(entry.path.removeprefix(prefix), is_folder=entry.is_folder)
        output.data(entry_row(entry, name, exact=exact) if long or exact else name)
    return count


def _expand(api: Api, text: str, pattern: str) -> Iterable[RemoteEntry]:
    from cabinet.client.failures import NoMatch
    from cabinet.client.remote.globs import expand

    found = expand(api, pattern)
    first = next(found, None)
    if first is None:
        raise NoMatch(pattern=text)
    return chain([first], found)


def _size_and_bytes(size: int) -> str:
    exact = to_exact_size(size)
    return exact if size < 1000 else f"{to_size(size)} ({exact})"


def _details(entry: RemoteEntry, versions: int | None) -> dict[str, str]:
    document, files = entry.document, entry.tree_files
    size = entry.tree_size if entry.is_folder else entry.size
    return {
        "path": entry.path,
        "kind": "folder" if entry.is_folder else "file",
        "size": "" if size is None else _size_and_bytes(size),
        "files": "" if files is None else str(files),
        "type": str(document.get("media_type") or ""),
        "hash": entry.content_hash,
        "created": to_local_text(str(document.get("created_at") or "")),
        "modified": to_local_text(entry.modified_at),
        "versions": "" if versions is None else str(versions),
    }
