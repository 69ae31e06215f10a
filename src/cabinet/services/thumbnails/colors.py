"""Colors of pictures, as browsers show them: eight bits a channel, and sRGB.

What a picture says of its colors is an ICC profile, which whoever shows it applies. A thumbnail carries
none, so it is converted. A profile that is broken, or of another kind of colors than the picture has,
counts for nothing.

Rule: a picture in, a picture out; sizes and formats are others' business.
"""

from __future__ import annotations

import io
import math

from PIL import Image, ImageCms

# Of what is stored in 16 bits, so much is one step in eight.
_STEP = 257

# The tag of a TIFF that says what its numbers mean, and the value that says that 0 is white.
_PHOTOMETRIC, _MIN_IS_WHITE = 262, 0

# The mode that a picture has to have for the colors of a profile.
_MODES = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}

_SRGB = ImageCms.createProfile("sRGB")


def to_eight_bits(image: Image.Image) -> Image.Image:
    """Return a picture of one channel with more than eight bits in the mode "L", others as they are.

    What has 16 bits is scaled as a browser scales it. Longer numbers, and those with a fraction, have
    no agreed white: of them the darkest and the brightest become black and white, and what lies within
    0 and 1 is left as bright as it is. Raises ValueError where none of them is a number.
    """
    is_white_zero = getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == _MIN_IS_WHITE
    if image.mode.startswith("I;16"):
        low, high = 0.0, 255.0 * _STEP
        # In the other order of bytes it cannot be computed with.
        image = image if image.mode == "I;16" else image.convert("I")
    elif image.mode in {"I", "F"}:
        low, high = _range_of(image)
    else:
        return image
    scale = 255 / (high - low)
    offset = -low * scale
    if is_white_zero:
        scale, offset = -scale, 255 - offset
    # The conversion cuts off the fraction.
    half = 0.5 if image.mode == "F" else 0
    scaled = image.point(lambda value: value * scale + (offset + half)).convert("L")
    # It is a number of the longer ones.
    scaled.info.pop("transparency", None)
    return scaled


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return a picture as "RGB", or as "RGBA" where one can see through it; `profile` is of its colors."""
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
    """Return the picture converted, None where the profile says nothing of it."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        wanted = _MODES.get(source.profile.xcolor_space.strip())
        # A picture in gray may be told to have the grays of colors.
        if image.mode == "L" and wanted == "RGB":
            image = image.convert("RGB")
        if image.mode != wanted:
            return None
        return ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
