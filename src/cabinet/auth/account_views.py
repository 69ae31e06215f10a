"""The account: the acting user, the password, the sessions, and deletion.

Rule: parse, call a service, render. A program gets JSON, a browser a page or a redirect.
"""

from __future__ import annotations

from functools import partial
from http import HTTPStatus

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from cabinet.auth.account_page import show_account
from cabinet.auth.blueprint import bp
from cabinet.auth.forms import ChangePasswordForm, DeleteAccountForm
from cabinet.errors import (
    AccountGuarded,
    InvalidField,
    TooManyAttempts,
    Unavailable,
    WeakPassword,
    WrongPassword,
)
from cabinet.services.accounts.token_scopes import in_order
from cabinet.web.form_errors import redisplay_form
from cabinet.web.identity import account_user, acting_user, end_session, sign_out
from cabinet.web.pages import check_form, see_other, text_of, to_rfc3339
from cabinet.web.peer import peer_address
from cabinet.web.problems import wants_page
from cabinet.web.services import accounts

# The errors that a form with a password on the account page shows.
_FORM_ERRORS = (InvalidField, WrongPassword, WeakPassword, TooManyAttempts, AccountGuarded, Unavailable)


@bp.get("/me")
def me() -> ResponseReturnValue:
    """Return the account that the request acts for."""
    user = acting_user()
    account = user.account
    return {
        "id": account.public_id,
        "username": account.username,
        "role": account.role,
        "scopes": in_order(user.credential.scopes),
        "usage": account.usage if user.sees_usage else None,
        "quota": account.quota if user.sees_usage else None,
        "language": account.language,
        "created_at": to_rfc3339(account.created_at),
    }


@bp.get("/account")
def account() -> ResponseReturnValue:
    """Show the account with its sessions and tokens."""
    return show_account(account_user())


@bp.post("/account/password")
def change_password() -> ResponseReturnValue:
    """Replace the password and end all other sessions."""
    user, form = account_user(), ChangePasswordForm()
    try:
        check_form(form)
        accounts().change_password(
            user.id,
            text_of(form.current_password),
            text_of(form.new_password),
            peer_address(),
            user.session_id,
            revoke_tokens=bool(form.revoke_tokens.data),
        )
    except _FORM_ERRORS as error:
        fields = {WrongPassword: "current_password", WeakPassword: "new_password"}
        return redisplay_form(partial(show_account, user, {"password_form": form}), form, error, fields)
    if not wants_page():
        return "", HTTPStatus.NO_CONTENT
    flash(gettext("Password changed. All other browsers are signed out."), "success")
    return see_other(url_for("auth.account"))


@bp.post("/account/delete")
def delete_account() -> ResponseReturnValue:
    """Delete the account with all its files."""
    user, form = account_user(), DeleteAccountForm()
    try:
        check_form(form)
        accounts().delete_own(user.id, text_of(form.password), peer_address())
    except _FORM_ERRORS as error:
        page = partial(show_account, user, {"delete_form": form})
        return redisplay_form(page, form, error, {WrongPassword: "password"})
    sign_out()
    if not wants_page():
        return "", HTTPStatus.NO_CONTENT
    flash(gettext("Your account and all your files were deleted."), "success")
    return see_other(url_for("auth.home"))


@bp.post("/account/sessions/<session_id>/end")
def revoke_session(session_id: str) -> ResponseReturnValue:
    """End the session of another browser."""
    end_session(account_user(), session_id)
    if not wants_page():
        return "", HTTPStatus.NO_CONTENT
    flash(gettext("That browser was signed out."), "success")
    return see_other(url_for("auth.account"))
