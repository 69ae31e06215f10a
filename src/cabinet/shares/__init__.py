"""The blueprints of links: what owners do with theirs, and what guests reach through one.

Below a link the views of files and of resumable uploads are registered a second time; the door decides which of
them exist there, and gives them the scope of the link.

Rule: an HTTP interface of `services.shares`, without rules of its own.
"""

from __future__ import annotations

from cabinet.shares import activity_views as activity_views
from cabinet.shares import door as door
from cabinet.shares import grant_pages as grant_pages
from cabinet.shares import grant_views as grant_views
from cabinet.shares import group_views as group_views
from cabinet.shares import link_views as link_views
from cabinet.shares import owner_pages as owner_pages
from cabinet.shares import owner_views as owner_views
from cabinet.shares import share_pages as share_pages
from cabinet.shares.blueprint import bp as bp
from cabinet.shares.blueprint import link as link
from cabinet.shares.door import LinkAwareFlask as LinkAwareFlask
