"""The forms of the pages about sharing with users and groups: give, change, accept, leave and block.

Rule: parse, call a service, redirect; a refused form is shown again on its page, with what was typed.
"""

from __future__ import annotations

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from cabinet.errors import Conflict, InvalidInput
from cabinet.services.access.roles import ShareRole
from cabinet.services.shares.grants import Recipient
from cabinet.shares.blueprint import bp
from cabinet.shares.forms import BlockForm, GrantForm, RoleForm
from cabinet.shares.share_pages import back_of_request, show_share
from cabinet.web.identity import account_user, acting_user
from cabinet.web.listing.navigation import refuse
from cabinet.web.pages import check_form, local_path, see_other, text_of
from cabinet.web.places import place_at
from cabinet.web.services import blocks, grants, received_shares


@bp.post("/share/grants")
def give_from_page() -> ResponseReturnValue:
    """Give a user or a group access to one entry."""
    user, form = acting_user(), GrantForm()
    path, name = text_of(form.path), text_of(form.to).strip()
    try:
        check_form(form)
        place = place_at(path)
        to = Recipient(None, name) if form.kind.data == "group" else Recipient(name)
        role = ShareRole(form.role.data)
        _, is_new = grants(user.account, user.scope).create(place.scope, place.path, to, role)
    except (Conflict, InvalidInput) as error:
        status = refuse(form, error, {})
        return show_share(user, [path], grant_form=form), status
    text = gettext("Shared with “%(name)s”", name=name) if is_new else gettext("Access changed")
    flash(text, "success")
    return see_other(local_path(request.form.get("next"), url_for("shares.share", path=path)))


@bp.post("/shared/<share_id>/role")
def change_role_from_page(share_id: str) -> ResponseReturnValue:
    """Change the role of a user or a group."""
    user, form = acting_user(), RoleForm()
    check_form(form)
    grants(user.account, user.scope).change(share_id, ShareRole(form.role.data))
    flash(gettext("Access changed"), "success")
    return see_other(back_of_request())


@bp.post("/shared/<share_id>/end")
def end_from_page(share_id: str) -> ResponseReturnValue:
    """End the access of a user or a group at once."""
    user = acting_user()
    grants(user.account, user.scope).end(share_id)
    flash(gettext("Access removed"), "success")
    return see_other(back_of_request())


@bp.post("/shared/<share_id>/accept")
def accept_from_page(share_id: str) -> ResponseReturnValue:
    """Accept what somebody has shared, so that it is among the user's files."""
    accepted = received_shares(acting_user().scope).accept(share_id)
    flash(gettext("“%(name)s” is now in your files", name=accepted.path or accepted.name), "success")
    return see_other(back_of_request())


@bp.post("/shared/<share_id>/leave")
def leave_from_page(share_id: str) -> ResponseReturnValue:
    """Decline or leave what somebody has shared."""
    received_shares(acting_user().scope).leave(share_id)
    flash(gettext("Removed from “Shared with me”"), "success")
    return see_other(back_of_request())


@bp.post("/shared/block")
def block_from_page() -> ResponseReturnValue:
    """Accept nothing more from a user."""
    user, form = account_user(), BlockForm()
    check_form(form)
    blocked = blocks(user.id).add(text_of(form.username))
    flash(gettext("Blocked “%(name)s”", name=blocked.username), "success")
    return see_other(back_of_request())


@bp.post("/shared/unblock")
def unblock_from_page() -> ResponseReturnValue:
    """Accept shares from a user again."""
    user, form = account_user(), BlockForm()
    check_form(form)
    blocks(user.id).remove(text_of(form.username))
    flash(gettext("Unblocked “%(name)s”", name=text_of(form.username)), "success")
    return see_other(back_of_request())
