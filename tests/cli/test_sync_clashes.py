"""sync with a file in the place of a folder, and the reverse: what is replaced and what is kept."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from cabinet.client.sync.swapping import stage_of
from cabinet.client.transfer.sinks import part_of
from cabinet.client.wire import api
from cabinet.client.wire.archive import iter_contents
from cabinet.errors import TruncatedBody
from cabinet.storage.chunks import Reader
from tests.cli.conftest import Filecli
from tests.cli.test_sync import local_files, write
from tests.support.faults import Fault


def remote_files(alice: Filecli, workdir: Path, folder: str) -> dict[str, str]:
    alice("download", "-r", folder, "-o", "looked-at/")
    found = local_files(workdir / "looked-at" / folder)
    alice("sync", "--delete", ":nothing", "looked-at")
    return found


@pytest.fixture
def clashing(alice: Filecli, workdir: Path) -> Filecli:
    """Run filecli as a user with clashing trees: local in `one`, remote in `two`."""
    write(workdir / "two", a="file", b__c="c", b__d__e="e", deep__x__y="y", same="same")
    assert alice("upload", "-r", "two").exit_code == 0
    write(workdir / "one", a__b="b", a__c__d="d", b="file", deep__x="x", same="same", more="more")
    return alice


ONE = {"a/b": "b", "a/c/d": "d", "b": "file", "deep/x": "x", "same": "same", "more": "more"}
TWO = {"a": "file", "b/c": "c", "b/d/e": "e", "deep/x/y": "y", "same": "same"}


def test_sync_up_without_delete_reports_each_clash_and_uploads_the_rest(
    clashing: Filecli, workdir: Path
) -> None:
    for _ in range(2):
        done = clashing("sync", "one", ":two")
        assert done.exit_code == 1
        for line in ("“two/a” is a file, not a folder", "“two/b” is a folder, not a file",
                     "“two/deep/x” is a folder, not a file"):  # fmt: skip
            assert done.stderr.count(line) == 1
        assert "Use --delete to remove it" in done.stderr
    assert "3 failed" in done.stderr
    assert remote_files(clashing, workdir, "two") == {**TWO, "more": "more"}


def test_sync_up_with_delete_moves_clashes_to_the_trash(clashing: Filecli, workdir: Path) -> None:
    done = clashing("sync", "--delete", "one", ":two")

    assert done.exit_code == 0, done.stderr
    assert remote_files(clashing, workdir, "two") == ONE
    trashed = json.loads(clashing("trash", "list", "--json").stdout)["entries"]
    assert sorted(each["from"] for each in trashed) == ["two/a", "two/b", "two/deep/x"]
    again = clashing("sync", "--delete", "one", ":two")
    assert (again.exit_code, "6 unchanged" in again.stderr) == (0, True)


def test_sync_down_without_delete_reports_each_clash_and_downloads_the_rest(
    clashing: Filecli, workdir: Path
) -> None:
    (workdir / "one" / "same").unlink()
    for _ in range(2):
        done = clashing("sync", ":two", "one")
        assert done.exit_code == 1
        for line in ("“one/a” is a folder, not a file", "“one/b” is a file, not a folder",
                     "“one/deep/x” is a file, not a folder"):  # fmt: skip
            assert done.stderr.count(line) == 1
    assert "3 failed" in done.stderr
    assert local_files(workdir / "one") == ONE


def test_sync_down_with_delete_replaces_clashes(clashing: Filecli, workdir: Path) -> None:
    done = clashing("sync", "--delete", ":two", "one")

    assert done.exit_code == 0, done.stderr
    assert local_files(workdir / "one") == TWO
    assert sorted(done.stdout.split()) == [f"one/{path}" for path in sorted(TWO) if path != "same"]
    assert "“one/b” was deleted." in done.stderr
    again = clashing("sync", "--delete", ":two", "one")
    assert (again.exit_code, "5 unchanged" in again.stderr) == (0, True)


def test_sync_down_replaces_a_file_with_an_empty_folder(alice: Filecli, workdir: Path) -> None:
    alice("mkdir", "two/empty")
    write(workdir / "one", empty="file")

    assert alice("sync", "--delete", ":two", "one").exit_code == 0
    assert (workdir / "one" / "empty").is_dir()


@pytest.mark.parametrize("pair", [("one", ":two"), (":two", "one")])
def test_a_dry_run_reports_clashes_and_changes_nothing(
    pair: tuple[str, str], clashing: Filecli, workdir: Path
) -> None:
    done = clashing("sync", "--delete", "--dry-run", "--json", *pair)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    gone = sorted(event["path"] for event in events if event["event"] == "would-delete")

    assert done.exit_code == 0
    if pair[0] == "one":
        assert gone == ["two/a", "two/b", "two/deep/x"]
    else:
        assert gone == ["one/a", "one/b", "one/deep/x", "one/more"]
        assert {event["local"] for event in events if event["event"] == "would-download"} == {
            f"one/{path}" for path in TWO if path != "same"
        }
    assert local_files(workdir / "one") == ONE
    assert remote_files(clashing, workdir, "two") == TWO


def test_excluded_remote_files_keep_their_folder(clashing: Filecli, workdir: Path) -> None:
    clashing("upload", "one/more", "--to", "two/surplus")
    done = clashing("sync", "--delete", "--exclude", "e", "one", ":two")

    assert done.exit_code == 1
    assert "“two/b” is in the way and was kept: sync does not remove “two/b/d/e”." in done.stderr
    assert done.stderr.count("error") == 1
    kept = {path: content for path, content in ONE.items() if path != "b"}
    assert remote_files(clashing, workdir, "two") == {**kept, "b/c": "c", "b/d/e": "e"}


def test_excluded_local_files_keep_their_folder(clashing: Filecli, workdir: Path) -> None:
    done = clashing("sync", "--delete", "--exclude", "d", ":two", "one")

    assert done.exit_code == 1
    assert "“one/a” is in the way and was kept: sync does not remove “one/a/c/d”." in done.stderr
    expected = {"a/b": "b", "a/c/d": "d", "b/c": "c", "deep/x/y": "y", "same": "same"}
    assert local_files(workdir / "one") == expected


def test_a_link_in_a_clashing_folder_keeps_it(clashing: Filecli, workdir: Path) -> None:
    write(workdir / "outside", file="mine")
    (workdir / "one" / "a" / "link").symlink_to(workdir / "outside")
    done = clashing("sync", "--delete", ":two", "one")

    assert done.exit_code == 1
    assert "“one/a” is in the way and was kept: sync does not remove “one/a/link”." in done.stderr
    assert local_files(workdir / "outside") == {"file": "mine"}
    assert (workdir / "one" / "a" / "b").read_text() == "b"
    assert (workdir / "one" / "b" / "c").read_text() == "c"


@pytest.mark.parametrize("delete", [[], ["--delete"]])
@pytest.mark.parametrize("target", ["outside", "one/a"])
def test_a_link_in_the_place_of_a_folder_is_kept_and_not_followed(
    target: str, delete: list[str], clashing: Filecli, workdir: Path
) -> None:
    write(workdir / "outside", file="mine")
    (workdir / "one" / "b").unlink()
    (workdir / "one" / "b").symlink_to(workdir / target)
    done = clashing("sync", *delete, ":two", "one")

    assert done.exit_code == 1
    assert done.stderr.count("“one/b” is") == 1
    assert "two/b/" not in done.stderr
    assert (workdir / "one" / "b").is_symlink()
    assert local_files(workdir / "outside") == {"file": "mine"}


@pytest.mark.parametrize("delete", [[], ["--delete"]])
def test_a_pipe_in_the_place_of_a_file_is_kept_and_not_opened(
    delete: list[str], clashing: Filecli, workdir: Path
) -> None:
    (workdir / "one" / "same").unlink()
    os.mkfifo(workdir / "one" / "same")
    done = clashing("sync", *delete, "--include", "same", ":two", "one")

    assert done.exit_code == 5
    assert "“one/same” is in the way" in done.stderr
    assert (workdir / "one" / "same").is_fifo()


def test_clashes_are_kept_if_a_folder_is_unreadable(
    clashing: Filecli, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(workdir / "one", secret__file="content")
    scandir = os.scandir

    def refuse(path: Path) -> os._ScandirIterator[str]:
        if Path(path).name == "secret":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    with monkeypatch.context() as patched:
        patched.setattr("cabinet.client.transfer.trees.os.scandir", refuse)
        done = clashing("sync", "--delete", "one", ":two")

    assert done.exit_code == 1
    assert "“one/secret” cannot be used: Permission denied." in done.stderr
    assert done.stderr.count("Nothing was deleted") == 1
    assert remote_files(clashing, workdir, "two") == {**TWO, "more": "more"}


@pytest.mark.parametrize("missing", ["a", "b/d/e"])
def test_a_clash_is_kept_until_its_replacement_is_complete(
    missing: str, clashing: Filecli, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = workdir / "one" / missing
    name = part_of(stage_of(place) if missing == "a" else place).name
    with monkeypatch.context() as patched:
        fault = Fault(patched, "open", errno.EACCES, lambda path: path.name == name)
        done = clashing("sync", "-v", "--delete", ":two", "one")
    assert (done.exit_code, fault.calls) == (1, 1)
    assert done.stderr.count("/zip") == 1  # all others were downloaded together
    assert "Nothing was deleted" in done.stderr
    left = {path: text for path, text in local_files(workdir / "one").items() if ".filecli" not in path}
    assert left == ONE

    done = clashing("sync", "--delete", ":two", "one")
    assert done.exit_code == 0
    assert done.stdout == f"one/{missing}\n"
    assert local_files(workdir / "one") == TWO


def test_a_clash_is_kept_if_the_connection_is_lost_before_the_rename(
    clashing: Filecli, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(stream: Reader[bytes], names: Sequence[str], most: int) -> Iterator[bytes]:
        contents = iter_contents(stream, names, most)
        yield next(contents)
        raise TruncatedBody(expected=1, received=0)

    with monkeypatch.context() as patched:
        patched.setattr(api, "iter_contents", break_off)
        done = clashing("sync", "--retries", "0", "--delete", ":two", "one")
    assert done.exit_code == 8
    left = {path: text for path, text in local_files(workdir / "one").items() if ".filecli" not in path}
    assert left == ONE

    assert clashing("sync", "--delete", ":two", "one").exit_code == 0
    assert local_files(workdir / "one") == TWO


def test_a_leftover_replacement_of_the_other_kind_is_discarded(clashing: Filecli, workdir: Path) -> None:
    write(stage_of(workdir / "one" / "a"), stale="stale")
    stage_of(workdir / "one" / "b").write_text("stale")

    assert clashing("sync", "--delete", ":two", "one").exit_code == 0
    assert local_files(workdir / "one") == TWO


def test_a_target_that_is_a_file_is_one_error(clashing: Filecli, workdir: Path) -> None:
    write(workdir, plain="plain")
    done = clashing("sync", ":two", "plain")
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "“plain” cannot be used: File exists." in done.stderr
    clashing("upload", "plain")
    done = clashing("sync", "one", ":plain")
    assert (done.exit_code, done.stderr.count("\n")) == (5, 1)
