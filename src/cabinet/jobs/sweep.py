"""The sweep job: removes what is no longer needed, on schedule, and at once while the disk is full.

Rule: a requested run does not keep unreferenced content for the grace period.
"""

from __future__ import annotations

from cabinet.jobs.registry import Call, Job
from cabinet.services.maintenance.sweep import Swept
from cabinet.web.runtime import setting
from cabinet.web.services import housekeeping

# On a full disk, every change requests a sweep.
REST = 20


def sweep(call: Call) -> Swept:
    """Run the sweep once, and return what was removed."""
    return housekeeping(now=call.urgent).sweep()


def _every() -> float:
    return float(setting("SWEEP_EVERY_SECONDS"))


JOB = Job(
    name="sweep",
    meaning="removes old trash, expired uploads, and unreferenced content",
    run=sweep,
    every=_every,
    rest=REST,
)
