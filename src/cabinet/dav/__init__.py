"""WebDAV at `/dav/`: the files of the acting user as a drive.

Rule: a face of the engine in `cabinet.web.dav`, without rules of its own.
"""

from __future__ import annotations

from cabinet.dav import views as views
from cabinet.dav.blueprint import bp as bp
