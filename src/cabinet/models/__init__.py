"""The tables.

    User 1──* Session, Token           who may come in
    User 1──1 Space                    a tree with its quota and its usage
    Space 1──* Node                    the tree; each space has one root folder
    Node 1──* Version *──1 Blob        which bytes a file had, and has
    Space 1──* Thumbnail *──1 Blob     small pictures of what is in the files
    Space 1──* Upload                  what is on its way, over several requests
    Space 1──* Batch 1──* BatchItem    what was done to many nodes at once, so that it can be undone
    Job                                when work beside the requests was done last, and how that ended
    Throttle                           how often a password was wrong

Rule: columns, keys and indexes, and nothing that decides. No Flask here. Each aggregate has
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
