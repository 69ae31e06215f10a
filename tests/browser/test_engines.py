"""Everyday tasks in Firefox and WebKit; all other tests use Chromium.

Rule: few and long tests, because starting a browser takes seconds; details are tested in Chromium.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event
from typing import TypeVar

import pytest

from tests.browser.conftest import COUNT, fill_shelf
from tests.support.auth import PASSWORD, basic
from tests.support.contents import content_of
from tests.support.engines import Firefox, WebKit, firefox, webkit
from tests.support.images import picture
from tests.support.line import Cut, Line, close_abruptly
from tests.support.media import pdf
from tests.support.servers import Server
from tests.support.waiting import PATIENCE
from tests.support.webdriver import CONTROL, DELETE, ENTER, ESCAPE, F2, Window

pytestmark = pytest.mark.browser

LARGE = 16 << 20
# Bytes that have left when the line ends, long before the file has.
SOME = 3 << 20

NAMES = "[...document.querySelectorAll('#rows [data-path]')].map((row) => row.dataset.name)"
HAS = f"{NAMES}.includes(arguments[0])"
STATE = "document.querySelector('.upload[data-state=' + arguments[0] + ']')"
# How far the middle of a row is from the middle of the window, in windows.
OFF_CENTER = """(() => {
  const { top, bottom } = document.querySelector(`[data-name="${arguments[0]}"]`).getBoundingClientRect();
  return Math.abs((top + bottom) / 2 / innerHeight - 0.5);
})()"""
# Of the two the one that is less like Chromium; in Firefox, too, in the long run.
LESS_ALIKE = pytest.mark.parametrize(
    "window", ["webkit", pytest.param("firefox", marks=pytest.mark.long)], indirect=True
)
# The names of the rows that are fully visible, found at their centers.
IN_SIGHT = """[...document.querySelectorAll("#rows [data-path]")]
  .filter((row) => {
    const { left, top, width, bottom } = row.getBoundingClientRect();
    const isInside = top >= 0 && bottom <= innerHeight;
    return isInside && row.contains(document.elementFromPoint(left + width / 2, (top + bottom) / 2));
  })
  .map((row) => row.dataset.name)"""


W = TypeVar("W", bound=Window)


def opened(
    engine: Callable[[Path], AbstractContextManager[W]], folders: pytest.TempPathFactory, name: str
) -> Iterator[W]:
    """Yield a window, and remove what its browser has kept."""
    folder = folders.mktemp(name)
    with engine(folder) as window:
        yield window
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def firefox_window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    yield from opened(firefox, tmp_path_factory, "firefox")


@pytest.fixture(scope="session")
def webkit_window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebKit]:
    yield from opened(webkit, tmp_path_factory, "webkit")


@pytest.fixture(params=["firefox", "webkit"])
def window(request: pytest.FixtureRequest, line: Line, username: str) -> Iterator[Window]:
    """Return a window of either browser, behind a cuttable connection, with a newly registered user."""
    window: Window = request.getfixturevalue(f"{request.param}_window")
    window.begin(line.url)
    window.open("/register")
    window.type("#username", username)
    window.type("input[name=password]", PASSWORD)
    window.press("main form button[type=submit]")
    window.wait_for("document.getElementById('list') !== null && document.readyState === 'complete'")
    yield window
    assert not (told := window.complaints()), told


def test_everyday_tasks_work(window: Window, server: Server, line: Line, tmp_path: Path) -> None:
    fill_files(tmp_path)
    upload(window, tmp_path)
    make_folder_and_rename(window)
    select_delete_and_undo(window)
    look_at_files(window)
    upload_large(window, line, tmp_path)
    for width in (1280, 320):
        window.resize(width, 800)
        expect_no_sideways_scroll(window)


def fill_files(folder: Path) -> None:
    (folder / "notes.txt").write_text("one\ntwo\n")
    (folder / "photo.png").write_bytes(picture())
    (folder / "paper.pdf").write_bytes(pdf(["Hello"]))
    (folder / "large.bin").write_bytes(content_of(LARGE))


def upload(window: Window, folder: Path) -> None:
    for name in ("notes.txt", "photo.png", "paper.pdf"):
        window.type("#files-input", str(folder / name))
    # Whatever came first came to a page without its scripts.
    verified = ".upload[data-state=done] .upload-verified:not([hidden])"
    window.wait_for(f"document.querySelectorAll('{verified}').length === 3")
    window.wait_for(f"{NAMES}.length === 3")
    assert window.evaluate("document.querySelector('#rows time').textContent").startswith("Today, ")


def make_folder_and_rename(window: Window) -> None:
    window.press("[data-command=new-folder]")
    window.wait_for("document.getElementById('make-folder')?.open")
    window.type("#make-folder-name", "Holidays" + ENTER)
    window.wait_for(HAS, "Holidays")
    window.press("[data-name='notes.txt'] .col-size")
    window.keys(F2)
    window.wait_for("document.activeElement.matches('.rename input')")
    window.keys("m")
    window.keys("e")
    window.keys(ENTER)
    window.wait_for(HAS, "me.txt")


def select_delete_and_undo(window: Window) -> None:
    window.keys(CONTROL, "a")
    window.wait_for("document.querySelectorAll('#rows :checked').length === 4")
    window.keys(ESCAPE)
    window.press("[data-name='me.txt'] .col-size")
    window.keys(DELETE)
    window.wait_for(f"!{HAS}", "me.txt")
    window.keys(CONTROL, "z")
    window.wait_for(HAS, "me.txt")


def look_at_files(window: Window) -> None:
    for name, drawn in {"photo.png": "img", "paper.pdf": "canvas", "me.txt": "pre"}.items():
        window.press(f"[data-name='{name}'] .name")
        shown = "document.querySelector('#preview-stage:not([aria-busy]) ' + arguments[0]) !== null"
        window.wait_for(shown, drawn)
        assert (
            window.evaluate("getComputedStyle(document.getElementById('preview-stage')).outlineStyle")
            == "none"
        )
        window.keys(ESCAPE)
        window.wait_for("!document.getElementById('preview').open")


def upload_large(window: Window, line: Line, folder: Path) -> None:
    """Upload a file that is paused, over a line that is cut twice."""
    is_under_way, is_paused = Event(), Event()

    def wait_for_pause() -> None:
        is_under_way.set()
        assert is_paused.wait(PATIENCE)

    line.plan(Cut(SOME, close_abruptly, wait_for_pause))
    window.type("#files-input", str(folder / "large.bin"))
    assert is_under_way.wait(PATIENCE)
    window.press(".upload[data-state=sending] .upload-pause")
    window.wait_for(STATE, "paused")
    is_paused.set()
    assert line.was_cut()
    line.plan(Cut(SOME, close_abruptly))
    window.press(".upload[data-state=paused] .upload-resume")
    window.wait_for(HAS, "large.bin")
    assert line.was_cut()
    verified = ".upload[data-state=done]:has([title='large.bin']) .upload-verified:not([hidden])"
    window.wait_for(f'document.querySelector("{verified}") !== null')


def expect_no_sideways_scroll(window: Window) -> None:
    assert window.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


@pytest.mark.long  # in Chromium: test_navigation.py
def test_the_position_in_a_long_list_is_restored(window: Window, server: Server, username: str) -> None:
    fill_shelf(server, basic(username))
    come_back(window, "390.txt")
    assert window.evaluate(f"{NAMES}.length") == 400
    assert "390.txt" in window.evaluate(IN_SIGHT)

    hit = f"{COUNT - 20}.txt"
    go_to_hit(window, hit)
    assert hit in window.evaluate(IN_SIGHT)
    assert window.evaluate("document.activeElement.closest('#rows [data-path]').dataset.name") == hit
    assert window.evaluate("new URLSearchParams(location.search).get('path')") == "shelf"


def come_back(window: Window, name: str) -> None:
    """Go elsewhere and back, with "Show more" pressed before and the row of `name` in the middle."""
    window.open("/index?path=shelf")
    window.press("#more")
    window.wait_for(f"{NAMES}.length === 400")
    into_view = "document.querySelector(`[data-name='${arguments[0]}']`).scrollIntoView({ block: 'center' })"
    window.run(into_view, name)
    window.wait_for("history.state?.rows === 400 && history.state.top === scrollY")
    window.press(".tool[href$='account']")
    window.wait_for("location.pathname.endsWith('account')")
    window.back()
    window.wait_for(f"{NAMES}.length === 400 && {OFF_CENTER} < 0.1", name)


def go_to_hit(window: Window, name: str) -> None:
    """Follow a search result to its folder, on a page that has to be fetched."""
    window.open("/index")
    window.type("#search-input", name)
    # Results of the first letters disappear, and the row moves to where it is pressed.
    window.wait_for(f"{NAMES}.length === 1 && {HAS}", name)
    window.press(f"[data-name='{name}'] .where a")
    window.wait_for(f"{NAMES}.length > 400 && {OFF_CENTER} < 0.2", name)


# What a browser says of a picture on the clipboard; nothing puts one there of which only the engine runs.
PASTE = """
const file = new File(["a picture"], "image.png", { type: "image/png" });
const event = new Event("paste", { bubbles: true, cancelable: true });
Object.defineProperty(event, "clipboardData", { value: { files: [file], types: ["Files"] } });
const isEarly = !document.body.classList.contains("is-ready");
document.body.dispatchEvent(event);
return isEarly;
"""


@LESS_ALIKE
def test_an_image_pasted_before_the_scripts_have_loaded_is_uploaded(window: Window) -> None:
    assert window.run(PASTE), "the scripts were there already"
    window.wait_for(HAS, "image.png")
