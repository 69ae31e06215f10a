"""tus by other implementations: tuspy and tus-js-client, as processes against a server with two workers."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cabinet.storage.content_hash import hash_chunks
from tests.support.contents import content_of
from tests.support.tus import Tus, Upload, staged
from tests.support.tus_clients import CLIENTS, Client, Job

MIB = 1 << 20
CONTENT = content_of(13 * MIB + 7)

Events = list[dict[str, Any]]

# Their tests below show the same, and more.
TESTED_BELOW = (
    "tus-js-client in chunks", "tus-js-client in parallel parts", "tus-js-client that begins with bytes",
)  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "by client.bin"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def job(either: Tus, file: Path, tmp_path: Path) -> Job:
    return Job(either.server.url, either.person.headers, file, tmp_path / "memory.json", file.name)


def run(job: Job, code: int = 0, **options: Any) -> Events:
    """Run tus-js-client, and return its output."""
    command = Client("tus-js-client").command(job, **options)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def said(events: Events, event: str) -> Events:
    return [each for each in events if each["event"] == event]


def methods(events: Events) -> list[str]:
    return [each["method"] for each in said(events, "answer")]


def check_stored(tus: Tus, name: str = "by client.bin") -> None:
    assert tus.person.hashes() == {name: hash_chunks([CONTENT])}
    assert tus.usage() == len(CONTENT)
    assert tus.unfinished() == []


@pytest.mark.parametrize(
    "client", [pytest.param(name, marks=[pytest.mark.long] * (name in TESTED_BELOW)) for name in CLIENTS]
)
def test_a_client_uploads_a_file(either: Tus, job: Job, client: str) -> None:
    before = staged(either.server)

    done = subprocess.run(
        CLIENTS[client].command(job), cwd=Path(__file__).parents[2],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    check_stored(either)
    assert staged(either.server) <= before


def test_js_uploads_in_one_request(either: Tus, job: Job) -> None:
    events = run(job, shown=["X-Content-Hash", "Content-Location"])

    assert methods(events) == ["POST", "PATCH"]
    assert said(events, "answer")[-1]["shown"]["X-Content-Hash"] == hash_chunks([CONTENT])
    check_stored(either)


@pytest.mark.parametrize("source", ["file", pytest.param("buffer", marks=pytest.mark.long), "stream"])
def test_js_uploads_in_chunks(either: Tus, job: Job, source: str) -> None:
    options: dict[str, Any] = {"chunkSize": 4 * MIB}
    if source == "stream":
        options["uploadSize"] = len(CONTENT)
    events = run(job, input=source, options=options)

    assert methods(events) == ["POST", "PATCH", "PATCH", "PATCH", "PATCH"]
    check_stored(either)


@pytest.mark.parametrize("chunk", [5 * MIB, 20 * MIB])
def test_js_sends_bytes_with_the_creation(either: Tus, job: Job, chunk: int) -> None:
    events = run(job, options={"uploadDataDuringCreation": True, "chunkSize": chunk})

    assert methods(events) == ["POST"] + ["PATCH"] * (2 if chunk == 5 * MIB else 0)
    check_stored(either)


@pytest.mark.parametrize(
    "chunk",
    [*(pytest.param(size, marks=pytest.mark.long) for size in (4 * MIB, 20 * MIB)), (13 * MIB + 7) // 3],
)
def test_js_defers_the_length(either: Tus, job: Job, chunk: int) -> None:
    run(job, input="stream", options={"uploadLengthDeferred": True, "chunkSize": chunk})

    check_stored(either)


@pytest.mark.parametrize("count", [*(pytest.param(count, marks=pytest.mark.long) for count in (2, 7)), 3])
def test_js_uploads_parallel_parts(either: Tus, job: Job, count: int) -> None:
    before = staged(either.server)

    events = run(job, options={"parallelUploads": count, "metadataForPartialUploads": {"filename": "part"}})

    assert methods(events).count("POST") == count + 1
    check_stored(either)
    assert staged(either.server) <= before


def test_js_pauses_and_resumes(either: Tus, job: Job) -> None:
    events = run(job, pauseAt=4 * MIB, options={"chunkSize": 2 * MIB})

    assert len(said(events, "paused")) == 1
    assert "HEAD" in methods(events)
    check_stored(either)


@pytest.mark.parametrize("options", [{"chunkSize": 2 * MIB}, {"chunkSize": 2 * MIB, "parallelUploads": 2}])
def test_js_exits_and_another_run_resumes(either: Tus, job: Job, options: dict[str, Any]) -> None:
    left = run(job, leaveAt=4 * MIB, options=options)
    assert len(said(left, "left")) == 1
    assert either.person.hashes() == {}
    assert either.usage() >= 4 * MIB

    resumed = run(job, options=options)

    assert len(said(resumed, "known")) == 1
    assert "HEAD" in methods(resumed)
    check_stored(either)


@pytest.mark.parametrize("options", [{"chunkSize": 2 * MIB}, {"chunkSize": 2 * MIB, "parallelUploads": 2}])
def test_js_cancels_an_upload(either: Tus, job: Job, options: dict[str, Any]) -> None:
    before = staged(either.server)

    events = run(job, terminateAt=4 * MIB, options=options)

    assert len(said(events, "terminated")) == 1
    assert "DELETE" in methods(events)
    assert either.person.hashes() == {}
    assert either.unfinished() == []
    assert either.usage() == 0
    assert staged(either.server) <= before


def test_js_restarts_an_upload_unknown_to_the_server(either: Tus, job: Job) -> None:
    run(job, leaveAt=4 * MIB, options={"chunkSize": 2 * MIB})
    [known] = either.unfinished()
    Upload(either, known["url"]).expire()

    events = run(job, options={"chunkSize": 2 * MIB})

    assert [each["status"] for each in said(events, "answer")][:2] == [410, 201]
    assert either.person.hashes() == {"by client.bin": hash_chunks([CONTENT])}


def test_js_overrides_methods_for_old_proxies(either: Tus, job: Job) -> None:
    events = run(job, pauseAt=4 * MIB, options={"chunkSize": 2 * MIB, "overridePatchMethod": True})

    assert "PATCH" not in methods(events)
    check_stored(either)


def test_js_uploads_an_empty_file(either: Tus, job: Job) -> None:
    job.file.write_bytes(b"")

    events = run(job)

    assert len(said(events, "success")) == 1
    assert either.person.hashes() == {"by client.bin": hash_chunks([])}


def test_js_gets_the_error_message(either: Tus, job: Job) -> None:
    either.set_quota(MIB)

    [error] = said(run(job, code=1), "error")

    assert error["status"] == 507
