"""The texts that scripts show, from the same catalog as all others.

They are served as a module, one for each language (assets.py). A text with a plural has one form for each
plural category of the language ("one", "few", ...), and the script selects one with `Intl.PluralRules`.

Rule: only texts and their delivery; placeholders are `%(name)s`, as everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from babel import Locale
from flask_babel import get_domain, get_locale, gettext

from cabinet.errors import N_, SelectionChanged

# Smallest first; each is 1000 times the previous one.
SIZE_UNITS = (
    N_("%(value)s kB"),
    N_("%(value)s MB"),
    N_("%(value)s GB"),
    N_("%(value)s TB"),
    N_("%(value)s PB"),
    N_("%(value)s EB"),
)

# Together these numbers cover every plural category of whole numbers.
SAMPLES = (0, 1, 2, 3, 5, 11, 21, 22, 100)


def NN_(one: str, many: str) -> tuple[str, str]:  # noqa: N802 - the name that the extraction looks for
    """Mark a text and its plural for the message catalog and return both."""
    return one, many


ACTIONS = {
    "act-open": N_("Open"),
    "act-preview": N_("Preview"),
    "act-leave": N_("Remove from my files"),
    "act-share": N_("Share"),
    "act-reveal": N_("Show in folder"),
    "act-download": N_("Download"),
    "act-rename": N_("Rename"),
    "act-move": N_("Move"),
    "act-copy": N_("Copy"),
    "act-link": N_("Copy address (only you)"),
    "act-details": N_("Details"),
    "act-trash": N_("Delete"),
    "act-restore": N_("Restore"),
    "act-purge": N_("Delete permanently"),
    "actions-for": N_("Actions for “%(name)s”"),
    "cmd-walk": N_("Move in the list"),
    "cmd-ends": N_("Go to the first or last item"),
    "cmd-pages": N_("Page up or down"),
    "cmd-typing": N_("Jump to a name"),
    "cmd-toggle": N_("Select or deselect"),
    "cmd-extend": N_("Select a range"),
    "cmd-all": N_("Select all"),
    "cmd-none": N_("Clear selection"),
    "cmd-menu": N_("Menu"),
    "cmd-search": N_("Search"),
    "cmd-new-folder": N_("New folder"),
    "cmd-upload": N_("Upload files"),
    "cmd-view": N_("Switch between list and tiles"),
    "cmd-undo": N_("Undo"),
    "cmd-keys": N_("Show keyboard shortcuts"),
    "cmd-turn": N_("Previous or next file"),
    "cmd-larger": N_("Zoom in"),
    "cmd-smaller": N_("Zoom out"),
    "cmd-fit": N_("Fit to window"),
    "key-space": N_("Space bar"),
    "key-typing": N_("Type its name"),
    "none-chosen": N_("Nothing selected"),
    "only-loaded": N_("Only the items loaded so far"),
    "rename-one": N_("New name of “%(name)s”"),
    "renamed": N_("Renamed to “%(new)s”"),
    "select-again": N_("Select again"),
    "selection-changed": SelectionChanged.message,
    "share-one": N_("Share “%(name)s”"),
    "too-many-to-share": N_("One link takes up to %(count)s items. Share their folder instead."),
    "too-many-to-zip": N_("One archive takes up to %(count)s items."),
}

# The preview and the details panel.
LOOKING = {
    "address-copied": N_("Address copied"),
    "link-copied": N_("Link copied"),
    "preview-broken": N_(
        "This file cannot be shown. It may be damaged, or of a kind that this browser does not know."
    ),
    "preview-empty": N_("This file is empty."),
    "preview-gone": N_("This file no longer exists."),
    "preview-guessed": N_("Auto: %(name)s"),
    "preview-limited": N_(
        "Downloads through this link are limited, so only pictures are shown here. Download the file to open it."
    ),
    "preview-none": N_("There is no preview for files of this kind."),
    "preview-part": N_("Part %(index)s of %(count)s, %(whole)s in all"),
    "preview-page": N_("Page %(number)s"),
    "preview-password": N_("This PDF is protected by a password. Download it to open it."),
    "preview-position": N_("%(index)s of %(count)s"),
    "preview-unguessed": N_("Auto"),
    "kind-archive": N_("Archive"),
    "kind-document": N_("Document"),
    "kind-file": N_("File"),
    "kind-film": N_("Video"),
    "kind-folder": N_("Folder"),
    "kind-pdf": N_("PDF document"),
    "kind-picture": N_("Image"),
    "kind-slides": N_("Presentation"),
    "kind-sound": N_("Audio"),
    "kind-table": N_("Spreadsheet"),
    "kind-text": N_("Text"),
    "version": N_("Version %(number)s"),
    "version-download": N_("Download version %(number)s"),
    "version-restore": N_("Restore version %(number)s"),
    "version-restored": N_("Version %(number)s restored"),
    "version-discard": N_("Delete version %(number)s permanently"),
    "version-discard-title": N_("Delete version %(number)s permanently?"),
    "version-discarded": N_("Version %(number)s permanently deleted"),
}

# The upload panel; a text with a remedy is named after its problem.
UPLOADING = {
    "cancel": N_("Cancel"),
    "cancel-all-text": N_("%(size)s already sent will be lost. Uploaded files are kept."),
    "cancel-uploads": N_("Cancel uploads"),
    "collapse": N_("Collapse"),
    "expand": N_("Expand"),
    "keep-uploading": N_("Keep uploading"),
    "not-uploaded": N_("Not uploaded"),
    "cure.invalid-name": N_("Rename it, then upload it again."),
    "cure.is-a-folder": N_("Rename the file or the folder, then try again."),
    "cure.not-a-folder": N_("Rename that file or upload to another folder."),
    "cure.storage-full": N_("Ask the administrator to free up space, then try again."),
    "cure.storage-fault": N_("Try again. If it fails again, contact the administrator."),
    "cure.too-large": N_("Upload it in parts, or ask the administrator to raise the limit."),
}

# The roles in a shared folder.
ROLES = {"viewer": N_("view only"), "editor": N_("can edit"), "manager": N_("can manage")}

# What events tell (`Verb`).
VERBS = {
    "opened": N_("Opened"),
    "downloaded": N_("Downloaded"),
    "uploaded": N_("File uploaded"),
    "created": N_("Folder created"),
    "changed": N_("Content changed"),
    "copied": N_("Copied here"),
    "renamed": N_("Renamed"),
    "moved": N_("Moved here"),
    "trashed": N_("Moved to the trash"),
    "deleted": N_("Permanently deleted"),
    "restored": N_("Restored"),
    "shared": N_("Shared"),
    "unshared": N_("Sharing ended"),
    "joined": N_("Joined the team space"),
    "left": N_("Left the team space"),
}

SINGLE = (
    ACTIONS
    | LOOKING
    | UPLOADING
    | {
        "asking": N_("Checking for existing files…"),
        "cancelled": N_("Canceled"),
        "event-guest": N_("Guest"),
        "event-moved-out": N_("Moved out of the folder"),
        "event-unknown": N_("Former user"),
        "event-you": N_("You"),
        "copied": N_("Copied"),
        "copy-by-hand": N_("Press Ctrl+C to copy"),
        "leave-one": N_("Remove “%(name)s” from your files?"),
        "leave-text": N_(
            "A shared folder that you remove from your files stays with its owner, with everything in it."
        ),
        "left": N_("Removed “%(name)s” from your files"),
        "mount-stays": N_("A shared folder stays in “Your files”."),
        "delete-one": N_("Delete “%(name)s”?"),
        "delete-text": N_("Only the owner of the files can restore it."),
        "deleted": N_("Moved “%(name)s” to the trash"),
        "purge": N_("Delete permanently"),
        "purge-one": N_("Delete “%(name)s” permanently?"),
        "purge-text": N_("This can't be undone."),
        "purge-many-text": N_("This can't be undone."),
        "purged": N_("Permanently deleted."),
        "empty": N_("Empty trash"),
        "empty-title": N_("Empty the trash?"),
        "empty-text": N_("Everything in the trash will be permanently deleted. This can't be undone."),
        "emptied": N_("Trash emptied"),
        "restored": N_("Restored “%(path)s”"),
        "moved": N_("Moved “%(name)s” to “%(folder)s”"),
        "copied-to": N_("Copied to “%(folder)s” as “%(name)s”"),
        "undo": N_("Undo"),
        "undone.move": N_("Move undone"),
        "undone.copy": N_("Copy undone"),
        "undone.rename": N_("Rename undone"),
        "undone.delete": N_("Deletion undone"),
        "undone.restore": N_("Restore undone"),
        "not-undone": N_("This can no longer be undone: %(why)s"),
        "nothing-to-undo": N_("Nothing to undo"),
        "some-exist": N_("Some of these names are already in use"),
        "your-files": N_("Your files"),
        "show-more": N_("Show more"),
        "move-here": N_("Move here"),
        "copy-here": N_("Copy here"),
        "move-one": N_("Move “%(name)s”"),
        "copy-one": N_("Copy “%(name)s”"),
        "move-into-itself": N_("A folder cannot be placed inside itself."),
        "is-there-already": N_("These items are already in this folder."),
        "gone": N_("“%(path)s” no longer exists."),
        "taken-again": N_("“%(path)s” already exists."),
        "busy": N_("The server is busy. Trying again…"),
        "differs": N_("The upload arrived damaged. Try again."),
        "drop-into": N_("Drop to upload into “%(name)s”"),
        "unforeseen": N_("This page ran into an error. Reload it and try again."),
        "server-failed": N_(
            "Server error %(status)s. Try again. If it fails again, contact the administrator."
        ),
        "refused": N_(
            "The request was refused without a reason (error %(status)s), perhaps by a proxy. Try "
            "again. If it fails again, contact the administrator."
        ),
        "front-limit": N_(
            "A proxy in front of the server accepts at most %(size)s per request. Uploads continue in "
            "smaller parts."
        ),
        "front-refused": N_(
            "A proxy in front of the server refused this upload as too large. Ask the administrator to raise its limit."
        ),
        "file-changed": N_("The file was changed or deleted. Select it again."),
        "folder-unreadable": N_("“%(name)s” could not be read."),
        "folders-not-sent": N_("Empty folders are not sent: %(names)s"),
        "held-other-user": N_("Waiting: another account is signed in."),
        "held-locked": N_("Waiting for the password of this link."),
        "held-offline": N_("No connection. The upload resumes automatically."),
        "held-signed-out": N_("Waiting for you to sign in."),
        "held-unanswered": N_("The server is not responding. Trying again…"),
        "hide-password": N_("Hide password"),
        "locked": N_("This link is locked. Enter its password, then try again."),
        "locked-title": N_("Enter the password again"),
        "locked-text": N_("This link is locked. Uploads wait and resume when you enter its password."),
        "unlock": N_("Open"),
        "offline": N_("The server cannot be reached. Check the connection and try again."),
        "other-user": N_("You are signed in as %(name)s now"),
        "other-user-text": N_(
            "This page belongs to %(user)s. Nothing is sent or changed; uploads wait until %(user)s "
            "signs in again."
        ),
        "paused": N_("Paused · %(amount)s"),
        "rate": N_("%(size)s/s"),
        "remaining": N_("%(time)s left"),
        "replaced": N_("Replaced, the earlier version is kept"),
        "show-files-of": N_("Show %(name)s's files"),
        "show-password": N_("Show password"),
        "sign-in": N_("Sign in"),
        "sign-in-again": N_("Sign in again"),
        "sign-in-again-text": N_("You are signed out. Uploads wait and resume when you sign in again."),
        "sign-in-as": N_("Sign in as %(user)s"),
        "signed-out": N_("You are signed out. Sign in again, then retry."),
        "storing": N_("Saving…"),
        "too-large": N_("Too large: the limit is %(limit)s."),
        "uploaded": N_("Uploaded"),
        "uploaded-as": N_("Uploaded as “%(name)s”"),
        "verified": N_("verified"),
        "waiting": N_("Waiting…"),
        "wrong-password": N_("The password is wrong."),
        "time.hours": N_("%(hours)s h %(minutes)s min"),
        "time.minutes": N_("%(minutes)s min %(seconds)s s"),
        "time.seconds": N_("%(seconds)s s"),
        "uploading-one": N_("Uploading “%(name)s”"),
        "upload-share": N_("%(share)s uploaded"),
        "cancel-one": N_("Cancel the upload of “%(name)s”"),
        "pause-one": N_("Pause the upload of “%(name)s”"),
        "resume-one": N_("Resume the upload of “%(name)s”"),
        "retry-one": N_("Retry the upload of “%(name)s”"),
    }
    | {f"role.{role}": text for role, text in ROLES.items()}
    | {f"verb.{verb}": text for verb, text in VERBS.items()}
    | {f"size.{rank}": text for rank, text in enumerate(SIZE_UNITS, start=1)}
)

PLURAL = {
    "chosen": NN_("%(count)s selected", "%(count)s selected"),
    "select-all": NN_("Select all %(count)s", "Select all %(count)s"),
    "size.0": NN_("%(value)s byte", "%(value)s bytes"),
    "uploading": NN_("Uploading %(count)s file", "Uploading %(count)s files"),
    "delete-many": NN_("Delete %(count)s item?", "Delete %(count)s items?"),
    "deleted-many": NN_("Moved %(count)s item to the trash", "Moved %(count)s items to the trash"),
    "leave-many": NN_(
        "Remove %(count)s shared folder from your files?", "Remove %(count)s shared folders from your files?"
    ),
    "left-many": NN_(
        "Removed %(count)s shared folder from your files",
        "Removed %(count)s shared folders from your files",
    ),
    "purge-many": NN_("Delete %(count)s item permanently?", "Delete %(count)s items permanently?"),
    "restored-many": NN_("Restored %(count)s item", "Restored %(count)s items"),
    "moved-many": NN_("Moved %(count)s item to “%(folder)s”", "Moved %(count)s items to “%(folder)s”"),
    "copied-to-many": NN_("Copied %(count)s item to “%(folder)s”", "Copied %(count)s items to “%(folder)s”"),
    "move-many": NN_("Move %(count)s item", "Move %(count)s items"),
    "copy-many": NN_("Copy %(count)s item", "Copy %(count)s items"),
    "found": NN_("%(count)s found", "%(count)s found"),
    "found-so-far": NN_("First %(count)s result", "First %(count)s results"),
    "dragged": NN_("%(count)s item", "%(count)s items"),
    "exists": NN_("%(count)s item already exists", "%(count)s items already exist"),
    "done": NN_("%(count)s file uploaded", "%(count)s files uploaded"),
    "all-paused": NN_("%(count)s file paused", "%(count)s files paused"),
    "resume-by-selecting": NN_(
        "%(count)s upload was interrupted. Select the file again to resume it: %(names)s",
        "%(count)s uploads were interrupted. Select the files again to resume them: %(names)s",
    ),
    "sent": NN_("%(count)s file sent", "%(count)s files sent"),
    "taken": NN_("%(count)s file already exists", "%(count)s files already exist"),
    "too-large-files": NN_(
        "%(count)s file is too large: the limit is %(limit)s.",
        "%(count)s files are too large: the limit is %(limit)s.",
    ),
    "cancel-all": NN_("Cancel %(count)s upload?", "Cancel %(count)s uploads?"),
    "failed-alike": NN_("%(count)s file: %(why)s", "%(count)s files: %(why)s"),
    "unfinished": NN_("%(count)s file was not uploaded", "%(count)s files were not uploaded"),
    "more": NN_("and %(count)s more", "and %(count)s more"),
    "addresses-copied": NN_("%(count)s address copied", "%(count)s addresses copied"),
    "share-many": NN_("Share %(count)s item", "Share %(count)s items"),
    "count-files": NN_("%(count)s file", "%(count)s files"),
    "count-folders": NN_("%(count)s folder", "%(count)s folders"),
}


def script_texts() -> Mapping[str, str | Mapping[str, str]]:
    """Return all texts of the scripts in the language of the request."""
    return _script_texts(str(get_locale() or "en"))


@cache
def _script_texts(_language: str) -> Mapping[str, str | Mapping[str, str]]:
    """Return the texts in `_language`, the request's language; they are cached by it."""
    single = {key: gettext(text) for key, text in SINGLE.items()}
    return single | {key: _forms(*texts) for key, texts in PLURAL.items()}


def _forms(one: str, many: str) -> Mapping[str, str]:
    """Return the text for each plural category; unlike `ngettext`, keep the placeholders."""
    locale = get_locale() or Locale("en")
    choose = get_domain().get_translations().ungettext
    # In some languages fractions have a category of their own; it also serves as the fallback.
    forms = {"other": choose(one, many, SAMPLES[0])}
    return forms | {locale.plural_form(number): choose(one, many, number) for number in SAMPLES}
