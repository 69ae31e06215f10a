"""Shell completion of filecli: the offered names, and that no part of them is executed."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

import pytest

from cabinet.client.main import main
from cabinet.client.remote import completion_scripts, names
from cabinet.client.remote.completion_scripts import SHELLS
from tests.cli.conftest import Filecli
from tests.cli.scripted import Answer, Script, entry_of, folder_of, json_answer, page_of, problem
from tests.cli.terminal import Terminal, in_terminal
from tests.cli.test_process import FILECLI
from tests.support.programs import require_program

Complete = Callable[[str], list[str]]

BREAKS = " \t\n\"'@><=;|&(:"
ROOT = page_of(
    folder_of("docs"),
    folder_of("Доки"),
    entry_of("-rf", b""),
    entry_of("a b,c", b""),
    entry_of("date: now", b""),
    entry_of("steer\x1b[2J", b""),
)


def complete_in(shell: str) -> list[str]:
    return SHELLS[shell](main, {}, "filecli", "_FILECLI_COMPLETE").complete().split("\n")


@pytest.fixture
def complete(on_scripted_server: Script, monkeypatch: pytest.MonkeyPatch) -> Complete:
    """Return a function that completes a bash line against the scripted server."""
    monkeypatch.setenv("COMP_WORDBREAKS", BREAKS)
    monkeypatch.setattr(names, "TIMEOUT", 30)  # seconds: this machine may be busy

    def offered(line: str) -> list[str]:
        monkeypatch.setenv("COMP_LINE", line)
        return complete_in("bash")

    return offered


def test_completion_offers_remote_names(complete: Complete, on_scripted_server: Script) -> None:
    on_scripted_server.will(ROOT)

    assert complete("filecli download ") == [
        "remote,docs/",
        "remote,Доки/",
        "remote,./-rf",
        "remote,a\\ b,c",
        "remote,date:\\ now",
    ]
    assert on_scripted_server.seen[0].headers["Authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("filecli rm d", ["remote,docs/", "remote,date:\\ now"]),
        ("filecli -q ls --sort name D", [""]),
        ("filecli ls ", ["remote,docs/", "remote,Доки/"]),
        ("filecli mv x Д", ["remote,Доки/"]),
        ("filecli upload --to d", ["remote,docs/"]),
        ("filecli rm a\\ b", ["remote,a\\ b,c"]),
        ("filecli rm 'a b", ["remote,a b,c"]),
        ("filecli rm date:", ["remote,\\ now"]),
        ("filecli rm date\\:", ["remote,date:\\ now"]),
        ("filecli rm 'date:", ["remote,date: now"]),
        ('filecli rm da"te', ["remote,te: now"]),
        ("filecli sync photos :d", ["remote,docs/"]),
        ("filecli versions doc", ["remote,docs/"]),
        ("filecli versions get doc", ["remote,docs/"]),
    ],
)
def test_completion_offers_names_with_the_typed_prefix(
    line: str, offered: list[str], complete: Complete, on_scripted_server: Script
) -> None:
    on_scripted_server.will(ROOT)

    assert complete(line) == offered


def test_completion_continues_inside_a_folder(complete: Complete, on_scripted_server: Script) -> None:
    on_scripted_server.will(page_of(folder_of("a b/deep"), entry_of("a b/down", b"")))

    assert complete("filecli info /a\\ b/de") == ["remote,/a\\ b/deep/"]
    assert on_scripted_server.seen[0].target == "/files?path=a+b&limit=1000"


def test_completion_offers_trashed_paths_to_restore(complete: Complete, on_scripted_server: Script) -> None:
    paths = ("docs/a", "docs", "docs/a", "other", "-rf", "do\x1bcs")
    trashed = [{"id": "7", "from": path, "kind": "folder"} for path in paths]
    on_scripted_server.will(*[json_answer({"entries": trashed, "next": None})] * 2)

    assert complete("filecli trash restore doc") == ["remote,docs/a", "remote,docs"]
    assert complete("filecli trash rm ")[-1] == "remote,./-rf"


def test_completion_offers_commands_options_and_local_names(
    complete: Complete, on_scripted_server: Script
) -> None:
    assert complete("filecli ver") == ["plain,versions", "plain,version"]
    assert complete("filecli ls --sort s") == ["plain,size"]
    assert complete("filecli upload x") == ["file,x"]
    assert complete("filecli sync ph") == ["dir,ph"]
    assert on_scripted_server.seen == []


def test_completion_reads_several_pages(complete: Complete, on_scripted_server: Script) -> None:
    on_scripted_server.will(page_of(entry_of("a", b""), following="1"), page_of(entry_of("z", b"")))

    assert complete("filecli rm z") == ["remote,z"]


@pytest.mark.parametrize(
    "answer", [problem("error", 500), problem("unavailable", 503), Answer(401), Answer()]
)
def test_completion_errors_are_silent(
    answer: Answer, complete: Complete, on_scripted_server: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    on_scripted_server.will(answer)

    assert complete("filecli -v --insecure rm ") == [""]
    assert capsys.readouterr() == ("", "")
    assert len(on_scripted_server.seen) == 1


@pytest.mark.parametrize(
    "line", ["filecli rm ../", "filecli --server nonsense rm ", "filecli rm --server x "]
)
def test_completion_of_invalid_paths_is_empty(
    line: str, complete: Complete, on_scripted_server: Script
) -> None:
    on_scripted_server.will(ROOT)

    assert complete(line) == [""]
    assert on_scripted_server.seen == []


def test_completion_uses_the_server_option(
    complete: Complete, on_scripted_server: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FILECLI_SERVER")
    on_scripted_server.will(ROOT, ROOT)

    assert complete(f"filecli --server {on_scripted_server.url} rm do") == ["remote,docs/"]
    assert complete(f"filecli rm --server={on_scripted_server.url} do") == ["remote,docs/"]


def test_completion_never_prompts_to_sign_in(
    complete: Complete,
    on_scripted_server: Script,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("FILECLI_TOKEN")

    assert complete("filecli rm ") == [""]
    assert on_scripted_server.seen == []
    assert capsys.readouterr() == ("", "")


def test_completion_does_not_wait_for_a_slow_server(
    complete: Complete, on_scripted_server: Script, release: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "TIMEOUT", 0.1)
    on_scripted_server.will(Answer(200, b"{", cut=0, until=release))

    assert complete("filecli rm ") == [""]
    assert not release.is_set()


def test_completion_offers_the_names_received_in_time(complete: Complete, on_scripted_server: Script) -> None:
    on_scripted_server.will(page_of(entry_of("a", b""), following="1"), problem("error", 500))

    assert complete("filecli rm ") == ["remote,a"]


def test_zsh_and_fish_get_complete_names(on_scripted_server: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "TIMEOUT", 30)
    monkeypatch.setenv("COMP_WORDS", "filecli rm a\\ b")
    on_scripted_server.will(ROOT, ROOT)

    monkeypatch.setenv("COMP_CWORD", "2")
    assert complete_in("zsh") == ["remote", "a b,c", "_"]
    monkeypatch.setenv("COMP_CWORD", "a\\ b")
    assert complete_in("fish") == ["remote,a b,c"]


def test_bash_inserts_exactly_the_offered_name() -> None:
    awkward = [
        "plain",
        "a b",
        "$HOME",
        "~",
        "it's",
        "'",
        '"',
        "!",
        "a!b!",
        "`x`",
        "$(x)",
        "\\",
        "a\\",
        "{a,b}",
        "*?[a]",
    ]
    words = [
        f"{quote}{offered}{quote if not offered.endswith(quote) else ''}"
        for name in awkward
        for quote in ("", "'", '"')
        for offered in [completion_scripts._quoted(name, quote)]
    ]
    program = f"printf '%s\\0' {' '.join(words)}"
    said = subprocess.run([require_program("bash"), "-c", program], capture_output=True, check=True).stdout

    assert said.decode().split("\0")[:-1] == [name for name in awkward for _ in range(3)]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_each_shell_is_printed(shell: str, filecli: Filecli) -> None:
    done = filecli("completion", shell)

    assert done.exit_code == 0
    assert f"_FILECLI_COMPLETE={shell}_complete" in done.stdout
    assert filecli("completion", "csh").exit_code == 2


def complete_at(terminal: Terminal, expected: str) -> None:
    """Press the key until `expected` is shown; a busy machine may need several attempts."""
    for _ in range(8):
        terminal.type("\t")
        with suppress(AssertionError):
            terminal.expect(expected, seconds=4)
            return
    raise AssertionError(f"{expected!r} was not offered: {terminal.seen!r}")


def test_a_hostile_name_is_quoted_in_bash(
    on_scripted_server: Script, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "x y;$(touch owned)`touch owned`&*'\"!"
    on_scripted_server.will_at("/files?limit=1000", *[page_of(entry_of(name, b""), folder_of("zoo"))] * 40)
    looked_up = [entry_of(name, b"")] * 3 + [folder_of("zoo")]
    on_scripted_server.will_at("/lookup", *[json_answer({"entries": [entry]}) for entry in looked_up])
    on_scripted_server.will(*[json_answer(None)] * 4)
    monkeypatch.setenv("PATH", f"{Path(FILECLI).parent}:/usr/bin:/bin")
    monkeypatch.setenv("PS1", "ready> ")
    with in_terminal([require_program("bash"), "--norc", "--noprofile", "-i"]) as terminal:
        terminal.expect("ready> ")
        terminal.type('eval "$(filecli completion bash)"; echo lo""aded\n')
        terminal.expect("loaded")
        for begin in ("x", "'x", '"x'):
            terminal.expect("ready> ")
            terminal.type(f"filecli rm -r {begin}")
            complete_at(terminal, "owned")
            terminal.type("\n")
            terminal.expect("was moved to the trash")
        terminal.expect("ready> ")
        terminal.type("filecli rm -r z")
        complete_at(terminal, "zoo/")
        terminal.type("\n")
        terminal.expect("“zoo” was moved to the trash")
        terminal.type("exit\n")
        terminal.leave()

    deleted = [unquote(seen.target) for seen in on_scripted_server.seen if seen.method == "DELETE"]
    assert deleted == [f"/files/{name}"] * 3 + ["/files/zoo"]
    assert list(workdir.iterdir()) == []
