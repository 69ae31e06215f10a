"""Who may not, or not yet.

Rule: says nothing of what lies behind the door.
"""

from __future__ import annotations

from cabinet.errors.base import N_, CabinetError


class SignInRequired(CabinetError):
    """Nobody is signed in, or what they showed is not valid any more."""

    title = N_("Please sign in")
    message = N_("Sign in first.")


class WrongCredentials(SignInRequired):
    """The name and the password do not belong together; which one is wrong is not said."""

    title = N_("Signing in failed")
    message = N_("The user name or the password is wrong.")


class WrongPassword(WrongCredentials):
    """Somebody who is signed in has to show their password again, and it is another one."""

    message = N_("The current password is wrong.")


class Forbidden(CabinetError):
    """Somebody may not do here what they asked for; what is there is not told."""

    title = N_("Not allowed")
    message = N_("You don't have permission to do this.")


class CrossSiteRequest(Forbidden):
    """Another site, a form without its token, or one of a session that is over, tried to change something."""

    title = N_("The request was refused")
    message = N_("Nothing was done: %(reason)s Reload the page and try again.")
    reason: str


class OtherUser(Forbidden):
    """A page that was made for one user asked for something while another one, `username`, is signed in."""

    title = N_("Another account is signed in")
    message = N_(
        "You are signed in as “%(username)s” now, and this was asked for by a page of another account. "
        "Nothing was done."
    )
    members = ("username",)
    username: str


class AccountGuarded(Forbidden):
    """An account was guessed at so often that only networks which its owner has used may try."""

    title = N_("This account is protected for now")
    message = N_(
        "There were too many wrong passwords. For the next %(hours)s h, sign in from a network where you "
        "signed in before, or ask the administrator to unlock the account."
    )
    hours: int

    @property
    def retry_after(self) -> int:
        """The wait in seconds; not one that a program sits out."""
        return self.hours * 3600


class RegistrationClosed(Forbidden):
    """The operator creates the accounts here."""

    title = N_("Registration is closed")
    message = N_("Ask the operator of this server for an account.")


class UploadIsFinal(Forbidden):
    """Bytes were sent to an upload that is made of other uploads."""

    title = N_("That upload takes no bytes")
    message = N_("This upload is joined from others and takes no bytes of its own.")


class TooManyAttempts(CabinetError):
    """Somebody tries passwords, or registers, too fast; `retry_after` is in seconds."""

    title = N_("Too many attempts")
    message = N_("Wait %(retry_after)s s and try again.")
    retry_after: int
