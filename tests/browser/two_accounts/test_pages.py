"""Two accounts in two tabs of one browser: a page never works in the account of another.

Rule: the first tab shows one user's files; in the second somebody else signs in, as people do it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet
from playwright.sync_api import expect

from cabinet.web.page_user import USER_HEADER
from tests.browser.two_accounts.conftest import (
    change_user,
    come_back,
    is_untouched,
    name_of_other,
    notice,
    sign_in,
)
from tests.support import media
from tests.support.auth import PASSWORD
from tests.support.chromium import Visitor, awaken, file, press_letter
from tests.support.films import is_there
from tests.support.people import Person
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser


def slow(value: str) -> ParameterSet:
    """Return one more instance of what a quick run tries once."""
    return pytest.param(value, marks=pytest.mark.long)


def test_a_tab_learns_at_once_that_somebody_else_has_signed_in(anna: Visitor, boris: Person) -> None:
    asked: list[str] = []
    anna.page.on(
        "requestfinished", lambda request: asked.append(request.url) if "/me" in request.url else None
    )
    other = change_user(anna, name_of_other(anna))

    expect(notice(anna)).to_be_visible()
    # And does not ask again with each page that is turned to.
    before = len(asked)
    for path in ("/trash", "/index", "/account"):
        other.goto(path)
    other.close()
    assert len(asked) <= before + 1
    expect(notice(anna)).to_contain_text(f"This page belongs to {anna.username}.")
    expect(notice(anna).get_by_role("link", name=f"Show {name_of_other(anna)}'s files")).to_be_visible()


def test_one_way_on_shows_the_files_of_who_is_signed_in(anna: Visitor, boris: Person) -> None:
    change_user(anna, name_of_other(anna))

    notice(anna).get_by_role("link", name=f"Show {name_of_other(anna)}'s files").click()

    expect(anna.page.get_by_role("link", name=f"Account of {name_of_other(anna)}")).to_be_visible()
    expect(anna.page.locator("dialog[open]")).to_have_count(0)


def test_the_other_way_on_makes_the_page_work_again_and_tells_the_other_tab(
    anna: Visitor, boris: Person
) -> None:
    other = change_user(anna, name_of_other(anna))
    awaken(other)

    come_back(anna)

    told = other.get_by_role("dialog", name=f"You are signed in as {anna.username} now")
    expect(told).to_be_visible()
    expect(told.get_by_role("button", name=f"Sign in as {name_of_other(anna)}")).to_be_visible()
    anna.choose(file("late.txt"))
    expect(anna.row("late.txt")).to_be_visible()
    # A form, which carries the token of the new session.
    anna.page.get_by_role("button", name="Русский").click()
    expect(anna.page.get_by_role("heading", name="Ваши файлы")).to_be_visible()
    assert is_untouched(boris)


def test_the_notice_speaks_russian(anna: Visitor, boris: Person) -> None:
    anna.page.get_by_role("button", name="Русский").click()
    expect(anna.page.get_by_role("heading", name="Ваши файлы")).to_be_visible()
    page = anna.context.new_page()
    anna.context.request.post("/login", form={"username": name_of_other(anna), "password": PASSWORD})
    page.goto("/index")

    told = anna.page.get_by_role("dialog", name=f"Сейчас выполнен вход как {name_of_other(anna)}")

    expect(told.get_by_role("link", name=f"Показать файлы {name_of_other(anna)}")).to_be_visible()
    expect(told.get_by_role("button", name=f"Войти как {anna.username}")).to_be_visible()


def test_a_tab_that_heard_nothing_looks_when_it_comes_to_the_front(deaf: Visitor, boris: Person) -> None:
    page = deaf.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/me") else None)
    come = """() => [0, 1, 2].forEach(() => {
        document.dispatchEvent(new Event("visibilitychange"));
        window.dispatchEvent(new Event("focus"));
    })"""
    page.clock.install()
    page.clock.run_for(10_000)
    page.evaluate(come)
    wait_until(lambda: asked, what="a look")
    change_user(deaf, name_of_other(deaf))
    assert len(asked) == 1

    page.clock.run_for(10_000)
    page.evaluate(come)

    expect(notice(deaf)).to_be_visible()


@pytest.mark.long
def test_a_page_that_the_browser_had_put_aside_looks_when_it_shows_again(
    deaf: Visitor, boris: Person
) -> None:
    change_user(deaf, name_of_other(deaf))

    deaf.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")

    expect(notice(deaf)).to_be_visible()


def delete(visitor: Visitor, name: str) -> None:
    visitor.row(name).get_by_role("link", name=name, exact=True).focus()
    visitor.page.keyboard.press("Delete")


def test_deleting_happens_to_its_owner_or_not_at_all(deaf: Visitor, boris: Person) -> None:
    change_user(deaf, name_of_other(deaf))

    delete(deaf, "mine.txt")

    expect(notice(deaf)).to_be_visible()
    assert is_untouched(boris)
    assert "mine.txt" in deaf.person.hashes()
    come_back(deaf)
    expect(deaf.row("mine.txt")).to_have_count(0)
    assert is_untouched(boris)
    # What undoes it is of the same user.
    deaf.page.get_by_role("button", name="Undo").click()
    expect(deaf.row("mine.txt")).to_be_visible()
    assert deaf.person.get("mine.txt") == b"hers"


def test_a_new_folder_and_a_new_name_are_its_owners(deaf: Visitor, boris: Person) -> None:
    page = deaf.page
    change_user(deaf, name_of_other(deaf))
    page.get_by_role("button", name="New folder").click()
    page.get_by_role("textbox", name="Name of the folder").fill("hers alone")
    page.get_by_role("dialog").get_by_role("button", name="Make the folder").click()
    expect(notice(deaf)).to_be_visible()
    assert is_untouched(boris)

    come_back(deaf)

    expect(deaf.row("hers alone")).to_be_visible()
    change_user(deaf, name_of_other(deaf))
    deaf.row("mine.txt").get_by_role("link", name="mine.txt", exact=True).focus()
    page.keyboard.press("F2")
    page.get_by_label("New name of “mine.txt”").fill("hers.txt")
    page.keyboard.press("Enter")
    expect(notice(deaf)).to_be_visible()
    assert is_untouched(boris)


@pytest.mark.parametrize("name", [slow("mine.txt"), "photo.png"])
def test_a_preview_shows_nothing_of_another_and_comes_once_its_owner_is_back(
    deaf: Visitor, boris: Person, name: str
) -> None:
    page = deaf.page
    change_user(deaf, name_of_other(deaf))

    deaf.row(name).get_by_role("link", name=name, exact=True).click()

    expect(notice(deaf)).to_be_visible()
    stage = page.locator("#preview-stage")
    expect(stage.locator("img, pre")).to_have_count(0)
    come_back(deaf)
    if name == "mine.txt":
        expect(stage.locator("pre")).to_have_text("hers")
    else:
        expect(stage.locator("img")).to_be_visible()
        assert stage.locator("img").evaluate("image => image.naturalWidth") == 40


def test_pictures_in_the_list_lead_to_the_notice_and_come_back(deaf: Visitor, boris: Person) -> None:
    page = deaf.page
    sign = deaf.row("photo.png").locator(".sign")
    expect(sign).to_have_class(re.compile("has-picture"))
    change_user(deaf, name_of_other(deaf))
    page.evaluate("performance.now = () => 1e9")

    # Tiles want larger pictures, which this browser has not kept.
    page.get_by_role("link", name="As tiles").click()

    expect(notice(deaf)).to_be_visible()
    expect(sign).not_to_have_class(re.compile("has-picture"))
    come_back(deaf)
    expect(sign).to_have_class(re.compile("has-picture"))
    assert "size=256" in (sign.locator("img").get_attribute("src") or "")


def test_a_download_is_refused_and_the_page_says_so(deaf: Visitor, boris: Person) -> None:
    page = deaf.page
    downloads: list[str] = []
    page.on("download", lambda download: downloads.append(download.failure() or "saved"))
    change_user(deaf, name_of_other(deaf))
    deaf.row("mine.txt").get_by_role("link", name="mine.txt", exact=True).focus()

    press_letter(page, "s")

    expect(notice(deaf)).to_be_visible()
    assert "saved" not in downloads


@pytest.mark.parametrize("act", ["more", slow("sort"), slow("search")])
def test_a_list_of_another_is_never_shown_in_place(
    shelf: Visitor, expect_complaint: Callable[[str], None], act: str
) -> None:
    expect_complaint("status of 403")
    shelf.context.add_init_script("BroadcastChannel.prototype.postMessage = () => {}")
    boris = Person(shelf.server, name_of_other(shelf))
    boris.store("shelf/his.txt", b"his")
    page = shelf.open("/index?path=shelf")
    change_user(shelf, name_of_other(shelf))

    if act == "more":
        page.get_by_role("link", name="Show more").click()
    elif act == "sort":
        page.get_by_role("columnheader", name="Size").get_by_role("link").click()
    else:
        page.get_by_role("searchbox").fill("txt")

    expect(notice(shelf)).to_be_visible()
    assert shelf.names()[0] == "000.txt"
    assert "his.txt" not in shelf.names()
    expect(page).to_have_url(re.compile(r"/index\?path=shelf$"))


def test_every_request_of_the_scripts_says_whose_page_it_is_of(anna: Visitor, film: Path) -> None:
    anna.person.store("paper.pdf", media.pdf(["Words"]))
    anna.person.store("sound.wav", media.wav(1))
    page = anna.open()
    user = page.evaluate("document.body.dataset.user")
    silent: list[str] = []
    seen: set[str] = set()

    def look(request: object) -> None:
        kind, headers, url = request.resource_type, request.headers, request.url  # type: ignore[attr-defined]
        if "/static/" in url or request.is_navigation_request():  # type: ignore[attr-defined]
            return
        seen.add(kind)
        if headers.get(USER_HEADER.lower()) != user and f"user={user}" not in url:
            silent.append(url)

    page.on("request", look)
    anna.choose(file("small.txt"))
    expect(anna.row("small.txt")).to_be_visible()
    anna.choose(str(film))
    assert is_there(anna)
    delete(anna, "small.txt")
    page.get_by_role("button", name="Undo").click()
    expect(anna.row("small.txt")).to_be_visible()
    for name in ("mine.txt", "photo.png", "paper.pdf", "sound.wav"):
        anna.row(name).get_by_role("link", name=name, exact=True).click()
        expect(page.locator("#preview-stage").locator("pre, img, canvas, audio")).to_be_visible()
        page.keyboard.press("Escape")
    page.get_by_role("link", name="As tiles").click()
    page.get_by_role("searchbox").fill("mine")
    expect(page.locator("#found")).to_be_visible()

    assert silent == []
    assert seen >= {"fetch", "xhr", "image", "media"}


@pytest.mark.long
def test_a_copied_link_names_no_user(anna: Visitor) -> None:
    anna.context.grant_permissions(["clipboard-read", "clipboard-write"])
    anna.row("mine.txt").get_by_role("link", name="mine.txt", exact=True).focus()

    press_letter(anna.page, "c")

    expect(anna.page.get_by_role("status").filter(has_text="The link is copied.")).to_be_visible()
    assert anna.page.evaluate("navigator.clipboard.readText()") == f"{anna.server.url}/files/mine.txt"


@pytest.mark.parametrize(
    "path", ["/account", slow("/trash"), slow("/versions/mine.txt"), slow("/index/arrange?path=mine.txt")]
)
def test_pages_without_a_list_say_it_too(anna: Visitor, boris: Person, path: str) -> None:
    anna.page.goto(path)
    change_user(anna, name_of_other(anna))

    expect(notice(anna)).to_be_visible()
    come_back(anna)

    expect(anna.page.locator("dialog[open]")).to_have_count(0)


def test_signing_out_elsewhere_is_said_at_once_and_can_be_put_aside(anna: Visitor) -> None:
    page = anna.context.new_page()
    page.goto("/index")
    page.get_by_role("link", name="Sign out").click()
    question = anna.page.get_by_role("dialog", name="Sign in again")
    expect(question).to_be_visible()

    question.get_by_role("button", name="Not now").click()
    anna.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")

    expect(question).to_be_hidden()
    sign_in(page, anna.username)
    anna.choose(file("late.txt"))
    expect(anna.row("late.txt")).to_be_visible()


@pytest.mark.long
def test_the_link_to_sign_out_ends_nobody_elses_session(deaf: Visitor, boris: Person) -> None:
    other = change_user(deaf, name_of_other(deaf))

    deaf.page.get_by_role("link", name="Sign out").click()

    expect(deaf.page.get_by_text(f"You are signed in as “{name_of_other(deaf)}” now")).to_be_visible()
    other.reload()
    expect(other.get_by_role("link", name=f"Account of {name_of_other(deaf)}")).to_be_visible()
