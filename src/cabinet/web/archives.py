"""An archive as a response.

Rule: an archive has no validator and no ranges, for it is made anew each time; what goes wrong in
the middle of one breaks the connection, so that nobody takes a part for the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from logging import Logger

from flask import Response, request

from cabinet.errors import CabinetError
from cabinet.services.archives.zipping import Zip
from cabinet.web.ranges import SANDBOX, to_disposition
from cabinet.web.runtime import log

ZIP_TYPE = "application/zip"


def send_zip(archive: Zip) -> Response:
    """Return the answer to a GET or HEAD of an archive, which the server closes once it is sent.

    Raises `BlobMissing` or `StorageFault` where that shows before the first byte is sent.
    """
    first = b"" if request.method == "HEAD" else next(archive.chunks)
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
    """Pass the archive on; what breaks it off is logged, and ends the connection by being raised."""
    yield first
    try:
        yield from archive.chunks
    except CabinetError as error:
        # No name of a user's making in it; the hash is what `flask storage verify` goes by.
        logger.error("an archive broke off: %s %s", error.slug, error.data)  # noqa: TRY400 - the server logs the traceback
        raise
