"""The live properties of WebDAV itself, with the quota (RFC 4331), and those of ownCloud that both faces have.

Rule: a property is written from the row of a resource and what its page has loaded; none asks the database.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

from cabinet.services.access.rights import CHANGE, Rights
from cabinet.services.dav.resources import Resource
from cabinet.services.tree.entries import OCTETS
from cabinet.web.dav.face import Needs, Page, Property, PropertyTable
from cabinet.web.dav.xml_names import dav, owncloud, to_text
from cabinet.web.runtime import runtime

_LOCKENTRY = (
    "<d:lockentry><d:lockscope><d:{}/></d:lockscope><d:locktype><d:write/></d:locktype></d:lockentry>"
)
_SUPPORTED_LOCKS = _LOCKENTRY.format("exclusive") + _LOCKENTRY.format("shared")


def etag_of(resource: Resource) -> str | None:
    """Return the entity tag of a resource, without quotes: the content hash, or the tag of a folder's contents.

    None for an actor who must not learn whether content is the same.
    """
    if not resource.is_folder:
        return resource.content_hash
    totals = resource.totals
    return None if totals is None else runtime().folder_tags.tag_of(totals, resource.beside)


def _resourcetype(resource: Resource, _page: Page) -> str | None:
    return "<d:collection/>" if resource.is_folder else ""


def _displayname(resource: Resource, _page: Page) -> str | None:
    return to_text(resource.name)


def _length(resource: Resource, _page: Page) -> str | None:
    return None if resource.is_folder else str(resource.node.size)


def _content_type(resource: Resource, _page: Page) -> str | None:
    if resource.is_folder or not resource.may_read:
        return None
    return to_text(resource.node.media_type or OCTETS)


def _etag(resource: Resource, _page: Page) -> str | None:
    tag = etag_of(resource)
    return None if tag is None else f"&quot;{tag}&quot;"


def _modified(resource: Resource, _page: Page) -> str | None:
    return to_http_date(resource.node.modified_at)


def to_http_date(moment: datetime) -> str:
    """Return a time as HTTP writes it, in whole seconds."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _created(resource: Resource, _page: Page) -> str | None:
    return resource.node.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _supported_locks(resource: Resource, _page: Page) -> str | None:
    return _SUPPORTED_LOCKS if resource.scope.has(Rights.WRITE) else ""


def _lock_discovery(resource: Resource, page: Page) -> str | None:
    return page.lockdiscovery(resource)


def _used(resource: Resource, page: Page) -> str | None:
    usage = page.usage.get(resource.scope.space_id) if resource.is_folder else None
    return None if usage is None else str(usage[0])


def _available(resource: Resource, page: Page) -> str | None:
    usage = page.usage.get(resource.scope.space_id) if resource.is_folder else None
    return None if usage is None or usage[1] is None else str(usage[1])


DAV_PROPERTIES: PropertyTable = {
    dav("resourcetype"): Property(_resourcetype),
    dav("displayname"): Property(_displayname),
    dav("getcontentlength"): Property(_length),
    dav("getcontenttype"): Property(_content_type),
    dav("getetag"): Property(_etag),
    dav("getlastmodified"): Property(_modified),
    dav("creationdate"): Property(_created),
    dav("supportedlock"): Property(_supported_locks),
    dav("lockdiscovery"): Property(_lock_discovery, needs=Needs.LOCKS),
    dav("quota-used-bytes"): Property(_used, in_allprop=False, needs=Needs.USAGE),
    dav("quota-available-bytes"): Property(_available, in_allprop=False, needs=Needs.USAGE),
}


def _size(resource: Resource, _page: Page) -> str | None:
    return str(resource.node.tree_size if resource.is_folder else resource.node.size)


def _checksums(resource: Resource, page: Page) -> str | None:
    known = page.checksums.get(resource.node.id) if resource.may_read else None
    return None if known is None else f"<oc:checksum>{to_text(known)}</oc:checksum>"


def permissions_of(resource: Resource) -> str:
    """Return the letters of ownCloud for what the actor may do.

    R share, G read, D delete, N rename, V move, C and K create files and folders, W replace the content; S for what
    others have shared and M for the mount itself, which is renamed but never deleted.
    """
    scope, letters = resource.scope, ""
    if scope.mount_id is not None:
        letters += "S"
    if scope.has(Rights.SHARE):
        letters += "R"
    if resource.mounted is not None:
        letters += "M"
    if scope.has(Rights.READ):
        letters += "G"
    if scope.has(CHANGE):
        letters += "NV" if resource.mounted is not None else "DNV"
    if resource.is_folder:
        return letters + ("CK" if scope.has(Rights.WRITE) else "")
    return letters + ("W" if scope.has(CHANGE) else "")


def _permissions(resource: Resource, page: Page) -> str | None:
    # Members of one folder differ only in this.
    key = (id(resource.scope), resource.is_folder, resource.mounted is not None)
    letters = page.permissions.get(key)
    if letters is None:
        letters = page.permissions[key] = permissions_of(resource)
    return letters


OWNCLOUD_PROPERTIES: PropertyTable = {
    owncloud("size"): Property(_size, in_allprop=False),
    owncloud("permissions"): Property(_permissions, in_allprop=False),
    owncloud("checksums"): Property(_checksums, in_allprop=False, needs=Needs.CHECKSUMS),
}
