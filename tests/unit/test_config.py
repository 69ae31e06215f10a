"""Settings: priority of sources, invalid values, and documentation.

Rule: the environment of a test holds no setting but those of the test.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Config

from cabinet.config import SETTINGS, find_instance, load, read
from cabinet.refusals import BadSetting, NoInstance

SECRET = "Zm9vYmFyYmF6cXV4cXV1eGNvcmdlZ3JhdWx0"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("CABINET_"):
            monkeypatch.delenv(name)


def loaded(folder: Path, given: Mapping[str, Any] | None = None, file: str | None = None) -> Config:
    if file is not None:
        (folder / "config.py").write_text(file)
    config = Config(folder)
    load(config, folder, given or {})
    return config


def setting_refused(folder: Path) -> str:
    """Return the setting that is refused; none if all are accepted."""
    try:
        loaded(folder)
    except BadSetting as error:
        return str(error.setting)
    return ""


def test_defaults_apply_without_any_source(tmp_path: Path) -> None:
    config = loaded(tmp_path)

    assert {setting.name: config[setting.name] for setting in SETTINGS} == {
        setting.name: setting.default for setting in SETTINGS
    }
    assert config["INSTANCE"] == str(tmp_path)


def test_each_source_overrides_the_previous_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert loaded(tmp_path)["PROXY_HOPS"] == 0
    assert loaded(tmp_path, file="PROXY_HOPS = 1")["PROXY_HOPS"] == 1
    monkeypatch.setenv("CABINET_PROXY_HOPS", "2")
    assert loaded(tmp_path)["PROXY_HOPS"] == 2
    assert loaded(tmp_path, {"PROXY_HOPS": 3})["PROXY_HOPS"] == 3


def test_a_later_source_can_reset_a_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = "USER_QUOTA = 100\nTRUSTED_HOSTS = ['a.example']"
    monkeypatch.setenv("CABINET_USER_QUOTA", "none")
    monkeypatch.setenv("CABINET_TRUSTED_HOSTS", "")

    config = loaded(tmp_path, file=file)

    assert config["USER_QUOTA"] is None
    assert config["TRUSTED_HOSTS"] is None
    assert loaded(tmp_path, {"USER_QUOTA": None})["USER_QUOTA"] is None


def test_the_mapping_may_contain_flask_settings(tmp_path: Path) -> None:
    config = loaded(tmp_path, {"TESTING": True})

    assert config["TESTING"] is True


GOOD: list[tuple[str, Any, Any]] = [
    ("USER_QUOTA", "10000000000", 10**10),
    ("USER_QUOTA", "None", None),
    ("USER_QUOTA", 0, 0),
    ("MAX_UPLOAD_SIZE", "1", 1),
    ("TRUSTED_HOSTS", "a.example, .lan ,", ["a.example", ".lan"]),
    ("TRUSTED_HOSTS", ["a.example"], ["a.example"]),
    ("TRUSTED_HOSTS", (), None),
    ("PUBLIC_URL", "https://files.example.org/cabinet/", "https://files.example.org/cabinet"),
    ("PUBLIC_URL", "", None),
    ("DISK_RESERVE", "10G", 10**10),
    ("DISK_RESERVE", "0", 0),
    ("DISK_RESERVE", "", None),
    ("REGISTRATION", "closed", "closed"),
    ("SECRET_KEY", SECRET, SECRET),
    ("SECRET_KEY", "", None),
    (
        "DATABASE_URL",
        "postgresql+psycopg://user:pass@host/cabinet",
        "postgresql+psycopg://user:pass@host/cabinet",
    ),
    ("DATABASE_URL", "", None),
    ("BCRYPT_LOG_ROUNDS", "4", 4),
    ("TRASH_KEEP_DAYS", 0, 0),
]


@pytest.mark.parametrize(("name", "value", "expected"), GOOD, ids=str)
def test_valid_values_are_accepted(tmp_path: Path, name: str, value: Any, expected: Any) -> None:
    assert loaded(tmp_path, {name: value})[name] == expected


def test_a_secret_of_digits_stays_a_string(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digits = "12345678901234567890123456789012345678"
    monkeypatch.setenv("CABINET_SECRET_KEY", digits)

    assert loaded(tmp_path)["SECRET_KEY"] == digits


# Values that operators write in an environment file, where everything is text. Every later release must
# accept them.
SPELLINGS: list[tuple[str, str, Any]] = [
    *((name, text, size)
      for name in ("USER_QUOTA", "DISK_RESERVE", "MAX_UPLOAD_SIZE", "UPLOAD_MEMORY")
      for text, size in (
          ("1", 1), ("10000000000", 10**10), ("10G", 10**10), ("10g", 10**10), ("10GB", 10**10),
          ("10 gb", 10**10), (" 10 GB ", 10**10), ("10Gi", 10 << 30), ("10 GiB", 10 << 30),
          ("10gib", 10 << 30), ("500M", 500 * 10**6), ("64k", 64_000), ("1.5T", 15 * 10**11),
          ("0.5KiB", 512), ("2P", 2 * 10**15), (" 7 ", 7), ("+7", 7), ("1_000", 1000), ("007", 7),
      )),
    *(("USER_QUOTA", text, None) for text in ("", "none", "None", "NONE")),
    ("USER_QUOTA", "0", 0), ("DISK_RESERVE", "0", 0), ("DISK_RESERVE", "", None),
    *(("TRUSTED_HOSTS", text, hosts)
      for text, hosts in (
          ("a,b", ["a", "b"]), (" a , b ,", ["a", "b"]), ("a", ["a"]), ("[::1],a", ["[::1]", "a"]),
          ("", None), (",", None), ("none", ["none"]), ('["a"]', ['["a"]']),
      )),
    *((name, text, number)
      for name in ("PROXY_HOPS", "SWEEP_GRACE_SECONDS", "USER_ENTRIES")
      for text, number in (("12", 12), (" 12 ", 12), ("+12", 12), ("1_2", 12), ("012", 12))),
    *((name, "0", 0) for name in ("PROXY_HOPS", "HSTS_SECONDS", "TRASH_KEEP_DAYS", "SWEEP_EVERY_SECONDS")),
    ("BCRYPT_LOG_ROUNDS", "20", 20), ("REGISTRATION", "open", "open"), ("REGISTRATION", "closed", "closed"),
    ("PUBLIC_URL", "https://files.example.org//", "https://files.example.org"), ("PUBLIC_URL", "", None),
    ("STORE_URL", "file:///srv/a b", "file:///srv/a b"), ("STORE_URL", "", None),
    ("DATABASE_URL", "sqlite:////srv/c.db", "sqlite:////srv/c.db"), ("DATABASE_URL", "", None),
    ("SECRET_KEY", "12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
    ("SECRET_KEY", "", None), ("BIND", "[::]:80", "[::]:80"), ("BIND", "", None),
]  # fmt: skip

REFUSED: list[tuple[str, str]] = [
    *((name, text)
      for name in ("USER_QUOTA", "DISK_RESERVE", "MAX_UPLOAD_SIZE")
      for text in ("10 gigabytes", "10B", "10Gb it", "-1", "-1G", "1e9", "1.5", "0x10", "10  G", "1,5G",
                   "G", "10E", "١٠G", " none", "true", "null", str(2**63), "10000P")),
    *(("MAX_UPLOAD_SIZE", text) for text in ("", "none", "0", "0G", "0.0001k")),
    ("DISK_RESERVE", "none"),
    *((name, text)
      for name in ("PROXY_HOPS", "USER_ENTRIES")
      for text in ("", "none", "-1", "1.0", "1e3", "true", "10k", str(2**63))),
    *(("REGISTRATION", text) for text in ("", "Open", "CLOSED", "true", " open")),
    ("SECRET_KEY", "1234567"), ("PUBLIC_URL", "https://"), ("PUBLIC_URL", "https://a/#b"),
    ("BCRYPT_LOG_ROUNDS", "21"),
]  # fmt: skip


def test_environment_values_are_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text, expected in SPELLINGS:
        with monkeypatch.context() as environment:
            environment.setenv(f"CABINET_{name}", text)

            value = loaded(tmp_path)[name]

        assert value == expected, (name, text)
        assert type(value) is type(expected), (name, text)


def test_invalid_environment_values_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in REFUSED:
        with monkeypatch.context() as environment:
            environment.setenv(f"CABINET_{name}", text)
            told = setting_refused(tmp_path)

        assert told == name, (name, text)


BAD: list[tuple[str, Any, str]] = [
    ("SECRET_KEY", "dev", "token_hex"),
    ("SECRET_KEY", "x" * 100, "token_hex"),
    ("SECRET_KEY", 12345, "it must be a string"),
    ("SECRET_KEY", b"0123456789abcdef0123456789abcdef", "it must be a string"),
    ("PROXY_HOPS", "-1", "between 0"),
    ("PROXY_HOPS", "one", "whole number"),
    ("PROXY_HOPS", "1.5", "whole number"),
    ("PROXY_HOPS", True, "whole number"),
    ("PROXY_HOPS", None, "whole number"),
    ("PROXY_HOPS", "", "whole number"),
    ("MAX_UPLOAD_SIZE", "0", "greater than 0"),
    ("MAX_UPLOAD_SIZE", str(2**63), "between 0"),
    ("MAX_UPLOAD_SIZE", "9" * 10_000, "whole number"),
    ("USER_QUOTA", "lots", "whole number"),
    ("DISK_RESERVE", "10 %", "whole number"),
    ("DISK_RESERVE", "-1", "between 0"),
    ("REGISTRATION", "perhaps", "open or closed"),
    ("PUBLIC_URL", "files.example.org", "https://"),
    ("PUBLIC_URL", "ftp://files.example.org", "https://"),
    ("PUBLIC_URL", "https://files.example.org/?a", "https://"),
    ("PUBLIC_URL", "http://[", "https://"),
    ("TRUSTED_HOSTS", 7, "separated by commas"),
    ("TRUSTED_HOSTS", [7], "separated by commas"),
    ("BCRYPT_LOG_ROUNDS", "3", "between 4 and 20"),
    ("BCRYPT_LOG_ROUNDS", "31", "between 4 and 20"),
    ("SESSION_SECONDS", "0", "greater than 0"),
    ("DATABASE_URL", "cabinet.db", "SQLAlchemy URL"),
    ("DATABASE_URL", "oracle-of-delphi://host/x", "SQLAlchemy URL"),
    ("DATABASE_URL", 7, "it must be a string"),
]


@pytest.mark.parametrize(("name", "value", "cure"), BAD, ids=lambda value: str(value)[:24])
def test_invalid_values_are_refused_with_a_remedy(tmp_path: Path, name: str, value: Any, cure: str) -> None:
    with pytest.raises(BadSetting) as caught:
        loaded(tmp_path, {name: value})

    assert caught.value.setting == name
    assert cure in caught.value.reason
    assert caught.value.reason.endswith((".", '"'))


@pytest.mark.parametrize("source", ["environment", "file"])
def test_invalid_values_are_refused_from_every_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    if source == "environment":
        monkeypatch.setenv("CABINET_SECRET_KEY", "dev")
    with pytest.raises(BadSetting, match="SECRET_KEY"):
        loaded(tmp_path, file="SECRET_KEY = 'dev'" if source == "file" else None)


@pytest.mark.parametrize("name", ["CABINET_SECRETKEY", "CABINET_", "CABINET_proxy_hops"])
def test_unknown_variables_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")

    with pytest.raises(BadSetting) as caught:
        loaded(tmp_path)

    assert caught.value.setting == name


def test_the_settings_of_gunicorn_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (read("BIND"), read("WORKERS"), read("THREADS")) == ("127.0.0.1:5000", 2, 512)
    monkeypatch.setenv("CABINET_WORKERS", "5")
    assert read("WORKERS") == 5
    monkeypatch.setenv("CABINET_WORKERS", "many")
    with pytest.raises(BadSetting, match="WORKERS"):
        read("WORKERS")


def test_the_instance_folder_is_configurable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CABINET_INSTANCE", str(tmp_path / "by environment"))
    monkeypatch.chdir(tmp_path)

    assert find_instance({}) == tmp_path / "by environment"
    assert find_instance({"INSTANCE": tmp_path / "given"}) == tmp_path / "given"
    assert find_instance({"INSTANCE": "relative"}) == tmp_path / "relative"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_instance({"INSTANCE": "~/data"}) == tmp_path / "data"


def test_the_instance_defaults_to_the_current_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NoInstance, match="CABINET_INSTANCE"):
        find_instance({})

    (tmp_path / "src" / "cabinet").mkdir(parents=True)
    assert find_instance({}) == tmp_path / "instance"


def test_an_existing_instance_in_the_current_folder_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "instance").mkdir()
    with pytest.raises(NoInstance):
        find_instance({})

    (tmp_path / "instance" / "cabinet.db").touch()
    assert find_instance({}) == tmp_path / "instance"


def test_the_meaning_of_a_setting_is_a_sentence() -> None:
    assert [setting.name for setting in SETTINGS if not setting.description.endswith((".", "none`."))] == []
