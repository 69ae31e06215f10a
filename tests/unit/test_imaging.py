"""Thumbnails of valid images, and of malicious content."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from cabinet.services.thumbnails import imaging
from cabinet.services.thumbnails.imaging import make_thumbnail
from cabinet.services.thumbnails.sizes import PREVIEW_SIZE
from tests.support import profiles
from tests.support.images import heic, huge_tiff, is_red, opened, picture, png_of, turned


def thumbnail(content: bytes, size: int = 64) -> Image.Image | None:
    made = make_thumbnail(io.BytesIO(content), size)
    return None if made is None else opened(made)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "LA"),
        ("PNG", "1"), ("GIF", "P"), ("WEBP", "RGB"), ("WEBP", "RGBA"), ("AVIF", "RGB"),
        ("TIFF", "RGB"), ("TIFF", "RGBA"), ("TIFF", "P"), ("TIFF", "CMYK"), ("TIFF", "1"), ("TIFF", "YCbCr"),
    ],
)  # fmt: skip
def test_a_thumbnail_fits_into_the_square_and_looks_the_same(kind: str, mode: str) -> None:
    made = thumbnail(picture(kind, 400, 200, mode))

    assert made is not None
    assert (made.format, made.size) == ("WEBP", (64, 32))
    if mode in {"RGB", "RGBA", "P", "CMYK", "YCbCr"}:
        assert is_red(made.convert("RGB").getpixel((10, 16)))
        assert not is_red(made.convert("RGB").getpixel((54, 16)))


def test_small_images_are_not_enlarged() -> None:
    made = thumbnail(picture(width=40, height=20), 256)

    assert made is not None
    assert made.size == (40, 20)


def test_transparency_is_kept() -> None:
    written = io.BytesIO()
    Image.new("RGBA", (100, 100), (0, 0, 0, 0)).save(written, "PNG")

    made = thumbnail(written.getvalue())

    assert made is not None
    assert made.getpixel((5, 5)) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("orientation", "size", "red_at"),
    [
        (1, (40, 20), (5, 10)), (2, (40, 20), (35, 10)), (3, (40, 20), (35, 10)), (4, (40, 20), (5, 10)),
        (5, (20, 40), (10, 5)), (6, (20, 40), (10, 5)), (7, (20, 40), (10, 35)), (8, (20, 40), (10, 35)),
    ],
)  # fmt: skip
def test_the_exif_orientation_is_applied_and_metadata_removed(
    orientation: int, size: tuple[int, int], red_at: tuple[int, int]
) -> None:
    content = turned(orientation)
    made = make_thumbnail(io.BytesIO(content), 64)

    assert made is not None
    image = opened(made)
    assert image.size == size
    assert is_red(image.getpixel(red_at))
    assert b"a secret place" in content
    assert b"EXIF" not in made.upper()
    assert b"a secret place" not in made


def test_the_first_frame_of_an_animation_is_used() -> None:
    frames = [Image.new("RGB", (30, 30), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "WEBP"):
        written = io.BytesIO()
        frames[0].save(written, kind, save_all=True, append_images=frames[1:], duration=100)

        made = thumbnail(written.getvalue())

        assert made is not None
        assert not getattr(made, "is_animated", False)
        assert is_red(made.convert("RGB").getpixel((15, 15)))


@pytest.mark.parametrize(
    "content",
    [
        png_of(50_000, 50_000),
        png_of(2**31 - 1, 2**31 - 1),
        png_of(100, 100, b"too little"),
        picture("PNG", 400, 200)[:-60],
        picture("JPEG", 400, 200)[:-300],
        picture("GIF", 400, 200)[:-100],
        picture("WEBP", 400, 200)[:-100],
        b"<html><script>alert(1)</script></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        huge_tiff(60_000, 60_000),
        huge_tiff(2**32 - 1, 2**32 - 1),
        picture("TIFF", 400, 200)[:-9000],
        heic("plain")[:-60],
        heic("plain")[:40],
        picture("BMP"),
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"",
    ],
    ids=[
        "bomb", "huge", "hollow", "cut png", "cut jpeg", "cut gif", "cut webp", "html", "svg", "large tiff", "huge tiff", "cut tiff", "cut heic",
        "hollow heic", "bmp",
        "postscript", "empty",
    ],
)  # fmt: skip
def test_damaged_and_unknown_images_have_no_thumbnail(content: bytes) -> None:
    assert thumbnail(content) is None


def colors_of(content: bytes, *points: tuple[int, int], size: int = 64) -> list[tuple[int, ...]]:
    made = thumbnail(content, size)
    assert made is not None
    image = made if made.mode == "RGBA" else made.convert("RGB")
    return [image.getpixel(point) for point in points]  # type: ignore[misc] # of three or four channels


def written(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


# (60, 170, 71) in Display P3, converted by the matrices and curves of both.
GREEN = pytest.approx((0, 173, 54), abs=6)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_colors_are_converted_by_their_profile(kind: str) -> None:
    image = Image.new("RGB", (100, 50), (60, 170, 71))
    plain = written(image, kind, quality=95)
    told = written(image, kind, quality=95, icc_profile=profiles.display_p3())

    assert colors_of(plain, (30, 15)) == [pytest.approx((60, 170, 71), abs=6)]
    for size in (64, PREVIEW_SIZE):
        assert colors_of(told, (30, 15), size=size) == [GREEN]
        made = make_thumbnail(io.BytesIO(told), size)
        assert made is not None
        assert "icc_profile" not in opened(made).info


def test_palette_and_transparent_images_are_converted_by_their_profile() -> None:
    image = Image.new("RGBA", (100, 50), (60, 170, 71, 255))
    image.paste((60, 170, 71, 100), (50, 0, 100, 50))
    profile = profiles.display_p3()
    palette = image.convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE)

    solid, clear = colors_of(written(image, "PNG", icc_profile=profile), (10, 10), (60, 10))
    (flat,) = colors_of(written(palette, "PNG", icc_profile=profile), (10, 10))

    assert solid == pytest.approx((0, 173, 54, 255), abs=6)
    assert clear == pytest.approx((0, 173, 54, 100), abs=6)
    assert flat == GREEN


def test_gray_images_are_converted_by_their_profile() -> None:
    profile = profiles.gray(1.0)
    image = Image.new("L", (100, 50), 128)
    see_through = Image.new("LA", (100, 50), (128, 255))
    # A linear half, and what it is on the curve of sRGB.
    light = pytest.approx((188, 188, 188), abs=2)

    assert colors_of(written(image, "PNG", icc_profile=profile), (10, 10)) == [light]
    assert colors_of(written(image, "JPEG", icc_profile=profile), (10, 10)) == [light]
    assert colors_of(written(see_through, "PNG", icc_profile=profile), (10, 10)) == [light]
    as_colors = written(image, "PNG", icc_profile=profiles.display_p3())
    assert colors_of(as_colors, (10, 10)) == [pytest.approx((128, 128, 128), abs=2)]


@pytest.mark.parametrize(
    "profile",
    [b"no profile at all", profiles.display_p3()[:150], profiles.display_p3()[:-40], profiles.gray(1.8), b""],
    ids=["noise", "cut", "cut at its end", "other colors", "empty"],
)
def test_an_invalid_profile_is_ignored(profile: bytes) -> None:
    image = Image.new("RGB", (100, 50), (60, 170, 71))

    for kind in ("JPEG", "PNG", "TIFF"):
        made = colors_of(written(image, kind, icc_profile=profile), (10, 10))
        assert made == [pytest.approx((60, 170, 71), abs=6)]


def ramp(mode: str, factor: float, offset: float = 0) -> Image.Image:
    """Return an image that is dark (1/5) on the left and light (4/5) on the right."""
    image = Image.new("F", (80, 40), 0.2 * factor + offset)
    image.paste(0.8 * factor + offset, (40, 0, 80, 40))
    if mode == "I;16B":
        narrow = image.convert("I").convert("I;16")
        return Image.frombytes("I;16B", narrow.size, narrow.tobytes("raw", "I;16B"))
    return image if mode == "F" else image.convert("I") if mode == "I" else image.convert("I").convert(mode)


@pytest.mark.parametrize(
    ("kind", "image", "seen"),
    [
        ("PNG", ramp("I;16", 65535), (51, 204)),
        ("TIFF", ramp("I;16", 65535), (51, 204)),
        ("TIFF", ramp("I;16B", 65535), (51, 204)),
        ("TIFF", ramp("F", 1), (51, 204)),
        ("TIFF", ramp("F", 5000, -300), (0, 255)),
        ("TIFF", ramp("I", 1 << 30), (0, 255)),
        ("TIFF", ramp("I", -(1 << 30)), (255, 0)),
    ],
    ids=["png", "tiff", "big-endian", "fractions", "heights", "long", "negative"],
)
def test_gray_images_with_more_than_eight_bits_are_scaled(
    kind: str, image: Image.Image, seen: tuple[int, int]
) -> None:
    content = written(image, kind)

    for size in (64, PREVIEW_SIZE):
        dark, light = colors_of(content, (10, 10), (54, 10), size=size)
        assert dark == pytest.approx((seen[0],) * 3, abs=3)
        assert light == pytest.approx((seen[1],) * 3, abs=3)


def test_white_is_zero_images_are_not_inverted() -> None:
    content = written(ramp("I;16", 65535), "TIFF", tiffinfo={262: 0})

    assert colors_of(content, (10, 10), (54, 10)) == [
        pytest.approx((204,) * 3, abs=3), pytest.approx((51,) * 3, abs=3)
    ]  # fmt: skip


def test_images_of_nan_have_no_thumbnail() -> None:
    assert thumbnail(written(Image.new("F", (8, 8), float("nan")), "TIFF")) is None
    assert thumbnail(written(Image.new("F", (8, 8), float("inf")), "TIFF")) is None
    assert colors_of(written(Image.new("F", (8, 8), 7.5), "TIFF"), (1, 1)) == [
        pytest.approx((127,) * 3, abs=1)
    ]


@pytest.mark.parametrize(
    ("name", "size", "left", "right"),
    [
        ("plain", (64, 32), (255, 0, 0), (0, 0, 255)),
        ("ten-bit", (64, 32), (255, 0, 0), (0, 0, 255)),
        ("display-p3", (64, 32), (0, 173, 54), (0, 173, 54)),
        ("transparent", (64, 32), (255, 0, 0, 255), (0, 0, 255, 0)),
    ],
)
def test_heic_colors_are_converted(
    name: str, size: tuple[int, int], left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    made = thumbnail(heic(name))

    assert made is not None
    assert (made.format, made.size) == ("WEBP", size)
    assert colors_of(heic(name), (5, 5), (59, 5)) == [pytest.approx(left, abs=4), pytest.approx(right, abs=4)]


def test_the_heic_orientation_is_applied_and_metadata_removed() -> None:
    content = heic("turned")
    made = make_thumbnail(io.BytesIO(content), 64)

    assert made is not None
    assert b"a secret place" in content
    assert b"a secret place" not in made
    assert opened(made).size == (32, 64)
    assert colors_of(content, (10, 5), (10, 59)) == [
        pytest.approx((255, 0, 0), abs=4), pytest.approx((0, 0, 255), abs=4)
    ]  # fmt: skip


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_tiff_orientation_is_applied(orientation: int) -> None:
    made = thumbnail(picture("TIFF", 60, 30, tiffinfo={274: orientation}))

    assert made is not None
    assert made.size == ((60, 30) if orientation < 5 else (30, 60))
    assert is_red(made.getpixel((5, 5))) == (orientation in {1, 6})


def test_animations_have_no_preview() -> None:
    frames = [Image.new("RGB", (30, 30), color) for color in ("red", "blue")]
    for kind in ("GIF", "WEBP", "PNG", "AVIF"):
        moving = written(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
        assert thumbnail(moving, 256) is not None
        assert thumbnail(moving, PREVIEW_SIZE) is None
        assert thumbnail(written(frames[0], kind), PREVIEW_SIZE) is not None
    pages = written(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    assert is_red(colors_of(pages, (5, 5), size=PREVIEW_SIZE)[0])


def test_a_large_baseline_jpeg_needs_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    one_pass = picture("JPEG", 3000, 2000)
    several = picture("JPEG", 3000, 2000, progressive=True)
    assert thumbnail(several) is not None

    monkeypatch.setattr(imaging, "MEMORY", 6_000_000)

    assert thumbnail(several) is None
    assert thumbnail(one_pass, 256) is not None
    assert thumbnail(picture("PNG", 3000, 2000)) is None


def test_progressive_jpegs_are_detected_before_decoding() -> None:
    plain = picture("JPEG")
    start = plain.index(b"\xff\xda")
    apart = plain[: start + 4] + b"\x01" + plain[start + 5 :]
    filled = plain[:start] + b"\xff\xff" + plain[start:]

    for content, count in ((plain, 3), (filled, 3), (apart, 1), (plain[:start], 0), (b"\xff\xd8", 0)):
        assert imaging._components_of_first_scan(io.BytesIO(content)) == count


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF", "JPEG", "GIF", "TIFF"])
def test_images_that_need_too_much_memory_are_refused(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    content = picture(kind, 100, 100)
    assert thumbnail(content) is not None

    monkeypatch.setattr(imaging, "MEMORY", 10_000)

    assert thumbnail(content) is None
