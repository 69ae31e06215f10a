"""What guests find through a link, and when it ends."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import Forbidden, LinkPasswordRequired, NotFound, TooManyAttempts, WrongLinkPassword
from cabinet.models import Share
from cabinet.services.access.rights import Rights
from cabinet.services.accounts.account import Account
from cabinet.services.archives.zip_names import Naming
from cabinet.services.changes.purging import Purging
from cabinet.services.shares.values import ShareState
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.link_rights import DROP, VIEW
from cabinet.services.tree.paging import Order, Sort
from tests.support.services import ADDRESS, Guest, Workbench, content_of
from tests.unit.shares.conftest import EDIT, Sharing, names_of

SELECTED = ("work/shared", "top.txt", "other/a.txt", "work/shared/a.txt")


def test_a_guest_of_a_folder_sees_nothing_outside(
    session: Session, bench: Workbench, sharing: Sharing
) -> None:
    guest = sharing.guest("work/shared")

    assert names_of(session, bench, guest) == ["sub", "a.txt"]
    assert content_of(session, bench, guest, "sub/deep.txt") == b"22"
    for outside in ("secret.txt", "work/secret.txt", "work/shared/a.txt"):
        with pytest.raises(NotFound):
            bench.files(session, guest).get(outside)


def test_a_guest_of_a_file_finds_just_that_file(session: Session, bench: Workbench, sharing: Sharing) -> None:
    link = sharing.find(sharing.share("work/secret.txt"))
    guest = Guest(link.scope)

    assert (link.is_file, link.title) == (True, "secret.txt")
    assert names_of(session, bench, guest) == ["secret.txt"]
    place = bench.places(session, guest, "secret.txt")
    assert content_of(session, bench, Guest(place.scope), place.path) == b"4444"


def test_a_selection_shows_its_entries_as_one_folder(
    session: Session, bench: Workbench, sharing: Sharing
) -> None:
    guest = sharing.guest(*SELECTED)
    service = bench.files(session, guest)

    assert names_of(session, bench, guest) == ["shared", "a (2).txt", "a.txt", "top.txt"]
    everything = [entry.path for entry in service.list_below("", 10, None).entries]
    assert everything == [
        "shared",
        "shared/sub",
        "shared/sub/deep.txt",
        "shared/a.txt",
        "a (2).txt",
        "a.txt",
        "top.txt",
    ]
    place = bench.places(session, guest, "shared/sub/deep.txt")
    assert content_of(session, bench, Guest(place.scope), place.path) == b"22"
    for query, paths in (
        ("a.txt", {"shared/a.txt", "a.txt"}),
        ("(2)", {"a (2).txt"}),
        ("deep", {"shared/sub/deep.txt"}),
    ):
        assert {entry.path for entry in bench.search(session, guest).page(query, "", 10).entries} == paths
    totals = service.list_page("", Order(), 10).shown
    assert (totals.entries, totals.files, totals.size) == (4, 5, 1 + 2 + 6 + 5 + 1)
    archive = bench.zipping(session, guest).zip([""], Naming.EXACT)
    assert archive.length == len(b"".join(archive.chunks))


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", Sort)
def test_pages_of_a_selection_meet_in_every_order(
    session: Session, bench: Workbench, sharing: Sharing, sort: Sort, descending: bool
) -> None:
    service = bench.files(session, sharing.guest(*SELECTED))
    whole = [entry.path for entry in service.list_page("", Order(sort, descending), 10).entries]
    found: list[str] = []
    after = None
    while True:
        page = service.list_page("", Order(sort, descending, after), 1)
        found += [entry.path for entry in page.entries]
        if (after := page.next) is None:
            break

    assert found == whole
    assert found[0] == "shared"
    below: list[str] = []
    while True:
        page = service.list_below("", 1, after)
        below += [entry.path for entry in page.entries]
        if (after := page.next) is None:
            break
    assert below == [entry.path for entry in service.list_below("", 10, None).entries]


def test_names_in_a_selection_stay_and_reveal_no_new_ones(
    session: Session, bench: Workbench, sharing: Sharing
) -> None:
    guest = sharing.guest("top.txt", "other")
    bench.moving(session, sharing.user).rename("top.txt", "plans.txt", OnConflict.FAIL)

    assert names_of(session, bench, guest) == ["other", "top.txt"]
    assert [each.path for each in bench.search(session, guest).page("top", "", 10).entries] == ["top.txt"]
    assert bench.search(session, guest).page("plans", "", 10).entries == []


def test_a_selection_shows_no_other_links_entries(
    session: Session, bench: Workbench, sharing: Sharing
) -> None:
    sharing.share("work/secret.txt", "other")
    guest = sharing.guest("top.txt", "work/shared")

    for name in ("secret.txt", "other", "other/a.txt"):
        place = bench.places(session, guest, name)
        with pytest.raises(NotFound):
            bench.files(session, Guest(place.scope)).get(place.path)


def test_a_link_to_names_reveals_no_content(session: Session, bench: Workbench, sharing: Sharing) -> None:
    guest = sharing.guest("work/shared", "top.txt", rights=Rights.LIST)

    for entry in bench.files(session, guest).list_below("", 10, None).entries:
        assert (entry.content_hash, entry.media_type) == (None, None)
    place = bench.places(session, guest, "top.txt")
    with pytest.raises(Forbidden):
        bench.files(session, Guest(place.scope)).open(bench.files(session, Guest(place.scope)).get(""))


def test_a_request_lists_and_reads_nothing(session: Session, bench: Workbench, sharing: Sharing) -> None:
    guest = sharing.guest("work/shared", rights=DROP)

    with pytest.raises(Forbidden):
        bench.files(session, guest).list_page("", Order(), 10)
    with pytest.raises(Forbidden):
        bench.files(session, guest).get("a.txt")
    stored = bench.upload(session, guest, "new.txt", b"content")
    assert stored.entry.path == "new.txt"


def test_moving_keeps_a_link_trash_suspends_it_and_purging_ends_it(
    session: Session, bench: Workbench, sharing: Sharing
) -> None:
    made = sharing.share("work/shared")
    files, trash = bench.files(session, sharing.user), bench.trash(session, sharing.user)

    bench.moving(session, sharing.user).move(["work/shared"], "elsewhere", OnConflict.FAIL)
    guest = Guest(sharing.find(made).scope)
    assert names_of(session, bench, guest) == ["sub", "a.txt"]
    assert [item.path for item in sharing.info(made).items] == ["elsewhere"]

    files.trash("elsewhere")
    assert sharing.info(made).state is ShareState.SUSPENDED
    with pytest.raises(NotFound):
        names_of(session, bench, guest)
    (trashed,) = trash.list_page(10, None).entries
    trash.restore(trashed.id)
    assert sharing.info(made).state is ShareState.ACTIVE
    assert names_of(session, bench, guest) == ["sub", "a.txt"]

    files.purge("elsewhere")
    assert sharing.info(made).state is ShareState.ENDED
    with pytest.raises(NotFound):
        sharing.find(made)


def test_a_folder_above_in_the_trash_suspends_as_well(
    session: Session, bench: Workbench, sharing: Sharing
) -> None:
    folder, some = sharing.share("work/shared"), sharing.share("work/shared", "work/secret.txt")
    mixed = sharing.share("work/secret.txt", "top.txt")
    bench.files(session, sharing.user).trash("work")

    with pytest.raises(NotFound):
        bench.files(session, Guest(sharing.find(folder).scope)).get("")
    with pytest.raises(NotFound):
        sharing.find(some)
    assert names_of(session, bench, Guest(sharing.find(mixed).scope)) == ["top.txt"]


def test_a_link_ends_with_its_time_and_with_its_owner(
    session: Session, bench: Workbench, sharing: Sharing, bob: Account
) -> None:
    made = sharing.share("top.txt")
    bench.accounts(session).disable("alice")
    with pytest.raises(NotFound):
        sharing.find(made)
    bench.accounts(session).enable("alice")
    assert sharing.find(made).id == made.id

    bench.clock.advance(days=7)
    assert sharing.info(made).state is ShareState.EXPIRED
    with pytest.raises(NotFound):
        sharing.find(made)

    later = sharing.share("top.txt")
    bench.accounts(session).delete("alice")
    with pytest.raises(NotFound):
        sharing.find(later)
    session.rollback()
    assert session.get(Share, later.id) is None


def test_a_revoked_link_stops_uploads_that_are_under_way(
    session: Session, bench: Workbench, sharing: Sharing
) -> None:
    made = sharing.share("work/shared", rights=EDIT)
    guest = Guest(sharing.find(made).scope)
    bench.shares(session, sharing.user).change(made.id, {"rights": VIEW}, is_admin=False)
    with pytest.raises(Forbidden):
        bench.upload(session, guest, "new", b"1")
    bench.shares(session, sharing.user).revoke(made.id)
    with pytest.raises(NotFound):
        bench.upload(session, guest, "new", b"1")


def test_a_password_opens_a_link_and_a_cookie_keeps_it_open(
    session: Session, bench: Workbench, sharing: Sharing
) -> None:
    made = sharing.share("top.txt", password="open sesame")
    other = sharing.share("top.txt", password="open sesame")
    links, link = bench.links(session), sharing.find(made)

    with pytest.raises(WrongLinkPassword):
        links.unlock(link, "open", ADDRESS)
    links.unlock(link, "open sesame", ADDRESS)
    cookie = links.cookie_of(link)
    links.check_cookie(link, cookie)
    for wrong in (
        "",
        "x",
        cookie[:-1],
        cookie.replace(".", ".9", 1),
        cookie + "0",
        "\ud800..",
        f"{link.id}.9.9",
    ):
        with pytest.raises(LinkPasswordRequired):
            links.check_cookie(link, wrong)
    with pytest.raises(LinkPasswordRequired):
        links.check_cookie(sharing.find(other), cookie)
    bench.clock.advance(hours=12)
    with pytest.raises(LinkPasswordRequired):
        links.check_cookie(link, cookie)


@pytest.mark.parametrize("change", [{"password": "another"}, None])
def test_a_new_password_or_address_ends_cookies(
    session: Session, bench: Workbench, sharing: Sharing, change: dict[str, str] | None
) -> None:
    made = sharing.share("top.txt", password="open sesame")
    cookie = bench.links(session).cookie_of(sharing.find(made))
    service = bench.shares(session, sharing.user)
    now = (
        service.renew(made.id, is_admin=False)
        if change is None
        else service.change(made.id, change, is_admin=False)
    )

    with pytest.raises(LinkPasswordRequired):
        bench.links(session).check_cookie(sharing.find(now), cookie)


def test_guesses_are_throttled_and_accounts_are_not(
    session: Session, bench: Workbench, sharing: Sharing
) -> None:
    link = sharing.find(sharing.share("top.txt", password="open sesame"))
    links = bench.links(session)
    for _ in range(10):
        with pytest.raises(WrongLinkPassword):
            links.unlock(link, "guess", ADDRESS)

    with pytest.raises(TooManyAttempts):
        links.unlock(link, "open sesame", ADDRESS)
    links.unlock(link, "open sesame", "203.0.113.9")
    assert (
        bench.accounts(session).check_password("alice", "correct horse battery", ADDRESS).username == "alice"
    )
    bench.clock.advance(seconds=2)
    links.unlock(link, "open sesame", ADDRESS)


def test_addresses_that_lead_nowhere_are_throttled_by_network(
    session: Session, bench: Workbench, sharing: Sharing
) -> None:
    made, links = sharing.share("top.txt"), bench.links(session)
    for number in range(60):
        with pytest.raises(NotFound):
            links.find(f"guess-{number}", ADDRESS)

    with pytest.raises(TooManyAttempts):
        links.find("guess", ADDRESS)
    with pytest.raises(NotFound):
        links.find("guess", "203.0.113.9")
    assert sharing.find(made).id == made.id


def test_purging_in_batches_ends_links_too(session: Session, bench: Workbench, sharing: Sharing) -> None:
    made = sharing.share("other/a.txt", "top.txt")
    bench.files(session, sharing.user).trash("other")
    Purging(session, bench.clock, sharing.user.scope).empty()

    assert [item.path for item in sharing.info(made).items] == ["top.txt"]
