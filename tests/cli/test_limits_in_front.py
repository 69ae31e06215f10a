"""A proxy that limits request sizes: everything is uploaded in smaller requests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cabinet.client.failures import LimitInFront
from cabinet.client.transfer.file_upload import LARGE
from cabinet.client.transfer.request_limit import MIN_LIMIT, RequestLimit, default_folder
from cabinet.storage.content_hash import hash_chunks
from tests.cli.conftest import Filecli
from tests.cli.scripted import Answer, Script, entry_of, json_answer, problem
from tests.support.auth import PASSWORD, USERNAME
from tests.support.contents import content_of
from tests.support.reverse_proxies import limited_nginx

MIB = 1 << 20
TOO_LONG = Answer(413, b"<h1>413 Request Entity Too Large</h1>", {"Content-Type": "text/html"})


@pytest.fixture
def limited(
    server_url: str, filecli: Filecli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Filecli]:
    """Run filecli, signed in, through an nginx with its default limit of 1 MiB."""
    folder = tmp_path / "nginx"
    folder.mkdir()
    with limited_nginx(folder, int(server_url.rpartition(":")[2]), "1m") as address:
        monkeypatch.setenv("FILECLI_SERVER", address)
        for command in ("register", "login"):
            assert filecli(command, given=f"{USERNAME}\n{PASSWORD}\n").exit_code == 0
        yield filecli


def stored(filecli: Filecli, path: str) -> str:
    done = filecli("download", "-o", "-", "--", path)
    assert done.exit_code == 0, done.stderr
    return hash_chunks([done.stdout_bytes])


def refused(said: str) -> int:
    return sum(" 413 " in line for line in said.splitlines())


@pytest.mark.parametrize("size", [MIB, MIB + 1, 5 * MIB, LARGE + MIB + 3])
def test_files_of_any_size_pass_a_proxy_limit_that_is_searched_once(
    size: int, limited: Filecli, workdir: Path
) -> None:
    (workdir / "file").write_bytes(content_of(size))
    done = limited("upload", "-v", "file")

    assert done.exit_code == 0, done.stderr
    assert stored(limited, "file") == hash_chunks([content_of(size)])
    if size > MIB:
        assert refused(done.stderr) > 0
        assert done.stderr.count("The proxy in front of http://127.0.0.1:") == 1
        assert "accepts at most 1 MB per request." in done.stderr

    again = limited("upload", "-v", "file", "--to", "again")
    assert again.exit_code == 0
    assert refused(again.stderr) == 0
    assert "accepts at most" not in again.stderr
    assert stored(limited, "again/file") == hash_chunks([content_of(size)])


def test_batches_respect_a_proxy_limit(limited: Filecli, workdir: Path) -> None:
    (workdir / "many").mkdir()
    contents = {f"{number}": content_of(20_000 + number, seed=number) for number in range(300)}
    contents["large"] = content_of(MIB)
    for name, content in contents.items():
        (workdir / "many" / name).write_bytes(content)
    done = limited("upload", "-v", "-j", "2", "-r", "many")

    assert done.exit_code == 0, done.stderr
    posted = [line for line in done.stderr.splitlines() if "POST" in line and "/upload?" in line]
    assert len(posted) < 30
    for name in ("0", "299", "large"):
        assert stored(limited, f"many/{name}") == hash_chunks([contents[name]])
    assert len(limited("ls", "many").stdout.splitlines()) == 301


@pytest.mark.parametrize("size", [MIB + 1, 9 * MIB])
def test_stdin_respects_a_proxy_limit(size: int, limited: Filecli) -> None:
    done = limited("upload", "-", "--to", "dump", given=content_of(size))

    assert done.exit_code == 0, done.stderr
    assert stored(limited, "dump") == hash_chunks([content_of(size)])
    assert limited("uploads").stdout == ""


def test_a_limit_that_cannot_be_stored_is_searched_again(
    limited: Filecli, workdir: Path, tmp_path: Path
) -> None:
    (tmp_path / "state" / "filecli").mkdir(parents=True)
    (tmp_path / "state" / "filecli" / "limits").write_text("in the way")
    (workdir / "file").write_bytes(content_of(LARGE + 1))
    for _ in range(2):
        done = limited("upload", "-v", "file")
        assert done.exit_code == 0, done.stderr
        assert refused(done.stderr) > 0


@pytest.mark.parametrize("remembered", ["x", "-5"])
def test_an_invalid_stored_limit_is_ignored(
    remembered: str, limited: Filecli, workdir: Path, tmp_path: Path
) -> None:
    (workdir / "file").write_bytes(content_of(2 * MIB))
    assert limited("upload", "file").exit_code == 0
    [memory] = (tmp_path / "state" / "filecli" / "limits").iterdir()
    memory.write_text(remembered)

    assert limited("upload", "file").exit_code == 0


def test_without_a_home_folder_a_limit_is_not_stored(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr("os.path.expanduser", str)
    told: list[str] = []
    limit = RequestLimit("http://here", default_folder(), told.append)
    limit.refused(LimitInFront(server="http://here", size=MIN_LIMIT * 4))
    limit.succeeded(MIN_LIMIT * 2)

    assert (limit.max_bytes, len(told)) == (MIN_LIMIT * 2, 1)
    assert list(workdir.iterdir()) == []


@pytest.mark.parametrize("is_hasty", [False, True])
def test_a_refusal_is_read_while_the_body_is_sent(
    is_hasty: bool, scripted: Filecli, script: Script, workdir: Path
) -> None:
    content = content_of(8 * MIB)
    (workdir / "file").write_bytes(content)
    script.will_at("/me", json_answer({"username": "alice"}))
    script.will(Answer(413, TOO_LONG.body, TOO_LONG.headers, is_hasty=is_hasty))
    script.will(Answer(201, b"", {"Location": "/uploads/abc"}), problem("storage-full", 507))

    assert scripted("upload", "file").exit_code == 6
    assert [seen.method for seen in script.seen] == ["PUT", "GET", "POST", "PATCH"]


@pytest.mark.parametrize("size", [MIN_LIMIT, 1000])
def test_a_limit_below_the_minimum_is_an_error(
    size: int, scripted: Filecli, script: Script, workdir: Path
) -> None:
    (workdir / "file").write_bytes(content_of(size))
    script.will(TOO_LONG)
    done = scripted("upload", "file")

    assert done.exit_code == 6
    assert f"A proxy in front of {script.url} refused a request of {size} bytes." in done.stderr
    assert "client_max_body_size" in done.stderr
    assert len(script.seen) == 1


@pytest.mark.parametrize(
    "answer",
    [problem("too-large", 413), Answer(413, b"", {"Content-Type": "application/problem+json"})],
    ids=["whole", "cut off"],
)
def test_a_refusal_of_the_server_itself_is_final(
    answer: Answer, scripted: Filecli, script: Script, workdir: Path
) -> None:
    (workdir / "file").write_bytes(content_of(2 * MIB))
    script.will(Answer(413, answer.body, {**answer.headers, "Content-Type": "application/problem+json"}))

    assert scripted("upload", "file").exit_code == 6
    assert [seen.method for seen in script.seen] == ["PUT"]


@pytest.mark.parametrize("kind", ["about:blank", "https://api.example/errors/too-large"])
def test_a_problem_document_of_a_proxy_is_not_from_the_server(
    kind: str, scripted: Filecli, script: Script, workdir: Path
) -> None:
    (workdir / "file").write_bytes(content_of(2 * MIB))
    script.will_at("/me", json_answer({"username": "alice"}))
    script.will(json_answer({"type": kind}, 413, **{"Content-Type": "application/problem+json"}))
    script.will(Answer(201, b"", {"Location": "/uploads/abc"}), problem("storage-full", 507))
    scripted("upload", "file")

    assert [seen.method for seen in script.seen] == ["PUT", "GET", "POST", "PATCH"]


def test_a_refused_lookup_is_split_in_halves(scripted: Filecli, script: Script, workdir: Path) -> None:
    for name in ("one", "two"):
        (workdir / name).write_text(name)
    nothing = json_answer({"entries": [None]})
    script.will_at("/lookup", TOO_LONG, nothing, nothing)
    script.will(json_answer({"files": [entry_of(name, name.encode()) for name in ("one", "two")]}, 201))

    assert scripted("upload", "one", "two", "--on-conflict", "skip").exit_code == 0
