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
from cabinet.files.forms import RestoreForm, TrashedForm
from cabinet.services.access.rights import Rights
from cabinet.services.changes.trash import Trashed
from cabinet.services.tree.mounts import Place
from cabinet.web.formats import moment, number
from cabinet.web.listing.forms import empty_forms
from cabinet.web.listing.navigation import ROWS, current_list_page, nothing_selected, refuse
from cabinet.web.listing.rows import ListContent, ListPage, Row, RowMaker, plain_columns, whole
from cabinet.web.listing.updates import UPDATE_BYTES, Shown
from cabinet.web.pages import check_form, local_path, see_other
from cabinet.web.parameters import PATHS_BYTES, after_of, limit_of, read_json, to_on_conflict
from cabinet.web.places import place_of_trash, purge_ids, restore_ids
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
    place: Place, form: RestoreForm | None = None, refused: Sequence[str] = (), shown: Shown | None = None
) -> str:
    """Show a page of the trash; `refused` names the items whose original path is taken.

    In the trash of a team space, `place` is its folder.
    """
    content, after = _content_of(place, shown)
    team = _team(place)
    listing = ListPage(
        links=LINKS,
        place="trash",
        content=content,
        columns=plain_columns(gettext("Deleted")),
        more=url_for("files.list_trash", path=team, after=after) if after else "",
        back=current_list_page() or url_for("files.list_trash", path=team),
    )
    return render_template(
        "files/trash.html",
        listing=listing,
        team=team,
        mounted=place.mount and place.mount.mounted,
        may_purge=place.scope.has(Rights.PURGE),
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
    place, shown = _place(), read_json(Shown)
    return show_trash(place, shown=shown)


@bp.post("/index/trash/restore")
@takes_body_of(PATHS_BYTES)
def restore_from_page() -> ResponseReturnValue:
    """Restore items to their original folders, all or none; if a path is taken, ask what to do."""
    place, form = _place(), RestoreForm()
    ids = _ids_of(form)
    if wants_page() and not ids:
        return nothing_selected(LINKS)
    try:
        check_form(form)
        back = restore_ids(ids, to_on_conflict(form.on_conflict.data))
    except (Conflict, InvalidInput) as error:
        status = refuse(form, error, {})
        return show_trash(place, form, ids if isinstance(error, EntryExists) else ()), status
    if len(back) == 1:
        text = gettext("Restored “%(path)s”", path=back[0].path)
    else:
        count = len(back)
        text = ngettext("Restored %(count)s item", "Restored %(count)s items", count, count=number(count))
    flash(text, "success")
    return see_other(_next())


@bp.post("/index/trash/purge")
@takes_body_of(PATHS_BYTES)
def purge_from_page() -> ResponseReturnValue:
    """Permanently delete items in the trash, all or none, after a confirmation."""
    place, form = _place(), TrashedForm()
    place.scope.require_whole(Rights.PURGE)
    ids = _ids_of(form)
    if wants_page() and not ids:
        return nothing_selected(LINKS)
    check_form(form)
    if not form.sure.data:
        return render_template("files/purge.html", ids=ids, count=len(ids), back=_next(), team=_team(place))
    purge_ids(ids)
    flash(gettext("Permanently deleted."), "success")
    return see_other(_next())


@bp.get("/index/trash/empty")
def ask_to_empty() -> ResponseReturnValue:
    """Ask for confirmation before emptying the trash."""
    place = _place()
    place.scope.require_whole(Rights.PURGE)
    team = _team(place)
    return render_template(
        "files/purge.html", ids=(), count=0, back=url_for("files.list_trash", path=team), team=team
    )


@bp.post("/index/trash/empty")
def empty_from_page() -> ResponseReturnValue:
    """Permanently delete everything in the trash."""
    place = _place()
    trash(place.scope).empty()
    flash(gettext("Trash emptied"), "success")
    return see_other(url_for("files.list_trash", path=_team(place)))


def _place() -> Place:
    """Return the place with the trash that a page or its form is about."""
    return place_of_trash(request.args.get("path", ""))


def _team(place: Place) -> str | None:
    """Return the path of the team space whose trash a page shows, None for the user's own."""
    return None if place.mount is None else place.mount.name


def _ids_of(form: TrashedForm) -> list[str]:
    return form.id.data or []


def _next() -> str:
    return local_path(request.form.get("next"), url_for("files.list_trash", path=_team(_place())))


def _content_of(place: Place, shown: Shown | None) -> tuple[ListContent, str | None]:
    """Return a page of the trash, or an update of the rows that a page shows; and the next page's cursor."""
    service, maker = trash(place.scope), RowMaker(LINKS)
    if shown is None:
        page = service.list_page(limit_of(PAGE_LIMIT), after_of())
        return whole([_row(maker, each.seen_from(place)) for each in page.entries]), page.next
    ids, after = service.outline(shown.extent(limit_of(PAGE_LIMIT)), after_of())

    def draw(numbers: Sequence[int]) -> dict[int, Row]:
        """Return the rows at these positions of the outline."""
        there = service.look_up([ids[number] for number in numbers])
        return {
            number: _row(maker, there[ids[number]].seen_from(place))
            for number in numbers
            if ids[number] in there
        }

    return shown.compare(ids, draw), after


def _row(maker: RowMaker, trashed: Trashed) -> Row:
    # An expired item is deleted by the next sweep at any moment, so it still shows today.
    days = max(1, -((runtime().clock() - trashed.expires_at) // DAY))
    left = ngettext("%(count)s day left", "%(count)s days left", days, count=number(days))
    note = _DAYS_LEFT.format(" is-soon" if days <= SOON_DAYS else "", left)
    return maker.trashed(trashed.id, trashed.entry, moment(trashed.trashed_at), note)
