"""Walks of local folders, and targets of downloads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cabinet.client.failures import LocalFault, LocalMissing
from cabinet.client.transfer.trees import (
    check_target,
    choose_target,
    has_content,
    is_stream,
    iter_files,
    make_folder,
)
from cabinet.storage.content_hash import hash_chunks


def fail_on(path: Path) -> None:
    pytest.fail(f"{path} was skipped")


def test_a_walk_sorts_files_by_name(workdir: Path) -> None:
    for name in ("b/2", "b/1", "c", "a"):
        (workdir / name).parent.mkdir(exist_ok=True)
        (workdir / name).touch()

    found = [str(source.path.relative_to(workdir)) for source in iter_files(workdir, fail_on)]
    assert found == ["a", "b/1", "b/2", "c"]


def test_a_walk_skips_and_reports_links_and_pipes(workdir: Path) -> None:
    (workdir / "file").touch()
    (workdir / "link").symlink_to("file")
    (workdir / "loop").symlink_to(".")
    os.mkfifo(workdir / "pipe")
    skipped: list[Path] = []

    assert [source.path for source in iter_files(workdir, skipped.append)] == [workdir / "file"]
    assert skipped == [workdir / "link", workdir / "loop", workdir / "pipe"]


def test_walking_a_missing_folder_is_an_error(workdir: Path) -> None:
    with pytest.raises(LocalMissing):
        list(iter_files(workdir / "nowhere", fail_on))


def test_without_an_output_a_download_keeps_its_name() -> None:
    assert choose_target(None, "a") == Path("a")


def test_output_is_a_folder_if_it_exists_as_one_or_ends_with_a_slash(workdir: Path) -> None:
    (workdir / "there").mkdir()

    assert choose_target("there", "a") == Path("there/a")
    assert choose_target("new", "a") == Path("new")
    assert choose_target("new/one/", "a") == Path("new/one/a")
    assert (workdir / "new" / "one").is_dir()


def test_a_file_in_the_way_of_a_folder_is_an_error(workdir: Path) -> None:
    (workdir / "file").touch()

    with pytest.raises(LocalFault):
        make_folder(workdir / "file")
    with pytest.raises(LocalFault):
        make_folder(workdir / "file" / "below")


def test_content_matches_only_if_every_byte_does(workdir: Path) -> None:
    (workdir / "file").write_bytes(b"content")
    (workdir / "link").symlink_to("file")
    content_hash = hash_chunks([b"content"])

    assert has_content(workdir / "file", 7, content_hash)
    assert not has_content(workdir / "file", 8, content_hash)
    assert not has_content(workdir / "file", 7, hash_chunks([b"c0ntent"]))
    assert not has_content(workdir / "link", 7, content_hash)
    assert not has_content(workdir / "nowhere", 7, content_hash)


def test_a_target_must_be_in_a_folder_and_not_be_one(workdir: Path) -> None:
    check_target(workdir / "new")

    with pytest.raises(LocalMissing):
        check_target(workdir / "nowhere" / "new")
    with pytest.raises(LocalFault):
        check_target(workdir)


def test_devices_and_pipes_are_streams(workdir: Path) -> None:
    os.mkfifo(workdir / "pipe")
    (workdir / "file").touch()

    assert is_stream(Path("/dev/null"))
    assert is_stream(workdir / "pipe")
    assert not is_stream(workdir / "file")
    assert not is_stream(workdir)
    assert not is_stream(workdir / "nowhere")
