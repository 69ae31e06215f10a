"""Any sequence of moves, copies, deletions and restores, compared with a tree of dicts.

In the model a folder is a dict of names and a file the list of its contents. It knows nothing of rows, locks or
indexes; the services must show the same.
"""

from __future__ import annotations

import copy
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cabinet.errors import (
    CabinetError,
    CurrentVersion,
    EntryExists,
    IntoItself,
    IsAFolder,
    NotAFolder,
    NotFound,
)
from cabinet.services.tree.entries import Entry, OnConflict
from cabinet.services.tree.names import numbered
from tests.support.audit import check_rows
from tests.support.mounts import mount
from tests.support.services import VERSIONS_KEPT, workbench

Folder: TypeAlias = dict[str, Any]

NAMES = st.sampled_from(["a", "Б", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
CONTENTS = st.sampled_from([b"", b"one", b"three"])
CONFLICTS = st.sampled_from(OnConflict)
MOUNTED = ["Mounted", "Mounted/x", "Mounted/x/y"]


class Model:
    """What one user should see."""

    def __init__(self) -> None:
        self.root: Folder = {}
        self.trash: list[tuple[str, Any]] = []

    def find(self, path: str) -> Any:
        """Return the entry at a path, None if there is none."""
        here: Any = self.root
        for name in path.split("/") if path else []:
            here = here.get(name) if isinstance(here, dict) else None
        return here

    def make_folders(self, path: str) -> Folder:
        """Return the folder at a path, made where it is missing; raises `NotAFolder`."""
        here = self.root
        for name in path.split("/") if path else []:
            here = here.setdefault(name, {})
            if not isinstance(here, dict):
                raise NotAFolder(path=path)
        return here

    def holds(self, outer: Any, inner: Any) -> bool:
        """Return whether `inner` is `outer` or is inside of it."""
        if outer is inner:
            return True
        return isinstance(outer, dict) and any(self.holds(each, inner) for each in outer.values())

    def resolve_conflict(self, node: Any, folder: Folder, path: str, on_conflict: OnConflict) -> str:
        """Return the name that `node` gets in `folder` instead of that at the end of `path`."""
        name = path.rpartition("/")[2]
        if name not in folder:
            return name
        if on_conflict is OnConflict.RENAME:
            return next(free for n in range(2, 99) if (free := numbered(name, n)) not in folder)
        if on_conflict is OnConflict.FAIL or folder[name] is node:
            raise EntryExists(path=path)
        if self.holds(folder[name], node):
            raise IntoItself(path=path)
        self.trash.append((path, folder.pop(name)))
        return name

    def arrange(self, source: str, to: str, on_conflict: OnConflict, *, keep: bool) -> None:
        """Move, or copy if it is kept; raises the expected error of the service."""
        node = self.find(source)
        if node is None:
            raise NotFound
        there = self.find(to)
        folder_path, _, name = to.rpartition("/")
        if isinstance(there, dict):
            folder_path, name = to, source.rpartition("/")[2]
        target = f"{folder_path}/{name}" if folder_path else name
        if target == source and not keep:
            return
        folder = self.make_folders(folder_path)
        if isinstance(node, dict) and self.holds(node, folder):
            raise IntoItself(path=target)
        name = self.resolve_conflict(node, folder, target, on_conflict)
        if keep:
            folder[name] = _without_history(node)
        else:
            self.remove(source)
            folder[name] = node

    def remove(self, path: str) -> Any:
        """Remove the entry at a path, and return it."""
        parent, _, name = path.rpartition("/")
        return self.find(parent).pop(name)


def _without_history(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _without_history(each) for name, each in node.items()}
    return node[-1:]


def _paths(folder: Folder, above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, node in folder.items():
        found[above + name] = node
        if isinstance(node, dict):
            found |= _paths(node, f"{above}{name}/")
    return found


class TreeMachine(RuleBasedStateMachine):
    """One user's tree and trash, beside the model of them."""

    def __init__(self) -> None:
        super().__init__()
        self.resources = ExitStack()
        folder = self.resources.enter_context(tempfile.TemporaryDirectory())
        self.bench = self.resources.enter_context(workbench(Path(folder)))
        self.session = self.resources.enter_context(self.bench.session())
        self.model = Model()
        # What lay below a folder at a path while it had a mark.
        self.marked: dict[tuple[str, Any], list[Entry]] = {}

    def teardown(self) -> None:
        self.resources.close()

    @initialize()
    def register(self) -> None:
        self.account = self.bench.register(self.session)
        # A folder of another user is mounted in the root the whole time, and does not interfere.
        other = self.bench.register(self.session, "other")
        self.bench.upload(self.session, other, "outer/shared/x/y", b"theirs")
        mount(self.session, "other", "outer/shared", self.account.username, MOUNTED[0])
        self.account = self.bench.accounts(self.session).get(self.account.id)
        self.files = self.bench.files(self.session, self.account)
        self.moving = self.bench.moving(self.session, self.account)
        self.trash = self.bench.trash(self.session, self.account)
        self.versions = self.bench.versions(self.session, self.account)

    def both(self, act: Any, expect: Any) -> None:
        """Apply the same change to services and model, which must agree on refusals."""
        before = copy.deepcopy((self.model.root, self.model.trash))
        self.bench.clock.advance(seconds=1)
        try:
            expect()
        except CabinetError as refusal:
            self.model.root, self.model.trash = before
            with pytest.raises(type(refusal)):
                act()
        else:
            act()

    @rule(path=PATHS, content=CONTENTS)
    def upload(self, path: str, content: bytes) -> None:
        def expect() -> None:
            if isinstance(self.model.find(path), dict):
                raise IsAFolder(path=path)
            parent, _, name = path.rpartition("/")
            file = self.model.make_folders(parent).setdefault(name, [])
            if file[-1:] != [content]:
                file.append(content)
                del file[:-VERSIONS_KEPT]

        self.both(lambda: self.bench.upload(self.session, self.account, path, content), expect)

    @rule(path=PATHS)
    def make_folder(self, path: str) -> None:
        def expect() -> None:
            if self.model.find(path) is not None:
                raise EntryExists(path=path)
            self.model.make_folders(path)

        self.both(lambda: self.files.make_folder(path), expect)

    @rule(source=PATHS, to=PATHS, on_conflict=CONFLICTS)
    def move(self, source: str, to: str, on_conflict: OnConflict) -> None:
        self.both(
            lambda: self.moving.move([source], to, on_conflict),
            lambda: self.model.arrange(source, to, on_conflict, keep=False),
        )

    @rule(source=PATHS, to=PATHS, on_conflict=CONFLICTS)
    def copy(self, source: str, to: str, on_conflict: OnConflict) -> None:
        self.both(
            lambda: self.moving.copy([source], to, on_conflict),
            lambda: self.model.arrange(source, to, on_conflict, keep=True),
        )

    @rule(path=PATHS, for_ever=st.booleans())
    def delete(self, path: str, for_ever: bool) -> None:
        def expect() -> None:
            if self.model.find(path) is None:
                raise NotFound
            node = self.model.remove(path)
            if not for_ever:
                self.model.trash.append((path, node))

        self.both(lambda: (self.files.purge if for_ever else self.files.trash)(path), expect)

    @precondition(lambda self: self.model.trash)
    @rule(data=st.data(), on_conflict=CONFLICTS)
    def restore(self, data: st.DataObject, on_conflict: OnConflict) -> None:
        index = data.draw(st.integers(0, len(self.model.trash) - 1))
        path = self.model.trash[index][0]
        trash_id = self.listed_trash()[index].id

        def expect() -> None:
            _, node = self.model.trash.pop(index)
            folder = self.model.make_folders(path.rpartition("/")[0])
            folder[self.model.resolve_conflict(node, folder, path, on_conflict)] = node

        self.both(lambda: self.trash.restore(trash_id, on_conflict), expect)

    @rule()
    def empty_the_trash(self) -> None:
        self.both(self.trash.empty, self.model.trash.clear)

    @rule(path=PATHS, number=st.integers(1, 4), restores=st.booleans())
    def use_a_version(self, path: str, number: int, restores: bool) -> None:
        file = self.model.find(path)
        if not isinstance(file, list):
            return
        found = self.versions.list(path)
        if number > len(found):
            return
        chosen = found[len(found) - number]

        def expect() -> None:
            content = file[number - 1]
            if not restores:
                if number == len(file):
                    raise CurrentVersion(path=path)
                del file[number - 1]
            elif file[-1] != content:
                file.append(content)
                del file[:-VERSIONS_KEPT]

        use = self.versions.restore if restores else self.versions.discard
        self.both(lambda: use(path, chosen.number), expect)

    def listed_trash(self) -> list[Any]:
        return list(reversed(self.trash.list_page(1000).entries))

    @invariant()
    def trees_match(self) -> None:
        expected = _paths(self.model.root)
        listed = {entry.path: entry for entry in self.files.list_below("", 1000, None).entries}
        assert [path for path in MOUNTED if not listed.pop(path).role] == []
        assert listed.keys() == expected.keys()
        for path, node in expected.items():
            assert listed[path].is_folder == isinstance(node, dict)
            if isinstance(node, list):
                with self.files.open(listed[path]) as stream:
                    assert stream.read() == node[-1]
                sizes = [version.size for version in self.versions.list(path)]
                assert sizes == [len(content) for content in reversed(node)]

    @invariant()
    def equal_tags_mean_equal_folders(self) -> None:
        """Otherwise a client would be told that nothing has changed."""
        folders = [path for path, node in _paths(self.model.root).items() if isinstance(node, dict)]
        for path in ["", *folders]:
            page = self.files.list_below(path, 1000, None)
            seen = list(page.entries)
            assert page.totals.mark is not None
            assert self.marked.setdefault((path, page.totals.mark), seen) == seen, path

    @invariant()
    def trash_matches(self) -> None:
        assert [found.entry.path for found in self.listed_trash()] == [path for path, _ in self.model.trash]

    @invariant()
    def rows_are_consistent(self) -> None:
        check_rows(self.session)


TestTree = TreeMachine.TestCase
TestTree.settings = settings(max_examples=8, stateful_step_count=25)
