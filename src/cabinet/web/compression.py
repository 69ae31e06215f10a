"""Send pages gzipped, which shrinks a list of 200 entries to a tenth.

If the compressed length depends on a secret and on text of an attacker in the same page, it leaks the secret
one letter at a time (BREACH). So each response has a file name of random length in its gzip header, which
every client ignores.

Rule: only our own pages, whole in memory; never content, whose bytes, ranges and hashes are guaranteed.
"""

from __future__ import annotations

import secrets
import struct
import zlib

from flask import Flask, Response, request

# Smaller pages fit into one packet anyway.
LEAST_BYTES = 1400
# A higher level costs a page of 200 rows more time than it saves bytes.
LEVEL = 4
# The most bytes added to a response at random.
MOST_NOISE = 128

# RFC 1952, section 2.3.1: deflate, with a name (FNAME), no time, an unknown system.
_HEADER = b"\x1f\x8b\x08\x08\0\0\0\0\0\xff"


def pack(body: bytes) -> bytes:
    """Return `body` gzipped, under a name of random length."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(body) + packer.flush()
    name = b"x" * secrets.randbelow(MOST_NOISE) + b"\0"
    return _HEADER + name + packed + struct.pack("<LL", zlib.crc32(body), len(body) & 0xFFFFFFFF)


def _is_page(response: Response) -> bool:
    """Return whether a response is a page, not HTML content of a user nor compressed already."""
    return (
        response.mimetype == "text/html"
        and response.is_sequence
        and not response.direct_passthrough
        and not {"ETag", "Content-Disposition", "Content-Encoding", "Content-Range"}
        & set(response.headers.keys())
    )


def _pack_page(response: Response) -> Response:
    if not _is_page(response):
        return response
    response.vary.add("Accept-Encoding")
    body = response.get_data()
    if len(body) >= LEAST_BYTES and request.accept_encodings["gzip"] > 0:
        response.set_data(pack(body))
        response.content_encoding = "gzip"
    return response


def init_app(app: Flask) -> None:
    """Compress the pages of `app`."""
    app.after_request(_pack_page)
