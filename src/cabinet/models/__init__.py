"""The tables.

    User 1──* UserSession, Token           credentials
    User 1──* LoginFlow                the sign-in of an app that is under way
    User 1──1 Space                    a tree with quota and usage
    Space 1──* Node                    the tree; each space has one root folder
    Node 1──* Version *──1 Blob        the contents of a file over time
    Space 1──* Thumbnail *──1 Blob     thumbnails of contents
    Space 1──* Upload                  an upload over several requests
    Space 1──* Batch 1──* BatchItem    a change of many nodes, for undoing it
    Space 1──* Share 1──* ShareItem    a link to some nodes, or a grant of one
    Share 1──* ShareRecipient *──1 User      a user who has a grant
    Share 1──* ShareDownload           a download that began through it lately
    UserGroup 1──* GroupMember *──1 User     a group of users
    User 1──* UserBlock                somebody from whom the user accepts nothing
    Space 1──* Event                   what was done to what others may see
    User 1──* Notice *──1 Event        an event that a user is told of
    Node 1──* DavLock, DavProperty     locks and properties of WebDAV
    JobRecord                                the last run of a background job
    Milestone                                what happened to this instance
    Throttle                           failed sign-ins

Rule: columns, keys and indexes only; no logic, no Flask. Each aggregate has
a module; other packages import from here.
"""

from cabinet.models.base import Base, UtcDateTime
from cabinet.models.batches import Batch, BatchItem, BatchKind, BatchState, ItemRole
from cabinet.models.dav import DavLock, DavProperty
from cabinet.models.events import Event, Notice, Verb
from cabinet.models.groups import GroupMember, GroupRole, UserGroup
from cabinet.models.jobs import JobRecord
from cabinet.models.nodes import Blob, Kind, Node, Version
from cabinet.models.shares import (
    Acceptance,
    Milestone,
    Share,
    ShareDownload,
    ShareItem,
    ShareKind,
    ShareRecipient,
    UserBlock,
)
from cabinet.models.spaces import Space, SpaceKind
from cabinet.models.thumbnails import Thumbnail
from cabinet.models.uploads import Upload, UploadKind
from cabinet.models.users import LoginFlow, Role, Throttle, Token, User, UserSession

__all__ = [
    "Acceptance",
    "Base",
    "Batch",
    "BatchItem",
    "BatchKind",
    "BatchState",
    "Blob",
    "DavLock",
    "DavProperty",
    "Event",
    "GroupMember",
    "GroupRole",
    "ItemRole",
    "JobRecord",
    "Kind",
    "LoginFlow",
    "Milestone",
    "Node",
    "Notice",
    "Role",
    "Share",
    "ShareDownload",
    "ShareItem",
    "ShareKind",
    "ShareRecipient",
    "Space",
    "SpaceKind",
    "Throttle",
    "Thumbnail",
    "Token",
    "Upload",
    "UploadKind",
    "User",
    "UserBlock",
    "UserGroup",
    "UserSession",
    "UtcDateTime",
    "Verb",
    "Version",
]
