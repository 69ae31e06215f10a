"""Team spaces on the page: the sidebar, members, the trash, and what they use."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from cabinet.services.access.roles import ShareRole
from tests.support.chromium import Visitor
from tests.support.people import Person
from tests.support.servers import Server
from tests.support.teams import make_team

pytestmark = pytest.mark.browser


@pytest.fixture
def mate(server: Server, visitor: Visitor, username: str) -> Person:
    """Return an editor of the team space `Team` that the visitor manages."""
    name = f"mate of {username}".replace(" ", "-")
    mate = Person(server, name)
    make_team(server.database_url, "Team", username, {name: ShareRole.EDITOR}, 1000)
    visitor.person.store("own.txt", b"own")
    mate.store("Team/docs/plan.txt", b"x" * 500)
    mate.store("Team/old.txt", b"old")
    mate.delete("Team/old.txt")
    return mate


def test_the_sidebar_leads_to_a_space_and_tells_what_it_uses(visitor: Visitor, mate: Person) -> None:
    page = visitor.page
    visitor.open("/index")
    link = page.locator(".rail-spaces a")
    expect(link).to_have_text("Team")
    link.click()

    expect(page.locator('#rows [data-name="docs"]')).to_be_visible()
    expect(link).to_have_attribute("aria-current", "page")
    expect(page.locator(".rail-link[aria-current]")).to_have_count(1)
    expect(page.locator("#usage")).to_contain_text("503 bytes of 1 kB used")
    page.locator('#rows [data-name="docs"] .name').dblclick()
    expect(page.locator('#rows [data-name="plan.txt"]')).to_be_visible()
    expect(link).to_have_attribute("aria-current", "true")


def test_a_manager_restores_and_empties_the_trash_of_a_space(visitor: Visitor, mate: Person) -> None:
    page = visitor.page
    mate.delete("Team/docs/plan.txt")
    visitor.person.delete("own.txt")
    visitor.open("/trash?path=Team")
    page.locator('#rows [data-name="plan.txt"] input[type=checkbox]').press("Space")
    page.locator("#selection-actions").get_by_role("button", name="Restore").click()
    expect(page.locator('#rows [data-name="plan.txt"]')).to_have_count(0)
    assert mate.get("Team/docs/plan.txt") == b"x" * 500

    page.locator("#empty-trash").click()
    page.locator("#confirm").get_by_role("button", name="Empty trash").click()
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    assert mate.send("GET", "/trash/count?path=Team").json() == {"count": 0}
    assert visitor.person.send("GET", "/trash/count").json() == {"count": 1}


def test_members_are_changed_and_a_space_is_deleted_by_its_name(
    server: Server, visitor: Visitor, mate: Person, username: str, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 422")
    page = visitor.page
    other = Person(server, f"other-{username}".replace(" ", "-"))
    other_name = other.send("GET", "/me").json()["username"]
    visitor.open("/spaces")
    page.get_by_role("link", name="Members and settings of “Team”").click()
    page.locator("#member-name").fill(other_name)
    page.locator("#member-role").select_option("viewer")
    page.get_by_role("button", name="Add member").click()
    expect(page.get_by_role("status").filter(has_text="is a member of this space")).to_be_visible()
    assert other.get("Team/docs/plan.txt") == b"x" * 500

    page.get_by_role("button", name=f"Remove {other_name}").click()
    expect(page.get_by_role("status").filter(has_text="is no longer a member")).to_be_visible()
    assert other.send("GET", "/files/Team").status == 404
    page.locator("#end-name").fill("Tea")
    page.get_by_role("button", name="Delete team space").click()
    expect(page.locator("#end-name-error")).to_be_visible()
    page.locator("#end-name").fill("Team")
    page.get_by_role("button", name="Delete team space").click()
    expect(page.get_by_text("was deleted")).to_be_visible()
    assert mate.send("GET", "/files/Team").status == 404
