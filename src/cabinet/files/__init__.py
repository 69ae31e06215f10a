"""The face of files: bytes in and out, folders, the trash, versions, search, archives, pages.

Two groups of modules: `*_views` answer programs, `*_pages` answer people. Where one address serves both, it
is among the views, which hand whoever prefers a page over to the pages.

Rule: one face of the services; it decides nothing itself. The pages know none of the views.
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
