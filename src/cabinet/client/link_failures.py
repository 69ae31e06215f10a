"""The errors about links and other shares, groups and team spaces.

Rule: the same as for `failures`; the token of a link is never part of an error.
"""

from __future__ import annotations

from cabinet.client.failures import BadUsage, ClientFailure, Redirected


class BadLink(BadUsage):
    """An argument begins like a web address, and is not the address of a link."""

    message = "“%(link)s” is not the address of a link: %(reason)s."
    hint = "A link looks like https://example.org/s/…; write ./NAME for a file with such a name."
    link: str


class LinkGone(ClientFailure):
    """Nothing answers at the address of a link."""

    message = "There is no link at %(server)s: it has expired, was revoked or is used up, or its address is incomplete."
    hint = "Ask whoever sent it for a new one."
    server: str


class LinkRedirected(Redirected):
    """The server of a link redirects, and a password is sent to its own origin only."""

    hint = "If you trust that address, use it instead."


class LinkForbids(ClientFailure):
    """The rights of a link exclude what was asked for."""

    message = "%(reason)s"
    reason: str


class NotShared(ClientFailure):
    """Nothing that is shared is meant by an argument."""

    message = "“%(item)s” is not shared."
    hint = "filecli shares lists what is."
    item: str


class NothingToAccept(ClientFailure):
    """Nothing that waits to be accepted is meant by an argument."""

    message = "“%(item)s” does not wait to be accepted."
    hint = "filecli shares --received lists what does."
    item: str


class TeamMissing(ClientFailure):
    """The user has no group or team space of this name; `kind` is what it is called, `command` the one for it."""

    message = "You have no %(kind)s “%(name)s”."
    hint = "filecli %(command)s lists them."
    kind: str
    name: str
    command: str
