"""Any sequence of one user's file operations, compared with a dict.

The model holds what the user should see; services and store are real. They are compared after every step, and at
the end nothing unneeded may be stored.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cabinet.errors import CabinetError, EntryExists, IsAFolder, NotAFolder, NotFound
from cabinet.services.maintenance.sweep import Housekeeping, Retention
from cabinet.services.maintenance.verify import Inspection
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.paging import Order, Sort
from cabinet.storage.content_hash import hash_chunks
from tests.support.audit import check_rows
from tests.support.mounts import mount
from tests.support.services import VERSIONS_KEPT, workbench

KEEP = Retention(
    trash=timedelta(days=30), unneeded=timedelta(days=1), staged=timedelta(days=1), ended=timedelta(days=7)
)

NAMES = st.sampled_from(["a", "В", "10"])
PATHS = st.lists(NAMES, min_size=1, max_size=2).map("/".join)
# Few, so that contents are often shared, given up and taken up again.
CONTENTS = st.sampled_from([b"", b"one", b"two", b"three" * 1000])
MOUNTED = ["Mounted", "Mounted/x"]


@dataclass
class File:
    """What the model knows of a file: the contents that it had, the present one last."""

    versions: list[bytes]

    @property
    def size(self) -> int:
        return sum(map(len, self.versions))


@dataclass
class Trashed:
    """Something in the trash: since when, and the files with it."""

    since: datetime
    files: list[File]


def parents(path: str) -> list[str]:
    """Return the folders above a path, outermost first."""
    names = path.split("/")
    return ["/".join(names[:depth]) for depth in range(1, len(names))]


class FilesMachine(RuleBasedStateMachine):
    """One user, one store, and a clock that is advanced manually."""

    def __init__(self) -> None:
        super().__init__()
        self.resources = ExitStack()
        folder = self.resources.enter_context(tempfile.TemporaryDirectory())
        self.bench = self.resources.enter_context(workbench(Path(folder)))
        self.session = self.resources.enter_context(self.bench.session())
        self.files: dict[str, File] = {}
        self.folders: set[str] = set()
        self.trash: list[Trashed] = []

    def teardown(self) -> None:
        self.resources.close()

    @initialize()
    def register(self) -> None:
        self.account = self.bench.register(self.session)
        # A folder of another user is mounted in the root the whole time, and is not counted.
        other = self.bench.register(self.session, "other")
        self.bench.files(self.session, other).make_folder("outer/shared/x")
        mount(self.session, "other", "outer/shared", self.account.username, MOUNTED[0])
        self.account = self.bench.accounts(self.session).get(self.account.id)
        self.service = self.bench.files(self.session, self.account)

    def refusal(self, path: str, on_conflict: OnConflict) -> type[CabinetError] | None:
        """Return the expected error of an upload to `path`."""
        if any(folder in self.files for folder in parents(path)):
            return NotAFolder
        if path in self.folders and on_conflict is not OnConflict.RENAME:
            return IsAFolder
        if path in self.files and on_conflict is OnConflict.FAIL:
            return EntryExists
        return None

    def free_path(self, path: str) -> str:
        number, free = 1, path
        while free in self.files or free in self.folders:
            number += 1
            free = f"{path} ({number})"
        return free

    @rule(path=PATHS, content=CONTENTS, on_conflict=st.sampled_from(OnConflict))
    def upload(self, path: str, content: bytes, on_conflict: OnConflict) -> None:
        refusal = self.refusal(path, on_conflict)
        if refusal is not None:
            with pytest.raises(refusal):
                self.bench.upload(self.session, self.account, path, content, on_conflict)
            return
        stored = self.bench.upload(self.session, self.account, path, content, on_conflict)

        expected = self.free_path(path) if on_conflict is OnConflict.RENAME else path
        assert (stored.entry.path, stored.is_new) == (expected, expected not in self.files)
        file = self.files.setdefault(expected, File([]))
        if not file.versions or file.versions[-1] != content:
            file.versions.append(content)
            del file.versions[:-VERSIONS_KEPT]
        self.folders.update(parents(expected))

    @rule(path=PATHS)
    def delete_or_not_found(self, path: str) -> None:
        if path in self.files or path in self.folders:
            self.delete(path)
        else:
            with pytest.raises(NotFound):
                self.service.trash(path)

    @precondition(lambda self: self.folders)
    @rule(data=st.data())
    def delete_a_folder(self, data: st.DataObject) -> None:
        self.delete(data.draw(st.sampled_from(sorted(self.folders))))

    def delete(self, path: str) -> None:
        self.service.trash(path)
        gone = [name for name in self.files if name == path or name.startswith(f"{path}/")]
        self.trash.append(Trashed(self.bench.clock(), [self.files.pop(name) for name in gone]))
        self.folders = {name for name in self.folders if name != path and not name.startswith(f"{path}/")}

    @rule(hours=st.sampled_from([1, 30, 24 * 20]))
    def wait(self, hours: int) -> None:
        self.bench.clock.advance(hours=hours)

    @rule()
    def sweep(self) -> None:
        swept = Housekeeping(
            self.session, self.bench.store, self.bench.locker, self.bench.clock, KEEP
        ).sweep()

        kept = [found for found in self.trash if found.since > self.bench.clock() - KEEP.trash]
        assert swept.purged == len(self.trash) - len(kept)
        assert swept.staged == 0
        self.trash = kept

    @precondition(lambda self: self.trash or self.files)
    @rule()
    def sweep_completely(self) -> None:
        for _ in range(2):
            self.bench.clock.advance(days=31)
            self.sweep()

        needed = {hash_chunks([content]) for file in self.files.values() for content in file.versions}
        assert {found.key for found in self.bench.store.iter_blobs()} == needed

    @invariant()
    def listings_match_in_every_order(self) -> None:
        listed = [entry.path for entry in self.service.list_below("", 1000, None).entries]
        assert sorted(listed) == sorted([*self.files, *self.folders, *MOUNTED])
        for folder in ["", *self.folders]:
            inside = [path for path in listed if path.rpartition("/")[0] == folder]
            below = [path for path in self.files if path.startswith(f"{folder}/" if folder else "")]
            size = sum(len(self.files[path].versions[-1]) for path in below)
            for sort in Sort:
                page = self.service.list_page(folder, Order(sort), 1000)
                assert sorted(entry.path for entry in page.entries) == sorted(inside)
                totals = page.totals
                own = len(set(inside) - set(MOUNTED))
                assert (totals.entries, totals.files, totals.size) == (own, len(below), size)
                assert page.shown.entries == len(inside)
                folders_first = sorted((entry.is_folder for entry in page.entries), reverse=True)
                assert [entry.is_folder for entry in page.entries] == folders_first

    @invariant()
    def every_file_has_its_content(self) -> None:
        for path, file in self.files.items():
            entry = self.service.get(path)
            with self.service.open(entry) as stream:
                content = stream.read()
            assert content == file.versions[-1]
            assert (entry.size, entry.content_hash) == (len(content), hash_chunks([content]))

    @invariant()
    def store_matches_the_versions(self) -> None:
        assert list(Inspection(self.session, self.bench.store).verify()) == []
        assert list(self.bench.store.iter_staged()) == []

    @invariant()
    def rows_are_consistent(self) -> None:
        check_rows(self.session)

    @invariant()
    def usage_matches_the_versions(self) -> None:
        trashed = [file for found in self.trash for file in found.files]
        self.session.rollback()
        account = self.bench.accounts(self.session).get(self.account.id)
        assert account.usage == sum(file.size for file in [*self.files.values(), *trashed])


TestFiles = pytest.mark.database(FilesMachine.TestCase)
TestFiles.settings = settings(max_examples=6, stateful_step_count=20)
