"""An archive as a response.

Rule: an archive has no validator and no ranges, for it is made anew each time; what goes wrong in
the middle of one breaks the connection, so that nobody takes a part for the whole.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from logging import Logger

from flask import Response

from cabinet.errors import CabinetError
from cabinet.services.zipping import Zip
from cabinet.web.context import log
from cabinet.web.ranges import SANDBOX, to_disposition

ZIP_TYPE = "application/zip"


def send_zip(archive: Zip) -> Response:
    """Return the answer to a GET or HEAD of an archive, which the server closes once it is sent."""
    response = Response(_watched(archive, log()))
    response.direct_passthrough = True
    if archive.length is not None:
        response.content_length = archive.length
    response.headers["Content-Type"] = ZIP_TYPE
    response.headers["Content-Disposition"] = to_disposition(archive.name)
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["Accept-Ranges"] = "none"
    return response


def _watched(archive: Zip, logger: Logger) -> Generator[bytes, None, None]:
    """Pass the archive on; what breaks it off is logged, and ends the connection by being raised."""
    try:
        with closing(archive.chunks):
            yield from archive.chunks
    except CabinetError as error:
        # No name of a user's making in it; the hash is what `flask storage verify` goes by.
        logger.error("an archive broke off: %s %s", error.slug, error.data)  # noqa: TRY400 - the server logs the traceback
        raise
