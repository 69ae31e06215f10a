"""The test suites of others for WebDAV, and clients of it, against the server of production."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3

from tests.conftest import StartProduction
from tests.support.auth import PASSWORD, USERNAME
from tests.support.servers import Server

LOCK = '<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>'

Run = Callable[..., str]


@pytest.fixture
def server(start_production: StartProduction) -> Server:
    """Return a server of three workers with a registered user."""
    server = start_production(workers=3)
    known = {"username": USERNAME, "password": PASSWORD}
    registered = urllib3.request("POST", f"{server.url}/register", json=known)
    assert registered.status == 201, registered.data
    return server


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs a program in the folder of the test and returns what it says."""

    def run_program(*command: str, stdin: str = "", **environment: str) -> str:
        done = subprocess.run(
            command,
            cwd=tmp_path,
            input=stdin,
            env={
                "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
                "HOME": str(tmp_path),
                "LC_ALL": "C.UTF-8",
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return f"{done.stdout}\n{done.stderr}\nexit {done.returncode}"

    return run_program


def test_litmus_passes_as_a_whole(server: Server, run: Run) -> None:
    said = run("litmus", f"{server.url}/dav/", USERNAME, PASSWORD)

    counted = re.findall(r"of (\d+) tests run: (\d+) passed, (\d+) failed", said)
    assert len(counted) == 5, said
    assert [failed for _run, _passed, failed in counted] == ["0"] * 5, said
    assert sum(int(passed) for _run, passed, _failed in counted) >= 104, said


def tck(run: Run, server: Server, suites: str) -> str:
    target = f"{server.url}/dav/"
    return run(
        sys.executable,
        "-m",
        "webdav_tck",
        "--no-colour",
        "-q",
        f"--suites={suites}",
        target,
        USERNAME,
        PASSWORD,
    )


def test_webdav_tck_passes(server: Server, run: Run) -> None:
    said = tck(run, server, "basic,copymove,props,locks,http")

    assert re.search(r"Total\D+65\D", said), said
    assert re.search(r"Passed\D+65\D", said), said


@pytest.mark.long
def test_webdav_tck_passes_with_files_of_gigabytes(server: Server, run: Run) -> None:
    said = tck(run, server, "largefile")

    assert re.search(r"Total\D+([1-9])\D.*Passed\D+\1\D", said, re.DOTALL), said


def test_one_of_six_exclusive_locks_is_granted_by_three_workers(server: Server) -> None:
    headers = urllib3.make_headers(basic_auth=f"{USERNAME}:{PASSWORD}")
    target = f"{server.url}/dav/contested.txt"

    def lock(_number: int) -> int:
        return urllib3.request("LOCK", target, body=LOCK.encode(), headers=headers).status

    with ThreadPoolExecutor(6) as threads:
        statuses = sorted(threads.map(lock, range(6)))

    assert statuses[0] in {200, 201}
    assert statuses[1:] == [423] * 5


# What rclone compares with each of the faces: by the first it asks for SHA-1 only, by the second for MD5 first.
BASES = {
    "nextcloud": f"/remote.php/dav/files/{USERNAME}/",
    "owncloud": "/dav/",
    "other": "/dav/",
}


def rclone_settings(run: Run, server: Server, vendor: str) -> dict[str, str]:
    hidden = run("rclone", "obscure", PASSWORD).splitlines()[0]
    return {
        "RCLONE_CONFIG_CABINET_TYPE": "webdav",
        "RCLONE_CONFIG_CABINET_URL": f"{server.url}{BASES[vendor]}",
        "RCLONE_CONFIG_CABINET_VENDOR": vendor,
        "RCLONE_CONFIG_CABINET_USER": USERNAME,
        "RCLONE_CONFIG_CABINET_PASS": hidden,
    }


@pytest.mark.parametrize(
    ("vendor", "kind"), [("nextcloud", "sha1"), ("owncloud", "md5"), ("owncloud", "sha1")]
)
def test_rclone_finds_a_change_by_checksum_only(
    server: Server, run: Run, tmp_path: Path, vendor: str, kind: str
) -> None:
    settings = rclone_settings(run, server, vendor)
    changed = tmp_path / "source/changed"
    changed.parent.mkdir()
    (tmp_path / "source/same").write_bytes(b"the same")
    changed.write_bytes(b"before")
    assert "exit 0" in (said := run("rclone", "copy", "source", "cabinet:drive", **settings)), said
    assert "exit 0" in (said := run("rclone", "check", "source", "cabinet:drive", **settings)), said
    assert "could not be checked" not in said, said
    times = changed.stat()
    changed.write_bytes(b"behind")
    os.utime(changed, ns=(times.st_atime_ns, times.st_mtime_ns))

    said = run("rclone", "check", "source", "cabinet:drive", **settings)
    local, remote = (
        run("rclone", "hashsum", kind, where, **settings) for where in ("source/same", "cabinet:drive/same")
    )

    assert "1 differences found" in said, said
    assert "exit 1" in said, said
    assert local.split()[0] == remote.split()[0]
    assert "exit 0" in (said := run("rclone", "sync", "-c", "source", "cabinet:drive", **settings)), said
    assert "exit 0" in (said := run("rclone", "check", "source", "cabinet:drive", **settings)), said


@pytest.mark.parametrize("vendor", BASES)
def test_rclone_copies_checks_and_syncs(server: Server, run: Run, tmp_path: Path, vendor: str) -> None:
    source = tmp_path / "source"
    for path in ("a.txt", "папка/файл №5.txt", "deep/er/😀.bin", "empty"):
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_bytes(path.encode() * 1000 if path != "empty" else b"")
    settings = rclone_settings(run, server, vendor)

    for command in (("copy", "source", "cabinet:drive"), ("check", "source", "cabinet:drive")):
        assert "exit 0" in (said := run("rclone", *command, **settings)), said
    (source / "a.txt").unlink()
    (source / "new.txt").write_bytes(b"new")
    for command in (
        ("sync", "source", "cabinet:drive"),
        ("check", "source", "cabinet:drive"),
        ("sync", "cabinet:drive", "back"),
        ("moveto", "cabinet:drive/new.txt", "cabinet:drive/moved.txt"),
    ):
        assert "exit 0" in (said := run("rclone", *command, **settings)), said
    files = {
        path.relative_to(tmp_path / "back"): path.read_bytes()
        for path in (tmp_path / "back").rglob("*")
        if path.is_file()
    }
    assert files == {
        path.relative_to(source): path.read_bytes() for path in source.rglob("*") if path.is_file()
    }


def test_cadaver_opens_the_drive(server: Server, run: Run, tmp_path: Path) -> None:
    (tmp_path / "local.txt").write_bytes(b"content")
    where = urlsplit(server.url)
    (tmp_path / ".netrc").write_text(
        f'machine {where.hostname}\nlogin {USERNAME}\npassword "{PASSWORD}"\n', encoding="utf-8"
    )
    (tmp_path / ".netrc").chmod(0o600)
    commands = "mkcol a\nput local.txt a/f.txt\nlock a/f.txt\nunlock a/f.txt\nmove a/f.txt a/g.txt\nget a/g.txt back.txt\ndelete a/g.txt\nls a\nquit\n"

    said = run("cadaver", f"{server.url}/dav/", stdin=commands)

    assert "failed" not in said, said
    assert (tmp_path / "back.txt").read_bytes() == b"content"
