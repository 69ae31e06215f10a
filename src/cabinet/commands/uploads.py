"""`flask uploads`: what is on its way, and what was left half-way.

Rule: a running upload is never disturbed from here.
"""

from __future__ import annotations

from dataclasses import asdict

import click

from cabinet.commands._support import OperatorGroup, find_account, json_option, print_array, print_json
from cabinet.services.maintenance.verify import OpenUpload
from cabinet.terminal.report import note, say
from cabinet.terminal.text import to_size
from cabinet.web.pages import to_rfc3339
from cabinet.web.services import housekeeping, inspection

group = OperatorGroup("uploads", help="List unfinished uploads, and end those that have expired.")


@group.command("list")
@click.option("--user", "username", metavar="NAME", help="Only those of this user.")
@json_option
def list_uploads(username: str | None, as_json: bool) -> None:
    """List the uploads that are not finished, the oldest first."""
    space_id = None if username is None else find_account(username).space_id
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
    """End the uploads that were left alone for UPLOAD_KEEP_SECONDS, and forget their bytes.

    The server does the same now and then, by itself.
    """
    ended = housekeeping().expire_uploads()
    if as_json:
        print_json({"expired": ended})
    else:
        say(f"Expired: {len(ended)}")


def _progress(upload: OpenUpload) -> str:
    whole = "?" if upload.length is None else to_size(upload.length)
    return f"{to_size(upload.offset)} of {whole}"
