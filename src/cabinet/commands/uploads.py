"""`flask uploads`: list and expire unfinished uploads.

Rule: these commands never interrupt an active upload.
"""

from __future__ import annotations

from dataclasses import asdict

import click

from cabinet.commands._support import OperatorGroup, find_scope, json_option, print_array, print_json
from cabinet.services.maintenance.verify import OpenUpload
from cabinet.terminal.report import note, say
from cabinet.terminal.text import to_size
from cabinet.web.pages import to_rfc3339
from cabinet.web.services import housekeeping, inspection

group = OperatorGroup("uploads", help="List unfinished uploads and remove expired ones.")


@group.command("list")
@click.option(
    "--user",
    "username",
    metavar="NAME",
    help="Only uploads to the space of this user, or to the team space space:ID.",
)
@json_option
def list_uploads(username: str | None, as_json: bool) -> None:
    """List unfinished uploads, the oldest first."""
    space_id = None if username is None else find_scope(username).space_id
    found = inspection().iter_uploads(space_id)
    if as_json:
        print_array("uploads", map(asdict, found))
        return
    count = 0
    for upload in found:
        say(
            f"{upload.id}  {_progress(upload)}  until {to_rfc3339(upload.expires_at)}  {upload.username}:{upload.path}"
        )
        count += 1
    note(f"{count} unfinished.")


@group.command("expire")
@json_option
def expire(as_json: bool) -> None:
    """Remove uploads that were inactive for UPLOAD_KEEP_SECONDS, with their bytes.

    The server also does this regularly.
    """
    ended = housekeeping().expire_uploads()
    if as_json:
        print_json({"expired": ended})
    else:
        say(f"Expired: {len(ended)}")


def _progress(upload: OpenUpload) -> str:
    whole = "?" if upload.length is None else to_size(upload.length)
    return f"{to_size(upload.offset)} of {whole}"
