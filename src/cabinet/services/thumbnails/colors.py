"""Convert images to eight bits per channel and sRGB, as browsers display them.

An image may have an ICC profile, which viewers apply. A thumbnail has none, so its colors are converted.
Broken profiles, and profiles of another color space than the image, are ignored.

Rule: functions from image to image; sizes and formats are handled elsewhere.
"""

from __future__ import annotations

import io
import math

from PIL import Image, ImageCms

# The step in 16 bits that is one step in eight bits.
_STEP = 257

# The TIFF tag PhotometricInterpretation, and its value WhiteIsZero.
_PHOTOMETRIC, _MIN_IS_WHITE = 262, 0

# The image mode for each color space of a profile.
_MODES = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}

_SRGB = ImageCms.createProfile("sRGB")


def to_eight_bits(image: Image.Image) -> Image.Image:
    """Convert an image of one channel with more than eight bits to the mode "L"; return others unchanged.

    16-bit values are scaled as browsers do. 32-bit integers and floats have no agreed white point: their
    minimum and maximum become black and white, except that floats within 0 and 1 keep their brightness.
    Raises ValueError for values that are not finite.
    """
    is_white_zero = getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == _MIN_IS_WHITE
    if image.mode.startswith("I;16"):
        low, high = 0.0, 255.0 * _STEP
        # Pillow cannot compute with the other byte order.
        image = image if image.mode == "I;16" else image.convert("I")
    elif image.mode in {"I", "F"}:
        low, high = _range_of(image)
    else:
        return image
    scale = 255 / (high - low)
    offset = -low * scale
    if is_white_zero:
        scale, offset = -scale, 255 - offset
    # The conversion truncates fractions.
    half = 0.5 if image.mode == "F" else 0
    scaled = image.point(lambda value: value * scale + (offset + half)).convert("L")
    # The transparent value is one before scaling.
    scaled.info.pop("transparency", None)
    return scaled


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert an image with its ICC `profile` to sRGB, in mode "RGBA" if it has an alpha channel, else "RGB"."""
    alpha = image.getchannel("A") if image.mode in {"LA", "RGBA"} else None
    base = image.convert(image.mode.removesuffix("A")) if alpha else image
    converted = _by_profile(base, profile) if profile else None
    if converted is None:
        converted = base if base.mode == "RGB" else base.convert("RGB")
    if alpha:
        converted.putalpha(alpha)
    return converted


def _range_of(image: Image.Image) -> tuple[float, float]:
    low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type] # of one channel
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("not a number")
    if image.mode == "F" and low >= 0 and high <= 1:
        return 0.0, 1.0
    return (low, high) if high > low else (low - 1, high + 1)


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Return the converted image, None if the profile does not apply."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        wanted = _MODES.get(source.profile.xcolor_space.strip())
        # A gray image may have an RGB profile.
        if image.mode == "L" and wanted == "RGB":
            image = image.convert("RGB")
        if image.mode != wanted:
            return None
        return ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
