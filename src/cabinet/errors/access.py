"""Errors of authentication and authorization.

Rule: reveal nothing about the resource that access was denied to.
"""

from __future__ import annotations

from cabinet.errors.base import N_, CabinetError


class SignInRequired(CabinetError):
    """The request has no credentials, or they are no longer valid."""

    title = N_("Please sign in")
    message = N_("Sign in first.")


class WrongCredentials(SignInRequired):
    """The user name or the password is wrong; the error does not tell which."""

    title = N_("Sign-in failed")
    message = N_("The user name or the password is wrong.")


class WrongPassword(WrongCredentials):
    """A signed-in user confirmed an action with a wrong password."""

    message = N_("The current password is wrong.")


class Forbidden(CabinetError):
    """The actor lacks a right; the error does not tell what exists."""

    title = N_("Not allowed")
    message = N_("You don't have permission to do this.")


class CrossSiteRequest(Forbidden):
    """A request that changes data came from another site, without a CSRF token, or from an ended session."""

    title = N_("The request was refused")
    message = N_("Nothing was done: %(reason)s Reload the page and try again.")
    reason: str


class OtherUser(Forbidden):
    """A request of a page that was rendered for one user, while another user, `username`, is signed in."""

    title = N_("Another account is signed in")
    message = N_(
        "You are now signed in as “%(username)s”, but this page belongs to another account. "
        "Nothing was changed."
    )
    members = ("username",)
    username: str


class AccountGuarded(Forbidden):
    """After many wrong passwords, sign-in is limited to networks that the account's owner has used."""

    title = N_("This account is temporarily protected")
    message = N_(
        "There were too many wrong passwords. For the next %(hours)s h, sign in from a network where you "
        "signed in before, or ask the administrator to unlock the account."
    )
    hours: int

    @property
    def retry_after(self) -> int:
        """The wait in seconds; programs do not wait that long."""
        return self.hours * 3600


class RegistrationClosed(Forbidden):
    """Only the operator creates accounts on this server."""

    title = N_("Registration is closed")
    message = N_("Ask the administrator for an account.")


class SharingForbidden(Forbidden):
    """The operator's setting SHARING does not let this user make links; `value` is what it is set to."""

    title = N_("Links are restricted")
    message = N_("Links are restricted on this server: the administrator has set SHARING to “%(value)s”.")
    members = ("value",)
    value: str


class GroupsForbidden(Forbidden):
    """Only administrators create, rename and delete groups on this server, by the setting GROUPS."""

    title = N_("Groups are managed by administrators")
    message = N_(
        "Only administrators create, rename and delete groups on this server: the setting GROUPS is “admins”."
    )


class SpacesForbidden(Forbidden):
    """Only administrators create team spaces on this server, by the setting SPACES."""

    title = N_("Team spaces are created by administrators")
    message = N_("Only administrators create team spaces on this server: the setting SPACES is “admins”.")


class LinkPasswordRequired(CabinetError):
    """A link with a password was opened without it."""

    title = N_("This link needs a password")
    message = N_("Enter the password of this link.")


class WrongLinkPassword(LinkPasswordRequired):
    """The password of a link is wrong."""

    title = N_("Wrong password")
    message = N_("The password of this link is wrong.")


class UploadIsFinal(Forbidden):
    """Bytes were sent to an upload that joins other uploads."""

    title = N_("The upload accepts no data")
    message = N_("This upload joins other uploads and accepts no data of its own.")


class TooManyAttempts(CabinetError):
    """Too many sign-in or registration attempts; `retry_after` is in seconds."""

    title = N_("Too many attempts")
    message = N_("Wait %(retry_after)s s and try again.")
    retry_after: int
