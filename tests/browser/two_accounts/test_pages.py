"""Two accounts in two tabs of one browser: a page never acts in the account of another user.

Rule: the first tab shows one user's files; another user signs in in the second one.
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
    change_user_unheard,
    come_back,
    is_untouched,
    name_of_other,
    notice,
    sign_in,
)
from tests.support import media
from tests.support.auth import PASSWORD
from tests.support.chromium import Visitor, file, load_scripts, press_letter
from tests.support.controls import column, control
from tests.support.people import Person
from tests.support.slow_uploads import is_there
from tests.support.waiting import wait_until
from tests.support.wording import text_of

pytestmark = pytest.mark.browser


def slow(value: str) -> ParameterSet:
    """Return one more case of something that a quick run tests once."""
    return pytest.param(value, marks=pytest.mark.long)


def test_a_tab_reports_at_once_that_another_user_has_signed_in(anna: Visitor, boris: Person) -> None:
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
    expect(notice(anna)).to_contain_text(text_of("other-user-text", user=anna.username))
    expect(
        notice(anna).get_by_role("link", name=text_of("show-files-of", name=name_of_other(anna)))
    ).to_be_visible()


def test_the_notice_offers_the_files_of_the_signed_in_user(anna: Visitor, boris: Person) -> None:
    change_user(anna, name_of_other(anna))

    notice(anna).get_by_role("link", name=text_of("show-files-of", name=name_of_other(anna))).click()

    expect(control(anna.page, "account of")).to_contain_text(name_of_other(anna))
    expect(anna.page.locator("dialog[open]")).to_have_count(0)


def test_signing_in_from_the_notice_restores_the_page_and_informs_the_other_tab(
    anna: Visitor, boris: Person
) -> None:
    other = change_user(anna, name_of_other(anna))
    load_scripts(other)

    come_back(anna)

    told = other.get_by_role("dialog", name=text_of("other-user", name=anna.username))
    expect(told).to_be_visible()
    expect(told.get_by_role("button", name=text_of("sign-in-as", user=name_of_other(anna)))).to_be_visible()
    anna.choose(file("late.txt"))
    expect(anna.row("late.txt")).to_be_visible()
    # A form, which carries the token of the new session.
    anna.page.get_by_role("button", name="Русский").click()
    expect(anna.page.get_by_role("heading", level=1)).to_have_text(text_of("your-files", "ru"))
    assert is_untouched(boris)


def test_the_notice_is_translated_to_russian(anna: Visitor, boris: Person) -> None:
    anna.page.get_by_role("button", name="Русский").click()
    expect(anna.page.get_by_role("heading", level=1)).to_have_text(text_of("your-files", "ru"))
    page = anna.context.new_page()
    anna.context.request.post("/login", form={"username": name_of_other(anna), "password": PASSWORD})
    page.goto("/index")

    told = anna.page.get_by_role("dialog", name=text_of("other-user", "ru", name=name_of_other(anna)))

    expect(
        told.get_by_role("link", name=text_of("show-files-of", "ru", name=name_of_other(anna)))
    ).to_be_visible()
    expect(told.get_by_role("button", name=text_of("sign-in-as", "ru", user=anna.username))).to_be_visible()


@pytest.mark.usefixtures("own_context")
def test_a_tab_checks_the_session_when_it_gets_the_focus(without_broadcasts: Visitor, boris: Person) -> None:
    page = without_broadcasts.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/me") else None)
    come = """() => [0, 1, 2].forEach(() => {
        document.dispatchEvent(new Event("visibilitychange"));
        window.dispatchEvent(new Event("focus"));
    })"""
    page.clock.install()
    page.clock.run_for(10_000)
    page.evaluate(come)
    wait_until(lambda: asked, what="a look", page=page)
    change_user_unheard(without_broadcasts, name_of_other(without_broadcasts))
    assert len(asked) == 1

    page.clock.run_for(10_000)
    page.evaluate(come)

    expect(notice(without_broadcasts)).to_be_visible()


@pytest.mark.long
def test_a_page_from_the_back_forward_cache_checks_the_session(
    without_broadcasts: Visitor, boris: Person
) -> None:
    change_user_unheard(without_broadcasts, name_of_other(without_broadcasts))

    without_broadcasts.page.evaluate(
        "window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
    )

    expect(notice(without_broadcasts)).to_be_visible()


def delete(visitor: Visitor, name: str) -> None:
    visitor.row(name).get_by_role("link", name=name, exact=True).focus()
    visitor.page.keyboard.press("Delete")


def test_a_deletion_is_done_as_the_owner_or_not_at_all(without_broadcasts: Visitor, boris: Person) -> None:
    change_user_unheard(without_broadcasts, name_of_other(without_broadcasts))

    delete(without_broadcasts, "mine.txt")

    expect(notice(without_broadcasts)).to_be_visible()
    assert is_untouched(boris)
    assert "mine.txt" in without_broadcasts.person.hashes()
    come_back(without_broadcasts)
    expect(without_broadcasts.row("mine.txt")).to_have_count(0)
    assert is_untouched(boris)
    # What undoes it is of the same user.
    without_broadcasts.page.get_by_role("button", name=text_of("undo")).click()
    expect(without_broadcasts.row("mine.txt")).to_be_visible()
    assert without_broadcasts.person.get("mine.txt") == b"hers"


def test_new_folders_and_names_belong_to_the_owner(without_broadcasts: Visitor, boris: Person) -> None:
    page = without_broadcasts.page
    change_user_unheard(without_broadcasts, name_of_other(without_broadcasts))
    control(page, "new folder").click()
    control(page, "folder name").fill("hers alone")
    control(page.get_by_role("dialog"), "create folder").click()
    expect(notice(without_broadcasts)).to_be_visible()
    assert is_untouched(boris)

    come_back(without_broadcasts)

    expect(without_broadcasts.row("hers alone")).to_be_visible()
    change_user_unheard(without_broadcasts, name_of_other(without_broadcasts))
    without_broadcasts.row("mine.txt").get_by_role("link", name="mine.txt", exact=True).focus()
    page.keyboard.press("F2")
    page.get_by_label(text_of("rename-one", name="mine.txt")).fill("hers.txt")
    page.keyboard.press("Enter")
    expect(notice(without_broadcasts)).to_be_visible()
    assert is_untouched(boris)


@pytest.mark.parametrize("name", [slow("mine.txt"), "photo.png"])
def test_a_preview_shows_nothing_of_another_user_and_recovers(
    without_broadcasts: Visitor, boris: Person, name: str
) -> None:
    page = without_broadcasts.page
    change_user_unheard(without_broadcasts, name_of_other(without_broadcasts))

    without_broadcasts.row(name).get_by_role("link", name=name, exact=True).click()

    expect(notice(without_broadcasts)).to_be_visible()
    stage = page.locator("#preview-stage")
    expect(stage.locator("img, pre")).to_have_count(0)
    come_back(without_broadcasts)
    if name == "mine.txt":
        expect(stage.locator("pre")).to_have_text("hers")
    else:
        expect(stage.locator("img")).to_be_visible()
        assert stage.locator("img").evaluate("image => image.naturalWidth") == 40


def test_thumbnails_trigger_the_notice_and_recover(without_broadcasts: Visitor, boris: Person) -> None:
    page = without_broadcasts.page
    sign = without_broadcasts.row("photo.png").locator(".sign")
    expect(sign).to_have_class(re.compile("has-picture"))
    change_user_unheard(without_broadcasts, name_of_other(without_broadcasts))
    page.evaluate("performance.now = () => 1e9")

    # Tiles want larger pictures, which this browser has not kept.
    control(page, "as tiles").click()

    expect(notice(without_broadcasts)).to_be_visible()
    expect(sign).not_to_have_class(re.compile("has-picture"))
    come_back(without_broadcasts)
    expect(sign).to_have_class(re.compile("has-picture"))
    assert "size=256" in (sign.locator("img").get_attribute("src") or "")


def test_a_download_is_refused_with_a_message(without_broadcasts: Visitor, boris: Person) -> None:
    page = without_broadcasts.page
    downloads: list[str] = []
    page.on("download", lambda download: downloads.append(download.failure() or "saved"))
    change_user_unheard(without_broadcasts, name_of_other(without_broadcasts))
    without_broadcasts.row("mine.txt").get_by_role("link", name="mine.txt", exact=True).focus()

    press_letter(page, "s")

    expect(notice(without_broadcasts)).to_be_visible()
    assert "saved" not in downloads


@pytest.mark.parametrize("act", ["more", slow("sort"), slow("search")])
def test_a_list_of_another_user_is_never_shown(
    shelf: Visitor, expect_complaint: Callable[[str], None], act: str
) -> None:
    expect_complaint("status of 403")
    shelf.context.add_init_script("BroadcastChannel.prototype.postMessage = () => {}")
    boris = Person(shelf.server, name_of_other(shelf))
    boris.store("shelf/his.txt", b"his")
    page = shelf.open("/index?path=shelf")
    change_user_unheard(shelf, name_of_other(shelf))

    if act == "more":
        control(page, "more").click()
    elif act == "sort":
        column(page, "size").get_by_role("link").click()
    else:
        page.get_by_role("searchbox").fill("txt")

    expect(notice(shelf)).to_be_visible()
    assert shelf.names()[0] == "000.txt"
    assert "his.txt" not in shelf.names()
    expect(page).to_have_url(re.compile(r"/index\?path=shelf$"))


def test_every_script_request_names_the_user_of_the_page(anna: Visitor, film: Path) -> None:
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
    page.get_by_role("button", name=text_of("undo")).click()
    expect(anna.row("small.txt")).to_be_visible()
    for name in ("mine.txt", "photo.png", "paper.pdf", "sound.wav"):
        anna.row(name).get_by_role("link", name=name, exact=True).click()
        expect(page.locator("#preview-stage").locator("pre, img, canvas, audio")).to_be_visible()
        page.keyboard.press("Escape")
    control(page, "as tiles").click()
    page.get_by_role("searchbox").fill("mine")
    expect(page.locator("#found")).to_be_visible()

    assert silent == []
    assert seen >= {"fetch", "xhr", "image", "media"}


@pytest.mark.long
def test_a_copied_link_names_no_user(anna: Visitor) -> None:
    anna.context.grant_permissions(["clipboard-read", "clipboard-write"])
    anna.row("mine.txt").get_by_role("link", name="mine.txt", exact=True).focus()

    press_letter(anna.page, "c")

    expect(anna.page.get_by_role("status").filter(has_text=text_of("link-copied"))).to_be_visible()
    assert anna.page.evaluate("navigator.clipboard.readText()") == f"{anna.server.url}/files/mine.txt"


@pytest.mark.parametrize(
    "path", ["/account", slow("/trash"), slow("/versions/mine.txt"), slow("/index/arrange?path=mine.txt")]
)
def test_pages_without_a_list_show_the_notice(anna: Visitor, boris: Person, path: str) -> None:
    anna.page.goto(path)
    change_user(anna, name_of_other(anna))

    expect(notice(anna)).to_be_visible()
    come_back(anna)

    expect(anna.page.locator("dialog[open]")).to_have_count(0)


def test_a_sign_out_elsewhere_is_reported_at_once_and_can_be_dismissed(anna: Visitor) -> None:
    page = anna.context.new_page()
    page.goto("/index")
    control(page, "sign out").click()
    question = anna.page.get_by_role("dialog", name=text_of("sign-in-again"))
    expect(question).to_be_visible()

    control(question, "sign in later").click()
    anna.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")

    expect(question).to_be_hidden()
    sign_in(page, anna.username)
    anna.choose(file("late.txt"))
    expect(anna.row("late.txt")).to_be_visible()


@pytest.mark.long
def test_the_sign_out_link_ends_only_the_session_of_its_user(
    without_broadcasts: Visitor, boris: Person
) -> None:
    other = change_user(without_broadcasts, name_of_other(without_broadcasts))

    control(without_broadcasts.page, "sign out").click()

    expect(without_broadcasts.page.get_by_role("main")).to_contain_text(
        f"“{name_of_other(without_broadcasts)}”"
    )
    other.reload()
    expect(control(other, "account of")).to_contain_text(name_of_other(without_broadcasts))
