"""Downloads from links, by people without an account."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cabinet.client.link_address import to_link
from cabinet.client.transfer.links import to_local_name
from cabinet.storage.content_hash import hash_chunks
from tests.cli.conftest import Filecli
from tests.cli.scripted import (
    Answer,
    Script,
    content_answer,
    entry_of,
    folder_of,
    json_answer,
    page_of,
    problem,
)
from tests.cli.terminal import in_terminal
from tests.support.contents import content_of

FILECLI = str(Path(sys.executable).with_name("filecli"))
CONTENT = content_of(3 << 20)
HEAD = CONTENT[: 1 << 20]
TOKEN = "abcdefghijklmnopqrstuv"

Share = Callable[..., str]


def names_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def share(alice: Filecli, server_url: str, token_path: Path, monkeypatch: pytest.MonkeyPatch) -> Share:
    """Return what shares files of alice's; otherwise filecli has no account and no server."""
    files = {"docs/a": b"a", "docs/deep/b": b"b", "docs/empty": b"", "report.pdf": b"pdf", "big": CONTENT}
    for path, content in files.items():
        assert alice("upload", "-", "--to", path, given=content).exit_code == 0
    token = json.loads(token_path.read_text())[server_url]["token"]
    token_path.unlink()
    monkeypatch.delenv("FILECLI_SERVER")

    def make(*args: str, given: str = "") -> str:
        done = alice("share", *args, given=given, env={"FILECLI_SERVER": server_url, "FILECLI_TOKEN": token})
        assert done.exit_code == 0, done.stderr
        return done.stdout.strip()

    return make


def describe(**members: Any) -> Answer:
    """Return the description of a link."""
    return json_answer(
        {"kind": "link", "name": "docs", "rights": ["read", "list"], "entry": folder_of(""), **members}
    )


def test_a_link_to_a_file_needs_no_account(share: Share, filecli: Filecli, workdir: Path) -> None:
    done = filecli("download", share("report.pdf"))

    assert (done.exit_code, done.stdout) == (0, "report.pdf\n")
    assert (workdir / "report.pdf").read_bytes() == b"pdf"


@pytest.mark.parametrize(
    ("args", "target"),
    [(["copy.pdf"], "copy.pdf"), (["-o", "new/"], "new/report.pdf"), (["."], "report.pdf")],
)
def test_the_target_follows_the_link(
    share: Share, filecli: Filecli, workdir: Path, args: list[str], target: str
) -> None:
    assert filecli("download", share("report.pdf"), *args).exit_code == 0
    assert (workdir / target).read_bytes() == b"pdf"


def test_a_file_can_go_to_standard_output(share: Share, filecli: Filecli, workdir: Path) -> None:
    assert filecli("download", share("big"), "-o", "-").stdout_bytes == CONTENT
    assert filecli("download", share("docs"), "-").exit_code == 2
    assert names_in(workdir) == set()


def test_a_folder_comes_as_a_tree(share: Share, filecli: Filecli, workdir: Path) -> None:
    address = share("docs")
    done = filecli("download", address)

    assert done.exit_code == 0, done.stderr
    assert names_in(workdir) == {"docs/a", "docs/deep/b", "docs/empty"}
    assert (workdir / "docs/deep/b").read_bytes() == b"b"
    again = filecli("download", "--json", address)
    assert json.loads(again.stdout.splitlines()[-1])["unchanged"] == 3


def test_a_selection_comes_as_its_entries_or_below_its_name(
    share: Share, filecli: Filecli, workdir: Path
) -> None:
    assert filecli("download", share("docs", "report.pdf"), "to/").exit_code == 0
    assert names_in(workdir) == {"to/docs/a", "to/docs/deep/b", "to/docs/empty", "to/report.pdf"}
    assert filecli("download", share("docs/a", "report.pdf", "--name", "1/2")).exit_code == 0
    assert names_in(workdir / "1_2") == {"a", "report.pdf"}


@pytest.mark.parametrize(
    "below", ["/files/deep/b", "/download/deep/b", "?path=deep%2Fb", "/files?path=deep/b&sort=name"]
)
def test_an_address_inside_of_a_link_means_what_is_there(
    share: Share, filecli: Filecli, workdir: Path, below: str
) -> None:
    assert filecli("download", share("docs") + below).exit_code == 0
    assert names_in(workdir) == {"b"}


def test_several_links_go_into_one_folder(share: Share, filecli: Filecli, workdir: Path) -> None:
    ended = share("docs/a")[:-5] + "xxxxx"
    done = filecli("download", share("docs"), ended, share("report.pdf"), "-o", "to/")

    assert done.exit_code == 1
    assert names_in(workdir) == {"to/docs/a", "to/docs/deep/b", "to/docs/empty", "to/report.pdf"}


def test_links_and_own_files_are_not_mixed(alice: Filecli) -> None:
    address = f"http://127.0.0.1:9/s/{TOKEN}"
    for args in ([address, "a", "b"], ["a", address], [address, "a", "-o", "b"]):
        assert alice("download", *args).exit_code == 2
    assert alice("download", "a", "--password-stdin", given="x\n").exit_code == 2


class TestPasswords:
    def test_the_password_comes_from_standard_input(
        self, share: Share, filecli: Filecli, workdir: Path
    ) -> None:
        address = share("report.pdf", "--password-stdin", given="open sesame\n")

        wrong = filecli("download", address, "--password-stdin", given="else\n")
        assert wrong.exit_code == 3
        assert "The password of this link is wrong." in wrong.stderr
        none = filecli("download", address)
        assert none.exit_code == 3
        assert "--password-stdin" in none.stderr
        assert names_in(workdir) == set()
        assert filecli("download", address, "--password-stdin", given="open sesame\n").exit_code == 0
        assert names_in(workdir) == {"report.pdf"}

    def test_a_terminal_is_asked(self, share: Share, workdir: Path) -> None:
        address = share("report.pdf", "--password-stdin", given="open sesame\n")
        with in_terminal([FILECLI, "download", address]) as terminal:
            terminal.expect("Password of the link: ")
            terminal.type("open sesame\n")
            assert terminal.leave() == 0, terminal.seen
        assert "sesame" not in terminal.seen
        assert names_in(workdir) == {"report.pdf"}

    def test_a_password_that_would_travel_in_clear_is_told(self, filecli: Filecli) -> None:
        done = filecli(
            "--retries",
            "0",
            "download",
            f"http://unreachable.invalid/s/{TOKEN}",
            "--password-stdin",
            given="x\n",
        )
        assert "unencrypted" in done.stderr


def test_a_link_that_ended_is_not_found(share: Share, alice: Filecli, filecli: Filecli) -> None:
    address = share("docs", "--max-downloads", "1")
    for gone in (f"{address[:-3]}xxx", f"{address[:-22]}{TOKEN}"):
        done = filecli("download", gone)
        assert done.exit_code == 4
        assert "There is no link at" in done.stderr
        assert gone[-22:] not in done.stderr


def test_a_link_revoked_in_the_middle_ends_the_download(
    filecli: Filecli, script: Script, workdir: Path, pauses: list[float]
) -> None:
    entries = [entry_of(f"f{number}", content_of(2 << 20)) for number in range(20)]
    script.will_at(f"/s/{TOKEN}", describe(), *[problem("not-found", 404)] * 9)
    script.will_at(f"/s/{TOKEN}/files?recursive=1&limit=1000", page_of(*entries))
    script.will(*[problem("not-found", 404)] * 99)

    done = filecli("download", "-j", "1", f"{script.url}/s/{TOKEN}")
    assert done.exit_code == 4
    assert "There is no link at" in done.stderr
    # The next file may have been asked for meanwhile.
    assert len(script.seen) < 8


def test_one_missing_file_does_not_end_the_others(filecli: Filecli, script: Script, workdir: Path) -> None:
    big = content_of(2 << 20)
    script.will_at(f"/s/{TOKEN}", describe(), describe())
    script.will_at(
        f"/s/{TOKEN}/files?recursive=1&limit=1000", page_of(entry_of("a", big), entry_of("b", big))
    )
    script.will_at(f"/s/{TOKEN}/download/a", problem("not-found", 404))
    script.will_at(f"/s/{TOKEN}/download/b", content_answer(big))

    assert filecli("download", "-j", "1", f"{script.url}/s/{TOKEN}").exit_code == 1
    assert names_in(workdir) == {"docs/b"}


def test_a_download_that_is_cut_goes_on_where_it_was(
    filecli: Filecli, script: Script, workdir: Path, pauses: list[float]
) -> None:
    script.will_at(f"/s/{TOKEN}", describe(name="big", entry=entry_of("big", CONTENT)))
    script.will(content_answer(CONTENT, cut=len(HEAD)), content_answer(CONTENT, len(HEAD)))

    assert filecli("download", f"{script.url}/s/{TOKEN}").exit_code == 0
    assert (workdir / "big").read_bytes() == CONTENT
    assert script.seen[-1].headers["Range"] == f"bytes={len(HEAD)}-"
    assert script.seen[-1].headers["If-Range"] == f'"{hash_chunks([CONTENT])}"'


def test_an_interrupted_download_resumes(share: Share, filecli: Filecli, workdir: Path) -> None:
    address = share("big", "--max-downloads", "1")
    (workdir / "big.part").write_bytes(HEAD)
    (workdir / "big.part.hash").write_text(hash_chunks([CONTENT]))
    done = filecli("download", "-v", address)

    assert done.exit_code == 0, done.stderr
    assert "/download/big 206 " in done.stderr
    assert (workdir / "big").read_bytes() == CONTENT


def test_the_last_download_of_a_link_can_be_resumed(share: Share, filecli: Filecli, workdir: Path) -> None:
    address = share("big", "--max-downloads", "1")
    assert filecli("download", address).exit_code == 0
    (workdir / "big").unlink()
    (workdir / "big.part").write_bytes(HEAD)
    (workdir / "big.part.hash").write_text(hash_chunks([CONTENT]))

    assert filecli("download", address).exit_code == 0
    assert (workdir / "big").read_bytes() == CONTENT
    (workdir / "big").unlink()
    assert filecli("download", address).exit_code == 4
    assert names_in(workdir) == set()


def test_a_used_up_link_behind_a_compressing_proxy_resumes(
    filecli: Filecli, script: Script, workdir: Path
) -> None:
    (workdir / "big.part").write_bytes(HEAD)
    (workdir / "big.part.hash").write_text(hash_chunks([CONTENT]))
    about = {
        "ETag": f'W/"{hash_chunks([CONTENT])}"',
        "Content-Disposition": "attachment; filename*=UTF-8''big",
    }
    script.will_at(f"/s/{TOKEN}", problem("not-found", 404))
    script.will_at(f"/s/{TOKEN}/download", Answer(200, b"", about))
    script.will(content_answer(CONTENT, len(HEAD)))

    assert filecli("download", f"{script.url}/s/{TOKEN}").exit_code == 0
    assert (workdir / "big").read_bytes() == CONTENT


def test_damaged_bytes_are_found(filecli: Filecli, script: Script, workdir: Path) -> None:
    damaged = Answer(200, bytes(len(CONTENT)), {"ETag": f'"{hash_chunks([CONTENT])}"'})
    script.will_at(f"/s/{TOKEN}", describe(name="big", entry=entry_of("big", CONTENT)))
    script.will(damaged)

    done = filecli("download", f"{script.url}/s/{TOKEN}")
    assert done.exit_code == 7
    assert "damaged" in done.stderr
    assert names_in(workdir) == set()


@pytest.mark.parametrize("name", ["../out", "/etc/x", "a/../../out", "a\\b", "nul\0", "..", "."])
def test_no_name_of_a_server_leads_out(filecli: Filecli, script: Script, workdir: Path, name: str) -> None:
    script.will_at(f"/s/{TOKEN}", describe(name=name))
    script.will_at(
        f"/s/{TOKEN}/files?recursive=1&limit=1000",
        page_of({**entry_of("x", b"1"), "path": name}, entry_of("fine", b"1")),
    )
    script.will(content_answer(b"1"))

    done = filecli("download", f"{script.url}/s/{TOKEN}", "in/")
    assert done.exit_code == 1
    assert "leads out of the target folder" in done.stderr
    assert names_in(workdir.parent / "desk") == {f"in/{to_local_name(name)}/fine"}


class TestSecrets:
    """What a server gets to know, and what is shown."""

    def test_no_token_is_sent_to_a_link(
        self, filecli: Filecli, script: Script, token_path: Path, workdir: Path
    ) -> None:
        token_path.parent.mkdir(parents=True)
        stored = {"id": "1", "token": "stored secret", "username": "alice"}
        token_path.write_text(json.dumps({script.url: stored, f"{script.url}/s/{TOKEN}": stored}))
        token_path.chmod(0o600)
        script.will(describe(name="f", entry=entry_of("f", b"1")), content_answer(b"1"))
        environment = {"FILECLI_SERVER": script.url, "FILECLI_TOKEN": "secret of the environment"}

        assert filecli("download", f"{script.url}/s/{TOKEN}", env=environment).exit_code == 0
        assert len(script.seen) == 2
        for seen in script.seen:
            assert "secret" not in str(seen)
            assert "Authorization" not in seen.headers

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_a_redirect_gets_neither_token_nor_password(
        self, filecli: Filecli, script: Script, workdir: Path, status: int
    ) -> None:
        script.will(Answer(status, b"", {"Location": f"{script.url}/elsewhere/s/{TOKEN}"}))
        done = filecli(
            "download",
            f"{script.url}/s/{TOKEN}",
            "--password-stdin",
            given="sesame\n",
            env={"FILECLI_TOKEN": "secret"},
        )

        assert done.exit_code == 1
        assert "redirects to" in done.stderr
        assert TOKEN not in done.stderr
        assert [seen.target for seen in script.seen] == [f"/s/{TOKEN}"]

    def test_the_log_and_errors_do_not_show_the_link(self, share: Share, filecli: Filecli) -> None:
        address = share("docs")
        done = filecli("download", "-v", address)

        assert done.exit_code == 0
        assert "/s/…/files" in done.stderr
        assert address[-22:] not in done.stderr


@pytest.mark.parametrize(
    ("options", "message"), [("--request", "only takes files in"), ("--names-only", "shows names only")]
)
def test_what_a_link_does_not_give_is_told(
    share: Share, filecli: Filecli, options: str, message: str
) -> None:
    done = filecli("download", share("docs", options))

    assert done.exit_code == 3
    assert message in done.stderr


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/",
        "https://example.org/s/short",
        f"https://example.org/s/{TOKEN}x/y",
        f"https://example.org/s/{TOKEN}/versions/x",
        f"https://user:secret@example.org/s/{TOKEN}",
        f"https:///s/{TOKEN}",
        f"https://example.org:99999999/s/{TOKEN}",
        f"https://example.org/s/{TOKEN}/files/../x",
    ],
)
def test_an_address_that_is_no_link_is_wrong_usage(filecli: Filecli, address: str) -> None:
    done = filecli("download", address)

    assert done.exit_code == 2
    assert "secret" not in done.stderr


def test_links_below_a_prefix_are_understood() -> None:
    link = to_link(f"https://Example.org:443/cabinet/s/{TOKEN}/files/%D0%9E/a%20b?x#y")
    assert (str(link.server), link.server.base, link.path) == (
        "https://example.org/cabinet/s/…",
        f"/cabinet/s/{TOKEN}",
        "О/a b",
    )
    assert TOKEN not in repr(link)
    assert TOKEN not in link.key
