"""`flask groups`: groups of users."""

from __future__ import annotations

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


def test_groups_are_created_listed_shown_and_deleted(operator: Operator) -> None:
    assert operator.run("groups", "create", "Sales").stdout == "The group “Sales” was created.\n"
    assert operator.run("groups", "add", "sales", "ALICE").stdout == "“alice” is a member of “sales”.\n"
    operator.run("groups", "add", "Sales", "bob", "--manager")

    assert operator.run("groups", "list").stdout == "Sales: 2 members\n"
    assert operator.run("groups", "show", "Sales").stdout == "Sales: 2 members\nalice: member\nbob: manager\n"
    (listed,) = operator.document("groups", "list")["groups"]
    shown = operator.document("groups", "show", "Sales")
    assert (listed["name"], listed["members"], listed["id"]) == ("Sales", 2, shown["id"])
    assert shown["members"] == [
        {"username": "alice", "role": "member"},
        {"username": "bob", "role": "manager"},
    ]

    operator.run("groups", "remove", "Sales", "bob")
    assert operator.run("groups", "list").stdout == "Sales: 1 member\n"
    operator.run("groups", "delete", "Sales", given="n\n", code=1)
    operator.run("groups", "delete", "Sales", "--yes")
    assert operator.run("groups", "list").stdout == ""


def test_unknown_names_are_errors(operator: Operator) -> None:
    operator.run("groups", "create", "Sales")

    assert "There is no group “x”." in operator.run("groups", "show", "x", code=1).stderr
    assert "There is no user “nobody”." in operator.run("groups", "add", "Sales", "nobody", code=1).stderr
    told = operator.run("groups", "remove", "Sales", "bob", code=1).stderr
    assert "“bob” is not in the group “Sales”." in told
    assert "already exists" in operator.run("groups", "create", "SALES", code=1).stderr
