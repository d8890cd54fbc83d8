"""Whom a text addresses by name."""

import re
from dataclasses import dataclass

from services.conversations.model.errors import TooManyMentions

MAX_MENTIONS = 50
EVERYBODY = "all"

# What is quoted as code addresses nobody.
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
# As usernames are; a dot or hyphen at the end belongs to the sentence, and an address of a mail is no mention.
_NAME = re.compile(r"(?<![\w@./-])@([A-Za-z0-9](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9_])?)(?![\w@])")


@dataclass(frozen=True, slots=True)
class Mentions:
    """Usernames in lower case, and whether everybody is meant."""

    usernames: frozenset[str] = frozenset()
    is_everybody: bool = False


NOBODY = Mentions()


def mentions_in(content: str) -> Mentions:
    """Find the names in a text. Raises: TooManyMentions."""
    if "@" not in content:
        return NOBODY
    if "`" in content:
        content = _CODE.sub(" ", content)
    names = {name.lower() for name in _NAME.findall(content)}
    if len(names) > MAX_MENTIONS:
        raise TooManyMentions(limit=str(MAX_MENTIONS))
    return Mentions(frozenset(names - {EVERYBODY}), EVERYBODY in names)
