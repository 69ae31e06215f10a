"""The pages of what a user shares: share some entries, and all that is shared.

The dialog of the files page shows the same pages (js/actions/sharing.js).

Rule: parse, call a service, render; a refused form is shown again on its page, with what was typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from cabinet.errors import NotFound, SharingForbidden
from cabinet.services.access.roles import ShareRole
from cabinet.services.shares.received import ReceivedPage
from cabinet.services.shares.values import GrantInfo, ShareInfo
from cabinet.shares.blueprint import bp
from cabinet.shares.cards import (
    GrantCard,
    LinkCard,
    card_of,
    grant_card_of,
    place_of,
    received_card_of,
    title_of,
)
from cabinet.shares.forms import PERSON_CHOICE, GrantForm, NewLinkForm, choices_of
from cabinet.shares.link_options import new_link_form, words_for
from cabinet.shares.owner_views import in_one_scope, list_shares
from cabinet.web.forms import SelectionForm, paths_of
from cabinet.web.i18n import translate_error
from cabinet.web.identity import ActingUser, acting_user
from cabinet.web.pages import local_path, see_other
from cabinet.web.parameters import PATHS_BYTES, after_of, limit_of
from cabinet.web.places import look_up_all, place_at
from cabinet.web.problems import wants_page
from cabinet.web.request_guards import takes_body_of
from cabinet.web.runtime import setting
from cabinet.web.services import blocks, database, groups, received_shares, share_policy, shares

# Links per page, of one entry and of all.
PAGE_LIMIT, LONG_PAGE_LIMIT = 20, 50
# What continues the lists of everything shared: with the user, with people, and by links.
_CURSORS = ("received", "people", "after")


@bp.route("/share", methods=["GET", "POST"])
@takes_body_of(PATHS_BYTES)
def share() -> ResponseReturnValue:
    """Show what a selection is shared with; it is posted if it is too long for a URL."""
    user = acting_user()
    paths = paths_of(SelectionForm(formdata=request.values))
    if not paths:
        flash(gettext("Select at least one item first."), "error")
        return see_other(url_for("files.index"))
    return show_share(user, paths)


@bp.get("/shared")
def show_shared() -> ResponseReturnValue:
    """Show everything that the user shares."""
    if not wants_page():
        return list_shares()
    user = acting_user()
    service, limit = shares(user.scope), limit_of(LONG_PAGE_LIMIT)
    links = service.list_page(limit, after_of(), grants=False)
    people = service.list_page(limit, request.args.get("people") or None, grants=True)
    received = received_shares(user.scope)
    # A token of one folder does not reach what others share.
    got = ReceivedPage([], None)
    if user.scope.is_whole:
        got = received.list_page(limit, request.args.get("received") or None)
    return render_template(
        "shares/shared.html",
        received=[received_card_of(each) for each in got.shares],
        more_received=_more("received", got.next),
        blocked=[] if user.credential.is_limited else blocks(user.id).list_all(),
        people=_split(people.shares)[1],
        more_people=_more("people", people.next),
        cards=_split(links.shares)[0],
        roles=list(ShareRole),
        more=_more("after", links.next),
        is_first=after_of() is None,
        refusal=refusal_of(user),
    )


def _more(name: str, cursor: str | None) -> str:
    """Return the address of the next page of one list, with the others as they are shown now; "" if there is none."""
    if cursor is None:
        return ""
    shown: dict[str, Any] = {each: request.args[each] for each in _CURSORS if request.args.get(each)}
    return url_for("shares.show_shared", **(shown | {name: cursor}))


def _split(found: Sequence[ShareInfo | GrantInfo]) -> tuple[list[LinkCard], list[GrantCard]]:
    """Return the links and the grants of a page."""
    links = [card_of(each) for each in found if isinstance(each, ShareInfo)]
    return links, [grant_card_of(each) for each in found if isinstance(each, GrantInfo)]


def show_share(
    user: ActingUser,
    paths: Sequence[str],
    form: NewLinkForm | None = None,
    grant_form: GrantForm | None = None,
) -> str:
    """Show the forms to share some entries, and whom a single one is shared with."""
    entries = [entry for entry in look_up_all(paths) if entry and entry.path]
    if not entries:
        raise NotFound
    paths = [entry.path for entry in entries]
    in_one_scope(paths)
    only = entries[0] if len(entries) == 1 else None
    place = place_at(only.path) if only else None
    page = shares(user.scope).list_page(limit_of(PAGE_LIMIT), after_of(), place) if place else None
    links, people = _split(page.shares if page else ())
    form, is_refused = form or new_link_form(only), form is not None
    form.rights.choices = choices_of(words_for(only, is_known=True))
    form.password.flags.required = share_policy().needs_password
    more = url_for("shares.share", path=paths, after=page.next) if page and page.next else ""
    return render_template(
        "shares/share.html",
        entry=only,
        paths=paths,
        title=title_of(paths),
        form=form,
        is_refused=is_refused,
        grant_form=_grant_form_of(user, grant_form) if only else None,
        completes=setting("USER_COMPLETION") == "on",
        people=people,
        roles=list(ShareRole),
        cards=links,
        more=more,
        back=local_path(request.values.get("next"), place_of(paths[0])),
        refusal=refusal_of(user),
        needs_password=share_policy().needs_password,
    )


def _grant_form_of(user: ActingUser, form: GrantForm | None) -> GrantForm:
    """Return a form to share with somebody; who is in no group is not asked for one."""
    form = form or GrantForm(formdata=None)
    if not groups(user.account).list_page(1).groups:
        form.kind.choices = [PERSON_CHOICE]
    return form


def back_of_request() -> str:
    """Return the page that a form came from, else that of everything shared."""
    return local_path(request.values.get("next"), url_for("shares.show_shared"))


def refusal_of(user: ActingUser) -> str | None:
    """Return why the user may not make links, None if they may."""
    try:
        share_policy().require(database(), is_admin=user.account.is_admin)
    except SharingForbidden as error:
        return translate_error(error)[1]
    return None
