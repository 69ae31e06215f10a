"""Test images, drawn on demand."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from typing import Any

from PIL import Image

from tests.support.heic_images import HEIC_IMAGES

RED, BLUE = (255, 0, 0), (0, 0, 255)


def picture(kind: str = "PNG", width: int = 40, height: int = 20, mode: str = "RGB", **options: Any) -> bytes:
    """Return an image whose left half is red and whose right half is blue."""
    image = Image.new("RGB", (width, height), BLUE)
    image.paste(RED, (0, 0, width // 2, height))
    written = io.BytesIO()
    image.convert(mode).save(written, kind, **options)
    return written.getvalue()


def turned(orientation: int) -> bytes:
    """Return a JPEG with this orientation in its Exif data."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "a secret place"
    return picture("JPEG", exif=exif.tobytes(), quality=95)


def png_of(width: int, height: int, content: bytes = b"") -> bytes:
    """Return a PNG that declares a size, with `content` as its image data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))

    header = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(content)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def heic(name: str) -> bytes:
    """Return one of `HEIC_IMAGES`."""
    return base64.b64decode(HEIC_IMAGES[name])


def huge_tiff(width: int, height: int) -> bytes:
    """Return a TIFF that declares a size, with the data of one line."""
    content = picture("TIFF", 1, 1)
    for tag, side in ((256, width), (257, height)):
        content = content.replace(struct.pack("<HHLL", tag, 4, 1, 1), struct.pack("<HHLL", tag, 4, 1, side))
    return content


def opened(content: bytes) -> Image.Image:
    """Return a picture, decoded."""
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def is_red(colour: Any) -> bool:
    return bool(colour[0] > 200 and colour[2] < 60)
