"""The sweep: what nobody needs any more is removed, now and then, and at once where the disk is full.

Rule: asked for by whoever has no room, it keeps nothing for a while that was deleted for ever.
"""

from __future__ import annotations

from cabinet.jobs.registry import Call, Job
from cabinet.services.maintenance.sweep import Swept
from cabinet.web.runtime import setting
from cabinet.web.services import housekeeping

# On a full disk it is asked for with every change.
REST = 20


def sweep(call: Call) -> Swept:
    """Tidy up once, and tell what was removed."""
    return housekeeping(now=call.urgent).sweep()


def _every() -> float:
    return float(setting("SWEEP_EVERY_SECONDS"))


JOB = Job(
    name="sweep",
    meaning="removes old trash, expired uploads, and bytes that nothing needs",
    run=sweep,
    every=_every,
    rest=REST,
)
