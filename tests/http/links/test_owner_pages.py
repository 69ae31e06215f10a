"""The pages on which owners make and change links: the forms that the Share dialog shows, too."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from cabinet.errors import SharingForbidden
from cabinet.services.shares.policy import ALREADY_PAST, NEEDS_PASSWORD
from tests.conftest import MakeApp
from tests.http.links.conftest import RIGHTS, Share, Visitor
from tests.support.pages import refused, said
from tests.support.visitors import Browser, Program
from tests.support.wording import detail_of, in_language

Create = Callable[..., dict[str, Any]]


@pytest.fixture
def window(browser: Browser, owner: Program) -> Browser:
    """Return a browser in which alice, who has some files, is signed in."""
    browser.sign_in("alice")
    return browser


def link_of(owner: Program) -> dict[str, Any]:
    """Return the only link of alice's."""
    (link,) = owner.get("/shares").get_json()["shares"]
    found: dict[str, Any] = link
    return found


def day_in(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def field_of(page: str, name: str) -> str:
    """Return the element of a field of a page."""
    (found,) = re.findall(rf'<(?:input|select)\b[^>]*\bname="{name}"[^>]*>', " ".join(page.split()))
    return str(found)


def default_day(page: str) -> str:
    (day,) = re.findall(r'value="([^"]*)"', field_of(page, "expires_at"))
    return str(day)


def test_a_link_is_made_by_a_form_and_shown_with_its_address(window: Browser, owner: Program) -> None:
    form = unescape(window.get("/share?path=work/shared").text)
    assert default_day(form) == day_in(7)

    made = window.post(
        "/share/links",
        {"path": "work/shared", "rights": "upload", "expires_at": default_day(form), "password": "secret",
         "max_downloads": "3", "max_size": "0.5", "max_files": "7", "name": "Photos", "note": "Hello", "notify": "y"},
        "/share?path=work/shared",
    )  # fmt: skip

    link = link_of(owner)
    shown = said(window, made)
    assert f">{link['url']}</code>" in shown
    assert (link["paths"], link["rights"], link["has_password"]) == (["work/shared"], RIGHTS["edit"], True)
    assert (link["max_downloads"], link["max_size"], link["max_files"]) == (3, 500_000_000, 7)
    assert (link["name"], link["note"], link["notify"]) == ("Photos", "Hello", True)
    # An unchanged day is the moment of the policy, to the second.
    left = datetime.fromisoformat(link["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)
    assert link["url"] in window.get("/share?path=work/shared").text
    assert link["url"] in window.get("/shared").text


def test_limits_that_the_rights_do_not_have_are_dropped(window: Browser, owner: Program) -> None:
    window.post(
        "/share/links",
        {"path": "work/shared", "rights": "drop", "max_downloads": "3", "max_files": "5"},
        "/share?path=work/shared",
    )

    link = link_of(owner)
    assert (link["kind"], link["max_downloads"], link["max_files"]) == ("request", None, 5)
    assert link["expires_at"] is None


def test_a_selection_is_shared_by_one_link(window: Browser, owner: Program) -> None:
    paths = ["work/shared/f", "other"]
    page = window.post("/share", {"path": paths}, "/shared")
    assert page.status_code == 200
    assert 'value="upload"' not in field_of(page.text, "rights") + page.text
    assert all(f'name="path" value="{path}"' in page.text for path in paths)

    said(window, window.post("/share/links", {"path": paths, "rights": "view"}, "/shared"))

    assert link_of(owner)["paths"] == paths


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"expires_at": "2020-01-01"}, in_language(ALREADY_PAST, "en")),
        ({"expires_at": "soon"}, "soon"),
        ({"max_downloads": "0"}, "max_downloads"),
        ({"max_size": "1e400", "rights": "upload"}, "max_size"),
        ({"max_size": "NaN", "rights": "upload"}, "max_size"),
        ({"rights": "everything"}, "rights"),
        ({"name": "x" * 101}, "x" * 101),
    ],
    ids=str,
)
def test_a_refused_form_is_shown_again(
    window: Browser, owner: Program, fields: dict[str, str], why: str
) -> None:
    sent = {"path": "work/shared", "rights": "view", "note": "kept text", **fields}

    page = refused(window.post("/share/links", sent, "/shared"), 422)

    assert why in page
    assert "kept text" in page
    assert "field-error" in page or "notice-error" in page
    assert owner.get("/shares").get_json()["shares"] == []


def test_options_are_changed_and_the_password_stays_unless_it_is_named(
    window: Browser, owner: Program, share: Share, visitor: Visitor
) -> None:
    address = share(password="secret", max_downloads=5)
    before = link_of(owner)
    page = window.get(f"/shared/{before['id']}").text
    kept = {"rights": "view", "expires_at": default_day(page), "max_downloads": "5"}

    def change(**fields: str) -> dict[str, Any]:
        path = f"/shared/{before['id']}"
        said(window, window.post(f"{path}/change", {**kept, **fields}, path))
        return link_of(owner)

    assert change(name="Photos") == before | {"name": "Photos"}
    assert change(rights="names") == before | {"rights": RIGHTS["names"], "max_downloads": None}
    assert visitor.get(address).status_code == 401
    assert not change(remove_password="y")["has_password"]
    assert visitor.get(address).status_code == 200
    assert change(password="other")["has_password"]
    assert change(expires_at="")["expires_at"] is None
    past = window.post(f"/shared/{before['id']}/change", {**kept, "expires_at": "2020-01-01"}, "/shared")
    assert in_language(ALREADY_PAST, "en") in refused(past, 422)


@pytest.mark.parametrize(("zone", "hour"), [("180", 20), ("-480", 7), ("", 23), ("junk", 23), ("99999", 23)])
def test_a_day_ends_in_the_time_zone_of_the_browser(
    window: Browser, owner: Program, zone: str, hour: int
) -> None:
    window.post(
        "/share/links",
        {"path": "other", "rights": "view", "expires_at": "2099-05-05", "zone": zone},
        "/shared",
    )

    expires = datetime.fromisoformat(link_of(owner)["expires_at"])
    assert (expires.hour, expires.minute, expires.second) == (hour, 59, 59)
    assert expires.date().isoformat() == ("2099-05-06" if zone == "-480" else "2099-05-05")


def test_the_last_day_of_the_policy_can_be_selected(make_app: MakeApp) -> None:
    app = make_app(SHARE_MAX_DAYS=3, SHARE_DEFAULT_DAYS=1)
    owner, window = Program(app, "carol"), Browser(app)
    owner.put("/files/f", b"1")
    window.sign_in("carol")

    assert default_day(window.get("/share?path=f").text) == day_in(1)
    window.post("/share/links", {"path": "f", "rights": "view", "expires_at": day_in(3)}, "/shared")

    left = datetime.fromisoformat(link_of(owner)["expires_at"]) - datetime.now(UTC)
    assert left <= timedelta(days=3)


def test_a_link_is_replaced_and_revoked(
    window: Browser, owner: Program, share: Share, visitor: Visitor
) -> None:
    old = share()
    link = link_of(owner)

    said(window, window.post(f"/shared/{link['id']}/renew", {}, "/shared"))
    new = link_of(owner)["url"].removeprefix("http://localhost")
    assert [visitor.get(each).status_code for each in (old, new)] == [404, 200]
    back = window.post(f"/shared/{link['id']}/revoke", {"next": "/share?path=work/shared"}, "/shared")

    assert back.headers["Location"] == "/share?path=work/shared"
    assert visitor.get(new).status_code == 404
    assert window.get(f"/shared/{link['id']}").status_code == 404


def test_links_of_others_have_no_page(app: Any, owner: Program, bob: Program, share: Share) -> None:
    share()
    link_id = link_of(owner)["id"]
    stranger = Browser(app)
    stranger.sign_in("bob")

    for action in ("", "/change", "/renew", "/revoke"):
        answer = (
            stranger.post(f"/shared/{link_id}{action}", {"rights": "view"}, "/shared")
            if action
            else stranger.get(f"/shared/{link_id}")
        )
        assert answer.status_code == 404, action
    assert link_of(owner)["state"] == "active"


def test_the_page_says_which_setting_forbids_links(make_app: MakeApp) -> None:
    app = make_app(SHARING="off")
    owner, window = Program(app, "carol"), Browser(app)
    owner.put("/files/f", b"1")
    window.sign_in("carol")

    for address in ("/share?path=f", "/shared"):
        page = unescape(window.get(address).text)
        assert detail_of(SharingForbidden, value="off") in page
        assert "/share/links" not in page
    assert window.post("/share/links", {"path": "f", "rights": "view"}, "/shared").status_code == 403


def test_a_password_is_asked_for_where_the_policy_requires_one(make_app: MakeApp) -> None:
    app = make_app(SHARE_PASSWORD="required")
    owner, window = Program(app, "carol"), Browser(app)
    owner.put("/files/f", b"1")
    window.sign_in("carol")

    assert re.search(r'id="new-password"[^>]* required', " ".join(window.get("/share?path=f").text.split()))
    page = window.post("/share/links", {"path": "f", "rights": "view"}, "/shared")
    assert in_language(NEEDS_PASSWORD, "en") in refused(page, 422)
    made = window.post("/share/links", {"path": "f", "rights": "view", "password": "secret"}, "/shared")
    assert link_of(owner)["url"] in said(window, made)


def test_an_address_that_the_key_no_longer_shows_can_be_replaced(
    make_app: MakeApp, window: Browser, owner: Program, share: Share
) -> None:
    share()
    link_id = link_of(owner)["id"]
    app = make_app(SECRET_KEY="another key of the same server, long enough")
    later = Browser(app)
    later.sign_in("alice")

    for address in ("/shared", "/share?path=work/shared", f"/shared/{link_id}"):
        page = later.get(address).text
        assert "<code" not in page, address
        assert f"/shared/{link_id}/renew" in page, address
    assert "<code" in said(later, later.post(f"/shared/{link_id}/renew", {}, "/shared"))


def test_states_are_shown_in_words(window: Browser, owner: Program, share: Share) -> None:
    def state() -> str:
        (found,) = re.findall(r'<span class="share-badge[^>]*>([^<]+)<', window.get("/shared").text)
        return str(found).strip()

    share("work/shared/f", expires_at=None, max_downloads=1)
    said_before = state()
    owner.delete("/files/work/shared/f")
    in_trash = state()
    owner.request("DELETE", "/trash")
    ended = state()

    assert len({said_before, in_trash, ended}) == 3
    assert "/index?path=work/shared" not in window.get("/shared").text


def test_many_links_take_several_pages(window: Browser, share: Share) -> None:
    made = [share("other/f", name=f"link {number}") for number in range(52)]

    first = unescape(window.get("/shared").text)
    (more,) = re.findall(r'href="(/shared\?after=[^"]+)"', first)
    second = window.get(more).text

    assert made[-1] in first
    assert made[0] not in first
    assert made[0] in second
    (rest,) = re.findall(
        r'href="(/share\?path=other/f&after=[^"]+)"', unescape(window.get("/share?path=other/f").text)
    )
    assert made[31] in window.get(rest).text


def test_a_program_gets_the_list_from_the_page_of_all_links(owner: Program, share: Share) -> None:
    share()

    assert owner.get("/shared").get_json() == owner.get("/shares").get_json()


def test_the_page_of_an_entry_leads_to_sharing_it(window: Browser, owner: Program) -> None:
    folder = unescape(window.get("/index/arrange?path=work").text)
    file = unescape(window.get("/index/arrange?path=other/f").text)

    assert 'formaction="/share"' in folder
    assert "/share?path=work&rights=drop" in folder
    assert "rights=drop" not in file
    assert re.search(
        r'<option selected value="drop">', " ".join(window.get("/share?path=work&rights=drop").text.split())
    )
    assert (
        '<input type="hidden" name="rights" value="view">'
        in window.get("/share?path=other/f&rights=drop").text
    )
