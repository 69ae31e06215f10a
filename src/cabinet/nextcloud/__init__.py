"""What the apps of Nextcloud and ownCloud speak besides WebDAV: status, OCS and their sign-in.

Rule: a face over the services, without rules of its own; what does not work here is not announced.
"""

from __future__ import annotations

from cabinet.nextcloud import drive_views as drive_views
from cabinet.nextcloud import login_views as login_views
from cabinet.nextcloud import preview_views as preview_views
from cabinet.nextcloud import share_views as share_views
from cabinet.nextcloud import sharee_views as sharee_views
from cabinet.nextcloud import status_views as status_views
from cabinet.nextcloud import user_views as user_views
from cabinet.nextcloud.blueprint import apps as apps
from cabinet.nextcloud.blueprint import bp as bp
from cabinet.nextcloud.blueprint import ocs as ocs
from cabinet.nextcloud.drive_blueprint import drive as drive
