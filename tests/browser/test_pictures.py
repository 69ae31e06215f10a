"""Pictures in the preview: correct colors, all formats, and no more pixels than needed."""

from __future__ import annotations

import io
import os
from http import HTTPStatus
from typing import Any

import pytest
from PIL import ExifTags, Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext
from tests.browser.test_preview import look_at, stage, title
from tests.support import profiles
from tests.support.chromium import Visitor
from tests.support.controls import control
from tests.support.images import heic, opened, picture
from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.wording import text_of

pytestmark = pytest.mark.browser

# The pixel in the middle of a picture as shown on the screen.
SEEN = """async address => {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight).getContext("2d");
    canvas.drawImage(image, 0, 0);
    return [...canvas.getImageData(image.naturalWidth / 3, image.naturalHeight / 2, 1, 1).data];
}"""


def flat(kind: str, mode: str, color: tuple[int, ...], profile: bytes) -> bytes:
    written = io.BytesIO()
    Image.new(mode, (600, 400), color if len(color) > 1 else color[0]).save(
        written, kind, icc_profile=profile
    )
    return written.getvalue()


def await_made(visitor: Visitor, address: str) -> None:
    """Wait until the server has drawn a thumbnail."""
    wait_until(
        lambda: visitor.person.send("GET", address).status == HTTPStatus.OK, what=address, page=visitor.page
    )


def noise(kind: str, width: int, height: int, **options: object) -> bytes:
    """Return a picture that nothing makes smaller: one of many bytes."""
    written = io.BytesIO()
    Image.frombytes("RGB", (width, height), os.urandom(width * height * 3)).save(written, kind, **options)
    return written.getvalue()


def test_thumbnails_have_the_same_colors_as_the_original(visitor: Visitor) -> None:
    p3, linear = profiles.display_p3(), profiles.gray(1.0)
    originals = {
        "green.jpg": flat("JPEG", "RGB", (60, 170, 71), p3),
        "orange.png": flat("PNG", "RGB", (230, 120, 40), p3),
        "clear.png": flat("PNG", "RGBA", (40, 90, 200, 255), p3),
        "gray.png": flat("PNG", "L", (128,), linear),
        "blue.webp": flat("WEBP", "RGB", (30, 60, 220), p3),
    }
    for name, content in originals.items():
        visitor.person.store(name, content)
    page = visitor.open()

    for name in originals:
        original = page.evaluate(SEEN, f"/files/{name}")
        for size in (64, 256, 1600):
            address = f"/thumbnails/{name}?size={size}"
            await_made(visitor, address)
            made = page.evaluate(SEEN, address)
            assert made == pytest.approx(original, abs=6), (name, size)
    # It would be itself to a browser that takes it for sRGB.
    assert page.evaluate(SEEN, "/files/green.jpg") == pytest.approx([0, 173, 54, 255], abs=4)


def test_photo_formats_unsupported_by_browsers_are_shown(visitor: Visitor) -> None:
    scan = io.BytesIO()
    Image.new("I;16", (3000, 2000), 30_000).save(scan, "TIFF")
    contents = {
        "a photo.heic": heic("plain"), "b PHOTO.HEIF": heic("display-p3"), "c named.jpg": heic("plain"),
        "d scan.tif": scan.getvalue(), "e page.tiff": picture("TIFF", 600, 400, "CMYK"),
    }  # fmt: skip
    for name, content in contents.items():
        visitor.person.store(name, content)
    page = visitor.open()
    expect(page.locator(".sign.has-picture")).to_have_count(len(contents))
    look_at(page, "a photo.heic")

    for name, width in zip(contents, (64, 64, 64, 1600, 600), strict=True):
        expect(title(page)).to_have_text(name)
        shown = stage(page).get_by_role("img", name=name)
        expect(shown).to_have_js_property("naturalWidth", width)
        assert "/thumbnails/" in (shown.get_attribute("src") or "")
        page.keyboard.press("ArrowRight")


def test_a_file_wrongly_named_as_image_logs_no_error(visitor: Visitor) -> None:
    names = ["a.jpg", "b.png", "c.heic", "d.tif", "e.gif", "f.webp", "g.avif", "h.svg"]
    for name in names:
        visitor.person.store(name, b"no picture at all")
    page = visitor.open()
    page.wait_for_function(
        "() => [...document.querySelectorAll('.thumb')].every(picture => picture.complete)"
    )
    expect(page.locator(".sign.has-picture")).to_have_count(0)
    look_at(page, "a.jpg")

    for name in names:
        expect(title(page)).to_have_text(name)
        expect(stage(page)).to_contain_text(text_of("preview-broken"))
        page.keyboard.press("ArrowRight")


def test_a_truncated_photo_is_shown_as_far_as_possible_and_an_empty_one_reported(
    visitor: Visitor,
) -> None:
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    whole = noise("JPEG", 600, 400, exif=turned)
    visitor.person.store("a half.jpg", whole[: len(whole) // 2])
    visitor.person.store("b head.jpg", whole[: whole.index(b"\xff\xda") + 14])
    visitor.person.store("c whole.jpg", whole)
    page = visitor.open()

    look_at(page, "a half.jpg")
    for name, is_shown in {"a half.jpg": True, "b head.jpg": False, "c whole.jpg": True}.items():
        expect(title(page)).to_have_text(name)
        if is_shown:
            expect(stage(page).locator("img")).to_be_visible()
        else:
            expect(stage(page)).to_contain_text(text_of("preview-broken"))
        page.keyboard.press("ArrowRight")


def asked_for(page: Page) -> list[str]:
    """Return the list that the addresses of pictures come into from now on."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.split("/", 3)[3]))
    return asked


@pytest.mark.parametrize(
    ("width", "height", "dots"),
    [
        (390, 844, 3),
        pytest.param(844, 390, 3, marks=pytest.mark.long),
        pytest.param(412, 915, 2.625, marks=pytest.mark.long),
    ],
)
def test_a_phone_loads_a_small_version_and_the_original_when_zooming(
    server: Server, new_context: NewContext, username: str, width: int, height: int, dots: float
) -> None:
    size = {"width": width, "height": height}
    phone = new_context(viewport=size, device_scale_factor=dots, has_touch=True, is_mobile=True)
    visitor = Visitor(server, phone, username)
    visitor.person.store("a large.jpg", noise("JPEG", 2400, 1800, quality=80))
    visitor.person.store("b small.jpg", picture("JPEG", 2400, 1800))
    page = visitor.open()
    expect(page.locator(".sign.has-picture")).to_have_count(2)
    asked = asked_for(page)
    page.get_by_role("link", name="a large.jpg", exact=True).tap()
    shown = stage(page).get_by_role("img")
    expect(shown).to_have_js_property("naturalWidth", 1600)
    assert not [address for address in asked if address.startswith("files/")]

    shown.tap()

    expect(shown).to_have_js_property("naturalWidth", 2400)
    control(page, "next file").tap()
    expect(shown).to_have_accessible_name("b small.jpg")
    assert "/files/" in (shown.get_attribute("src") or "")


def test_a_large_screen_loads_the_original_and_animations_are_never_stills(
    server: Server, new_context: NewContext, username: str
) -> None:
    frames = [Image.frombytes("RGB", (900, 700), os.urandom(900 * 700 * 3)) for _ in range(2)]
    film = io.BytesIO()
    frames[0].save(film, "WEBP", save_all=True, append_images=frames[1:], duration=100, lossless=True)
    phone = new_context(viewport={"width": 390, "height": 844}, device_scale_factor=3)
    visitor = Visitor(server, phone, username)
    visitor.person.store("film.webp", film.getvalue())
    visitor.person.store("large.jpg", noise("JPEG", 2400, 1800, quality=80))
    page = visitor.open()
    look_at(page, "film.webp")
    shown = stage(page).get_by_role("img")
    expect(shown).to_be_visible()
    assert "/files/" in (shown.get_attribute("src") or "")
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 2560, "height": 1440})

    look_at(page, "large.jpg")

    expect(shown).to_have_js_property("naturalWidth", 2400)


def test_an_svg_fills_the_stage_and_stays_sharp_when_zoomed(visitor: Visitor) -> None:
    drawn = '<svg xmlns="http://www.w3.org/2000/svg" {}><circle cx="12" cy="12" r="9"/></svg>'
    visitor.person.store("a icon.svg", drawn.format('width="24" height="24"').encode())
    visitor.person.store("b shape.svg", drawn.format('viewBox="0 0 24 24"').encode())
    page = visitor.open()
    look_at(page, "a icon.svg")

    for name in ("a icon.svg", "b shape.svg"):
        shown = stage(page).get_by_role("img", name=name)
        expect(shown).to_be_visible()
        box, place = shown.bounding_box(), stage(page).bounding_box()
        assert box is not None
        assert place is not None
        assert box["height"] == pytest.approx(place["height"], abs=2)
        assert box["width"] == pytest.approx(box["height"], abs=2)
        page.keyboard.press("+")
        larger = shown.bounding_box()
        assert larger is not None
        assert larger["width"] == pytest.approx(box["width"] * 1.4, rel=0.01)
        page.keyboard.press("0")
        page.keyboard.press("ArrowRight")


def test_transparent_images_have_a_checkerboard_in_both_themes(visitor: Visitor) -> None:
    clear = io.BytesIO()
    Image.new("RGBA", (400, 300), (0, 0, 0, 0)).save(clear, "PNG")
    visitor.person.store("clear.png", clear.getvalue())
    page = visitor.open()
    expect(page.locator(".sign.has-picture")).to_have_count(1)
    small = [page.locator(".sign").screenshot()]
    page.emulate_media(color_scheme="dark")
    small.append(page.locator(".sign").screenshot())
    look_at(page, "clear.png")
    shown = stage(page).get_by_role("img")
    expect(shown).to_be_visible()
    large = [shown.screenshot()]
    page.emulate_media(color_scheme="light")
    large.append(shown.screenshot())

    seen = set()
    for content in small + large:
        image = opened(content).convert("RGB")
        colors: Any = image.getcolors(1 << 20)
        (first, one), (second, other) = sorted(colors, reverse=True)[:2]
        assert min(first, second) > image.width * image.height / 4
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) > 20
        seen |= {one, other}
    assert len(seen) == 4
