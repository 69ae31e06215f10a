"""The account page, which shows the results of several forms.

Rule: only renders; the views handle the forms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template
from wtforms import Form

from cabinet.auth.forms import SCOPE_LABELS, ChangePasswordForm, DeleteAccountForm, TokenForm
from cabinet.services.accounts.sessions import SignedInSession
from cabinet.services.accounts.token_scopes import TokenScope
from cabinet.web.identity import ActingUser
from cabinet.web.services import sessions, tokens


@dataclass(frozen=True)
class ShownSession:
    """A session as the account page shows it."""

    id: str
    user_agent: str
    address: str
    created_at: datetime
    last_used_at: datetime
    is_current: bool


def token_form_of(user: ActingUser, **options: Any) -> TokenForm:
    """Return the form for a new token, with the scopes that `user` may grant.

    `options` are passed to the form.
    """
    form = TokenForm(**options)
    labels = SCOPE_LABELS.items()
    form.scopes.choices = [
        (scope.value, label)
        for scope, label in labels
        if scope is not TokenScope.ADMIN or user.account.is_admin
    ]
    return form


def show_account(
    user: ActingUser, shown: Mapping[str, Form] | None = None, new_token: str | None = None
) -> str:
    """Show the account page; `shown` are refused forms, `new_token` a secret that is shown once."""
    # A form that was not posted is shown empty, whatever the request contains.
    empty = {
        "password_form": ChangePasswordForm(formdata=None),
        "token_form": token_form_of(user, formdata=None),
        "delete_form": DeleteAccountForm(formdata=None),
    }
    return render_template(
        "auth/account.html",
        user=user.account,
        sessions=[_shown(session, user.session_id) for session in sessions().list_of(user.id)],
        tokens=tokens().list_of(user.id),
        scope_labels=SCOPE_LABELS,
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
