"""Tokens: made, listed and revoked, by programs and from the account page.

Rule: parse, call a service, render; a secret is shown once, in the answer that makes it.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict

from cabinet.auth.account_page import show_account
from cabinet.auth.blueprint import bp
from cabinet.auth.forms import TokenForm
from cabinet.auth.refusing import form_again
from cabinet.errors import InvalidField, TooManyTokens
from cabinet.services.accounts.tokens import IssuedToken
from cabinet.web.identity import acting_user
from cabinet.web.pages import check_form, see_other, text_of, to_rfc3339
from cabinet.web.parameters import read_json
from cabinet.web.runtime import runtime
from cabinet.web.services import tokens


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
        return form_again(partial(show_account, user, {"token_form": form}), form, error)
    return show_account(user, new_token=secret)


@bp.post("/account/tokens/<token_id>/revoke")
def revoke_token(token_id: str) -> ResponseReturnValue:
    """Revoke a token from the account page."""
    tokens().revoke(acting_user().id, token_id)
    flash(gettext("The token is revoked."), "success")
    return see_other(url_for("auth.account"))


def _token_json(token: IssuedToken) -> dict[str, Any]:
    return asdict(token) | {
        "created_at": to_rfc3339(token.created_at),
        "last_used_at": to_rfc3339(token.last_used_at),
        "expires_at": to_rfc3339(token.expires_at),
    }
