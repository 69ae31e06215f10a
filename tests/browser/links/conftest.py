"""A guest's window on a link, in a browser without an account, and the owner of what is shared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

from tests.browser.conftest import NewContext
from tests.support.chromium import first_page, load_scripts
from tests.support.people import Person
from tests.support.servers import Server

# Makes a link to paths of the owner, and returns its path.
Share = Callable[..., str]
Open = Callable[[str], "Guest"]


class Guest:
    """A window without an account."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, path: str) -> Page:
        """Go to a page of a link; if it has a list, also load its scripts."""
        self.page.goto(path)
        load_scripts(self.page)
        return self.page

    def row(self, name: str) -> Locator:
        return self.page.locator(f'#rows [data-name="{name}"]')

    def names(self) -> list[str]:
        """Return the names that the page lists, from the top."""
        names: list[str] = self.page.locator("#rows [data-path]").evaluate_all(
            "rows => rows.map((row) => row.dataset.name)"
        )
        return names

    def offered(self, name: str) -> list[str]:
        """Return what the menu of a row offers, and close it."""
        self.row(name).locator(".row-menu").click()
        items = self.page.locator("#row-menu [role=menuitem] > span")
        items.first.wait_for()
        found = items.all_inner_texts()
        self.page.keyboard.press("Escape")
        return found

    def send(self, *files: Any) -> None:
        """Choose files in the browser's own dialog, which the button opens."""
        with self.page.expect_file_chooser() as opened:
            self.page.locator("label[for=files-input]").click()
        opened.value.set_files(list(files))


@pytest.fixture
def owner(server: Server, username: str) -> Person:
    return Person(server, username)


@pytest.fixture
def share(owner: Person) -> Share:
    def make(*paths: str, **wanted: Any) -> str:
        made = owner.send("POST", "/shares", json={"paths": paths, **wanted})
        assert made.status == 201, made.data
        return "/s/" + str(made.json()["url"]).rpartition("/s/")[2]

    return make


@pytest.fixture
def guest(new_context: NewContext) -> Guest:
    return Guest(first_page(new_context()))
