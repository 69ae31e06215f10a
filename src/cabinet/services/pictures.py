"""Small pictures made of large ones, from content that nobody vouches for.

Only formats on a short list are decoded, of them only the first frame, and only when the decoder's
own account of the picture promises to stay within `MEMORY`. What is damaged, cut off or too large
gives no picture at all. Nothing of the original's metadata is kept.

Rule: bytes in, bytes out; whatever a decoder raises is no error here. It runs in a process of its own,
with limits that hold whatever a header promises (decoding.py).
"""

from __future__ import annotations

import io
from typing import BinaryIO

from PIL import AvifImagePlugin, Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile

# The formats that Pillow may try.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF")

# By itself it starts one for each core, whose stacks would take up the address space.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

# All plugins at once and now: else each process that is forked for a picture would load them anew.
Image.init()

# Bytes that decoding one picture may take.
MEMORY = 150_000_000

# Bytes that a decoder holds for each pixel; a picture that one can see through is copied twice
# while it is made smaller.
_BYTES_PER_PIXEL = {"PNG": 9, "GIF": 9, "WEBP": 16, "AVIF": 12}
_OPAQUE = {"L": 1, "RGB": 4}

# Modes of which a mean can be taken; of a palette or of 16 bits it cannot.
_MEANS = {"L", "LA", "RGB", "RGBA", "CMYK"}

_QUALITY = 80


def make_thumbnail(stream: BinaryIO, size: int) -> bytes | None:
    """Return a WebP that fits into a square of `size` pixels, None where none can be made.

    It stands as the camera was held, and is never larger than the original. `stream` belongs to
    the caller.
    """
    # Pillow's own limit only warns, on standard error; ours is stricter.
    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(stream, formats=FORMATS) as image:
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
