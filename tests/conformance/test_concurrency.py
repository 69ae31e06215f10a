"""Concurrent requests to a production server with two workers."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path

import pytest
from urllib3 import BaseHTTPResponse

from cabinet.storage.content_hash import hash_chunks
from cabinet.web.services import housekeeping
from tests.conftest import MakeApp, StartProduction
from tests.support.backends import LocalBackend
from tests.support.contents import content_of
from tests.support.people import Person, target_of
from tests.support.programs import require_program
from tests.support.raw_http import request_head
from tests.support.servers import Server, production_command, running

pytestmark = pytest.mark.database

USERS = itertools.count()
UPLOADS = 20
CONTENTS = [content_of(20_000 + number, seed=number) for number in range(UPLOADS)]

# More than the kernel keeps for a receiver that does not read.
LARGE = content_of(32 << 20)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server with two workers that all tests share, each as a user of its own."""
    with running(production_command(2), tmp_path_factory.mktemp("server"), {}) as started:
        yield started


@pytest.fixture
def person(server: Server) -> Person:
    return Person(server, f"user{next(USERS)}")


def all_at_once(send: Callable[[int], BaseHTTPResponse]) -> list[BaseHTTPResponse]:
    """Call `send` with every number at the same time, and return the answers in order."""
    together = threading.Barrier(UPLOADS)

    def one(number: int) -> BaseHTTPResponse:
        together.wait(60)
        return send(number)

    with ThreadPoolExecutor(UPLOADS) as threads:
        return list(threads.map(one, range(UPLOADS)))


def test_concurrent_replacements_are_never_mixed(person: Person) -> None:
    answers = all_at_once(lambda number: person.put("name", CONTENTS[number], on_conflict="replace"))

    assert Counter(answer.status for answer in answers) == {201: 1, 200: UPLOADS - 1}
    assert person.hashes().keys() == {"name"}
    assert person.get("name") in CONTENTS


def test_concurrent_renaming_uploads_get_distinct_names(person: Person) -> None:
    answers = all_at_once(lambda number: person.put("name.txt", CONTENTS[number], on_conflict="rename"))

    assert {answer.status for answer in answers} == {201}
    expected = {"name.txt", *(f"name ({number}).txt" for number in range(2, UPLOADS + 1))}
    assert person.hashes().keys() == expected
    for answer, content in zip(answers, CONTENTS, strict=True):
        assert person.get(answer.json()["path"]) == content


def test_of_concurrent_uploads_to_a_free_name_one_succeeds(person: Person) -> None:
    answers = all_at_once(lambda number: person.put("name", CONTENTS[number], on_conflict="fail"))

    assert Counter(answer.status for answer in answers) == {201: 1, 409: UPLOADS - 1}
    [winner] = [number for number, answer in enumerate(answers) if answer.status == 201]
    assert person.get("name") == CONTENTS[winner]
    assert person.hashes() == {"name": hash_chunks([CONTENTS[winner]])}


def test_concurrent_creators_of_a_folder_share_it(person: Person) -> None:
    answers = all_at_once(lambda number: person.put(f"a/b/c/{number}", CONTENTS[number]))

    assert {answer.status for answer in answers} == {201}
    folders = [entry["path"] for entry in person.entries() if entry["kind"] == "folder"]
    assert folders == ["a", "a/b", "a/b/c"]
    assert len(person.hashes()) == UPLOADS


def test_concurrent_uploads_of_identical_bytes_are_stored_once(person: Person) -> None:
    content = content_of(20_000, seed=UPLOADS)
    blobs = person.server.folder / "instance" / "blobs"
    before = set(blobs.glob("*/*"))

    answers = all_at_once(lambda number: person.put(str(number), content))

    assert {answer.status for answer in answers} == {201}
    assert set(person.hashes().values()) == {hash_chunks([content])}
    assert [path.name for path in set(blobs.glob("*/*")) - before] == [hash_chunks([content])]


def test_concurrent_uploads_do_not_exceed_a_quota(start_production: StartProduction) -> None:
    person = Person(start_production({"USER_QUOTA": 100_000}, workers=2))

    answers = all_at_once(lambda number: person.put(str(number), CONTENTS[number][:20_000]))

    assert Counter(answer.status for answer in answers) == {201: 5, 507: UPLOADS - 5}
    assert len(person.hashes()) == 5
    assert person.send("GET", "/me").json()["usage"] == 100_000


@contextmanager
def download_in_progress(person: Person, path: str) -> Iterator[HTTPResponse]:
    """Ask for a file, and read no more than the beginning of the answer."""
    with person.server.raw() as connection:
        connection.send(request_head("GET", target_of(path), {"Host": "localhost", **person.headers}))
        with HTTPResponse(connection.socket) as answer:
            answer.begin()
            assert answer.status == 200
            yield answer


def test_a_download_keeps_the_old_content_during_a_replacement(person: Person) -> None:
    person.store("name", LARGE)

    with download_in_progress(person, "name") as answer:
        beginning = answer.read(1000)
        person.store("name", b"another content")
        rest = answer.read()

    assert beginning + rest == LARGE
    assert person.get("name") == b"another content"


def test_a_download_survives_deletion_and_sweep(production_server: Server, make_app: MakeApp) -> None:
    person = Person(production_server)
    person.store("name", LARGE)
    app = make_app(SWEEP_GRACE_SECONDS=0, TRASH_KEEP_DAYS=0)
    blob = LocalBackend(Path(app.instance_path)).blob(hash_chunks([LARGE]))
    assert blob.exists()

    with download_in_progress(person, "name") as answer:
        beginning = answer.read(1000)
        person.delete("name")
        with app.app_context():
            housekeeping().sweep()
        assert not blob.exists()
        rest = answer.read()

    assert beginning + rest == LARGE
    assert person.send("GET", target_of("name")).status == 404


def test_a_form_may_have_more_files_than_open_descriptors_allowed(tmp_path: Path) -> None:
    few = [require_program("prlimit"), "--nofile=100", *production_command(1)]
    with running(few, tmp_path, {}) as server:
        person = Person(server)
        fields = [("file", (f"{number}.txt", str(number).encode())) for number in range(150)]

        answer = person.send("POST", "/upload", fields=fields)

        assert answer.status == 201, answer.data
        assert len(person.hashes()) == 150
        assert person.get("149.txt") == b"149"
