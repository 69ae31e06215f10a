"""Media types detected from the first bytes of content.

A hint, used only if neither the name nor the client gives a type: it is right for common files, and always an
image, audio, video, an archive, a PDF or plain text. HTML, SVG, XML and scripts are plain text here, so
content cannot become active by its appearance.

Rule: pure functions on bytes; no type here is one that a browser executes.
"""

from __future__ import annotations

import codecs
import re

# Bytes examined: every signature is in the first hundred, and text is recognized soon.
HEAD_SIZE = 1024

# Offset, signature and media type.
_MARKS = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
)
_RIFF = {"image/webp", "audio/wav"}

# The brand of an ISO media file (ISO/IEC 14496-12), which follows `ftyp`.
_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"qt  ": "video/quicktime",
    b"isom": "video/mp4",
    b"iso2": "video/mp4",
    b"iso4": "video/mp4",
    b"iso5": "video/mp4",
    b"iso6": "video/mp4",
    b"avc1": "video/mp4",
    b"mp41": "video/mp4",
    b"mp42": "video/mp4",
    b"M4V ": "video/mp4",
    b"dash": "video/mp4",
}

# Brands of images of any codec; one of the compatible brands that follow names it.
_ANY_PICTURE = {b"mif1", b"msf1"}

_EBML = b"\x1aE\xdf\xa3"
_OGG = b"OggS"

# A frame of MPEG audio, layer III, with a bit rate and a sampling rate that exist.
_MPEG_FRAME = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]", re.DOTALL)

# All but tab, line feed, form feed and carriage return.
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")


def hint_of(head: bytes) -> str | None:
    """Return the likely media type of content that starts with `head`, None if unknown."""
    for offset, mark, media_type in _MARKS:
        if head.startswith(mark, offset) and (media_type not in _RIFF or head.startswith(b"RIFF")):
            return media_type
    if head.startswith(b"ftyp", 4):
        return _by_brand(head)
    if head.startswith(_EBML):
        return "video/webm" if b"webm" in head[:64] else None
    if head.startswith(_OGG):
        return "video/ogg" if b"theora" in head[:128] else "audio/ogg"
    if _is_mpeg(head):
        return "audio/mpeg"
    return "text/plain" if head and _is_text(head) else None


def _by_brand(head: bytes) -> str | None:
    if head[8:12] not in _ANY_PICTURE:
        return _BRANDS.get(head[8:12])
    end = min(int.from_bytes(head[:4]), len(head))
    known = (_BRANDS.get(head[place : place + 4]) for place in range(16, end, 4))
    return next(filter(None, known), "image/heif")


def _is_mpeg(head: bytes) -> bool:
    # The third byte also has the two bits of the sampling rate; both set is invalid.
    return _MPEG_FRAME.match(head) is not None and head[2] & 0x0C != 0x0C


def _is_text(head: bytes) -> bool:
    """Return whether `head` is UTF-8 without control characters; its last character may be cut off."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(head, final=len(head) < HEAD_SIZE)
    except UnicodeDecodeError:
        return False
    return _CONTROL.search(text) is None
