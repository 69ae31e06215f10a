"""Thumbnails of good pictures, and of content that wants to do harm."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from cabinet.services import pictures
from cabinet.services.pictures import make_thumbnail
from tests.support.images import is_red, opened, picture, png_of, turned


def thumbnail(content: bytes, size: int = 64) -> Image.Image | None:
    made = make_thumbnail(io.BytesIO(content), size)
    return None if made is None else opened(made)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "LA"),
        ("PNG", "1"), ("GIF", "P"), ("WEBP", "RGB"), ("WEBP", "RGBA"), ("AVIF", "RGB"),
    ],
)  # fmt: skip
def test_a_picture_fits_into_the_square_and_looks_the_same(kind: str, mode: str) -> None:
    made = thumbnail(picture(kind, 400, 200, mode))

    assert made is not None
    assert (made.format, made.size) == ("WEBP", (64, 32))
    if mode in {"RGB", "RGBA", "P", "CMYK"}:
        assert is_red(made.convert("RGB").getpixel((10, 16)))
        assert not is_red(made.convert("RGB").getpixel((54, 16)))


def test_a_small_picture_stays_as_small_as_it_is() -> None:
    made = thumbnail(picture(width=40, height=20), 256)

    assert made is not None
    assert made.size == (40, 20)


def test_what_can_be_seen_through_still_can() -> None:
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
def test_a_photograph_stands_as_the_camera_was_held_and_tells_no_more(
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


def test_of_a_film_the_first_picture_counts() -> None:
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
        picture("TIFF"),
        picture("BMP"),
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"",
    ],
    ids=[
        "bomb", "huge", "hollow", "cut png", "cut jpeg", "cut gif", "cut webp", "html", "svg", "tiff", "bmp",
        "postscript", "empty",
    ],
)  # fmt: skip
def test_of_what_is_no_whole_picture_of_a_known_kind_there_is_none(content: bytes) -> None:
    assert thumbnail(content) is None


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF", "JPEG", "GIF"])
def test_no_more_is_decoded_than_memory_allows(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    content = picture(kind, 100, 100)
    assert thumbnail(content) is not None

    monkeypatch.setattr(pictures, "MEMORY", 10_000)

    assert thumbnail(content) is None
