"""The blueprint for files: content, folders, the trash, versions, search, archives, and their pages.

Modules `*_views` serve programs, `*_pages` serve browsers. A URL that serves both is among the views, which
call the pages for clients that prefer HTML.

Rule: an HTTP interface of the services, without rules of its own. The pages import none of the views.
"""

from __future__ import annotations

from cabinet.files import arrange_pages as arrange_pages
from cabinet.files import content_views as content_views
from cabinet.files import download_pages as download_pages
from cabinet.files import folder_pages as folder_pages
from cabinet.files import search_pages as search_pages
from cabinet.files import search_views as search_views
from cabinet.files import thumbnail_views as thumbnail_views
from cabinet.files import trash_pages as trash_pages
from cabinet.files import trash_views as trash_views
from cabinet.files import tree_views as tree_views
from cabinet.files import version_pages as version_pages
from cabinet.files import version_views as version_views
from cabinet.files import zip_views as zip_views
from cabinet.files.blueprint import bp as bp
