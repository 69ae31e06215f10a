"""`flask spaces`: team spaces."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from tests.support.operators import Operator


@pytest.fixture
def operator(app: Flask) -> Operator:
    """Return the operator of an instance with two accounts."""
    operator = Operator(app)
    for name in ("alice", "bob"):
        operator.create(name)
    return operator


def made(operator: Operator, *words: str) -> str:
    """Create a team space; return its id."""
    return operator.run("spaces", "create", *words).stdout.rpartition(" ")[2].strip()


def test_spaces_are_created_limited_listed_and_deleted(operator: Operator) -> None:
    space_id = made(operator, "Team", "--quota", "1G", "--manager", "ALICE")
    operator.run("spaces", "add", "Team", "bob", "--role", "viewer")

    assert operator.run("spaces", "list").stdout == f"{space_id}  0 bytes of 1 GB  Team\n"
    assert (
        operator.run("spaces", "show", space_id).stdout
        == "Team: 0 bytes of 1 GB\nalice: manager\nbob: viewer\n"
    )
    shown = operator.document("spaces", "show", "Team")
    assert shown["members"] == [
        {"username": "alice", "role": "manager"},
        {"username": "bob", "role": "viewer"},
    ]
    assert operator.document("spaces", "list")["spaces"] == [
        {"id": space_id, "name": "Team", "usage": 0, "entries": 0, "quota": 10**9}
    ]
    assert operator.run("spaces", "set-quota", "Team", "none").stdout == "Team: 0 bytes\n"
    assert operator.run("spaces", "rename", "Team", "Crew").stdout == "Renamed to “Crew”.\n"
    operator.run("spaces", "remove", "Crew", "bob")
    assert operator.run("spaces", "show", "Crew").stdout == "Crew: 0 bytes\nalice: manager\n"
    operator.run("spaces", "delete", "Crew", given="n\n", code=1)
    operator.run("spaces", "delete", "Crew", "--yes")
    assert operator.run("spaces", "list").stdout == ""


def test_names_that_lead_nowhere_or_to_several_spaces_are_errors(operator: Operator) -> None:
    ids = [made(operator, "Team") for _ in range(2)]
    assert "There is no team space “x”." in operator.run("spaces", "show", "x", code=1).stderr
    told = operator.run("spaces", "delete", "Team", "--yes", code=1).stderr
    assert all(each in told for each in ids)
    assert "There is no user “nobody”." in operator.run("spaces", "add", ids[0], "nobody", code=1).stderr
    assert "is not a member" in operator.run("spaces", "remove", ids[0], "bob", code=1).stderr
    operator.run("spaces", "set-quota", ids[0], "", code=2)
    operator.run("spaces", "set-quota", ids[0], "much", code=2)


def test_files_of_a_space_are_imported_verified_recounted_and_exported(
    operator: Operator, tmp_path: Path
) -> None:
    label = f"space:{made(operator, 'Team', '--manager', 'alice')}"
    (tmp_path / "plan.txt").write_text("the plan")
    operator.run("files", "import", label, str(tmp_path / "plan.txt"), "--to", "docs")

    assert "docs/plan.txt" in operator.run("files", "list", label, "-r").stdout
    operator.run("files", "export", label, str(tmp_path / "out"))
    assert (tmp_path / "out" / "docs" / "plan.txt").read_text() == "the plan"
    assert "No errors found." in operator.run("storage", "verify").stderr
    assert "1 of teams" in operator.run("storage", "stats").stdout
    assert operator.run("spaces", "recount").stdout == "Team: 8 bytes\n"
    assert "There is no team space" in operator.run("files", "list", "space:x", code=1).stderr
