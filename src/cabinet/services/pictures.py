"""Small pictures made of large ones, from content that nobody vouches for.

Only formats on a short list are decoded, of them only the first frame, and only when the decoder's
own account of the picture promises to stay within `MEMORY`. What is damaged, cut off, too large or
too slow gives no picture at all. Nothing of the original's metadata is kept.

Rule: bytes in, bytes out; whatever a decoder raises is no error here.
"""

from __future__ import annotations

import io
import time
from typing import BinaryIO

from PIL import Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile

# The formats that Pillow may try, and the media types of files that are worth a try.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF")
MEDIA_TYPES = {"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"}

# Bytes that decoding one picture may take.
MEMORY = 150_000_000

# Bytes of a file that is looked at; two of the decoders hold all of it.
LONGEST = 64 << 20

# Seconds for one picture, and bytes that the decoder of JPEG gets at a time: a few of them can keep
# it busy for long, and it is only stopped when it asks for more.
PATIENCE = 10.0
_SLICE = 4096

# Bytes that a decoder holds for each pixel; a picture that one can see through is copied twice
# while it is made smaller.
_BYTES_PER_PIXEL = {"PNG": 9, "GIF": 9, "WEBP": 16, "AVIF": 12}
_OPAQUE = {"L": 1, "RGB": 4}

# Modes of which a mean can be taken; of a palette or of 16 bits it cannot.
_MEANS = {"L", "LA", "RGB", "RGBA", "CMYK"}

_QUALITY = 80


class _Impatient:
    """A stream that ends in an error when its reader takes too long."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._until = time.monotonic() + PATIENCE
        self.slices = False

    def read(self, size: int = -1, /) -> bytes:
        if time.monotonic() > self._until:
            raise TimeoutError
        if self.slices:
            size = min(size, _SLICE)
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


def make_thumbnail(stream: BinaryIO, size: int) -> bytes | None:
    """Return a WebP that fits into a square of `size` pixels, None where none can be made.

    It stands as the camera was held, and is never larger than the original. `stream` belongs to
    the caller.
    """
    if stream.seek(0, io.SEEK_END) > LONGEST:
        return None
    stream.seek(0)
    # Pillow's own limit only warns, to every thread's standard error; ours is stricter.
    Image.MAX_IMAGE_PIXELS = None
    watched = _Impatient(stream)
    try:
        with Image.open(watched, formats=FORMATS) as image:  # type: ignore[arg-type]  # it needs no more than these three
            # The others hold all of the file, or take as long as they have pixels; and cannot stand it.
            watched.slices = isinstance(image, JpegImageFile)
            if _memory_of(image) > MEMORY:
                return None
            return _shrunk(image, size)
    except Exception:  # noqa: BLE001 - decoders raise whatever they like, of dozens of classes
        return None


def _memory_of(image: Image.Image) -> int:
    """Return how many bytes it takes at most to decode `image`, by what its header says."""
    pixels = image.width * image.height
    if isinstance(image, JpegImageFile):
        # What comes in several passes is held whole, as two bytes for each number of each component;
        # decoded it is a fraction of its size.
        areas = [horizontal * vertical for _, horizontal, vertical, _ in image.layer]
        most = max(layer[1] for layer in image.layer) * max(layer[2] for layer in image.layer)
        return pixels * 2 * sum(areas) // most
    if image.format == "PNG" and "transparency" not in image.info:
        return pixels * _OPAQUE.get(image.mode, _BYTES_PER_PIXEL["PNG"])
    return pixels * _BYTES_PER_PIXEL[image.format or ""]


def _shrunk(image: Image.Image, size: int) -> bytes:
    if image.mode not in _MEANS:
        image = _in_colour(image)
    image.thumbnail((size, size), Image.Resampling.LANCZOS, reducing_gap=2.0)
    upright = _in_colour(ImageOps.exif_transpose(image))
    upright.info.clear()
    written = io.BytesIO()
    upright.save(written, "WEBP", quality=_QUALITY)
    return written.getvalue()


def _in_colour(image: Image.Image) -> Image.Image:
    wanted = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == wanted else image.convert(wanted)
