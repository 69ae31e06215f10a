"""Which server, with which token, how patiently: from the flags, then from the environment.

Rule: a flag wins over the environment; a secret is never a flag. Only this module reads
`os.environ`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from cabinet.client.failures import BadServerAddress, BadUsage
from cabinet.client.proxies import Proxy, choose_proxy, is_loopback

DEFAULT_SERVER = "http://127.0.0.1:5000"

# Attempts after the first: with the pauses of `wire/patience.py` about four seconds in all, enough
# for a server that restarts and not so long that a person doubts that anything happens.
DEFAULT_RETRIES = 4

_PORTS = {"http": 80, "https": 443}


# What is read from the environment, here and in the modules that find folders, for `--help`.
ENVIRONMENT = {
    "FILECLI_SERVER": f"The server; --server wins. Default: {DEFAULT_SERVER}.",
    "FILECLI_TOKEN": "The token to use in place of the stored one.",
    "XDG_CONFIG_HOME": "The folder in which filecli/tokens.json lies, in place of those below.",
    "http_proxy, https_proxy, all_proxy, no_proxy": "The proxies, as curl reads them; --proxy wins.",
}


@dataclass(slots=True)
class Flags:
    """The options that every command takes, as they were given."""

    server: str | None = None
    retries: int = DEFAULT_RETRIES
    ca_cert: str | None = None
    insecure: bool = False
    proxy: str | None = None
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    progress: bool = True


@dataclass(frozen=True, slots=True)
class Server:
    """The address of a server: its origin, and the path below which it lives ("" or "/cabinet").

    `is_confidential` tells that nobody on the way can read what is sent there.
    """

    origin: str
    prefix: str = ""
    is_confidential: bool = True

    def __str__(self) -> str:
        return self.origin + self.prefix


def choose_server(flag: str | None) -> Server:
    """Return the server of the flag, else of FILECLI_SERVER, else the default."""
    return to_server(flag or os.environ.get("FILECLI_SERVER") or DEFAULT_SERVER)


def server_proxy(flag: str | None, server: Server) -> Proxy | None:
    """Return the proxy by which `server` is reached, None for none; raises `BadProxyAddress`."""
    parts = urlsplit(server.origin)
    port = parts.port or _PORTS[parts.scheme]
    return choose_proxy(flag, os.environ, parts.scheme, parts.hostname or "", port)


def environment_token() -> str | None:
    """Return the token of FILECLI_TOKEN, which is used in place of the stored one."""
    token = os.environ.get("FILECLI_TOKEN", "").strip()
    if not (token.isascii() and token.isprintable()):
        raise BadUsage(reason="FILECLI_TOKEN holds a character that no token has.")
    return token or None


def to_server(address: str) -> Server:
    """Read an address, so that one server has one spelling; raises `BadServerAddress`."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise BadServerAddress(server=address, reason=str(error)) from error
    reason = _what_is_wrong(address, parts)
    if reason:
        # An address with a password in it is not repeated.
        shown = "…" if parts.username is not None else address
        raise BadServerAddress(server=shown, reason=reason)
    host = parts.hostname or ""
    shown_host = f"[{host}]" if ":" in host else host
    suffix = "" if port in (None, _PORTS[parts.scheme]) else f":{port}"
    return Server(
        origin=f"{parts.scheme}://{shown_host}{suffix}",
        prefix=parts.path.rstrip("/"),
        # What does not leave the machine may go unencrypted without a word.
        is_confidential=parts.scheme == "https" or is_loopback(host),
    )


def _what_is_wrong(address: str, parts: SplitResult) -> str:
    if parts.scheme not in _PORTS:
        return "it starts with neither http:// nor https://"
    if not parts.hostname:
        return "it names no host"
    if parts.username is not None:
        return "a name or password does not belong there"
    if parts.query or parts.fragment:
        return "nothing may follow the path"
    if not address.isprintable() or " " in address:
        return "it holds a character that no address has"
    return ""
