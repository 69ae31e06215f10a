"""The same list for another blueprint, with its own links.

Rule: the blueprint of these tests is not part of the application and needs no authentication.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from flask import Blueprint, Flask, render_template
from flask.testing import FlaskClient

from cabinet.services.tree.entries import Entry, FolderTotals
from cabinet.services.tree.paging import Order
from cabinet.web.listing.links import Links
from cabinet.web.listing.navigation import return_url
from cabinet.web.listing.rows import ListPage, RowMaker, sortable_columns, whole
from tests.support.visitors import NAVIGATION

ADDRESS = re.compile(r'\s(?:href|src|action|formaction)="([^"]*)"')
TOKEN = "k3y"
BELOW = f"/shelf/{TOKEN}/"

NOW = datetime(2026, 5, 4, tzinfo=UTC)
FOLDER = Entry("folder", "sub", "trip/sub", None, None, None, NOW, NOW, FolderTotals(2, 5, 1234, None))
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
    listing = ListPage(links, "folder", whole(rows), columns, back=return_url(links, "trip/x"), order=order)
    shown = render_template(
        "listing/_list.html",
        listing=listing,
        folder="trip",
        breadcrumbs=[("trip", "trip")],
        totals=FolderTotals(len(entries), files=1, size=3, mark=None),
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
def test_every_link_in_a_list_belongs_to_its_blueprint(visitor: FlaskClient, address: str) -> None:
    shown = visitor.get(BELOW + address, headers=NAVIGATION).text

    addresses = {each for each in ADDRESS.findall(shown) if not each.startswith("/static/")}
    assert addresses
    assert {each for each in addresses if not each.startswith(BELOW)} == set()


def test_rows_link_to_content_and_folders_of_their_blueprint(visitor: FlaskClient) -> None:
    shown = visitor.get(BELOW, headers=NAVIGATION).text

    assert f'href="{BELOW}?path=trip/sub"' in shown
    assert f'href="{BELOW}file/trip/a%20b.jpg"' in shown
    assert f'src="{BELOW}small/trip/a%20b.jpg?size=64' in shown
    assert f'name="next" value="{BELOW}?path=trip"' in shown
    assert f'formaction="{BELOW}zip"' in shown
    assert f'href="{BELOW}file/trip"' in shown
    assert f'href="{BELOW}?view=grid"' in shown


def test_missing_views_of_a_blueprint_are_not_linked(visitor: FlaskClient) -> None:
    shown = visitor.get(BELOW, headers=NAVIGATION).text

    selected = shown.partition('id="selection-actions"')[2].partition("</div>")[0]
    assert selected.count("<button") == selected.count(f'formaction="{BELOW}zip"') == 1
    assert re.findall(r"<a[^>]*row-menu", shown) == []
