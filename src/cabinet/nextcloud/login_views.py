"""The sign-in of the apps, versions 1 and 2 of Nextcloud's login flow, on pages that need no script.

Version 2 opens a page in the browser, and the app asks until a person has granted it there. Version 1 opens the page
in a window of the app itself, and ends in an address of the app, the one place where a secret is in an address.

Rule: the password is always asked for; an app gets a token of its own, which never administers the server.
"""

from __future__ import annotations

from functools import partial
from urllib.parse import quote_plus

from flask import Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from cabinet.errors import AccountGuarded, InvalidField, SignInRequired, TooManyAttempts, Unavailable
from cabinet.nextcloud.blueprint import bp
from cabinet.nextcloud.forms import GrantForm
from cabinet.services.accounts.account import Account
from cabinet.services.accounts.credentials import Credential
from cabinet.services.accounts.login_flows import APP_SCOPES, to_client
from cabinet.web.form_errors import redisplay_form
from cabinet.web.identity import ActingUser, visitor
from cabinet.web.pages import check_form, see_other, text_of
from cabinet.web.peer import peer_address
from cabinet.web.request_guards import POLICY
from cabinet.web.runtime import setting
from cabinet.web.serializers import absolute_address
from cabinet.web.services import accounts, login_flows, tokens

_REFUSALS = (InvalidField, SignInRequired, TooManyAttempts, AccountGuarded, Unavailable)

# Browsers follow a redirect after a form only to where forms may lead.
APP_POLICY = POLICY.replace("form-action 'self'", "form-action 'self' nc:")


@bp.post("/index.php/login/v2")
def begin() -> ResponseReturnValue:
    """Begin the sign-in of an app."""
    begun = login_flows().begin(request.user_agent.string, peer_address())
    return {
        "poll": {"token": begun.poll, "endpoint": absolute_address("nextcloud.poll")},
        "login": absolute_address("nextcloud.show_grant", page=begun.page),
    }


@bp.post("/index.php/login/v2/poll")
def poll() -> ResponseReturnValue:
    """Return the app's own token once a person has granted it; 404 until then, and afterwards."""
    granted = login_flows().collect(request.form.get("token", ""))
    account = accounts().get(granted.user_id)
    if account.stamp != granted.stamp or account.disabled_at is not None:
        raise SignInRequired
    return {
        "server": _own_address(),
        "loginName": account.username,
        "appPassword": _issue(account, granted.client),
    }


@bp.get("/index.php/login/v2/flow/<page>")
def show_grant(page: str) -> ResponseReturnValue:
    """Show who asks for access, and the form to grant it."""
    return _grant_page(page, _new_form())


@bp.post("/index.php/login/v2/flow/<page>")
def grant(page: str) -> ResponseReturnValue:
    """Grant the access that an app asks for, or refuse it."""
    form = GrantForm()
    if "refuse" in request.form:
        login_flows().cancel(page)
        return render_template("nextcloud/done.html", is_granted=False)
    login_flows().find(page)
    try:
        account = _check(form)
    except _REFUSALS as error:
        return redisplay_form(partial(_grant_page, page, form), form, error)
    login_flows().grant(page, account)
    return render_template("nextcloud/done.html", is_granted=True)


@bp.get("/index.php/login/flow")
def show_app_sign_in() -> ResponseReturnValue:
    """Show the form with which a phone's app signs in."""
    return _with_app_policy(_app_page(_new_form()))


@bp.post("/index.php/login/flow")
def app_sign_in() -> ResponseReturnValue:
    """Sign a phone's app in: lead to an address of the app, with its token."""
    form = GrantForm()
    try:
        account = _check(form)
    except _REFUSALS as error:
        return _with_app_policy(redisplay_form(partial(_app_page, form), form, error))
    secret = _issue(account, to_client(request.user_agent.string))
    values = {"server": _own_address(), "user": account.username, "password": secret}
    told = "&".join(f"{name}:{quote_plus(value)}" for name, value in values.items())
    return _with_app_policy(see_other(f"nc://login/{told}"))


def _new_form() -> GrantForm:
    user = visitor()
    return GrantForm(formdata=None, username=user.username if isinstance(user, ActingUser) else "")


def _grant_page(page: str, form: GrantForm) -> str:
    flow = login_flows().find(page)
    return render_template(
        "nextcloud/grant.html",
        form=form,
        client=flow.client,
        address=flow.address,
        is_from_elsewhere=flow.is_from_elsewhere(peer_address()),
        action=url_for("nextcloud.grant", page=page),
        can_refuse=True,
    )


def _app_page(form: GrantForm) -> str:
    return render_template(
        "nextcloud/grant.html",
        form=form,
        client=to_client(request.user_agent.string),
        address=peer_address(),
        is_from_elsewhere=False,
        action=url_for("nextcloud.app_sign_in"),
        can_refuse=False,
    )


def _with_app_policy(page: str | Response) -> Response:
    response = make_response(page)
    response.headers["Content-Security-Policy"] = APP_POLICY
    return response


def _check(form: GrantForm) -> Account:
    """Return the account whose name and password a form has; raises one of the refusals."""
    check_form(form)
    return accounts().check_password(text_of(form.username), text_of(form.password), peer_address())


def _issue(account: Account, client: str) -> str:
    _issued, secret = tokens().issue(Credential(account), client, scopes=APP_SCOPES)
    return secret


def _own_address() -> str:
    """Return the address of this server as the app reached it: with https if it came so, and below its sub-path."""
    public: str | None = setting("PUBLIC_URL")
    return public or request.url_root.rstrip("/")
