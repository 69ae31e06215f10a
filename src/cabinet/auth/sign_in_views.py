"""Sign in and out, and change the language of a browser.

Rule: parse, call a service, render. A program gets JSON, a browser a page or a redirect.
"""

from __future__ import annotations

from functools import partial

from flask import jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cabinet.auth.blueprint import bp
from cabinet.auth.forms import LanguageForm, LoginForm
from cabinet.auth.register_views import is_registration_open
from cabinet.errors import AccountGuarded, InvalidField, SignInRequired, TooManyAttempts, Unavailable
from cabinet.web import i18n
from cabinet.web.form_errors import redisplay_form
from cabinet.web.identity import ActingUser, account_user, sign_in, sign_out, visitor
from cabinet.web.pages import check_form, local_path, see_other, text_of
from cabinet.web.peer import peer_address
from cabinet.web.problems import wants_page
from cabinet.web.request_guards import host_of
from cabinet.web.services import accounts

# A year in seconds, for the language of visitors without an account.
_LANGUAGE_COOKIE_SECONDS = 365 * 24 * 60 * 60


@bp.get("/login")
def login_page() -> ResponseReturnValue:
    """Show the sign-in form."""
    return _login_page(LoginForm(), request.args.get("next"))


@bp.post("/login")
def login() -> ResponseReturnValue:
    """Begin a session."""
    form = LoginForm()
    try:
        check_form(form)
        account = accounts().check_password(text_of(form.username), text_of(form.password), peer_address())
        sign_in(account, remember=bool(form.remember.data))
    except (InvalidField, SignInRequired, TooManyAttempts, AccountGuarded, Unavailable) as error:
        return redisplay_form(partial(_login_page, form, request.values.get("next")), form, error)
    if not wants_page():
        return {"username": account.username}
    return see_other(local_path(request.values.get("next"), url_for("files.index")))


@bp.route("/logout", methods=["GET", "POST"])
def logout() -> ResponseReturnValue:
    """End the session; a link from another site only leads to a confirmation."""
    if request.method != "POST" and not _is_from_own_page():
        return render_template("auth/logout.html")
    sign_out()
    response = see_other(url_for("auth.home")) if wants_page() else jsonify(signed_in=False)
    # Clear what the next user of this browser must not find.
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@bp.post("/language")
def language() -> ResponseReturnValue:
    """Change the language of the pages, for the account or for this browser."""
    form = LanguageForm()
    check_form(form)
    chosen, user = text_of(form.language), visitor()
    if isinstance(user, ActingUser):
        accounts().set_language(account_user().id, chosen)
    response = see_other(local_path(request.form.get("next"), url_for("auth.home")))
    response.set_cookie(
        i18n.COOKIE,
        chosen,
        max_age=_LANGUAGE_COOKIE_SECONDS,
        path=request.script_root or "/",
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def _is_from_own_page() -> bool:
    """Return whether a link to sign out was followed on our own page, typed in, or sent by a program."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    # Browsers omit that header on plain HTTP; our own pages then appear in the Referer.
    return not wants_page() or host_of(request.referrer or "") == request.host


def _login_page(form: LoginForm, wanted: str | None) -> str:
    return render_template(
        "auth/login.html", form=form, next=local_path(wanted, ""), registration_open=is_registration_open()
    )
