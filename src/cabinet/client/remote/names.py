"""Shell completion of names on the server.

Rule: fast or empty; it never prints and never prompts. Any error gives no completions. A name with
control characters is not offered.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from cabinet.client.link_address import is_link
from cabinet.client.paths import to_nfc, to_path
from cabinet.client.session import ClientSession
from cabinet.terminal.text import escape_controls

if TYPE_CHECKING:
    from cabinet.client.wire.api import Api
    from cabinet.client.wire.entries import RemoteEntry

# Seconds to wait; the names received by then are offered.
TIMEOUT = 1.5

# The maximum number of completions.
_MOST = 1000

_REMOTE = ":"

Items = list[CompletionItem[str]]


def complete_name(context: click.Context, _: Any, incomplete: str) -> Items:
    """Complete files and folders; nothing for a link."""
    if is_link(incomplete):
        return []
    return _offer(context, lambda api: _iter_texts(api, incomplete, folders_only=False))


def complete_folder(context: click.Context, _: Any, incomplete: str) -> Items:
    """Complete folders; nothing for a link."""
    if is_link(incomplete):
        return []
    return _offer(context, lambda api: _iter_texts(api, incomplete, folders_only=True))


def complete_trashed(context: click.Context, _: Any, incomplete: str) -> Items:
    """Complete paths in the trash."""
    return _offer(context, lambda api: _iter_trashed(api, incomplete))


def complete_local(_context: click.Context, _: Any, incomplete: str) -> Items:
    """Let the shell complete local files."""
    return [CompletionItem(incomplete, type="file")]


def complete_side(context: click.Context, parameter: Any, incomplete: str) -> Items:
    """Complete remote folders after a colon, and local ones otherwise."""
    if not incomplete.startswith(_REMOTE):
        return [CompletionItem(incomplete, type="dir")]
    items = complete_folder(context, parameter, incomplete.removeprefix(_REMOTE))
    return [CompletionItem(f"{_REMOTE}{item.value}", type="remote") for item in items]


def _offer(context: click.Context, iter_texts: Callable[[Api], Iterator[str]]) -> Items:
    session = context.find_object(ClientSession) or ClientSession()
    offered: list[str] = []

    def ask() -> None:
        """Collect the names, silently."""
        # Any error, even of the configuration, would be printed into the command line.
        with suppress(Exception):
            api = session.open_silent_api()
            if api is not None:
                for text in iter_texts(api):
                    offered.append(text)  # noqa: PERF402 - keeps the names received before an error

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(TIMEOUT)
    session.cancellation.cancel()
    return [CompletionItem(text, type="remote") for text in list(offered)]


def _iter_texts(api: Api, incomplete: str, *, folders_only: bool) -> Iterator[str]:
    typed, slash, begin = incomplete.rpartition("/")
    # The server stores names in this form; input may be in another one.
    begin = to_nfc(begin)
    count = 0
    for entry in api.iter_entries(to_path(typed)):
        if folders_only and not entry.is_folder:
            return  # folders are listed first
        name = entry.path.rpartition("/")[2]
        if name.startswith(begin) and escape_controls(name) == name:
            yield _to_text(typed + slash, name, entry)
            count += 1
            if count == _MOST:
                return


def _iter_trashed(api: Api, incomplete: str) -> Iterator[str]:
    begin = to_nfc(incomplete)
    paths = (trashed.path for trashed in islice(api.trash, _MOST))
    # Each path once, because several items may have the same one.
    for path in dict.fromkeys(paths):
        if path.startswith(begin) and escape_controls(path) == path:
            yield f"./{path}" if path.startswith("-") else path


def _to_text(before: str, name: str, entry: RemoteEntry) -> str:
    """Return the completed argument; a name that starts with a dash gets the prefix `./`."""
    text = f"{before}{name}/" if entry.is_folder else before + name
    return f"./{text}" if text.startswith("-") else text
