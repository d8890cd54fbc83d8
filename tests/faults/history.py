"""What clients were told, held against what is there in the end: pure functions over a finished run."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Told:
    """A message as somebody was told of it: by an answer, in a list, or by an event."""

    key: str
    message_id: str
    conversation_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A send that was answered; replayed when it had been stored by an earlier attempt."""

    told: Told
    is_replayed: bool = False


# (user, conversation)
Place = tuple[str, str]


@dataclass
class History:
    """One run."""

    kills: int = 0
    # Attempts that nobody answered: the message may be stored or not.
    unknown: int = 0
    answers: list[Answer] = field(default_factory=list)
    # Each member's own reading of each conversation.
    views: dict[Place, list[Told]] = field(default_factory=dict)
    # Of the stream, in its order; and how often one was published again, also where the stream recognised it.
    events: list[Told] = field(default_factory=list)
    republished: int = 0
    # What the consumer has been told again since its process lives.
    redelivered: int = 0
    # How many messages the inbox of everybody who is to be told counts.
    effects: dict[Place, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Counts; those from `lost` on must be zero."""

    kills: int
    ok: int
    unknown: int
    replayed: int
    republished: int
    redelivered: int
    effects: int
    lost: int
    duplicated: int
    holes: int
    altered: int
    disagreements: int
    unpublished: int
    disordered: int
    effects_missing: int
    effects_repeated: int

    @property
    def broken(self) -> dict[str, int]:
        """The promises that do not hold."""
        names = [each.name for each in fields(self)]
        counts = {name: getattr(self, name) for name in names[names.index("lost") :]}
        return {name: count for name, count in counts.items() if count}

    def __str__(self) -> str:
        return "  ".join(f"{each.name} {getattr(self, each.name)}" for each in fields(self))


def judge(history: History) -> Verdict:
    """Compare what was acknowledged with what is there."""
    stored = {told.message_id: told for told in _everything(history.views)}
    events = list(dict.fromkeys(history.events))
    gained = [count - len(history.views[inbox]) for inbox, count in history.effects.items()]
    return Verdict(
        kills=history.kills,
        ok=len({answer.told.key for answer in history.answers}),
        unknown=history.unknown,
        replayed=sum(answer.is_replayed for answer in history.answers),
        republished=history.republished,
        redelivered=history.redelivered,
        effects=sum(history.effects.values()),
        lost=sum(answer.told.message_id not in stored for answer in history.answers),
        duplicated=sum(count - 1 for count in Counter(told.key for told in stored.values()).values()),
        holes=sum(_holes([told.seq for told in view]) for view in history.views.values()),
        altered=sum(stored.get(answer.told.message_id, answer.told) != answer.told for answer in history.answers),
        disagreements=_disagreements(history.views),
        unpublished=len(stored.keys() - {event.message_id for event in events}),
        disordered=_disordered(events),
        effects_missing=sum(max(0, -more) for more in gained),
        effects_repeated=sum(max(0, more) for more in gained),
    )


def vacuous(verdict: Verdict, *, kills: int, must: Sequence[str] = ()) -> list[str]:
    """What did not happen that had to, for the run to prove anything; `must` names counts that may not be zero."""
    found = [] if verdict.kills >= kills else [f"only {verdict.kills} of {kills} kills"]
    return found + [f"nothing {name}" for name in ("ok", "effects", *must) if not getattr(verdict, name)]


def _everything(views: Mapping[Place, Sequence[Told]]) -> Sequence[Told]:
    return [told for view in views.values() for told in view]


def _holes(seqs: Sequence[int]) -> int:
    """How many numbers from 1 to the last are missing or come twice."""
    return len(set(range(1, max(seqs, default=0) + 1)) - set(seqs)) + len(seqs) - len(set(seqs))


def _disagreements(views: Mapping[Place, Sequence[Told]]) -> int:
    """How many members see a conversation otherwise than the first one does."""
    first: dict[str, Sequence[Told]] = {}
    return sum(view != first.setdefault(conversation, view) for (_, conversation), view in views.items())


def _disordered(events: Sequence[Told]) -> int:
    """How many events come for the first time after a later one of their conversation."""
    seqs: dict[str, list[int]] = {}
    for event in events:
        seqs.setdefault(event.conversation_id, []).append(event.seq)
    return sum(later < earlier for numbers in seqs.values() for earlier, later in pairwise(numbers))
