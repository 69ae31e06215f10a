"""The stylesheets: support of older browsers, and contrast of states."""

from __future__ import annotations

import re

import pytest

from tests.support.stylesheets import Rule, contrast, resolved, rules, tokens

DAY, NIGHT = tokens()

# The backgrounds of lists, sidebars, panels, menus and dialogs.
GROUNDS = ("--paper", "--surface", "--sunken", "--raised")
LEAST = 3.0

# What shows a state, whatever is said of it by colour.
MARKS = ("box-shadow", "border-color", "outline", "text-decoration", "text-decoration-thickness")
STATE = re.compile(
    r":hover|\[aria-current|\[aria-selected|\[aria-pressed=\"true\"|\.is-chosen|\.has-menu|\.is-target|:checked"
    r"|\.menu-item:focus|\.menu-danger:focus"
)
# Of these the state is what the page does: the others it makes appear, or those it puts out of the way.
OF_OTHERS = re.compile(r":not\([^)]*:hover|> \.col-check$|\.selection$|\.list-head$|::selection|\[type=")


def test_a_browser_without_light_dark_gets_the_light_theme() -> None:
    plain: dict[str, str] = {}
    for rule in rules():
        if "@supports (color: light-dark(red, red))" not in rule.conditions:
            assert "light-dark(" not in " ".join(rule.declarations.values()), rule
            if rule.sheet == "tokens.css" and rule.selector == ":root" and not rule.conditions:
                plain = rule.declarations

    colours = {name for name in DAY if DAY[name] != NIGHT[name]}
    assert len(colours) > 20
    assert {name: plain[name] for name in colours} == {name: DAY[name] for name in colours}


def test_only_browsers_with_light_dark_get_the_dark_theme() -> None:
    schemes = [rule for rule in rules() if "dark" in rule.declarations.get("color-scheme", "")]

    assert schemes
    assert all("@supports (color: light-dark(red, red))" in rule.conditions for rule in schemes)


def test_new_selectors_are_never_in_a_selector_list() -> None:
    new = [rule.selector for rule in rules() if ":popover-open" in rule.selector]

    assert new
    assert [selector for selector in new if "," in selector] == []


def test_breakpoints_are_in_em() -> None:
    asked = {condition for rule in rules() for condition in rule.conditions if "width" in condition}
    media = {condition for condition in asked if condition.startswith("@media")}

    assert media
    assert [each for each in media if not re.search(r"\(width (?:<|>=) [\d.]+em\)", each)] == []
    assert [each for each in asked - media if not re.search(r"\d+rem", each) or "px" in each] == []


def states() -> list[Rule]:
    """Return the rules that style a state."""
    return [
        rule
        for rule in rules()
        if STATE.search(rule.selector)
        and not OF_OTHERS.search(rule.selector)
        and rule.declarations.keys() & {"background", "color", *MARKS}
        and "@media (forced-colors: active)" not in rule.conditions
    ]


@pytest.mark.parametrize("rule", states(), ids=lambda rule: f"{rule.sheet}:{rule.selector}")
def test_states_have_sufficient_contrast_in_both_themes(rule: Rule) -> None:
    marks = {name: rule.declarations[name] for name in MARKS if name in rule.declarations}
    assert marks, "told by a shade alone"
    for among in (DAY, NIGHT):
        colours = re.findall(r"#[0-9a-f]{6}", resolved(" ".join(marks.values()), among))
        grounds = [among[name] for name in GROUNDS]
        if "background" in rule.declarations:
            own = resolved(rule.declarations["background"], among)
            grounds = [own] if re.fullmatch(r"#[0-9a-f]{6}", own) else grounds
        for colour in colours[-1:]:
            assert min(contrast(colour, ground) for ground in grounds) >= LEAST, colour
