"""A drive as file managers on Linux have it: mounted by davfs2, and by gvfs, which GNOME uses.

Rule: real programs; a machine that cannot mount fails these tests, and they say what it lacks.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from tests.support.auth import PASSWORD
from tests.support.contents import content_of
from tests.support.people import Person
from tests.support.programs import require_program
from tests.support.servers import Server

pytestmark = pytest.mark.long

LARGE = content_of(5_000_003)

# The buffer has to hold what the kernel asks for when it reads a folder: more than the default since Linux 6.16.
DAVFS_SETTINGS = "ask_auth 0\ndelay_upload 0\nbuf_size 128\nsecrets {secrets}\n"


@contextmanager
def mounted(person: Person, folder: Path) -> Iterator[Path]:
    """Mount the drive of a user by davfs2, as root; all of it has been sent when it is unmounted."""
    program = require_program("mount.davfs")
    if os.geteuid() != 0 or not Path("/dev/fuse").exists():
        pytest.fail("davfs2 needs root and a kernel with FUSE (/dev/fuse).", pytrace=False)
    url, place = f"{person.server.url}/dav/", folder / "drive"
    place.mkdir(parents=True)
    secrets, settings = folder / "secrets", folder / "davfs2.conf"
    secrets.write_text(f'{url} {person.username} "{PASSWORD}"\n')
    secrets.chmod(0o600)
    settings.write_text(DAVFS_SETTINGS.format(secrets=secrets))
    subprocess.run([program, "-o", f"conf={settings}", url, str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def remote(person: Person) -> dict[str, bytes]:
    return {path: person.get(path) for path in person.hashes()}


def test_davfs2_copies_edits_renames_and_deletes(production_server: Server, tmp_path: Path) -> None:
    person = Person(production_server)
    person.store("there/документ №1.txt", b"from the server")
    person.store("to delete", b"in vain")

    with mounted(person, tmp_path) as drive:
        assert (drive / "there/документ №1.txt").read_bytes() == b"from the server"
        with (drive / "there/документ №1.txt").open("ab") as file:
            file.write(b", edited")
        (drive / "new folder").mkdir()
        (drive / "new folder/large 😀.bin").write_bytes(LARGE)
        (drive / "new folder/before").write_bytes(b"renamed")
        (drive / "new folder/before").rename(drive / "new folder/after")
        (drive / "new folder").rename(drive / "renamed folder")
        (drive / "to delete").unlink()
        assert {path.name for path in (drive / "renamed folder").iterdir()} == {"large 😀.bin", "after"}

    assert remote(person) == {
        "there/документ №1.txt": b"from the server, edited",
        "renamed folder/large 😀.bin": LARGE,
        "renamed folder/after": b"renamed",
    }
    with mounted(person, tmp_path / "again") as drive:
        assert (drive / "renamed folder/large 😀.bin").read_bytes() == LARGE


class Gio:
    """The file operations of GNOME, in a session of their own."""

    def __init__(self, person: Person, folder: Path) -> None:
        where = urlsplit(person.server.url)
        self.base = f"dav://{person.username}@{where.netloc}/dav/"
        self._folder = folder

    def run(self, *commands: list[str]) -> str:
        """Mount the drive, run commands of `gio` in order, each of which must work, and return what they say."""
        runtime = self._folder / "runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        # It asks for the password where it reads from.
        steps = ['printf "%s\\n" "$PASSWORD" | gio mount "$BASE"']
        steps += ['gio "${@:2:$1}" </dev/null; shift $(($1 + 1))' for _ in commands]
        script = "\n".join(["set -e", *steps, 'gio mount -u "$BASE"'])
        words = [word for command in commands for word in (str(len(command)), *command)]
        done = subprocess.run(
            [require_program("dbus-run-session"), "bash", "-c", script, "bash", *words],
            cwd=self._folder,
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": str(self._folder),
                "XDG_RUNTIME_DIR": str(runtime),
                "LC_ALL": "C.UTF-8",
                "GIO_USE_VOLUME_MONITOR": "unix",
                "PASSWORD": PASSWORD,
                "BASE": self.base,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def url(self, path: str) -> str:
        """Return the address of a file."""
        return self.base + quote(path)


def test_gio_copies_renames_and_deletes(production_server: Server, tmp_path: Path) -> None:
    require_program("gio")
    person = Person(production_server)
    person.store("there/документ №1.txt", b"from the server")
    person.store("to delete", b"in vain")
    (tmp_path / "local").write_bytes(LARGE)
    gio = Gio(person, tmp_path)

    said = gio.run(
        ["list", gio.base],
        ["mkdir", gio.url("new folder")],
        ["copy", "local", gio.url("new folder/local")],
        ["rename", gio.url("new folder/local"), "large 😀.bin"],
        ["copy", gio.url("new folder/large 😀.bin"), "back"],
        ["move", gio.url("there/документ №1.txt"), gio.url("new folder/moved.txt")],
        ["remove", gio.url("to delete")],
        ["list", gio.url("new folder")],
    )

    assert {"there", "to delete", "large 😀.bin", "moved.txt"} <= set(said.splitlines())
    assert (tmp_path / "back").read_bytes() == LARGE
    assert remote(person) == {"new folder/large 😀.bin": LARGE, "new folder/moved.txt": b"from the server"}
