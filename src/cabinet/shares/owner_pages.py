"""The pages that make, show, change and end links.

Rule: parse, call a service, render; a refused form is shown again on its page, with what was typed.
"""

from __future__ import annotations

from flask import flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from cabinet.errors import Conflict, InvalidInput
from cabinet.services.shares.values import NewShare, kind_of
from cabinet.shares.blueprint import bp
from cabinet.shares.cards import card_of
from cabinet.shares.forms import ChangeLinkForm, NewLinkForm, choices_of
from cabinet.shares.link_options import form_of_link, values_of, words_for
from cabinet.shares.owner_views import in_one_scope
from cabinet.shares.share_pages import back_of_request, refusal_of, show_share
from cabinet.web.forms import paths_of
from cabinet.web.identity import ActingUser, acting_user
from cabinet.web.listing.navigation import refuse
from cabinet.web.pages import check_form, see_other, text_of, with_next
from cabinet.web.parameters import PATHS_BYTES
from cabinet.web.places import look_up_all
from cabinet.web.request_guards import takes_body_of
from cabinet.web.runtime import runtime
from cabinet.web.services import share_policy, shares


@bp.post("/share/links")
@takes_body_of(PATHS_BYTES)
def create_from_page() -> ResponseReturnValue:
    """Make a link to the selected entries, and show it."""
    user, form = acting_user(), NewLinkForm()
    try:
        check_form(form)
        scope, paths = in_one_scope(paths_of(form))
        now = runtime().clock()
        values = values_of(form, share_policy().default_expiry(now))
        rights = values["rights"]
        password = text_of(form.password) or None
        new = NewShare(kind=kind_of(rights), has_expiry=True, password=password, **values)
        service = shares(user.scope)
        made = service.create(paths, new, is_admin=user.account.is_admin, scope=scope)
    except (Conflict, InvalidInput) as error:
        status = refuse(form, error, {})
        return show_share(user, paths_of(form), form), status
    # One page for one entry; that of a selection has no short address.
    selected = paths_of(form)
    back = url_for("shares.share", path=selected[0]) if len(selected) == 1 else url_for("shares.show_shared")
    return see_other(with_next(url_for("shares.show_link", share_id=made.id, made=1), back))


@bp.get("/shared/<share_id>")
def show_link(share_id: str) -> ResponseReturnValue:
    """Show one link with its options."""
    return _link_page(acting_user(), share_id)


@bp.post("/shared/<share_id>/change")
def change_from_page(share_id: str) -> ResponseReturnValue:
    """Change the options of a link."""
    user, form = acting_user(), ChangeLinkForm()
    service = shares(user.scope)
    held = service.get(share_id)
    try:
        check_form(form)
        values = values_of(form, held.expires_at)
        if values["expires_at"] == held.expires_at:
            del values["expires_at"]
        if form.remove_password.data:
            values["password"] = None
        elif form.password.data:
            values["password"] = form.password.data
        service.change(share_id, values, is_admin=user.account.is_admin)
    except (Conflict, InvalidInput) as error:
        status = refuse(form, error, {})
        return _link_page(user, share_id, form), status
    flash(gettext("Link changed"), "success")
    return see_other(_here_again(share_id))


@bp.post("/shared/<share_id>/renew")
def renew_from_page(share_id: str) -> ResponseReturnValue:
    """Replace the address of a link."""
    user = acting_user()
    shares(user.scope).renew(share_id, is_admin=user.account.is_admin)
    flash(gettext("Link replaced. The old address no longer works."), "success")
    return see_other(_here_again(share_id))


@bp.post("/shared/<share_id>/revoke")
def revoke_from_page(share_id: str) -> ResponseReturnValue:
    """End a link at once."""
    shares(acting_user().scope).revoke(share_id)
    flash(gettext("Link revoked"), "success")
    return see_other(back_of_request())


def _here_again(share_id: str) -> str:
    return with_next(url_for("shares.show_link", share_id=share_id), request.form.get("next"))


def _link_page(user: ActingUser, share_id: str, form: ChangeLinkForm | None = None) -> str:
    held = shares(user.scope).get(share_id)
    entry = None
    if held.items and not held.is_selection and not held.items[0].is_trashed:
        (entry,) = look_up_all([held.items[0].path])
    form = form or form_of_link(held)
    form.rights.choices = choices_of(words_for(entry, is_known=held.is_selection or entry is not None))
    if held.has_password:
        form.password.render_kw = {**(form.password.render_kw or {}), "placeholder": gettext("unchanged")}
    return render_template(
        "shares/link_options.html",
        card=card_of(held),
        form=form,
        is_new="made" in request.args,
        back=back_of_request(),
        refusal=refusal_of(user),
        needs_password=share_policy().needs_password,
    )
