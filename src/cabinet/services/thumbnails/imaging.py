"""Make thumbnails of untrusted images.

Only listed formats are decoded, only their first frame, and only if the estimate from the header stays
within `MEMORY`. Damaged, truncated or too large images give no thumbnail. No metadata of the original
is kept; its colors are converted.

Rule: bytes in, bytes out; errors of decoders are ignored. Runs in a separate process with hard limits
(decoding.py), in case a header is wrong.
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

# By default both decoders start a thread per core, whose stacks would exhaust the address space.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
# Secondary images in the same file are not used.
pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)

# Load all plugins now, otherwise each forked process would load them again.
Image.init()

# Bytes for a file and its decoding, within the limit in decoding.py. A HEIC of 48 megapixels takes 325 MB,
# as does a progressive JPEG of 108 megapixels; a baseline JPEG of that size takes 10 MB.
MEMORY = 430_000_000

# Bytes per pixel that a decoder needs (measured); images with transparency are copied twice while being
# resized.
_BYTES_PER_PIXEL = {"JPEG": 4, "PNG": 9, "GIF": 9, "WEBP": 16, "AVIF": 12, "TIFF": 13, "HEIF": 10}
_OPAQUE = {"PNG": {"L": 1, "RGB": 4}, "TIFF": {"L": 1, "RGB": 4, "CMYK": 4}, "HEIF": {"RGB": 7}}

# Bytes per pixel of the target square, for intermediate images.
_INTERMEDIATE_BYTES = 16

# The scale over the target size to which an image is decoded or box-filtered before it is resampled: less
# blurs it, more takes four times the memory without a visible difference.
_GAP = 1.5

# Modes that can be averaged, unlike palettes and 16 bits.
_AVERAGEABLE = {"L", "LA", "RGB", "RGBA", "CMYK"}

# Browsers animate these formats, so a preview of the first frame alone must not replace an animation.
_ANIMATED = {"GIF", "PNG", "WEBP", "AVIF"}

_QUALITY = 80

# The byte that begins a JPEG marker, and the marker SOS (start of scan).
_MARKER, _SOS = 0xFF, 0xDA


def make_thumbnail(stream: BinaryIO, size: int) -> bytes | None:
    """Return a WebP image that fits into a square of `size` pixels, None if none can be made.

    Applies the EXIF orientation and never enlarges. `stream` belongs to the caller.
    """
    # Pillow's limit only prints a warning; ours is stricter.
    Image.MAX_IMAGE_PIXELS = None
    try:
        length = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        with Image.open(stream, formats=FORMATS) as image:
            if size >= PREVIEW_SIZE and image.format in _ANIMATED and getattr(image, "is_animated", False):
                return None
            wanted = _fit(image.size, size)
            coefficients = _coefficient_bytes(image, stream)
            # A JPEG can be scaled down while it is decoded, which needs no memory.
            drafted = image.draft(None, _scale(wanted, _GAP))
            if length + coefficients + _memory_of(image) + size * size * _INTERMEDIATE_BYTES > MEMORY:
                return None
            return _resize(image, wanted, drafted[1] if drafted else None)
    except Exception:  # noqa: BLE001 - decoders raise dozens of exception classes
        return None


def _fit(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Return `size` scaled down to fit into a square."""
    return _scale(size, min(side / max(size), 1))


def _scale(size: tuple[int, int], factor: float) -> tuple[int, int]:
    width, height = size
    return max(round(width * factor), 1), max(round(height * factor), 1)


def _memory_of(image: Image.Image) -> int:
    """Return the maximum bytes needed to decode `image`, estimated from its header."""
    name = "JPEG" if isinstance(image, JpegImageFile) else image.format or ""
    is_opaque = "transparency" not in image.info
    opaque = _OPAQUE.get(name, {}).get(image.mode) if is_opaque else None
    return image.width * image.height * (opaque or _BYTES_PER_PIXEL[name])


def _coefficient_bytes(image: Image.Image, stream: BinaryIO) -> int:
    """Return the bytes of coefficients that a JPEG with several scans needs, 0 for all others.

    These are two bytes per coefficient of each component, whatever the target size.
    """
    if not isinstance(image, JpegImageFile):
        return 0
    if "progressive" not in image.info and _components_of_first_scan(stream) >= image.layers:
        return 0
    areas = [horizontal * vertical for _, horizontal, vertical, _ in image.layer]
    most = max(layer[1] for layer in image.layer) * max(layer[2] for layer in image.layer)
    return image.width * image.height * 2 * sum(areas) // most


def _components_of_first_scan(stream: BinaryIO) -> int:
    """Return the number of components in the first scan of a JPEG, 0 if there is none."""
    place = stream.tell()
    stream.seek(2)
    count = 0
    # A segment is a marker of two bytes, a length that includes its own two bytes, and data.
    while len(head := stream.read(5)) == 5:
        if head[0] != _MARKER or head[1] == _MARKER:
            # Skip data between segments and fill bytes.
            stream.seek(-4, io.SEEK_CUR)
        elif head[1] == _SOS:
            count = head[4]
            break
        else:
            stream.seek(int.from_bytes(head[2:4]) - 3, io.SEEK_CUR)
    stream.seek(place)
    return count


def _resize(
    image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float] | None
) -> bytes:
    """Return `image`, or its part within `box`, as a WebP image; `size` is that before the EXIF rotation."""
    profile = image.info.get("icc_profile")
    image = to_eight_bits(image)
    if image.mode not in _AVERAGEABLE or "transparency" in image.info:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    shrunk = image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=_GAP)
    upright = to_srgb(ImageOps.exif_transpose(shrunk), profile)
    upright.info.clear()
    written = io.BytesIO()
    upright.save(written, "WEBP", quality=_QUALITY)
    return written.getvalue()
