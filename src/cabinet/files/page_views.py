"""The files page: what is in a folder, and a new folder in it.

Rule: parse, call a service, render; a refusal shows on the page that asked, with what was typed.
"""

from __future__ import annotations

from flask import flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from cabinet.errors import EntryExists, InvalidName, NotAFolder
from cabinet.files import bp
from cabinet.files.forms import NewFolderForm, UploadForm
from cabinet.files.returning import REFUSALS, crumbs_of, refuse
from cabinet.services.entries import Order
from cabinet.services.names import join_path, split_path
from cabinet.web.context import acting_user, files, setting
from cabinet.web.pages import check_form, see_other, text_of
from cabinet.web.parameters import order_of

# Entries on one page of the files page.
PAGE_LIMIT = 200


@bp.get("/index")
def index() -> ResponseReturnValue:
    """Show a folder."""
    user = acting_user()
    form = NewFolderForm(formdata=None, folder=request.args.get("path", ""))
    return _index_page(user.id, form, order_of())


@bp.post("/index/folders")
def new_folder() -> ResponseReturnValue:
    """Make a folder in the one that is open."""
    user, form = acting_user(), NewFolderForm()
    parent = text_of(form.folder)
    try:
        check_form(form)
        made = files(user.id).make_folder(join_path((*split_path(parent), *split_path(text_of(form.name)))))
    except REFUSALS as error:
        status = refuse(form, error, {EntryExists: "name", InvalidName: "name", NotAFolder: "name"})
        return _index_page(user.id, form, Order()), status
    flash(gettext("The folder “%(name)s” is made.", name=made.name), "success")
    return see_other(url_for("files.index", path=parent or None))


def _index_page(user_id: int, form: NewFolderForm, order: Order) -> str:
    page = files(user_id).list_page(text_of(form.folder), order, PAGE_LIMIT)
    return render_template(
        "files/index.html",
        folder=page.path,
        breadcrumbs=crumbs_of(page.path),
        entries=page.entries,
        sort=order.sort.value,
        order="desc" if order.descending else "asc",
        next_cursor=page.next,
        totals=page,
        upload_form=UploadForm(formdata=None),
        folder_form=form,
        max_upload_size=setting("MAX_UPLOAD_SIZE"),
    )
