"""Links in a message's text, of which previews are made."""

import re
from itertools import islice

# The kind of job that looks at the pages behind a message's links.
LINK_PREVIEWS = "link_previews"

_MOST = 3
_LONGEST = 2048
_LINK = re.compile(r"https?://[^\s<>\"`\[\]]+", re.IGNORECASE)
_PUNCTUATION = ".,;:!?'*_~|"
_BRACKETS = {")": "(", "}": "{"}


def links(content: str) -> tuple[str, ...]:
    """The first few links, as they are written but without the punctuation of the sentence around them."""
    if "://" not in content:
        return ()
    found = dict.fromkeys(_trimmed(match[0]) for match in _LINK.finditer(content))
    return tuple(islice((link for link in found if len(link) <= _LONGEST), _MOST))


def _trimmed(link: str) -> str:
    end = len(link)
    while (last := link[end - 1]) in _PUNCTUATION or _is_unmatched(link[:end], last):
        end -= 1
    return link[:end]


def _is_unmatched(link: str, last: str) -> bool:
    # A closing bracket belongs to the link only where the link opens it.
    return last in _BRACKETS and link.count(last) > link.count(_BRACKETS[last])
