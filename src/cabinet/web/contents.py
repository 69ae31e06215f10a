"""Send the content of a file, to its user or to the guest of a link.

Rule: what a guest downloads is counted when its first byte is about to be sent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

from flask import Response

from cabinet.services.tree.entries import Entry
from cabinet.services.tree.mounts import Place
from cabinet.web.guest import count_download
from cabinet.web.ranges import send_entry, to_digest
from cabinet.web.runtime import current_request
from cabinet.web.services import files, note_downloads


def send_file(place: Place, entry: Entry, *, attachment: bool) -> Response:
    """Return the response to a GET or HEAD of the file `entry` at a place.

    Raises `BlobMissing`, and `NotFound` for a guest without a download left.
    """
    service, request = files(place.scope), current_request()

    def open_() -> BinaryIO:
        """Open the content and count the download; closed again if there is none left."""
        stream = service.open(entry)
        try:
            count_download(place.to_actor_path(entry.path))
            if attachment and request.method == "GET":
                note_downloads([replace(place, path=entry.path)])
        except BaseException:
            stream.close()
            raise
        return stream

    response = send_entry(request, place.to_actor_entry(entry), open_, attachment=attachment)
    if "sha-256" in request.headers.get("Want-Repr-Digest", "").lower() and entry.content_hash:
        response.headers["Repr-Digest"] = to_digest(service.sha256(entry.content_hash))
    return response
