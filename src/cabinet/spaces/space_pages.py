"""The pages of team spaces and their forms, which work without scripts.

Rule: parse, call the service, render; a refused form is shown again on its page, with what was typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from flask import flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from wtforms import Form

from cabinet.errors import N_, CabinetError, Conflict, InvalidField, InvalidInput, NotFound, TooManyAttempts
from cabinet.services.access.roles import ShareRole
from cabinet.services.spaces.spaces import Spaces
from cabinet.spaces.acting import spaces_to_change, spaces_to_see, spaces_to_share
from cabinet.spaces.blueprint import bp
from cabinet.spaces.forms import EndForm, MemberForm, SpaceForm, quota_text, to_quota
from cabinet.web.form_errors import redisplay_form
from cabinet.web.identity import acting_user
from cabinet.web.pages import check_form, see_other, text_of
from cabinet.web.parameters import after_of, limit_of, to_choice
from cabinet.web.problems import wants_page

# Spaces on one page of an administrator.
PAGE_LIMIT = 50
OTHER_NAME = N_("it is not the name of this space.")

_REFUSALS = (Conflict, InvalidInput, NotFound, TooManyAttempts)


def show_spaces(form: SpaceForm | None = None) -> str:
    """Show the team spaces of the user, for administrators all others as well; `form` is a refused one."""
    service = spaces_to_see()
    others, more = service.list_all(limit_of(PAGE_LIMIT), after_of()) if service.is_admin else ([], None)
    return render_template(
        "spaces/spaces.html",
        spaces=service.list_mine(),
        others=[space for space in others if space.role is None],
        more=more,
        may_create=service.may_create,
        needs_quota=acting_user().account.quota is not None and not service.is_admin,
        form=form or SpaceForm(formdata=None),
    )


def show_space(space_id: str, shown: Mapping[str, Form] | None = None) -> str:
    """Show a team space and its members; `shown` are refused forms."""
    details = spaces_to_see().get(space_id)
    space = details.space
    empty = {
        "space_form": SpaceForm(formdata=None, name=space.name, quota=quota_text(space.quota)),
        "member_form": MemberForm(formdata=None, role=ShareRole.EDITOR.value),
        "end_form": EndForm(formdata=None),
    }
    return render_template(
        "spaces/space.html",
        details=details,
        space=space,
        roles=list(ShareRole),
        **(empty | dict(shown or {})),
    )


@bp.post("/spaces/new")
def create_from_page() -> ResponseReturnValue:
    """Create a team space."""
    service, form = spaces_to_change(), SpaceForm()
    try:
        check_form(form)
        made = service.create(text_of(form.name), to_quota(text_of(form.quota)))
    except _REFUSALS as error:
        return redisplay_form(partial(show_spaces, form), form, error)
    flash(gettext("Created the team space “%(name)s”", name=made.name), "success")
    return see_other(url_for("spaces.get_space", space_id=made.id))


@bp.post("/spaces/<space_id>/change")
def change_from_page(space_id: str) -> ResponseReturnValue:
    """Rename a team space, and set its quota if the form has one."""
    service, form = spaces_to_change(), SpaceForm()
    try:
        check_form(form)
        may_set_quota = service.get(space_id).may_set_quota
        quota = to_quota(text_of(form.quota)) if may_set_quota else None
        service.change(space_id, name=text_of(form.name), quota=quota, has_quota=may_set_quota)
    except _REFUSALS as error:
        return _refuse(space_id, "space_form", form, error)
    flash(gettext("Saved"), "success")
    return _back(space_id)


@bp.post("/spaces/<space_id>/members")
def set_member_from_page(space_id: str) -> ResponseReturnValue:
    """Add a member, or change the role of one."""
    service, form = spaces_to_share(), MemberForm()
    try:
        check_form(form)
        role = to_choice(ShareRole, "role", text_of(form.role))
        member = service.set_member(space_id, text_of(form.username).strip(), role)
    except _REFUSALS as error:
        return _refuse(space_id, "member_form", form, error)
    flash(gettext("“%(name)s” is a member of this space", name=member.username), "success")
    return _back(space_id)


@bp.post("/spaces/<space_id>/members/remove")
def remove_member_from_page(space_id: str) -> ResponseReturnValue:
    """Remove a member, or leave."""
    service, form = spaces_to_share(), MemberForm()
    username = text_of(form.username)
    service.remove_member(space_id, username)
    if _is_visible(service, space_id):
        flash(gettext("“%(name)s” is no longer a member", name=username), "success")
        return _back(space_id)
    flash(gettext("You left the team space"), "success")
    return see_other(url_for("spaces.list_spaces"))


@bp.post("/spaces/<space_id>/end")
def end_from_page(space_id: str) -> ResponseReturnValue:
    """Permanently delete a team space whose name was typed."""
    service, form = spaces_to_change(), EndForm()
    space = service.get(space_id).space
    try:
        check_form(form)
        if text_of(form.typed).strip() != space.name:
            raise InvalidField(field="typed", reason=OTHER_NAME)
        service.end(space_id)
    except _REFUSALS as error:
        return _refuse(space_id, "end_form", form, error)
    flash(gettext("The team space “%(name)s” was deleted", name=space.name), "success")
    return see_other(url_for("spaces.list_spaces"))


def _is_visible(service: Spaces, space_id: str) -> bool:
    try:
        service.get(space_id)
    except NotFound:
        return False
    return True


def _refuse(space_id: str, name: str, form: Form, error: CabinetError) -> ResponseReturnValue:
    """Show the page of a space again with a refused form; raises the error if there is no such page any more."""
    if not wants_page() or (isinstance(error, NotFound) and not _is_visible(spaces_to_see(), space_id)):
        raise error
    return redisplay_form(partial(show_space, space_id, {name: form}), form, error, {NotFound: "username"})


def _back(space_id: str) -> ResponseReturnValue:
    return see_other(url_for("spaces.get_space", space_id=space_id))
