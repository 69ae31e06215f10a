"""The JSON of entries, and their URLs.

Rule: the JSON of an entry is the same in every protocol.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import request, url_for

from cabinet.services.changes.batch_runner import Done
from cabinet.services.tree.entries import Entry
from cabinet.services.tree.folder_tags import FolderTags
from cabinet.web.quoting import quoter_of
from cabinet.web.runtime import runtime, setting

# What may stand in a path as it is (RFC 3986, section 3.3); the same as of `url_for`.
_quoted = quoter_of("/!$&'()*+,;=:@")


def address_of(endpoint: str, **values: str) -> str:
    """Return the URL of a view as users see it: below PUBLIC_URL if it is set, else a path."""
    root: str = setting("PUBLIC_URL") or request.script_root
    return root + url_for(endpoint, _external=False, **values).removeprefix(request.script_root)


def absolute_address(endpoint: str, **values: str) -> str:
    """Return the URL of a view with its host, for people who pass it on."""
    address = address_of(endpoint, **values)
    return address if setting("PUBLIC_URL") else request.host_url.rstrip("/") + address


def content_address(path: str, before: str | None = None) -> str:
    """Return the URL of the file or folder at `path`; `before` is `before_content()`, if already known."""
    if not path:
        return address_of("files.list_files")
    return f"{before or before_content()}{_quoted(path)}"


def before_content() -> str:
    """Return the part of content URLs before the quoted path."""
    return address_of("files.get", path="-")[:-1]


def done_json(done: Done) -> dict[str, Any]:
    """Return the JSON of a batch: its id, for undoing it, and the number of entries."""
    return {"batch": done.batch_id, "count": done.count}


def to_json_all(entries: Iterable[Entry | None]) -> list[dict[str, Any] | None]:
    """Return the JSON of many entries, None for None: their URLs are built from one call of `url_for`."""
    before, tags = before_content(), runtime().folder_tags
    return [None if entry is None else to_json(entry, before, tags) for entry in entries]


def to_json(entry: Entry, before: str | None = None, tags: FolderTags | None = None) -> dict[str, Any]:
    """Return the JSON of an entry; a folder has no `size`, but totals of its contents.

    Times are objects, which `JsonDocuments` writes in a quarter of the time. `before` is as for `content_address`,
    `tags` those of `runtime()`, if already known.
    """
    document: dict[str, Any] = {
        "kind": entry.kind,
        "name": entry.name,
        "path": entry.path,
        "size": entry.size,
        "content_hash": entry.content_hash,
        "media_type": entry.media_type,
        "created_at": entry.created_at,
        "modified_at": entry.modified_at,
        "url": content_address(entry.path, before),
    }
    if entry.totals is not None:
        document |= {
            "tree_size": entry.totals.size,
            "tree_files": entry.totals.files,
            "child_count": entry.totals.entries,
            "etag": (tags or runtime().folder_tags).tag_of(entry.totals),
        }
    if entry.is_shared:
        document["shared"] = True
    if entry.mounted is not None:
        document["mount"] = {"owner": entry.mounted.owner or None, "role": entry.mounted.role}
        if entry.mounted.team is not None:
            document["mount"]["space"] = entry.mounted.team
    return document
