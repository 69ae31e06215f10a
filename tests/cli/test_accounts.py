"""register, login, logout and whoami: prompts, stored tokens and sent credentials."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Filecli
from tests.cli.scripted import Answer, Script, json_answer, problem
from tests.support.auth import PASSWORD, USERNAME

LINES = f"{USERNAME}\n{PASSWORD}\n"
NEW_TOKEN = json_answer({"id": "7", "name": "n", "token": "fresh"}, 201)


def stored(token_path: Path) -> dict[str, dict[str, str]]:
    document: dict[str, dict[str, str]] = json.loads(token_path.read_text())
    return document


def test_register_reads_two_lines(anonymous: Filecli) -> None:
    done = anonymous("register", given=LINES)

    assert done.exit_code == 0
    assert done.stdout == ""
    assert done.stderr == "Created the account “alice”. Run filecli login to use it.\n"


def test_a_name_that_is_taken_is_a_conflict(anonymous: Filecli) -> None:
    anonymous("register", given=LINES)
    done = anonymous("register", given=LINES)

    assert done.exit_code == 5
    assert done.stderr.startswith("filecli: error: The user name “alice” is taken. Hint: ")


@pytest.mark.parametrize("lines", [f"{USERNAME}\nshort\n", f"../{USERNAME}\n{PASSWORD}\n"])
def test_rejected_credentials_are_a_usage_error(lines: str, anonymous: Filecli) -> None:
    assert anonymous("register", given=lines).exit_code == 2


def test_login_stores_a_token_and_not_the_password(
    anonymous: Filecli, server_url: str, token_path: Path
) -> None:
    anonymous("register", given=LINES)
    done = anonymous("login", given=LINES)

    assert done.exit_code == 0
    assert PASSWORD not in token_path.read_text()
    assert stored(token_path)[server_url]["username"] == USERNAME
    assert anonymous("whoami").stdout == "alice\n"


@pytest.mark.parametrize(
    "password", [" spaces kept ", "пароль с пробелами", "tab\tand\\back", "a few words " * 16]
)
def test_a_password_is_sent_exactly_as_typed(password: str, anonymous: Filecli) -> None:
    anonymous("register", "--username", "bob", "--password-stdin", given=f"{password}\n")
    done = anonymous("login", "--username", "bob", given=f"{password}\r\n")

    assert done.exit_code == 0


def test_a_wrong_password_stores_nothing(anonymous: Filecli, token_path: Path) -> None:
    anonymous("register", given=LINES)
    done = anonymous("login", given=f"{USERNAME}\nnot this one\n")

    assert done.exit_code == 3
    assert done.stderr.startswith("filecli: error: The user name or the password is wrong. Hint: ")
    assert not token_path.exists()


@pytest.mark.parametrize("given", ["", "alice\n", "\n\n", b"\xff\nsecret\n", b"alice\n\xff\n"])
def test_missing_lines_on_stdin_are_a_usage_error(given: str | bytes, scripted: Filecli) -> None:
    assert scripted("login", given=given).exit_code == 2


def test_a_name_on_the_command_line_that_is_not_utf_8_is_refused(scripted: Filecli) -> None:
    assert scripted("login", "--username", "a\udcff", given="secret\n").exit_code == 2


def test_logout_revokes_and_deletes_the_token(alice: Filecli, server_url: str, token_path: Path) -> None:
    secret = stored(token_path)[server_url]["token"]
    done = alice("logout")

    assert done.exit_code == 0
    assert stored(token_path) == {}
    assert alice("whoami").exit_code == 3
    assert alice("whoami", env={"FILECLI_TOKEN": secret}).exit_code == 3


def test_login_revokes_the_previous_token(alice: Filecli, server_url: str, token_path: Path) -> None:
    before = stored(token_path)[server_url]["token"]
    assert alice("login", given=LINES).exit_code == 0

    assert alice("whoami").exit_code == 0
    assert alice("whoami", env={"FILECLI_TOKEN": before}).exit_code == 3


def test_login_works_if_the_previous_token_was_revoked(
    alice: Filecli, server_url: str, token_path: Path
) -> None:
    before = token_path.read_bytes()
    alice("logout")
    token_path.write_bytes(before)

    assert alice("login", given=LINES).exit_code == 0
    assert alice("whoami").exit_code == 0


def test_logout_deletes_an_invalid_token(alice: Filecli, token_path: Path) -> None:
    before = token_path.read_bytes()
    alice("logout")
    token_path.write_bytes(before)

    assert alice("logout").exit_code == 0
    assert stored(token_path) == {}


def test_logout_from_an_unreachable_server_keeps_the_token(
    scripted: Filecli, script: Script, token_path: Path
) -> None:
    script.will(NEW_TOKEN, *[Answer(503)] * 9)
    scripted("login", given=LINES)

    assert scripted("logout").exit_code == 8
    assert stored(token_path) != {}
    assert scripted("logout", "--force").exit_code == 0
    assert stored(token_path) == {}


def test_commands_without_a_token_fail_without_a_request(filecli: Filecli, script: Script) -> None:
    for command in (["whoami"], ["logout"], ["ls"], ["upload", "a"], ["download", "a"], ["rm", "a"]):
        done = filecli("--server", script.url, *command)

        assert done.exit_code == 3
        assert done.stderr == (
            f"filecli: error: You are not signed in to {script.url}."
            " Hint: Run filecli login first, or set FILECLI_TOKEN.\n"
        )
    assert script.seen == []


def test_the_password_is_sent_only_to_create_the_token(scripted: Filecli, script: Script) -> None:
    script.will(NEW_TOKEN)
    done = scripted("login", given=LINES)

    assert done.exit_code == 0
    assert "filecli: warning: FILECLI_TOKEN is set and overrides" in done.stderr
    assert [(seen.method, seen.target) for seen in script.seen] == [("POST", "/tokens")]
    assert script.seen[0].headers["Authorization"].startswith("Basic ")
    assert json.loads(script.seen[0].body)["name"].startswith("filecli on ")


def test_a_stored_token_is_sent_to_its_own_server_only(
    alice: Filecli, script: Script, token_path: Path, server_url: str
) -> None:
    done = alice("--server", script.url, "whoami")

    assert done.exit_code == 3
    assert script.seen == []
    assert server_url in stored(token_path)


def test_the_environment_token_overrides_the_stored_one(
    alice: Filecli, server_url: str, token_path: Path
) -> None:
    refused = alice("whoami", env={"FILECLI_TOKEN": "void"})
    assert refused.exit_code == 3
    assert "does not accept the token in FILECLI_TOKEN. Hint: Set it to another token" in refused.stderr

    secret = stored(token_path)[server_url]["token"]
    token_path.unlink()
    assert alice("whoami", env={"FILECLI_TOKEN": secret}).exit_code == 0


def test_a_readable_token_file_is_refused(alice: Filecli, token_path: Path) -> None:
    token_path.chmod(0o644)
    done = alice("whoami")

    assert done.exit_code == 3
    assert "is readable by other users" in done.stderr
    assert "chmod 600" in done.stderr


def test_whoami_shows_the_usage(alice: Filecli, workdir: Path) -> None:
    (workdir / "a").write_bytes(bytes(1500))
    alice("upload", "a")

    assert alice("whoami").stderr.startswith("1.5 kB used on ")
    assert json.loads(alice("whoami", "--json").stdout)["usage"] == 1500


def test_whoami_shows_the_quota(scripted: Filecli, script: Script) -> None:
    script.will(json_answer({"username": "alice", "usage": 10, "quota": 2000}))

    counts = "includes old versions and the trash"
    assert scripted("whoami").stderr == f"10 bytes of 2 kB used on {script.url}; {counts}.\n"


def test_an_unencrypted_password_prints_a_warning(filecli: Filecli) -> None:
    done = filecli("--server", "http://no-such-host.invalid", "--retries", "0", "login", given=LINES)

    assert done.exit_code == 8
    assert "filecli: warning: the password is sent to http://no-such-host.invalid unencrypted" in done.stderr


def test_too_many_attempts_are_not_retried_endlessly(scripted: Filecli, script: Script) -> None:
    script.will(problem("too-many-attempts", 429, "Wait 900 seconds.", **{"Retry-After": "900"}))
    done = scripted("login", given=LINES)

    assert done.exit_code == 8
    assert done.stderr == "filecli: error: Wait 900 seconds. Hint: Wait before the next attempt.\n"


@pytest.mark.parametrize("command", ["register", "login", "logout"])
def test_json_has_user_and_server(command: str, alice: Filecli, server_url: str) -> None:
    done = (
        alice(command, "--json", "--username", "carol", given=f"{PASSWORD}\n")
        if command == "register"
        else (alice(command, "--json", given=LINES))
    )

    assert done.exit_code == 0
    assert json.loads(done.stdout)["server"] == server_url
    assert done.stderr == ""
