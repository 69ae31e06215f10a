"""The controls of pages, by names that are independent of their texts.

A control is found by its role, as assistive technology would, and by the id or the place that its template
gives it. So it is accessible, and no test depends on its current text.

Rule: no words of a page, in any language.
"""

from __future__ import annotations

import json
import re
from typing import Literal

from playwright.sync_api import Locator, Page

Role = Literal[
    "button", "checkbox", "combobox", "dialog", "form", "heading", "link", "navigation", "region",
    "searchbox", "switch", "textbox",
]  # fmt: skip

_SIGN_IN = "form[action*='/login'] [type=submit], #signin-send, #uploads-signin"
_CLOSE = ".note-close, form[method=dialog] button.tool"

CONTROLS: dict[str, tuple[Role, str]] = {
    # The frame of every page
    "account of": ("link", ".topbar-tools a[href$='/account']"),
    "sign out": ("link", ".tool-out"),
    "theme": ("button", "#theme"),
    "places": ("navigation", ".rail"),
    "files": ("link", ".rail-links a[href$='/index']"),
    "shared": ("link", ".rail-links a[href$='/shared']"),
    "trash": ("link", ".rail-links a[href$='/trash']"),
    "upload": ("button", ".upload-form [type=submit]"),
    "to upload": ("link", "a.upload-button"),
    "new folder": ("button", "[data-command=new-folder]"),
    "to new folder": ("link", "a[href$='#new-folder']"),
    "close": ("button", _CLOSE),
    # Accounts
    "to sign in": ("link", "a[href*='/login']"),
    "to create account": ("link", "a[href*='/register']"),
    "username": ("textbox", "[name=username]"),
    "password": ("textbox", "[name=password]"),
    "sign in": ("button", _SIGN_IN),
    "sign in later": ("button", "#signin-later"),
    "create account": ("button", "form[action*='/register'] [type=submit]"),
    "current password": ("textbox", "#password-current"),
    "new password": ("textbox", "#password-new"),
    "change password": ("button", "form[action$='/account/password'] [type=submit]"),
    "tokens": ("heading", "#tokens"),
    "token name": ("textbox", "#token-name"),
    "create token": ("button", "form[action$='/account/tokens'] [type=submit]"),
    "copy token": ("button", "[data-copy=new-token]"),
    "revoke token": ("button", "form[action*='/account/tokens/'] [type=submit]"),
    "end session": ("button", "form[action*='/account/sessions/'] [type=submit]"),
    "confirming password": ("textbox", "#delete-password"),
    "delete account": ("button", "form[action$='/account/delete'] [type=submit]"),
    # The list and its surroundings
    "crumbs": ("navigation", ".crumbs"),
    "top crumb": ("link", ".crumbs li:first-child a"),
    "as list": ("link", ".views [data-view=list]"),
    "as tiles": ("link", ".views [data-view=grid]"),
    "select all": ("checkbox", "#choose-all"),
    "selection": ("form", "#selection"),
    "clear selection": ("button", "#selection-clear"),
    "more": ("link", "#more"),
    "zip of folder": ("link", ".totals a"),
    "nothing here": ("heading", ".empty h2"),
    "empty trash": ("link", "#empty-trash"),
    "search": ("searchbox", "#search-input"),
    "start search": ("button", ".search-go"),
    "everywhere": ("link", ".scopes a:last-child"),
    "search everywhere": ("link", ".empty a"),
    "keys": ("button", ".keys-button"),
    "sheet of keys": ("dialog", "#keys"),
    "letters": ("switch", "[data-keys=letters]"),
    "signs": ("switch", "[data-keys=signs]"),
    # Dialogs
    "dialog of new folder": ("dialog", "#make-folder"),
    "folder name": ("textbox", "#make-folder-name, #folder-name, #picker-name"),
    "create folder": ("button", "#make-folder [type=submit], #new-folder [type=submit], #picker-make"),
    "new folder in picker": ("button", "#picker-add"),
    # Sharing
    "share dialog": ("dialog", "#share"),
    "make link": ("button", ".share-form[data-copies] [type=submit]"),
    "change link": ("button", ".share-form:not([data-copies]) [type=submit]"),
    "link rights": ("combobox", ".share-form [name=rights]"),
    "link password": ("textbox", ".share-form [name=password]"),
    "copy link": ("button", "[data-copy^=address]"),
    "renew link": ("button", ".share-tools > [popovertarget^=renew]"),
    "revoke link": ("button", ".share-tools > [popovertarget^=revoke]"),
    "sure": ("button", "[popover]:popover-open .btn-danger"),
    "options of link": ("link", ".share-tools a"),
    "back in dialog": ("link", ".share > p [data-shares]"),
    "close sharing": ("button", "#share-close"),
    "share with": ("textbox", "#give-to"),
    "person or group": ("combobox", "#give-kind"),
    "role": ("combobox", "#give-role"),
    "give access": ("button", ".share-give [type=submit]"),
    "remove access": ("button", ".share-tools > [popovertarget^=end]"),
    "block": ("button", ".share-tools > [popovertarget^=block]"),
    "unblock": ("button", "form[action$='/shared/unblock'] [type=submit]"),
    "accept": ("button", "form[action$='/accept'] [type=submit]"),
    "to share": ("button", "[formaction$='/share']"),
    "request files": ("link", "a[href*='rights=drop']"),
    # Details and preview
    "details": ("region", "#details"),
    "sheet of details": ("dialog", "#details-sheet"),
    "close details": ("button", ".details-close"),
    "copy hash": ("button", "[data-copies=hash]"),
    "details in preview": ("button", "#preview-details"),
    "download": ("link", "#preview-download, .preview-instead [download], .narrow a.btn-primary"),
    "next file": ("button", "#preview-next"),
    "next page": ("button", ".preview-page + button"),
    "larger": ("button", ".tool:has(use[href$='#zoom-in'])"),
    "smaller": ("button", ".tool:has(use[href$='#zoom-out'])"),
    "encoding": ("combobox", ".preview-encoding select"),
    "first part": ("button", "[data-to=first]"),
    "previous part": ("button", "[data-to=previous]"),
    "next part": ("button", "[data-to=next]"),
    "last part": ("button", "[data-to=last]"),
    # Uploads
    "pause all": ("button", "#uploads-pause"),
    "resume all": ("button", "#uploads-resume"),
    "collapse uploads": ("button", "#uploads-collapse"),
    "retry uploads": ("button", "#uploads-retry"),
    "cancel all": ("button", "#uploads-cancel"),
    # What pages do themselves where there are no scripts
    "delete selected": ("button", "#selection [formaction$='/index/delete']"),
    "zip selected": ("button", "#selection [formaction*='/zip']"),
    "arrange selected": ("button", "#selection [type=submit]:not([formaction])"),
    "restore selected": ("button", "[formaction$='/index/trash/restore']"),
    "purge selected": ("button", "[formaction$='/index/trash/purge']"),
    "purge": ("button", "form[action*='/trash/'] .btn-danger"),
    "back from purge": ("link", "form[action*='/trash/'] a"),
    "rename to": ("textbox", "#rename-name"),
    "rename": ("button", "form[action$='/index/rename'] [type=submit]"),
    "arrange to": ("combobox", "#arrange-to"),
    "arrange conflict": ("combobox", "#arrange-conflict"),
    "move": ("button", "form[action$='/index/move'] [type=submit]:not([formaction])"),
    "copy": ("button", "[formaction$='/index/copy']"),
    "versions": ("link", "a[href*='/versions']"),
}

Where = Page | Locator


def control(where: Where, name: str, *, include_hidden: bool = False) -> Locator:
    """Return a control of `CONTROLS` in a page or a part of one; it has a name for those who do not see it."""
    role, place = CONTROLS[name]
    named = re.compile(r"\S")
    found = where.get_by_role(role, name=named, include_hidden=include_hidden)
    return found.and_(_page_of(where).locator(place))


def answer(dialog: Where, value: str) -> Locator:
    """Return the button that closes a dialog with `value`; the one that changes nothing has none."""
    return dialog.get_by_role("button").and_(_page_of(dialog).locator(f"button[value='{value}']"))


def row(where: Where, name: str) -> Locator:
    """Return the row of an entry of the list."""
    return where.locator(f"#rows [data-name={json.dumps(name, ensure_ascii=False)}]")


def link(where: Where, name: str) -> Locator:
    """Return the link of an entry of the list, by its place.

    To find one by its role, every link of the page has to be named, which takes a tenth of a second among hundreds
    of rows, again with each look of a wait. Short lists are searched by role (`Visitor.row`).
    """
    return row(where, name).locator("a.name")


def checkbox(where: Where, name: str) -> Locator:
    """Return the box that selects an entry of the list."""
    return row(where, name).locator("input[type=checkbox]")


def menu_button(where: Where, name: str) -> Locator:
    """Return what opens the menu of an entry of the list, or the page that does where there are no scripts."""
    return row(where, name).locator(".row-menu")


def column(where: Where, key: str) -> Locator:
    """Return the head of a column of the list."""
    return where.get_by_role("columnheader").and_(_page_of(where).locator(f".col-{key}"))


def _page_of(where: Where) -> Page:
    return where if isinstance(where, Page) else where.page
