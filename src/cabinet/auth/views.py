"""The views of accounts.

Rule: parse, call a service, render. A program gets JSON, a browser a page or a redirect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, Any

from flask import Response, flash, jsonify, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict
from wtforms import Form

from cabinet import __version__
from cabinet.auth import bp
from cabinet.auth.forms import (
    ChangePasswordForm,
    DeleteAccountForm,
    LanguageForm,
    LoginForm,
    RegisterForm,
    TokenForm,
)
from cabinet.errors import (
    AccountGuarded,
    CabinetError,
    InvalidField,
    InvalidUsername,
    RegistrationClosed,
    SignInRequired,
    TooManyAttempts,
    TooManyTokens,
    Unavailable,
    UsernameTaken,
    WeakPassword,
    WrongPassword,
)
from cabinet.services.accounts.sessions import SignedInSession
from cabinet.services.accounts.tokens import IssuedToken
from cabinet.web import i18n
from cabinet.web.context import (
    ActingUser,
    accounts,
    acting_user,
    end_session,
    peer_address,
    runtime,
    sessions,
    setting,
    sign_in,
    sign_out,
    tokens,
    visitor,
)
from cabinet.web.guard import host_of
from cabinet.web.pages import (
    check_form,
    local_path,
    see_other,
    show_error,
    text_of,
    to_rfc3339,
)
from cabinet.web.parameters import read_json
from cabinet.web.problems import add_headers, status_of, wants_page

# What a form of the account page that asks for the password comes back with.
_FORM_ERRORS = (InvalidField, WrongPassword, WeakPassword, TooManyAttempts, AccountGuarded, Unavailable)

# A year in seconds; the language of somebody who is not signed in.
_LANGUAGE_COOKIE_SECONDS = 365 * 24 * 60 * 60


def _to_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("beyond the years 1 to 9999") from error


class TokenRequest(BaseModel):
    """The body of `POST /tokens`."""

    model_config = ConfigDict(extra="ignore", strict=False)

    name: str
    expires_at: Annotated[AwareDatetime, AfterValidator(_to_utc)] | None = None


@dataclass(frozen=True)
class ShownSession:
    """A session on the account page."""

    id: str
    user_agent: str
    address: str
    created_at: datetime
    last_used_at: datetime
    is_current: bool


@bp.get("/")
def home() -> ResponseReturnValue:
    """Offer to register or to sign in; somebody who is signed in goes on to the files."""
    if not wants_page():
        return jsonify(name="Cabinet", version=__version__, registration=setting("REGISTRATION"))
    if isinstance(visitor(), ActingUser):
        return see_other(url_for("files.index"))
    return render_template("auth/home.html", registration_open=_is_registration_open())


@bp.get("/register")
def register_page() -> ResponseReturnValue:
    """Show the form of a new account."""
    if not _is_registration_open():
        raise RegistrationClosed
    return render_template("auth/register.html", form=RegisterForm())


@bp.post("/register")
def register() -> ResponseReturnValue:
    """Make an account; a browser is signed in to it at once."""
    if not _is_registration_open():
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
        return _form_again(partial(render_template, "auth/register.html", form=form), form, error, fields)
    if not wants_page():
        return {"username": account.username}, HTTPStatus.CREATED
    sign_in(account, remember=False)
    return see_other(url_for("files.index"))


@bp.get("/login")
def login_page() -> ResponseReturnValue:
    """Show the form to sign in with."""
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
        return _form_again(partial(_login_page, form, request.values.get("next")), form, error)
    if not wants_page():
        return {"username": account.username}
    return see_other(local_path(request.values.get("next"), url_for("files.index")))


@bp.route("/logout", methods=["GET", "POST"])
def logout() -> ResponseReturnValue:
    """End the session; a link on another site only gets the question whether that is wanted."""
    if request.method != "POST" and not _was_asked_here():
        return render_template("auth/logout.html")
    sign_out()
    response = see_other(url_for("auth.home")) if wants_page() else jsonify(signed_in=False)
    # What the next one at this browser must not find.
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@bp.post("/language")
def language() -> ResponseReturnValue:
    """Change the language of the pages, for the account or for this browser."""
    form = LanguageForm()
    check_form(form)
    chosen, user = text_of(form.language), visitor()
    if isinstance(user, ActingUser):
        accounts().set_language(user.id, chosen)
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


@bp.get("/me")
def me() -> ResponseReturnValue:
    """Tell a program whom it acts for."""
    account = acting_user().account
    return {
        "id": account.public_id,
        "username": account.username,
        "usage": account.usage,
        "quota": account.quota,
        "language": account.language,
        "created_at": to_rfc3339(account.created_at),
    }


@bp.get("/account")
def account() -> ResponseReturnValue:
    """Show the account with its sessions and tokens."""
    return _account_page(acting_user())


@bp.post("/account/password")
def change_password() -> ResponseReturnValue:
    """Replace the password and end all other sessions."""
    user, form = acting_user(), ChangePasswordForm()
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
        return _form_again(partial(_account_page, user, {"password_form": form}), form, error, fields)
    if not wants_page():
        return "", HTTPStatus.NO_CONTENT
    flash(gettext("Your password is changed. All other browsers are signed out."), "success")
    return see_other(url_for("auth.account"))


@bp.post("/account/delete")
def delete_account() -> ResponseReturnValue:
    """Delete the account with everything in it."""
    user, form = acting_user(), DeleteAccountForm()
    try:
        check_form(form)
        accounts().delete_own(user.id, text_of(form.password), peer_address())
    except _FORM_ERRORS as error:
        page = partial(_account_page, user, {"delete_form": form})
        return _form_again(page, form, error, {WrongPassword: "password"})
    sign_out()
    if not wants_page():
        return "", HTTPStatus.NO_CONTENT
    flash(gettext("Your account and your files are deleted."), "success")
    return see_other(url_for("auth.home"))


@bp.post("/account/sessions/<session_id>/end")
def revoke_session(session_id: str) -> ResponseReturnValue:
    """Sign another browser out."""
    end_session(acting_user(), session_id)
    if not wants_page():
        return "", HTTPStatus.NO_CONTENT
    flash(gettext("That browser is signed out."), "success")
    return see_other(url_for("auth.account"))


@bp.post("/account/tokens")
def create_token_form() -> ResponseReturnValue:
    """Make a token from the account page and show its secret this once."""
    user, form = acting_user(), TokenForm()
    try:
        check_form(form)
        days = form.expires_in_days.data
        expires_at = runtime().clock() + timedelta(days=days) if days else None
        _, secret = tokens().issue(user.credential, text_of(form.name), expires_at)
    except (InvalidField, TooManyTokens) as error:
        return _form_again(partial(_account_page, user, {"token_form": form}), form, error)
    return _account_page(user, new_token=secret)


@bp.post("/account/tokens/<token_id>/revoke")
def revoke_token(token_id: str) -> ResponseReturnValue:
    """Revoke a token from the account page."""
    tokens().revoke(acting_user().id, token_id)
    flash(gettext("The token is revoked."), "success")
    return see_other(url_for("auth.account"))


@bp.get("/tokens")
def list_tokens() -> ResponseReturnValue:
    """List the user's tokens, without their secrets."""
    return {"tokens": [_token_json(token) for token in tokens().list_of(acting_user().id)]}


@bp.post("/tokens")
def create_token() -> ResponseReturnValue:
    """Make a token and show its secret, this once."""
    user = acting_user()
    wanted = read_json(TokenRequest)
    issued, secret = tokens().issue(user.credential, wanted.name, wanted.expires_at)
    return _token_json(issued) | {"token": secret}, HTTPStatus.CREATED


@bp.delete("/tokens/<token_id>")
def delete_token(token_id: str) -> ResponseReturnValue:
    """Revoke a token."""
    tokens().revoke(acting_user().id, token_id)
    return "", HTTPStatus.NO_CONTENT


def _is_registration_open() -> bool:
    return bool(setting("REGISTRATION") == "open")


def _was_asked_here() -> bool:
    """Tell whether a link to sign out was followed on a page of ours, typed in, or sent by a program."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    # Browsers keep that header back on plain http; our own pages then show themselves as referrer.
    return not wants_page() or host_of(request.referrer or "") == request.host


def _token_json(token: IssuedToken) -> dict[str, Any]:
    return asdict(token) | {
        "created_at": to_rfc3339(token.created_at),
        "last_used_at": to_rfc3339(token.last_used_at),
        "expires_at": to_rfc3339(token.expires_at),
    }


def _login_page(form: LoginForm, wanted: str | None) -> str:
    return render_template(
        "auth/login.html", form=form, next=local_path(wanted, ""), registration_open=_is_registration_open()
    )


def _form_again(
    draw: Callable[[], str],
    form: Form,
    error: CabinetError,
    fields: Mapping[type[CabinetError], str] = MappingProxyType({}),
) -> Response:
    """Return the page that `draw()` makes with `error` in its form, or raise it for a program."""
    if not wants_page():
        raise error
    show_error(form, error, fields)
    response = make_response(draw(), status_of(error))
    add_headers(response, error)
    return response


def _account_page(
    user: ActingUser, shown: Mapping[str, Form] | None = None, new_token: str | None = None
) -> str:
    forms = {
        "password_form": ChangePasswordForm,
        "token_form": TokenForm,
        "delete_form": DeleteAccountForm,
    }
    # A form that was not posted is shown empty, whatever the request carries.
    empty = {name: form(formdata=None) for name, form in forms.items()}
    return render_template(
        "auth/account.html",
        user=user.account,
        sessions=[_shown(session, user.session_id) for session in sessions().list_of(user.id)],
        tokens=tokens().list_of(user.id),
        new_token=new_token,
        **(empty | dict(shown or {})),
    )


def _shown(session: SignedInSession, current: str | None) -> ShownSession:
    return ShownSession(
        id=session.id,
        user_agent=session.user_agent,
        address=session.address,
        created_at=session.created_at,
        last_used_at=session.last_used_at,
        is_current=session.id == current,
    )
