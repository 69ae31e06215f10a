"""What the apps are told of this server: its name, its version, and what works.

The version is that of a Nextcloud whose protocol works here: apps ask for at least 7, and do new things from later
ones on only if the capabilities name them.

Rule: nothing is announced that does not work.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PRODUCT = "Cabinet"
VERSION = (29, 0, 0, 0)
VERSION_TEXT = "29.0.0"


def status() -> dict[str, Any]:
    """Return what `status.php` says, before anybody signs in."""
    return {
        "installed": True,
        "maintenance": False,
        "needsDbUpgrade": False,
        "version": ".".join(map(str, VERSION)),
        "versionstring": VERSION_TEXT,
        "edition": "",
        "productname": PRODUCT,
        "extendedSupport": False,
    }


def capabilities(sharing: Mapping[str, Any], *, has_trash: bool) -> dict[str, Any]:
    """Return the version and the capabilities of this server; `sharing` are those of sharing, `has_trash` tells whether
    the app may see the trash and old versions.
    """
    major, minor, micro, _patch = VERSION
    return {
        "version": {
            "major": major,
            "minor": minor,
            "micro": micro,
            "string": VERSION_TEXT,
            "edition": "",
            "extendedSupport": False,
        },
        "capabilities": {
            "files": {"bigfilechunking": True, "undelete": has_trash, "versioning": has_trash},
            "dav": {"chunking": "1.0"},
            "checksums": {"supportedTypes": ["SHA256", "SHA1", "MD5"], "preferredUploadType": "SHA256"},
            "core": {"pollinterval": 60, "webdav-root": "remote.php/webdav"},
            "files_sharing": sharing,
            "theming": {"name": PRODUCT, "url": "", "slogan": "", "color": "#1f5fbf"},
        },
    }
