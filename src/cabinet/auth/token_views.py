"""Create, list and revoke tokens, for programs and from the account page.

Rule: parse, call a service, render; a secret is shown once, in the response that creates it.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import BaseModel, ConfigDict

from cabinet.auth.account_page import show_account, token_form_of
from cabinet.auth.blueprint import bp
from cabinet.errors import InvalidField, InvalidName, NotAFolder, NotFound, TooManyTokens
from cabinet.services.accounts.tokens import IssuedToken
from cabinet.web.form_errors import redisplay_form
from cabinet.web.identity import account_user
from cabinet.web.pages import check_form, see_other, text_of, to_rfc3339
from cabinet.web.parameters import Moment, read_json
from cabinet.web.runtime import runtime
from cabinet.web.services import tokens


class TokenRequest(BaseModel):
    """The body of `POST /tokens`; `scopes` default to the usual ones, `folder` to all files."""

    model_config = ConfigDict(extra="ignore", strict=False)

    name: str
    expires_at: Moment | None = None
    scopes: list[str] | None = None
    folder: str | None = None


@bp.get("/tokens")
def list_tokens() -> ResponseReturnValue:
    """List the user's tokens, without their secrets."""
    return {"tokens": [_token_json(token) for token in tokens().list_of(account_user().id)]}


@bp.post("/tokens")
def create_token() -> ResponseReturnValue:
    """Create a token and return its secret, once."""
    user = account_user()
    wanted = read_json(TokenRequest)
    issued, secret = tokens().issue(
        user.credential, wanted.name, wanted.expires_at, wanted.scopes, wanted.folder or ""
    )
    return _token_json(issued) | {"token": secret}, HTTPStatus.CREATED


@bp.delete("/tokens/<token_id>")
def delete_token(token_id: str) -> ResponseReturnValue:
    """Revoke a token."""
    tokens().revoke(account_user().id, token_id)
    return "", HTTPStatus.NO_CONTENT


@bp.post("/account/tokens")
def create_token_form() -> ResponseReturnValue:
    """Create a token from the account page and show its secret once."""
    user = account_user()
    form = token_form_of(user)
    # Users also type a leading slash, as on a disk, or a trailing one, as for a folder.
    folder = text_of(form.folder).strip().removeprefix("/").removesuffix("/")
    try:
        check_form(form)
        days = form.expires_in_days.data
        expires_at = runtime().clock() + timedelta(days=days) if days else None
        scopes = form.scopes.data
        _, secret = tokens().issue(user.credential, text_of(form.name), expires_at, scopes, folder)
    except (InvalidField, InvalidName, NotAFolder, NotFound, TooManyTokens) as error:
        page = partial(show_account, user, {"token_form": form})
        return redisplay_form(page, form, error, dict.fromkeys((InvalidName, NotAFolder, NotFound), "folder"))
    return show_account(user, new_token=secret)


@bp.post("/account/tokens/<token_id>/revoke")
def revoke_token(token_id: str) -> ResponseReturnValue:
    """Revoke a token from the account page."""
    tokens().revoke(account_user().id, token_id)
    flash(gettext("Token revoked."), "success")
    return see_other(url_for("auth.account"))


def _token_json(token: IssuedToken) -> dict[str, Any]:
    return asdict(token) | {
        "created_at": to_rfc3339(token.created_at),
        "last_used_at": to_rfc3339(token.last_used_at),
        "expires_at": to_rfc3339(token.expires_at),
    }
