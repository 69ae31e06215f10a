"""The start page and registration.

Rule: parse, call a service, render. A program gets JSON, a browser a page or a redirect.
"""

from __future__ import annotations

from functools import partial
from http import HTTPStatus

from flask import jsonify, render_template, url_for
from flask.typing import ResponseReturnValue

from cabinet import __version__
from cabinet.auth.blueprint import bp
from cabinet.auth.forms import RegisterForm
from cabinet.errors import (
    InvalidField,
    InvalidUsername,
    RegistrationClosed,
    TooManyAttempts,
    Unavailable,
    UsernameTaken,
    WeakPassword,
)
from cabinet.web.form_errors import redisplay_form
from cabinet.web.identity import ActingUser, sign_in, visitor
from cabinet.web.pages import check_form, see_other, text_of
from cabinet.web.peer import peer_address
from cabinet.web.problems import wants_page
from cabinet.web.runtime import setting
from cabinet.web.services import accounts


@bp.get("/")
def home() -> ResponseReturnValue:
    """Show the start page; a signed-in user is redirected to the files."""
    if not wants_page():
        return jsonify(name="Cabinet", version=__version__, registration=setting("REGISTRATION"))
    if isinstance(visitor(), ActingUser):
        return see_other(url_for("files.index"))
    return render_template("auth/home.html", registration_open=is_registration_open())


@bp.get("/register")
def register_page() -> ResponseReturnValue:
    """Show the registration form."""
    if not is_registration_open():
        raise RegistrationClosed
    return render_template("auth/register.html", form=RegisterForm())


@bp.post("/register")
def register() -> ResponseReturnValue:
    """Create an account; a browser is signed in at once."""
    if not is_registration_open():
        raise RegistrationClosed
    form = RegisterForm()
    try:
        check_form(form)
        account = accounts().register(text_of(form.username), text_of(form.password), peer_address())
    except (
        InvalidField,
        InvalidUsername,
        UsernameTaken,
        WeakPassword,
        TooManyAttempts,
        Unavailable,
    ) as error:
        fields = {InvalidUsername: "username", UsernameTaken: "username", WeakPassword: "password"}
        return redisplay_form(partial(render_template, "auth/register.html", form=form), form, error, fields)
    if not wants_page():
        return {"username": account.username}, HTTPStatus.CREATED
    sign_in(account, remember=False)
    return see_other(url_for("files.index"))


def is_registration_open() -> bool:
    """Return whether registration is open."""
    return bool(setting("REGISTRATION") == "open")
