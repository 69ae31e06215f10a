"""Password rules: weak passwords are refused."""

from __future__ import annotations

import pytest

from cabinet.errors import WeakPassword
from cabinet.services.accounts import password_strength
from cabinet.services.accounts.password_strength import check_strength


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", password_strength.TOO_SHORT),
        ("", password_strength.TOO_SHORT),
        ("broken \udcff in it", password_strength.TOO_SHORT),
        ("1 word " * 200, password_strength.TOO_LONG),
        ("я" * 513, password_strength.TOO_LONG),
        ("password", password_strength.COMMON),
        ("PassWord", password_strength.COMMON),
        ("Alice.in.chains", password_strength.LIKE_NAME),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_weak_passwords_are_refused(password: str, reason: str) -> None:
    with pytest.raises(WeakPassword) as caught:
        check_strength(password, "alice.in.chains")

    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "password",
    ["пароль123", "Пароль12", "!!пароль!!", "gfhjkm123", "зфыыцщкв", "солнышко", "solnishko1", "university1",
     "йцукенгш", "парольпароль", "ghbdtn2024"],
)  # fmt: skip
def test_common_passwords_are_refused_in_both_languages_and_layouts(password: str) -> None:
    with pytest.raises(WeakPassword) as caught:
        check_strength(password, "alice")

    assert caught.value.reason == password_strength.COMMON


@pytest.mark.parametrize(
    "password",
    ["qwertyasdfg", "ЙЦУКЕНфывап", "87654321", "12345йцукен", "шгнекуц", "qwerty-asdfg-zxcvb", ",./юбьтимс",
     "aaaaabbbbbccccc", "^&*()_+!"],
)  # fmt: skip
def test_keyboard_walks_are_refused_in_both_layouts(password: str) -> None:
    with pytest.raises(WeakPassword):
        check_strength(password, "alice")


@pytest.mark.parametrize(
    "password",
    ["cabinet1", "CABINET!", "сфиштуе1", "alice123", "alicealice", "Alice1990", "files.example.org",
     "example2026", "ｃａｂｉｎｅｔ１"],
)  # fmt: skip
def test_user_name_and_host_names_are_refused_as_passwords(password: str) -> None:
    with pytest.raises(WeakPassword) as caught:
        check_strength(password, "alice85" if password == "Alice1990" else "alice", ["files.example.org"])

    assert caught.value.reason == password_strength.LIKE_NAME


@pytest.mark.parametrize("password", ["тест", "日本語", "😀😀", "тест123", "1234567", "é" * 7])
def test_password_length_is_counted_in_characters(password: str) -> None:
    with pytest.raises(WeakPassword) as caught:
        check_strength(password, "alice")

    assert caught.value.reason == password_strength.TOO_SHORT


@pytest.mark.parametrize(
    "password",
    ["secure_password", "correct horse", "тихая река зимой", "日本語のパスワード", "😀🎈🚀🐍🍎🧊🪁🔑", "long qwerty hedgehog",
     "83920175"],
)  # fmt: skip
def test_uncommon_passwords_are_accepted(password: str) -> None:
    check_strength(password, "alice", ["files.example.org"])

    assert len(password) >= password_strength.MIN_LENGTH
