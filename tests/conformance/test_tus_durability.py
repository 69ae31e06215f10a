"""tus on a traced and failing disk, and a process killed at any system call.

Everything acknowledged is durable; errors are reported, change nothing acknowledged, and can be retried.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import itertools
import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cabinet.storage.content_hash import BLOCK_SIZE, hash_chunks
from cabinet.web.services import housekeeping, inspection
from tests.conftest import MakeApp
from tests.support.auth import AuthActions
from tests.support.backends import LocalBackend
from tests.support.contents import content_of
from tests.support.database_under_test import with_database
from tests.support.faults import Fault
from tests.support.servers import FAST, production_command, running
from tests.support.strace import Call, Point, killed_at, points, read_log, read_whole_log, traced
from tests.support.tus import CONTENT_TYPE, checksum, metadata, new_account

HEADERS = {"Tus-Resumable": "1.0.0"}
CALLS = (
    "openat", "pwritev", "pwritev2", "pwrite64", "write", "fsync", "fdatasync", "link", "linkat", "rename",
    "unlink", "unlinkat", "ftruncate", "copy_file_range", "sendto", "sendmsg",
)  # fmt: skip

READS = ("read", "pread64", "preadv", "preadv2")

# In pieces of one block and of several, for they are written by different threads.
CONTENT = content_of(2 * BLOCK_SIZE + 1000)
BORDERS = (0, 1000, BLOCK_SIZE + 7, len(CONTENT))


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> list[list[Call]]:
    """Return what a server asks of the kernel for each answer: a creation, three parts, and the end of a join."""
    folder = tmp_path_factory.mktemp("traced")
    command = traced(production_command(1), folder / "calls", calls=(*CALLS, *READS))
    with running(command, folder, {}) as server:
        process, tus = server.pid, new_account(server)
        upload = tus.create(len(CONTENT))
        for start, stop in itertools.pairwise(BORDERS):
            piece = CONTENT[start:stop]
            upload.append(start, piece, checksum(piece) if start == 1000 else {})
        partials = [tus.partial(CONTENT[: 2 * BLOCK_SIZE]), tus.partial(CONTENT[2 * BLOCK_SIZE :] + b"end")]
        joined = tus.join(*partials)
        assert joined.headers["X-Content-Hash"] == hash_chunks([CONTENT, b"end"])
    calls = read_whole_log(folder / "calls", process)
    answers = [call for call in calls if '"HTTP/1.1 20' in call.arguments]
    wanted = [*answers[-9:-5], answers[-1]]
    before = [*answers[-10:-6], answers[-2]]
    return [
        [call for call in calls if first.ended < call.begun <= last.begun]
        for first, last in zip(before, wanted, strict=True)
    ]


def is_sync_of(call: Call, path: str) -> bool:
    return call.name in {"fsync", "fdatasync"} and path in call.arguments


@pytest.mark.sqlite("syncs of its log, as the kernel sees them")
def test_an_upload_is_durable_before_its_url_is_returned(windows: list[list[Call]]) -> None:
    created = windows[0]

    assert '"HTTP/1.1 201' in created[-1].arguments
    assert any(is_sync_of(call, "/cabinet.db-wal>") for call in created[:-1])


@pytest.mark.sqlite("syncs of its log, as the kernel sees them")
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_part_is_durable_before_it_is_acknowledged(windows: list[list[Call]], number: int) -> None:
    calls = windows[number]
    writes = [call for call in calls if call.name.startswith("pwrite") and "/staging/" in call.arguments]
    last_write = max(call.ended for call in writes)
    file_sync = next(call for call in calls if is_sync_of(call, "/staging/") and call.begun > last_write)
    row_sync = next(
        call for call in calls if is_sync_of(call, "/cabinet.db-wal>") and call.begun > file_sync.ended
    )

    assert '"HTTP/1.1 204' in calls[-1].arguments
    assert {file_sync.result, row_sync.result} == {"0"}
    assert row_sync.ended < calls[-1].begun


def test_a_staged_file_has_a_durable_name_before_a_part_is_acknowledged(
    windows: list[list[Call]],
) -> None:
    calls = windows[0] + windows[1]
    made = next(
        call for call in calls
        if call.name == "openat" and "/staging/" in call.arguments and "O_CREAT" in call.arguments
        and ".lock" not in call.arguments
    )  # fmt: skip

    assert any(is_sync_of(call, "/staging>") and call.begun > made.ended for call in calls[:-1])


@pytest.mark.sqlite("syncs of its log, as the kernel sees them")
def test_the_last_part_is_a_durable_file_before_it_is_acknowledged(windows: list[list[Call]]) -> None:
    calls = windows[3]
    content_hash = hash_chunks([CONTENT])
    [link] = [
        call for call in calls if call.name.startswith(("link", "rename")) and content_hash in call.arguments
    ]
    folder_sync = next(call for call in calls if is_sync_of(call, f"/blobs/{content_hash[:2]}>"))
    row_sync = next(
        call for call in calls if is_sync_of(call, "/cabinet.db-wal>") and call.begun > folder_sync.ended
    )

    assert link.ended < folder_sync.begun
    assert row_sync.ended < calls[-1].begun


def test_finishing_writes_nothing_proportional_to_the_file(windows: list[list[Call]]) -> None:
    written = [
        call for call in windows[3] if call.name.startswith("pwrite") and "/staging/" in call.arguments
    ]
    last = BORDERS[-1] - BORDERS[-2]

    # The last part only, except for the block that it resumes.
    assert sum(int(call.result) for call in written) <= last + BLOCK_SIZE


def read_back(calls: list[Call]) -> int:
    """Return how many staged bytes were read again."""
    return sum(int(call.result) for call in calls if call.name in READS and "/staging/" in call.arguments)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_resuming_reads_at_most_one_block(windows: list[list[Call]], number: int) -> None:
    assert read_back(windows[number]) <= BLOCK_SIZE


def test_partials_are_joined_by_the_kernel(windows: list[list[Call]]) -> None:
    calls = windows[4]
    copies = [call for call in calls if call.name == "copy_file_range"]

    assert sum(int(call.result) for call in copies) >= len(CONTENT) + 3 - 2 * BLOCK_SIZE
    assert read_back(calls) <= BLOCK_SIZE
    assert not any(call.name.startswith("pwrite") and "/staging/" in call.arguments for call in calls)


class InProcess:
    """One user's uploads to an application in this process."""

    def __init__(self, make_app: MakeApp) -> None:
        self.app = make_app()
        self.client: FlaskClient = self.app.test_client(use_cookies=False)
        auth = AuthActions(self.client)
        auth.register()
        self.headers = {**HEADERS, **auth.token()}
        self.place = LocalBackend(Path(self.app.instance_path))

    def create(self, name: str) -> str:
        headers = {"Upload-Length": str(len(CONTENT)), "Upload-Metadata": metadata(filename=name)}
        created = self.client.post("/uploads", headers={**self.headers, **headers})
        assert created.status_code == 201, created.text
        return created.headers["Location"]

    def patch(
        self, address: str, offset: int, content: bytes, headers: Mapping[str, str] | None = None
    ) -> TestResponse:
        part = {"Upload-Offset": str(offset), "Content-Type": CONTENT_TYPE, **(headers or {})}
        # Werkzeug's client would say nothing of the length of nothing.
        length = {"CONTENT_LENGTH": str(len(content))}
        return self.client.patch(
            address, data=content, headers={**self.headers, **part}, environ_overrides=length
        )

    def offset(self, address: str) -> int:
        looked = self.client.head(address, headers=self.headers)
        assert looked.status_code == 200, looked.status_code
        return int(looked.headers["Upload-Offset"])

    def finish(self, address: str, name: str) -> None:
        """Send the missing bytes, and check the result."""
        offset = self.offset(address)
        answer = self.patch(address, offset, CONTENT[offset:])
        assert answer.status_code == 204, answer.text
        assert answer.headers["X-Content-Hash"] == hash_chunks([CONTENT])
        with self.client.get(f"/files/{name}", headers=self.headers) as found:
            assert found.data == CONTENT


@pytest.fixture
def uploads(make_app: MakeApp) -> InProcess:
    return InProcess(make_app)


@pytest.mark.parametrize(
    ("stop", "with_checksum"),
    [
        (2000, False),
        (len(CONTENT), True),
        pytest.param(2000, True, marks=pytest.mark.long),
        pytest.param(len(CONTENT), False, marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize(
    ("function", "number", "status"),
    [
        ("pwritev", errno.ENOSPC, 507),
        ("pwritev", errno.EDQUOT, 507),
        ("pwritev", errno.EIO, 503),
        ("fsync", errno.ENOSPC, 507),
        ("fsync", errno.EIO, 503),
        ("fdatasync", errno.EIO, 503),
        ("link", errno.ENOSPC, 507),
        ("link", errno.EIO, 503),
    ],
)
def test_a_disk_error_is_reported_and_loses_nothing_acknowledged(
    uploads: InProcess, function: str, number: int, status: int, stop: int, with_checksum: bool
) -> None:
    address = uploads.create("name")
    assert uploads.patch(address, 0, CONTENT[:1000]).status_code == 204
    piece = CONTENT[1000:stop]

    with pytest.MonkeyPatch.context() as while_broken:
        fault = Fault(while_broken, function, number, lambda path: "staging" in path.parts)
        answer = uploads.patch(address, 1000, piece, checksum(piece) if with_checksum else {})
        if fault.calls:
            assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
            assert str(uploads.place.root) not in answer.text

    if fault.calls and function.startswith("f"):
        assert uploads.offset(address) == 1000
    assert uploads.offset(address) >= 1000
    uploads.finish(address, "name")
    assert uploads.place.staged() == []
    assert uploads.client.get("/me", headers=uploads.headers).get_json()["usage"] == len(CONTENT)


# Sends the last part of an upload, as a server would, and says so at the point where it would answer.
LAST_PART = """
import json, os, sys
from cabinet import create_app

wanted = json.loads(sys.argv[1])
app = create_app(wanted["settings"])
with open(wanted["content"], "rb") as file:
    file.seek(wanted["offset"])
    answer = app.test_client(use_cookies=False).patch(wanted["address"], data=file.read(), headers=wanted["headers"])
assert answer.status_code == 204, answer.text
os.write(1, b"answered")
"""

DEADLY = {"pwritev", "pwrite64", "fsync", "fdatasync", "link", "unlink", "rename", "ftruncate", "write"}


class LastPart:
    """The program above, for one upload after the other, each with all but its last part on the server."""

    def __init__(self, uploads: InProcess, folder: Path) -> None:
        self.uploads = uploads
        self.made = 0
        self._folder = folder
        self._content = folder / "content"
        self._content.write_bytes(CONTENT)

    def prepare(self) -> tuple[str, str, list[str]]:
        """Return the address of a new upload, its name, and the command that sends its last part."""
        self.made += 1
        name = f"{self.made}"
        address = self.uploads.create(name)
        offset = BORDERS[-2]
        assert self.uploads.patch(address, 0, CONTENT[:offset]).status_code == 204
        rest = CONTENT[offset:]
        digest = base64.b64encode(hashlib.sha256(rest).digest()).decode()
        wanted = {
            "settings": with_database({"INSTANCE": self.uploads.app.instance_path, **FAST}),
            "address": address,
            "content": str(self._content),
            "offset": offset,
            "headers": {
                **self.uploads.headers,
                "Upload-Offset": str(offset),
                "Content-Type": CONTENT_TYPE,
                **({"Upload-Checksum": f"sha256 {digest}"} if self.made % 2 else {}),
            },
        }
        return address, name, [sys.executable, "-c", LAST_PART, json.dumps(wanted)]

    def deaths(self) -> list[Point]:
        """Return the points at which it can be killed, each reached by every run."""
        _, _, command = self.prepare()
        log = self._folder / "calls"
        subprocess.run(traced(command, log, calls=CALLS), capture_output=True, check=True, timeout=60)
        calls = points(read_log(log))
        main = next(iter(calls)).thread
        root = str(self.uploads.place.root)
        return list(
            dict.fromkeys(
                point
                for call, point in calls.items()
                if call.name in DEADLY
                and (root in call.arguments or "answered" in call.arguments)
                and (call.thread == main or point.number == 1)
            )
        )


@pytest.mark.timeout(900)
@pytest.mark.parametrize("every", [12, pytest.param(1, marks=pytest.mark.long)])
def test_a_kill_during_the_last_part_leaves_an_upload_that_completes(
    uploads: InProcess, make_app: MakeApp, tmp_path: Path, every: int
) -> None:
    last_part = LastPart(uploads, tmp_path)
    deaths = last_part.deaths()
    assert {"fsync", "link", "write"} <= {point.name for point in deaths}

    for point in deaths[::every]:
        address, name, command = last_part.prepare()
        ended = subprocess.run(
            killed_at(command, tmp_path / "killed", point), capture_output=True, check=False, timeout=60
        )
        # How often the database writes differs from one run to the next.
        assert ended.returncode == -signal.SIGKILL or point.name == "pwrite64", (point, ended)
        looked = uploads.client.head(address, headers=uploads.headers)
        assert looked.status_code == 200, (point, looked.status_code)
        offset = int(looked.headers["Upload-Offset"])
        assert BORDERS[-2] <= offset <= len(CONTENT), point
        if ended.stdout == b"answered":
            assert looked.headers["X-Content-Hash"] == hash_chunks([CONTENT])
        uploads.finish(address, name)

    # Who died between the commit and the tidying leaves that to a sweep.
    app = make_app(SWEEP_GRACE_SECONDS=0)
    with app.app_context():
        # Twice, for a file that loses one of two names has just been changed.
        housekeeping().sweep()
        housekeeping().sweep()
        assert list(inspection().verify(deep=True)) == []
    assert uploads.place.staged() == []
    me = uploads.client.get("/me", headers=uploads.headers).get_json()
    assert me["usage"] == last_part.made * len(CONTENT)
