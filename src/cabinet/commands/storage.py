"""`flask storage`: verify, sweep and measure the store.

Rule: verify and stats change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain
from typing import TypeAlias

import click

from cabinet.commands._support import OperatorGroup, json_option, print_array, print_json
from cabinet.jobs.registry import RunOptions, run_job
from cabinet.jobs.sweep import JOB as SWEEP
from cabinet.services.maintenance.verify import Finding, WrongSums
from cabinet.services.tree.sum_checks import FolderCounts
from cabinet.services.tree.usage_checks import WrongEntries, WrongUsage
from cabinet.terminal.meter import Meter, count_meter
from cabinet.terminal.report import note, say
from cabinet.terminal.text import to_exact_size, to_size
from cabinet.web.runtime import application
from cabinet.web.services import inspection

# The faults besides those of blobs.
WRONG_USAGE, WRONG_ENTRIES, WRONG_FOLDER = "wrong-usage", "wrong-entries", "wrong-folder"

# Wrong stored counts of a user or a folder.
_WrongCount: TypeAlias = WrongUsage | WrongEntries | WrongSums

group = OperatorGroup("storage", help="Verify, sweep and measure the store.")


@group.command("verify")
@click.option("--deep", is_flag=True, help="Also read and hash all content.")
@json_option
def verify(deep: bool, as_json: bool) -> None:
    """Compare the database with the store; exit with 1 if they differ.

    A blob that is unknown to the database is harmless: it is left by a server that was killed, and a
    sweep removes it. `cabinet users recount` corrects a wrong usage or number of entries of a user, and
    wrong counts of a folder; `cabinet spaces recount` does that for a team space.
    """
    found: list[str] = []
    with count_meter(wanted=not as_json, total=inspection().count_blobs) as meter:
        findings = _recorded(inspection().verify(deep=deep, on_checked=lambda: meter.advance(1)), found)
        wrong = _recorded_counts(found)
        if as_json:
            print_array("findings", chain(map(asdict, findings), map(_document_of, wrong)))
        else:
            _print_findings(findings, meter)
            _print_wrong(wrong, meter)
    if not as_json:
        note(f"{len(found)} found." if found else "No errors found.")
    if found:
        raise click.exceptions.Exit(1)


@group.command("sweep")
@click.option("--now", is_flag=True, help="Remove unneeded content at once, without SWEEP_GRACE_SECONDS.")
@json_option
def sweep(now: bool, as_json: bool) -> None:
    """Remove content that is not needed any more; the server also does this regularly.

    Removes items in the trash for longer than TRASH_KEEP_DAYS, and content that has been unneeded for
    SWEEP_GRACE_SECONDS. With --now, a download that has just started may be aborted if its file was
    purged meanwhile; leftovers of aborted uploads keep their grace period in any case.
    """
    swept = run_job(application(), SWEEP, RunOptions(urgent=now))
    if as_json:
        print_json(asdict(swept))
        return
    say(f"Purged from the trash: {swept.purged}")
    say(f"Blobs removed:         {swept.blobs} ({to_size(swept.freed)})")
    say(f"Expired uploads:       {swept.expired}")
    say(f"Aborted uploads:       {swept.staged}")


@group.command("stats")
@json_option
def stats(as_json: bool) -> None:
    """Show the numbers and sizes of users, files and blobs."""
    counted = inspection().stats()
    if as_json:
        print_json(asdict(counted))
        return
    free = "unknown" if counted.free is None else to_size(counted.free)
    say(f"Users:    {counted.users}")
    say(f"Spaces:   {counted.spaces} of teams")
    say(f"Folders:  {counted.folders}")
    say(f"Files:    {counted.files} ({counted.versions} versions, {to_size(counted.content)})")
    say(f"In trash: {counted.trashed}")
    say(f"Blobs:    {counted.blobs} ({to_size(counted.stored)}), including {counted.thumbnails} thumbnails")
    say(f"Uploads:  {counted.staged} in progress ({to_size(counted.staged_size)})")
    say(f"Free:     {free}, of which {to_size(counted.reserve)} are reserved")


def _recorded(findings: Iterator[Finding], found: list[str]) -> Iterator[Finding]:
    for finding in findings:
        found.append(finding.fault)
        yield finding


def _recorded_counts(found: list[str]) -> Iterator[_WrongCount]:
    for wrong in chain(inspection().verify_usage(), inspection().verify_folders()):
        found.append(_fault_of(wrong))
        yield wrong


def _print_wrong(found: Iterator[_WrongCount], meter: Meter) -> None:
    for wrong in found:
        owner = wrong.folder if isinstance(wrong, WrongSums) else wrong.username
        if isinstance(wrong, WrongSums):
            detail = f"expected {_counts(wrong.counted)}, found {_counts(wrong.stored)}"
        elif isinstance(wrong, WrongUsage):
            detail = f"expected {to_exact_size(wrong.counted)}, found {to_exact_size(wrong.usage)}"
        else:
            detail = f"expected {wrong.counted}, found {wrong.entries}"
        with meter.suspended():
            say(f"{_fault_of(wrong)}: {owner} ({detail})")


def _counts(counts: FolderCounts) -> str:
    directly = f"{counts.entries} entries with {to_exact_size(counts.size)}"
    return f"{directly}, {counts.tree_files} files with {to_exact_size(counts.tree_size)} in all"


def _document_of(wrong: _WrongCount) -> dict[str, object]:
    if isinstance(wrong, WrongSums):
        stored, counted = wrong.stored._asdict(), wrong.counted._asdict()
        return {"fault": WRONG_FOLDER, "folder": wrong.folder, "stored": stored, "counted": counted}
    return {"fault": _fault_of(wrong), **asdict(wrong)}


def _fault_of(wrong: _WrongCount) -> str:
    if isinstance(wrong, WrongSums):
        return WRONG_FOLDER
    return WRONG_USAGE if isinstance(wrong, WrongUsage) else WRONG_ENTRIES


def _print_findings(findings: Iterator[Finding], meter: Meter) -> None:
    for finding in findings:
        with meter.suspended():
            say(f"{finding.fault}: {finding.content_hash} ({_sizes(finding)})")
            for file in finding.files:
                say(f"    {file}")


def _sizes(finding: Finding) -> str:
    sizes = []
    if finding.expected_size is not None:
        sizes.append(f"expected {to_exact_size(finding.expected_size)}")
    if finding.found_size is not None:
        sizes.append(f"found {to_exact_size(finding.found_size)}")
    return ", ".join(sizes)
