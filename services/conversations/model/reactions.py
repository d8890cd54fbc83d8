"""Reactions: what counts as one emoji, and how a message counts them."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from services.conversations.model.errors import EmojiInvalid
from services.conversations.model.ids import MessageId, UserId

# Different ones on a message, and of one person on a message.
MAX_EMOJIS = 50
MAX_EMOJIS_OF_ONE = 20
# The longest in use, a kissing couple of two skin tones, has 35.
_MAX_BYTES = 64

# The form of an emoji as Unicode's Technical Standard 51 writes it. Which characters may stand in it is told by blocks
# that hold emojis and other pictures: a list of every emoji would be wrong with each new version of Unicode, and what
# these blocks let through beside is a picture, too, never a letter.
_PICTURE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u23cf\u23e9-\u23f3\u23f8-\u23fa"
    "\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2775\u2794-\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f004\U0001f0cf\U0001f170-\U0001f19a\U0001f201-\U0001f265"
    "\U0001f300-\U0001f3fa\U0001f400-\U0001f64f\U0001f680-\U0001f6ff\U0001f7e0-\U0001f7f0\U0001f90c-\U0001faff]"
)
_STYLE = "\ufe0f"
_SKIN_TONE = "[\U0001f3fb-\U0001f3ff]"
# Regions that are no countries: a black flag, their letters, an end.
_TAGS = "[\U000e0030-\U000e0039\U000e0061-\U000e007a]+\U000e007f"
_ELEMENT = f"{_PICTURE}(?:{_SKIN_TONE}|{_STYLE})?"
_EMOJI = re.compile(
    f"{_ELEMENT}(?:\u200d{_ELEMENT})*|\U0001f3f4{_TAGS}|[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]{_STYLE}?\u20e3"
)

Counts = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Reaction:
    """Somebody's reaction to a message."""

    user_id: UserId
    emoji: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Tally:
    """Whether somebody reacts to a message with an emoji now, and how many do."""

    message_id: MessageId
    user_id: UserId
    emoji: str
    is_added: bool
    count: int


def emoji_of(text: str) -> str:
    """Take one emoji, and nothing else. Raises: EmojiInvalid."""
    emoji = unicodedata.normalize("NFC", text)
    if len(emoji.encode(errors="replace")) > _MAX_BYTES or not _EMOJI.fullmatch(emoji):
        raise EmojiInvalid()
    return emoji


def spelling(counts: Counts, emoji: str) -> str:
    """The emoji as the message has it: keyboards differ in whether they send the selector of the colourful style."""
    bare = emoji.replace(_STYLE, "")
    return next((known for known, _ in counts if known.replace(_STYLE, "") == bare), emoji)


def moved(counts: Counts, emoji: str, by: int) -> Counts:
    """The counts after one more or one less of an emoji; new ones come last."""
    numbers = dict(counts)
    numbers[emoji] = numbers.get(emoji, 0) + by
    return tuple((known, number) for known, number in numbers.items() if number > 0)
