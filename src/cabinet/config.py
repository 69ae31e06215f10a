"""Every setting: its default, its unit, its reason; and a check that refuses a weak one.

Lowest first: the defaults here, `config.py` in the instance folder, `CABINET_*` environment
variables, the mapping given to `create_app`.

Read by parsers of our own: pydantic-settings would need each of them too (its lists are JSON, its sizes
take `1,5G` for one byte and know no `10Gi`), a source for the file, and takes unknown variables silently.

Rule: a value that would be unsafe or has no meaning is refused before anything is served.
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

# Decimal units, as sizes are shown, unless an i says otherwise.
_SIZE = re.compile(r"(\d{1,19}(?:\.\d{1,19})?) ?([kmgtp])(i?)b?", re.IGNORECASE | re.ASCII)
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4, "p": 5}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `parse` takes the text of an environment variable or a value from Python."""

    name: str
    default: Any
    parse: Callable[[Any], Any]
    meaning: str


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    raise ValueError("a text is needed.")


def _database_url(value: Any) -> str | None:
    url = _text(value)
    try:
        if url is not None:
            make_url(url).get_dialect()
    except ArgumentError:
        raise ValueError("an SQLAlchemy URL such as sqlite:////srv/cabinet/cabinet.db is needed.") from None
    return url


def _number(value: Any) -> int:
    try:
        number = int(str(value))  # by its text, for a fraction or a truth value is no number here
    except ValueError:
        raise ValueError("a whole number is needed.") from None
    if not 0 <= number < 2**63:
        raise ValueError("it has to be between 0 and 2^63.")
    return number


def _positive(value: Any) -> int:
    number = _number(value)
    if number == 0:
        raise ValueError("it has to be more than 0.")
    return number


def _size(value: Any) -> int:
    """Read a number of bytes, or a text such as 500M, 10 GB or 2TiB."""
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
    """Read a number of bytes as a setting has it, `none` for no limit; raises ValueError."""
    if value is None or (isinstance(value, str) and value.lower() in _NONE):
        return None
    return _size(value)


def _words(value: Any) -> list[str] | None:
    words = value.split(",") if isinstance(value, str) else value or []
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise ValueError("names, separated by commas, are needed.")
    return [word.strip() for word in words if word.strip()] or None


def _registration(value: Any) -> str:
    if value not in {"open", "closed"}:
        raise ValueError("it is either open or closed.")
    return str(value)


def _jobs(value: Any) -> str:
    if value not in {"inside", "apart"}:
        raise ValueError("it is either inside or apart.")
    return str(value)


def _public_url(value: Any) -> str | None:
    url = _text(value)
    if url is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise ValueError("an address such as https://files.example.org is needed.")
    return url.rstrip("/")


def _rounds(value: Any) -> int:
    number = _number(value)
    if not 4 <= number <= 20:
        raise ValueError("it has to be between 4 and 20.")
    return number


def _secret_key(value: Any) -> str | None:
    secret = _text(value)
    if secret is not None and (len(secret) < 32 or len(set(secret)) < 8):
        raise ValueError(
            "it is too easy to guess. Leave it out to have one made, or take the output of: "
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
        "STORE_URL", None, _text, "Where the bytes lie, `file:///folder`; by default the instance folder."
    ),
    Setting("SECRET_KEY", None, _secret_key, "Signs cookies; made once in the instance folder when absent."),
    Setting("MAX_UPLOAD_SIZE", 1 << 40, _positive_size, "Bytes that one file may have; 1 TiB."),
    Setting(
        "UPLOAD_KEEP_SECONDS",
        7 * _DAY,
        _positive,
        "An unfinished upload is kept so long after its last part.",
    ),
    Setting(
        "USER_QUOTA", None, to_bytes_or_none, "Bytes that a new user may store, such as `10G`, or `none`."
    ),
    Setting(
        "DISK_RESERVE",
        None,
        _size_or_nothing,
        "Bytes that stay free, such as `10G`, on the disks of content and database. Uploads end there,"
        " deleting goes on. By default 1 % of the disk, 64 MiB to 1 GiB, 10 % of a small one.",
    ),
    Setting(
        "USER_ENTRIES",
        2_000_000,
        _positive,
        "Files and folders that one user may have, those in the trash included.",
    ),
    Setting(
        "USER_UPLOADS",
        1_000,
        _positive,
        "Unfinished uploads that one user may have; as many that have ended are remembered.",
    ),
    Setting("PART_JOINS", 10, _positive, "How often one partial upload may come in a joined one."),
    Setting("COPY_ENTRIES", 100_000, _positive, "Files and folders that one copy may make."),
    Setting("REGISTRATION", "open", _registration, "`open`: anybody may register; `closed`: nobody."),
    Setting(
        "REGISTRATIONS_PER_MINUTE",
        30,
        _number,
        "Accounts that one network may make in a minute; 0: any number.",
    ),
    Setting(
        "REGISTRATIONS_PER_DAY", 100, _number, "Accounts that one network may make in a day; 0: any number."
    ),
    Setting(
        "TRUSTED_HOSTS", None, _words, "Host names that are answered, separated by commas; all when empty."
    ),
    Setting("PUBLIC_URL", None, _public_url, "The address that users see, when a proxy changes it."),
    Setting("PROXY_HOPS", 0, _number, "How many reverse proxies in front set X-Forwarded-* headers."),
    Setting("SESSION_IDLE_SECONDS", _DAY, _positive, "A session ends after so long unused."),
    Setting("SESSION_SECONDS", 7 * _DAY, _positive, "A session ends after so long in any case."),
    Setting(
        "REMEMBER_IDLE_SECONDS",
        30 * _DAY,
        _positive,
        "With “keep me signed in” a session ends after so long unused.",
    ),
    Setting(
        "REMEMBER_SECONDS",
        180 * _DAY,
        _positive,
        "With “keep me signed in” a session ends after so long in any case.",
    ),
    Setting(
        "HSTS_SECONDS",
        0,
        _number,
        "How long browsers are told to use https alone for this host, all ports of it; 0: they are not.",
    ),
    Setting(
        "USER_SESSIONS", 100, _positive, "Browsers in which one user is signed in; the oldest ends beyond it."
    ),
    Setting("USER_TOKENS", 100, _positive, "Tokens that one user may have."),
    Setting("TRASH_KEEP_DAYS", 30, _number, "Days until what was deleted is gone for ever."),
    Setting(
        "VERSIONS_KEPT", 20, _positive, "Versions that are kept of one file, the current one among them."
    ),
    Setting("SWEEP_GRACE_SECONDS", _DAY, _number, "Bytes that nothing needs any more are kept so long."),
    Setting(
        "SWEEP_EVERY_SECONDS", 6 * 60 * 60, _number, "How often the server tidies up by itself; 0: never."
    ),
    Setting(
        "JOBS",
        "inside",
        _jobs,
        "Where the work beside requests is done: `inside` the server, or `apart`, by `cabinet jobs serve`.",
    ),
    Setting(
        "STALL_SECONDS",
        60,
        _positive,
        "A connection that moves no byte for so long is given up, an upload also when it moves less than 1 KiB a second.",
    ),
    Setting(
        "UPLOAD_MEMORY",
        64 << 20,
        _positive_size,
        "Bytes of uploads and unfinished requests that one process holds in memory; 64 MiB.",
    ),
    Setting(
        "DATABASE_CONNECTIONS", 16, _positive, "Connections to the database that one process has at most."
    ),
    Setting("BCRYPT_LOG_ROUNDS", 12, _rounds, "Work of one password hash, as a power of two."),
    Setting(
        "HASH_CONCURRENCY", os.cpu_count() or 1, _positive, "Password hashes computed at a time; the cores."
    ),
    Setting(
        "BIND",
        "127.0.0.1:5000",
        _text,
        "gunicorn: address and port. The three of gunicorn are read from the environment alone.",
    ),
    Setting("WORKERS", 2, _positive, "gunicorn: processes."),
    Setting(
        "THREADS",
        512,
        _positive,
        "gunicorn: requests that one process serves at a time; a thread is made when it is needed.",
    ),
)

_BY_NAME = {setting.name: setting for setting in SETTINGS}

# Where the data lives; read before all others, for one of their sources lies in it.
INSTANCE = "INSTANCE"


def find_instance(given: Mapping[str, Any]) -> Path:
    """Return the instance folder: as told, else `./instance` of the checkout one stands in.

    Raises `NoInstance`, for a folder that appears wherever somebody happened to stand loses data.
    """
    told = given.get(INSTANCE) or os.environ.get(PREFIX + INSTANCE)
    if told:
        return Path(told).expanduser().resolve()
    here = Path.cwd()
    if (here / "src" / "cabinet").is_dir() or (here / "instance" / "cabinet.db").is_file():
        return here / "instance"
    raise NoInstance


def read(name: str) -> Any:
    """Return a setting that only the environment can change; raises `BadSetting`."""
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
