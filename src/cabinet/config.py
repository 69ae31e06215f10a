"""All settings with defaults, units and explanations, and the checks of their values.

Sources, lowest priority first: the defaults here, `config.py` in the instance folder, `CABINET_*`
environment variables, the mapping passed to `create_app`.

Values are parsed by our own functions: pydantic-settings would need all of these as well (its lists
are JSON, its sizes read `1,5G` as one byte and do not know `10Gi`), needs a source for the file, and
ignores unknown variables silently.

Rule: unsafe or invalid values are refused before the server starts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Config
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from cabinet.refusals import BadSetting, NoInstance

PREFIX = "CABINET_"

_DAY = 24 * 60 * 60
_NONE = {"", "none"}
_MOST_DAYS = 36_500  # a hundred years

# Units are decimal, as sizes are displayed, or binary with an `i`.
_SIZE = re.compile(r"(\d{1,19}(?:\.\d{1,19})?) ?([kmgtp])(i?)b?", re.IGNORECASE | re.ASCII)
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4, "p": 5}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `parse` accepts the text of an environment variable or a Python value."""

    name: str
    default: Any
    parse: Callable[[Any], Any]
    description: str


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    raise ValueError("it must be a string.")


def _database_url(value: Any) -> str | None:
    url = _text(value)
    try:
        if url is not None:
            make_url(url).get_dialect()
    except ArgumentError:
        raise ValueError("it must be an SQLAlchemy URL such as sqlite:////srv/cabinet/cabinet.db.") from None
    return url


def _number(value: Any) -> int:
    try:
        number = int(str(value))  # from its text: fractions and booleans are refused
    except ValueError:
        raise ValueError("it must be a whole number.") from None
    if not 0 <= number < 2**63:
        raise ValueError("it must be between 0 and 2^63.")
    return number


def _positive(value: Any) -> int:
    number = _number(value)
    if number == 0:
        raise ValueError("it must be greater than 0.")
    return number


def _size(value: Any) -> int:
    """Parse a number of bytes, or a text such as 500M, 10 GB or 2TiB."""
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return _number(value)
    unit = 1024 if found[3] else 1000
    return _number(int(Decimal(found[1]) * unit ** _POWERS[found[2].lower()]))


def _size_or_nothing(value: Any) -> int | None:
    return None if value is None or value == "" else _size(value)


def _positive_size(value: Any) -> int:
    return _positive(_size(value))


def to_bytes_or_none(value: Any) -> int | None:
    """Parse a size in bytes, or `none` for no limit; raises ValueError."""
    if value is None or (isinstance(value, str) and value.lower() in _NONE):
        return None
    return _size(value)


def _words(value: Any) -> list[str] | None:
    words = value.split(",") if isinstance(value, str) else value or []
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise ValueError("it must be a list of names, separated by commas.")
    return [word.strip() for word in words if word.strip()] or None


def _one_of(*choices: str) -> Callable[[Any], str]:
    """Return the parser of a setting that is one of some words."""

    def parse(value: Any) -> str:
        """Return the word; raises ValueError for any other value."""
        if value not in choices:
            raise ValueError(f"it must be {', '.join(choices[:-1])} or {choices[-1]}.")
        return str(value)

    return parse


def _sharing(value: Any) -> str | None:
    return None if value in {None, "", "default"} else _one_of("everyone", "admins", "off")(value)


def _days_or_nothing(value: Any) -> int | None:
    if value is None or (isinstance(value, str) and value.lower() in _NONE):
        return None
    return _days(value, least=1)


def _days(value: Any, least: int = 0) -> int:
    number = _number(value)
    if not least <= number <= _MOST_DAYS:
        raise ValueError(f"it must be between {least} and {_MOST_DAYS}.")
    return number


def _public_url(value: Any) -> str | None:
    url = _text(value)
    if url is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise ValueError("it must be a URL such as https://files.example.org.")
    return url.rstrip("/")


def _rounds(value: Any) -> int:
    number = _number(value)
    if not 4 <= number <= 20:
        raise ValueError("it must be between 4 and 20.")
    return number


def _secret_key(value: Any) -> str | None:
    secret = _text(value)
    if secret is not None and (len(secret) < 32 or len(set(secret)) < 8):
        raise ValueError(
            "it is too easy to guess. Unset it to have one generated, or use the output of: "
            'python3 -c "import secrets; print(secrets.token_hex())"'
        )
    return secret


SETTINGS = (
    Setting(
        "DATABASE_URL",
        None,
        _database_url,
        "An SQLAlchemy URL; by default `cabinet.db` in the instance folder.",
    ),
    Setting(
        "STORE_URL",
        None,
        _text,
        "Location of file contents, `file:///folder`; by default the instance folder.",
    ),
    Setting(
        "SECRET_KEY", None, _secret_key, "Signs cookies; generated once in the instance folder if not set."
    ),
    Setting("MAX_UPLOAD_SIZE", 1 << 40, _positive_size, "Maximum size of one file in bytes; 1 TiB."),
    Setting(
        "UPLOAD_KEEP_SECONDS",
        7 * _DAY,
        _positive,
        "How long an unfinished upload is kept after its last part.",
    ),
    Setting("USER_QUOTA", None, to_bytes_or_none, "Quota of a new user in bytes, such as `10G`, or `none`."),
    Setting(
        "DISK_RESERVE",
        None,
        _size_or_nothing,
        "Bytes kept free, such as `10G`, on the disks of store and database: uploads are refused below it,"
        " deleting still works. By default 1 % of the disk, 64 MiB to 1 GiB, 10 % of a small one.",
    ),
    Setting(
        "USER_ENTRIES",
        2_000_000,
        _positive,
        "Maximum number of files and folders of one user, including the trash.",
    ),
    Setting(
        "USER_UPLOADS",
        1_000,
        _positive,
        "Maximum number of unfinished uploads of one user; as many ended ones are remembered.",
    ),
    Setting("PART_JOINS", 10, _positive, "How often a joined upload may contain the same partial upload."),
    Setting("COPY_ENTRIES", 100_000, _positive, "Maximum number of files and folders in one copy."),
    Setting(
        "REGISTRATION",
        "open",
        _one_of("open", "closed"),
        "`open`: anyone can register; `closed`: only the operator.",
    ),
    Setting(
        "REGISTRATIONS_PER_MINUTE",
        30,
        _number,
        "Maximum number of registrations from one network per minute; 0: unlimited.",
    ),
    Setting(
        "REGISTRATIONS_PER_DAY",
        100,
        _number,
        "Maximum number of registrations from one network per day; 0: unlimited.",
    ),
    Setting("TRUSTED_HOSTS", None, _words, "Accepted host names, separated by commas; all when empty."),
    Setting("PUBLIC_URL", None, _public_url, "The URL that users see, if a proxy changes it."),
    Setting("PROXY_HOPS", 0, _number, "Number of reverse proxies in front that set X-Forwarded-* headers."),
    Setting("SESSION_IDLE_SECONDS", _DAY, _positive, "A session ends after this time without use."),
    Setting("SESSION_SECONDS", 7 * _DAY, _positive, "A session ends after this time in any case."),
    Setting(
        "REMEMBER_IDLE_SECONDS",
        30 * _DAY,
        _positive,
        "With “keep me signed in”, a session ends after this time without use.",
    ),
    Setting(
        "REMEMBER_SECONDS",
        180 * _DAY,
        _positive,
        "With “keep me signed in”, a session ends after this time in any case.",
    ),
    Setting(
        "HSTS_SECONDS",
        0,
        _number,
        "How long browsers use only HTTPS for this host, on all ports (HSTS); 0: off.",
    ),
    Setting(
        "USER_SESSIONS", 100, _positive, "Maximum number of sessions of one user; beyond it the oldest ends."
    ),
    Setting("USER_TOKENS", 100, _positive, "Maximum number of tokens of one user."),
    Setting("TRASH_KEEP_DAYS", 30, _number, "Days until items in the trash are deleted permanently."),
    Setting("VERSIONS_KEPT", 20, _positive, "Number of versions of one file to keep, with the current one."),
    Setting(
        "SHARING",
        None,
        _sharing,
        "Who can make links to files: `everyone`, `admins`, or `off`, which also closes all existing links. By"
        " default everyone; only administrators on an instance with accounts from before links, while"
        " registration is open.",
    ),
    Setting(
        "SHARE_PASSWORD",
        "optional",
        _one_of("optional", "required"),
        "Whether a link needs a password, `required`, or not.",
    ),
    Setting(
        "SHARE_DEFAULT_DAYS", 7, _days, "Days until a new link expires if its owner does not say; 0: never."
    ),
    Setting("SHARE_MAX_DAYS", None, _days_or_nothing, "Maximum days until a new link expires, or `none`."),
    Setting(
        "REQUEST_MAX_SIZE",
        10 * 1000**3,
        _positive_size,
        "Maximum bytes that come in through one link, unfinished uploads included; also the default.",
    ),
    Setting(
        "DAV_SYSTEM_FILES", "take", _one_of("take", "refuse"), "What WebDAV does with `.DS_Store` and such."
    ),
    Setting("NEXTCLOUD_CLIENTS", "on", _one_of("on", "off"), "Whether apps of Nextcloud and ownCloud work."),
    Setting("GROUPS", "admins", _one_of("admins", "everyone"), "Who can create, rename and delete groups."),
    Setting(
        "SPACES",
        "admins",
        _one_of("admins", "everyone"),
        "Who can create team spaces: `admins`, of any quota, or `everyone`, out of the quota of whoever does.",
    ),
    Setting(
        "USER_COMPLETION", "off", _one_of("off", "on"), "Whether names of users are completed for others."
    ),
    Setting("ACTIVITY_KEEP_DAYS", 90, _days, "Days for which events in shares and team spaces are kept."),
    Setting("SWEEP_GRACE_SECONDS", _DAY, _number, "How long unreferenced file contents are kept."),
    Setting("SWEEP_EVERY_SECONDS", 6 * 60 * 60, _number, "How often the server runs the sweep; 0: never."),
    Setting(
        "JOBS",
        "inside",
        _one_of("inside", "apart"),
        "Where background jobs run: `inside` the server, or `apart`, in `cabinet jobs serve`.",
    ),
    Setting(
        "STALL_SECONDS",
        60,
        _positive,
        "A connection is closed after this time without traffic, an upload also below 1 KiB per second.",
    ),
    Setting(
        "UPLOAD_MEMORY",
        64 << 20,
        _positive_size,
        "Bytes of uploads and unfinished requests that one process buffers in memory; 64 MiB.",
    ),
    Setting("DATABASE_CONNECTIONS", 16, _positive, "Maximum number of database connections of one process."),
    Setting("BCRYPT_LOG_ROUNDS", 12, _rounds, "Cost of one password hash, as a power of two."),
    Setting(
        "HASH_CONCURRENCY",
        os.cpu_count() or 1,
        _positive,
        "Number of password hashes computed concurrently; by default the number of cores.",
    ),
    Setting(
        "BIND",
        "127.0.0.1:5000",
        _text,
        "gunicorn: address and port. BIND, WORKERS and THREADS are read only from the environment.",
    ),
    Setting("WORKERS", 2, _positive, "gunicorn: number of processes."),
    Setting(
        "THREADS",
        512,
        _positive,
        "gunicorn: concurrent requests of one process; threads are started on demand.",
    ),
)

_BY_NAME = {setting.name: setting for setting in SETTINGS}

# The instance folder; read before all other settings, because it contains one of their sources.
INSTANCE = "INSTANCE"


def find_instance(given: Mapping[str, Any]) -> Path:
    """Return the instance folder: the configured one, else `./instance` of the current checkout.

    Raises `NoInstance` elsewhere: creating the folder in whatever directory is current would lose data.
    """
    configured = given.get(INSTANCE) or os.environ.get(PREFIX + INSTANCE)
    if configured:
        return Path(configured).expanduser().resolve()
    here = Path.cwd()
    if (here / "src" / "cabinet").is_dir() or (here / "instance" / "cabinet.db").is_file():
        return here / "instance"
    raise NoInstance


def read(name: str) -> Any:
    """Return a setting that is read only from the environment; raises `BadSetting`."""
    return _value_of(_BY_NAME[name], {}, {})


def load(config: Config, instance: Path, given: Mapping[str, Any]) -> None:
    """Fill `config` from all sources and check it; raises `BadSetting`."""
    config.from_pyfile(str(instance / "config.py"), silent=True)
    from_file = {setting.name: config[setting.name] for setting in SETTINGS if setting.name in config}
    config.update(given)
    known = _BY_NAME.keys() | {INSTANCE}
    for name in os.environ:
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in known:
            raise BadSetting(setting=name, reason="there is no such setting.")
    for setting in SETTINGS:
        config[setting.name] = _value_of(setting, given, from_file)
    config[INSTANCE] = str(instance)


def _value_of(setting: Setting, given: Mapping[str, Any], from_file: Mapping[str, Any]) -> Any:
    from_environment = os.environ.get(PREFIX + setting.name)
    if setting.name in given:
        value = given[setting.name]
    elif from_environment is not None:
        value = from_environment
    elif from_file.get(setting.name) is not None:
        value = from_file[setting.name]
    else:
        value = setting.default
    try:
        return setting.parse(value)
    except ValueError as error:
        raise BadSetting(setting=setting.name, reason=str(error)) from None
