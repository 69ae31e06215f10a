"""The page of an account, which shows the answer of several forms.

Rule: only shows; what the forms ask for is done by the views.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import render_template
from wtforms import Form

from cabinet.auth.forms import ChangePasswordForm, DeleteAccountForm, TokenForm
from cabinet.services.accounts.sessions import SignedInSession
from cabinet.web.identity import ActingUser
from cabinet.web.services import sessions, tokens


@dataclass(frozen=True)
class ShownSession:
    """A session on the account page."""

    id: str
    user_agent: str
    address: str
    created_at: datetime
    last_used_at: datetime
    is_current: bool


def show_account(
    user: ActingUser, shown: Mapping[str, Form] | None = None, new_token: str | None = None
) -> str:
    """Show the account; `shown` are forms that were refused, `new_token` a secret that is shown this once."""
    forms = {"password_form": ChangePasswordForm, "token_form": TokenForm, "delete_form": DeleteAccountForm}
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
