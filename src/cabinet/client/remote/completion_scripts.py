"""Completion scripts for bash, zsh and fish, in place of those of Click.

The scripts of Click insert a name unquoted: a space splits it into two words, and it may contain `;` or
`$(...)`. These quote every name from the server, support commas in names, complete after a colon in
bash, and add no space after a folder.

Rule: a shell never expands or executes any part of a completion.
"""

from __future__ import annotations

import os
import re
from typing import ClassVar

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

# Not possible in an argument.
_END = "\0"

# Special characters of bash, without and within double quotes.
_SPECIAL = re.compile(r"[^\w@%+=:,./-]")
_SPECIAL_IN_QUOTES = re.compile(r'[\\"$`]')

_BASH = """\
%(complete_func)s() {
    local response type value
    response=$(COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            *) COMPREPLY+=("$value") ;;
        esac
    done <<< "$response"
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == */ ]]; then
        compopt -o nospace
    fi
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""

_ZSH = """\
#compdef %(prog_name)s
%(complete_func)s() {
    local -a plain described folders response
    local type value help
    (( $+commands[%(prog_name)s] )) || return 1
    response=("${(@f)$(COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT - 1)) \\
        %(complete_var)s=zsh_complete %(prog_name)s 2>/dev/null)}")
    for type value help in $response; do
        case $type in
            dir) _path_files -/ ;;
            file) _path_files -f ;;
            *)
                if [[ $type == remote && $value == */ ]]; then
                    folders+=("$value")
                elif [[ $help == _ ]]; then
                    plain+=("$value")
                else
                    described+=("$value:$help")
                fi
                ;;
        esac
    done
    (( $#described )) && _describe -V unsorted described -U
    (( $#folders )) && compadd -U -S '' -V unsorted -a folders
    (( $#plain )) && compadd -U -V unsorted -a plain
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""

_FISH = """\
function %(complete_func)s
    set -l response (env %(complete_var)s=fish_complete COMP_WORDS=(commandline -cp | string collect) \\
        COMP_CWORD=(commandline -ct | string collect) %(prog_name)s 2>/dev/null)
    for line in $response
        set -l item (string split -m 1 "," -- $line)
        switch $item[1]
            case dir
                __fish_complete_directories $item[2]
            case file
                __fish_complete_path $item[2]
            case '*'
                printf '%%s\\n' $item[2]
        end
    end
end
complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


@add_completion_class
class Bash(BashComplete):
    """bash, which needs quoted completions without the part before the last word break.

    Its own quoting, by `compopt -o filenames`, does not quote `$HOME`.
    """

    source_template: ClassVar[str] = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ["COMP_LINE"]
        *args, incomplete = split_arg_string(line + _END)
        self._before, self._quote = _last_word(line, os.environ.get("COMP_WORDBREAKS", ""))
        return args[1:], incomplete.removesuffix(_END)

    def format_completion(self, item: CompletionItem[str]) -> str:
        if item.type != "remote":
            return super().format_completion(item)
        return f"{item.type},{_quoted(item.value.removeprefix(self._before), self._quote)}"


@add_completion_class
class Zsh(ZshComplete):
    """zsh."""

    source_template: ClassVar[str] = _ZSH


@add_completion_class
class Fish(FishComplete):
    """fish."""

    source_template: ClassVar[str] = _FISH


SHELLS: dict[str, type[ShellComplete]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}


def _last_word(line: str, breaks: str) -> tuple[str, str]:
    """Return the part of the last word of `line` that bash keeps, and the open quote.

    bash replaces what follows an open quote, else the last unquoted one of `breaks`, else a space.
    """
    quote, is_escaped = "", False
    begin = cut = 0
    for place, character in enumerate(line):
        if is_escaped:
            is_escaped = False
        elif character == "\\" and quote != "'":
            is_escaped = True
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote, opened = character, place
        elif character.isspace():
            begin = cut = place + 1
        elif character in breaks:
            cut = place + 1
    before = split_arg_string(line[begin : opened if quote else cut])
    return (before[0] if before else ""), quote


def _quoted(text: str, quote: str) -> str:
    """Return `text` quoted for bash inside `quote`, or outside of quotes."""
    if not quote:
        return _SPECIAL.sub(r"\\\g<0>", text)
    if quote == "'":
        inside = text.replace("'", "'\\''")
    else:
        # Within double quotes, ! cannot be escaped from history expansion.
        inside = _SPECIAL_IN_QUOTES.sub(r"\\\g<0>", text).replace("!", "\"'!'\"")
    # bash closes the quote unless the last character is one.
    return inside + quote if inside.endswith(quote) else inside
