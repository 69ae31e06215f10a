"""Write the answers of PROPFIND: a page of resources at a time.

Rule: every text that comes from a user is escaped by what writes it; nothing here asks the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cabinet.services.dav.resources import Resource
from cabinet.web.dav.face import Call, Needs, Page, Property, PropertyTable
from cabinet.web.dav.xml_names import DECLARATIONS, HEAD, Tags, tags_of
from cabinet.web.quoting import quote_path

BEGIN = f"{HEAD}<d:multistatus {DECLARATIONS}>"
END = "</d:multistatus>"

_FOUND = "</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>"
_MISSING = "</d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat>"

# Dead properties by node, each the XML of the whole element by its name.
Dead = Mapping[int, Mapping[str, str]]


class Plan:
    """Which properties an answer has: those with some names, or all that resources have.

    Dead properties are looked up for names that are not live, and listed by `allprop` and `propname`.
    """

    def __init__(
        self,
        table: PropertyTable,
        names: Iterable[str] | None,
        also: Iterable[str] = (),
        *,
        only_names: bool = False,
    ) -> None:
        self._is_all = names is None
        self._only_names = only_names
        if names is None:
            wanted = [name for name, live in table.items() if live.in_allprop]
            wanted += [name for name in also if name not in wanted]
        else:
            wanted = list(dict.fromkeys(names))
        self._names = wanted
        self._live: Sequence[tuple[str, Tags, Property | None]] = [
            (name, tags_of(name), table.get(name)) for name in wanted
        ]
        self.needs = Needs.NOTHING
        for _name, _tags, live in self._live:
            if live is not None:
                self.needs |= live.needs

    @property
    def has_dead(self) -> bool:
        """Return whether dead properties can be in the answer."""
        return self._is_all or any(live is None for _name, _tags, live in self._live)

    def write(self, call: Call, resources: Iterable[Resource], page: Page, dead: Dead) -> str:
        """Return the responses for a page of resources."""
        none: Mapping[str, str] = {}
        root = call.href_of("")
        return "".join(
            self._response(
                f"{root}{quote_path(resource.path)}{'/' if resource.is_folder and resource.path else ''}",
                resource,
                page,
                dead.get(resource.node.id, none),
            )
            for resource in resources
        )

    def _response(self, href: str, resource: Resource, page: Page, dead: Mapping[str, str]) -> str:
        found: list[str] = []
        missing: list[str] = []
        for name, tags, live in self._live:
            if live is None:
                stored = dead.get(name)
                if stored is None:
                    missing.append(tags.empty)
                else:
                    found.append(tags.empty if self._only_names else stored)
                continue
            value = live.write(resource, page)
            if value is None:
                missing.append(tags.empty)
            elif value and not self._only_names:
                found.append(f"{tags.open}{value}{tags.close}")
            else:
                found.append(tags.empty)
        if self._is_all:
            others = (name for name in dead if name not in self._names)
            found += [tags_of(name).empty if self._only_names else dead[name] for name in others]
            missing.clear()
        answer = f"<d:response><d:href>{href}</d:href>"
        if found or not missing:
            answer += f"<d:propstat><d:prop>{''.join(found)}{_FOUND}"
        if missing:
            answer += f"<d:propstat><d:prop>{''.join(missing)}{_MISSING}"
        return f"{answer}</d:response>"
