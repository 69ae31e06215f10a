"""What the pages of links say and leave out, to people, messengers and search engines."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.http.links.conftest import RIGHTS, Share
from tests.support.visitors import NAVIGATION, Browser, Program

_META = re.compile(r'<meta property="og:(\w+)"\s+content="([^"]*)"')


def told(app: Flask, link: str) -> dict[str, str]:
    """Return what a page tells a messenger."""
    return dict(_META.findall(Browser(app).get(link).text))


def test_messengers_are_told_the_name_and_the_size(app: Flask, share: Share) -> None:
    about = {"type": "website", "site_name": "Cabinet"}

    assert told(app, share("work/shared/f")) == {**about, "title": "f", "description": "7 bytes"}
    assert told(app, share("work/shared", name="Ours")) == {
        **about,
        "title": "Ours",
        "description": "11 bytes",
    }
    # What is in the folder is not for those who only add to it.
    assert told(app, share(rights=RIGHTS["drop"], name="Send it")) == {**about, "title": "Send it"}


def test_nobody_is_told_anything_of_a_protected_link(app: Flask, share: Share) -> None:
    link = share("work/shared", name="Ours", note="Hello", password="s3same")
    page = Browser(app).get(link)

    assert page.status_code == 401
    assert all(word not in page.text for word in ("Ours", "Hello", "og:", "shared"))
    assert 'name="robots" content="noindex"' in page.text
    unlocked = Browser(app)
    unlocked.post(f"{link}/unlock", {"password": "s3same"}, page=f"{link}/unlock")
    opened = unlocked.get(link).text
    assert "Ours" in opened
    assert "og:" not in opened


@pytest.mark.parametrize("name", RIGHTS)
def test_a_page_offers_what_the_link_allows(app: Flask, share: Share, name: str) -> None:
    link, rights = share(rights=RIGHTS[name]), RIGHTS[name]
    page = Browser(app).get(link).text

    assert f'data-rights="{" ".join(rights)}"' in page
    assert (f"{link}/download" in page) == ("read" in rights)
    assert (f"{link}/upload" in page) == ("write" in rights)
    assert (f"{link}/index/folders" in page) == ({"write", "list"} <= {*rights})
    assert (f"{link}/index/delete" in page) == ("delete" in rights)
    assert (f"{link}/search" in page) == ("list" in rights)
    assert not re.search(r'href="/(index|trash|account|logout)', page)


def test_no_view_of_a_link_leads_into_an_account(app: Flask, share: Share, owner: Program) -> None:
    link, browser = share(rights=RIGHTS["all"]), Browser(app)
    for page in ("", "?path=d", "/search?q=f", "/index/arrange?path=f", "?view=grid&sort=size"):
        text = browser.get(link + page).text
        inside = re.findall(r'(?:href|src|action|formaction)="(/[^"#]*)', text)
        strange = {each for each in inside if not each.startswith((link, "/static/", "/help", "/language"))}
        assert strange <= {"/"}, page


def test_the_view_and_the_order_are_remembered_for_guests(app: Flask, share: Share) -> None:
    browser, link = Browser(app), share()
    browser.get(f"{link}?view=grid&sort=size&order=desc")

    page = browser.get(share("work")).text

    assert 'data-view="grid"' in page
    assert 'data-sort="size"' in page


def test_a_guest_is_told_only_that_there_is_no_room(app: Flask, share: Share) -> None:
    link, browser = share(rights=RIGHTS["edit"], max_files=1, max_size=10), Browser(app)
    token = browser.token(link)
    full = browser.client.put(
        f"{link}/files/large",
        data=b"x" * 11,
        headers={**NAVIGATION, "Accept": "text/html", "X-CSRFToken": token},
    )
    assert full.status_code == 507
    assert full.content_type == "application/problem+json"
    assert "10" not in full.get_json()["detail"]
