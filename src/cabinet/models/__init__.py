"""The tables.

    User 1──* Session, Token           credentials
    User 1──1 Space                    a tree with quota and usage
    Space 1──* Node                    the tree; each space has one root folder
    Node 1──* Version *──1 Blob        the contents of a file over time
    Space 1──* Thumbnail *──1 Blob     thumbnails of contents
    Space 1──* Upload                  an upload over several requests
    Space 1──* Batch 1──* BatchItem    a change of many nodes, for undoing it
    Job                                the last run of a background job
    Throttle                           failed sign-ins

Rule: columns, keys and indexes only; no logic, no Flask. Each aggregate has
a module; other packages import from here.
"""

from cabinet.models.base import Base, UtcDateTime
from cabinet.models.batches import Batch, BatchItem, BatchKind, BatchState, ItemRole
from cabinet.models.jobs import Job
from cabinet.models.nodes import Blob, Kind, Node, Version
from cabinet.models.spaces import Space, SpaceKind
from cabinet.models.thumbnails import Thumbnail
from cabinet.models.uploads import Upload, UploadKind
from cabinet.models.users import Role, Session, Throttle, Token, User

__all__ = [
    "Base",
    "Batch",
    "BatchItem",
    "BatchKind",
    "BatchState",
    "Blob",
    "ItemRole",
    "Job",
    "Kind",
    "Node",
    "Role",
    "Session",
    "Space",
    "SpaceKind",
    "Throttle",
    "Thumbnail",
    "Token",
    "Upload",
    "UploadKind",
    "User",
    "UtcDateTime",
    "Version",
]
