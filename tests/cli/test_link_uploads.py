"""Uploads to links, by people without an account."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cabinet.client.transfer.file_upload import LARGE
from cabinet.storage.content_hash import hash_chunks
from tests.cli.conftest import Filecli
from tests.cli.scripted import Script, entry_of, json_answer
from tests.support.contents import content_of
from tests.support.line import Cut, Line, close_abruptly

CONTENT = content_of(LARGE + (5 << 20) + 3)
MIDWAY = 11 << 20
TOKEN = "abcdefghijklmnopqrstuv"

Owner = Callable[..., str]


@pytest.fixture
def owner(alice: Filecli, server_url: str, token_path: Path, monkeypatch: pytest.MonkeyPatch) -> Owner:
    """Return filecli as alice, whose folder `in` has a file `f`; otherwise it has no account and no server."""
    assert alice("upload", "-", "--to", "in/f", given="hers").exit_code == 0
    token = json.loads(token_path.read_text())[server_url]["token"]
    token_path.unlink()
    monkeypatch.delenv("FILECLI_SERVER")

    def run(*args: str, given: str = "") -> str:
        done = alice(*args, given=given, env={"FILECLI_SERVER": server_url, "FILECLI_TOKEN": token})
        assert done.exit_code == 0, done.stderr
        return done.stdout.strip()

    return run


@pytest.fixture
def request_link(owner: Owner) -> str:
    """Return the address of a request for files."""
    return owner("share", "in", "--request")


def names_of(owner: Owner) -> list[str]:
    return owner("ls", "-R", "in").splitlines()


def write(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(f"content of {name}")


def test_files_are_sent_without_an_account(
    request_link: str, owner: Owner, filecli: Filecli, workdir: Path
) -> None:
    write("a", "d/e/b")
    done = filecli("upload", "-r", "a", "d", "--to", request_link)

    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines() == ["a", "d/e/b"]
    assert names_of(owner) == ["d/", "d/e/", "d/e/b", "a", "f"]
    assert owner("download", "in/d/e/b", "-o", "-") == "content of d/e/b"


def test_a_request_numbers_names(request_link: str, owner: Owner, filecli: Filecli, workdir: Path) -> None:
    write("f")
    for _ in range(2):
        # The number would tell that there was such a name.
        assert filecli("upload", "f", "--to", request_link).stdout == "f\n"
    assert names_of(owner) == ["f", "f (2)", "f (3)"]
    assert owner("download", "in/f", "-o", "-") == "hers"


@pytest.mark.parametrize("choice", ["replace", "fail", "skip", "ask"])
def test_a_request_cannot_tell_what_is_there(
    request_link: str, owner: Owner, filecli: Filecli, workdir: Path, choice: str
) -> None:
    write("f")
    done = filecli("upload", "f", "--to", request_link, "--on-conflict", choice)

    assert done.exit_code == 2
    assert "gets a number" in done.stderr
    assert names_of(owner) == ["f"]


@pytest.mark.parametrize(
    ("options", "args", "names"),
    [
        (["--write"], [], ["f", "f (2)"]),
        (["--write"], ["--on-conflict", "skip"], ["f"]),
        (["--delete"], [], ["f"]),
        (["--delete"], ["--on-conflict", "rename"], ["f", "f (2)"]),
    ],
)
def test_a_taken_name_is_treated_as_the_link_allows(
    owner: Owner, filecli: Filecli, workdir: Path, options: list[str], args: list[str], names: list[str]
) -> None:
    write("f")
    assert filecli("upload", "f", "--to", owner("share", "in", *options), *args).exit_code == 0
    assert names_of(owner) == names


def test_nothing_is_replaced_that_the_link_protects(owner: Owner, filecli: Filecli, workdir: Path) -> None:
    write("f")
    link = owner("share", "in", "--write")

    assert filecli("upload", "f", "--to", link, "--on-conflict", "replace").exit_code == 3
    assert filecli("upload", "f", "--to", link, "--on-conflict", "fail").exit_code == 5
    assert owner("download", "in/f", "-o", "-") == "hers"


def test_a_path_in_the_link_is_the_folder(owner: Owner, filecli: Filecli, workdir: Path) -> None:
    write("a")
    link = owner("share", "in", "--write")

    assert filecli("upload", "a", "--to", f"{link}?path=sub%2Fdeep").stdout == "sub/deep/a\n"
    assert filecli("upload", "-", "--to", f"{link}/files/sub/b", given="typed").stdout == "sub/b\n"
    assert filecli("upload", "-", "--to", link, given="typed").exit_code == 2
    assert names_of(owner) == ["sub/", "sub/deep/", "sub/deep/a", "sub/b", "f"]


def test_a_link_that_takes_nothing_says_so(owner: Owner, filecli: Filecli, workdir: Path) -> None:
    write("a")
    done = filecli("upload", "a", "--to", owner("share", "in"))

    assert done.exit_code == 3
    assert "takes no files" in done.stderr
    assert filecli("upload", "a", "--to", owner("share", "in")[:-3] + "xxx").exit_code == 4


def test_limits_of_a_link_are_told_without_numbers(owner: Owner, filecli: Filecli, workdir: Path) -> None:
    write("a")
    done = filecli("upload", "a", "--to", owner("share", "in", "--request", "--max-size", "5"))

    assert done.exit_code == 6
    assert names_of(owner) == ["f"]


def test_a_password_protects_what_is_sent(owner: Owner, filecli: Filecli, workdir: Path) -> None:
    write("a")
    link = owner("share", "in", "--request", "--password-stdin", given="sesame\n")

    assert filecli("upload", "a", "--to", link).exit_code == 3
    assert filecli("upload", "a", "--to", link, "--password-stdin", given="else\n").exit_code == 3
    assert filecli("upload", "-", "--to", link, "--password-stdin", given="sesame\n").exit_code == 2
    assert filecli("upload", "a", "--to", link, "--password-stdin", given="sesame\n").exit_code == 0
    assert names_of(owner) == ["a", "f"]


@pytest.mark.parametrize("options", ["--request", "--write"])
def test_a_large_upload_that_was_cut_resumes(
    owner: Owner,
    filecli: Filecli,
    line: Line,
    workdir: Path,
    pauses: list[float],
    tmp_path: Path,
    options: str,
) -> None:
    link = owner("share", "in", options)
    address = line.url + link[link.index("/s/") :]
    (workdir / "big").write_bytes(CONTENT)
    line.plan(Cut(MIDWAY, close_abruptly))

    assert filecli("upload", "--retries", "0", "big", "--to", address).exit_code == 8
    journals = list((tmp_path / "state" / "filecli" / "uploads").iterdir())
    assert len(journals) == 1
    assert link[-22:].encode() not in journals[0].read_bytes()
    assert names_of(owner) == ["f"]
    done = filecli("upload", "-v", "big", "--to", address)

    assert done.exit_code == 0, done.stderr
    assert done.stdout == "big\n"
    assert next(line.split()[0] for line in done.stderr.splitlines() if "/uploads" in line) == "HEAD"
    assert "POST" not in done.stderr
    assert owner("info", "in/big").count(hash_chunks([CONTENT])) == 1


def test_a_large_upload_survives_a_lost_connection(
    owner: Owner, filecli: Filecli, line: Line, workdir: Path, pauses: list[float]
) -> None:
    link = owner("share", "in", "--request")
    (workdir / "big").write_bytes(CONTENT)
    line.plan(Cut(MIDWAY, close_abruptly))
    done = filecli("upload", "big", "--to", line.url + link[link.index("/s/") :])

    assert line.was_cut()
    assert (done.exit_code, done.stdout) == (0, "big\n")
    assert owner("info", "in/big").count(hash_chunks([CONTENT])) == 1


def test_an_upload_that_the_server_stored_otherwise_is_damaged(
    filecli: Filecli, script: Script, workdir: Path
) -> None:
    write("a")
    script.will(
        json_answer({"kind": "link", "name": "in", "rights": ["write"], "entry": None}),
        json_answer(entry_of("a", b"other"), 201),
    )

    assert filecli("upload", "a", "--to", f"{script.url}/s/{TOKEN}").exit_code == 7


def test_no_token_is_sent_to_a_link(filecli: Filecli, script: Script, workdir: Path) -> None:
    write("a")
    script.will(
        json_answer({"kind": "link", "name": "in", "rights": ["write"], "entry": None}),
        json_answer(entry_of("a", b"content of a"), 201),
    )
    environment = {"FILECLI_SERVER": script.url, "FILECLI_TOKEN": "secret"}

    assert filecli("upload", "a", "--to", f"{script.url}/s/{TOKEN}", env=environment).exit_code == 0
    assert len(script.seen) == 2
    assert not any("Authorization" in seen.headers or "secret" in str(seen.headers) for seen in script.seen)
