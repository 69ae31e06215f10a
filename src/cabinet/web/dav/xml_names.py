"""Names of XML elements: `{namespace}local` as parsers write them, and the tags of answers.

Rule: pure functions on strings.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

DAV = "DAV:"
OWNCLOUD = "http://owncloud.org/ns"
NEXTCLOUD = "http://nextcloud.org/ns"
OCS = "http://open-collaboration-services.org/ns"
SABRE = "http://sabredav.org/ns"

# The prefixes that the root of every answer declares.
PREFIXES = {DAV: "d", OWNCLOUD: "oc", NEXTCLOUD: "nc", SABRE: "s"}
DECLARATIONS = " ".join(f'xmlns:{prefix}="{namespace}"' for namespace, prefix in PREFIXES.items())
HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'


class Tags(NamedTuple):
    """The tags of an element: opening, closing, and that of an empty one."""

    open: str
    close: str
    empty: str


def dav(local: str) -> str:
    """Return the name of an element of WebDAV itself."""
    return f"{{{DAV}}}{local}"


def owncloud(local: str) -> str:
    """Return the name of an element of ownCloud."""
    return f"{{{OWNCLOUD}}}{local}"


@lru_cache(maxsize=1024)
def tags_of(name: str) -> Tags:
    """Return the tags of an element; namespaces that the root does not declare are declared by it."""
    namespace, _, local = name[1:].partition("}") if name.startswith("{") else ("", "", name)
    prefix = PREFIXES.get(namespace)
    if prefix is not None:
        shown, declared = f"{prefix}:{local}", ""
    elif namespace:
        shown, declared = f"x:{local}", f" xmlns:x={quoteattr(namespace)}"
    else:
        shown, declared = local, ' xmlns=""'
    return Tags(f"<{shown}{declared}>", f"</{shown}>", f"<{shown}{declared}/>")


def to_text(value: str) -> str:
    """Return a text as content of an element; characters that XML does not have become U+FFFD."""
    return escape(value if value.isprintable() else "".join(map(_allowed, value)))


def _allowed(char: str) -> str:
    is_allowed = (
        char in "\t\n\r" or " " <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd" or char > "\uffff"
    )
    return char if is_allowed else "\N{REPLACEMENT CHARACTER}"
