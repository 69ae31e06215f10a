"""Send an archive as a response.

Rule: an archive has no validator and no ranges, because it is built anew each time; an error in the middle
breaks the connection, so that a truncated archive is never taken for a complete one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from logging import Logger

from flask import Response, request

from cabinet.errors import CabinetError
from cabinet.services.archives.zipping import Zip
from cabinet.services.tree.mounts import Place
from cabinet.web.guest import count_archive
from cabinet.web.ranges import SANDBOX, to_disposition
from cabinet.web.runtime import log
from cabinet.web.services import database, note_downloads

ZIP_TYPE = "application/zip"


def send_zip(archive: Zip, places: Iterable[Place] = (), count: int | None = None) -> Response:
    """Return the response to a GET or HEAD of an archive; the server closes the archive once it is sent.

    Of a member's archive, `places` are what it was made of, and `count` entries of the only one, to be recorded.

    Raises `BlobMissing` or `StorageFault` if the error occurs before the first byte is sent, and `NotFound`
    for a guest without a download left.
    """
    count_archive(archive.name)
    first = b"" if request.method == "HEAD" else next(archive.chunks)
    if request.method != "HEAD":
        note_downloads(places, count)
        # The archive uses another connection.
        database().rollback()
    response = Response(_watched(first, archive, log()))
    response.direct_passthrough = True
    response.call_on_close(archive.chunks.close)
    if archive.length is not None:
        response.content_length = archive.length
    response.headers["Content-Type"] = ZIP_TYPE
    response.headers["Content-Disposition"] = to_disposition(archive.name)
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["Accept-Ranges"] = "none"
    return response


def _watched(first: bytes, archive: Zip, logger: Logger) -> Iterator[bytes]:
    """Pass the archive on; log an error in the middle and raise it, which ends the connection."""
    yield first
    try:
        yield from archive.chunks
    except CabinetError as error:
        # The log gets no file name, which is the user's text; `flask storage verify` finds the blob by its
        # hash.
        logger.error("an archive broke off: %s %s", error.slug, error.data)  # noqa: TRY400 - the server logs the traceback
        raise
