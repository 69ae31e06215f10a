"""Team spaces: for programs, and their page.

Rule: an HTTP interface of `services.spaces`, without rules of its own.
"""

from __future__ import annotations

from cabinet.spaces import space_views as space_views
from cabinet.spaces.blueprint import bp as bp
