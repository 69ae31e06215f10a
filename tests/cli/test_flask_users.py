"""`flask users`: accounts, and the effects on sessions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from cabinet.extensions import db
from cabinet.services.kernel.database import for_writing, writing
from tests.conftest import MakeApp
from tests.support.auth import PASSWORD, USERNAME, AuthActions, basic
from tests.support.operators import Operator

NEW_PASSWORD = "another horse, another battery"


@pytest.fixture
def operator(client: FlaskClient) -> Operator:
    return Operator(client.application)


def test_a_created_account_can_sign_in(operator: Operator, auth: AuthActions) -> None:
    told = operator.run("users", "create", "Анна", "--password-stdin", given=f"{PASSWORD}\n")

    assert told.stdout == "“Анна” can sign in.\n"
    assert auth.login("анна").status_code == 200


def test_accounts_are_created_while_registration_is_closed(make_app: MakeApp) -> None:
    closed = make_app(REGISTRATION="closed")
    auth = AuthActions(closed.test_client())
    Operator(closed).create()

    assert auth.register("bob").status_code == 403
    assert auth.login().status_code == 200


@pytest.mark.parametrize(
    ("given", "password"),
    [
        ("two  words ", "two  words "),
        ("  kept as typed\n", "  kept as typed"),
        ("from windows\r\n", "from windows"),
        ("кириллица", "кириллица"),
    ],
)
def test_a_password_on_stdin_is_one_line(
    operator: Operator, auth: AuthActions, given: str, password: str
) -> None:
    operator.run("users", "create", USERNAME, "--password-stdin", given=given)

    assert auth.login(password=password).status_code == 200


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("", "has no password"),
        ("\n", "has no password"),
        ("first line\nsecond line\n", "more than one line"),
        (b"x" * 20_000, "more than one line"),
        (b"p\xe4sswort im Latin-1\n", "is not UTF-8"),
        ("short\n", "Choose another password: it needs at least 8 characters."),
        ("password123\n", "Choose another password: it is one of the most common"),
        ("Alexander\n", "Choose another password: it is the user name or the name of this server."),
        ("x" * 1025, "Choose another password: it may have at most 1024 bytes."),
    ],
)
def test_an_invalid_password_creates_no_account(operator: Operator, given: str | bytes, reason: str) -> None:
    refused = operator.run("users", "create", "alexander", "--password-stdin", given=given, code=1)

    assert refused.stderr.startswith("Error: ")
    assert reason in refused.stderr
    assert operator.document("users", "list") == {"users": []}


@pytest.mark.parametrize("name", ["", "..", "a/b", "admin ", "\x1b[31m"])
def test_an_invalid_user_name_creates_no_account(operator: Operator, name: str) -> None:
    refused = operator.run("users", "create", name, "--password-stdin", given=PASSWORD, code=1)

    assert refused.stderr.startswith("Error: A user name has 1 to 64 letters")
    assert operator.document("users", "list") == {"users": []}


def test_a_name_that_looks_like_a_taken_one_is_refused(operator: Operator) -> None:
    operator.create("alice")
    refused = operator.run("users", "create", "ＡLICE", "--password-stdin", given=PASSWORD, code=1)

    assert refused.stderr == "Error: The user name “ＡLICE” is taken.\n"


def test_passwords_are_not_prompted_for_without_a_terminal(operator: Operator) -> None:
    refused = operator.run("users", "create", USERNAME, given=f"{PASSWORD}\n{PASSWORD}\n", code=2)

    assert "use --password-stdin" in refused.stderr


def test_the_list_shows_accounts_as_text_and_json(make_app: MakeApp) -> None:
    operator = Operator(make_app(USER_QUOTA=5_000_000))
    operator.create("bob")
    operator.create("alice")
    operator.run("users", "disable", "bob")
    alice, bob = operator.document("users", "list")["users"]
    lines = operator.run("users", "list").stdout.splitlines()

    assert (alice["username"], alice["usage"], alice["quota"]) == ("alice", 0, 5_000_000)
    assert alice["disabled_at"] is None
    assert bob["disabled_at"].endswith("Z")
    assert lines[0].startswith("alice: 0 bytes of 5 MB, since ")
    assert "disabled since" not in lines[0]
    assert "disabled since" in lines[1]


def test_promote_and_demote_change_the_role(operator: Operator) -> None:
    operator.create("alice")
    operator.create("bob")
    assert [user["role"] for user in operator.document("users", "list")["users"]] == ["user", "user"]

    assert operator.run("users", "promote", "ALICE").stdout == "“alice” is now an administrator.\n"

    assert [user["role"] for user in operator.document("users", "list")["users"]] == ["admin", "user"]
    first, second = operator.run("users", "list").stdout.splitlines()
    assert first.endswith(", administrator")
    assert "administrator" not in second
    assert operator.run("users", "demote", "alice").stdout == "“alice” is no longer an administrator.\n"
    assert "administrator" not in operator.run("users", "list").stdout
    for command in ("promote", "demote"):
        assert "There is no user “carol”" in operator.run("users", command, "carol", code=1).stderr


def test_disable_ends_all_access_at_once(operator: Operator, auth: AuthActions) -> None:
    password = auth.become()
    token = auth.token()
    ways_in: list[Callable[[], int]] = [
        lambda: auth.client.get("/me").status_code,
        lambda: auth.client.get("/me", headers=password).status_code,
        lambda: auth.client.get("/me", headers=token).status_code,
    ]
    before = [way_in() for way_in in ways_in]
    operator.run("users", "disable", USERNAME)

    assert before == [200, 200, 200]
    assert [way_in() for way_in in ways_in] == [401, 401, 401]
    assert auth.login().status_code == 401


def test_enable_allows_sign_in_and_restores_no_session(operator: Operator, auth: AuthActions) -> None:
    auth.become()
    operator.run("users", "disable", USERNAME)
    operator.run("users", "enable", USERNAME)

    assert auth.client.get("/me").status_code == 401
    assert auth.login().status_code == 200
    assert auth.client.get("/me").status_code == 200


def test_a_new_password_replaces_the_old_one_and_ends_the_sessions(
    operator: Operator, auth: AuthActions
) -> None:
    auth.become()
    operator.run("users", "set-password", USERNAME, "--password-stdin", given=NEW_PASSWORD)

    assert auth.client.get("/me").status_code == 401
    assert auth.client.get("/me", headers=basic()).status_code == 401
    assert auth.client.get("/me", headers=basic(password=NEW_PASSWORD)).status_code == 200


def test_a_weak_new_password_changes_nothing(operator: Operator, auth: AuthActions) -> None:
    auth.become()
    operator.run("users", "set-password", USERNAME, "--password-stdin", given="12345678", code=1)

    assert auth.client.get("/me").status_code == 200


@pytest.mark.parametrize(("answer", "code", "left"), [("y\n", 0, 0), ("n\n", 1, 1), ("\n", 1, 1), ("", 1, 1)])
def test_delete_needs_a_confirmation(operator: Operator, answer: str, code: int, left: int) -> None:
    operator.create()
    asked = operator.run("users", "delete", USERNAME, given=answer, code=code)

    assert "Permanently delete “alice” and 0 bytes of files? This can't be undone. [y/N]" in asked.stderr
    assert len(operator.document("users", "list")["users"]) == left


def test_delete_with_yes_does_not_ask(operator: Operator, auth: AuthActions) -> None:
    auth.become()
    told = operator.run("users", "delete", USERNAME, "--yes")

    assert told.stderr == ""
    assert auth.client.get("/me").status_code == 401
    assert auth.register().status_code == 201


@pytest.mark.parametrize("command", ["disable", "enable", "delete", "set-password"])
def test_an_unknown_user_is_named_with_control_characters_escaped(operator: Operator, command: str) -> None:
    refused = operator.run("users", command, "no\x1b[2Jbody", code=1)

    assert refused.stderr == "Error: There is no user “no\\x1b[2Jbody”.\n"


def test_an_unexpected_error_is_not_hidden(operator: Operator) -> None:
    with operator.app.app_context(), for_writing(db.engine).begin() as connection:
        connection.execute(text("DROP TABLE throttle"))

    with pytest.raises(DBAPIError, match=r"no such table|does not exist"):
        operator.run("storage", "sweep")


@pytest.mark.sqlite("its file")
def test_a_damaged_database_is_one_error_line(operator: Operator, auth: AuthActions, tmp_path: Path) -> None:
    operator.create()
    for file in (tmp_path / "instance").glob("cabinet.db*"):
        file.write_bytes(b"no database at all" * 100)
    refused = operator.run("users", "list", code=1)

    assert refused.stderr.startswith("Error: The server could not use its disk (SQLITE_")
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("given", "quota"),
    [
        ("1000", 1000),
        ("0", 0),
        ("10G", 10 * 10**9),
        ("10 GB", 10 * 10**9),
        ("1.5MiB", 3 << 19),
        ("2t", 2 * 10**12),
        ("none", None),
        ("None", None),
    ],
)
def test_a_quota_is_set_in_bytes_or_larger_units(operator: Operator, given: str, quota: int | None) -> None:
    operator.create()
    operator.run("users", "set-quota", USERNAME, "5")
    operator.run("users", "set-quota", USERNAME, given)

    assert operator.document("users", "list")["users"][0]["quota"] == quota


@pytest.mark.parametrize("given", ["", " ", "-5", "10X", "ten", "1.5", "1e9", "nan", "9" * 30, "99999P"])
def test_an_invalid_quota_changes_nothing(operator: Operator, given: str) -> None:
    operator.create()
    operator.run("users", "set-quota", USERNAME, "5")
    operator.run("users", "set-quota", USERNAME, "--", given, code=2)

    assert operator.document("users", "list")["users"][0]["quota"] == 5


def test_the_quota_of_an_unknown_user_is_refused(operator: Operator) -> None:
    assert "There is no user" in operator.run("users", "set-quota", "nobody", "5", code=1).stderr


def test_set_quota_prints_usage_and_quota(operator: Operator) -> None:
    operator.create()
    limited = operator.run("users", "set-quota", USERNAME, "5M")
    free = operator.run("users", "set-quota", USERNAME, "none")

    assert limited.stdout == f"“{USERNAME}” uses 0 bytes and may store 5 MB.\n"
    assert free.stdout == f"“{USERNAME}” uses 0 bytes and may store an unlimited amount.\n"
    assert operator.run("users", "list").stdout.startswith(f"{USERNAME}: 0 bytes, since ")


def test_a_wrong_usage_is_found_and_recounted(operator: Operator, tmp_path: Path) -> None:
    operator.create()
    operator.create("bob")
    (tmp_path / "note.txt").write_text("content")
    operator.run("files", "import", USERNAME, tmp_path / "note.txt")
    with operator.app.app_context(), writing(db.session()):
        db.session.execute(text("""UPDATE space SET usage = 5"""))
    told = operator.run("storage", "verify", code=1)
    found = operator.document("storage", "verify", code=1)["findings"]
    alone = operator.document("users", "recount", "bob")
    everybody = operator.run("users", "recount")

    assert told.stdout.splitlines() == [
        "wrong-usage: alice (expected 7 bytes, found 5 bytes)",
        "wrong-usage: bob (expected 0 bytes, found 5 bytes)",
    ]
    assert found[1] == {"fault": "wrong-usage", "username": "bob", "usage": 5, "counted": 0}
    counted = {"username": "bob", "usage": 0, "before": 5, "entries": 0, "entries_before": 0}
    counted["folders_mended"] = 0
    assert alone == {"users": [counted]}
    assert everybody.stdout == "alice: 7 bytes, was 5 bytes\nbob: 0 bytes\n"
    assert operator.document("storage", "verify") == {"findings": []}


def test_a_wrong_number_of_entries_is_found_and_recounted(operator: Operator, tmp_path: Path) -> None:
    operator.create()
    (tmp_path / "note.txt").write_text("content")
    operator.run("files", "import", USERNAME, tmp_path / "note.txt")
    with operator.app.app_context(), writing(db.session()):
        db.session.execute(text("""UPDATE space SET entries = 5"""))
    told = operator.run("storage", "verify", code=1)
    found = operator.document("storage", "verify", code=1)["findings"]
    recounted = operator.run("users", "recount")

    assert told.stdout == "wrong-entries: alice (expected 1, found 5)\n"
    assert found == [{"fault": "wrong-entries", "username": "alice", "entries": 5, "counted": 1}]
    assert recounted.stdout == "alice: 7 bytes; 1 files and folders, was 5\n"
    assert operator.document("storage", "verify") == {"findings": []}


def test_a_wrong_folder_count_is_found_and_corrected(operator: Operator, tmp_path: Path) -> None:
    operator.create()
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "note.txt").write_text("content")
    operator.run("files", "import", USERNAME, tmp_path / "docs")
    with operator.app.app_context(), writing(db.session()):
        db.session.execute(text("""UPDATE node SET tree_size = 9 WHERE name = 'docs'"""))
        db.session.execute(text("""UPDATE node SET tree_size = 9 WHERE parent_id IS NULL"""))
    told = operator.run("storage", "verify", code=1)
    found = operator.document("storage", "verify", code=1)["findings"]
    recounted = operator.run("users", "recount")

    assert told.stdout == (
        "wrong-folder: alice:docs (expected 1 entries with 7 bytes, 1 files with 7 bytes in all,"
        " found 1 entries with 7 bytes, 1 files with 9 bytes in all)\n"
    )
    assert [(each["fault"], each["folder"]) for each in found] == [("wrong-folder", "alice:docs")]
    assert (found[0]["stored"]["tree_size"], found[0]["counted"]["tree_size"]) == (9, 7)
    assert recounted.stdout == "alice: 7 bytes; 1 folders corrected\n"
    assert operator.document("storage", "verify") == {"findings": []}
