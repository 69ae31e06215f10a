"""Small pictures made of large ones, from content that nobody vouches for.

Only formats on a short list are decoded, of them only the first frame, and only when the decoder's
own account of the picture promises to stay within `MEMORY`. What is damaged, cut off or too large
gives no picture at all. Nothing of the original's metadata is kept but its colors.

Rule: bytes in, bytes out; whatever a decoder raises is no error here. It runs in a process of its own,
with limits that hold whatever a header promises (decoding.py).
"""

from __future__ import annotations

import io
from typing import BinaryIO

import pi_heif
from PIL import AvifImagePlugin, Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile

from cabinet.services.thumbnails.colors import to_eight_bits, to_srgb
from cabinet.services.thumbnails.sizes import PREVIEW_SIZE

# The formats that Pillow may try.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "HEIF")

# By themselves both start one for each core, whose stacks would take up the address space.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
# Other pictures in the same file are of no use here.
pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)

# All plugins at once and now: else each process that is forked for a picture would load them anew.
Image.init()

# Bytes that a file and decoding it may take: what the limit in decoding.py leaves. A HEIC of 48 megapixels
# takes 325 MB, and so does a JPEG of 108 in several passes; in one pass that takes 10.
MEMORY = 430_000_000

# Bytes that a decoder holds for each pixel (measured); a picture that one can see through is copied twice
# while it is made smaller.
_BYTES_PER_PIXEL = {"JPEG": 4, "PNG": 9, "GIF": 9, "WEBP": 16, "AVIF": 12, "TIFF": 13, "HEIF": 10}
_OPAQUE = {"PNG": {"L": 1, "RGB": 4}, "TIFF": {"L": 1, "RGB": 4, "CMYK": 4}, "HEIF": {"RGB": 7}}

# Bytes for each pixel of the square that is aimed at: what a picture is while it is made smaller.
_BYTES_ON_THE_WAY = 16

# How much larger than what is wanted a picture may be decoded, or taken the mean of, before it is resampled:
# less is blurred, more takes four times the memory for nothing that one can see.
_GAP = 1.5

# Modes of which a mean can be taken; of a palette or of 16 bits it cannot.
_MEANS = {"L", "LA", "RGB", "RGBA", "CMYK"}

# A browser shows all frames of these, so a picture that stands in for one of them may not be the first alone.
_FILMS = {"GIF", "PNG", "WEBP", "AVIF"}

_QUALITY = 80

# What each segment of a JPEG begins with, and then that of a pass over the picture.
_MARK, _PASS = 0xFF, 0xDA


def make_thumbnail(stream: BinaryIO, size: int) -> bytes | None:
    """Return a WebP that fits into a square of `size` pixels, None where none can be made.

    It stands as the camera was held, and is never larger than the original. `stream` belongs to
    the caller.
    """
    # Pillow's own limit only warns, on standard error; ours is stricter.
    Image.MAX_IMAGE_PIXELS = None
    try:
        length = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        with Image.open(stream, formats=FORMATS) as image:
            if size >= PREVIEW_SIZE and image.format in _FILMS and getattr(image, "is_animated", False):
                return None
            wanted = _fitted(image.size, size)
            passes = _passes_of(image, stream)
            # A JPEG can be made smaller while it is decoded, which costs no memory.
            drafted = image.draft(None, _times(wanted, _GAP))
            if length + passes + _memory_of(image) + size * size * _BYTES_ON_THE_WAY > MEMORY:
                return None
            return _shrunk(image, wanted, drafted[1] if drafted else None)
    except Exception:  # noqa: BLE001 - decoders raise whatever they like, of dozens of classes
        return None


def _fitted(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Return `size`, made smaller until it fits into a square."""
    return _times(size, min(side / max(size), 1))


def _times(size: tuple[int, int], factor: float) -> tuple[int, int]:
    width, height = size
    return max(round(width * factor), 1), max(round(height * factor), 1)


def _memory_of(image: Image.Image) -> int:
    """Return how many bytes it takes at most to decode `image`, by what its header says."""
    name = "JPEG" if isinstance(image, JpegImageFile) else image.format or ""
    is_opaque = "transparency" not in image.info
    opaque = _OPAQUE.get(name, {}).get(image.mode) if is_opaque else None
    return image.width * image.height * (opaque or _BYTES_PER_PIXEL[name])


def _passes_of(image: Image.Image, stream: BinaryIO) -> int:
    """Return how many bytes a JPEG of several passes is held in until the last of them, 0 for all others.

    Those are two for each number of each component, whatever size is wanted.
    """
    if not isinstance(image, JpegImageFile):
        return 0
    if "progressive" not in image.info and _components_of_first_pass(stream) >= image.layers:
        return 0
    areas = [horizontal * vertical for _, horizontal, vertical, _ in image.layer]
    most = max(layer[1] for layer in image.layer) * max(layer[2] for layer in image.layer)
    return image.width * image.height * 2 * sum(areas) // most


def _components_of_first_pass(stream: BinaryIO) -> int:
    """Return how many components the first pass of a JPEG is about, 0 where there is none."""
    place = stream.tell()
    stream.seek(2)
    count = 0
    # Each segment is a mark of two bytes, its length with these two, and the rest.
    while len(head := stream.read(5)) == 5:
        if head[0] != _MARK or head[1] == _MARK:
            # What is between segments, or fills up before one, is passed over.
            stream.seek(-4, io.SEEK_CUR)
        elif head[1] == _PASS:
            count = head[4]
            break
        else:
            stream.seek(int.from_bytes(head[2:4]) - 3, io.SEEK_CUR)
    stream.seek(place)
    return count


def _shrunk(
    image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float] | None
) -> bytes:
    """Return the part of `image` within `box`, or all of it, as a WebP of that size before it is turned."""
    profile = image.info.get("icc_profile")
    image = to_eight_bits(image)
    if image.mode not in _MEANS or "transparency" in image.info:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    shrunk = image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=_GAP)
    upright = to_srgb(ImageOps.exif_transpose(shrunk), profile)
    upright.info.clear()
    written = io.BytesIO()
    upright.save(written, "WEBP", quality=_QUALITY)
    return written.getvalue()
