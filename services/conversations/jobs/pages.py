"""What a page says about itself, read from its head as leniently as browsers do."""

import re
import unicodedata
from contextlib import suppress
from html.parser import HTMLParser

from chassis.fetch import Document
from services.conversations.model.messages import Preview

# Reading takes a few seconds for each MiB of the worst that can be written.
_READ = 512 * 1024
_SNIFFED = 2048
_ENCODINGS = {
    "utf-8", "us-ascii", "big5", "euc-jp", "euc-kr", "gb18030", "gb2312", "gbk", "koi8-r", "koi8-u", "shift_jis",
    *(f"iso-8859-{part}" for part in (*range(1, 12), *range(13, 17))),
    *(f"windows-{page}" for page in range(1250, 1259)),
}  # fmt: skip
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([a-z0-9_-]{3,20})", re.IGNORECASE)
_TITLE, _DESCRIPTION, _SITE_NAME = 200, 400, 100
_LONGEST_VALUE = 4000


def read(document: Document, url: str) -> Preview | None:
    """The preview of a page under the link by which it was found; none for a page without a title."""
    head = _Head()
    with suppress(_HeadIsOver):
        head.feed(_text(document)[:_READ])
    said = head.said
    title = _line(said.get("og:title") or "".join(head.title), _TITLE)
    if not title:
        return None
    return Preview(
        url=url,
        title=title,
        description=_line(said.get("og:description") or said.get("description", ""), _DESCRIPTION),
        site_name=_line(said.get("og:site_name", ""), _SITE_NAME) or document.name,
    )


class _HeadIsOver(Exception):
    """Nothing that matters follows."""


class _Head(HTMLParser):
    """Collects title and metadata; `close` is never called, so that what never ends is not searched again."""

    def __init__(self) -> None:
        super().__init__()
        self.title: list[str] = []
        self.said: dict[str, str] = {}
        self._is_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "body":
            raise _HeadIsOver
        self._is_title = tag == "title" and not self.title
        if tag == "meta":
            given = dict(reversed(attrs))
            name = (given.get("property") or given.get("name") or "").strip().lower()
            if len(self.said) < 100:
                self.said.setdefault(name[:50], (given.get("content") or "")[:_LONGEST_VALUE])

    def handle_endtag(self, tag: str) -> None:
        self._is_title = False
        if tag == "head":
            raise _HeadIsOver

    def handle_data(self, data: str) -> None:
        if self._is_title:
            self.title.append(data[:_LONGEST_VALUE])


def _text(document: Document) -> str:
    declared = _CHARSET.search(document.content_type) or _CHARSET.search(document.body[:_SNIFFED].decode("latin-1"))
    encoding = declared[1].lower() if declared else "utf-8"
    return document.body.decode(encoding if encoding in _ENCODINGS else "utf-8", errors="replace")


def _line(text: str, limit: int) -> str:
    """One line without anything invisible that could make it read as something else."""
    line = " ".join("".join(" " if _is_invisible(each) else each for each in text[:_LONGEST_VALUE]).split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def _is_invisible(character: str) -> bool:
    # Joiners make one sign of several: emoji, and letters in many scripts.
    return unicodedata.category(character)[0] in "CZ" and character not in "\u200c\u200d"
