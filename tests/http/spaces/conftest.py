"""Fixtures for team spaces: one of alice's, with a file; she is no administrator."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.conftest import MakeApp
from tests.support.visitors import Program

Join = Callable[..., Program]


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """Return an application on which everyone makes team spaces."""
    return make_app(SPACES="everyone")


@pytest.fixture
def team(alice: Program) -> str:
    """Return the address of a team space of alice's, which is `Team` in her root."""
    made = alice.request("POST", "/spaces", json={"name": "Team"})
    assert made.status_code == 201, made.text
    alice.put("/files/Team/docs/plan.txt", b"the plan")
    return f"/spaces/{made.get_json()['id']}"


@pytest.fixture
def join(app: Flask, alice: Program, team: str) -> Join:
    """Return what makes a new user a member in a role."""

    def add(name: str, role: str) -> Program:
        member = Program(app, name)
        answer = alice.request("PUT", f"{team}/members/{name}", json={"role": role})
        assert answer.status_code == 200, answer.text
        return member

    return add
