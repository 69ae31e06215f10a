"""`flask backup`: refused folders and backups, which are left unchanged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine

from cabinet.services.backups.backup_folder import MANIFEST, MARK
from tests.cli.backup.conftest import Store, change
from tests.conftest import MakeApp
from tests.support.contents import everything_in
from tests.support.operators import Operator


def test_folders_in_the_store_and_foreign_folders_are_refused(
    operator: Operator, tmp_path: Path, store: Store
) -> None:
    store(a="first")
    (tmp_path / "link").symlink_to(tmp_path / "instance")
    places = {
        tmp_path / "instance": "it is inside the data",
        tmp_path / "instance" / "blobs" / "ab": "it is inside the data",
        tmp_path / "link" / "new": "it is inside the data",
        tmp_path / "files": "contains other files",
        tmp_path / "files" / "a": "is not a folder",
        tmp_path / "files" / "a" / "b": "is not a folder",
        tmp_path: "contains other files",
    }
    before = everything_in(tmp_path / "files")
    for place, reason in places.items():
        assert reason in operator.run("backup", "create", place, code=1).stderr

    assert everything_in(tmp_path / "files") == before
    assert not (tmp_path / "instance" / MARK).exists()


@pytest.mark.parametrize("command", ["restore", "verify"])
def test_an_invalid_backup_is_refused(other: Operator, tmp_path: Path, command: str) -> None:
    (tmp_path / "empty").mkdir()
    for place in (tmp_path / "empty", tmp_path / "missing"):
        assert "there is no backup in it" in other.run("backup", command, place, code=1).stderr
    assert other.document("users", "list") == {"users": []}


def escape(backup: Path) -> None:
    database = json.loads((backup / MANIFEST).read_text())["database"]
    change(backup, database=database | {"name": "../outside"})


def change_kind(backup: Path) -> None:
    kind = json.loads((backup / MANIFEST).read_text())["kind"]
    change(backup, kind="postgresql" if kind == "sqlite" else "sqlite")


def nest(backup: Path) -> None:
    (backup / MANIFEST).write_text("[" * 60_000)


def swap_for_a_link(backup: Path) -> None:
    [database] = backup.glob("database-*")
    database.rename(backup.parent / "outside")
    database.symlink_to(backup.parent / "outside")


def cut(name: str) -> Callable[[Path], None]:
    def damage(backup: Path) -> None:
        [found] = backup.glob(f"{name}*")
        found.write_bytes(found.read_bytes()[:-20])

    return damage


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a manifest that is cut": (cut("manifest"), "is damaged"),
    "a manifest that is too deep": (nest, "is damaged"),
    "a database that is cut": (cut("database"), "is damaged"),
    "an index that is cut": (cut("index"), "is damaged"),
    "a name that leads elsewhere": (escape, "is damaged"),
    "a link in place of the database": (swap_for_a_link, "is damaged"),
    "a later format": (
        lambda backup: change(backup, format=2, database="?"),
        "a newer release has created it",
    ),
    "a later revision": (lambda backup: change(backup, revision="9999"), "revision 9999"),
    "a database of the other kind": (change_kind, "another kind of database"),
    "a database of no kind": (lambda backup: change(backup, kind="other"), "is damaged"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_inconsistent_backup_is_not_restored(
    operator: Operator, store: Store, backup: Path, other: Operator, damage: str
) -> None:
    store(a="first")
    operator.run("backup", "create", backup)
    do, reason = DAMAGES[damage]
    do(backup)

    assert reason in other.run("backup", "restore", backup, code=1).stderr
    assert other.document("users", "list") == {"users": []}


def test_restore_refuses_an_instance_with_accounts(operator: Operator, backup: Path, other: Operator) -> None:
    operator.run("backup", "create", backup)
    other.create("bob")
    refused = other.run("backup", "restore", backup, code=1)

    assert "already has accounts" in refused.stderr
    assert [user["username"] for user in other.document("users", "list")["users"]] == ["bob"]


def test_restore_refuses_an_instance_in_use(
    operator: Operator, backup: Path, make_app: MakeApp, tmp_path: Path
) -> None:
    operator.run("backup", "create", backup)
    served = Operator(make_app(INSTANCE=tmp_path / "other"))
    refused = served.run("backup", "restore", backup, code=1)

    assert "a server is running on it. Stop it first." in refused.stderr
    assert served.document("users", "list") == {"users": []}


@pytest.mark.postgresql
def test_restore_refuses_a_database_in_use(operator: Operator, backup: Path, other: Operator) -> None:
    operator.run("backup", "create", backup)
    with create_engine(other.app.config["DATABASE_URL"], poolclass=NullPool).connect():
        refused = other.run("backup", "restore", backup, code=1)

    assert "other programs are connected to the database" in refused.stderr
    other.run("backup", "restore", backup)


def test_create_refuses_the_backup_of_another_instance(
    operator: Operator, store: Store, backup: Path, other: Operator
) -> None:
    store(a="first")
    operator.run("backup", "create", backup)
    before = everything_in(backup)
    refused = other.run("backup", "create", backup, code=1)

    assert "it contains a backup of another instance. Choose another folder." in refused.stderr
    assert everything_in(backup) == before
