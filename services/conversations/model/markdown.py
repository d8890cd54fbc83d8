"""What of Markdown a text may hold: links lead to pages and mailboxes only. docs/api/markdown.md has all of it.

Texts are stored as they are written; this refuses what could do harm where a client shows them as Markdown. It reads
each text once. Where it could be told apart from a full Markdown reader only with its help, as after a stray backtick,
it takes for a link whatever could be one.
"""

import re

from services.conversations.model.errors import MessageContentInvalid

# NUL and all control characters but tab and line ends, and halves of surrogate pairs, which no encoding holds.
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_END = re.compile(r"\r\n?|\n")
# At the very beginning of a line: indented ones may belong to a list, where other rules say how long they last.
_FENCE = re.compile(r"(`{3,})[^`]*$")
_FENCE_END = re.compile(r" {0,3}(`{3,})[ \t]*$")
_RUN = re.compile("`+")
_TOKEN = re.compile(r"\\.|`+|\]\(|<[A-Za-z/!?]")
_DESTINATION = re.compile(r"(?:https?://|mailto:)[^\s<>`\"\\\[\]]+\)", re.IGNORECASE)


def check(content: str) -> None:
    """Raises: MessageContentInvalid, with the flaw in its metadata."""
    # Most texts are one printable line, which costs no look at each of its characters.
    if not content.isprintable() and _UNSTORABLE.search(content):
        raise MessageContentInvalid("The text holds control characters.", flaw="control_character")
    if "](" in content:
        _check_links(content)


def _check_links(content: str) -> None:
    fence = 0
    # Until something is seen that other readers may understand otherwise.
    is_code_certain = True
    for line in _LINE_END.split(content):
        if fence:
            end = _FENCE_END.match(line)
            fence = 0 if end and len(end[1]) >= fence else fence
        elif is_code_certain and (begin := _FENCE.match(line)):
            fence = len(begin[1])
        else:
            is_code_certain = is_code_certain and line.lstrip()[:3] not in {"```", "~~~"}
            is_code_certain = _check_line(line, is_code_certain)


def _check_line(line: str, is_code_certain: bool) -> bool:
    """Returns whether it is still certain what is code."""
    at = 0
    while token := _TOKEN.search(line, at):
        sign, at = token[0], token.end()
        if sign == "](":
            if not _DESTINATION.match(line, at):
                raise MessageContentInvalid(
                    "Links lead to http, https and mailto addresses only.", flaw="link_destination"
                )
        elif sign[0] == "`":
            end = _end_of_code(line, at, len(sign)) if is_code_certain else None
            if end is None:
                is_code_certain = False
            else:
                at = end
        elif sign[0] == "<" or sign[1] == "`":
            is_code_certain = False
    return is_code_certain


def _end_of_code(line: str, begin: int, length: int) -> int | None:
    return next((run.end() for run in _RUN.finditer(line, begin) if len(run[0]) == length), None)
