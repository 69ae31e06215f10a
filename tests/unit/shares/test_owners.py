"""Links as their owners see them: made, listed, changed, renewed and revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import (
    Forbidden,
    InvalidField,
    IsAFolder,
    NotFound,
    SharingForbidden,
)
from cabinet.models import Milestone, Share, ShareKind
from cabinet.services.access.actor import Actor
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import whole_space
from cabinet.services.accounts.account import Account
from cabinet.services.kernel.database import writing
from cabinet.services.kernel.ids import hash_secret
from cabinet.services.shares.keys import ShareKeys
from cabinet.services.shares.policy import OLDER, SharePolicy, Sharing
from cabinet.services.shares.shares import Shares, revoke_all
from cabinet.services.shares.values import NewShare, ShareState
from cabinet.services.tree.link_rights import DROP, VIEW
from cabinet.services.tree.mounts import Place
from tests.support.services import POLICY, START, Guest, Workbench
from tests.unit.shares.conftest import EDIT
from tests.unit.shares.conftest import Sharing as Made


def test_a_link_reads_and_lists_and_expires_after_a_week_by_default(sharing: Made) -> None:
    made = sharing.share("work/shared")

    assert (made.kind, made.rights, made.state) == (ShareKind.LINK, VIEW, ShareState.ACTIVE)
    assert [item.path for item in made.items] == ["work/shared"]
    assert made.expires_at == START + timedelta(days=7)
    assert (made.max_size, made.max_files, made.max_downloads) == (None, None, None)


def test_a_link_with_write_access_always_has_limits(sharing: Made) -> None:
    made = sharing.share("work/shared", rights=EDIT)
    asked = sharing.share("work/shared", rights=DROP)

    assert (made.max_size, made.max_files, made.kind) == (10 * 1000**3, 1000, ShareKind.LINK)
    assert asked.kind is ShareKind.REQUEST


def test_the_token_has_128_bits_and_is_stored_as_a_hash(session: Session, sharing: Made) -> None:
    made = sharing.share("top.txt")
    assert made.token is not None
    row = session.get_one(Share, made.id)

    assert len(made.token) == 22
    assert row.token_hash == hash_secret(made.token)
    assert row.nonce is not None
    assert made.token.encode() not in row.nonce


def test_a_link_outlives_another_key_but_cannot_be_shown_then(
    session: Session, bench: Workbench, sharing: Made
) -> None:
    made = sharing.share("top.txt")
    other = Shares(
        session, bench.clock, bench.passwords, ShareKeys("another key of this server"), bench.cursors, POLICY,
        sharing.user.scope,
    )  # fmt: skip

    assert other.get(made.id).token is None
    assert sharing.find(made).id == made.id
    renewed = other.renew(made.id, is_admin=False)
    assert renewed.token not in (None, made.token)
    with pytest.raises(NotFound):
        sharing.find(made)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"rights": Rights.READ}, "rights"),
        ({"rights": Rights.READ | Rights.WRITE}, "rights"),
        ({"rights": VIEW | Rights.SHARE}, "rights"),
        ({"rights": Rights.NONE}, "rights"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\x1bb"}, "name"),
        ({"note": "x" * 2001}, "note"),
        ({"note": "a\x00b"}, "note"),
        ({"password": ""}, "password"),
        ({"password": "x" * 1025}, "password"),
        ({"expires_at": START, "has_expiry": True}, "expires_at"),
        ({"max_downloads": 0}, "max_downloads"),
        ({"max_downloads": 10**10}, "max_downloads"),
        ({"max_size": 5}, "max_size"),
        ({"max_files": 5}, "max_files"),
        ({"rights": EDIT, "max_size": 0}, "max_size"),
        ({"rights": EDIT, "max_size": 10**11}, "max_size"),
        ({"rights": EDIT, "max_files": 10**7}, "max_files"),
        ({"rights": DROP, "max_downloads": 1}, "max_downloads"),
    ],
    ids=str,
)
def test_values_that_no_link_can_have_are_refused(sharing: Made, wanted: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidField) as refused:
        sharing.share("work/shared", **wanted)

    assert refused.value.field == field


@pytest.mark.parametrize("paths", [("top.txt",), ("work/shared", "other")])
def test_write_access_needs_a_single_folder(sharing: Made, paths: tuple[str, ...]) -> None:
    with pytest.raises(InvalidField):
        sharing.share(*paths, rights=EDIT)
    made = sharing.share(*paths)
    with pytest.raises(InvalidField):
        sharing.bench.shares(sharing.session, sharing.user).change(made.id, {"rights": EDIT}, is_admin=False)


@pytest.mark.parametrize("paths", [("",), ("work", "")])
def test_the_root_is_never_shared(sharing: Made, paths: tuple[str, ...]) -> None:
    with pytest.raises(IsAFolder):
        sharing.share(*paths)


def test_what_does_not_exist_is_not_shared(sharing: Made) -> None:
    with pytest.raises(NotFound):
        sharing.share("work/shared", "none")


def test_a_selection_numbers_equal_names(sharing: Made) -> None:
    link = sharing.find(sharing.share("other/a.txt", "work/shared/a.txt", "other/a.txt"))

    names = [
        entry.path
        for entry in sharing.bench.files(sharing.session, Guest(link.scope)).list_below("", 10, None).entries
    ]
    assert names == ["a (2).txt", "a.txt"]


def test_nobody_gives_rights_that_they_lack(session: Session, bench: Workbench, owner: Account) -> None:
    reader = whole_space(owner.space_id, Actor(owner.id, VIEW | Rights.SHARE))
    service = bench.shares(session, Guest(reader))

    made = service.create(["work/shared"], NewShare(), is_admin=False)
    with pytest.raises(Forbidden):
        service.create(["work/shared"], NewShare(rights=EDIT), is_admin=False)
    with pytest.raises(Forbidden):
        service.change(made.id, {"rights": EDIT}, is_admin=False)
    sharer = whole_space(owner.space_id, Actor(owner.id, VIEW))
    with pytest.raises(Forbidden):
        bench.shares(session, Guest(sharer)).create(["work/shared"], NewShare(), is_admin=False)
    with pytest.raises(Forbidden):
        bench.shares(session, Guest(sharer)).list_page(10, None)


def test_links_of_others_do_not_exist(
    session: Session, bench: Workbench, sharing: Made, bob: Account
) -> None:
    made = sharing.share("top.txt")
    service = bench.shares(session, bob)

    assert service.list_page(10, None).shares == []
    for act in (
        lambda: service.get(made.id),
        lambda: service.revoke(made.id),
        lambda: service.renew(made.id, is_admin=False),
        lambda: service.change(made.id, {"name": "x"}, is_admin=False),
    ):
        with pytest.raises(NotFound):
            act()
    assert sharing.find(made).id == made.id


def test_links_are_listed_newest_first_page_by_page_and_by_path(
    session: Session, bench: Workbench, sharing: Made
) -> None:
    made = []
    for number in range(5):
        bench.clock.advance(seconds=number % 2)
        made.append(sharing.share("top.txt" if number % 2 else "work/shared").id)
    service = bench.shares(session, sharing.user)

    found, after = [], None
    while True:
        page = service.list_page(2, after)
        found += [share.id for share in page.shares]
        after = page.next
        if after is None:
            break
    assert sorted(found) == sorted(made)
    times = [service.get(share_id).created_at for share_id in found]
    assert times == sorted(times, reverse=True)
    top = Place(sharing.user.scope, "top.txt")
    assert {share.id for share in service.list_page(10, None, top).shares} == {made[1], made[3]}


def test_a_change_keeps_what_it_does_not_name(sharing: Made) -> None:
    made = sharing.share("work/shared", rights=EDIT, name="Photos", password="secret")
    service = sharing.bench.shares(sharing.session, sharing.user)

    changed = service.change(made.id, {"note": "Hello\nworld "}, is_admin=False)
    assert (changed.name, changed.note, changed.has_password) == ("Photos", "Hello\nworld", True)
    changed = service.change(made.id, {"password": None, "expires_at": None}, is_admin=False)
    assert (changed.has_password, changed.expires_at, changed.max_files) == (False, None, 1000)
    changed = service.change(made.id, {"rights": VIEW, "max_downloads": 3}, is_admin=False)
    assert (changed.max_size, changed.max_files, changed.max_downloads) == (None, None, 3)
    assert changed.token == made.token


def test_a_revoked_link_is_gone_at_once(sharing: Made) -> None:
    made, other = sharing.share("top.txt"), sharing.share("top.txt")
    sharing.bench.shares(sharing.session, sharing.user).revoke(made.id)

    with pytest.raises(NotFound):
        sharing.find(made)
    with pytest.raises(NotFound):
        sharing.info(made)
    assert sharing.find(other).id == other.id


def test_the_operator_ends_all_links_or_those_of_one_user(
    session: Session, bench: Workbench, sharing: Made, bob: Account
) -> None:
    bench.upload(session, bob, "f", b"1")
    his = Made(session, bench, bob).share("f")
    hers = [sharing.share("top.txt") for _ in range(3)]

    assert revoke_all(session, bench.clock, "alice") == 3
    assert sharing.find(his).id == his.id
    assert revoke_all(session, bench.clock) == 1
    for made in (*hers, his):
        with pytest.raises(NotFound):
            sharing.find(made)


class TestPolicy:
    def test_only_administrators_make_links_where_it_says_so(self, sharing: Made) -> None:
        admins = SharePolicy(sharing=Sharing.ADMINS)
        with pytest.raises(SharingForbidden):
            sharing.share("top.txt", policy=admins)
        service = sharing.bench.shares(sharing.session, sharing.user, admins)
        assert service.create(["top.txt"], NewShare(), is_admin=True).state is ShareState.ACTIVE
        off = sharing.bench.shares(sharing.session, sharing.user, SharePolicy(sharing=Sharing.OFF))
        with pytest.raises(SharingForbidden):
            off.create(["top.txt"], NewShare(), is_admin=True)

    @pytest.mark.parametrize("is_open", [True, False])
    def test_an_older_open_instance_leaves_links_to_administrators(
        self, session: Session, sharing: Made, is_open: bool
    ) -> None:
        undecided = SharePolicy(sharing=None, is_registration_open=is_open)
        assert undecided.sharing_now(session) is Sharing.EVERYONE
        with writing(session):
            session.add(Milestone(name=OLDER))

        assert undecided.sharing_now(session) is (Sharing.ADMINS if is_open else Sharing.EVERYONE)
        assert SharePolicy(sharing=Sharing.EVERYONE).sharing_now(session) is Sharing.EVERYONE

    def test_a_required_password_cannot_be_left_out_or_removed(self, sharing: Made) -> None:
        strict = SharePolicy(needs_password=True)
        with pytest.raises(InvalidField):
            sharing.share("top.txt", policy=strict)
        made = sharing.share("top.txt", policy=strict, password="x")
        service = sharing.bench.shares(sharing.session, sharing.user, strict)
        with pytest.raises(InvalidField):
            service.change(made.id, {"password": None}, is_admin=False)

    def test_a_maximum_of_days_bounds_every_link(self, sharing: Made) -> None:
        strict = SharePolicy(max_days=3)
        assert sharing.share("top.txt", policy=strict).expires_at == START + timedelta(days=3)
        for expires_at in (None, START + timedelta(days=4)):
            with pytest.raises(InvalidField):
                sharing.share("top.txt", policy=strict, expires_at=expires_at, has_expiry=True)

    def test_no_default_means_no_expiry(self, sharing: Made) -> None:
        assert sharing.share("top.txt", policy=SharePolicy(default_days=0)).expires_at is None
