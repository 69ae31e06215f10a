"""The numbers by which the OCS calls kinds of shares.

Rule: plain values.
"""

from __future__ import annotations

USER, GROUP, LINK = 0, 1, 3
# Those that exist here, as forms send them.
KNOWN = {str(USER), str(GROUP), str(LINK)}
