"""Pages that rename, move, copy and delete the selected files and folders.

Rule: parse, call a service, render; a refused form is shown again on its page, with what was typed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from cabinet.errors import N_, EntryExists, IntoItself, InvalidName, NotAFolder, NotFound
from cabinet.files.blueprint import bp, links_here
from cabinet.files.forms import ArrangeForm, RenameForm
from cabinet.services.access.roles import ShareRole
from cabinet.services.changes.crossing import Relocated
from cabinet.services.tree.entries import Entry, OnConflict
from cabinet.services.tree.names import join_path, split_path
from cabinet.services.tree.paging import Order
from cabinet.web.formats import number
from cabinet.web.forms import SelectionForm, paths_of
from cabinet.web.guest import guest
from cabinet.web.identity import acting
from cabinet.web.listing.navigation import REFUSALS, crumbs_of, nothing_selected, refuse, return_url
from cabinet.web.pages import check_form, see_other, text_of
from cabinet.web.parameters import PATHS_BYTES, to_on_conflict
from cabinet.web.places import (
    copy_paths,
    look_up_all,
    move_paths,
    places_at,
    remove_paths,
    rename_path,
)
from cabinet.web.problems import wants_page
from cabinet.web.request_guards import takes_body_of
from cabinet.web.serializers import to_json
from cabinet.web.services import files
from cabinet.web.texts import NN_

# The most folders that a field suggests, from the open folder and from the root.
SUGGESTED = 50

# The texts for one entry and for several.
_MOVED = (
    N_("Moved “%(name)s” to “%(folder)s”"),
    NN_("Moved %(count)s item to “%(folder)s”", "Moved %(count)s items to “%(folder)s”"),
)
_COPIED = (
    N_("Copied to “%(folder)s” as “%(name)s”"),
    NN_("Copied %(count)s item to “%(folder)s”", "Copied %(count)s items to “%(folder)s”"),
)

_TRASHED = NN_("Moved %(count)s item to the trash", "Moved %(count)s items to the trash")
_LEFT = NN_(
    "Removed %(count)s shared folder from your files", "Removed %(count)s shared folders from your files"
)


@bp.route("/index/arrange", methods=["GET", "POST"])
@takes_body_of(PATHS_BYTES)
def arrange() -> ResponseReturnValue:
    """Show what can be done with the selection; it is posted if it is too long for a URL."""
    acting()
    form = SelectionForm(formdata=request.values)
    return _arrange_page(paths_of(form)) if form.path.data else nothing_selected(links_here())


@bp.post("/index/rename")
def rename() -> ResponseReturnValue:
    """Rename one file or folder."""
    acting()
    form = RenameForm()
    try:
        check_form(form)
        path = paths_of(form)[0]
        renamed = rename_path(path, text_of(form.name), OnConflict.FAIL)
    except REFUSALS as error:
        status = refuse(form, error, {EntryExists: "name", InvalidName: "name"})
        return _arrange_page(paths_of(form), rename_form=form), status
    if not wants_page():
        return to_json(renamed)
    old = split_path(path)[-1]
    flash(gettext("Renamed to “%(new)s”", old=old, new=renamed.name), "success")
    return see_other(return_url(links_here(), path))


@bp.post("/index/move")
@takes_body_of(PATHS_BYTES)
def move_selected() -> ResponseReturnValue:
    """Move the selection into a folder."""
    return _arrange(move_paths, _MOVED)


@bp.post("/index/copy")
@takes_body_of(PATHS_BYTES)
def copy_selected() -> ResponseReturnValue:
    """Copy the selection into a folder."""
    return _arrange(copy_paths, _COPIED)


@bp.post("/index/delete")
@takes_body_of(PATHS_BYTES)
def delete() -> ResponseReturnValue:
    """Move the selection to the trash, and leave shared folders, all or none."""
    acting()
    form = SelectionForm()
    if wants_page() and not form.path.data:
        return nothing_selected(links_here())
    check_form(form)
    paths = paths_of(form)
    back = return_url(links_here(), paths[0])
    removed = remove_paths(paths)
    if not wants_page():
        return "", HTTPStatus.NO_CONTENT
    names = [each.entry.name for each in removed.trashed]
    if len(names) == 1:
        flash(gettext("Moved “%(name)s” to the trash", name=names[0]), "success")
    elif names:
        _flash_count(_TRASHED, len(names))
    if len(removed.left) == 1:
        flash(gettext("Removed “%(name)s” from your files", name=removed.left[0]), "success")
    elif removed.left:
        _flash_count(_LEFT, len(removed.left))
    return see_other(back)


def _flash_count(texts: tuple[str, str], count: int) -> None:
    flash(ngettext(*texts, count, count=number(count)), "success")


def _arrange(
    perform: Callable[[Sequence[str], str, OnConflict], Relocated],
    texts: tuple[str, tuple[str, str]],
) -> ResponseReturnValue:
    """Move or copy with `perform`, and confirm with one of `texts`."""
    acting()
    form = ArrangeForm()
    paths = paths_of(form)
    # Users also type a leading slash, as on a disk, or a trailing one, as for a folder.
    to = text_of(form.to).removeprefix("/").removesuffix("/")
    try:
        check_form(form)
        back = return_url(links_here(), paths[0])
        entries = perform(paths, f"{to}/" if to else "", to_on_conflict(form.on_conflict.data)).entries
    except REFUSALS as error:
        fields = dict.fromkeys((EntryExists, IntoItself, InvalidName, NotAFolder), "to")
        status = refuse(form, error, fields)
        return _arrange_page(paths, arrange_form=form), status
    _tell(texts, entries, split_path(to)[-1] if to else gettext("Your files"))
    return see_other(back)


def _tell(texts: tuple[str, tuple[str, str]], entries: Sequence[Entry], folder: str) -> None:
    """Flash where `entries` are now, with the text for one or for several."""
    one, several = texts
    count = len(entries)
    if count == 1:
        text = gettext(one, name=entries[0].name, folder=folder)
    else:
        text = ngettext(*several, count, count=number(count), folder=folder)
    flash(text, "success")


def _arrange_page(
    paths: Sequence[str],
    rename_form: RenameForm | None = None,
    arrange_form: ArrangeForm | None = None,
) -> str:
    """Show the forms for the entries at `paths`; entries that no longer exist are left out."""
    entries = [entry for entry in look_up_all(paths) if entry and entry.path]
    if not entries:
        raise NotFound
    first = entries[0]
    parent = join_path(split_path(first.path)[:-1])
    return render_template(
        "files/arrange.html",
        links=links_here(),
        entries=entries,
        entry=first if len(entries) == 1 else None,
        breadcrumbs=crumbs_of(first.path)[:-1],
        back=return_url(links_here(), first.path),
        folders=_folders_near(parent),
        has_mount=any(entry.mounted for entry in entries),
        is_own=guest() is None and all(entry.role in {None, ShareRole.MANAGER} for entry in entries),
        is_fixed=any(entry.is_fixed for entry in entries),
        rename_form=rename_form or RenameForm(formdata=None, name=first.name),
        arrange_form=arrange_form or ArrangeForm(formdata=None, to=parent),
    )


def _folders_near(folder: str) -> list[str]:
    """Return some folders that entries of `folder` may move to; the cost does not depend on its size."""
    near = {path for _, path in crumbs_of(folder)}
    for place in places_at(sorted({"", folder})):
        page = files(place.scope).list_page(place.path, Order(), SUGGESTED)
        near |= {place.to_actor_entry(entry).path for entry in page.entries if entry.is_folder}
    return sorted(near)
