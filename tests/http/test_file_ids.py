"""The random numbers by which sync clients know files and folders."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from cabinet.extensions import db
from cabinet.models import Node
from tests.support.visitors import Program

pytestmark = pytest.mark.database


def file_ids(app: Flask) -> dict[int, int]:
    """Return the numbers of all nodes, by row id."""
    with app.app_context():
        return {row.id: row.file_id for row in db.session.execute(select(Node.id, Node.file_id))}


def test_every_node_gets_a_number_of_its_own_however_it_is_made(app: Flask, alice: Program) -> None:
    for number in range(20):
        alice.put(f"/files/tree/{number % 3}/{number}", b"content")
    alice.upload([(f"{number}", b"content") for number in range(20)])
    alice.request("POST", "/folders", json={"path": "made"})
    alice.request("POST", "/copies", json={"from": ["tree"], "to": "a copy"})

    numbers = file_ids(app).values()

    assert len(numbers) > 60
    assert len(set(numbers)) == len(numbers)
    assert all(0 < number < 2**53 for number in numbers)
    # Random: half of them are in the upper half of the range, not the first ones.
    assert max(numbers) > 2**48


def test_a_number_stays_when_the_file_is_moved_changed_and_restored(app: Flask, alice: Program) -> None:
    alice.put("/files/a/f", b"content")
    before = file_ids(app)

    alice.request("POST", "/moves", json={"from": ["a/f"], "to": "b"})
    alice.put("/files/b", b"other content")
    alice.delete("/files/b")
    trashed = alice.get("/trash").get_json()["entries"][0]["id"]
    assert alice.request("POST", f"/trash/{trashed}/restore").status_code == 200

    after = file_ids(app)
    assert {node_id: after[node_id] for node_id in before} == before
