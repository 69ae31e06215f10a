"""What is done with the files and folders that somebody chose: renamed, moved, copied, deleted.

Rule: parse, call a service, render; a refusal shows on the page that asked, with what was typed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from cabinet.errors import N_, EntryExists, IntoItself, InvalidName, NotAFolder, NotFound
from cabinet.files.blueprint import LINKS, bp
from cabinet.files.forms import ArrangeForm, ChosenForm, RenameForm, paths_of
from cabinet.services.access.scope import Scope
from cabinet.services.changes.crossing import Arranged
from cabinet.services.tree.entries import Conflict, Entry
from cabinet.services.tree.names import join_path, split_path
from cabinet.services.tree.paging import Order
from cabinet.web.formats import number
from cabinet.web.guard import takes_body_of
from cabinet.web.identity import acting_user
from cabinet.web.listing.navigation import REFUSALS, crumbs_of, nothing_chosen, refuse, way_back
from cabinet.web.objects import to_json
from cabinet.web.pages import check_form, see_other, text_of
from cabinet.web.parameters import PATHS_BYTES, to_conflict
from cabinet.web.places import copy_paths, move_paths, rename_path
from cabinet.web.problems import wants_page
from cabinet.web.services import files, trash
from cabinet.web.texts import NN_

# Folders that a field suggests of the one that is open, and of the topmost.
SUGGESTED = 50

# What is said of one, and of several.
_MOVED = (
    N_("“%(name)s” is in “%(folder)s” now."),
    NN_("%(count)s item is in “%(folder)s” now.", "%(count)s items are in “%(folder)s” now."),
)
_COPIED = (
    N_("The copy “%(name)s” is in “%(folder)s” now."),
    NN_("A copy of %(count)s item is in “%(folder)s”.", "Copies of %(count)s items are in “%(folder)s”."),
)


@bp.route("/index/arrange", methods=["GET", "POST"])
@takes_body_of(PATHS_BYTES)
def arrange() -> ResponseReturnValue:
    """Ask what shall become of the chosen ones; a choice too long for an address is posted."""
    user, form = acting_user(), ChosenForm(formdata=request.values)
    return _arrange_page(user.scope, paths_of(form)) if form.path.data else nothing_chosen(LINKS)


@bp.post("/index/rename")
def rename() -> ResponseReturnValue:
    """Give one file or folder another name."""
    user, form = acting_user(), RenameForm()
    try:
        check_form(form)
        path = paths_of(form)[0]
        renamed = rename_path(path, text_of(form.name), Conflict.FAIL)
    except REFUSALS as error:
        status = refuse(form, error, {EntryExists: "name", InvalidName: "name"})
        return _arrange_page(user.scope, paths_of(form), rename_form=form), status
    if not wants_page():
        return to_json(renamed)
    old = split_path(path)[-1]
    flash(gettext("“%(old)s” is called “%(new)s” now.", old=old, new=renamed.name), "success")
    return see_other(way_back(LINKS, path))


@bp.post("/index/move")
@takes_body_of(PATHS_BYTES)
def move_chosen() -> ResponseReturnValue:
    """Move the chosen ones into a folder."""
    return _arrange(move_paths, _MOVED)


@bp.post("/index/copy")
@takes_body_of(PATHS_BYTES)
def copy_chosen() -> ResponseReturnValue:
    """Copy the chosen ones into a folder."""
    return _arrange(copy_paths, _COPIED)


@bp.post("/index/delete")
@takes_body_of(PATHS_BYTES)
def delete() -> ResponseReturnValue:
    """Move the chosen ones to the trash, all of them or none."""
    user, form = acting_user(), ChosenForm()
    if wants_page() and not form.path.data:
        return nothing_chosen(LINKS)
    check_form(form)
    paths = paths_of(form)
    back = way_back(LINKS, paths[0])
    trash(user.scope).add(paths)
    if not wants_page():
        return "", HTTPStatus.NO_CONTENT
    if len(paths) == 1:
        flash(gettext("“%(name)s” is in the trash.", name=split_path(paths[0])[-1]), "success")
    else:
        count = len(paths)
        text = ngettext(
            "%(count)s item is in the trash.", "%(count)s items are in the trash.", count, count=number(count)
        )
        flash(text, "success")
    return see_other(back)


def _arrange(
    perform: Callable[[Sequence[str], str, Conflict], Arranged],
    texts: tuple[str, tuple[str, str]],
) -> ResponseReturnValue:
    """Move or copy by `perform`, and say so by one of `texts`."""
    user, form = acting_user(), ArrangeForm()
    paths = paths_of(form)
    # Whoever thinks of a disk begins a path with a slash, and who thinks of a folder ends it with one.
    to = text_of(form.to).removeprefix("/").removesuffix("/")
    try:
        check_form(form)
        back = way_back(LINKS, paths[0])
        entries = perform(paths, f"{to}/" if to else "", to_conflict(form.on_conflict.data)).entries
    except REFUSALS as error:
        fields = dict.fromkeys((EntryExists, IntoItself, InvalidName, NotAFolder), "to")
        status = refuse(form, error, fields)
        return _arrange_page(user.scope, paths, arrange_form=form), status
    _tell(texts, entries, split_path(to)[-1] if to else gettext("Your files"))
    return see_other(back)


def _tell(texts: tuple[str, tuple[str, str]], entries: Sequence[Entry], folder: str) -> None:
    """Say where `entries` are now, in the text for one or the one for several."""
    one, several = texts
    count = len(entries)
    if count == 1:
        text = gettext(one, name=entries[0].name, folder=folder)
    else:
        text = ngettext(*several, count, count=number(count), folder=folder)
    flash(text, "success")


def _arrange_page(
    scope: Scope,
    paths: Sequence[str],
    rename_form: RenameForm | None = None,
    arrange_form: ArrangeForm | None = None,
) -> str:
    """Show what can be done with what is at `paths`; what is not there any more is left out."""
    service = files(scope)
    entries = [entry for entry in service.look_up(paths) if entry and entry.path]
    if not entries:
        raise NotFound
    first = entries[0]
    parent = join_path(split_path(first.path)[:-1])
    return render_template(
        "files/arrange.html",
        links=LINKS,
        entries=entries,
        entry=first if len(entries) == 1 else None,
        breadcrumbs=crumbs_of(first.path)[:-1],
        back=way_back(LINKS, first.path),
        folders=_folders_near(scope, parent),
        rename_form=rename_form or RenameForm(formdata=None, name=first.name),
        arrange_form=arrange_form or ArrangeForm(formdata=None, to=parent),
    )


def _folders_near(scope: Scope, folder: str) -> list[str]:
    """Return some folders that things of `folder` may want to go to; costs the same in any folder."""
    service = files(scope)
    near = {path for _, path in crumbs_of(folder)}
    for each in {"", folder}:
        page = service.list_page(each, Order(), SUGGESTED)
        near |= {entry.path for entry in page.entries if entry.is_folder}
    return sorted(near)
