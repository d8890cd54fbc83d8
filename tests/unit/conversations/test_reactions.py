"""What counts as one emoji, and how a message counts them."""

import random

import pytest

from services.conversations.model.errors import EmojiInvalid
from services.conversations.model.reactions import Counts, emoji_of, moved, spelling

EMOJIS = {
    "a plain one": "👍",
    "with a skin tone": "👍🏽",
    "in colour by its selector": "❤️",
    "without its selector": "❤",
    "an old symbol": "☎",
    "a sign": "©",
    "a family": "👨‍👩‍👧‍👦",
    "a couple of two skin tones": "👩🏻‍❤️‍💋‍👨🏿",
    "a profession": "👩🏾‍🚀",
    "a gender": "🏃‍♀️",
    "a rainbow flag": "🏳️‍🌈",
    "a country": "🇪🇺",
    "a region": "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "a keycap": "#️⃣",
    "a digit's keycap": "7️⃣",
    "a heart on fire": "❤️‍🔥",
    "of 2020": "🥲",
    "of 2023": "🫨",
    "of 2024": "🫩",
    "a letter in a box": "🆗",
    "a Japanese sign": "㊗️",
}
NO_EMOJIS = {
    "nothing": "",
    "a letter": "a",
    "a word": "like",
    "a digit": "1",
    "a space": " ",
    "two": "👍👍",
    "one and a letter": "👍a",
    "one and a space": "👍 ",
    "one and a line": "👍\n",
    "half a flag": "🇪",
    "a flag and a half": "🇪🇺🇪",
    "a joiner alone": "\u200d",
    "a joiner at the end": "👍\u200d",
    "a joiner twice": "👨\u200d\u200d👩",
    "a skin tone alone": "🏽",
    "two skin tones": "👍🏽🏽",
    "a selector alone": "\ufe0f",
    "the selector of text": "❤\ufe0e",
    "an open tag": "🏴\U000e0067\U000e0062",
    "tags on a thumb": "👍\U000e0067\U000e007f",
    "a piled-up letter": "a\u0301\u0302\u0303",
    "right to left": "\u202e👍",
    "markup": "<b>",
    "a Chinese character": "好",
    "a half of a surrogate pair": "\ud83d",
    "NUL": "\x00",
    "an endless family": "\u200d".join("👩" for _ in range(12)),
}


@pytest.mark.parametrize("emoji", EMOJIS.values(), ids=EMOJIS)
def test_an_emoji_is_taken_as_it_is(emoji: str) -> None:
    assert emoji_of(emoji) == emoji


@pytest.mark.parametrize("text", NO_EMOJIS.values(), ids=NO_EMOJIS)
def test_what_is_no_emoji_is_refused(text: str) -> None:
    with pytest.raises(EmojiInvalid):
        emoji_of(text)


def test_no_letter_of_any_script_is_an_emoji() -> None:
    allowed = set("Ⓜℹ")
    for code in range(0x110000):
        if chr(code).isalnum() and chr(code) not in allowed:
            with pytest.raises(EmojiInvalid):
                emoji_of(chr(code))


def test_the_spelling_that_came_first_stays() -> None:
    counts: Counts = (("👍", 1), ("❤️", 2))

    assert spelling(counts, "❤") == "❤️"
    assert spelling(counts, "❤️") == "❤️"
    assert spelling(counts, "👍\ufe0f") == "👍"
    assert spelling(counts, "👍🏽") == "👍🏽"
    assert spelling((), "❤") == "❤"


def test_counts_equal_a_recount_under_random_reactions() -> None:
    dice = random.Random(3)
    for _ in range(50):
        counts: Counts = ()
        present: set[tuple[int, str]] = set()
        for _ in range(60):
            reaction = dice.randrange(5), dice.choice("abcd")
            is_added = reaction not in present
            present ^= {reaction}
            counts = moved(counts, reaction[1], 1 if is_added else -1)
            recount = [emoji for _, emoji in present]
            assert dict(counts) == {emoji: recount.count(emoji) for emoji in recount}


def test_a_new_emoji_comes_last_and_one_without_reactions_goes() -> None:
    counts = moved(moved(moved((), "a", 1), "b", 1), "a", 1)
    assert counts == (("a", 2), ("b", 1))
    assert moved(moved(counts, "b", -1), "c", 1) == (("a", 2), ("c", 1))
