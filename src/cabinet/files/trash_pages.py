"""The page of the trash and its forms, for any number of items.

Rule: parse, call the service, render; a refused form is shown again on the page, with what can be done
instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from flask import flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from markupsafe import Markup

from cabinet.errors import Conflict, EntryExists, InvalidInput
from cabinet.files.blueprint import LINKS, bp
from cabinet.files.forms import ReturnForm, TrashedForm, empty_forms
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope
from cabinet.services.changes.trash import Trash, Trashed
from cabinet.web.formats import moment, number
from cabinet.web.identity import acting_user
from cabinet.web.listing.navigation import ROWS, nothing_selected, page_at_hand, refuse
from cabinet.web.listing.rows import Content, Listing, Row, RowMaker, plain_columns, whole
from cabinet.web.listing.updates import UPDATE_BYTES, Shown
from cabinet.web.pages import check_form, local_path, see_other
from cabinet.web.parameters import PATHS_BYTES, after_of, limit_of, read_json, to_conflict
from cabinet.web.places import restore_ids
from cabinet.web.problems import wants_page
from cabinet.web.request_guards import takes_body_of
from cabinet.web.runtime import runtime, setting
from cabinet.web.services import trash

# Items per page.
PAGE_LIMIT = 200

DAY = timedelta(days=1)
# A row shows its remaining days in red if they are at most this many.
SOON_DAYS = 3

_DAYS_LEFT = Markup('<span class="days-left{}">{}</span>')


def show_trash(
    scope: Scope, form: ReturnForm | None = None, refused: Sequence[str] = (), shown: Shown | None = None
) -> str:
    """Show a page of the trash; `refused` names the items whose original path is taken."""
    content, after = _content_of(trash(scope), shown)
    listing = Listing(
        links=LINKS,
        place="trash",
        content=content,
        columns=plain_columns(gettext("Deleted")),
        more=url_for("files.list_trash", after=after) if after else "",
        back=page_at_hand() or url_for("files.list_trash"),
    )
    return render_template(
        "files/trash.html",
        listing=listing,
        is_first=after_of() is None,
        keep_days=setting("TRASH_KEEP_DAYS"),
        refused_form=form,
        refused=refused,
        max_upload_size=setting("MAX_UPLOAD_SIZE"),
        **empty_forms(),
    )


@bp.post("/trash" + ROWS)
@takes_body_of(UPDATE_BYTES)
def update_trash() -> ResponseReturnValue:
    """Update the rows of the trash that a page shows."""
    user, shown = acting_user(), read_json(Shown)
    return show_trash(user.scope, shown=shown)


@bp.post("/index/trash/restore")
@takes_body_of(PATHS_BYTES)
def restore_from_page() -> ResponseReturnValue:
    """Restore items to their original folders, all or none; if a path is taken, ask what to do."""
    user, form = acting_user(), ReturnForm()
    ids = _ids_of(form)
    if wants_page() and not ids:
        return nothing_selected(LINKS)
    try:
        check_form(form)
        back = restore_ids(ids, to_conflict(form.on_conflict.data))
    except (Conflict, InvalidInput) as error:
        status = refuse(form, error, {})
        return show_trash(user.scope, form, ids if isinstance(error, EntryExists) else ()), status
    if len(back) == 1:
        text = gettext("“%(path)s” is back.", path=back[0].path)
    else:
        count = len(back)
        text = ngettext("%(count)s item is back.", "%(count)s items are back.", count, count=number(count))
    flash(text, "success")
    return see_other(_next())


@bp.post("/index/trash/purge")
@takes_body_of(PATHS_BYTES)
def purge_from_page() -> ResponseReturnValue:
    """Permanently delete items in the trash, all or none, after a confirmation."""
    user, form = acting_user(), TrashedForm()
    user.scope.require_whole(Rights.PURGE)
    ids = _ids_of(form)
    if wants_page() and not ids:
        return nothing_selected(LINKS)
    check_form(form)
    if not form.sure.data:
        return render_template("files/purge.html", ids=ids, count=len(ids), back=_next())
    trash(user.scope).purge_all(ids)
    flash(gettext("That is gone for ever."), "success")
    return see_other(_next())


@bp.get("/index/trash/empty")
def ask_to_empty() -> ResponseReturnValue:
    """Ask for confirmation before emptying the trash."""
    acting_user().scope.require_whole(Rights.PURGE)
    return render_template("files/purge.html", ids=(), count=0, back=url_for("files.list_trash"))


@bp.post("/index/trash/empty")
def empty_from_page() -> ResponseReturnValue:
    """Permanently delete everything in the trash."""
    trash(acting_user().scope).empty()
    flash(gettext("The trash is empty."), "success")
    return see_other(url_for("files.list_trash"))


def _ids_of(form: TrashedForm) -> list[str]:
    return form.id.data or []


def _next() -> str:
    return local_path(request.form.get("next"), url_for("files.list_trash"))


def _content_of(service: Trash, shown: Shown | None) -> tuple[Content, str | None]:
    """Return a page of the trash, or an update of the rows that a page shows; and the next page's cursor."""
    maker = RowMaker(LINKS)
    if shown is None:
        page = service.list_page(limit_of(PAGE_LIMIT), after_of())
        return whole([_row(maker, each) for each in page.entries]), page.next
    ids, after = service.outline(shown.extent(limit_of(PAGE_LIMIT)), after_of())

    def draw(numbers: Sequence[int]) -> dict[int, Row]:
        there = service.look_up([ids[number] for number in numbers])
        return {number: _row(maker, there[ids[number]]) for number in numbers if ids[number] in there}

    return shown.compare(ids, draw), after


def _row(maker: RowMaker, trashed: Trashed) -> Row:
    # An expired item is deleted by the next sweep at any moment, so it still shows today.
    days = max(1, -((runtime().clock() - trashed.expires_at) // DAY))
    left = ngettext("%(count)s day left", "%(count)s days left", days, count=number(days))
    note = _DAYS_LEFT.format(" is-soon" if days <= SOON_DAYS else "", left)
    return maker.trashed(trashed.id, trashed.entry, moment(trashed.trashed_at), note)
