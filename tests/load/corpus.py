"""A made-up history of a large team: conversations of uneven sizes, words as uneven as those of a language.

Nothing is downloaded: the frequent words are those of this repository's own documents, the rare ones are built from
syllables with the endings that stemmers take off, and each is drawn as often as Zipf's law says. A tenth of the
messages is German.
"""

import io
import itertools
import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2

from chassis.ids import uuid7, uuid7_at
from services.conversations.model.languages import language_of

_REPOSITORY = Path(__file__).parents[2]
_FIRST = (
    "the of and to in a is it you that was for on are with as i this be at have from or had by not but what all were we"
)
_GERMAN = (
    "der die das und ist nicht ich wir haben werden wurde mit auf für eine auch noch aber wenn über Häuser Straße "
    "Nachricht Nachrichten schreiben geschrieben Lieferung Lieferungen Prüfung prüfen größer schön Freund Freunde"
)
_SYLLABLES = re.findall("[a-z]+", "ba ce di fo gu la me ni po ru sa te vi xo zu tra ple sto gri mon")
_ENDINGS = ("", "s", "ed", "ing", "er", "ly")
_LENGTHS = (3, 5, 8, 12, 15, 20, 30, 60)
_YEARS = 3
_COLUMNS = (
    "id, conversation_id, seq, rev, sender_id, message_type, content, priority, is_important, client_message_id,"
    " body_hash, created_at, language"
)


def words(randomness: random.Random, rare: int = 40_000) -> list[str]:
    """A vocabulary, the most frequent first."""
    text = " ".join(path.read_text().lower() for path in sorted(_REPOSITORY.glob("docs/**/*.md")))
    counts: dict[str, int] = {}
    for word in re.findall(r"[a-z]{2,}", text):
        counts[word] = counts.get(word, 0) + 1
    frequent = [*_FIRST.split(), *sorted(counts, key=lambda word: (-counts[word], word))]
    made = (
        "".join(randomness.choices(_SYLLABLES, k=randomness.randint(2, 4))) + randomness.choice(_ENDINGS)
        for _ in range(rare)
    )
    return list(dict.fromkeys([*frequent, *made]))


class Corpus:
    """So many messages in so many conversations, of which one person takes part in `mine`."""

    def __init__(self, messages: int, conversations: int = 2000, mine: int = 100) -> None:
        self._random = random.Random(7)
        self._messages = messages
        self.words = words(self._random)
        self.reader = uuid7()
        self._conversations = [uuid7() for _ in range(conversations)]
        people = [uuid7() for _ in range(conversations)]
        self._members = [
            self._random.sample(people, self._random.choice((2, 3, 5, 10, 30))) for _ in range(conversations)
        ]
        # Both busy and quiet ones: two fifths of the reader's are among the 150 busiest.
        busy = self._random.sample(range(150), mine * 2 // 5)
        self._mine = {*busy, *self._random.sample(range(150, conversations), mine - len(busy))}
        self._sizes = [0] * conversations

    @property
    def share(self) -> float:
        """How much of everything the reader may read."""
        return sum(self._sizes[place] for place in self._mine) / self._messages

    def fill(self, url: str) -> None:
        """Write it past the service, as fast as the database takes it."""
        with psycopg2.connect(url) as connection, connection.cursor() as cursor:
            lines = self._lines()
            while chunk := list(itertools.islice(lines, 20_000)):
                cursor.copy_expert(f"copy messages ({_COLUMNS}) from stdin", io.StringIO("".join(chunk)))
            for place, conversation_id in enumerate(self._conversations):
                self._introduce(cursor, place, conversation_id)
        connection.close()

    def _lines(self) -> "itertools.chain[str]":
        return itertools.chain.from_iterable(map(self._line, range(self._messages)))

    def _line(self, number: int) -> list[str]:
        if number == 0:
            ranks = range(len(self.words))
            self._weights = list(itertools.accumulate(1 / (rank + 2.7) for rank in ranks))
            self._shares = list(itertools.accumulate(1 / (place + 20) ** 0.8 for place in range(len(self._sizes))))
            self._begin = datetime.now(UTC) - timedelta(days=365 * _YEARS)
        [place] = self._random.choices(range(len(self._sizes)), cum_weights=self._shares)
        self._sizes[place] += 1
        seq = self._sizes[place]
        content = self._content(number)
        at = self._begin + timedelta(days=365 * _YEARS) * (number / self._messages)
        message_id = uuid7_at(at)[:24] + f"{number:012x}"
        sender = self._random.choice(self._members[place])
        row = (
            message_id, self._conversations[place], seq, seq, sender, 1, content, 2, "f", message_id, r"\\x00",
            at.isoformat(), int(language_of(content)),
        )  # fmt: skip
        return ["\t".join(map(str, row)) + "\n"]

    def _content(self, number: int) -> str:
        count = _LENGTHS[number % len(_LENGTHS)]
        chosen = self._random.choices(self.words, cum_weights=self._weights, k=count)
        if number % 10 == 0:
            chosen = [*self._random.choices(_GERMAN.split(), k=count), *chosen[: count // 4]]
        if number % 50 == 0:
            chosen.append(f"https://example.com/{chosen[0]}")
        return " ".join(chosen)

    def _introduce(self, cursor: "psycopg2.extensions.cursor", place: int, conversation_id: str) -> None:
        members = [*self._members[place], *([self.reader] if place in self._mine else [])]
        cursor.execute(
            "insert into conversations (id, kind, title, description, creator_id, last_seq, rev, participant_count,"
            " created_at, updated_at) values (%s, 2, %s, '', %s, %s, %s, %s, now(), now())",
            (conversation_id, f"Room {place}", members[0], self._sizes[place], self._sizes[place], len(members)),
        )
        cursor.executemany(
            "insert into participants (conversation_id, user_id, role, read_seq, delivered_seq, joined_at)"
            " values (%s, %s, 4, 0, 0, now())",
            [(conversation_id, member) for member in members],
        )
