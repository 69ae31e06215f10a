"""The accounts of the demo and their files: many scripts, types and sizes.

Rule: everything is uploaded over HTTP, and is the same in each run except for the times, which are relative to
now; an account is filled on first use.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import create_engine, text

from cabinet.services.access.roles import ShareRole
from tests.gallery.drawings import emblem, landscape, melody, paper
from tests.support.media import WEBM
from tests.support.people import Person, target_of
from tests.support.servers import Server
from tests.support.teams import make_team

# Whatever is a number is a size.
Content = bytes | int | Callable[[], bytes]

DAY = 86_400
HOUR = 3_600

# Parts of one request, of which the server takes a thousand.
BATCH = 500

# Bytes of the largest file where only names and sizes matter and time is dear.
LITTLE = 5_000

POEM = """\
На холмах Грузии лежит ночная мгла;
Шумит Арагва предо мною.
Мне грустно и легко; печаль моя светла;
Печаль моя полна тобою.
"""
SCRIPT = '''\
"""Count the words of a text."""

import sys
from collections import Counter

words = Counter(sys.stdin.read().lower().split())
for word, count in words.most_common(10):
    print(f"{count:6} {word}")
'''
NOTES = """\
# Ideas for the garden

- Move the roses to the south wall
- Ask Мария about the apple trees
- 2 m of hedge, 14 bags of earth
"""
DRAFTS = [NOTES[:60], NOTES[:80], NOTES + "- Paint the fence\n", NOTES]


def zeros(size: int) -> bytes:
    """Return a content of which only the size matters."""
    return bytes(size)


LONG_NAME = (
    "Minutes of the meeting about the minutes of the meeting before, with all the remarks "
    "(final, corrected, this time really final).docx"
)

CLIP = "Музыка/Танец.webm"
# Exceptional states.
DESK = "2024/Desk"
PLAN = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 80" fill="none" stroke="#7a4fa3" stroke-width="2">
<path d="M10 10h100v60H10zM60 10v25M60 50v20M10 40h30"/><circle cx="88" cy="40" r="12"/></svg>
"""
LOG = "".join(
    f"{number // 60:02}:{number % 60:02} request {number} was answered\n" for number in range(30_000)
)

# Path, content, and how many days ago it was changed.
FILES: list[tuple[str, Content, float]] = [
    ("Договоры/Аренда квартиры, ул. Гороховая 12.pdf", lambda: paper("Lease"), 41),
    ("Договоры/Страховка.pdf", 180_400, 220),
    ("Recipes/Apple cake.txt", b"Flour, butter, apples.\n", 12),
    ("Recipes/LICENSE", 970, 88),
    ("Recipes/Борщ.txt", "Свёкла, капуста, терпение.\n".encode(), 64),
    ("Recipes/מתכון לחלה.txt", "קמח, שמרים, דבש\n".encode(), 3),
    ("Музыка/Прелюдия.wav", melody, 400),
    (CLIP, WEBM, 300),
    ("2024/Travels/Iceland/Day 1/Ring road.gpx", 91_230, 720),
    (f"{DESK}/Emblem.png", emblem, 640),
    (f"{DESK}/Plan of the house.svg", PLAN.encode(), 641),
    (f"{DESK}/Письмо 1998 года.txt", POEM.encode("koi8-r"), 9_900),
    (f"{DESK}/server.log", LOG.encode(), 642),
    (f"{DESK}/firmware.txt", bytes(range(32)) * 60, 643),
    ("Annual report 2026.pdf", lambda: paper("Annual report 2026", 3), 5),
    ("Budget 2026.xlsx", 48_211, 2),
    ("Ideas for the garden.md", NOTES.encode(), 0.1),
    ("Melody.wav", melody, 55),
    (LONG_NAME, 91_002, 8),
    ("Sunrise over the bay.jpg", lambda: landscape(0), 0.02),
    ("word-count.py", SCRIPT.encode(), 75),
    ("Стихи.txt", POEM.encode(), 1.2),
    ("דוח שנתי.docx", 33_120, 61),
    ("LICENSE", 1_070, 901),
]  # fmt: skip
# More of the same kinds, for the eyes alone.
MORE_FILES: list[tuple[str, Content, float]] = [
    ("相册/海边.jpg", lambda: landscape(13), 90),
    ("العائلة/صورة العيد.jpg", lambda: landscape(9), 33),
    ("Cat on the piano.mp4", 31_400_000, 17),
    ("Interview with grandmother.mp3", 8_112_000, 160),
    ("Site backup 2026-11-01.tar.gz", 12_420_000, 23),
    ("Отчёт №5 за третий квартал.docx", 91_712, 30),
    ("Белые ночи.png", lambda: landscape(3, (900, 600), "PNG"), 140),
    ("Καλοκαίρι στη Σύρο.jpg", lambda: landscape(4), 118),
    ("دليل المستخدم (النسخة 2).pdf", 402_100, 86),
    ("東京の夜景.jpg", lambda: landscape(2), 9),
    ("旅行计划.md", "# 京都\n\n- 金閣寺\n".encode(), 14),
    ("한강 산책.jpg", lambda: landscape(5), 7),
    ("สูตรต้มยำกุ้ง.txt", "ตะไคร้ ข่า ใบมะกรูด\n".encode(), 28),
    ("मेरी कविताएँ.odt", 21_900, 37),
    ("🎂 Birthday list 🎈.md", "- 🍰\n- 🎁\n".encode(), 0.4),
    ("100% <b>bold<b> & {{ 7*7 }}.html", b"<h1>Hello</h1>\n", 19),
    (".profile", b"export EDITOR=vi\n", 900),
]  # fmt: skip
EMPTY_FOLDER = "Empty for now"
VERSIONED = "Ideas for the garden.md"
TRASH = ["Old logo.svg", "Черновик письма.docx", "Notes of a very long meeting.pages", "Recipes/Пустой.txt"]

FEW: dict[str, Content] = {
    "Welcome.txt": 412,
    "Photo.jpg": lambda: landscape(1),
    "Список покупок.md": 96,
}
PHOTOS, SCANS = "Photos 2026", "Scans"
PHOTO_COUNT, SCAN_COUNT = 300, 10_000
# Bytes, of which Anna uses about a third.
QUOTA = 200_000_000
# What the film in the account that is nearly full takes, and of how much.
FILM, ROOM = 57_700_000, 60_000_000

TEAM = "Design"


@dataclass
class Demo:
    """The accounts of one server. `suffix` keeps their names apart from those of others on it."""

    server: Server
    suffix: str = ""
    is_little: bool = False  # no larger than necessary
    _people: dict[str, Person] = field(default_factory=dict)
    _folders: set[str] = field(default_factory=set)
    _links: dict[str, str] = field(default_factory=dict)

    def name(self, who: str) -> str:
        """Return the user name of one of `ACCOUNTS`."""
        return who + self.suffix

    def person(self, who: str) -> Person:
        """Return a user with all of their content."""
        if who not in self._people:
            person = Person(self.server, self.name(who), program="filecli on the laptop")
            self._people[who] = person
            ACCOUNTS[who](self, person)
        return self._people[who]

    def link(self, *paths: str, **wanted: Any) -> str:
        """Return the path of a link to some of the main account's files, the same each time."""
        body = {"paths": paths, **wanted}
        key = json.dumps(body)
        if key not in self._links:
            made = self.person("anna").send("POST", "/shares", json=body)
            assert made.status == 201, made.data
            self._links[key] = "/s/" + str(made.json()["url"]).rpartition("/s/")[2]
        return self._links[key]

    def many(self, folder: str) -> None:
        """Fill one of the two large folders, unless it is full."""
        if folder in self._folders:
            return
        self._folders.add(folder)
        files = photos() if folder == PHOTOS else scans()
        names = list(files)
        for start in range(0, len(names), BATCH):
            batch = [("file", (name, files[name])) for name in names[start : start + BATCH]]
            answer = self.person("anna").send(
                "POST", f"/upload?folder={folder.replace(' ', '%20')}", fields=batch
            )
            assert answer.status == 201, answer.data

    def anna(self, person: Person) -> None:
        """Give the main account a bit of everything."""
        for path, content, days in FILES if self.is_little else FILES + MORE_FILES:
            put(person, path, self._bytes(content), days)
        assert person.send("POST", "/folders", json={"path": EMPTY_FOLDER}).status == 201
        for number, draft in enumerate(DRAFTS):
            put(person, VERSIONED, draft.encode(), 4 - number)
        for path in TRASH:
            put(person, path, zeros(4_000 * len(path)), 50)
            person.delete(path)
        put(person, TRASH[0], zeros(LITTLE), 2)
        self._set_quota("anna", QUOTA)

    def few(self, person: Person) -> None:
        """Give three files."""
        for path, content in FEW.items():
            put(person, path, self._bytes(content), len(path))

    def full(self, person: Person) -> None:
        """Leave hardly any room."""
        content = self._bytes(FILM)
        put(person, "Wedding.mov", content, 20)
        self._set_quota("full", ROOM * len(content) // FILM)

    def new(self, person: Person) -> None:
        """Leave a new user without content."""

    def lead(self, person: Person) -> None:
        """Give the manager a team space with a viewer, nearly full of what is in its trash."""
        viewer = self.person("viewer")
        members = {self.name("viewer"): ShareRole.VIEWER}
        make_team(self.server.database_url, TEAM, self.name("lead"), members, QUOTA)
        put(person, f"{TEAM}/Drafts/poster.txt", b"Summer", 2)
        put(person, f"{TEAM}/old.bin", zeros(LITTLE), 5)
        person.delete(f"{TEAM}/old.bin")
        assert viewer.get(f"{TEAM}/Drafts/poster.txt") == b"Summer"

    def viewer(self, person: Person) -> None:
        """Leave the viewer of the team space to its manager."""

    def _bytes(self, content: Content) -> bytes:
        if isinstance(content, int):
            return zeros(min(content, LITTLE) if self.is_little else content)
        return content() if callable(content) else content

    def _set_quota(self, who: str, quota: int) -> None:
        """Set the quota of a user as an operator does, without a separate process."""
        engine = create_engine(self.server.database_url)
        with engine.begin() as connection:
            statement = text(
                'UPDATE space SET quota = :quota WHERE owner_id = (SELECT id FROM "user" WHERE username = :username)'
            )
            connection.execute(statement, {"quota": quota, "username": self.name(who)})
        engine.dispose()


ACCOUNTS: Mapping[str, Callable[[Demo, Person], None]] = {
    "anna": Demo.anna,
    "few": Demo.few,
    "full": Demo.full,
    "new": Demo.new,
    "lead": Demo.lead,
    "viewer": Demo.viewer,
}


def put(person: Person, path: str, content: bytes, days: float) -> None:
    """Store a file that was changed some days ago."""
    changed_at = int(time.time() - days * DAY - len(path) % 24 * HOUR)
    answer = person.send("PUT", target_of(path), body=content, headers={"X-Mtime": str(changed_at)})
    assert answer.status in {200, 201}, answer.data


def photos() -> dict[str, bytes]:
    """Return pictures by their names; a dozen of them are drawn, the others are the same again."""
    return {f"IMG_{4100 + number}.jpg": landscape(number % 12, (600, 400)) for number in range(PHOTO_COUNT)}


def scans() -> dict[str, bytes]:
    """Return ten thousand small files by their names."""
    return {f"Скан {number:05}.pdf": f"scan {number}".encode() for number in range(1, SCAN_COUNT + 1)}
