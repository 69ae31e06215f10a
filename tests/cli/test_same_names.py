"""Names that are the same on the other side: by Unicode form or by case."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from unicodedata import normalize

import pytest
from click.testing import CliRunner, Result

from cabinet.client.local_names import LocalNames, ignores_case, never_ignores_case
from cabinet.client.main import main
from cabinet.client.session import ClientSession
from tests.cli.conftest import Filecli
from tests.cli.test_sync import local_files

NFC, NFD = "é", normalize("NFD", "é")

BlindFilecli = Callable[..., Result]


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}")


def remote_paths(alice: Filecli, folder: str = "") -> list[str]:
    return sorted(alice("ls", "-r", folder).stdout.splitlines())


@pytest.fixture
def blind(alice: Filecli) -> BlindFilecli:
    """Run filecli as on a case-insensitive file system."""
    assert alice("whoami").exit_code == 0

    def run(*args: str) -> Result:
        runner = CliRunner(catch_exceptions=False)
        return runner.invoke(main, args, obj=ClientSession(case_insensitive=lambda _: True))

    return run


def test_decomposed_names_sync_without_changes(alice: Filecli, workdir: Path) -> None:
    write(workdir / "photos", NFD, f"{NFD}tage/{NFD}", "plain")
    runs = [alice("sync", "--delete", "photos", ":photos") for _ in range(3)]

    assert [done.exit_code for done in runs] == [0, 0, 0]
    assert ["3 unchanged" in done.stderr for done in runs] == [False, True, True]
    assert remote_paths(alice, "photos") == ["plain", NFC, f"{NFC}tage/", f"{NFC}tage/{NFC}"]
    assert alice("trash").stderr == "The trash is empty.\n"


def test_downloads_use_the_existing_form_of_local_names(alice: Filecli, workdir: Path) -> None:
    write(workdir / "photos", f"{NFD}tage/{NFD}")
    alice("sync", "photos", ":photos")
    before = local_files(workdir / "photos")

    for arguments in (["sync", "--delete", ":photos", "photos"], ["download", "-r", "photos"]):
        done = alice(*arguments)
        assert (done.exit_code, done.stdout) == (0, "")
        assert "1 unchanged" in done.stderr
    (workdir / "photos" / f"{NFD}tage" / NFD).write_text("other content")
    assert alice("sync", "--delete", ":photos", "photos").exit_code == 0
    assert local_files(workdir / "photos") == before


def test_a_download_replaces_a_file_with_another_unicode_form(alice: Filecli, workdir: Path) -> None:
    write(workdir, NFD)
    alice("upload", NFD)

    assert alice("download", NFC).exit_code == 5
    (workdir / NFD).write_text("mine")
    assert alice("download", "--force", NFC).stdout == f"{NFD}\n"
    assert local_files(workdir) == {NFD: f"content of {NFD}"}


@pytest.mark.parametrize("option", ["--exclude", "--include"])
@pytest.mark.parametrize("typed", [NFC, NFD])
@pytest.mark.parametrize("stored", [NFC, NFD])
def test_patterns_match_either_unicode_form(
    option: str, typed: str, stored: str, alice: Filecli, workdir: Path
) -> None:
    write(workdir / "photos", stored, "plain")
    expected = [NFC] if option == "--include" else ["plain"]

    assert alice("upload", "-r", option, f"{typed}*", "photos").exit_code == 0
    assert remote_paths(alice, "photos") == expected
    assert alice("sync", "--delete", option, typed, "photos", ":photos").exit_code == 0
    assert remote_paths(alice, "photos") == expected
    assert alice("download", "-r", option, typed, "photos", "-o", "copy").exit_code == 0
    assert sorted(local_files(workdir / "copy")) == expected


def test_every_command_accepts_either_unicode_form(alice: Filecli, workdir: Path) -> None:
    write(workdir, "file")

    assert alice("upload", "file", "--to", NFD).stdout == f"{NFC}/file\n"
    assert alice("mv", f"{NFD}/file", f"{NFD}/{NFD}").stdout == f"{NFC}/{NFC}\n"
    assert alice("ls", f"{NFD}/{NFD}*").stdout == f"{NFC}/{NFC}\n"
    assert alice("rm", f"{NFD}/{NFD}").exit_code == 0
    assert alice("trash", "restore", f"{NFD}/{NFD}").stdout == f"{NFC}/{NFC}\n"
    assert alice("rm", f"{NFD}/{NFD}").exit_code == 0
    assert alice("trash", "rm", "--force", f"{NFD}/{NFD}").exit_code == 0


@pytest.mark.parametrize("below", ["", "/inside"])
def test_local_names_that_are_the_same_remotely_are_reported_and_not_sent(
    below: str, alice: Filecli, workdir: Path
) -> None:
    write(workdir / "photos", f"{NFC}{below}", f"{NFD}{below}2" if below else NFD, "plain")
    for arguments in (["upload", "-r", "photos"], ["sync", "--delete", "photos", ":photos"]):
        done = alice(*arguments)
        assert done.exit_code == 1
        assert f"“photos/{NFC}”" in done.stderr
        assert f"“photos/{NFD}”" in done.stderr
        assert done.stderr.count("have the same name") == 1
        assert remote_paths(alice, "photos") == ["plain"]


def test_same_names_are_kept_on_the_server(alice: Filecli, workdir: Path) -> None:
    write(workdir / "photos", NFC, "plain", "surplus")
    alice("sync", "photos", ":photos")
    (workdir / "photos" / "surplus").unlink()
    write(workdir / "photos", NFD)
    done = alice("sync", "--delete", "photos", ":photos")

    assert done.exit_code == 1
    assert "Nothing was deleted" not in done.stderr
    assert remote_paths(alice, "photos") == ["plain", NFC]
    assert alice("download", "-o", "-", f"photos/{NFC}").stdout == f"content of {NFC}"


def test_same_names_are_kept_locally(alice: Filecli, workdir: Path) -> None:
    write(workdir / "photos", NFC, "a")
    alice("sync", "photos", ":photos")
    (workdir / "photos" / NFC).write_text("mine")
    write(workdir / "photos", NFD, f"folder{NFC}/a", f"folder{NFD}/a", "surplus")
    done = alice("sync", "--delete", ":photos", "photos")

    assert done.exit_code == 1
    assert done.stderr.count(f"“photos/{NFD}” and “photos/{NFC}”") == 1
    assert done.stderr.count(f"“photos/folder{NFD}” and “photos/folder{NFC}”") == 1
    assert sorted(local_files(workdir / "photos")) == sorted(
        [NFC, NFD, "a", f"folder{NFC}/a", f"folder{NFD}/a"]
    )
    assert (workdir / "photos" / NFC).read_text() == "mine"


def test_arguments_that_are_the_same_remotely_are_reported_and_not_sent(
    alice: Filecli, workdir: Path
) -> None:
    write(workdir, NFC, NFD, "plain")
    done = alice("upload", NFC, "plain", NFD)

    assert done.exit_code == 1
    assert f"“{NFD}” and “{NFC}” have the same name" in done.stderr
    assert remote_paths(alice) == ["plain"]


def test_remote_names_that_are_the_same_locally_are_reported_and_not_written(
    alice: Filecli, blind: BlindFilecli, workdir: Path
) -> None:
    for name in ("Docs/a", "docs/b", "deep/X", "deep/x", "deep/y"):
        write(workdir / "one", name)
    alice("sync", "one", ":one")
    write(workdir / "copy", "deep/x", "DEEP2/surplus")
    expected = {"deep/x": "content of deep/x", "deep/y": "content of deep/y"}
    write(workdir / "copy", "deep/x")

    done = blind("sync", "--delete", ":one", "copy")
    assert done.exit_code == 1
    assert "“one/Docs” and “one/docs” have the same name" in done.stderr
    assert "“one/deep/X” and “one/deep/x” have the same name" in done.stderr
    assert local_files(workdir / "copy") == expected
    done = blind("download", "-r", "--force", "one", "-o", "fresh/")
    assert done.exit_code == 1
    assert local_files(workdir / "fresh" / "one") == {"deep/y": "content of deep/y"}
    assert alice("sync", ":one", "all").exit_code == 0
    assert len(local_files(workdir / "all")) == 5


def test_selecting_one_of_two_same_names_works(alice: Filecli, blind: BlindFilecli, workdir: Path) -> None:
    write(workdir / "one", "A", "a")
    alice("sync", "one", ":one")

    assert blind("sync", "--exclude", "A", ":one", "copy").exit_code == 0
    assert local_files(workdir / "copy") == {"a": "content of a"}


def test_arguments_that_are_the_same_locally_are_not_downloaded(
    alice: Filecli, blind: BlindFilecli, workdir: Path
) -> None:
    write(workdir / "up", "A", "a")
    alice("upload", "up/A", "up/a")
    done = blind("download", "A", "a")

    assert done.exit_code == 5
    assert "“A” and “a” have the same name" in done.stderr
    assert not (workdir / "a").exists()


def test_case_differences_are_ignored_on_a_case_insensitive_disk(
    alice: Filecli, blind: BlindFilecli, workdir: Path
) -> None:
    write(workdir / "one", "Photos/A.TXT")
    alice("sync", "one", ":one")
    (workdir / "one").rename(workdir / "old")
    write(workdir / "one", "photos/a.txt")
    done = blind("sync", "--delete", ":one", "one")

    assert done.exit_code == 0
    assert local_files(workdir / "one") == {"photos/a.txt": "content of Photos/A.TXT"}


def test_case_sensitivity_is_detected_from_existing_names(workdir: Path) -> None:
    """No file system of this machine ignores case; a link to the same file simulates it."""
    assert not ignores_case(workdir)
    assert list(workdir.iterdir()) == []
    (workdir / "Name").touch()
    assert not ignores_case(workdir)
    os.link(workdir / "Name", workdir / "nAME")
    assert not ignores_case(workdir)
    assert not ignores_case(workdir / "nowhere" / "at" / "all")
    assert not ignores_case(workdir / ("n" * 300))


def test_an_unreadable_folder_does_not_stop_name_lookups(workdir: Path) -> None:
    (workdir / "file").touch()

    assert LocalNames(workdir / "file", never_ignores_case).locate("a/b") == workdir / "file" / "a" / "b"
    assert LocalNames(workdir / "loop", never_ignores_case).key("B/É") == "B/É"
