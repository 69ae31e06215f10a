"""The screenshot of the files page in the README: `make screenshot`.

Everything in it is real: a user registers, files of many types are stored, and three more are being uploaded
while the screenshot is taken.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.support.chromium import Visitor, file, launched
from tests.support.servers import production_command, running

PICTURE = Path(__file__).with_name("files-page.png")

FILES = {
    "Contracts/lease.pdf": 180_000,
    "Holiday in Karelia/IMG_0412.jpg": 4_212_000,
    "Музыка/Прелюдия.mp3": 6_100_000,
    "Annual report 2026.pdf": 2_483_112,
    "Budget.xlsx": 48_211,
    "Cat on the piano.mp4": 31_400_000,
    "Interview.mp3": 8_112_000,
    "Notes.md": 812,
    "Site backup.tar.gz": 12_420_000,
    "Sunrise over the bay.jpg": 5_812_443,
    "Отчёт №5.docx": 91_002,
}
SLOW = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 6_000_000}
HALFWAY = "() => document.getElementById('uploads-bar').value > 0.4"


def take() -> None:
    """Take the picture anew."""
    with (
        tempfile.TemporaryDirectory() as folder,
        launched() as browser,
        running(production_command(1), Path(folder), {}) as server,
    ):
        context = browser.new_context(
            base_url=server.url,
            locale="en-GB",
            viewport={"width": 1200, "height": 800},
            device_scale_factor=2,
        )
        visitor = Visitor(server, context, "alice")
        for path, size in FILES.items():
            visitor.person.store(path, bytes(size))
        page = visitor.open()
        context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW)
        visitor.choose(
            file("Sketch.png", bytes(300_000)),
            file("Film.mov", bytes(24_000_000)),
            file("Lecture.mp3", bytes(9_000_000)),
        )
        page.wait_for_function(HALFWAY)
        page.screenshot(path=PICTURE)
        context.close()


if __name__ == "__main__":
    take()
