"""Screenshots of the whole product: `make gallery`.

`python -m tests.gallery [FOLDER] [--only WORD]... [--small] [--language ru] [--theme dark] [--width 375]` fills the
accounts of a server and takes a screenshot of each state in the table, in each language, theme and width;
FOLDER/index.html shows them side by side. `--only` selects states whose names contain the word, `--small` leaves
out the large folders, which take most of the time.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.sync_api import Browser, Error

from tests.gallery import sheet
from tests.gallery.content import Demo
from tests.gallery.scene import LANGUAGES, LOOKS, THEMES, WIDTHS, Look, Scene, State, Windows
from tests.gallery.sheet import Picture
from tests.gallery.states import STATES
from tests.support.chromium import launched
from tests.support.servers import Server, production_command, running

FOLDER = Path("build/gallery")
MEMORY = Path("/dev/shm")

# Maximum characters of a failure to print: Playwright prints the whole page.
ENOUGH = 800


def take(
    browser: Browser,
    server: Server,
    folder: Path,
    states: Sequence[State],
    looks: Sequence[Look] = LOOKS,
    themes: Sequence[str] = THEMES,
) -> list[Picture]:
    """Take all pictures, and write the page that shows them."""
    folder.mkdir(parents=True, exist_ok=True)
    windows = Windows(browser, Demo(server))
    pictures = []
    for state in states:
        for look in looks:
            pictures += _take_state(windows, folder, state, look, themes)
        sheet.write(folder, pictures)
    windows.close()
    return pictures


def _take_state(
    windows: Windows, folder: Path, state: State, look: Look, themes: Sequence[str]
) -> list[Picture]:
    try:
        with windows.at(state, look) as scene:
            return list(_take_themes(scene, folder, state, themes))
    except (AssertionError, Error) as error:
        failure = str(error)[:ENOUGH]
        sys.stderr.write(f"{state.name}, {look.language}, {look.width}: {failure}\n")
        return [Picture(state.name, look.language, themes[0], look.width, failure=failure)]


def _take_themes(scene: Scene, folder: Path, state: State, themes: Sequence[str]) -> Iterator[Picture]:
    look = scene.look
    scene.wait_for_pictures()
    for theme in themes:
        scene.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        file = f"{sheet.slug(state.name)}-{look.language}-{theme}-{look.width}.png"
        scene.page.screenshot(path=folder / file, full_page=state.is_tall)
        yield Picture(state.name, look.language, theme, look.width, file)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.gallery", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--only", action="append", metavar="WORD", help="states whose names hold this")
    parser.add_argument("--small", action="store_true", help="no folder with hundreds of entries")
    parser.add_argument("--language", choices=LANGUAGES)
    parser.add_argument("--theme", choices=THEMES)
    parser.add_argument("--width", choices=WIDTHS, type=int)
    return parser.parse_args()


def main() -> None:
    """Take what the command line asks for; ends with 1 when a state could not be reached."""
    chosen = _arguments()
    states = [
        state
        for state in STATES
        if any(word in state.name for word in chosen.only or [""]) and not (chosen.small and state.is_large)
    ]
    looks = [
        look
        for look in LOOKS
        if chosen.language in {None, look.language} and chosen.width in {None, look.width}
    ]
    themes = [chosen.theme] if chosen.theme else THEMES
    home = tempfile.mkdtemp(prefix="cabinet-gallery-", dir=MEMORY if MEMORY.is_dir() else None)
    try:
        with launched() as browser, running(production_command(2), Path(home), {}) as server:
            pictures = take(browser, server, chosen.folder, states, looks, themes)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    failed = [each for each in pictures if each.failure]
    sys.stdout.write(f"{len(pictures) - len(failed)} pictures: {chosen.folder / 'index.html'}\n")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
