"""The sweep job: removes what is no longer needed, on schedule, and at once while the disk is full.

Rule: a requested run does not keep unreferenced content for the grace period.
"""

from __future__ import annotations

from cabinet.jobs.registry import Job, RunOptions
from cabinet.services.maintenance.sweep import SweepResult
from cabinet.web.runtime import setting
from cabinet.web.services import housekeeping

# On a full disk, every change requests a sweep.
REST = 20


def sweep(options: RunOptions) -> SweepResult:
    """Run the sweep once, and return what was removed."""
    return housekeeping(now=options.urgent).sweep()


def _every() -> float:
    return float(setting("SWEEP_EVERY_SECONDS"))


JOB = Job(
    name="sweep",
    description="removes old trash, expired uploads, and unreferenced content",
    run=sweep,
    every=_every,
    rest=REST,
)
