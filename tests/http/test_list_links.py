"""The same rows for another face, whose addresses are its own.

Rule: the face of these tests is no part of the application; nobody is signed in to it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from flask import Blueprint, Flask, render_template
from flask.testing import FlaskClient

from cabinet.services.tree.entries import Entry, Insides
from cabinet.services.tree.paging import Order
from cabinet.web.listing.links import Links
from cabinet.web.listing.navigation import way_back
from cabinet.web.listing.rows import Listing, RowMaker, sortable_columns, whole
from tests.support.visitors import NAVIGATION

pytestmark = pytest.mark.any_database

ADDRESS = re.compile(r'\s(?:href|src|action|formaction)="([^"]*)"')
TOKEN = "k3y"
BELOW = f"/shelf/{TOKEN}/"

NOW = datetime(2026, 5, 4, tzinfo=UTC)
FOLDER = Entry("folder", "sub", "trip/sub", None, None, None, NOW, NOW, Insides(2, 5, 1234, None))
PICTURE = Entry("file", "a b.jpg", "trip/a b.jpg", 3, "0" * 64, "image/jpeg", NOW, NOW)

shelf = Blueprint("shelf", __name__, url_prefix="/shelf/<token>")


def links_of(token: str) -> Links:
    return Links(
        root="Holidays",
        folder="shelf.index",
        file="shelf.file",
        archive="shelf.archive",
        thumbnail="shelf.thumbnail",
        values={"token": token},
    )


def page(token: str, *entries: Entry, found: bool = False) -> str:
    links, order = links_of(token), Order()
    maker = RowMaker(links)
    rows = [maker.found(each) if found else maker.row(each) for each in entries]
    columns = sortable_columns(links, "trip", order)
    listing = Listing(links, "folder", whole(rows), columns, back=way_back(links, "trip/x"), order=order)
    shown = render_template(
        "listing/_list.html",
        listing=listing,
        folder="trip",
        breadcrumbs=[("trip", "trip")],
        totals=Insides(len(entries), files=1, size=3, mark=None),
        is_first=True,
    )
    return f'{shown}<a href="{listing.address("grid")}">as tiles</a>'


@shelf.get("/")
def index(token: str) -> str:
    return page(token, FOLDER, PICTURE)


@shelf.get("/empty")
def empty(token: str) -> str:
    return page(token)


@shelf.get("/found")
def found(token: str) -> str:
    return page(token, PICTURE, found=True)


for rule, name in (("/file/<path:path>", "file"), ("/zip", "archive"), ("/small/<path:path>", "thumbnail")):
    shelf.add_url_rule(rule, name, lambda **_: "", methods=["GET", "POST"])


@pytest.fixture
def visitor(app: Flask) -> FlaskClient:
    app.register_blueprint(shelf)
    return app.test_client()


@pytest.mark.parametrize("address", ["", "empty", "found", "?view=grid&sort=size"])
def test_every_address_in_a_list_is_one_of_the_face_that_shows_it(visitor: FlaskClient, address: str) -> None:
    shown = visitor.get(BELOW + address, headers=NAVIGATION).text

    addresses = {each for each in ADDRESS.findall(shown) if not each.startswith("/static/")}
    assert addresses
    assert {each for each in addresses if not each.startswith(BELOW)} == set()


def test_rows_lead_to_the_content_and_the_folders_of_their_face(visitor: FlaskClient) -> None:
    shown = visitor.get(BELOW, headers=NAVIGATION).text

    assert f'href="{BELOW}?path=trip/sub"' in shown
    assert f'href="{BELOW}file/trip/a%20b.jpg"' in shown
    assert f'src="{BELOW}small/trip/a%20b.jpg?size=64' in shown
    assert f'name="next" value="{BELOW}?path=trip"' in shown
    assert f'formaction="{BELOW}zip"' in shown
    assert f'href="{BELOW}file/trip"' in shown
    assert f'href="{BELOW}?view=grid"' in shown


def test_what_a_face_does_not_have_nothing_leads_to(visitor: FlaskClient) -> None:
    shown = visitor.get(BELOW, headers=NAVIGATION).text

    assert "Delete" not in shown
    assert "Move or copy" not in shown
    assert re.findall(r"<a[^>]*row-menu", shown) == []
