"""The JSON of entries, and their URLs.

Rule: the JSON of an entry is the same in every protocol.
"""

from __future__ import annotations

from typing import Any

from flask import request, url_for

from cabinet.services.changes.batch_runner import Done
from cabinet.services.tree.entries import Entry
from cabinet.web.pages import to_rfc3339
from cabinet.web.runtime import runtime, setting


def address_of(endpoint: str, **values: str) -> str:
    """Return the URL of a view as users see it: below PUBLIC_URL if it is set, else a path."""
    root: str = setting("PUBLIC_URL") or request.script_root
    return root + url_for(endpoint, _external=False, **values).removeprefix(request.script_root)


def content_address(path: str) -> str:
    """Return the URL of the file or folder at `path`."""
    return address_of("files.get", path=path) if path else address_of("files.list_files")


def done_json(done: Done) -> dict[str, Any]:
    """Return the JSON of a batch: its id, for undoing it, and the number of entries."""
    return {"batch": done.batch_id, "count": done.count}


def to_json(entry: Entry) -> dict[str, Any]:
    """Return the JSON of an entry; a folder has no `size`, but totals of its contents."""
    document: dict[str, Any] = {
        "kind": entry.kind,
        "name": entry.name,
        "path": entry.path,
        "size": entry.size,
        "content_hash": entry.content_hash,
        "media_type": entry.media_type,
        "created_at": to_rfc3339(entry.created_at),
        "modified_at": to_rfc3339(entry.modified_at),
        "url": content_address(entry.path),
    }
    if entry.insides is not None:
        document |= {
            "tree_size": entry.insides.size,
            "tree_files": entry.insides.files,
            "child_count": entry.insides.entries,
            "etag": runtime().folder_tags.tag_of(entry.insides),
        }
    if entry.mounted is not None:
        document["mount"] = {"owner": entry.mounted.owner, "role": entry.mounted.role}
    return document
