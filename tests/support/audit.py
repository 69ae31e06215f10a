"""The invariants of all rows of a database, computed from the rows themselves.

Rule: shares no query with the services; loads everything, so it is for small databases.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from cabinet.models import Batch, BatchItem, BatchKind, BatchState, Kind, Node, Space, Upload, Version
from cabinet.services.kernel.search_index import BLOCK_BITS, grams
from cabinet.services.tree.names import search_key, sort_key


def check_rows(session: Session) -> None:
    """Fail when a counter, a sum, a usage, a version, a reach or the index of names is not what the rows say."""
    session.rollback()
    nodes = {node.id: node for node in session.scalars(select(Node))}
    versions: dict[int, list[Version]] = defaultdict(list)
    for version in session.scalars(select(Version)):
        versions[version.node_id].append(version)
    purged = _purged(session, nodes)
    _check_usage(session, nodes, versions, purged)
    _check_folders(nodes, purged)
    for node in nodes.values():
        _check_node(node, nodes, versions[node.id])
    _check_index(session, nodes)
    session.rollback()


def _check_usage(
    session: Session, nodes: dict[int, Node], versions: dict[int, list[Version]], purged: set[int]
) -> None:
    stored: Counter[int] = Counter()
    for node_id, kept in versions.items():
        if node_id not in purged:
            stored[nodes[node_id].space_id] += sum(version.size for version in kept)
    for upload in session.scalars(select(Upload).where(Upload.ended_at.is_(None))):
        stored[upload.space_id] += upload.offset
    entries = Counter(
        node.space_id
        for node in nodes.values()
        if node.parent_id is not None and node.id not in purged and node.kind != Kind.MOUNT
    )
    for space in session.scalars(select(Space).where(Space.deleted_at.is_(None))):
        assert (space.usage, space.entries) == (stored[space.id], entries[space.id]), space.id


def _purged(session: Session, nodes: dict[int, Node]) -> set[int]:
    """Return the nodes that count no more, though they are not removed yet."""
    items = select(BatchItem.node_id).join(Batch, Batch.id == BatchItem.batch_id)
    tops = set(
        session.scalars(items.where(Batch.kind == BatchKind.PURGE, Batch.state == BatchState.COMMITTED))
    )
    spaces = {space.id: space for space in session.scalars(select(Space))}
    for node in nodes.values():
        space = spaces[node.space_id]
        mark = space.trash_purged_to
        if space.deleted_at is not None or (
            mark and node.trash_id is not None and node.trashed_at is not None and node.trashed_at <= mark
        ):
            tops.add(node.id)
    purged = set()
    for node in nodes.values():
        above: Node | None = node
        while above is not None and above.id not in tops:
            above = None if above.parent_id is None else nodes[above.parent_id]
        if above is not None:
            purged.add(node.id)
    return purged


def _check_folders(nodes: dict[int, Node], purged: set[int]) -> None:
    counts: Counter[int] = Counter()
    sizes: Counter[int] = Counter()
    for node in nodes.values():
        if node.parent_id is not None and node.trashed_at is None and node.kind != Kind.MOUNT:
            counts[node.parent_id] += 1
            sizes[node.parent_id] += node.size
    tree_sizes, tree_files = sums_of(nodes)
    for node in nodes.values():
        # Entries being removed are not measured any more.
        if node.id in purged:
            continue
        assert (node.child_count, node.child_size) == (counts[node.id], sizes[node.id]), node.name
        assert (node.tree_size, node.tree_files) == (tree_sizes[node.id], tree_files[node.id]), node.name


def sums_of(nodes: dict[int, Node]) -> tuple[Counter[int], Counter[int]]:
    """Return the bytes and the number of the live files below each folder, by its id."""
    sizes: Counter[int] = Counter()
    files: Counter[int] = Counter()
    for node in nodes.values():
        if node.kind != Kind.FILE:
            continue
        here = node
        while here.parent_id is not None and here.trashed_at is None:
            here = nodes[here.parent_id]
            sizes[here.id] += node.size
            files[here.id] += 1
    return sizes, files


def _check_node(node: Node, nodes: dict[int, Node], versions: list[Version]) -> None:
    is_trashed = node.trashed_at is not None
    if node.parent_id is None:
        return
    if node.kind == Kind.MOUNT:
        assert nodes[node.parent_id].parent_id is None, "a mount lies in a root"
        assert not is_trashed
        assert node.target_id is not None
        assert nodes[node.target_id].space_id != node.space_id
        return
    # A copy that is not complete yet is nowhere else either, and came from nowhere.
    is_incomplete = is_trashed and node.trash_id is None and node.trashed_from is None
    assert is_incomplete or is_trashed == (node.trashed_from is not None)
    # Only trashed entries have an origin and a deleter.
    assert is_trashed or (node.trashed_parent_id, node.trashed_by) == (None, None)
    # What a batch is removing is in the trash without an id.
    assert is_trashed or node.trash_id is None
    if is_trashed:
        assert nodes[node.parent_id].parent_id is None, "what is in the trash lies below the root"
    assert (node.sort_key, node.search_key) == (sort_key(node.name), search_key(node.name))
    if node.kind == Kind.FILE:
        numbers = sorted(version.number for version in versions)
        assert len(set(numbers)) == len(numbers)
        (current,) = [version for version in versions if version.number == node.version]
        assert numbers[-1] == node.version
        assert (current.size, current.content_hash) == (node.size, node.content_hash)
    else:
        assert versions == []
        assert node.size == 0
    _check_reach(node, nodes)


def _check_reach(node: Node, nodes: dict[int, Node]) -> None:
    """Fail unless every folder above a live node reaches as far as that node."""
    size, segments = -1, 0
    here = node
    while here.parent_id is not None and here.trashed_at is None:
        size, segments = size + 1 + len(here.name.encode()), segments + 1
        folder = nodes[here.parent_id]
        assert folder.space_id == node.space_id
        assert folder.below_bytes >= size, (folder.name, node.name)
        assert folder.below_segments >= segments, (folder.name, node.name)
        here = folder


def _check_index(session: Session, nodes: dict[int, Node]) -> None:
    """Fail unless SQLite's full-text table knows every node by its space and its letters, and nothing else."""
    if session.get_bind().dialect.name != "sqlite":
        return
    places = {(node.space_id, node.id >> BLOCK_BITS) for node in nodes.values()}
    found: dict[int, tuple[int, int]] = {}
    for space_id, block in places:
        asked = {"token": f'"u{space_id}b{block}"'}
        rows = session.execute(text("SELECT rowid FROM node_search WHERE node_search MATCH :token"), asked)
        found |= {row.rowid: (space_id, block) for row in rows}
    assert found == {node.id: (node.space_id, node.id >> BLOCK_BITS) for node in nodes.values()}
    # Each letter and pair of letters, with all who have it.
    having: dict[str, set[int]] = defaultdict(set)
    for node in nodes.values():
        for token in grams(node.search_key).split():
            having[token].add(node.id)
    for token, ids in having.items():
        asked = {"token": f'"{token}"'}
        rows = session.execute(text("SELECT rowid FROM node_search WHERE node_search MATCH :token"), asked)
        assert {row.rowid for row in rows} == ids, token
