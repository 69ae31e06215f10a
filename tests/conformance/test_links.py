"""Links by programs of others: wget and curl download, tus-js-client uploads, all with interruptions."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from cabinet.storage.content_hash import hash_chunks
from tests.support.contents import content_of
from tests.support.line import Cut, close_abruptly, line_to
from tests.support.programs import require_program
from tests.support.tus import Tus
from tests.support.tus_clients import Client, Job

MIB = 1 << 20
CONTENT = content_of(9 * MIB + 7)
NAME = "Отчёт №5.pdf"


def share(tus: Tus, *paths: str, **wanted: Any) -> str:
    """Return the path of a link to some of the user's files."""
    made = tus.person.send("POST", "/shares", json={"paths": paths, **wanted})
    assert made.status == 201, made.data
    return "/s/" + str(made.json()["url"]).rpartition("/s/")[2]


def downloads(tus: Tus) -> int:
    (link,) = tus.person.send("GET", "/shares").json()["shares"]
    return int(link["downloads"])


def run(folder: Path, program: str, *arguments: str) -> None:
    done = subprocess.run(
        [require_program(program), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_wget_continues_a_download_which_counts_once(tus: Tus, tmp_path: Path) -> None:
    tus.person.store(f"reports/{NAME}", CONTENT)
    address = f"{tus.server.url}{share(tus, f'reports/{NAME}', max_downloads=1)}/download"
    got = tmp_path / NAME
    # As wget leaves a file whose connection broke.
    got.write_bytes(b"")

    run(tmp_path, "wget", "-q", "--content-disposition", "-c", address)
    assert got.read_bytes() == CONTENT
    with got.open("r+b") as file:
        file.truncate(5 * MIB)
    run(tmp_path, "wget", "-q", "--content-disposition", "-c", address)

    assert got.read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert downloads(tus) == 1


def test_curl_saves_files_and_archives_by_their_names(tus: Tus, tmp_path: Path) -> None:
    tus.person.store("trip/a b.txt", b"first")
    link = share(tus, "trip", password="s3same")
    access = ("-fsS", "-u", "any:s3same", "-OJ")

    run(tmp_path, "curl", *access, f"{tus.server.url}{link}/download/a%20b.txt")
    run(tmp_path, "curl", *access, f"{tus.server.url}{link}/download")

    assert (tmp_path / "a b.txt").read_bytes() == b"first"
    with ZipFile(tmp_path / "trip.zip") as archive:
        assert [archive.read(name) for name in archive.namelist() if name.endswith("a b.txt")] == [b"first"]


@pytest.mark.parametrize("rights", [["write"], ["read", "list", "write"]])
def test_tus_js_resumes_an_upload_through_a_link_after_cuts(
    tus: Tus, tmp_path: Path, rights: list[str]
) -> None:
    tus.person.store("inbox/there.txt", b"1")
    link = share(tus, "inbox", rights=rights)
    file = tmp_path / "film.bin"
    file.write_bytes(CONTENT)
    outcomes = []
    with line_to(tus.server.port) as line:
        job = Job(f"http://127.0.0.1:{line.port}{link}", {}, file, tmp_path / "memory.json", file.name)
        command = Client("tus-js-client").command(job, options={"chunkSize": 4 * MIB})
        for cut in (2 * MIB, 3 * MIB, None):
            line.plan(None if cut is None else Cut(cut, close_abruptly))
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
            outcomes.append(done.returncode)
            events = [json.loads(each) for each in done.stdout.splitlines()]

    assert outcomes == [1, 1, 0]
    assert "POST" not in [each.get("method") for each in events]
    assert tus.person.hashes()["inbox/film.bin"] == hash_chunks([CONTENT])
