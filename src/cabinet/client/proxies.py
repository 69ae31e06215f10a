"""By which proxy a server is reached: as curl reads it from --proxy and from the environment.

Rule: no byte of a proxy's password is ever shown.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from cabinet.client.local_failures import BadProxyAddress

# What curl takes where an address names no port.
_PORTS = {"http": 1080, "https": 443}


@dataclass(frozen=True, slots=True)
class Proxy:
    """The address of a proxy, without the name and password that `authorization` carries."""

    address: str
    authorization: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return self.address


def choose_proxy(
    flag: str | None, environment: Mapping[str, str], scheme: str, host: str, port: int
) -> Proxy | None:
    """Return the proxy for a server: that of the flag, "" being none, else that of the environment.

    `http_proxy` counts in small letters only, for a web server puts a header `Proxy` into
    HTTP_PROXY. The environment has none for what lies on this machine. Raises `BadProxyAddress`.
    """
    if flag is not None:
        return to_proxy(flag, "--proxy") if flag else None
    if is_loopback(host) or _is_exempt(host, port, _first(environment, "no_proxy", "NO_PROXY")[1]):
        return None
    upper = ("HTTPS_PROXY",) if scheme == "https" else ()
    name, address = _first(environment, f"{scheme}_proxy", *upper, "all_proxy", "ALL_PROXY")
    return to_proxy(address, name) if address else None


def to_proxy(address: str, origin: str) -> Proxy:
    """Read the address of a proxy, which `origin` gave; without a scheme it is http."""
    full = address if "://" in address else f"http://{address}"
    try:
        parts = urlsplit(full)
        port = parts.port
    except ValueError as error:
        raise BadProxyAddress(origin=origin, reason=_plain(error)) from error
    reason = _what_is_wrong(full, parts)
    if reason:
        raise BadProxyAddress(origin=origin, reason=reason)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    authorization = None
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {base64.b64encode(credentials.encode()).decode()}"
    return Proxy(f"{parts.scheme}://{shown}:{_PORTS[parts.scheme] if port is None else port}", authorization)


def is_loopback(host: str) -> bool:
    """Tell whether `host` is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _plain(error: ValueError) -> str:
    """Return why an address cannot be read; of a port that is none, not which."""
    return "its port is none" if "ort" in str(error) else "it cannot be read"


def _what_is_wrong(address: str, parts: SplitResult) -> str:
    if parts.scheme not in _PORTS:
        return "only proxies of http:// and https:// are known"
    if not parts.hostname:
        return "it names no host"
    if parts.path.strip("/") or parts.query or parts.fragment:
        return "nothing may follow the host and the port"
    if not address.isprintable() or " " in address:
        return "it holds a character that no address has"
    return ""


def _first(environment: Mapping[str, str], *names: str) -> tuple[str, str]:
    """Return the first of the variables that is set and not empty."""
    return next(
        ((name, environment[name].strip()) for name in names if environment.get(name, "").strip()), ("", "")
    )


def _is_exempt(host: str, port: int, exempt: str) -> bool:
    """Tell whether `host` is one of those that are reached without a proxy: names, addresses or networks.

    A name means those below it, too, with a dot before it or not; `*` is everything.
    """
    host = host.rstrip(".").lower()
    for text in re.split(r"[\s,]+", exempt.lower()):
        name, number = _without_port(text)
        if number in (None, port) and _means(name.strip("."), host):
            return True
    return False


def _without_port(text: str) -> tuple[str, int | None]:
    found = re.fullmatch(r"(\[[^]]*\]|[^:]*):([0-9]{1,5})", text)
    name, number = (found[1], int(found[2])) if found else (text, None)
    return name.strip("[]"), number


def _means(name: str, host: str) -> bool:
    if name == "*":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return bool(name) and (host == name or host.endswith(f".{name}"))
    try:
        return address in ipaddress.ip_network(name, strict=False)
    except ValueError:
        return False
