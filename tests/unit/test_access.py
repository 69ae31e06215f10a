"""Who may do what: rights, the ceilings over them, and the door of a scope."""

from __future__ import annotations

import pytest

from cabinet.errors import Forbidden
from cabinet.services.access.actor import Actor
from cabinet.services.access.rights import ALL, CHANGE, Rights
from cabinet.services.access.scope import Scope, whole_space

USER = Actor(7)
GUEST = Actor(None)


@pytest.mark.parametrize("needed", list(Rights))
def test_a_right_that_is_missing_refuses_and_no_other_stands_for_it(needed: Rights) -> None:
    Scope(USER, 1, None, needed).require(needed)

    with pytest.raises(Forbidden):
        Scope(USER, 1, None, ALL & ~needed).require(needed)


def test_of_several_rights_all_are_needed() -> None:
    Scope(USER, 1, None, CHANGE).require(CHANGE)

    for one in CHANGE:
        with pytest.raises(Forbidden):
            Scope(USER, 1, None, one).require(CHANGE)


def test_all_rights_are_every_right_there_is() -> None:
    assert list(ALL) == list(Rights)


def test_the_ceiling_of_an_actor_limits_what_a_scope_gives() -> None:
    scope = whole_space(1, Actor(7, ceiling=Rights.LIST | Rights.READ))

    scope.require(Rights.LIST | Rights.READ)

    assert scope.rights == Rights.LIST | Rights.READ
    with pytest.raises(Forbidden):
        scope.require(Rights.WRITE)


def test_a_ceiling_gives_no_right() -> None:
    assert Scope(USER, 1, None, Rights.LIST).rights == Rights.LIST


def test_a_guest_is_no_member_whatever_the_rights() -> None:
    Scope(USER, 1, None, ALL).require_member(Rights.WRITE)

    with pytest.raises(Forbidden):
        Scope(GUEST, 1, None, ALL).require_member(Rights.WRITE)
    with pytest.raises(Forbidden):
        Scope(USER, 1, None, Rights.READ).require_member(Rights.WRITE)


def test_what_is_for_a_whole_space_is_refused_in_a_folder_of_it() -> None:
    whole_space(1, USER).require_whole(ALL)

    with pytest.raises(Forbidden):
        Scope(USER, 1, 12, ALL).require_whole(Rights.LIST)
    with pytest.raises(Forbidden):
        Scope(USER, 1, None, Rights.LIST).require_whole(Rights.PURGE)


def test_two_folders_of_a_space_are_two_trees() -> None:
    keys = {Scope(USER, space, root, ALL).key for space in (1, 2) for root in (None, 1, 2)}

    assert len(keys) == 6
