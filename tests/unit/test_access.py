"""Access control: rights, ceilings, and checks of a scope."""

from __future__ import annotations

import pytest

from cabinet.errors import Forbidden
from cabinet.services.access.actor import Actor
from cabinet.services.access.rights import ALL, CHANGE, Rights
from cabinet.services.access.scope import Scope, whole_space

USER = Actor(7)
GUEST = Actor(None)


@pytest.mark.parametrize("needed", list(Rights))
def test_a_missing_right_is_refused_and_not_implied_by_others(needed: Rights) -> None:
    Scope(USER, 1, None, needed).require(needed)

    with pytest.raises(Forbidden):
        Scope(USER, 1, None, ALL & ~needed).require(needed)


def test_all_required_rights_are_needed() -> None:
    Scope(USER, 1, None, CHANGE).require(CHANGE)

    for one in CHANGE:
        with pytest.raises(Forbidden):
            Scope(USER, 1, None, one).require(CHANGE)


def test_all_rights_contains_every_right() -> None:
    assert list(ALL) == list(Rights)


def test_the_ceiling_of_an_actor_limits_the_scope() -> None:
    scope = whole_space(1, Actor(7, ceiling=Rights.LIST | Rights.READ))

    scope.require(Rights.LIST | Rights.READ)

    assert scope.rights == Rights.LIST | Rights.READ
    with pytest.raises(Forbidden):
        scope.require(Rights.WRITE)


def test_a_ceiling_grants_no_right() -> None:
    assert Scope(USER, 1, None, Rights.LIST).rights == Rights.LIST


def test_a_guest_is_not_a_member_whatever_the_rights() -> None:
    Scope(USER, 1, None, ALL).require_member(Rights.WRITE)

    with pytest.raises(Forbidden):
        Scope(GUEST, 1, None, ALL).require_member(Rights.WRITE)
    with pytest.raises(Forbidden):
        Scope(USER, 1, None, Rights.READ).require_member(Rights.WRITE)


def test_whole_space_operations_are_refused_in_a_folder_scope() -> None:
    whole_space(1, USER).require_whole(ALL)

    with pytest.raises(Forbidden):
        Scope(USER, 1, 12, ALL).require_whole(Rights.LIST)
    with pytest.raises(Forbidden):
        Scope(USER, 1, None, Rights.LIST).require_whole(Rights.PURGE)


def test_two_folders_of_a_space_are_different_scopes() -> None:
    keys = {Scope(USER, space, root, ALL).key for space in (1, 2) for root in (None, 1, 2)}

    assert len(keys) == 6
