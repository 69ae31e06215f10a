"""What content seems to be, by its first bytes.

A hint, and only where neither the name nor the sender tells: it is right for what people keep,
and what it says is never more than an image, a sound, a film, an archive, a PDF or plain text.
HTML, SVG, XML and scripts are plain text here, so no content becomes active by looking as if it were.

Rule: pure functions over bytes; every type here is one that a browser runs nothing of.
"""

from __future__ import annotations

import codecs
import re

# Bytes that are looked at: every mark stands in the first hundred, and text shows itself soon.
HEAD_SIZE = 1024

# Where a mark stands, what it is, and what it means.
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

# Brands of pictures of any codec; which it is, one of those says that follow.
_ANY_PICTURE = {b"mif1", b"msf1"}

_EBML = b"\x1aE\xdf\xa3"
_OGG = b"OggS"

# A frame of MPEG audio, layer III, with a bit rate and a sampling rate that exist.
_MPEG_FRAME = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]", re.DOTALL)

# All but tab, line feed, form feed and carriage return.
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")


def hint_of(head: bytes) -> str | None:
    """Return what content that begins with `head` seems to be, None when nobody can tell."""
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
    # The third byte also holds the sampling rate, in two bits; both of them set is none.
    return _MPEG_FRAME.match(head) is not None and head[2] & 0x0C != 0x0C


def _is_text(head: bytes) -> bool:
    """Tell whether `head` is UTF-8 without control characters; a letter may be cut off at its end."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(head, final=len(head) < HEAD_SIZE)
    except UnicodeDecodeError:
        return False
    return _CONTROL.search(text) is None
