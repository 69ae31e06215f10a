"""The properties of files that the apps ask for besides those of WebDAV, and the headers about a written file.

Rule: written from the row of a resource; none asks the database.
"""

from __future__ import annotations

from collections.abc import Mapping

from cabinet.nextcloud.permissions import of_rights
from cabinet.nextcloud.share_types import GROUP, LINK, USER
from cabinet.services.dav.resources import Resource
from cabinet.services.thumbnails.decoder import MEDIA_TYPES
from cabinet.web.dav.face import Needs, Page, Property, PropertyTable
from cabinet.web.dav.properties import DAV_PROPERTIES, OWNCLOUD_PROPERTIES, permissions_of
from cabinet.web.dav.xml_names import NEXTCLOUD, OCS, dav, owncloud, to_text
from cabinet.web.identity import acting_user
from cabinet.web.runtime import runtime


def oc_id_of(resource: Resource) -> str:
    """Return the id of a file among all servers: its own number, and that of this instance."""
    return f"{resource.node.file_id:08}oc{runtime().instance_id}"


def headers_of(resource: Resource) -> Mapping[str, str]:
    """Return the headers that tell an app what it has written."""
    return {"OC-FileId": oc_id_of(resource), "OC-Perm": permissions_of(resource)}


def _oc_id(resource: Resource, _page: Page) -> str | None:
    return oc_id_of(resource)


def _file_id(resource: Resource, _page: Page) -> str | None:
    return str(resource.node.file_id)


def _length(resource: Resource, _page: Page) -> str | None:
    # The apps of phones ask folders too.
    return str(resource.node.tree_size if resource.is_folder else resource.node.size)


def _owner(resource: Resource, _page: Page) -> str | None:
    owner = acting_user().username if resource.scope.mount_id is None else None
    if resource.mounted is not None:
        owner = resource.mounted.owner or None
    return None if owner is None else to_text(owner)


def _share_types(resource: Resource, page: Page) -> str | None:
    found = page.shares.get(resource.node.id)
    if found is None:
        return ""
    kinds = ((found.user, USER), (found.group, GROUP), (found.link, LINK))
    return "".join(f"<oc:share-type>{kind}</oc:share-type>" for is_there, kind in kinds if is_there)


def _share_permissions(resource: Resource, _page: Page) -> str | None:
    return str(of_rights(resource.scope.rights, is_folder=resource.is_folder))


def _has_preview(resource: Resource, _page: Page) -> str | None:
    return "true" if resource.may_read and resource.node.media_type in MEDIA_TYPES else "false"


def _favorite(_resource: Resource, _page: Page) -> str | None:
    return "0"


PROPERTIES: PropertyTable = {
    **DAV_PROPERTIES,
    **OWNCLOUD_PROPERTIES,
    dav("getcontentlength"): Property(_length),
    owncloud("id"): Property(_oc_id, in_allprop=False),
    owncloud("fileid"): Property(_file_id, in_allprop=False),
    owncloud("owner-id"): Property(_owner, in_allprop=False),
    owncloud("owner-display-name"): Property(_owner, in_allprop=False),
    owncloud("share-types"): Property(_share_types, in_allprop=False, needs=Needs.SHARES),
    f"{{{OCS}}}share-permissions": Property(_share_permissions, in_allprop=False),
    f"{{{NEXTCLOUD}}}has-preview": Property(_has_preview, in_allprop=False),
    owncloud("favorite"): Property(_favorite, in_allprop=False),
}
