"""tus by tuspy in this process: with checksums, in chunks, and resuming."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

from cabinet.storage.content_hash import hash_chunks
from tests.support.contents import content_of
from tests.support.tus import Tus, Upload, check_finished

MIB = 1 << 20
CONTENT = content_of(13 * MIB + 7)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "source.bin"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def client(either: Tus) -> TusClient:
    return TusClient(f"{either.server.url}/uploads", headers=dict(either.person.headers))


@contextmanager
def uploading(client: TusClient, file: Path, **options: Any) -> Iterator[Any]:
    """Return an uploader of a file; tuspy itself never closes what it opens."""
    with file.open("rb") as stream:
        yield client.uploader(file_stream=stream, **options)


def check_stored(tus: Tus, name: str) -> None:
    assert tus.person.hashes() == {name: hash_chunks([CONTENT])}
    assert tus.usage() == len(CONTENT)


@pytest.mark.parametrize("chunk_size", [MIB, 5 * MIB, 20 * MIB])
@pytest.mark.parametrize("upload_checksum", [False, True])
def test_a_file_is_uploaded(
    either: Tus, client: TusClient, file: Path, chunk_size: int, upload_checksum: bool
) -> None:
    options = {"chunk_size": chunk_size, "upload_checksum": upload_checksum}
    with uploading(client, file, **options, metadata={"filename": "имя.bin"}) as uploader:
        uploader.upload()

    assert uploader.request.response_headers["x-content-hash"] == hash_chunks([CONTENT])
    check_stored(either, "имя.bin")


def test_a_file_without_metadata_is_uploaded(either: Tus, client: TusClient, file: Path) -> None:
    with uploading(client, file) as uploader:
        uploader.upload()

    check_finished(either, Upload(either, uploader.url).get_status(), CONTENT)


def test_one_process_stops_and_another_resumes(either: Tus, client: TusClient, file: Path) -> None:
    with uploading(client, file, chunk_size=2 * MIB, metadata={"filename": "a"}) as first:
        first.upload(stop_at=5 * MIB)
    assert either.person.hashes() == {}

    with uploading(client, file, url=first.url, chunk_size=3 * MIB, upload_checksum=True) as second:
        assert second.offset == 5 * MIB
        second.upload()

    check_stored(either, "a")


def test_a_part_at_another_offset_is_an_error(either: Tus, client: TusClient, file: Path) -> None:
    options = {"chunk_size": MIB, "upload_checksum": True, "metadata": {"filename": "a"}}
    with uploading(client, file, **options) as uploader:
        uploader.upload_chunk()
        uploader.offset = 3 * MIB
        with pytest.raises(TusUploadFailed) as failed:
            uploader.upload_chunk()
        assert failed.value.status_code == 409
        uploader.offset = uploader.get_offset()
        assert uploader.offset == MIB
        uploader.upload()

    check_stored(either, "a")


def test_a_missing_upload_is_an_error(either: Tus, client: TusClient, file: Path) -> None:
    upload = either.create(len(CONTENT))
    assert upload.send("DELETE").status == 204

    with (
        pytest.raises(TusCommunicationError) as failed,
        uploading(client, file, url=f"{either.server.url}{upload.target}"),
    ):
        pass

    assert failed.value.status_code == 410


def test_a_file_is_uploaded_in_a_loop(either: Tus, client: TusClient, file: Path) -> None:
    async def upload() -> None:
        with file.open("rb") as stream:
            # With more aiohttp warns that the loop may stand still.
            await client.async_uploader(
                file_stream=stream, chunk_size=MIB, metadata={"filename": "a"}
            ).upload()

    # In a thread of its own: Playwright, once started, keeps a loop in this one.
    with ThreadPoolExecutor(1) as threads:
        threads.submit(asyncio.run, upload()).result()

    check_stored(either, "a")
